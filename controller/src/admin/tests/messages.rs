//! How routes do.

use domain::{Prices, RouteName};

use super::*;
use crate::message_routes::{MessageRoutes, RouteNow};

struct TwoRoutes;

impl MessageRoutes for TwoRoutes {
    fn list(&self) -> Vec<RouteNow> {
        let route = |name: &str, resting| RouteNow {
            name: name.parse().unwrap(),
            resting,
            unknown_receipts: 2,
            bad_receipts: 0,
        };
        vec![route("unifonic", true), route("kannel", false)]
    }
}

/// Has a message be written down, and taken by a route.
async fn take(office: &Office, report: &str, route: &str) {
    let body = json!({ "report": report, "phone": "+966512345678" });
    let (status, said) = office.post("/v1/codes", body).await;
    assert_eq!(status, 202, "{said}");
    let (store, clock) = office.stage.shared();
    let message = store.claim_messages(clock.now(), clock.now(), 1).await.unwrap().remove(0);
    let taken = domain::MessageState::Accepted { reference: None };
    let route: RouteName = route.parse().unwrap();
    store.finish_message(message.id, &route, &taken, clock.now()).await.unwrap();
}

#[tokio::test]
async fn routes_are_listed_in_their_order_with_what_they_did() {
    let office =
        Office::open_about(|about| About { routes: Some(Arc::new(TwoRoutes)), ..about }).await;
    take(&office, "44012345", "kannel").await;
    take(&office, "44012346", "former").await;
    let (status, routes) = office.get("/v1/messages/routes").await;
    assert_eq!(status, 200);
    assert_eq!(names(&routes), ["unifonic", "kannel", "former"]);
    let told = |index: usize, key: &str| routes["items"][index][key].clone();
    assert_eq!([told(0, "resting"), told(0, "taken")], [json!(true), json!(0)]);
    assert_eq!([told(1, "resting"), told(1, "taken")], [json!(false), json!(1)]);
    assert_eq!(told(1, "unknown_receipts"), json!(2));
    assert_eq!([told(2, "resting"), told(2, "taken")], [Value::Null, json!(1)]);
}

/// A city in which a message costs 0.10, and those of a day may cost so much.
async fn office_with_money(per_day: &str) -> Office {
    let money = |text: &str| text.parse().unwrap();
    let prices = Prices { price: money("0.10"), prices: [].into() };
    let limits = SpendingLimits { per_day: money(per_day), per_month: Some(money("100")) };
    let texts = vec![("main".parse().unwrap(), prices)];
    let tariff = Tariff { limits, texts, others: Vec::new() };
    Office::open_about(|about| About { tariff, ..about }).await
}

#[tokio::test]
async fn the_money_for_messages_is_told_and_allowed_at_once() {
    let office = office_with_money("0.20").await;
    let send = async |report: &str| {
        let body = json!({ "report": report, "phone": "+966512345678" });
        office.post("/v1/codes", body).await.0
    };
    let told = async || office.get("/v1/messages/budget").await.1;
    let alarms = async || office.get("/v1/status").await.1["alarms"].clone();
    assert_eq!(alarms().await, json!([]));
    assert_eq!(send("44012345").await, 202);
    let half = "more than 50 percent of the day's money for messages is spent: 0.10 of 0.20";
    assert_eq!(alarms().await, json!([half]));
    assert_eq!((send("44012346").await, send("44012347").await), (202, 429));
    let budget = told().await;
    assert_eq!(budget["alarms"], alarms().await);
    assert!(budget["alarms"][0].as_str().unwrap().contains("1 were refused"), "{budget}");
    let day = |budget: &Value, key: &str| budget["day"][key].clone();
    assert_eq!([day(&budget, "spent"), day(&budget, "most")], [json!("0.20"), json!("0.20")]);
    assert_eq!([day(&budget, "messages"), day(&budget, "refused")], [json!(2), json!(1)]);
    assert_eq!(budget["parts"][0]["site"], Value::Null);
    assert_eq!(
        [&budget["month"]["spent"], &budget["month"]["percent"]],
        [&json!("0.20"), &json!(0)]
    );

    let change = async |body: Value| {
        let answer = office.patch("/v1/messages/budget", body).await;
        assert_eq!(answer.0, 200, "{answer:?}");
        answer.1
    };
    let budget = change(json!({ "more_today": "0.10" })).await;
    assert_eq!([&budget["raised"], &budget["day"]["most"]], [&json!("0.10"), &json!("0.30")]);
    assert_eq!(budget["alarms"].as_array().unwrap().len(), 1, "66 percent: {budget}");
    assert_eq!((send("44012347").await, send("44012348").await), (202, 429));
    let budget = change(json!({ "per_day": "50", "per_month": "60" })).await;
    assert_eq!([&budget["day"]["set"], &budget["month"]["most"]], [&json!(true), &json!("60.10")]);
    assert_eq!(send("44012348").await, 202);
    let budget = change(json!({ "per_day": null })).await;
    assert_eq!([day(&budget, "most"), day(&budget, "set")], [json!("0.30"), json!(false)]);
    assert_eq!(send("44012349").await, 429);
}

#[tokio::test]
async fn messages_are_blocked_and_let_through_at_once() {
    let office = office_with_money("100").await;
    let send = async |report: &str, phone: &str| {
        office.post("/v1/codes", json!({ "report": report, "phone": phone })).await
    };
    let blocks = async || office.get("/v1/messages/blocks").await.1["items"].clone();
    let block = async |target: &str, reason: &str| {
        let body = json!({ "target": target, "reason": reason, "seconds": 3_600 });
        office.post("/v1/messages/blocks", body).await
    };
    for (target, reason, status) in
        [("96657", " ", 422), ("055123", "so", 400), ("park", "so", 404), ("96657", "pumped", 200)]
    {
        let (found, said) = block(target, reason).await;
        assert_eq!(found, status, "{target}: {said}");
    }
    assert_eq!(block("+966512345678", "harassed").await.0, 200);
    for (report, phone) in [("44012345", "+966571234567"), ("44012346", "+966512345678")] {
        let (status, said) = send(report, phone).await;
        assert_eq!((status, &said["reason"]), (429, &json!("messages to that number are blocked")));
    }
    assert_eq!(send("44012347", "+966512345679").await.0, 202);
    let told = blocks().await;
    let of = |index: usize, key: &str| told[index][key].clone();
    let mut kinds = [of(0, "kind"), of(1, "kind")].map(|kind| kind.to_string());
    kinds.sort();
    assert_eq!(kinds, ["\"number\"", "\"prefix\""], "{told}");
    assert!(!told.to_string().contains("512345678"), "{told}");
    let alarms = office.get("/v1/status").await.1["alarms"].to_string();
    assert!(alarms.contains("no messages go to +96657…: pumped"), "{alarms}");

    let end = async |target: &str| {
        office.post("/v1/messages/blocks/end", json!({ "target": target })).await.0
    };
    assert_eq!(
        [end("96657").await, end("96657").await, end("+966512345678").await],
        [200, 404, 200]
    );
    assert_eq!(blocks().await, json!([]));
    assert_eq!(send("44012345", "+966571234567").await.0, 202);
}
