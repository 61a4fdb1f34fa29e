//! A district's power comes back, and everybody asks at once; or somebody floods, forges and
//! repeats. Each is answered, none is answered in two ways, and memory stays within bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce};
use nix::sys::socket::{getsockopt, setsockopt};
use radius_proto::authenticator::verify_reply;
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::{
    Authenticator, Code, Packet, PacketBuilder, SharedSecret, SignedPacket, attribute,
};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::access_point::AccessPoint;
use crate::chance::Chance;
use crate::city::{City, PATIENCE, eventually};
use crate::visitor::{add_access_point, found_a_walkway, sign_in};

/// Source ports of the crowd, each with 256 identifiers.
const PORTS: usize = 100;
/// What comes at the same time.
const BURST: usize = 4_000;
/// Who asks: a device that is signed in.
const DEVICE: &str = "02-00-5E-10-00-01";

/// What the server asks for the buffer of each of its sockets, in octets, and what the kernel
/// charges for a small datagram at most.
const BUFFER: usize = 4 << 20;
const CHARGE: usize = 1_024;

/// How many datagrams the kernel holds for a server of this user: more than a burst for one who
/// has the right, or where net.core.rmem_max is raised.
fn held_by_the_kernel() -> usize {
    let probe = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    if setsockopt(&probe, RcvBufForce, &BUFFER).is_err() {
        setsockopt(&probe, RcvBuf, &BUFFER).unwrap();
    }
    getsockopt(&probe, RcvBuf).unwrap() / CHARGE
}

/// Many source ports of one access point.
struct Crowd {
    server: SocketAddr,
    secret: SharedSecret,
    /// Datagrams that it sends at the same time.
    most: usize,
    sockets: Vec<UdpSocket>,
}

/// A request, and the port that sends it.
struct Sent {
    port: usize,
    octets: SignedPacket,
}

/// What was answered, by port and identifier.
type Answers = BTreeMap<(usize, u8), Vec<u8>>;

impl Crowd {
    async fn gather(city: &City, server: SocketAddr, secret: &SharedSecret) -> Self {
        let mut sockets = Vec::new();
        for _ in 0..PORTS {
            sockets.push(UdpSocket::bind((city.address(), 0)).await.unwrap());
        }
        Self { server, secret: secret.clone(), most: held_by_the_kernel(), sockets }
    }

    /// Sends all of it before the first answer is read, as far as the kernel holds so much, and
    /// returns the proved answers: one to each, though nothing is ever sent again.
    async fn burst(&self, requests: &[Sent]) -> Answers {
        let mut answers = Answers::new();
        for together in requests.chunks(self.most) {
            answers.extend(self.burst_of(together).await);
        }
        answers
    }

    async fn burst_of(&self, requests: &[Sent]) -> Answers {
        for Sent { port, octets } in requests {
            self.sockets[*port].send_to(octets, self.server).await.unwrap();
        }
        let mut answers = Answers::new();
        for Sent { port, .. } in requests {
            let mut octets = [0; 4_096];
            let received = timeout(PATIENCE, self.sockets[*port].recv_from(&mut octets)).await;
            let (length, source) = received.expect("an answer to each").unwrap();
            assert_eq!(source, self.server);
            let twice = answers.insert((*port, octets[1]), octets[..length].to_vec());
            assert!(twice.is_none(), "answered twice");
        }
        for Sent { port, octets } in requests {
            let request = Packet::parse(octets).unwrap();
            let answer = &answers[&(*port, request.identifier())];
            let answer = Packet::parse(answer).unwrap();
            verify_reply(&answer, request.authenticator(), &self.secret).unwrap();
        }
        let more = self.sockets.iter().map(|socket| socket.try_recv_from(&mut [0; 1]));
        for nothing in more {
            assert_eq!(nothing.unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        answers
    }

    fn request(&self, number: usize, write: impl FnOnce(u8, usize) -> PacketBuilder) -> Sent {
        let (identifier, port) = (u8::try_from(number / PORTS % 256).unwrap(), number % PORTS);
        let octets = write(identifier, port).identifier(identifier).sign(&self.secret).unwrap();
        Sent { port, octets }
    }

    /// The start of a stay of its own.
    fn start(&self, number: usize) -> Sent {
        self.request(number, |_, _| {
            let mut request = PacketBuilder::accounting_request();
            request
                .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
                .text(attribute::ACCT_SESSION_ID, &format!("{number:08x}"))
                .text(attribute::CALLING_STATION_ID, DEVICE);
            request
        })
    }

    /// A question about the device.
    fn question(&self, number: usize) -> Sent {
        self.request(number, |identifier, port| {
            let port = u8::try_from(port).unwrap();
            let mut random = [identifier; 16];
            random[0] = port;
            call_check(Authenticator::new(random), DEVICE)
        })
    }
}

fn call_check(random: Authenticator, device: &str) -> PacketBuilder {
    let mut request = PacketBuilder::access_request(random);
    request
        .text(attribute::USER_NAME, device)
        .text(attribute::CALLING_STATION_ID, device)
        .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
    request
}

/// A city with an access point at its own address, and the access point's secret.
/// Adds an access point to the walkway at one of this machine's addresses, and returns its secret once RADIUS
/// knows it.
pub async fn known_access_point(city: &City, name: &str, address: Ipv4Addr) -> SharedSecret {
    let secret = add_access_point(city, name, &["--address", &address.to_string()]).await;
    let secret = SharedSecret::new(secret).unwrap();
    is_known(city, address, &secret).await;
    secret
}

/// Waits until RADIUS knows an access point, for whoever sends each request once.
pub async fn is_known(city: &City, address: Ipv4Addr, secret: &SharedSecret) {
    let socket = UdpSocket::bind((address, 0)).await.unwrap();
    let question = PacketBuilder::status_server(Authenticator::new([1; 16]));
    let question = question.sign(secret).unwrap();
    eventually("RADIUS that knows its access point", async || {
        socket.send_to(&question, city.authentication()).await.unwrap();
        timeout(Duration::from_millis(200), socket.recv(&mut [0; 4_096])).await.ok().map(drop)
    })
    .await;
}

async fn city() -> (City, SharedSecret) {
    let city = City::begin(&[]).await;
    found_a_walkway(&city).await;
    let secret = known_access_point(&city, "gate", city.address()).await;
    (city, secret)
}

#[tokio::test]
async fn a_burst_of_4000_reports_from_100_ports_is_recorded_whole_and_once() {
    let (mut city, secret) = city().await;
    let crowd = Crowd::gather(&city, city.accounting(), &secret).await;
    let reports: Vec<Sent> = (0..BURST).map(|number| crowd.start(number)).collect();
    let answers = crowd.burst(&reports).await;
    assert_eq!(crowd.burst(&reports).await, answers, "the second answer is the first");
    city.settled().await;
    let limit = (BURST + 1).to_string();
    let sessions = city.json(&["session", "list", "--all", "--limit", &limit]).await;
    assert_eq!(sessions.as_array().unwrap().len(), BURST);
    city.stop().await;
}

#[tokio::test]
async fn all_256_numbers_of_100_ports_are_answered_each_by_an_accept_of_its_own() {
    /// What one remembered answer may cost, in octets.
    const REMEMBERED: u64 = 2_000;
    let (mut city, secret) = city().await;
    sign_in(&city, DEVICE.parse().unwrap()).await;
    let crowd = Crowd::gather(&city, city.authentication(), &secret).await;
    crowd.burst(&[crowd.question(0)]).await;
    let questions: Vec<Sent> = (0..256 * PORTS).map(|number| crowd.question(number)).collect();
    let before = city.memory();
    let mut classes = BTreeSet::new();
    for burst in questions.chunks(BURST) {
        let answers = crowd.burst(burst).await;
        assert_eq!(crowd.burst(burst).await, answers, "the second answer is the first");
        for answer in answers.values() {
            let answer = Packet::parse(answer).unwrap();
            assert_eq!(answer.code(), Code::AccessAccept);
            classes.insert(answer.octets_of(attribute::CLASS).unwrap().to_vec());
        }
    }
    assert_eq!(classes.len(), questions.len());
    let growth = city.memory().saturating_sub(before);
    assert!(growth < REMEMBERED * u64::try_from(questions.len()).unwrap(), "{growth}");
    city.stop().await;
}

#[tokio::test]
async fn one_packet_sent_ten_thousand_times_is_one_report() {
    let (mut city, secret) = city().await;
    let crowd = Crowd::gather(&city, city.accounting(), &secret).await;
    let report = crowd.start(1);
    let (socket, server) = (&crowd.sockets[report.port], crowd.server);
    let first = crowd.burst(&[crowd.start(1)]).await;
    let first = first.values().next().unwrap();
    let before = city.memory();
    for _ in 0..100 {
        for _ in 0..100 {
            socket.send_to(&report.octets, server).await.unwrap();
        }
        for _ in 0..100 {
            let mut octets = [0; 4_096];
            let length = timeout(PATIENCE, socket.recv(&mut octets)).await.unwrap().unwrap();
            assert_eq!(octets[..length], *first);
        }
    }
    let growth = city.memory().saturating_sub(before);
    assert!(growth < 2_000_000, "{growth}");
    city.settled().await;
    let sessions = city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    city.stop().await;
}

#[tokio::test]
async fn who_floods_from_forged_sources_costs_no_memory_and_keeps_nobody_waiting() {
    const ROUNDS: u32 = 100;
    const EACH: usize = 1_000;
    /// Less than 100 octets for each of the packets.
    const MOST: u64 = 10_000_000;
    let (mut city, secret) = city().await;
    let crowd = Crowd::gather(&city, city.accounting(), &secret).await;
    // What the kernel does not hold, nobody can answer.
    let each = crowd.most.min(EACH) - 1;
    let mut chance = Chance::new();
    let wrong = SharedSecret::new("a guess").unwrap();
    let mut memory = Vec::new();
    for round in 0..ROUNDS {
        let [_, _, high, low] = round.to_be_bytes();
        let stranger = UdpSocket::bind((Ipv4Addr::new(127, 200, high, low), 0)).await.unwrap();
        let known = &crowd.sockets[0];
        for _ in 0..each / 2 {
            let octets = chance.octets(300);
            stranger.send_to(&octets, crowd.server).await.unwrap();
            let mut forged = crowd.start(0).octets.to_vec();
            forged[4..20].fill(u8::try_from(chance.below(256)).unwrap());
            known.send_to(&forged, crowd.server).await.unwrap();
        }
        let forged = call_check(Authenticator::new([1; 16]), DEVICE).sign(&wrong).unwrap();
        known.send_to(&forged, city.authentication()).await.unwrap();
        // Whoever proves himself is answered at once, and nobody else.
        let number = usize::try_from(round).unwrap();
        crowd.burst(&[crowd.start(number)]).await;
        let silence = stranger.try_recv_from(&mut [0; 1]).unwrap_err();
        assert_eq!(silence.kind(), ErrorKind::WouldBlock);
        memory.push(city.memory());
    }
    let growth = memory.last().unwrap().saturating_sub(memory[1]);
    assert!(growth < MOST, "{memory:?}");
    city.stop().await;
}

#[tokio::test]
async fn who_floods_with_good_requests_starves_no_other_access_point() {
    const ROUNDS: u32 = 40;
    /// So many at once that they fill every place for work and every queue, but not the buffer of
    /// the kernel, which knows no access points.
    const FLOOD: u32 = 3_000;
    let mut city = City::begin(&[]).await;
    found_a_walkway(&city).await;
    let flood = known_access_point(&city, "flood", Ipv4Addr::new(127, 0, 0, 2)).await;
    let mut calm = AccessPoint::install(&city, "calm", &[]).await;
    sign_in(&city, DEVICE.parse().unwrap()).await;
    let flooding = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    for number in 0..ROUNDS * FLOOD {
        // Each is about another device, for which the store must be asked.
        let mut random = [1; 16];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let [a, b, c, identifier] = number.to_be_bytes();
        let device = format!("02-99-{a:02X}-{b:02X}-{c:02X}-{identifier:02X}");
        let mut request = call_check(Authenticator::new(random), &device);
        let octets = request.identifier(identifier).sign(&flood).unwrap();
        flooding.send_to(&octets, city.authentication()).await.unwrap();
        if number % FLOOD == FLOOD - 1 {
            let answer = calm
                .ask(|request| {
                    request
                        .text(attribute::USER_NAME, DEVICE)
                        .text(attribute::CALLING_STATION_ID, DEVICE)
                        .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
                })
                .await;
            assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccessAccept, "{number}");
        }
    }
    city.stop().await;
}

#[tokio::test]
async fn who_waits_for_the_database_interrupts_it_at_no_row_and_radius_waits_for_nobody() {
    let (city, _) = city().await;
    let threads = std::fs::read_dir(format!("/proc/{}/task", city.process())).unwrap();
    let mut seen = [0; 2];
    for thread in threads {
        let told = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        // Field 41 of proc_pid_stat(5), counted behind the name.
        let (name, fields) = told.rsplit_once(')').unwrap();
        let policy = fields.split_whitespace().nth(38).unwrap();
        let (kind, expected) = match name.split_once('(').unwrap().1 {
            "tokio-rt-worker" => (0, "3"),
            "radius" => (1, "0"),
            _ => continue,
        };
        assert_eq!(policy, expected, "SCHED_BATCH is 3: {told}");
        seen[kind] += 1;
    }
    assert!(seen.iter().all(|threads| *threads > 0), "{seen:?}");
}
