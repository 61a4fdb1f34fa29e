use std::time::Duration;

use serde_json::json;

use super::*;

const REPORT: &str = "44012345";

async fn send(office: &Office, report: &str, phone: &str) -> (u16, Value) {
    office.post("/v1/codes", json!({"report": report, "phone": phone})).await
}

async fn verify(office: &Office, report: &str, code: &str) -> (u16, Value) {
    office.post("/v1/codes/verify", json!({"report": report, "code": code})).await
}

/// The words of the message that waits, and the code in it.
async fn message(office: &Office) -> (String, String) {
    let (now, store) = (office.stage.clock.now(), &office.stage.store);
    let until = now + Duration::from_secs(3_600);
    let claimed = store.claim_messages(now, until, 10).await.unwrap();
    assert_eq!(claimed.len(), 1, "one message waits");
    let text = claimed[0].text.expose().to_owned();
    let code = text.rsplit(' ').next().unwrap().to_owned();
    (text, code)
}

#[tokio::test]
async fn a_code_is_sent_and_verified_once() {
    let office = Office::open().await;
    let (status, sent) = send(&office, "٤٤٠١٢٣٤٥", "+966551234567").await;
    let expires_at = office.stage.clock.now() + Duration::from_secs(86_400);
    assert_eq!(
        (status, sent),
        (202, json!({"report": REPORT, "expires_at": expires_at, "sends": 1}))
    );
    let (text, code) = message(&office).await;
    assert_eq!(text, format!("ar {REPORT} {code}"));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    office.stage.clock.advance(Duration::from_secs(5 * 3_600));
    let told = |verdict: &str, left: u32| {
        (200, json!({"report": REPORT, "verdict": verdict, "attempts_left": left}))
    };
    assert_eq!(verify(&office, REPORT, wrong).await, told("wrong", 4));
    assert_eq!(verify(&office, REPORT, &code).await, told("verified", 0));
    assert_eq!(verify(&office, REPORT, &code).await, told("used", 0));
    let (status, refused) = verify(&office, "44012346", &code).await;
    assert_eq!((status, &refused["error"]), (404, &json!("not-found")));

    let links = office.stage.store.list_audit_links(0, 100).await.unwrap();
    let acts: Vec<_> =
        links.iter().map(|link| (link.act.as_str(), link.subject.as_str())).collect();
    let about = "report:44012345";
    assert_eq!(acts, ["code-sent", "code-refused", "code-verified"].map(|act| (act, about)));
    for link in links {
        let text = serde_json::to_string(&link).unwrap();
        assert!(!text.contains("551234567") && !link.detail.contains(&code), "{text}");
    }
}

#[tokio::test]
async fn codes_of_a_report_are_bounded() {
    let office = Office::open().await;
    assert_eq!(send(&office, REPORT, "+966551234567").await.0, 202);
    let (status, refused) = send(&office, REPORT, "+966551234567").await;
    assert_eq!((status, &refused["error"]), (429, &json!("too-many")));
    assert_eq!(refused["reason"], "the next code can be sent in 60 s");
    office.stage.clock.advance(Duration::from_secs(60));
    let (status, sent) = office
        .post("/v1/codes", json!({"report": REPORT, "phone": "+966551234567", "language": "en"}))
        .await;
    assert_eq!((status, &sent["sends"]), (202, &json!(2)));
    // Four of all reports may go to one number in a day; another number has its own.
    for (report, phone, expected) in [
        ("1", "+966551234567", 202),
        ("2", "+966551234567", 202),
        ("3", "+966551234567", 429),
        ("3", "+966551234568", 202),
    ] {
        assert_eq!(send(&office, report, phone).await.0, expected, "{report} to {phone}");
    }
    let sent = office.stage.store.list_audit_links(0, 100).await.unwrap();
    assert_eq!(sent.len(), 5, "what was not sent is not written down as sent");
}

#[tokio::test]
async fn what_is_no_report_number_or_code_is_said() {
    let office = Office::open().await;
    for (report, phone) in [("44-1", "+966551234567"), ("", "+966551234567"), ("1", "0551")] {
        assert_eq!(send(&office, report, phone).await.0, 400, "{report} {phone}");
    }
    assert_eq!(verify(&office, REPORT, "482913").await.0, 404);
    let (status, refused) = verify(&office, REPORT, "4829").await;
    let reason = refused["reason"].as_str().unwrap();
    assert!(status == 400 && reason.contains("a code is six digits"), "{status} {reason}");
}
