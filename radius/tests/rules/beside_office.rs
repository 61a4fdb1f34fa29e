//! A site whose office needs the network: who comes meanwhile is let in with what is left beside it.

use std::time::Duration;

use domain::{BitRate, Nas, NasProfile, OfficeNeed, RatePair, SignIns};

use crate::city::{Blueprint, City, DEVICE, SECRET, T0, nas};
use crate::gate::{Gate, access};
use crate::wire::{ACCESS_ACCEPT, Reply};

const VENDOR_SPECIFIC: u8 = 26;
const CLASS: u8 = 25;
const SESSION_TIMEOUT: u8 = 27;
/// WISPr-Bandwidth-Max-Up and -Down.
const WISPR: [u8; 4] = 14_122_u32.to_be_bytes();
const UP_AND_DOWN: [u8; 2] = [7, 8];

/// What a device may have, up and down in kbit/s, and the first octet of its Class.
fn given(reply: &Reply) -> ([Option<u32>; 2], u8) {
    assert_eq!(reply.code, ACCESS_ACCEPT);
    assert_eq!(reply.all(SESSION_TIMEOUT).len(), 1, "the rest is there as ever");
    let of_vendor = reply.all(VENDOR_SPECIFIC);
    let rates = UP_AND_DOWN.map(|kind| {
        let is_it = |value: &&[u8]| value.starts_with(&WISPR) && value.get(4) == Some(&kind);
        let value = of_vendor.iter().copied().find(is_it)?;
        Some(u32::from_be_bytes(value.get(6..)?.try_into().ok()?) / 1_000)
    });
    (rates, reply.all(CLASS)[0][0])
}

#[tokio::test]
async fn who_comes_while_the_office_is_there_has_less_until_that_is_not_said_any_more() {
    let until = T0 + Duration::from_secs(900);
    let need = OfficeNeed { since: T0, until, sign_ins: SignIns::Stopped };
    let rate = |kbit: u64| Some(BitRate::new(kbit * 1_000));
    let most = RatePair { down: rate(1_000), up: rate(512) };
    // Our own gateway limits no speed.
    let access_points = vec![Nas { profile: NasProfile::Generic, ..nas() }];
    let office = Some((need, most));
    let city = City::build(Blueprint { access_points, office, ..Blueprint::default() }).await;
    let gate = Gate::open(&city).await;
    city.sign_in(DEVICE).await;
    let ask = async |number| {
        let reply = gate.authenticate(&access(number).protected().sign(SECRET)).await;
        given(&reply)
    };
    // From the store, and from memory.
    for number in 1..=2 {
        assert_eq!(ask(number).await, ([Some(512), Some(1_000)], 4));
    }
    city.clock.advance(Duration::from_secs(900));
    assert_eq!(ask(3).await, ([Some(5_000), Some(10_000)], 1));
    city.end().await;
}
