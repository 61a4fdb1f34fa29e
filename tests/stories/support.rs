//! A visitor who is refused before any code is sent, and what the help desk reads of it.

use crate::browser::Browser;
use crate::visit::{Coova, park};

#[tokio::test]
async fn the_help_desk_reads_why_no_code_was_sent_and_that_the_visitor_is_in_by_now() {
    let (city, mut messages) = park().await;
    let coova = Coova::install(&city).await;
    let browser = Browser::new(city.portal());
    let page = browser.visit(&coova.redirect("notyet")).await;
    for fields in [&[("phone", "05512"), ("terms", "yes")][..], &[("phone", "0551234567")]] {
        let answer = browser.submit(&page, "phone", fields).await;
        assert!(answer.status >= 400, "{} {}", answer.status, answer.body);
    }
    let reference = browser.reference(&page).await;
    let told = city.sabeel(&["support", &reference]).await.out;
    let refused = ["refused 2 times, first", "the number was incomplete or mistyped", "last"];
    for word in refused.iter().chain(&["the terms were not accepted\n", "stopped at number: "]) {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("551234567"), "{told}");

    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    let code = messages.next().await.code();
    browser.submit(&page, "code", &[("code", &code)]).await;
    let told = city.sabeel(&["support", &reference]).await.out;
    for word in refused.iter().chain(&["plan visitor\n"]) {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("stopped at number"), "{told}");
}
