//! R25: how a server says that it is well (RFC 5997). That it is silent while nothing can be
//! recorded is told in `full_disk.rs`, which needs a disk of its own.

use std::time::Duration;

use crate::city::{City, SECRET, nas};
use crate::gate::{Gate, access};
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
