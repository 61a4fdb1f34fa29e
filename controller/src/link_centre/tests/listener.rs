//! Clients that are slow, silent or too much. Each bound is met in time that is paused, so that a bound
//! that is gone is a later end, and no test that waits.

use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, pause};
use tokio_rustls::client::TlsStream;

use super::*;

/// What passes without being read.
const PIPE: usize = 64 * 1_024;
/// A client that is slow sends an octet as often.
const DRIP: Duration = Duration::from_secs(5);

/// What serves connections.
struct Door {
    pki: Pki,
    files: Arc<Followed<Mutual>>,
    intake: Intake,
    _store: TestStore,
}

impl Door {
    async fn new() -> Self {
        let pki = Pki::new();
        let files = Arc::new(Followed::open(pki.settings().files()).unwrap());
        let Office { store, intake } = Office::new().await;
        pause();
        Self { pki, files, intake, _store: store }
    }

    /// Serves a connection; its other end, and for how long it lasts.
    fn open(&self) -> (DuplexStream, tokio::task::JoinHandle<Duration>) {
        let (near, far) = duplex(PIPE);
        let peer: SocketAddr = ([192, 0, 2, 1], 4_711).into();
        let place = Room::new(1, 1).take(peer.ip()).unwrap();
        let tls = TlsAcceptor::from(self.files.config());
        let serving = serve(far, peer, tls, place, self.intake.clone());
        let begun = Instant::now();
        let served = tokio::spawn(async move {
            serving.await;
            begun.elapsed()
        });
        (near, served)
    }

    /// The same for an agent that has proved who it is.
    async fn greet(&self) -> (TlsStream<DuplexStream>, tokio::task::JoinHandle<Duration>) {
        let (near, served) = self.open();
        let config = Arc::new(self.pki.client(Some(&self.pki)));
        let name = ServerName::try_from("localhost").unwrap();
        (TlsConnector::from(config).connect(name, near).await.unwrap(), served)
    }
}

/// Sends an octet now and then for as long as somebody takes it.
async fn drip<S: AsyncWriteExt + Unpin>(mut to: S) {
    while to.write_all(b"x").await.is_ok() && to.flush().await.is_ok() {
        sleep(DRIP).await;
    }
}

/// The head of a question that tells so many octets.
fn head(octets: usize) -> String {
    let path = format!("/v1/links/hofuf/events?epoch={EPOCH}&first=1");
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {octets}\r\n\r\n")
}

/// What is answered first.
async fn answer<S: AsyncReadExt + Unpin>(from: &mut S) -> String {
    let mut said = vec![0; 4_096];
    let length = from.read(&mut said).await.unwrap();
    String::from_utf8(said[..length].to_vec()).unwrap()
}

/// Whether it took as long as that bound, and no longer than it takes to notice.
fn is_about(took: Duration, bound: Duration) -> bool {
    took >= bound && took <= bound + DRIP
}

#[tokio::test]
async fn a_handshake_that_is_half_open_ends() {
    let door = Door::new().await;
    for octets in [&b""[..], b"\x16\x03\x01"] {
        let (mut near, served) = door.open();
        near.write_all(octets).await.unwrap();
        let took = served.await.unwrap();
        assert!(is_about(took, HANDSHAKE_WITHIN), "{took:?}");
    }
    let (near, served) = door.open();
    let dripping = tokio::spawn(drip(near));
    let took = served.await.unwrap();
    assert!(took <= HANDSHAKE_WITHIN + DRIP, "what is no handshake: {took:?}");
    dripping.await.unwrap();
}

#[tokio::test]
async fn a_head_that_comes_octet_by_octet_is_not_waited_for() {
    let door = Door::new().await;
    let (mut agent, served) = door.greet().await;
    agent.write_all(b"GET /v1/links/hofuf/events?epoch=").await.unwrap();
    let dripping = tokio::spawn(drip(agent));
    let took = served.await.unwrap();
    assert!(is_about(took, HEAD_WITHIN), "{took:?}");
    dripping.await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_more_is_let_go() {
    let door = Door::new().await;
    let (mut agent, served) = door.greet().await;
    agent.write_all(b"GET /v1/links HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(answer(&mut agent).await.starts_with("HTTP/1.1 404"));
    let took = served.await.unwrap();
    assert!(is_about(took, HEAD_WITHIN), "{took:?}");
}

#[tokio::test]
async fn who_asks_all_the_time_has_to_prove_again_who_it_is() {
    let door = Door::new().await;
    let (mut agent, served) = door.greet().await;
    let asking = tokio::spawn(async move {
        let question = b"GET /v1/links HTTP/1.1\r\nhost: localhost\r\n\r\n";
        while agent.write_all(question).await.is_ok() && !answer(&mut agent).await.is_empty() {
            sleep(DRIP).await;
        }
    });
    let took = served.await.unwrap();
    assert!(is_about(took, LONGEST_CONNECTION), "{took:?}");
    drop(asking);
}

#[tokio::test]
async fn a_body_that_comes_octet_by_octet_is_refused() {
    let door = Door::new().await;
    let (mut agent, _served) = door.greet().await;
    agent.write_all(head(1_000).as_bytes()).await.unwrap();
    let begun = Instant::now();
    let (mut reading, writing) = tokio::io::split(agent);
    let dripping = tokio::spawn(drip(writing));
    let said = answer(&mut reading).await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("takes too long"), "{said}");
    assert!(is_about(begun.elapsed(), intake::BODY_WITHIN), "{:?}", begun.elapsed());
    dripping.abort();
}

#[tokio::test]
async fn a_body_or_a_head_without_end_is_refused_before_all_of_it_came() {
    let door = Door::new().await;
    let (agent, _served) = door.greet().await;
    let begun = Instant::now();
    let (mut reading, mut writing) = tokio::io::split(agent);
    let flood = tokio::spawn(async move {
        writing.write_all(head(1 << 40).as_bytes()).await.unwrap();
        // Much more than is taken, and then nothing more.
        for _ in 0..512 {
            writing.write_all(&[b'x'; 8_192]).await.unwrap_or_default();
        }
    });
    let said = answer(&mut reading).await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("malformed"), "{said}");
    assert_eq!(begun.elapsed(), Duration::ZERO, "it was not the time that was over");
    flood.abort();
    let (mut agent, _served) = door.greet().await;
    let long = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(LARGEST_HEAD));
    agent.write_all(long.as_bytes()).await.unwrap();
    let said = answer(&mut agent).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");
    assert_eq!(begun.elapsed(), Duration::ZERO, "it was not the time that was over");
}

#[tokio::test]
async fn one_address_has_a_share_of_the_connections_and_its_oldest_gives_way() {
    let pki = Pki::new();
    let store = store::testing::sqlite().await;
    let clock = Arc::new(ManualClock::new(NOON));
    let settings = pki.settings();
    let share = settings.connections / 4;
    let centre = LinkCentre::bind(&settings, store.shared(), clock).unwrap();
    let address = centre.address().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(centre.run(stop.clone()));
    let mut idle = Vec::new();
    for _ in 0..=share {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    // Before anybody's handshake takes too long.
    let given_way = timeout(HANDSHAKE_WITHIN / 2, idle[0].read(&mut [0])).await;
    assert!(matches!(given_way, Ok(Ok(0) | Err(_))), "{given_way:?}");
    let mut others = [0];
    for other in &idle[1..] {
        let waiting = other.try_read(&mut others).unwrap_err();
        assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}
