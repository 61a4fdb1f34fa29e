use serde_json::json;

use super::*;
use crate::stage::TERMS;

#[tokio::test]
async fn consents_are_shown_word_for_word_and_taken_back() {
    let office = Office::open().await;
    let grant = office.stage.sign_in(7, 1).await;
    office.stage.report("gate", &grant, 60, 0).await;
    let hash = office.stage.store.keep_wording(TERMS, office.stage.clock.now()).await.unwrap();
    let (status, list) = office.get("/v1/consents").await;
    assert_eq!(status, 200, "{list}");
    let consent = &list["items"][0];
    assert_eq!((&consent["purpose"], &consent["version"]), (&json!("service"), &json!("1")));
    assert_eq!(consent["wording"], hash.to_string());
    assert_eq!(consent["withdrawn_at"], json!(null));
    let next = list["next"].as_str().unwrap();
    let (_, end) = office.get(&format!("/v1/consents?after={next}")).await;
    assert_eq!(end, json!({"items": [], "next": null}));
    let (_, wording) = office.get(&format!("/v1/wordings/{hash}")).await;
    assert_eq!(wording, json!({"hash": hash.to_string(), "words": TERMS}));
    assert_eq!(office.get(&format!("/v1/wordings/{}", "0".repeat(64))).await.0, 404);
    assert_eq!(office.get("/v1/wordings/terms").await.0, 400);

    let request = |purpose: &str| json!({"phone": "+966512345607", "purpose": purpose});
    let (status, done) = office.post("/v1/consents/withdraw", request("awareness")).await;
    assert_eq!((status, &done["withdrawn"]), (200, &json!(0)), "there is none");
    assert!(office.stage.orders().await.is_empty());
    let (_, done) = office.post("/v1/consents/withdraw", request("service")).await;
    assert_eq!(done["withdrawn"], 1);
    assert_eq!(office.stage.orders().await.len(), 1, "the session is ended");
    let (_, shown) = office.post("/v1/accounts/show", json!({"phone": "+966512345607"})).await;
    assert_eq!(shown["consents"][0]["withdrawn_at"], json!(office.stage.clock.now()));
    assert_eq!(office.post("/v1/consents/withdraw", request("marketing")).await.0, 400);
    let stranger = json!({"phone": "+966555555555", "purpose": "service"});
    assert_eq!(office.post("/v1/consents/withdraw", stranger).await.0, 404);
}
