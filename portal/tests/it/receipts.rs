//! What gateways tell of messages reaches who reads it, and is answered so that they know what to do.

use std::sync::{Arc, Mutex};

use domain::{Charge, PhoneNumber, RouteName, SmsText, Timestamp};
use portal::{MessageGateways, MessagePlace, ReceiptAnswer, ReceiptTold};

use crate::town::Town;

/// Keeps what it is told, and answers as the secret end says.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl MessageGateways for Listener {
    fn take_messages(&self, _: Timestamp) -> bool {
        true
    }

    fn whatsapp(&self, _: Timestamp) -> Option<RouteName> {
        None
    }

    fn charge(
        &self,
        _: Option<&RouteName>,
        _: &PhoneNumber,
        _: &SmsText,
        _: Timestamp,
    ) -> Option<Charge> {
        None
    }

    fn place(&self) -> Option<MessagePlace> {
        None
    }

    async fn take_receipt(&self, receipt: &ReceiptTold<'_>) -> ReceiptAnswer {
        let kind = receipt.headers.get("content-type").map_or("", |value| value.to_str().unwrap());
        let body = String::from_utf8_lossy(receipt.body);
        let told = format!("{} {:?} {kind} {body}", receipt.end, receipt.query);
        self.0.lock().unwrap().push(told);
        match receipt.end {
            "good" => ReceiptAnswer::Taken,
            "forged" => ReceiptAnswer::Forged,
            "unreadable" => ReceiptAnswer::Unreadable,
            "away" => ReceiptAnswer::NotNow,
            _ => ReceiptAnswer::NoSuchAddress,
        }
    }
}

#[tokio::test]
async fn a_receipt_is_handed_on_and_answered() {
    let listener = Arc::new(Listener::default());
    let town = Town::open_with_gateways(listener.clone()).await;
    let browser = town.browser();
    for (end, expected) in
        [("good", 200), ("forged", 403), ("unreadable", 400), ("away", 503), ("nobody", 404)]
    {
        let by_get = browser.visit(&format!("/dlr/{end}?id=7&state=1")).await;
        let by_post = browser.post_to(&format!("/dlr/{end}"), &[("id", "7"), ("state", "1")]).await;
        assert_eq!((by_get.status, by_post.status), (expected, expected), "{end}");
        let told = std::mem::take(&mut *listener.0.lock().unwrap());
        let form = "application/x-www-form-urlencoded";
        let expected =
            [format!("{end} Some(\"id=7&state=1\")  "), format!("{end} None {form} id=7&state=1")];
        assert_eq!(told, expected);
    }
    let huge = "x".repeat(20_000);
    let answer = browser.post_to("/dlr/good", &[("id", &huge)]).await;
    assert_eq!((answer.status, listener.0.lock().unwrap().len()), (413, 0));
}

#[tokio::test]
async fn where_no_messages_are_sent_there_is_no_address_for_receipts() {
    let town = Town::open().await;
    assert_eq!(town.browser().visit("/dlr/good?id=7&state=1").await.status, 404);
}
