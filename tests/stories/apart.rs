//! A larger city: portal, RADIUS and controller are processes of their own on one PostgreSQL.

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet};

use crate::browser::Browser;
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, found_a_park, sign_in};

#[tokio::test]
async fn parts_that_run_apart_meet_in_one_database() {
    let database = store::testing::postgres().await;
    let mut messages = SmsGateway::open().await;
    let store = format!("store.url = \"{}\"", database.settings().url);
    let [a, b, c, d] = messages.settings();
    let mut city = City::plan(&[&store, &a, &b, &c, &d]);
    city.start_apart().await;
    found_a_park(&city).await;
    let browser = Browser::new(city.portal());
    // What the controller adds is known to the others at once.
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&browser, &coova, &mut messages).await;
    let success = coova.log_on(&logon).await;
    eventually("page that says so", async || {
        let page = browser.visit(&success).await;
        (page.title() == "You are online").then_some(())
    })
    .await;

    // What RADIUS is told cuts the visitor off by the controller.
    coova.report(AcctStatusType::InterimUpdate, 660, 20_000_001).await;
    let order = coova.nas.obey().await;
    assert_eq!(Packet::parse(&order).unwrap().code(), Code::DisconnectRequest);
    city.stop().await;
}

#[tokio::test]
async fn parts_that_run_apart_refuse_an_embedded_database() {
    let city = City::plan(&[]);
    for part in ["portal", "radius", "controller"] {
        let said = city.sabeel(&["serve", part]).await;
        assert_eq!(said.code, 78, "{}", said.err);
        assert!(said.err.contains("parts on their own meet in PostgreSQL"), "{}", said.err);
    }
}
