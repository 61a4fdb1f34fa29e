use std::num::NonZeroUsize;
use std::time::Instant;

use domain::ManualClock;
use radius_proto::Secrets;
use radius_proto::attribute;
use radius_proto::dae::{DynamicServer, DynamicVerdict, EventTimestampRule, Now};
use radius_proto::duplicates::DuplicateLimits;
use radius_proto::server::Datagram;
use tokio::net::UdpSocket;

use super::*;
use crate::fixtures::{T0, nas, order, secret};

/// How a NAS answers a request it takes.
#[derive(Clone, Copy)]
enum Says {
    Ack,
    Nak(ErrorCause),
    MyNameIsAnother,
    NothingAtFirst,
}

fn client(patience_ms: u64) -> DaeClient {
    let settings = DaeSettings { patience_ms, ..DaeSettings::default() };
    DaeClient::bind(&settings, Arc::new(ManualClock::new(T0))).unwrap()
}

/// A NAS that answers for ever, by the rules of `radius-proto`'s other side.
async fn serve(socket: UdpSocket, says: Says) {
    let limits = DuplicateLimits {
        retention: Duration::from_secs(300),
        max_entries: NonZeroUsize::new(1_000).unwrap(),
    };
    let mut server = DynamicServer::new(EventTimestampRule::Required, limits);
    let secrets = Secrets::new(secret());
    let wall = std::time::UNIX_EPOCH + Duration::from_secs(1_795_597_210);
    let mut buffer = [0; 4_096];
    let mut received = 0;
    loop {
        let (length, source) = socket.recv_from(&mut buffer).await.unwrap();
        received += 1;
        if matches!(says, Says::NothingAtFirst) && received == 1 {
            continue;
        }
        let datagram = Datagram { source, octets: &buffer[..length] };
        let now = Now { monotonic: Instant::now(), wall };
        let DynamicVerdict::Process(request) = server.receive(datagram, Some(&secrets), now) else {
            panic!("a request that a NAS drops");
        };
        let is_named = request.packet.find(attribute::NAS_IDENTIFIER).is_some();
        let reply = match says {
            Says::Ack | Says::NothingAtFirst => request.ack(),
            Says::MyNameIsAnother if is_named => request.nak(ErrorCause::NasIdentificationMismatch),
            Says::MyNameIsAnother => request.ack(),
            Says::Nak(cause) => request.nak(cause),
        };
        socket.send_to(&reply.sign(&secret()).unwrap(), source).await.unwrap();
    }
}

async fn delivered(kind: OrderKind, says: Says) -> DaeOutcome {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: socket.local_addr().ok(), ..nas() };
    let server = tokio::spawn(serve(socket, says));
    let outcome = client(10_000).deliver(&nas, &order(kind), None).await;
    server.abort();
    outcome
}

#[tokio::test]
async fn the_answer_of_the_access_point_is_told() {
    use DaeOutcome::{Acknowledged, Refused};
    use OrderKind::{Disconnect, Reauthenticate};
    for (kind, says, expected) in [
        (Disconnect, Says::Ack, Acknowledged),
        (Reauthenticate, Says::Ack, Acknowledged),
        (Disconnect, Says::Nak(ErrorCause::SessionContextNotFound), Acknowledged),
        (Reauthenticate, Says::Nak(ErrorCause::SessionContextNotFound), Refused(503)),
        (Reauthenticate, Says::Nak(ErrorCause::RequestInitiated), Acknowledged),
        (Disconnect, Says::Nak(ErrorCause::RequestInitiated), Refused(507)),
        (Disconnect, Says::Nak(ErrorCause::UnsupportedService), Refused(405)),
        (Disconnect, Says::MyNameIsAnother, Acknowledged),
    ] {
        assert_eq!(delivered(kind, says).await, expected);
    }
}

#[tokio::test]
async fn a_lost_request_is_sent_again() {
    assert_eq!(
        delivered(OrderKind::Disconnect, Says::NothingAtFirst).await,
        DaeOutcome::Acknowledged
    );
}

#[tokio::test]
async fn an_access_point_that_is_not_there_gives_no_answer() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: nobody.local_addr().ok(), ..nas() };
    let client = client(100);
    let outcome = client.deliver(&nas, &order(OrderKind::Disconnect), None).await;
    assert_eq!(outcome, DaeOutcome::NoAnswer);
    let without_address = Nas { dae_address: None, ..nas };
    let outcome = client.deliver(&without_address, &order(OrderKind::Disconnect), None).await;
    assert_eq!(outcome, DaeOutcome::NoAnswer);
}

#[tokio::test]
async fn more_orders_than_one_port_has_identifiers_use_further_ports() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: socket.local_addr().ok(), ..nas() };
    let server = tokio::spawn(serve(socket, Says::Ack));
    let client = client(10_000);
    for number in 0..300 {
        let outcome = client.deliver(&nas, &order(OrderKind::Disconnect), None).await;
        assert_eq!(outcome, DaeOutcome::Acknowledged, "{number}");
    }
    assert_eq!(client.ipv4.lock().unwrap().len(), 2);
    server.abort();
}

#[test]
fn a_send_that_was_never_answered_is_no_answer() {
    for answer in [Answer::Nothing, Answer::LaneIsFull] {
        assert_eq!(outcome(OrderKind::Disconnect, answer), DaeOutcome::NoAnswer);
    }
}
