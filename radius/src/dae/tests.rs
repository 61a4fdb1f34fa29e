use std::num::NonZeroUsize;
use std::time::Instant;

use domain::ManualClock;
use radius_proto::Secrets;
use radius_proto::attribute;
use radius_proto::dae::{DynamicServer, DynamicVerdict, EventTimestampRule, Now};
use radius_proto::dictionary::enumeration::ErrorCause;
use radius_proto::duplicates::DuplicateLimits;
use radius_proto::server::Datagram;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use super::*;
use crate::fixtures::{DEVICE, T0, nas, secret, session, terms};

/// How a NAS answers a request it takes.
#[derive(Clone, Copy)]
enum Says {
    Ack,
    Nak(ErrorCause),
    MyNameIsAnother,
    /// Like hostapd, which takes no attribute that names a place.
    NoPlaces,
    NothingAtFirst,
    FromAnotherPort,
}

fn client(patience_ms: u64) -> DaeClient {
    let settings = DaeSettings {
        patience_ms,
        requests_per_second: 10_000,
        requests_per_second_to_one: 1_000,
        ..DaeSettings::default()
    };
    DaeClient::bind(&settings, Arc::new(ManualClock::new(T0))).unwrap()
}

/// A NAS that answers for ever, by the rules of `radius-proto`'s other side.
async fn serve(socket: UdpSocket, says: Says, heard: UnboundedSender<usize>) {
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
            Says::NoPlaces if request.packet.find(attribute::CLASS).is_some() => {
                request.nak(ErrorCause::UnsupportedAttribute)
            }
            Says::NoPlaces | Says::FromAnotherPort => request.ack(),
            Says::Nak(cause) => request.nak(cause),
        };
        let reply = reply.sign(&secret()).unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let from = if matches!(says, Says::FromAnotherPort) { &other } else { &socket };
        from.send_to(&reply, source).await.unwrap();
        heard.send(request.packet.attributes().count()).ok();
    }
}

/// An access point that answers so, and what it hears.
async fn access_point(says: Says) -> (Nas, UnboundedReceiver<usize>, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: socket.local_addr().ok(), ..nas() };
    let (heard, hears) = mpsc::unbounded_channel();
    let mut server = JoinSet::new();
    server.spawn(serve(socket, says, heard));
    (nas, hears, server)
}

async fn delivered(command: &NasCommand, says: Says, patience_ms: u64) -> DaeOutcome {
    let (nas, _hears, _server) = access_point(says).await;
    client(patience_ms).deliver(DaeSubject::of(&nas, DEVICE), command).await
}

#[tokio::test]
async fn the_answer_of_the_access_point_is_told() {
    use DaeOutcome::{Acknowledged, Refused};
    use NasCommand::{Disconnect, Reauthenticate};
    for (command, says, expected) in [
        (Disconnect, Says::Ack, Acknowledged),
        (Reauthenticate, Says::Ack, Acknowledged),
        (NasCommand::Change(terms()), Says::Ack, Acknowledged),
        (Disconnect, Says::Nak(ErrorCause::SessionContextNotFound), Refused(503)),
        (Reauthenticate, Says::Nak(ErrorCause::RequestInitiated), Refused(507)),
        (Disconnect, Says::Nak(ErrorCause::UnsupportedAttribute), Refused(401)),
        (Disconnect, Says::MyNameIsAnother, Acknowledged),
    ] {
        assert_eq!(delivered(&command, says, 10_000).await, expected);
    }
}

#[tokio::test]
async fn who_refuses_attributes_is_told_less_and_remembered() {
    let (nas, mut hears, _server) = access_point(Says::NoPlaces).await;
    let session = session();
    let client = client(10_000);
    for _ in 0..2 {
        let subject = DaeSubject { session: Some(&session), ..DaeSubject::of(&nas, DEVICE) };
        let told = client.deliver(subject, &NasCommand::Disconnect);
        assert_eq!(told.await, DaeOutcome::Acknowledged);
    }
    drop(client);
    let [first, second, third] = [hears.recv().await, hears.recv().await, hears.recv().await];
    assert!(first > second, "less the second time");
    assert_eq!(second, third, "and at once the next time");
    assert!(hears.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_none() {
    let told = delivered(&NasCommand::Disconnect, Says::FromAnotherPort, 100).await;
    assert_eq!(told, DaeOutcome::NoAnswer);
}

#[tokio::test]
async fn a_lost_request_is_sent_again() {
    let told = delivered(&NasCommand::Disconnect, Says::NothingAtFirst, 10_000).await;
    assert_eq!(told, DaeOutcome::Acknowledged);
}

#[tokio::test]
async fn an_access_point_that_is_not_there_gives_no_answer() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: nobody.local_addr().ok(), ..nas() };
    let client = client(100);
    let outcome = client.deliver(DaeSubject::of(&nas, DEVICE), &NasCommand::Disconnect).await;
    assert_eq!(outcome, DaeOutcome::NoAnswer);
    let without_address = Nas { dae_address: None, ..nas };
    let outcome =
        client.deliver(DaeSubject::of(&without_address, DEVICE), &NasCommand::Disconnect).await;
    assert_eq!(outcome, DaeOutcome::NoAnswer);
}

#[tokio::test]
async fn more_orders_than_one_port_has_identifiers_use_further_ports() {
    let (nas, _hears, _server) = access_point(Says::Ack).await;
    let client = client(10_000);
    for number in 0..300 {
        let outcome = client.deliver(DaeSubject::of(&nas, DEVICE), &NasCommand::Disconnect).await;
        assert_eq!(outcome, DaeOutcome::Acknowledged, "{number}");
    }
    assert_eq!(client.ipv4.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_probe_asks_for_a_session_that_cannot_be_and_is_another_one_each_time() {
    let nak = Says::Nak(ErrorCause::SessionContextNotFound);
    let (nas, mut hears, _server) = access_point(nak).await;
    assert_eq!(client(10_000).probe(&nas).await, DaeOutcome::Refused(503));
    assert!(hears.recv().await.is_some());
    let session = |chance| probe::session(&nas, T0, [chance; 16]);
    let (one, other) = (session(1), session(0xff));
    assert_ne!((one.device, &one.acct_session_id), (other.device, &other.acct_session_id));
    for session in [one, other] {
        assert_eq!(session.device.octets()[0], 0x02, "locally administered, and of one device");
        let subject =
            DaeSubject { session: Some(&session), ..DaeSubject::of(&nas, session.device) };
        let particulars = Particulars { now: T0, state: [0; 16], manner: Default::default() };
        let request = request::build(subject, &NasCommand::Disconnect, &particulars);
        let octets = request.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        for kind in
            [attribute::USER_NAME, attribute::ACCT_SESSION_ID, attribute::CALLING_STATION_ID]
        {
            assert!(packet.find(kind).is_some(), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_probe_with_another_secret_gets_no_answer() {
    let (nas, _hears, _server) = access_point(Says::Ack).await;
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = Nas { dae_address: silent.local_addr().ok(), ..nas };
    assert_eq!(client(300).probe(&nas).await, DaeOutcome::NoAnswer);
}
