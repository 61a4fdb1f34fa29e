//! Whatever is asked, and however it arrives: probes that are answered early get the octets that
//! they would get of hyper, and hyper sees what follows as if it had seen all.

use std::io::{Read, Write};

use domain::{Clock, ManualClock, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use store::testing::TestStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::task::yield_now;

use super::*;
use crate::{Portal, PortalSettings};

const PROBE: &str = "GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n";
const LAST: &str = "GET / HTTP/1.1\r\nHost: captive.apple.com\r\nConnection: close\r\n\
    User-Agent: CaptiveNetworkSupport-481.100.37 wispr\r\n\r\n";
const PAGE: &str = "GET /nothing HTTP/1.1\r\nHost: portal.example\r\n\r\n";

const REQUESTS: [&str; 20] = [
    PROBE,
    PROBE,
    PROBE,
    "GET /hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\nConnection: keep-alive\r\n\r\n",
    "GET /a?b'c HTTP/1.1\nHost: a.example:81\n\n",
    "\r\nGET /success.txt?ipv4 HTTP/1.1\r\nHost: detectportal.firefox.com\r\n\r\n",
    PAGE,
    PAGE,
    "HEAD /generate_204 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 42\r\n\r\n\
     GET /inside HTTP/1.1\r\nHost: a.example\r\n\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nGET",
    "POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a.example\r\nUser-Agent: WISPr!iPass/1.0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a.example\r\nHost: portal.example\r\n\r\n",
    "GET http://a.example/ HTTP/1.1\r\nHost: portal.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, close\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n",
    "GET /{a} HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost a.example\r\n\r\n",
    "GET /\u{1} HTTP/1.1\r\n\r\n",
];

/// A portal without sockets.
struct House {
    guard: Guard,
    room: Arc<Room<IpAddr>>,
    stop: CancellationToken,
    _store: TestStore,
}

impl House {
    async fn open() -> Self {
        let store = store::testing::sqlite().await;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_secs(1_795_597_200)));
        let settings = PortalSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: "http://portal.example".to_owned(),
            ..PortalSettings::default()
        };
        let key = store.keys().derive("portal context");
        let portal = Portal::new(&settings, store.shared(), clock, &key).unwrap();
        let guard = Guard::new(portal.app()).await;
        Self { guard, room: Room::new(8, 8), stop: CancellationToken::new(), _store: store }
    }

    /// Serves one connection to its end.
    async fn serve(&self, stream: DuplexStream, transport: Transport) {
        let peer = IpAddr::from([10, 1, 0, 7]);
        let place = self.room.take(peer).unwrap();
        let (guard, stop) = (self.guard.clone(), self.stop.clone());
        let limits = LimitSettings::default();
        Connection { peer, guard, limits, stop, transport }.serve(stream, Vec::new(), &place).await;
    }

    /// All answers to requests that arrive in such pieces, with the same date in each.
    async fn answers(&self, transport: Transport, pieces: &[&[u8]]) -> String {
        let (client, server) = duplex(1 << 20);
        let (mut reader, mut writer) = split(client);
        let mut octets = Vec::new();
        let asking = async {
            for piece in pieces {
                // Whoever made a mistake is not listened to any more.
                drop(writer.write_all(piece).await);
                for _ in 0..4 {
                    yield_now().await;
                }
            }
        };
        let (_, _, read) =
            tokio::join!(self.serve(server, transport), asking, reader.read_to_end(&mut octets));
        read.unwrap();
        dateless(&String::from_utf8(octets).unwrap())
    }

    /// From now on it is known that nobody is online, so that no time passes by itself while the
    /// store is asked.
    async fn learn(&self) {
        self.answers(Transport::Plain, &[LAST.as_bytes()]).await;
    }

    /// The same in both ways: as a portal answers, and as hyper does by itself, which has all
    /// of what comes encrypted.
    async fn both_answers(&self, pieces: &[&[u8]]) -> [String; 2] {
        let early = self.answers(Transport::Plain, pieces).await;
        [early, self.answers(Transport::Encrypted, pieces).await]
    }
}

fn dateless(answers: &str) -> String {
    const DATE: &str = "\r\ndate: ";
    let mut parts = answers.split(DATE);
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rest.push_str(DATE);
        rest.push_str(&part[29..]);
    }
    rest
}

#[tokio::test]
async fn who_asks_once_and_is_remembered_is_answered_where_it_is_accepted() {
    let house = House::open().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at_once = |octets: &str| {
        let mut client = StdTcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(octets.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let goes_on = early::answer_at_once(&house.guard, IpAddr::from([10, 1, 0, 7]), &stream);
        drop(stream);
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer).map(|_| dateless(&answer));
        (goes_on.map(|read| String::from_utf8(read).unwrap()), read.unwrap_or_default())
    };
    assert_eq!(at_once(LAST), (Some(LAST.to_owned()), String::new()), "nobody was asked yet");
    house.learn().await;
    let answer = house.answers(Transport::Encrypted, &[LAST.as_bytes()]).await;
    assert_eq!(at_once(LAST), (None, answer));
    let ours = LAST.replace("captive.apple.com", "portal.example");
    for other in [PROBE, PAGE, &ours, &LAST[..20]] {
        assert_eq!(at_once(other), (Some(other.to_owned()), String::new()), "{other}");
    }
    assert_eq!(at_once(""), (None, String::new()), "it has gone");
}

#[tokio::test]
async fn each_request_is_answered_as_hyper_would() {
    let house = House::open().await;
    let large = format!("GET / HTTP/1.1\r\nHost: a.example\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for request in REQUESTS.into_iter().chain([LAST, large.as_str()]) {
        let [early, hypers] = house.both_answers(&[request.as_bytes(), LAST.as_bytes()]).await;
        assert_eq!(early, hypers, "{request}");
        assert!(hypers.starts_with("HTTP/1.1 ") || hypers.starts_with("HTTP/1.0 "), "{request}");
    }
}

#[tokio::test]
async fn a_head_that_arrives_in_two_pieces_is_one() {
    let house = House::open().await;
    let stream = format!("{PROBE}{PAGE}{PROBE}{LAST}");
    let whole = house.answers(Transport::Encrypted, &[stream.as_bytes()]).await;
    assert_eq!(whole.matches("HTTP/1.1 302 Found").count(), 3, "{whole}");
    assert_eq!(whole.matches("HTTP/1.1 404 Not Found").count(), 1, "{whole}");
    for end in 0..=stream.len() {
        let (first, second) = stream.as_bytes().split_at(end);
        assert_eq!(house.answers(Transport::Plain, &[first, second]).await, whole, "{end}");
    }
}

#[test]
fn however_requests_are_mixed_and_cut_the_answers_are_hypers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = runtime.block_on(House::open());
    let requests = proptest::collection::vec(select(&REQUESTS[..]), 0..8);
    let cuts = proptest::collection::vec(any::<proptest::sample::Index>(), 0..6);
    let mut runner =
        TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(requests, cuts), |(requests, cuts)| {
        let stream = requests.concat() + LAST;
        let places = places_to_cut(&requests);
        let mut ends: Vec<_> = cuts.iter().map(|cut| *cut.get(&places)).collect();
        ends.extend([0, stream.len()]);
        ends.sort_unstable();
        let pieces: Vec<_> =
            ends.windows(2).map(|ends| &stream.as_bytes()[ends[0]..ends[1]]).collect();
        let [early, hypers] = runtime.block_on(house.both_answers(&pieces));
        prop_assert_eq!(early, hypers);
        Ok(())
    });
    outcome.unwrap();
}

/// Anywhere but in bodies: what hyper does after a body that nobody wants is up to how much of it
/// has come.
fn places_to_cut(requests: &[&str]) -> Vec<usize> {
    let (mut places, mut begin) = (vec![0], 0);
    for request in requests {
        let head = request.find("\r\n\r\n").map_or(request.len(), |end| end + 4);
        places.extend(begin..begin + head);
        begin += request.len();
    }
    places.extend(begin..begin + LAST.len());
    places
}

#[tokio::test]
async fn hyper_gets_all_from_the_first_request_that_is_not_plain() {
    let house = House::open().await;
    let (waiting, closing) = (&Waiting::new(), &AtomicBool::new(false));
    let peer = IpAddr::from([10, 1, 0, 7]);
    let place = &house.room.take(peer).unwrap();
    let early = Early { guard: &house.guard, peer, place, waiting, closing };
    for rest in ["GET /he", PAGE, "POST / HTTP/1.1\r\nHost: a.example\r\n\r\n", "\0"] {
        let (mut client, stream) = duplex(1 << 20);
        let requests = format!("{PROBE}{PROBE}{rest}");
        client.write_all(requests.as_bytes()).await.unwrap();
        let mut watched = Watched { stream, waiting, read: Vec::new() };
        assert_eq!(early.answer(&mut watched).await.as_deref(), Some(rest.as_bytes()));
        drop(watched);
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        assert_eq!(answers.matches("HTTP/1.1 302 Found").count(), 2, "{answers}");
    }
}

#[tokio::test]
async fn who_takes_no_answer_is_cut() {
    let house = House::open().await;
    house.learn().await;
    let (mut client, server) = duplex(1_024);
    let asking = async { while client.write_all(PROBE.as_bytes()).await.is_ok() {} };
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    tokio::join!(house.serve(server, Transport::Plain), asking);
    let limit = LimitSettings::default().header_timeout();
    assert!((limit..limit * 2).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_asks_once_is_cut_after_a_while_and_who_asks_again_after_a_longer_one() {
    let house = House::open().await;
    house.learn().await;
    tokio::time::pause();
    let LimitSettings { header_seconds, connection_seconds, .. } = LimitSettings::default();
    let next = Duration::from_secs(header_seconds - 1);
    for (most, expected) in [(1, header_seconds), (1_000, connection_seconds)] {
        let (mut client, server) = duplex(1 << 20);
        let begun = tokio::time::Instant::now();
        let asking = async {
            for _ in 0..most {
                drop(client.write_all(PROBE.as_bytes()).await);
                let mut answer = [0; 4_096];
                if client.read(&mut answer).await.is_ok_and(|length| length == 0) {
                    return;
                }
                sleep(next).await;
            }
            client.read_to_end(&mut Vec::new()).await.unwrap();
        };
        let serving = async {
            house.serve(server, Transport::Plain).await;
            begun.elapsed().as_secs()
        };
        assert_eq!(tokio::join!(serving, asking).0, expected);
    }
}

#[tokio::test]
async fn stopping_ends_a_connection_that_waits_for_its_next_request() {
    for (request, status) in [(PROBE, b"HTTP/1.1 302"), (PAGE, b"HTTP/1.1 404")] {
        let house = House::open().await;
        house.learn().await;
        tokio::time::pause();
        let (mut client, server) = duplex(1 << 20);
        let begun = tokio::time::Instant::now();
        let asking = async {
            client.write_all(request.as_bytes()).await.unwrap();
            let mut start = [0; 12];
            client.read_exact(&mut start).await.unwrap();
            assert_eq!(&start, status);
            house.stop.cancel();
            client.read_to_end(&mut Vec::new()).await.unwrap();
        };
        tokio::join!(house.serve(server, Transport::Plain), asking);
        assert_eq!(begun.elapsed(), Duration::ZERO, "{request}");
        tokio::time::resume();
    }
}
