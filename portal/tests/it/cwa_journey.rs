//! A controller that is redirected by RADIUS: the address is worth as much as its signature and its
//! age.

use data_encoding::HEXLOWER;
use domain::{NasName, OrderKind, Whereabouts};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::OrderFilter;

use crate::town::{CWA_SECRET, MAC, PHONE, Town};

const SESSION: &str = "0A0B0C0D00000042F00DCAFE";

/// Where RADIUS sends the phone now.
fn redirect(town: &Town) -> String {
    let at = town.now().as_secs();
    let tag = Hmac::<Sha256>::new_from_slice(CWA_SECRET.as_bytes())
        .unwrap()
        .chain_update(format!("cwa\n{MAC}\n{SESSION}\n{at}"))
        .finalize()
        .into_bytes();
    let sig = HEXLOWER.encode(&tag[..16]);
    format!("/n/path-of-the-hall/?mac={MAC}&session={SESSION}&t={at}&sig={sig}&redirect=x.example/")
}

#[tokio::test]
async fn who_signed_in_is_asked_about_again_by_the_name_of_the_session() {
    let town = Town::open().await;
    let waits = town.sign_in(&town.english(), &redirect(&town), PHONE).await;
    assert!(waits.location().ends_with("/online"), "{}", waits.location());
    let (hall, device): (NasName, _) = ("hall".parse().unwrap(), MAC.parse().unwrap());
    let orders = town.store.list_orders(&OrderFilter::latest(10)).await.unwrap();
    let [order] = orders.as_slice() else { panic!("{orders:?}") };
    assert_eq!((&order.nas, order.kind), (&hall, OrderKind::Reauthenticate));
    let place = town.store.find_whereabouts(&hall, device).await.unwrap();
    let expected = Whereabouts(vec![("session".to_owned(), SESSION.to_owned())]);
    assert_eq!(place, Some(expected));
}

#[tokio::test]
async fn an_address_that_is_replayed_has_no_message_sent_and_then_leads_nowhere() {
    let town = Town::open().await;
    let browser = town.english();
    let form = [("phone", PHONE), ("terms", "yes")];
    let old = redirect(&town);
    town.wait(31 * 60);
    let page = browser.visit(&old).await;
    let refused = browser.post(&page, "phone", &form).await;
    assert_eq!((refused.status, refused.title().as_str()), (403, "This page is too old"));
    let page = browser.visit(&redirect(&town)).await;
    assert_eq!(browser.post(&page, "phone", &form).await.status, 303, "RADIUS gave a new one");
    town.wait(5 * 60);
    let page = browser.get(&old).await;
    assert_eq!((page.status, page.title().as_str()), (400, "We did not recognise your device"));
}
