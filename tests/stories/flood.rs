//! Somebody sends more than the kernel can hold for the server, and never stops: a calm access
//! point is answered all the same.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};

use tokio::sync::Mutex;

use crate::access_point::{AccessPoint, Report};
use crate::city::City;
use crate::rush::known_access_point;
use crate::visitor::{found_a_walkway, sign_in};

/// Who asks calmly: a device that is signed in.
const DEVICE: &str = "02-00-5E-10-00-01";
/// What the calm access point asks, and reports, while the flood goes on.
const CALM: u32 = 40;
/// Different packets of a flood, sent again and again.
const DIFFERENT: u32 = 1_024;
/// As many in one call of the kernel.
const TOGETHER: usize = 64;

/// Two floods at once would be about the processors of this machine.
static ALONE: Mutex<()> = Mutex::const_new(());

/// One address that floods both ports of a server from several ports, until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    flooding: Vec<JoinHandle<()>>,
}

impl Flood {
    fn begin(from: Ipv4Addr, to: [(SocketAddr, Vec<Vec<u8>>); 2]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flooding = to.into_iter().map(|(server, packets)| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || send_for_ever(from, server, &packets, &stop))
        });
        Self { flooding: flooding.collect(), stop }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.flooding.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Sends from so many ports in turn that every socket of the server has its share.
fn send_for_ever(from: Ipv4Addr, server: SocketAddr, packets: &[Vec<u8>], stop: &AtomicBool) {
    let sockets: Vec<_> = (0..16).map(|_| std::net::UdpSocket::bind((from, 0)).unwrap()).collect();
    let to = [Some(SockaddrStorage::from(server)); TOGETHER];
    for (some, socket) in packets.chunks(TOGETHER).cycle().zip(sockets.iter().cycle()) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let slices: Vec<_> = some.iter().map(|octets| [std::io::IoSlice::new(octets)]).collect();
        let mut headers = MultiHeaders::preallocate(slices.len(), None);
        let fd = socket.as_raw_fd();
        let _ = sendmmsg(fd, &mut headers, &slices, to, [], MsgFlags::MSG_DONTWAIT).unwrap();
    }
}

fn questions(secret: &SharedSecret) -> Vec<Vec<u8>> {
    let question = |number: u32| {
        let mut random = [1; 16];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let [a, b, c, identifier] = number.to_be_bytes();
        let device = format!("02-99-{a:02X}-{b:02X}-{c:02X}-{identifier:02X}");
        let mut request = PacketBuilder::access_request(Authenticator::new(random));
        request
            .text(attribute::USER_NAME, &device)
            .text(attribute::CALLING_STATION_ID, &device)
            .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
        request.identifier(identifier).sign(secret).unwrap().to_vec()
    };
    (0..DIFFERENT).map(question).collect()
}

fn reports(secret: &SharedSecret) -> Vec<Vec<u8>> {
    let report = |number: u32| {
        let [.., identifier] = number.to_be_bytes();
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
            .text(attribute::ACCT_SESSION_ID, &format!("flood-{number:08x}"))
            .text(attribute::CALLING_STATION_ID, DEVICE);
        request.identifier(identifier).sign(secret).unwrap().to_vec()
    };
    (0..DIFFERENT).map(report).collect()
}

/// Datagrams that the kernel has thrown away before the server's sockets.
fn thrown_away(sockets: [SocketAddr; 2]) -> u64 {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap();
    let ours: Vec<_> = sockets
        .map(|socket| {
            let SocketAddr::V4(socket) = socket else { panic!("{socket}") };
            format!("{:08X}:{:04X}", u32::from_le_bytes(socket.ip().octets()), socket.port())
        })
        .into();
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| columns.get(1).is_some_and(|local| ours.iter().any(|own| own == local)))
        .map(|columns| columns.last().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// Floods a city from `from`, which signs its packets by the secret that `prepare` gives, and
/// asks and reports calmly meanwhile.
async fn is_calm_while(from: Ipv4Addr, prepare: impl AsyncFnOnce(&City) -> SharedSecret) {
    let _alone = ALONE.lock().await;
    let mut city = City::begin(&[]).await;
    found_a_walkway(&city).await;
    let secret = prepare(&city).await;
    let mut calm = AccessPoint::install(&city, "calm", &[]).await;
    sign_in(&city, DEVICE.parse().unwrap()).await;
    let servers = [city.authentication(), city.accounting()];
    let [asked, told] = servers;
    let flood = Flood::begin(from, [(asked, questions(&secret)), (told, reports(&secret))]);
    while thrown_away(servers) == 0 {
        tokio::task::yield_now().await;
    }
    for number in 0..CALM {
        let answer = calm
            .ask(|request| {
                request
                    .text(attribute::USER_NAME, DEVICE)
                    .text(attribute::CALLING_STATION_ID, DEVICE)
                    .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
            })
            .await;
        assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccessAccept, "{number}");
        let session = format!("calm-{number}");
        let report = Report { session: &session, device: DEVICE, ..Report::default() };
        calm.report(AcctStatusType::Start, &report).await;
    }
    drop(flood);
    city.stop().await;
}

#[tokio::test]
async fn an_endless_flood_from_a_stranger_starves_no_access_point() {
    is_calm_while(Ipv4Addr::new(127, 0, 0, 3), async |_| SharedSecret::new("a guess").unwrap())
        .await;
}

#[tokio::test]
async fn an_endless_flood_of_good_requests_starves_no_other_access_point() {
    is_calm_while(Ipv4Addr::new(127, 0, 0, 4), async |city| {
        known_access_point(city, "flood", Ipv4Addr::new(127, 0, 0, 4)).await
    })
    .await;
}

#[tokio::test]
async fn an_endless_flood_by_a_wrong_secret_starves_no_other_access_point() {
    is_calm_while(Ipv4Addr::new(127, 0, 0, 5), async |city| {
        known_access_point(city, "flood", Ipv4Addr::new(127, 0, 0, 5)).await;
        SharedSecret::new("a guess").unwrap()
    })
    .await;
}
