//! The system that keeps the city's reports closes one with a code of the citizen.

use serde_json::json;

use crate::city::{City, tells};
use crate::sms_gateway::SmsGateway;

const REPORT: &str = "44012345";

#[tokio::test]
async fn a_report_is_closed_by_the_code_that_its_citizen_was_sent() {
    let mut messages = SmsGateway::open().await;
    let settings = messages.settings();
    let city = City::begin(&settings.each_ref().map(String::as_str)).await;
    let sent = city.json(&["code", "send", REPORT, "0551234567"]).await;
    assert_eq!((&sent["report"], &sent["sends"]), (&json!(REPORT), &json!(1)));
    let message = messages.next().await;
    let code = message.code();
    assert_eq!(message.to, "966551234567");
    assert_eq!(
        message.text,
        format!("أُغلق بلاغكم 940 رقم {REPORT}\nرمز التحقق من المعالجة: {code}")
    );
    let again = city.sabeel(&["code", "send", REPORT, "0551234567"]).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("the next code can be sent in"), "{}", again.err);

    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = city.sabeel(&["code", "verify", REPORT, wrong]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("the code is wrong; 4 more may be tried"), "{}", refused.err);
    let other = city.sabeel(&["code", "verify", "44012346", &code]).await;
    assert!(other.code == 1 && other.err.contains("no code was sent for report"), "{}", other.err);
    let verified = city.json(&["code", "verify", REPORT, &code]).await;
    assert_eq!(verified["verdict"], "verified");
    let again = city.sabeel(&["code", "verify", REPORT, &code]).await;
    assert!(again.code == 1 && again.err.contains("brought before"), "{}", again.err);

    let audit = city.sabeel(&["--json", "audit", "list"]).await.out;
    assert!(audit.contains("code-verified") && audit.contains("report:44012345"), "{audit}");
    assert!(city.sabeel(&["audit", "verify"]).await.code == 0);
    for told in [audit, city.log()] {
        assert!(!tells(&told, &code) && !told.contains("551234567"), "{told}");
    }
}
