//! What the audit log is told of requests, and how it is read.

use domain::{AuditLink, ChainWalk, SessionId};
use serde_json::{Value, json};

use super::*;

async fn links(office: &Office) -> Vec<AuditLink> {
    office.stage.store.list_audit_links(0, 1_000).await.unwrap()
}

/// The acts and subjects of the links after the first `known`.
async fn told_since(office: &Office, known: usize) -> Vec<(String, String)> {
    let links = links(office).await;
    links.into_iter().skip(known).map(|link| (link.act, link.subject)).collect()
}

/// Every request that changes something or shows personal data, in an order in which each works,
/// with what the log must tell of it.
fn requests(session: SessionId, order: &str) -> Vec<(Method, String, Value, &'static str, String)> {
    let post = |path: &str, body: Value, act, subject: &str| {
        (Method::POST, path.to_owned(), body, act, subject.to_owned())
    };
    let get = |path: String, act, subject: String| (Method::GET, path, Value::Null, act, subject);
    let delete = |path: &str, act, subject: &str| {
        (Method::DELETE, path.to_owned(), Value::Null, act, subject.to_owned())
    };
    let plan = json!({
        "name": "guest", "devices": 2, "idle_seconds": 900, "interim_seconds": 60,
        "remembered_seconds": 86_400
    });
    let site = json!({
        "name": "park", "title": {"en": "Park"}, "zone": "Asia/Riyadh", "plan": "guest",
        "countries": ["sa"]
    });
    let nas = json!({
        "name": "pole-9", "site": "park", "addresses": "192.0.2.7/32", "profile": "generic"
    });
    let range = json!({
        "name": "pond", "site": "park", "addresses": "10.3.0.0/24", "profile": "generic",
        "approval": "ask"
    });
    let vouchers = json!({
        "name": "fair", "site": "walkway", "plan": "visitor", "count": 3, "devices": 2,
        "until": crate::stage::NOON + std::time::Duration::from_secs(86_400), "reason": "the fair"
    });
    let signer = link::policy::SigningKey::new(&zeroize::Zeroizing::new([7; 32]));
    let policy = signer.sign("hofuf".parse().unwrap(), 1, String::new()).unwrap();
    let policy = serde_json::to_value(policy).unwrap();
    let lost = json!({"reason": "lost at the gate"});
    let nothing = json!({"intent": "rehearse", "items": []});
    let session = format!("session:{session}");
    let path = session.replace("session:", "/v1/sessions/");
    vec![
        post("/v1/plans", plan, "plan-added", "plan:guest"),
        post("/v1/sites", site, "site-added", "site:park"),
        (
            Method::PATCH,
            "/v1/sites/park".to_owned(),
            json!({"countries": ["sa", "ae"]}),
            "site-changed",
            "site:park".to_owned(),
        ),
        post("/v1/access-points", nas, "access-point-added", "access-point:pole-9"),
        (
            Method::PATCH,
            "/v1/access-points/pole-9".to_owned(),
            json!({"profile": "coova"}),
            "access-point-changed",
            "access-point:pole-9".to_owned(),
        ),
        post("/v1/access-points/pole-9/rotate", json!({}), "secret-rotated", "access-point:pole-9"),
        post(
            "/v1/access-points/pole-9/finish-rotation",
            json!({"even_if_unseen": true}),
            "secret-rotation-finished",
            "access-point:pole-9",
        ),
        delete("/v1/access-points/pole-9", "access-point-removed", "access-point:pole-9"),
        post("/v1/ranges", range, "range-added", "range:pond"),
        delete("/v1/ranges/pond", "range-removed", "range:pond"),
        delete("/v1/sites/park", "site-removed", "site:park"),
        delete("/v1/plans/guest", "plan-removed", "plan:guest"),
        post("/v1/vouchers", vouchers, "vouchers-made", "voucher-batch:fair"),
        post("/v1/vouchers/fair/2/revoke", lost.clone(), "vouchers-revoked", "voucher:fair/2"),
        post("/v1/vouchers/fair/revoke", lost, "vouchers-revoked", "voucher-batch:fair"),
        (
            Method::PATCH,
            "/v1/messages/budget".to_owned(),
            json!({"per_day": "500"}),
            "spending-changed",
            String::new(),
        ),
        post(
            "/v1/messages/blocks",
            json!({"target": "965", "reason": "pumped"}),
            "send-block-set",
            "",
        ),
        post("/v1/messages/blocks/end", json!({"target": "965"}), "send-block-ended", ""),
        post("/v1/link-policies", policy, "link-policy-published", ""),
        post("/v1/import/access-points", nothing, "access-points-imported", ""),
        post(
            "/v1/import/people",
            json!({"intent": "rehearse", "people": []}),
            "persons-imported",
            "",
        ),
        post("/v1/import/stays", json!({"intent": "apply", "stays": []}), "stays-imported", ""),
        get("/v1/sessions".to_owned(), "sessions-shown", String::new()),
        get("/v1/sessions?nas=gate".to_owned(), "sessions-shown", "access-point:gate".to_owned()),
        get("/v1/sessions/export".to_owned(), "sessions-exported", String::new()),
        get("/v1/requests".to_owned(), "requests-shown", String::new()),
        get("/v1/consents".to_owned(), "consents-exported", String::new()),
        get(path.clone(), "session-shown", session.clone()),
        get(format!("/v1/orders/{order}"), "order-shown", format!("order:{order}")),
        get("/v1/orders".to_owned(), "orders-shown", String::new()),
        post(&format!("{path}/change"), json!({}), "session-changed", &session),
        post(&format!("{path}/disconnect"), json!({}), "session-disconnected", &session),
    ]
}

/// Paths that change nothing and show no person.
const UNRECORDED: [&str; 18] = [
    "/v1/link-map",
    "/v1/link-report",
    "/v1/link-incidents",
    "/v1/link-policies/{site}",
    "/v1/links",
    "/v1/links/{site}/events",
    "/v1/links/{site}/history",
    "/v1/sites/{name}/ratings",
    "/v1/access-points/{name}/onboarding",
    "/v1/access-points/{name}/test",
    "/v1/pending",
    "/v1/vouchers/{batch}",
    "/v1/wordings/{hash}",
    "/v1/radius/statistics",
    "/v1/messages/routes",
    "/v1/audit",
    "/v1/status",
    "/v1/health",
];

/// Paths that write a link and need more than [`requests`] can bring.
const RECORDED_ELSEWHERE: [&str; 17] = [
    "/v1/link-maintenance",
    "/v1/link-maintenance/{number}/cancel",
    "/v1/link-incidents/{number}/acknowledge",
    "/v1/accounts/show",
    "/v1/accounts/erase",
    "/v1/accounts/hold",
    "/v1/accounts/release",
    "/v1/consents/withdraw",
    "/v1/requests/{reference}/done",
    "/v1/codes",
    "/v1/codes/verify",
    "/v1/support/{reference}",
    "/v1/why",
    "/v1/audit/find",
    "/v1/radius/tail",
    "/v1/pending/{address}/approve",
    "/v1/pending/{address}/reject",
];

#[test]
fn of_every_path_it_is_known_whether_it_is_written_down() {
    let is_of = |pattern: &str, path: &str| {
        let path = path.split('?').next().unwrap_or_default();
        let (pattern, path): (Vec<_>, Vec<_>) =
            (pattern.split('/').collect(), path.split('/').collect());
        let fits = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
        pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
    };
    let requests = requests(SessionId::from_bytes([0; 16]), &"0".repeat(32));
    let paths = include_str!("../../admin.rs").split(".route(\"").skip(1);
    let paths: Vec<&str> = paths.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        let is_asked = requests.iter().any(|(_, asked, ..)| is_of(path, asked));
        let is_known = UNRECORDED.contains(&path) || RECORDED_ELSEWHERE.contains(&path);
        assert!(is_asked || is_known, "nobody says whether {path} is written down");
    }
}

#[tokio::test]
async fn who_follows_traffic_and_who_decides_about_newcomers_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["trail", "journal"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let office = Office::open_about(|about| {
        let records = Records {
            trail: store::TrailArchive::new(&folder.path().join("trail")),
            journal: store::Archive::new(&folder.path().join("journal")),
            writing: None,
        };
        About { records: Some(records), ..about }
    })
    .await;
    let follow = json!({"nas": "gate"});
    for _ in 0..2 {
        let (status, answer) = office.post("/v1/radius/tail", follow.clone()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let range = json!({
        "name": "park", "site": "walkway", "addresses": "10.3.0.0/24", "profile": "generic",
        "approval": "auto"
    });
    assert_eq!(office.post("/v1/ranges", range).await.0, 201);
    for address in ["10.3.0.7", "10.3.0.8", "10.3.0.9"] {
        let seen = nas_ranges::seen(address, domain::SecretProof::Proved);
        office.stage.store.record_pending(&seen, 10).await.unwrap();
    }
    assert_eq!(office.post("/v1/pending/10.3.0.8/reject", json!(null)).await.0, 200);
    assert_eq!(office.post("/v1/pending/10.3.0.7/approve", json!({})).await.0, 201);
    let newcomers =
        crate::newcomers::Newcomers::new(office.stage.store.shared(), office.stage.clock.clone());
    assert_eq!(newcomers.approve_proved().await.unwrap(), 1);
    let expected = [
        ("traffic-followed", "access-point:gate"),
        ("range-added", "range:park"),
        ("access-point-rejected", "address:10.3.0.8"),
        ("access-point-approved", "access-point:park-10.3.0.7"),
        ("access-point-approved", "access-point:park-10.3.0.9"),
    ];
    let expected = expected.map(|(act, subject)| (act.to_owned(), subject.to_owned()));
    assert_eq!(told_since(&office, 0).await, expected);
    let actors: Vec<_> = links(&office).await.into_iter().map(|link| link.actor).collect();
    assert!(actors[3].starts_with("uid ") && actors[4] == "sabeel", "{actors:?}");
}

#[tokio::test]
async fn every_act_that_changes_something_or_shows_personal_data_is_written_down() {
    let office = Office::open().await;
    let phone = office.stage.sign_in(7, 1).await;
    let session = office.stage.report("gate", &phone, 60, 1_000).await;
    let other = office.stage.sign_in(8, 2).await;
    let others = office.stage.report("pole", &other, 60, 1_000).await;
    let others = office.stage.store.find_session(others).await.unwrap().unwrap();
    let order = crate::quota::disconnect(&others, OrderReason::Admin, office.stage.clock.now());
    assert!(office.stage.store.add_order(&order).await.unwrap());
    let uid = nix::unistd::getuid();
    let actor = match nix::unistd::User::from_uid(uid).unwrap() {
        Some(user) => format!("uid {uid} ({})", user.name),
        None => format!("uid {uid}"),
    };
    for (method, path, body, act, subject) in requests(session, &order.id.to_string()) {
        let known = links(&office).await.len();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = office.call(method, &path, &body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        let told = told_since(&office, known).await;
        assert_eq!(told, [(act.to_owned(), subject)], "{path}");
        assert_eq!(links(&office).await[known].actor, actor, "{path}");
    }
    let known = links(&office).await.len();
    let person = json!({"phone": "+966512345607"});
    let account = format!("account:{}", phone.account);
    for (path, body) in [
        ("/v1/accounts/show", person.clone()),
        ("/v1/why", json!({"of": {"phone": "+966512345607"}})),
        ("/v1/audit/find", json!({"about": {"phone": "+966512345607"}})),
        ("/v1/consents/withdraw", json!({"phone": "+966512345607", "purpose": "service"})),
        ("/v1/accounts/hold", json!({"phone": "+966512345607", "why": "request 12/2026"})),
        ("/v1/accounts/release", person.clone()),
        ("/v1/accounts/erase", person),
    ] {
        let (status, answer) = office.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let acts = [
        "account-shown",
        "story-told",
        "audit-shown",
        "consent-withdrawn",
        "account-held",
        "account-released",
        "account-erased",
    ];
    let expected = acts.map(|act| (act.to_owned(), account.clone()));
    assert_eq!(told_since(&office, known).await, expected);

    let mut walk = ChainWalk::new(None);
    links(&office).await.iter().for_each(|link| walk.take(link).unwrap());
    walk.finish().unwrap();
}

#[tokio::test]
async fn what_was_refused_or_changes_nothing_is_not_written_down_but_who_was_looked_for_is() {
    let office = Office::open().await;
    let unknown = json!({"phone": "+966555555555"});
    for (method, path, body, status) in [
        (Method::DELETE, "/v1/plans/none", json!(null), 404),
        (Method::DELETE, "/v1/plans/visitor", json!(null), 409),
        (Method::DELETE, "/v1/access-points/none", json!(null), 404),
        (Method::PATCH, "/v1/access-points/gate", json!({}), 200),
        (Method::POST, "/v1/access-points/gate/finish-rotation", json!({}), 200),
        (Method::POST, "/v1/accounts/erase", unknown.clone(), 404),
        (Method::GET, "/v1/status", json!(null), 200),
        (Method::GET, "/v1/access-points", json!(null), 200),
    ] {
        assert_eq!(office.call(method, path, &body.to_string()).await.0, status, "{path}");
    }
    assert_eq!(links(&office).await, []);
    assert_eq!(office.post("/v1/accounts/show", unknown).await.0, 404);
    let why = json!({"of": {"device": "02:00:5e:10:00:01"}});
    assert_eq!(office.post("/v1/why", why).await.0, 404);
    let told = told_since(&office, 0).await;
    assert_eq!((told[0].0.as_str(), told[1].0.as_str()), ("account-shown", "story-told"));
    assert!(told[0].1.starts_with("number:") && told[1].1.starts_with("device:"), "{told:?}");
}

#[tokio::test]
async fn no_secret_and_no_number_comes_into_the_audit_log() {
    let office = Office::open().await;
    let nas = json!({
        "name": "old-box", "site": "walkway", "addresses": "192.0.2.0/24", "profile": "coova",
        "secret": "testing123", "portal_path": "oldbox2026",
        "hand_off": {"method": "uam", "secret": "uam-secret", "hosts": ["192.0.2.1:3990"]}
    });
    assert_eq!(office.post("/v1/access-points", nas).await.0, 201);
    let change =
        json!({"hand_off": {"method": "uam", "secret": "other-one", "hosts": ["10.0.0.1"]}});
    assert_eq!(office.patch("/v1/access-points/old-box", change).await.0, 200);
    let secret = json!({"secret": "a secret of thirty-two letters!!"});
    assert_eq!(office.post("/v1/access-points/old-box/rotate", secret).await.0, 200);
    let range = json!({
        "name": "pond", "site": "walkway", "addresses": "10.3.0.0/24", "profile": "generic",
        "secret": "range secret", "approval": "ask"
    });
    assert_eq!(office.post("/v1/ranges", range).await.0, 201);
    office.stage.sign_in(7, 1).await;
    office.post("/v1/accounts/show", json!({"phone": "+966512345607"})).await;
    office.get(&format!("/v1/sessions?device={}", mac(1))).await;
    let told = format!("{:?}", links(&office).await);
    assert!(told.contains("192.0.2.0/24") && told.contains("10.3.0.0/24"), "{told}");
    for clear in [
        "testing123",
        "oldbox2026",
        "uam-secret",
        "other-one",
        "thirty-two",
        "range secret",
        "512345607",
        &mac(1).to_string(),
    ] {
        assert!(!told.contains(clear), "{clear}");
    }
}

#[tokio::test]
async fn a_list_that_is_looked_at_all_the_time_is_written_down_every_ten_minutes() {
    let office = Office::open().await;
    for (seconds, path, expected) in [
        (0, "/v1/sessions", 1),
        (1, "/v1/sessions", 1),
        (0, "/v1/sessions?all=true", 2),
        (0, "/v1/sessions?nas=gate", 3),
        (0, "/v1/sessions?nas=gate&limit=5", 3),
        (598, "/v1/sessions", 3),
        (1, "/v1/sessions", 4),
        (599, "/v1/sessions", 4),
    ] {
        office.stage.advance(seconds);
        assert_eq!(office.get(path).await.0, 200, "{path}");
        assert_eq!(links(&office).await.len(), expected, "{seconds} s later, {path}");
    }
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_and_searched() {
    let office = Office::open().await;
    for name in ["a", "b", "c"] {
        let plan = json!({
            "name": name, "devices": 2, "idle_seconds": 900, "interim_seconds": 60,
            "remembered_seconds": 86_400
        });
        assert_eq!(office.post("/v1/plans", plan).await.0, 201);
    }
    let numbers = |answer: (u16, Value)| -> Vec<u64> {
        let items = answer.1["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(office.get("/v1/audit").await), [1, 2, 3]);
    assert_eq!(numbers(office.get("/v1/audit?after=2").await), [3]);
    assert_eq!(numbers(office.get("/v1/audit?after=3").await), [0_u64; 0]);
    let find = async |question: Value| numbers(office.post("/v1/audit/find", question).await);
    assert_eq!(find(json!({})).await, [3, 2, 1]);
    assert_eq!(find(json!({"limit": 1})).await, [3]);
    assert_eq!(find(json!({"about": {"subject": "plan:b"}})).await, [2]);
    assert_eq!(find(json!({"act": "plan-removed"})).await, [0_u64; 0]);
    assert_eq!(office.post("/v1/audit/find", json!({"limit": 0})).await.0, 422);
}
