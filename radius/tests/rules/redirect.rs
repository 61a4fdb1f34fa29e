//! A controller that is redirected by RADIUS: who may not go online is let through to the portal,
//! which is letting nobody in.

use std::time::Duration;

use domain::{Clock, GrantEnd, HandOff, HandOffMethod, MacAddress, Nas, NasProfile, OrderReason};
use store::{Appearance, Appearances, Change, Grants, Sessions, Store};

use crate::city::{Blueprint, City, DEVICE, SECRET, T0, nas};
use crate::gate::{Gate, report};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, CALLING_STATION_ID, CLASS, Draft, Reply,
    USER_NAME, VENDOR_SPECIFIC,
};

const START: u32 = 1;
const SERVICE_TYPE: u8 = 6;
const CALL_CHECK: u32 = 10;
const OTHER: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0d]);

fn controller() -> Nas {
    let signs = Some("signs redirects".parse().unwrap());
    let method = HandOffMethod::CiscoCwa;
    let hand_off = HandOff { method, ..HandOff::mac_authentication(signs) };
    Nas { profile: NasProfile::Cisco, hand_off, ..nas() }
}

fn blueprint() -> Blueprint {
    Blueprint { access_points: vec![controller()], capacity: Some(1), ..Blueprint::default() }
}

/// MAC authentication as a Catalyst 9800 does it: the controller vouches for the address.
fn checks(number: u8, spelled: &str) -> Vec<u8> {
    Draft::new(ACCESS_REQUEST, number, number)
        .with(USER_NAME, spelled)
        .with(SERVICE_TYPE, CALL_CHECK.to_be_bytes())
        .with(CALLING_STATION_ID, spelled)
        .protected()
        .sign(SECRET)
}

/// The texts of Cisco's attributes in an answer.
fn pairs(reply: &Reply) -> Vec<String> {
    let values = reply.all(VENDOR_SPECIFIC);
    let texts = values.iter().filter_map(|value| value.strip_prefix(&[0, 0, 0, 9, 1]));
    texts.map(|text| String::from_utf8(text[1..].to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn who_may_not_go_online_is_sent_to_the_portal_and_is_let_in_nowhere() {
    let city = City::build(blueprint()).await;
    let gate = Gate::open(&city).await;
    let sent = gate.authenticate(&checks(1, "02-00-5E-10-AB-0C")).await;
    assert_eq!(sent.code, ACCESS_ACCEPT);
    let said = pairs(&sent);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], "url-redirect-acl=SABEEL_REDIRECT");
    let page = "url-redirect=http://portal.example/n/4f2a9c/?mac=02:00:5e:10:ab:0c&session=&t=";
    assert!(said[1].starts_with(page), "{said:?}");
    assert_eq!((city.counted("redirected"), city.counted("accepted")), (1, 0));
    let of_gate = city.metrics.of_access_point(&nas().name).unwrap();
    assert_eq!((of_gate.accepted, of_gate.rejected), (0, 1));

    // What the controller reports of it is on disk, and nobody is online by it.
    let waits = report(2, START).with(CLASS, sent.all(CLASS)[0]);
    gate.account(&waits.sign(SECRET)).await;
    city.apply().await;
    assert_eq!(city.counted("recorded"), 1);
    assert_eq!(city.store.find_open_session(&nas().name, DEVICE).await.unwrap(), None);

    // The one place of the site is free, and RADIUS has seen who is there.
    city.sign_in(OTHER).await;
    city.clock.advance(Duration::from_secs(200));
    let let_in = gate.authenticate(&checks(3, "02-00-5E-10-AB-0D")).await;
    assert_eq!((let_in.code, city.counted("accepted")), (ACCESS_ACCEPT, 1));
    assert!(pairs(&let_in).is_empty());
    let seen = Appearance { device: DEVICE, site: nas().site };
    while !city.store.has_appeared(&seen, T0).await.unwrap() {
        tokio::task::yield_now().await;
    }
    city.end().await;
}

#[tokio::test]
async fn a_full_site_and_a_grant_that_ended_lead_to_the_portal_and_a_wrong_password_nowhere() {
    let city = City::build(blueprint()).await;
    let gate = Gate::open(&city).await;
    let grant = city.sign_in(DEVICE).await;
    city.clock.advance(Duration::from_secs(200));
    city.sign_in(OTHER).await;
    city.clock.advance(Duration::from_secs(200));
    let let_in = gate.authenticate(&checks(1, "02-00-5E-10-AB-0C")).await;
    assert!((let_in.code, pairs(&let_in).len()) == (ACCESS_ACCEPT, 0));
    let full = gate.authenticate(&checks(2, "02-00-5E-10-AB-0D")).await;
    assert!((full.code, pairs(&full).len()) == (ACCESS_ACCEPT, 2), "{:?}", pairs(&full));

    let mut changes = city.store.changes();
    let (why, reason) = (GrantEnd::Revoked, OrderReason::Admin);
    city.store.end_grant(grant.id, why, reason, city.clock.now()).await.unwrap();
    while changes.next().await != Some(Change::Grant(DEVICE)) {}
    let over = gate.authenticate(&checks(3, "02-00-5E-10-AB-0C")).await;
    assert!((over.code, pairs(&over).len()) == (ACCESS_ACCEPT, 2));
    assert_eq!(city.counted("redirected"), 2);

    let guessed = Draft::new(ACCESS_REQUEST, 5, 5)
        .with(USER_NAME, "02-00-5E-10-AB-0C")
        .password("guessed", SECRET)
        .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C");
    let guessed = gate.authenticate(&guessed.protected().sign(SECRET)).await;
    assert_eq!(guessed.code, ACCESS_REJECT);
    city.end().await;
}

#[tokio::test]
async fn while_the_store_is_away_nobody_is_sent_to_the_portal() {
    let city = City::build(blueprint()).await;
    let gate = Gate::open(&city).await;
    let before = gate.authenticate(&checks(1, "02-00-5E-10-AB-0C")).await;
    assert_eq!(pairs(&before).len(), 2);
    city.store.close().await;
    let request = checks(2, "02-00-5E-10-AB-0C");
    gate.socket.send_to(&request, city.authentication).await.unwrap();
    let counted = async {
        while city.counted("store-away") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), counted).await.unwrap();
    assert_eq!((city.counted("redirected"), city.counted("accepted")), (1, 0));
    city.end().await;
}
