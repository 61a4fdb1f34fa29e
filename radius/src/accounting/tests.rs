use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, attribute};

use super::*;
use crate::fixtures::{Inside, arrive, inside, secret, sockets};
use crate::settings::RadiusSettings;

fn start(identifier: u8) -> SignedPacket {
    let mut request = PacketBuilder::accounting_request();
    request
        .identifier(identifier)
        .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
        .text(attribute::ACCT_SESSION_ID, "5C1")
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
    request.sign(&secret()).unwrap()
}

fn status_server() -> SignedPacket {
    PacketBuilder::status_server(Authenticator::new([5; 16])).sign(&secret()).unwrap()
}

fn desk(inside: &Inside, socket: Arc<UdpSocket>) -> Desk {
    Desk {
        port: Port::new(socket, Role::Accounting, Arc::clone(&inside.shared)),
        writes: JoinSet::new(),
        replies: HashMap::new(),
    }
}

async fn answer_to(nas: &UdpSocket) -> Code {
    let mut buffer = [0; 4_096];
    let length = nas.recv(&mut buffer).await.unwrap();
    Packet::parse(&buffer[..length]).unwrap().code()
}

#[tokio::test]
async fn nothing_is_answered_unless_it_is_on_disk() {
    let inside = inside(RadiusSettings::default()).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    nas.send(&start(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    let (id, _) = desk.writes.join_next_with_id().await.unwrap().unwrap();
    desk.finish(Ok((id, Err(JournalError::Closed))));
    assert_eq!((inside.counted("not-recorded"), inside.counted("recorded")), (1, 0));

    // Status-Server is silent too, so that the NAS goes to its next server.
    nas.send(&status_server()).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    assert_eq!(inside.counted("status-silenced"), 1);

    // The same packet again is a new attempt, and the first answer of all belongs to it.
    nas.send(&start(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    let done = desk.writes.join_next_with_id().await.unwrap();
    desk.finish(done);
    desk.port.flush();
    assert_eq!(answer_to(&nas).await, Code::AccountingResponse);
    nas.send(&status_server()).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    assert_eq!(answer_to(&nas).await, Code::AccountingResponse);
    assert_eq!(inside.counted("status-answered"), 1);
}

#[tokio::test]
async fn what_is_ready_is_written_together_up_to_a_batch() {
    let settings = RadiusSettings { accounting_batch: 3, ..RadiusSettings::default() };
    let inside = inside(settings).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    for identifier in 0..5 {
        nas.send(&start(identifier)).await.unwrap();
    }
    arrive(&mut desk.port, 5).await;
    desk.take_batch();
    desk.take_batch();
    desk.port.flush();
    let mut batches: Vec<usize> = desk.replies.values().map(Vec::len).collect();
    batches.sort_unstable();
    assert_eq!(batches, [2, 3]);
    while let Some(done) = desk.writes.join_next_with_id().await {
        desk.finish(done);
        desk.port.flush();
    }
    assert_eq!(inside.counted("recorded"), 5);
}

#[tokio::test]
async fn a_write_that_panics_costs_its_own_batch_only() {
    let inside = inside(RadiusSettings::default()).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    nas.send(&start(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    let (id, _) = desk.writes.join_next_with_id().await.unwrap().unwrap();
    let replies = desk.replies.remove(&id).unwrap();
    let failing = desk.writes.spawn(async { panic!("a fault in the writing of this test") });
    desk.replies.insert(failing.id(), replies);
    let done = desk.writes.join_next_with_id().await.unwrap();
    desk.finish(done);
    desk.port.flush();
    assert_eq!(inside.counted("panicked"), 1);
    nas.send(&start(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_batch();
    desk.port.flush();
    let done = desk.writes.join_next_with_id().await.unwrap();
    desk.finish(done);
    desk.port.flush();
    assert_eq!(answer_to(&nas).await, Code::AccountingResponse);
}
