//! Vouchers over the API: made once, shown without their codes, revoked with a reason.

use domain::{GrantId, Identity, VisitRecord};
use serde_json::json;
use store::VoucherUse;

use super::*;
use crate::stage::NOON;

fn fair() -> Value {
    json!({
        "name": "fair", "site": "walkway", "plan": "visitor", "count": 3, "devices": 2,
        "until": NOON + std::time::Duration::from_secs(86_400), "reason": "the autumn fair"
    })
}

/// A device signs in with a code.
async fn use_code(office: &Office, code: &str, device: u8) {
    let now = office.stage.clock.now();
    let visit = VisitRecord {
        reference: "K7M2QX".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        nas: "gate".parse().unwrap(),
        device: mac(device),
        language: Language::arabic(),
        arrived_at: now,
        asked_at: now,
        refused: None,
        refusals: None,
    };
    let used = VoucherUse {
        code: &code.parse().unwrap(),
        visit: &visit,
        agreed: Vec::new(),
        grant: GrantId::from_bytes([device; 16]),
        new_account: domain::AccountId::from_bytes([device; 16]),
    };
    office.stage.store.use_voucher(&used).await.unwrap().unwrap();
}

#[tokio::test]
async fn vouchers_are_made_once_and_their_codes_never_shown_again() {
    let office = Office::open().await;
    let (status, added) = office.post("/v1/vouchers", fair()).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(added["page"], "http://portal.example:8080/voucher?code=");
    let codes: Vec<_> =
        added["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!((codes.len(), codes[0].len()), (3, 11));
    assert!(codes[0] != codes[1] && codes[1] != codes[2]);
    assert_eq!(office.post("/v1/vouchers", fair()).await.0, 409, "the name is taken");

    use_code(&office, codes[1], 7).await;
    let (status, shown) = office.get("/v1/vouchers/fair").await;
    assert_eq!((status, &shown["used"], &shown["vouchers"]), (200, &json!(1), &json!(3)));
    assert_eq!(
        (&shown["items"][1]["devices"], &shown["items"][0]["devices"]),
        (&json!(1), &json!(0))
    );
    let (_, listed) = office.get("/v1/vouchers").await;
    assert_eq!(listed["items"][0]["reason"], "the autumn fair");
    let log = format!("{:?}", office.stage.store.list_audit_links(0, 100).await.unwrap());
    assert!(log.contains("the autumn fair"));
    for code in codes {
        let plain = code.replace('-', "");
        for told in [&shown.to_string(), &listed.to_string(), &log] {
            assert!(!told.contains(code) && !told.contains(&plain), "{told}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_batch_is_refused_and_names_why() {
    let office = Office::open().await;
    for (key, value, status, words) in [
        ("count", json!(0), 422, "count is 0"),
        ("count", json!(2_001), 422, "1 to 2000"),
        ("devices", json!(51), 422, "devices is 51"),
        ("until", json!(NOON), 422, "in the past"),
        ("until", json!(i64::MAX), 422, "three years"),
        ("lasts_seconds", json!(59), 422, "lasts_seconds is 59"),
        ("reason", json!("  "), 422, "reason must have"),
        ("reason", json!("for +966 55-123 4567"), 422, "dialled"),
        ("reason", json!("للضيف ٠٥٥١٢٣٤٥٦٧"), 422, "dialled"),
        ("site", json!("none"), 409, "`none` does not exist"),
        ("plan", json!("none"), 409, "`none` does not exist"),
        ("name", json!("The Fair"), 400, "is no name"),
        ("colour", json!("red"), 400, "unknown field"),
    ] {
        let mut wanted = fair();
        wanted[key] = value;
        let (answered, refusal) = office.post("/v1/vouchers", wanted).await;
        let said = refusal["reason"].as_str().unwrap_or_default();
        assert_eq!(answered, status, "{key}: {refusal}");
        assert!(said.contains(words), "{key}: {said}");
    }
    assert_eq!(office.get("/v1/vouchers").await.1["items"], json!([]));
    assert_eq!(office.stage.store.list_audit_links(0, 100).await.unwrap(), []);
}

#[tokio::test]
async fn revoking_needs_a_reason_and_is_done_once() {
    let office = Office::open().await;
    let (_, added) = office.post("/v1/vouchers", fair()).await;
    use_code(&office, added["codes"][0].as_str().unwrap(), 7).await;
    let reason = json!({"reason": "lost at the gate"});
    for (path, body, status) in [
        ("/v1/vouchers/fair/1/revoke", json!({}), 400),
        ("/v1/vouchers/fair/1/revoke", json!({"reason": ""}), 422),
        ("/v1/vouchers/fair/9/revoke", reason.clone(), 404),
        ("/v1/vouchers/none/revoke", reason.clone(), 404),
        ("/v1/vouchers/fair/1/revoke", reason.clone(), 200),
        ("/v1/vouchers/fair/1/revoke", reason.clone(), 409),
        ("/v1/vouchers/fair/revoke", reason.clone(), 200),
        ("/v1/vouchers/fair/revoke", reason, 409),
    ] {
        assert_eq!(office.post(path, body).await.0, status, "{path}");
    }
    let grant = office.stage.store.find_grant(mac(7)).await.unwrap().unwrap();
    assert!(!grant.holds(office.stage.clock.now()));
    let (_, shown) = office.get("/v1/vouchers/fair").await;
    assert_eq!(shown["items"][0]["revoked"]["why"], "lost at the gate");
}

#[tokio::test]
async fn who_came_by_a_voucher_is_asked_about_by_it_and_has_no_number() {
    let office = Office::open().await;
    let (_, added) = office.post("/v1/vouchers", fair()).await;
    use_code(&office, added["codes"][0].as_str().unwrap(), 7).await;
    let person = json!({"voucher": "fair/1"});
    let (status, shown) = office.post("/v1/accounts/show", person.clone()).await;
    assert_eq!((status, &shown["voucher"]), (200, &json!("fair/1")));
    assert_eq!(shown["phone"], Value::Null);
    assert_eq!(shown["devices"].as_array().unwrap().len(), 1);
    let (status, story) = office.post("/v1/why", json!({"of": person})).await;
    assert_eq!((status, &story["voucher"]), (200, &json!("fair/1")), "{story}");
    let device = json!({"of": {"device": mac(7)}});
    assert_eq!(office.post("/v1/why", device).await.1["voucher"], "fair/1");
    let (status, told) = office.get("/v1/support/K7M2QX").await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["stages"][1]["text"], "voucher fair/1 typed");
    assert_eq!(told["stages"][2]["text"], "not needed");
    assert_eq!(told["stopped_at"], "hand-off");
    let hold = json!({"voucher": "fair/1", "why": "request 12/2026"});
    assert_eq!(office.post("/v1/accounts/hold", hold.clone()).await.0, 200);
    let strange = json!({"voucher": "fair/1", "why": "x", "colour": "red"});
    assert_eq!(office.post("/v1/accounts/hold", strange).await.0, 400);
    let both = json!({"voucher": "fair/1", "phone": "+966512345607"});
    assert_eq!(office.post("/v1/accounts/show", both).await.0, 400);
    assert_eq!(office.post("/v1/accounts/release", person.clone()).await.0, 200);
    assert_eq!(office.post("/v1/accounts/erase", person.clone()).await.0, 200);
    assert_eq!(office.post("/v1/accounts/show", person).await.0, 404);
    let gone = office.stage.store.find_account(&Identity::Voucher("fair/1".parse().unwrap())).await;
    assert_eq!(gone.unwrap(), None);
    let find = json!({"about": {"voucher": "fair/1"}});
    let (_, links) = office.post("/v1/audit/find", find).await;
    assert_eq!(links["items"][0]["subject"], "voucher:fair/1", "{links}");
}
