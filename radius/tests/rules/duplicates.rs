//! R14 to R16: what comes again is answered again, and counted once; what is acknowledged is kept.

use std::time::Duration;

use domain::{MacAddress, Octets, Session};
use radius::RadiusSettings;
use store::{SessionFilter, Sessions};

use crate::city::{Blueprint, City, DEVICE, SECRET, exchange, nas};
use crate::gate::{Gate, access, report};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE, ACCT_DELAY_TIME,
    ACCT_INPUT_OCTETS, ACCT_SESSION_ID, ACCT_SESSION_TIME, ACCT_STATUS_TYPE, CALLING_STATION_ID,
    Draft,
};

async fn sessions(city: &City) -> Vec<Session> {
    city.apply().await;
    city.store.list_sessions(&SessionFilter::default()).await.unwrap()
}

async fn session(city: &City) -> Session {
    let [session] = sessions(city).await.try_into().expect("one session");
    session
}

fn counters(draft: Draft, octets: u32, seconds: u32) -> Draft {
    draft
        .with(ACCT_INPUT_OCTETS, octets.to_be_bytes())
        .with(ACCT_SESSION_TIME, seconds.to_be_bytes())
}

#[tokio::test]
async fn r14_a_retransmission_gets_the_octets_of_the_first_answer() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let request = access(1).protected().sign(SECRET);
    let first = gate.authenticate(&request).await;
    for _ in 0..3 {
        // An Accept made anew would have another Class.
        assert_eq!(gate.authenticate(&request).await, first);
    }
    assert_eq!(city.counted("resent"), 3);
    let other_port = Gate::open(&city).await;
    assert_ne!(other_port.authenticate(&request).await, first, "another port, another request");
    city.end().await;
}

#[tokio::test]
async fn r14_a_retransmission_of_what_is_in_progress_is_dropped_and_answered_once() {
    let city = City::build(Blueprint {
        settings: RadiusSettings { reject_delay_ms: 300, ..Blueprint::default().settings },
        ..Blueprint::default()
    })
    .await;
    let gate = Gate::open(&city).await;
    let request = access(1).protected().sign(SECRET);
    gate.socket.send_to(&request, city.authentication).await.unwrap();
    for _ in 0..3 {
        gate.is_dropped(city.authentication, &request, "duplicate-in-progress").await;
    }
    let mut buffer = [0; 4_096];
    let length = gate.socket.recv(&mut buffer).await.unwrap();
    assert_eq!(buffer[..2], [ACCESS_REJECT, 1]);
    let again = exchange(&gate.socket, city.authentication, &request).await;
    assert_eq!(again, buffer[..length]);
    assert_eq!(city.counted("rejected-no-grant"), 1);
    city.end().await;
}

#[tokio::test]
async fn r14_a_new_request_under_the_same_number_takes_the_place_of_the_old() {
    let city = City::build(Blueprint {
        settings: RadiusSettings { reject_delay_ms: 300, ..Blueprint::default().settings },
        ..Blueprint::default()
    })
    .await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let stranger = access(1).seeded(9).protected().sign(SECRET);
    let known = access(1).protected().sign(SECRET);
    // The first is about to be refused, for its password was hidden otherwise.
    gate.socket.send_to(&stranger, city.authentication).await.unwrap();
    let accepted = gate.authenticate(&known).await;
    assert_eq!(accepted.code, ACCESS_ACCEPT);
    while city.counted("superseded") == 0 {
        assert_eq!(gate.authenticate(&known).await, accepted);
    }
    assert_eq!(city.counted("rejected-wrong-password"), 0, "nobody waits for this any more");
    city.end().await;
}

#[tokio::test]
async fn r14_who_cannot_prove_himself_leaves_the_memory_of_others_alone() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let request = access(1).protected().sign(SECRET);
    let first = gate.authenticate(&request).await;
    let forged = access(1).seeded(9).protected().sign("a guess");
    gate.is_dropped(city.authentication, &forged, "message-authenticator-mismatch").await;
    assert_eq!(gate.authenticate(&request).await, first);
    let told = report(1, 1).sign(SECRET);
    let acknowledged = gate.account(&told).await;
    let forged = report(1, 2).sign("a guess");
    gate.is_dropped(city.accounting, &forged, "authenticator-mismatch").await;
    assert_eq!(gate.account(&told).await, acknowledged);
    assert_eq!((city.counted("recorded"), city.counted("resent")), (1, 2));
    city.end().await;
}

#[tokio::test]
async fn r15_accounting_is_proved_before_anything_else() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    let whole = counters(report(1, 3), 1_000, 60).protected();
    let good = whole.clone().sign(SECRET);
    for at in [1, 4, 19, 20, 25, good.len() - 1] {
        let mut altered = good.clone();
        altered[at] ^= 0x80;
        gate.is_dropped(city.accounting, &altered, "authenticator-mismatch").await;
    }
    gate.is_dropped(city.accounting, &whole.octets(), "authenticator-mismatch").await;
    assert!(sessions(&city).await.is_empty());
    assert_eq!(gate.account(&good).await.code, ACCOUNTING_RESPONSE);
    city.end().await;
}

#[tokio::test]
async fn r15_one_event_told_in_several_packets_is_counted_once() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    gate.account(&report(1, 1).sign(SECRET)).await;
    // Who updates Acct-Delay-Time sends another packet each time.
    for (number, delay) in [(2, 0_u32), (3, 3), (4, 9)] {
        let told = counters(report(number, 3), 1_000, 60);
        let told = told.with(ACCT_DELAY_TIME, delay.to_be_bytes()).sign(SECRET);
        assert_eq!(gate.account(&told).await.code, ACCOUNTING_RESPONSE);
    }
    assert_eq!(session(&city).await.usage.uploaded, Octets::new(1_000));
    city.end().await;
}

#[tokio::test]
async fn r15_counters_run_forward_and_what_ended_stays_ended() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    for (number, status, octets, seconds, expected) in [
        (1, 1, 0, 0, 0),
        (2, 3, 5_000, 60, 5_000),
        (3, 3, 3_000, 30, 5_000),
        (4, 2, 6_000, 90, 6_000),
        (5, 3, 7_000, 80, 6_000),
        (6, 1, 0, 0, 6_000),
    ] {
        city.clock.advance(Duration::from_secs(10));
        gate.account(&counters(report(number, status), octets, seconds).sign(SECRET)).await;
        let session = session(&city).await;
        assert_eq!(session.usage.uploaded, Octets::new(expected), "report {number}");
        assert_eq!(session.is_open(), number < 4, "report {number}");
    }
    city.end().await;
}

#[tokio::test]
async fn r16_what_is_acknowledged_is_in_the_journal_already() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    for number in 1..=20 {
        let device = MacAddress::new([2, 0, 0x5e, 0, 0, number]).to_string();
        let told = Draft::new(ACCOUNTING_REQUEST, number, 0)
            .with(ACCT_STATUS_TYPE, 1_u32.to_be_bytes())
            .with(ACCT_SESSION_ID, format!("{number}"))
            .with(CALLING_STATION_ID, device);
        gate.account(&told.sign(SECRET)).await;
        // No waiting in between.
        assert_eq!(sessions(&city).await.len(), usize::from(number));
    }
    city.end().await;
}
