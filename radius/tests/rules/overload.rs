//! R20 and R21: what those who fail cost. R19 is told beside its parts, in `precedence.rs` and
//! `fair_queue.rs`.

use std::time::{Duration, Instant};

use domain::CredentialId;
use radius::RadiusSettings;

use crate::city::{Blueprint, City, DEVICE, SECRET, T0};
use crate::gate::{Gate, access};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, CALLING_STATION_ID, Draft, Reply, USER_NAME,
};

/// A request of somebody whom the server refuses without asking the store.
fn nobody(number: u8) -> Vec<u8> {
    let draft = Draft::new(ACCESS_REQUEST, number, number);
    draft.with(USER_NAME, "nobody").protected().sign(SECRET)
}

#[tokio::test]
async fn r20_a_device_that_keeps_failing_waits_alone_whatever_it_presents_then() {
    let settings = RadiusSettings { failures_per_minute: 3, ..Blueprint::default().settings };
    let city = City::build(Blueprint { settings, ..Blueprint::default() }).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let name = CredentialId::new(T0, [7; 10]).user_name();
    let guess = |number: u8, device: &str| {
        let draft = Draft::new(ACCESS_REQUEST, number, number).with(USER_NAME, name.as_str());
        let draft = draft.password("a guess", SECRET).with(CALLING_STATION_ID, device);
        draft.protected().sign(SECRET)
    };
    for number in 1..=5 {
        let reply = gate.authenticate(&guess(number, "02-00-5E-10-00-66")).await;
        assert_eq!(reply.code, ACCESS_REJECT);
    }
    let counted = |outcome| city.counted(outcome);
    assert_eq!((counted("rejected-no-credential"), counted("rejected-too-many-failures")), (3, 2));
    gate.authenticate(&guess(6, "02-00-5E-10-00-67")).await;
    assert_eq!((counted("rejected-no-credential"), counted("rejected-too-many-failures")), (4, 2));
    let accepted = gate.authenticate(&access(7).protected().sign(SECRET)).await;
    assert_eq!(accepted.code, ACCESS_ACCEPT);
    city.end().await;
}

#[tokio::test]
async fn r21_a_refusal_is_held_back_and_keeps_nobody_waiting_meanwhile() {
    const HELD: u8 = 50;
    // Long beside whatever a busy machine does in between.
    let delay = Duration::from_millis(2_000);
    let city = City::build(Blueprint {
        settings: RadiusSettings {
            reject_delay_ms: 2_000,
            requests_in_progress: 2,
            ..Blueprint::default().settings
        },
        ..Blueprint::default()
    })
    .await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let begun = Instant::now();
    for number in 1..=HELD {
        gate.socket.send_to(&nobody(number), city.authentication).await.unwrap();
    }
    // Many more are held than there are places to work, and the next one still gets its place.
    let accepted = gate.authenticate(&access(HELD + 1).protected().sign(SECRET)).await;
    assert_eq!(accepted.code, ACCESS_ACCEPT);
    assert!(begun.elapsed() < delay, "the refusals were waited for");
    let mut held = Vec::new();
    for _ in 0..HELD {
        let mut buffer = [0; 4_096];
        let length = gate.socket.recv(&mut buffer).await.unwrap();
        let reply = Reply::proved(&buffer[..length], &nobody(buffer[1]), SECRET);
        assert_eq!(reply.code, ACCESS_REJECT);
        held.push(begun.elapsed());
    }
    assert!(held.iter().all(|held| *held >= delay), "{held:?}");
    let spread = *held.last().unwrap() - *held.first().unwrap();
    assert!(spread > delay / 20, "chance spreads them: {held:?}");
    assert_eq!(city.counted("rejected-not-understood"), u64::from(HELD));
    city.end().await;
}
