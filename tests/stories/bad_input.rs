//! What nobody in their right mind sends: malformed, absurd, oversized, slow. It gets a clear
//! answer or none, as the protocol wants; the server goes on, and its memory stays as it is.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use radius_proto::client::{Peer, RequestTracker};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UdpSocket, UnixStream};
use tokio::time::timeout;

use crate::browser::Browser;
use crate::chance::Chance;
use crate::city::{City, PATIENCE};
use crate::rush::is_known;
use crate::visit::Coova;

/// More than any part takes in one request.
const TEN_MEGABYTES: usize = 10_000_000;
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn datagrams_that_prove_nothing_are_met_with_silence() {
    let square = Square::begin(&[]).await;
    square.send_datagrams(&mut Chance::new()).await;
}

#[tokio::test]
async fn reports_that_tell_nothing_are_acknowledged_and_forgotten() {
    let mut square = Square::begin(&[]).await;
    square.send_nonsense().await;
    square.city.settled().await;
    let sessions = square.city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions, serde_json::json!([]));
}

#[tokio::test]
async fn absurd_requests_get_a_page_or_a_refusal() {
    let square = Square::begin(&[]).await;
    square.send_requests().await;
}

#[tokio::test]
async fn garbage_at_the_admin_socket_is_refused() {
    let square = Square::begin(&[]).await;
    square.send_to_admin(&mut Chance::new()).await;
}

#[tokio::test]
async fn clients_that_never_end_keep_nobody_out() {
    const EACH: usize = 40;
    let limits = ["portal.limits.connections-per-source = 40", "portal.limits.header-seconds = 2"];
    let square = Square::begin(&limits).await;
    let slow = &square.browser;
    let mut streams = Vec::new();
    for _ in 0..EACH {
        let mut stream = slow.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
        streams.push(stream);
    }
    // All room of this source is taken, and yet there is some for whoever asks, here and elsewhere.
    assert_eq!(slow.get("/help").await.status, 200);
    let other = Browser { source: Ipv4Addr::new(127, 0, 0, 2), ..slow.clone() };
    assert_eq!(other.get("/help").await.status, 200);
    for mut stream in streams {
        // Ends only because the server closes it.
        timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.unwrap().ok();
    }
    assert_eq!(slow.get("/help").await.status, 200);
}

#[tokio::test]
async fn bad_input_costs_no_memory() {
    const ROUNDS: usize = 40;
    /// Less than 300 octets for each of the 10,000 inputs.
    const MOST: u64 = 3_000_000;
    let mut square = Square::begin(&[]).await;
    let mut chance = Chance::new();
    let mut memory = Vec::new();
    for _ in 0..ROUNDS {
        square.send_datagrams(&mut chance).await;
        square.send_nonsense().await;
        square.send_requests().await;
        square.send_to_admin(&mut chance).await;
        memory.push(square.city.memory());
    }
    let growth = memory[ROUNDS - 1].saturating_sub(memory[1]);
    assert!(growth < MOST, "{memory:?}");
}

/// A city with one access point, whose visitors and neighbours misbehave.
struct Square {
    city: City,
    browser: Browser,
    coova: Coova,
    /// The folder of a page of the portal.
    base: String,
}

impl Square {
    async fn begin(settings: &[&str]) -> Self {
        // The one device here sends more forms than any visitor's.
        let patient = [
            "portal.limits.posts-per-device = 1000000",
            "portal.limits.posts-per-second = 1000000",
        ];
        let city = City::begin(&[&patient, settings].concat()).await;
        city.json(&["plan", "add", "visitor"]).await;
        let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
        city.json(&[&["site", "add", "walkway", "--plan", "visitor"], &titles[..]].concat()).await;
        let coova = Coova::install(&city).await;
        is_known(&city, city.address(), &coova.nas.secret).await;
        let browser = Browser::new(city.portal());
        let base = browser.visit(&coova.redirect("notyet")).await.base();
        Self { city, browser, coova, base }
    }

    async fn send_datagrams(&self, chance: &mut Chance) {
        let secret = &self.coova.nas.secret;
        for server in [self.city.authentication(), self.city.accounting()] {
            let known = UdpSocket::bind((self.city.address(), 0)).await.unwrap();
            let unknown = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            for datagram in bad_datagrams(secret, chance) {
                known.send_to(&datagram, server).await.unwrap();
            }
            unknown.send_to(&status_server(1).sign(secret).unwrap(), server).await.unwrap();
            is_answered_next(&known, server, secret).await;
            let silence = unknown.try_recv_from(&mut [0; 1]).unwrap_err();
            assert_eq!(silence.kind(), ErrorKind::WouldBlock);
        }
    }

    async fn send_nonsense(&mut self) {
        for request in nonsense() {
            let answer = self.coova.nas.account(request).await;
            assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccountingResponse);
        }
    }

    async fn send_requests(&self) {
        for (request, status) in bad_requests(&self.base) {
            let answer = send(self.browser.connect().await, &request).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{} {answer}",
                shown(&request)
            );
            assert!(answer.contains("<!doctype html>"), "{} {answer:.300}", shown(&request));
        }
        for (request, status) in bad_heads() {
            let answer = send(self.browser.connect().await, &request).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{} {answer}",
                shown(&request)
            );
        }
        assert_eq!(self.browser.get("/help").await.status, 200);
    }

    async fn send_to_admin(&self, chance: &mut Chance) {
        for (request, status) in bad_admin_requests(chance) {
            let stream = UnixStream::connect(self.city.admin_socket()).await.unwrap();
            let answer = send(stream, &request).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{} {answer}",
                shown(&request)
            );
        }
        assert_eq!(self.city.ask_admin("/v1/health").await.status, 200);
    }
}

/// Datagrams that no RADIUS server may answer.
fn bad_datagrams(secret: &SharedSecret, chance: &mut Chance) -> Vec<Vec<u8>> {
    let other = SharedSecret::new("another secret of some length").unwrap();
    let good = report("5C1").sign(secret).unwrap().to_vec();
    let with_length = |length: u16| {
        let mut octets = good.clone();
        octets[2..4].copy_from_slice(&length.to_be_bytes());
        octets
    };
    let with_attributes = |attributes: &[u8]| {
        let length = u16::try_from(20 + attributes.len()).unwrap();
        let mut octets = vec![4, 7];
        octets.extend(length.to_be_bytes());
        octets.extend([0; 16]);
        octets.extend(attributes);
        octets
    };
    let mut altered = good.clone();
    *altered.last_mut().unwrap() ^= 1;
    let mut datagrams = vec![
        Vec::new(),
        vec![4],
        vec![0; 19],
        good[..19].to_vec(),
        good[..good.len() - 1].to_vec(),
        altered,
        vec![4; 4_097],
        vec![0; 65_507],
        with_attributes(&[1, 0]),
        with_attributes(&[1, 1]),
        with_attributes(&[1]),
        with_attributes(&[1, 255, 0]),
        with_attributes(&[26, 6, 0, 0, 0, 9]),
        with_attributes(&[26, 8, 0, 0, 0, 9, 1, 0]),
        with_attributes(&[24, 2].repeat(2_000)),
        report("5C1").sign(&other).unwrap().to_vec(),
        status_server(3).sign(&other).unwrap().to_vec(),
        status_server(4).omit_message_authenticator().sign(secret).unwrap().to_vec(),
        access_request().sign(&other).unwrap().to_vec(),
        access_request().omit_message_authenticator().sign(secret).unwrap().to_vec(),
    ];
    datagrams.extend([0, 19, 21, 4_096, 4_097, 65_535].map(with_length));
    datagrams.extend([0, 2, 3, 5, 6, 11, 13, 40, 43, 255].map(|code| {
        let mut octets = good.clone();
        octets[0] = code;
        octets
    }));
    datagrams.extend((0..50).map(|_| chance.octets(600)));
    datagrams
}

/// Reports that are authentic, and tell nothing.
fn nonsense() -> Vec<PacketBuilder> {
    let status = |status: u32| {
        let mut request = PacketBuilder::accounting_request();
        request.u32(attribute::ACCT_STATUS_TYPE, status);
        request
    };
    let start = u32::from(AcctStatusType::Start);
    let mut requests =
        vec![PacketBuilder::accounting_request(), status(0), status(99), status(start)];
    for device in ["", "somewhere", "02-00-5E-10-00", "02-00-5E-10-00-01-02", "\u{202e}\0\n"] {
        let mut request = status(start);
        request.text(attribute::ACCT_SESSION_ID, "5C1");
        request.text(attribute::CALLING_STATION_ID, device);
        requests.push(request);
    }
    let mut binary = status(start);
    binary.octets(attribute::ACCT_SESSION_ID, &[0xff; 253]);
    requests.push(binary);
    let mut short = PacketBuilder::accounting_request();
    short.octets(attribute::ACCT_STATUS_TYPE, &[0, 0, 1]);
    requests.push(short);
    requests
}

fn report(session: &str) -> PacketBuilder {
    let mut request = PacketBuilder::accounting_request();
    request
        .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
        .text(attribute::ACCT_SESSION_ID, session)
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-00-01");
    request
}

fn access_request() -> PacketBuilder {
    let mut request = PacketBuilder::access_request(Authenticator::new([9; 16]));
    request.text(attribute::USER_NAME, "02-00-5E-10-00-01");
    request
}

fn status_server(identifier: u8) -> PacketBuilder {
    let mut request = PacketBuilder::status_server(Authenticator::new([identifier; 16]));
    request.identifier(identifier);
    request
}

/// Asks whether the server is well; the next datagram must be the answer.
async fn is_answered_next(socket: &UdpSocket, server: SocketAddr, secret: &SharedSecret) {
    let mut requests = RequestTracker::new(Peer::server(server, secret.clone()));
    let request = PacketBuilder::status_server(Authenticator::new([1; 16]));
    let transmit = requests.submit(request, 0, Instant::now()).unwrap();
    socket.send_to(&transmit.packet, server).await.unwrap();
    let mut answer = [0; 4_096];
    let received = timeout(PATIENCE, socket.recv_from(&mut answer)).await;
    let (length, source) = received.expect("an answer").unwrap();
    requests.receive(source, &answer[..length], Instant::now()).unwrap();
}

/// Requests to the portal, and the status of the page that answers them.
fn bad_requests(base: &str) -> Vec<(Vec<u8>, u16)> {
    let with = |headers: &str, body: &[u8]| {
        let head = format!(
            "POST {base}phone HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let form =
        |headers: &str, body: &[u8]| with(&format!("Content-Type: {FORM}\r\n{headers}"), body);
    let post = |body: &[u8]| form(&format!("Content-Length: {}", body.len()), body);
    let json = "Content-Type: application/json\r\nContent-Length: 2";
    let multipart = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5";
    let whole = format!("Content-Length: {TEN_MEGABYTES}");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let huge = vec![b'x'; TEN_MEGABYTES];
    let long = "x".repeat(5_000);
    vec![
        (post(&[b"phone=", &huge[..15_000], b"&terms=yes"].concat()), 422),
        (post(b"phone=%00%00&terms=yes"), 422),
        (post(b"phone=%FF%FE%80&terms=yes"), 422),
        (post(b"phone=\xff\xfe\x80\xc0\xaf\xed\xa0\x80\xf8\x88&terms=yes"), 422),
        (post(b"phone=1&phone=2&terms=yes&terms=yes"), 422),
        (post(b"phone=%202%20&terms=no"), 422),
        (post(b"%ZZ=%&&&=="), 422),
        (post(b""), 422),
        (with("Content-Length: 7", b"phone=1"), 415),
        (with(json, b"{}"), 415),
        (with(multipart, b"--x--"), 415),
        (form(&whole, b"phone="), 413),
        (form(&whole, &huge), 413),
        (form("Transfer-Encoding: chunked", chunk.repeat(2_500).as_bytes()), 413),
        (form("Transfer-Encoding: chunked", b"zz\r\n"), 400),
        (ask("DELETE", base, ""), 405),
        (ask("PUT", &format!("{base}code"), ""), 405),
        (ask("GET", &format!("{base}phone"), ""), 405),
        (ask("BREW", "/", ""), 405),
        (ask("OPTIONS", "*", ""), 404),
        (ask("GET", "/wp-login.php", ""), 404),
        (ask("GET", "/../../../../etc/passwd", ""), 404),
        (ask("GET", "/%00%ff", ""), 404),
        (ask("GET", "//", ""), 404),
        (ask("GET", &format!("/{long}{long}"), ""), 404),
        (ask("GET", "/v/%2e%2e/code", ""), 403),
        (ask("GET", &format!("/v/{long}/"), ""), 403),
        (ask("GET", "/n/00000000000000000000/?mac=02", ""), 400),
        (ask("GET", "/help", &format!("Accept-Language: {}\r\n", ",".repeat(8_000))), 200),
    ]
}

/// Requests whose head is refused or leads elsewhere, and the status.
fn bad_heads() -> Vec<(Vec<u8>, u16)> {
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    vec![
        (ask("GET", "/help", &format!("Cookie: {}\r\n", "x".repeat(20_000))), 431),
        (ask("GET", "/help", &many), 431),
        ("\r\n".repeat(20_000).into(), 431),
        (ask("GET", "/help", "no colon\r\n"), 400),
        (ask("GET", "/help", "Odd: \u{1}\r\n"), 400),
        (ask("POST", "/help", "Content-Length: -1\r\n"), 400),
        (ask("POST", "/help", "Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (b"GET /help HTTP/9.9\r\n\r\n".into(), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".into(), 400),
        (ask("CONNECT", "bank.example:443", ""), 302),
        (b"GET /help HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n".into(), 302),
    ]
}

/// Requests to the admin interface, and the status of the refusal.
fn bad_admin_requests(chance: &mut Chance) -> Vec<(Vec<u8>, u16)> {
    let post = |path: &str, body: &str| {
        let headers = "Content-Type: application/json\r\nContent-Length";
        let mut request = ask("POST", path, &format!("{headers}: {}\r\n", body.len()));
        request.extend(body.as_bytes());
        request
    };
    vec![
        ([&[0], chance.octets(2_000).as_slice()].concat(), 400),
        (b"\r\n\r\n\0\0\0".into(), 400),
        (ask("GET", "/", ""), 404),
        (ask("GET", "/v1/../v2", ""), 404),
        (ask("PATCH", "/v1/sites", ""), 405),
        (post("/v1/sites", ""), 400),
        (post("/v1/sites", "{\"name\":"), 400),
        (post("/v1/plans", &"[".repeat(10_000)), 400),
        (post("/v1/plans", "{\"name\":\"x\",\"unknown\":1}"), 400),
        (post("/v1/accounts/show", "{\"phone\":\"\\u0000\"}"), 400),
        (post("/v1/accounts/show", &"x".repeat(TEN_MEGABYTES)), 400),
        (ask("GET", "/v1/sessions?limit=99999999999999", ""), 400),
        (ask("GET", "/v1/sessions?limit=0", ""), 422),
        (ask("GET", "/v1/sessions?nas=%00", ""), 400),
        (ask("GET", "/v1/sessions/%ff", ""), 400),
        (ask("DELETE", "/v1/sites/%2e%2e%2f", ""), 400),
    ]
}

fn ask(method: &str, target: &str, headers: &str) -> Vec<u8> {
    let fixed = "Host: 127.0.0.1\r\nConnection: close";
    format!("{method} {target} HTTP/1.1\r\n{fixed}\r\n{headers}\r\n").into()
}

/// The beginning of a request, for whoever reads why a test failed.
fn shown(request: &[u8]) -> String {
    request.iter().take(300).map(|&octet| char::from(octet)).collect()
}

/// Sends what the server takes of it, and returns all that comes back.
async fn send(stream: impl AsyncRead + AsyncWrite, request: &[u8]) -> String {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let mut answer = Vec::new();
    // A server that has read enough hangs up; what it said before counts.
    let exchange = async {
        let (_, _) = tokio::join!(writing.write_all(request), reading.read_to_end(&mut answer));
    };
    timeout(PATIENCE, exchange).await.expect("an answer or the end");
    String::from_utf8_lossy(&answer).into_owned()
}
