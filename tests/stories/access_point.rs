//! An access point as RADIUS knows it: asks, reports, and takes orders.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime};

use radius_proto::client::{Event, Peer, RequestTracker, Schedule};
use radius_proto::dae::{DynamicServer, DynamicVerdict, EventTimestampRule, Now};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::duplicates::DuplicateLimits;
use radius_proto::server::Datagram;
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, Secrets, SharedSecret, attribute};
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::time::{timeout, timeout_at};

use crate::city::{City, PATIENCE};

/// Orders that may come again.
const REMEMBERED: DuplicateLimits = DuplicateLimits {
    retention: Duration::from_secs(600),
    max_entries: NonZeroUsize::new(100).unwrap(),
};

/// An access point on the city's own address.
pub struct AccessPoint {
    /// What the command line said when it was added.
    pub added: Value,
    pub secret: SharedSecret,
    authentication: Line,
    accounting: Line,
    orders: UdpSocket,
    order_rules: DynamicServer,
}

/// A socket towards one server.
struct Line {
    socket: UdpSocket,
    requests: RequestTracker,
}

/// A stay as an accounting report tells it.
#[derive(Debug, Clone, Default)]
pub struct Report<'a> {
    pub session: &'a str,
    pub device: &'a str,
    pub user_name: &'a str,
    pub class: &'a [u8],
    pub uploaded: u32,
    pub downloaded: u32,
    pub seconds: u32,
}

impl AccessPoint {
    /// Adds an access point to the city's site `walkway`.
    pub async fn install(city: &City, name: &str, more: &[&str]) -> Self {
        let orders = UdpSocket::bind((city.address(), 0)).await.unwrap();
        let (address, dae) = (city.address().to_string(), orders.local_addr().unwrap().to_string());
        let mut words = vec!["nas", "add", name, "--site", "walkway"];
        words.extend(["--address", &address, "--dae", &dae]);
        words.extend(["--message-authenticator", "required"]);
        words.extend(more);
        let added = city.json(&words).await;
        Self::added(city, added, orders).await
    }

    /// An access point that the city knows already, by a secret.
    pub async fn known(city: &City, secret: &str) -> Self {
        let orders = UdpSocket::bind((city.address(), 0)).await.unwrap();
        Self::added(city, serde_json::json!({ "secret": secret }), orders).await
    }

    async fn added(city: &City, added: Value, orders: UdpSocket) -> Self {
        let secret = SharedSecret::new(added["secret"].as_str().unwrap()).unwrap();
        Self {
            authentication: Line::open(city, city.authentication(), &secret).await,
            accounting: Line::open(city, city.accounting(), &secret).await,
            orders,
            order_rules: DynamicServer::new(EventTimestampRule::Required, REMEMBERED),
            added,
            secret,
        }
    }

    /// Sends an Access-Request, and returns the octets of the authentic answer.
    pub async fn ask(&mut self, write: impl FnOnce(&mut PacketBuilder)) -> Vec<u8> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).unwrap();
        let mut request = PacketBuilder::access_request(Authenticator::new(random));
        write(&mut request);
        self.authentication.exchange(request).await
    }

    /// Sends an accounting report, and waits until it is acknowledged.
    pub async fn report(&mut self, status: AcctStatusType, report: &Report<'_>) {
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_STATUS_TYPE, status)
            .text(attribute::ACCT_SESSION_ID, report.session)
            .text(attribute::CALLING_STATION_ID, report.device)
            .text(attribute::USER_NAME, report.user_name)
            .octets(attribute::CLASS, report.class)
            .u32(attribute::ACCT_SESSION_TIME, report.seconds)
            .u32(attribute::ACCT_INPUT_OCTETS, report.uploaded)
            .u32(attribute::ACCT_OUTPUT_OCTETS, report.downloaded);
        let answer = self.account(request).await;
        assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccountingResponse);
    }

    /// Sends an Accounting-Request, and returns the octets of the authentic answer.
    pub async fn account(&mut self, request: PacketBuilder) -> Vec<u8> {
        self.accounting.exchange(request).await
    }

    /// Waits for the next order, does it, and returns what it said.
    pub async fn obey(&mut self) -> Vec<u8> {
        timeout(PATIENCE, self.obey_next()).await.expect("no order")
    }

    /// The same for an access point that waits for as long as it stands there.
    pub async fn obey_next(&mut self) -> Vec<u8> {
        let mut datagram = [0; 4_096];
        let secrets = Secrets::new(self.secret.clone());
        loop {
            let (length, source) = self.orders.recv_from(&mut datagram).await.unwrap();
            let octets = &datagram[..length];
            let now = Now { monotonic: Instant::now(), wall: SystemTime::now() };
            let sent = Datagram { source, octets };
            match self.order_rules.receive(sent, Some(&secrets), now) {
                DynamicVerdict::Process(request) => {
                    let ack = request.ack().sign(request.secret).unwrap();
                    let ticket = request.ticket;
                    let _ = self.order_rules.answered(ticket, &ack, now.monotonic);
                    self.orders.send_to(&ack, source).await.unwrap();
                    return octets.to_vec();
                }
                DynamicVerdict::Resend(answer) => {
                    self.orders.send_to(&answer, source).await.unwrap();
                }
                DynamicVerdict::Drop(reason) => panic!("an order that is wrong: {reason}"),
            }
        }
    }
}

impl Line {
    async fn open(city: &City, server: SocketAddr, secret: &SharedSecret) -> Self {
        let schedule = Schedule { initial: Duration::from_millis(200), ..Schedule::default() };
        let peer = Peer { schedule, ..Peer::server(server, secret.clone()) };
        Self {
            socket: UdpSocket::bind((city.address(), 0)).await.unwrap(),
            requests: RequestTracker::new(peer),
        }
    }

    /// Sends a request, again if need be, and returns the octets of the authentic answer.
    async fn exchange(&mut self, request: PacketBuilder) -> Vec<u8> {
        let server = self.requests.peer().address;
        let transmit = self.requests.submit(request, 0, Instant::now()).unwrap();
        self.socket.send_to(&transmit.packet, server).await.unwrap();
        let mut answer = [0; 4_096];
        while let Some(deadline) = self.requests.next_deadline() {
            match timeout_at(deadline.into(), self.socket.recv_from(&mut answer)).await {
                Ok(received) => {
                    let (length, source) = received.unwrap();
                    let octets = &answer[..length];
                    if self.requests.receive(source, octets, Instant::now()).is_ok() {
                        return octets.to_vec();
                    }
                }
                Err(_) => match self.requests.poll(Instant::now()) {
                    Some(Event::Retransmit(again)) => {
                        self.socket.send_to(&again.packet, server).await.unwrap();
                    }
                    Some(Event::GaveUp(_)) | None => {}
                },
            }
        }
        panic!("no answer from {server}");
    }
}
