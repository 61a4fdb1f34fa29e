use radius_proto::{Authenticator, Code, Packet, PacketBuilder, attribute};

use super::*;
use crate::fixtures::{Inside, arrive, inside, secret, sockets};
use crate::settings::RadiusSettings;

/// A request of a device that nobody knows; each number is another request.
fn stranger(number: u8) -> SignedPacket {
    let mut request = PacketBuilder::access_request(Authenticator::new([number; 16]));
    request
        .identifier(number)
        .text(attribute::USER_NAME, "02005e10ab0c")
        .user_password(b"02005e10ab0c", &secret());
    request.sign(&secret()).unwrap()
}

fn desk(inside: &Inside, socket: Arc<UdpSocket>) -> Desk {
    Desk {
        port: Port::new(socket, Role::Authentication, Arc::clone(&inside.shared)),
        tasks: JoinSet::new(),
        askers: HashMap::new(),
        in_progress: HashMap::new(),
        more: false,
        rejects: DelayQueue::new(),
    }
}

async fn finish_all(desk: &mut Desk) {
    while let Some(done) = desk.tasks.join_next_with_id().await {
        desk.finish(done);
    }
    desk.port.flush();
}

#[tokio::test]
async fn one_access_point_has_half_of_the_places_at_most_and_the_rest_waits() {
    let settings =
        RadiusSettings { requests_in_progress: 4, reject_delay_ms: 0, ..RadiusSettings::default() };
    let inside = inside(settings).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    for number in 1..=3 {
        nas.send(&stranger(number)).await.unwrap();
    }
    arrive(&mut desk.port, 3).await;
    desk.take_requests();
    assert_eq!((desk.tasks.len(), desk.port.waiting(), desk.more), (2, 1, false));
    finish_all(&mut desk).await;
    assert!(desk.more);
    let others: Vec<_> = (0..4).map(|_| desk.tasks.spawn(std::future::pending())).collect();
    desk.take_requests();
    assert_eq!((desk.tasks.len(), desk.port.waiting(), desk.more), (4, 1, false));
    others.iter().for_each(tokio::task::AbortHandle::abort);
    finish_all(&mut desk).await;
    desk.take_requests();
    finish_all(&mut desk).await;
    assert_eq!((inside.counted("rejected-no-grant"), inside.counted("overloaded")), (3, 0));
    assert!(desk.askers.is_empty() && desk.in_progress.is_empty());
}

#[tokio::test]
async fn what_waited_too_long_is_given_up() {
    let inside = inside(RadiusSettings::default()).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    nas.send(&stranger(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    desk.take_requests();
    assert_eq!((desk.tasks.len(), inside.counted("overloaded")), (0, 1));
}

#[tokio::test]
async fn rejects_are_held_back_in_bounded_number_and_then_sent() {
    let settings = RadiusSettings { delayed_rejects: 2, ..RadiusSettings::default() };
    let inside = inside(settings).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    for number in 0..3 {
        nas.send(&stranger(number)).await.unwrap();
    }
    arrive(&mut desk.port, 3).await;
    let begun = tokio::time::Instant::now();
    desk.take_requests();
    finish_all(&mut desk).await;
    let ended = tokio::time::Instant::now();
    assert_eq!((desk.rejects.len(), inside.counted("too-many-rejects")), (2, 1));
    assert_eq!(inside.counted("rejected-no-grant"), 0);
    tokio::time::pause();
    while let Some(due) = poll_fn(|cx| desk.rejects.poll_expired(cx)).await {
        assert!(due.deadline() >= begun + Duration::from_secs(1));
        assert!(due.deadline() <= ended + Duration::from_millis(1_260));
        desk.reject(due.into_inner());
        desk.port.flush();
    }
    assert_eq!(inside.counted("rejected-no-grant"), 2);
    let mut buffer = [0; 4_096];
    let length = nas.recv(&mut buffer).await.unwrap();
    assert_eq!(Packet::parse(&buffer[..length]).unwrap().code(), Code::AccessReject);
}

#[tokio::test]
async fn a_decision_that_panics_costs_its_own_request_only() {
    let inside = inside(RadiusSettings { reject_delay_ms: 0, ..RadiusSettings::default() }).await;
    let (socket, nas) = sockets().await;
    let mut desk = desk(&inside, Arc::clone(&socket));
    nas.send(&stranger(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    let Taken::Request(_, asker) = desk.port.take(|_, _| true) else { panic!("no request") };
    let failing = desk.tasks.spawn(async { panic!("a fault in the decision of this test") });
    desk.askers.insert(failing.id(), asker);
    finish_all(&mut desk).await;
    assert_eq!(inside.counted("panicked"), 1);
    nas.send(&stranger(1)).await.unwrap();
    arrive(&mut desk.port, 1).await;
    desk.take_requests();
    finish_all(&mut desk).await;
    assert_eq!(inside.counted("rejected-no-grant"), 1);
}

#[test]
fn the_delay_grows_by_a_quarter_at_most() {
    let second = Duration::from_secs(1);
    for _ in 0..1_000 {
        let delay = with_jitter(second);
        assert!(delay >= second && delay < Duration::from_millis(1_250), "{delay:?}");
    }
}
