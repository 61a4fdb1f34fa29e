//! What an admin changes about a site is on its pages at once.

use std::time::Duration;

use domain::{
    Clock, HelpNumbers, Language, Localised, Look, Notice, OfficeNeed, OfficeState, SignIns, Site,
    TextKey,
};

use crate::browser::{Browser, PORTAL};
use crate::pages::{LANGUAGES, all_pages, budget_of};
use crate::town::{Event, MAC, PHONE, Town, used};

const BACKUP: &str = "The network is temporarily keeping municipal services running";
const BUSY: &str = "The site is very busy. We will try to let you in automatically in 60 seconds.";
const TRIAL: &str = "This service is on trial";

impl Town {
    /// Changes the walkway while the portal goes on.
    pub async fn change_site(&self, mut change: impl FnMut(&mut Site) + Send) {
        let changed = self.store.change_site(&"walkway".parse().unwrap(), &mut change).await;
        changed.unwrap().expect("the walkway is there");
    }
}

#[tokio::test]
async fn a_site_is_changed_in_place_and_the_page_follows_without_a_restart() {
    let town = Town::open().await;
    let browser = town.english();
    let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert!(first.shows("Al-Ahsa Walkway"), "{}", first.body);
    town.change_site(|site| {
        let title = std::mem::take(&mut site.title);
        site.title = title.with(Language::english(), "Oasis <Walk>");
        site.help = HelpNumbers {
            unified: Some("920 111 111".parse().unwrap()),
            reports: Some("940".parse().unwrap()),
            ..HelpNumbers::default()
        };
        site.countries = vec![];
    })
    .await;
    let page = browser.visit(&first.base()).await;
    assert!(page.body.contains("Oasis &lt;Walk&gt;"), "{}", page.body);
    let refused = browser.post(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    assert!(refused.body.contains("Numbers from that country are not enabled"), "{}", refused.body);
    let help = browser.visit(&format!("{}help", first.base())).await.body;
    assert!(help.contains("Unified number: <bdi dir=\"ltr\">920 111 111</bdi>"), "{help}");
    assert!(help.contains("WhatsApp: <bdi dir=\"ltr\">0500000000</bdi>"), "{help}");
    assert!(help.contains("Municipal reports: <bdi dir=\"ltr\">940</bdi>"), "{help}");
    let contact = browser.visit(&format!("{}contact", first.base())).await;
    assert!(contact.shows("WhatsApp: 0500000000") && contact.body.contains("<svg width=\"165\""));
    let elsewhere = browser.visit("/help").await.body;
    assert!(elsewhere.contains("920000000") && !elsewhere.contains("940"), "{elsewhere}");
}

#[tokio::test]
async fn what_is_open_to_everybody_is_named_where_it_helps() {
    let town = Town::open().await;
    let browser = town.english();
    let base = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await.base();
    assert!(!browser.visit(&base).await.shows("Municipal services"));
    town.change_site(|site| {
        site.garden = ["services.park.example", "maps.park.example", "a.example", "cdn.example"]
            .map(|host| host.parse().unwrap())
            .to_vec();
        site.notice = Some(Notice::InternetDown);
    })
    .await;
    let page = browser.visit(&base).await;
    assert!(page.shows("Municipal services (no login needed)"), "{}", page.body);
    assert!(page.body.contains("href=\"https://services.park.example/\""), "{}", page.body);
    assert!(!page.body.contains("cdn.example"), "three are enough: {}", page.body);
    assert!(page.shows("Local municipal services still work."), "{}", page.body);
    town.go_online(&browser, MAC, "10.1.0.7").await;
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(7_200, 1)).await;
    let page = browser.visit(&base).await;
    assert!(page.shows("It renews at 00:00. Municipal services stay open."), "{}", page.body);
}

#[tokio::test]
async fn a_notice_is_on_every_page_until_it_is_taken_back() {
    let town = Town::open().await;
    let browser = town.english();
    let base = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await.base();
    town.change_site(|site| {
        site.notice = Some(Notice::OfficeBackup);
        site.trial = true;
    })
    .await;
    for page in ["", "bye", "help", "terms", "refused"] {
        let body = browser.visit(&format!("{base}{page}")).await.body;
        assert!(body.contains(BACKUP) && body.contains(TRIAL), "{page} {body}");
    }
    town.change_site(|site| site.notice = Some(Notice::InternetDown)).await;
    let body = browser.visit(&base).await.body;
    assert!(body.contains("Internet is down at this site") && !body.contains(BACKUP), "{body}");
    town.change_site(|site| {
        site.notice = None;
        site.trial = false;
    })
    .await;
    for page in ["", "bye", "help", "terms", "refused"] {
        let body = browser.visit(&format!("{base}{page}")).await.body;
        assert!(!body.contains("class=\"note\""), "{page} {body}");
    }
}

impl Town {
    /// The controller notes that the office came to the path of the walkway, or left it.
    async fn note_office(&self, generation: u64, sign_ins: Option<SignIns>) {
        let now = self.clock.now();
        let until = now + Duration::from_secs(900);
        let need = sign_ins.map(|sign_ins| OfficeNeed { since: now, until, sign_ins });
        self.change_site(|site| {
            site.office = Some("hofuf/radio".parse().unwrap());
            site.office_state = OfficeState { generation, need };
        })
        .await;
    }
}

#[tokio::test]
async fn while_an_office_is_there_every_page_says_so_and_none_when_it_is_not_heard_of_any_more() {
    let town = Town::open().await;
    let browser = town.english();
    let base = town.go_online(&browser, MAC, "10.1.0.7").await.base();
    let other = browser.visit(&town.gate_redirect("02:00:5e:10:00:02", "10.1.0.8")).await.base();
    let pages = [format!("{base}status"), other.clone(), format!("{other}help")];
    let say = async |expected: bool| {
        for page in &pages {
            let page = browser.visit(page).await;
            assert_eq!(page.body.matches(BACKUP).count(), usize::from(expected), "{}", page.body);
            assert!(page.body.len() <= 6_000, "{}", page.body.len());
        }
    };
    say(false).await;
    town.note_office(1, Some(SignIns::Open)).await;
    say(true).await;
    town.change_site(|site| site.notice = Some(Notice::OfficeBackup)).await;
    say(true).await;
    town.change_site(|site| site.notice = None).await;
    town.note_office(2, None).await;
    say(false).await;
    town.note_office(3, Some(SignIns::Open)).await;
    town.clock.advance(Duration::from_secs(900));
    let page = browser.visit(&format!("{other}help")).await;
    assert!(!page.shows(BACKUP), "nobody said so again");
}

#[tokio::test]
async fn where_an_office_leaves_no_room_nobody_new_gets_a_code_and_who_signed_in_stays() {
    let town = Town::open().await;
    let browser = town.english();
    let online = town.go_online(&browser, MAC, "10.1.0.7").await;
    let stranger = browser.visit(&town.gate_redirect("02:00:5e:10:00:02", "10.1.0.8")).await;
    town.note_office(1, Some(SignIns::Stopped)).await;
    let form = [("phone", "0551234569"), ("terms", "yes")];
    let sent = browser.post(&stranger, "phone", &form).await;
    assert!(!sent.location().ends_with("/code") && town.next_message().await.is_none());
    let full = browser.visit(&stranger.base()).await;
    assert!(full.shows(BUSY), "{}", full.body);
    assert!(full.shows(BACKUP) && !full.body.contains("<form"), "{}", full.body);
    assert_eq!(browser.visit(&format!("{}status", online.base())).await.title(), "Session status");
    // Whoever is known comes back without a code.
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(60, 1)).await;
    let back = browser.get(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let back = browser.get(&back.location()).await;
    assert!(back.location().ends_with("/go"), "{}", back.location());
    town.note_office(2, Some(SignIns::Open)).await;
    assert_eq!(browser.visit(&stranger.base()).await.title(), "Welcome to Al-Ahsa Wi-Fi");
}

#[tokio::test]
async fn phones_are_told_of_the_page_about_the_place_where_they_are() {
    let town = Town::open_with(|settings| {
        settings.venue_info_url = Some("https://city.example/".into());
    })
    .await;
    let browser = town.browser();
    let ask = async || {
        let accept = "Accept: application/captive+json\r\n";
        let answer = browser.ask("GET", PORTAL, "/n/path-of-the-gate/capport", accept).await;
        let state: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        state["venue-info-url"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask().await, "https://city.example/");
    town.change_site(|site| site.venue = Some("https://park.example/en".parse().unwrap())).await;
    assert_eq!(ask().await, "https://park.example/en");
    town.change_site(|site| site.venue = None).await;
    assert_eq!(ask().await, "https://city.example/");
}

#[tokio::test]
async fn a_site_speaks_in_its_own_words_and_messages_carry_its_name() {
    let town = Town::open().await;
    let browser = town.english();
    let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    town.change_site(|site| {
        for (key, language, text) in [
            (TextKey::NetworkName, "en", "Oasis & Wi-Fi"),
            (TextKey::NetworkName, "ar", "شبكة الواحة"),
            (TextKey::LandingBody, "en", "Sit down & rest."),
        ] {
            site.texts.put(key, language.parse().unwrap(), text);
        }
        site.texts.check().unwrap();
    })
    .await;
    let page = browser.visit(&first.base()).await;
    assert!(page.body.contains("<h1>Welcome to Oasis &amp; Wi\u{2011}Fi</h1>"), "{}", page.body);
    assert!(page.body.contains("<p>Sit down &amp; rest.</p>"), "{}", page.body);
    let arabic = browser.visit(&format!("{}?lang=ar", first.base())).await;
    assert_eq!(arabic.title(), "أهلًا بك في شبكة الواحة");
    assert!(arabic.body.contains("أمانة الأحساء"), "what is not replaced stays");
    browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let message = town.next_message().await.unwrap();
    assert!(message.contains("is your Oasis & Wi-Fi code"), "{message}");
}

#[tokio::test]
async fn a_site_has_a_mark_and_colours_of_its_own() {
    let town = Town::open().await;
    let browser = town.browser();
    let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let (own, style) = ("<path d=\"M20 2c9 11", ":root{--a:#1b3a6b;--o:#ffffff}");
    assert!(first.body.contains(own) && !first.body.contains(style));
    town.change_site(|site| {
        site.look = Look {
            logo: Some("M0 0h40v40H0z".parse().unwrap()),
            colours: Some("#1b3a6b,#ffffff".parse().unwrap()),
        };
    })
    .await;
    let page = browser.visit(&first.base()).await.body;
    assert!(page.contains("<path d=\"M0 0h40v40H0z\" fill=\"currentColor\"/>"), "{page}");
    assert!(page.contains(style) && !page.contains(own), "{page}");
}

/// As much of everything as an admin can ask for.
fn everything_on(site: &mut Site) {
    site.title = Localised::default();
    for language in LANGUAGES {
        let language: Language = language.parse().unwrap();
        let letter = if language == Language::english() { "x" } else { "ش" };
        site.title = std::mem::take(&mut site.title).with(language.clone(), letter.repeat(60));
        for key in TextKey::ALL {
            let text = letter.repeat(key.most(&language, letter));
            site.texts.put(key, language.clone(), text);
        }
    }
    site.texts.check().unwrap();
    let number = || Some("+966 13 000 0000 000 0000".get(..24).unwrap().parse().unwrap());
    // The longest that is drawn, too.
    let whatsapp = Some("+966 1-3 0-0-0 0-0 00000".parse().unwrap());
    site.help = HelpNumbers { unified: number(), whatsapp, reports: number() };
    site.trial = true;
    site.notice = Some(Notice::OfficeBackup);
    site.look = Look {
        logo: Some(format!("M{}0", "0 ".repeat(199)).parse().unwrap()),
        colours: Some("#1b3a6b,#ffffff".parse().unwrap()),
    };
}

#[tokio::test]
async fn a_page_with_everything_on_keeps_its_budget() {
    for language in LANGUAGES {
        let town = Town::open_patient().await;
        town.change_site(everything_on).await;
        for (name, page) in all_pages(&town, &town.browser_in(language), MAC).await {
            let size = page.body.len();
            assert!(size <= budget_of(name), "{language} {name} has {size} bytes");
        }
    }
}

fn open(site: &mut Site, hours: &str) {
    site.hours = vec![hours.parse().unwrap()].try_into().unwrap();
}

#[tokio::test]
async fn a_closed_site_says_when_it_opens_and_sends_no_code() {
    // It is noon.
    let town = Town::open().await;
    let browser = town.english();
    let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    town.change_site(|site| open(site, "daily 16:00-01:00")).await;
    let closed = browser.visit(&first.base()).await;
    assert_eq!(closed.title(), "The network is closed now");
    assert!(closed.shows("The network is open from 16:00 to 01:00."), "{}", closed.body);
    assert!(!closed.body.contains("<form"), "{}", closed.body);
    let sent = browser.post(&first, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert_eq!(sent.location(), first.base());
    assert!(town.next_message().await.is_none());
    for page in ["code", "go", "online", "status"] {
        let answer = browser.get(&format!("{}{page}", first.base())).await;
        assert_eq!(answer.location(), first.base(), "{page}");
    }
    let arabic = browser.visit(&format!("{}?lang=ar", first.base())).await;
    assert!(arabic.shows("الشبكة متاحة من 16:00 إلى 01:00. نراك قريبًا."), "{}", arabic.body);

    town.wait(4 * 3_600);
    let open = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(open.title(), "Welcome to Al-Ahsa Wi-Fi");
}

#[tokio::test]
async fn who_is_online_sees_no_more_time_than_until_the_site_closes() {
    let town = Town::open().await;
    let browser = town.english();
    town.change_site(|site| open(site, "daily 08:00-13:00")).await;
    let online = town.go_online(&browser, MAC, "127.0.0.1").await;
    assert!(online.shows("Today&#39;s allowance: 1 hour and 1 GB."), "{}", online.body);
    let ask = async || {
        let accept = "Accept: application/captive+json\r\n";
        let answer = browser.ask("GET", PORTAL, "/n/path-of-the-gate/capport", accept).await;
        serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()
    };
    let state = ask().await;
    assert_eq!((&state["captive"], &state["seconds-remaining"]), (&false.into(), &3_600.into()));
    town.wait(3_600);
    town.report("gate", MAC, "127.0.0.1", Event::Interim, used(3_600, 1)).await;
    let state = ask().await;
    assert!(state["captive"] == true && state.get("seconds-remaining").is_none(), "{state}");
    let page = browser.visit(&town.gate_redirect(MAC, "127.0.0.1")).await;
    assert_eq!(page.title(), "The network is closed now");
}

#[tokio::test]
async fn a_site_offers_its_languages_and_the_first_is_its_own() {
    let town = Town::open().await;
    town.change_site(|site| site.languages = ["en", "ur"].map(|tag| tag.parse().unwrap()).into())
        .await;
    let entry = town.gate_redirect(MAC, "10.1.0.7");
    for (wanted, given) in
        [("ar-SA,ar;q=0.9", "en"), ("ar,ur;q=0.5,en;q=0.4", "ur"), ("ur", "ur"), ("fr", "en")]
    {
        let page = Browser { accept_language: wanted, ..town.browser() }.visit(&entry).await;
        assert_eq!(page.header("content-language"), given, "{wanted}");
        for language in LANGUAGES {
            let offered = page.body.contains(&format!("?lang={language}\">"));
            assert_eq!(offered, language != given && language != "ar", "{wanted} {language}");
        }
        let linked = town.browser().visit(&format!("{}?lang=ar", page.base())).await;
        assert_eq!(linked.header("content-language"), "en", "a language that is not offered");
    }
    town.change_site(|site| site.languages = vec!["xx".parse().unwrap()]).await;
    let page = town.browser().visit(&entry).await;
    assert_eq!(page.header("content-language"), "ar", "a language without words is none");
}

#[tokio::test]
async fn who_comes_to_a_full_site_waits_and_who_has_begun_goes_on() {
    let town = Town::open().await;
    let browser = town.english();
    let begun = browser.visit(&town.gate_redirect("02:00:5e:10:00:02", "10.1.0.8")).await;
    let form = [("phone", "0551234568"), ("terms", "yes")];
    let begun = browser.post(&begun, "phone", &form).await;
    town.next_message().await.unwrap();
    town.change_site(|site| site.capacity = Some(1)).await;
    let online = town.go_online(&browser, MAC, "10.1.0.7").await;
    assert_eq!(online.title(), "You are online");

    let entry = town.gate_redirect("02:00:5e:10:00:03", "10.1.0.9");
    let full = browser.visit(&entry).await;
    assert!(full.shows(BUSY), "{}", full.body);
    assert!(!full.body.contains("<form"), "{}", full.body);
    assert_eq!(full.header("refresh"), format!("60; url={}", full.base()));
    let form = [("phone", "0551234569"), ("terms", "yes")];
    let sent = browser.post_to(&format!("{}phone", full.base()), &form).await;
    assert!(!sent.location().ends_with("/code") && town.next_message().await.is_none());
    assert_eq!(browser.visit(&begun.location()).await.title(), "Enter the code");
    assert_eq!(browser.visit(&format!("{}status", online.base())).await.title(), "Session status");

    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(60, 1)).await;
    assert_eq!(browser.visit(&entry).await.title(), "Welcome to Al-Ahsa Wi-Fi");
}
