use domain::{AccountId, ErasureRequest};
use serde_json::json;

use super::*;

/// A person who is online, and asks for everything to be destroyed.
async fn ask(office: &Office) -> AccountId {
    let grant = office.stage.sign_in(7, 1).await;
    office.stage.report("gate", &grant, 60, 0).await;
    let (site, now) = ("walkway".parse().unwrap(), office.stage.clock.now());
    let request = ErasureRequest::new("K7M2QX".parse().unwrap(), grant.account, site, now);
    office.stage.store.add_erasure_request(&request).await.unwrap();
    grant.account
}

#[tokio::test]
async fn an_erasure_gets_a_reference_and_a_due_date() {
    let office = Office::open().await;
    let account = ask(&office).await;
    let now = office.stage.clock.now();
    let due_at = now + std::time::Duration::from_secs(30 * 86_400);
    let (status, list) = office.get("/v1/requests").await;
    let expected = json!({
        "reference": "K7M2QX", "account": account, "person": "+9665•••••607", "site": "walkway",
        "asked_at": now, "due_at": due_at, "done_at": null, "held": false, "overdue": false
    });
    assert_eq!((status, &list["items"]), (200, &json!([expected])));
    let (status, done) = office.post("/v1/requests/k7m2qx/done", json!({})).await;
    assert_eq!((status, &done["done_at"], &done["person"]), (200, &json!(now), &Value::Null));
    let orders = office.stage.orders().await;
    assert!(matches!(orders.as_slice(), [(_, OrderReason::Erased, _)]), "{orders:?}");
    assert_eq!(office.stage.store.account_record(account).await.unwrap().map(|_| ()), None);
    assert_eq!(office.get("/v1/requests").await.1["items"], json!([]));
    let (_, all) = office.get("/v1/requests?all=true").await;
    assert_eq!(all["items"][0]["reference"], "K7M2QX");
    let (status, again) = office.post("/v1/requests/K7M2QX/done", json!({})).await;
    assert_eq!((status, &again["error"]), (409, &json!("conflict")));
    assert_eq!(office.post("/v1/requests/222222/done", json!({})).await.0, 404);
    let links = office.stage.store.list_audit_links(0, 10).await.unwrap();
    let erased = links.iter().find(|link| link.act == "account-erased").unwrap();
    assert!(erased.detail.contains("K7M2QX") && erased.subject == format!("account:{account}"));
}

#[tokio::test]
async fn what_the_law_holds_is_not_destroyed() {
    let office = Office::open().await;
    let account = ask(&office).await;
    let person = json!({"phone": "+966512345607"});
    let hold = json!({"phone": "+966512345607", "why": "letter 7"});
    office.post("/v1/accounts/hold", hold).await;
    office.stage.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    let (_, list) = office.get("/v1/requests").await;
    assert_eq!(
        (&list["items"][0]["held"], &list["items"][0]["overdue"]),
        (&json!(true), &json!(true))
    );
    let (status, refused) = office.post("/v1/requests/K7M2QX/done", json!({})).await;
    assert_eq!((status, &refused["error"]), (409, &json!("conflict")));
    assert!(office.stage.orders().await.is_empty(), "nobody is told off for nothing");
    assert!(office.stage.store.account_record(account).await.unwrap().is_some());
    office.post("/v1/accounts/release", person).await;
    assert_eq!(office.post("/v1/requests/K7M2QX/done", json!({})).await.0, 200);
    assert!(office.stage.store.account_record(account).await.unwrap().is_none());
}

#[tokio::test]
async fn who_is_erased_by_an_admin_has_nothing_asked_any_more() {
    let office = Office::open().await;
    ask(&office).await;
    office.post("/v1/accounts/erase", json!({"phone": "+966512345607"})).await;
    let (_, all) = office.get("/v1/requests?all=true").await;
    assert_eq!(all["items"][0]["done_at"], json!(office.stage.clock.now()));
}
