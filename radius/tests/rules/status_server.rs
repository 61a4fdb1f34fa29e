//! R25: how a server says that it is well (RFC 5997). That it is silent while nothing can be
//! recorded is told in `full_disk.rs`, which needs a disk of its own.

use std::time::Duration;

use domain::{Nas, StatusServerRule};
use store::AccessPoints;

use crate::city::{City, SECRET, nas};
use crate::gate::{Gate, access, report};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_RESPONSE, Draft, PROXY_STATE, STATUS_SERVER,
};

fn status(number: u8) -> Draft {
    Draft::new(STATUS_SERVER, number, number)
}

#[tokio::test]
async fn r25_status_server_must_prove_itself() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    for server in [city.authentication, city.accounting] {
        for (octets, reason) in [
            (status(1).octets(), "message-authenticator-missing"),
            (status(1).protected().sign("a guess"), "message-authenticator-mismatch"),
            (status(1).protected().protected().sign(SECRET), "message-authenticator-repeated"),
        ] {
            gate.is_dropped(server, &octets, reason).await;
        }
    }
    city.end().await;
}

#[tokio::test]
async fn r25_status_server_is_answered_a_hundred_times_a_second_at_most() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    for number in 1..=100 {
        gate.ask(city.authentication, &status(number).protected().sign(SECRET)).await;
    }
    let one_more = status(101).protected().sign(SECRET);
    gate.socket.send_to(&one_more, city.authentication).await.unwrap();
    // Access is answered all the same, and the next second is another one.
    let refused = gate.authenticate(&access(102).protected().sign(SECRET)).await;
    assert_eq!(refused.code, ACCESS_REJECT);
    assert_eq!((city.counted("status-answered"), city.counted("status-too-often")), (100, 1));
    city.clock.advance(Duration::from_secs(1));
    gate.ask(city.authentication, &status(103).protected().sign(SECRET)).await;
    city.end().await;
}

#[tokio::test]
async fn r25_status_server_is_answered_by_the_word_of_its_port_and_remembered() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    for (server, code) in
        [(city.authentication, ACCESS_ACCEPT), (city.accounting, ACCOUNTING_RESPONSE)]
    {
        let request = status(1).with(PROXY_STATE, "via").protected().sign(SECRET);
        let reply = gate.ask(server, &request).await;
        assert_eq!(reply.code, code);
        assert_eq!(reply.all(PROXY_STATE), [b"via"]);
        assert_eq!(gate.ask(server, &request).await, reply);
        let next = gate.ask(server, &status(1).seeded(2).protected().sign(SECRET)).await;
        assert_ne!(next, reply, "another request under the same number");
    }
    assert_eq!((city.counted("status-answered"), city.counted("resent")), (4, 2));
    city.end().await;
}

/// Switches, and waits until it counts.
async fn switched(city: &City, gate: &Gate<'_>, rule: StatusServerRule) {
    let mut change = move |nas: &mut Nas| nas.status_server = rule;
    city.store.change_access_point(&nas().name, &mut change).await.unwrap().unwrap();
    let expected = match rule {
        StatusServerRule::Answered => "status-answered",
        StatusServerRule::Ignored => "status-denied",
    };
    let before = city.counted(expected);
    let mut number = 0_u8;
    while city.counted(expected) == before {
        number = number.wrapping_add(1);
        let request = status(number).seeded(number).protected().sign(SECRET);
        gate.socket.send_to(&request, city.authentication).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn r25_an_access_point_can_be_left_without_an_answer_at_once() {
    let city = City::begin(Nas { status_server: StatusServerRule::Ignored, ..nas() }).await;
    let gate = Gate::open(&city).await;
    gate.socket.send_to(&status(1).protected().sign(SECRET), city.authentication).await.unwrap();
    // The next datagram must be the answer to something else.
    assert_eq!(gate.authenticate(&access(2).protected().sign(SECRET)).await.code, ACCESS_REJECT);
    gate.socket.send_to(&status(3).protected().sign(SECRET), city.accounting).await.unwrap();
    gate.account(&report(4, 1).sign(SECRET)).await;
    let seen = city.metrics.snapshot().access_points.remove(&nas().name).unwrap();
    assert_eq!(seen.unanswered_by_reason, [("status-denied", 2)].into());

    switched(&city, &gate, StatusServerRule::Answered).await;
    switched(&city, &gate, StatusServerRule::Ignored).await;
    city.end().await;
}
