//! What visitors agree to: each purpose by itself, in words that can be shown again.

use domain::{Consent, ConsentPurpose};

use crate::browser::Browser;
use crate::town::{MAC, PHONE, Town};

/// Enters number and code with these boxes ticked; what was agreed to then.
async fn sign_in(town: &Town, browser: &Browser, boxes: &[(&str, &str)]) -> Vec<Consent> {
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let fields = [&[("phone", PHONE)], boxes].concat();
    let sent = browser.post(&page, "phone", &fields).await;
    let page = browser.visit(&sent.location()).await;
    let code = town.next_code().await;
    assert_eq!(browser.post(&page, "code", &[("code", &code)]).await.status, 303);
    consents(town).await
}

async fn consents(town: &Town) -> Vec<Consent> {
    let account = town.store.find_account(&"966551234567".parse().unwrap()).await;
    let record = town.store.account_record(account.unwrap().unwrap().id).await;
    record.unwrap().unwrap().consents
}

fn purposes(consents: &[Consent]) -> Vec<ConsentPurpose> {
    consents.iter().map(|consent| consent.purpose).collect()
}

#[tokio::test]
async fn each_purpose_is_its_own_consent_and_awareness_is_unticked() {
    let town = Town::open().await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let aware = "<input type=\"checkbox\" name=\"aware\" value=\"yes\">";
    assert!(page.body.contains(aware), "{}", page.body);
    assert!(!page.body.contains("checked"));
    assert!(page.shows("I would like to receive the municipality&#39;s awareness messages"));

    // The one is not the price of the other, in neither direction.
    let fields = [("phone", PHONE), ("aware", "yes")];
    let refused = browser.post(&page, "phone", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&aware.replace("\">", "\" checked>")), "what was ticked stays");
    assert!(town.next_message().await.is_none());

    let agreed = sign_in(&town, &browser, &[("terms", "yes")]).await;
    assert_eq!(purposes(&agreed), [ConsentPurpose::Service]);

    let town = Town::open().await;
    let agreed = sign_in(&town, &town.english(), &[("terms", "yes"), ("aware", "yes")]).await;
    assert_eq!(purposes(&agreed), [ConsentPurpose::Awareness, ConsentPurpose::Service]);
    assert_ne!(agreed[0].wording, agreed[1].wording);
    assert!(agreed.iter().all(|consent| consent.withdrawn_at.is_none()));
}

#[tokio::test]
async fn awareness_is_offered_only_where_it_is_sent() {
    let town = Town::open_with(|settings| settings.offer_awareness = false).await;
    let browser = town.browser();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert!(!page.body.contains("name=\"aware\""));
    let agreed = sign_in(&town, &browser, &[("terms", "yes"), ("aware", "yes")]).await;
    assert_eq!(
        purposes(&agreed),
        [ConsentPurpose::Service],
        "nobody can agree to what is not there"
    );
}

#[tokio::test]
async fn who_goes_back_and_unticks_a_box_agrees_to_that() {
    let town = Town::open().await;
    let browser = town.browser();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let both = [("phone", PHONE), ("terms", "yes"), ("aware", "yes")];
    let sent = browser.post(&page, "phone", &both).await;
    let again = browser.post(&page, "phone", &both[..2]).await;
    assert_eq!(again.location(), sent.location());
    let code = town.next_code().await;
    assert!(town.next_message().await.is_none(), "nothing is sent twice");
    let page = browser.visit(&again.location()).await;
    assert_eq!(browser.post(&page, "code", &[("code", &code)]).await.status, 303);
    assert_eq!(purposes(&consents(&town).await), [ConsentPurpose::Service]);
}

#[tokio::test]
async fn what_was_agreed_to_can_be_shown_word_for_word() {
    for language in ["ar", "en", "ur"] {
        let town = Town::open_with(|settings| settings.terms_version = "2026-11".into()).await;
        let browser = town.browser_in(language);
        let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
        let terms = browser.visit(&format!("{}terms", first.base())).await;
        let agreed = sign_in(&town, &browser, &[("terms", "yes"), ("aware", "yes")]).await;
        for consent in agreed {
            assert_eq!(
                (consent.version.as_str(), consent.language.as_str()),
                ("2026-11", language)
            );
            assert_eq!((consent.site.as_str(), consent.channel.as_str()), ("walkway", "portal"));
            assert_eq!(consent.given_at, town.now());
            let words = town.store.find_wording(consent.wording.unwrap()).await.unwrap().unwrap();
            let words = words.replace(['\u{2066}', '\u{2068}', '\u{2069}'], "");
            let mut lines = words.lines();
            let beside_the_box = lines.next().unwrap().replace('\'', "&#39;");
            assert!(first.shows(&beside_the_box), "{language}: {beside_the_box}");
            let page: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
            let expected = if consent.purpose == ConsentPurpose::Service { 11 } else { 0 };
            assert_eq!(page.len(), expected, "{words}");
            for line in page {
                assert!(
                    terms.shows(&line.replace('\'', "&#39;").replace('"', "&quot;")),
                    "{language}: {line}"
                );
            }
        }
    }
}
