//! What holds for every page: its weight, its independence, its manners.

use domain::Usage;

use crate::browser::{Answer, Browser};
use crate::town::{Event, MAC, PHONE, Town, used};

const BUDGET: usize = 6_000;
const TERMS_BUDGET: usize = 14_000;

/// How large a page of that name may be.
pub fn budget_of(name: &str) -> usize {
    if name.contains("terms") { TERMS_BUDGET } else { BUDGET }
}
pub const LANGUAGES: [&str; 3] = ["ar", "en", "ur"];

/// Every screen of a journey in one language, by a name for the failure message.
pub async fn all_pages(town: &Town, browser: &Browser, mac: &str) -> Vec<(&'static str, Answer)> {
    let entry = town.gate_redirect(mac, "10.1.0.7");
    let first = browser.visit(&entry).await;
    let base = first.base();
    let fault = browser.post(&first, "phone", &[("phone", "05512")]).await;
    let voucher = browser.visit(&format!("{base}voucher?code=K7M2QXF4TN")).await;
    let typed = [("code", "K7M2QXF4T")];
    let voucher_fault = browser.post(&voucher, "voucher", &typed).await;
    let sent = browser.post(&first, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let code = browser.visit(&sent.location()).await;
    let wrong = browser.visit(&format!("{base}code?e=wrong")).await;
    let typed = town.next_code().await;
    let accepted = browser.post(&code, "code", &[("code", &typed)]).await;
    // Of two that wait, one is let go at once and the other in the end.
    let online = accepted.location();
    let (waiting, late) = tokio::join!(browser.visit(&online), browser.visit(&online));
    town.report("gate", mac, "10.1.0.7", Event::Started, Usage::default()).await;
    let online = browser.visit(&accepted.location()).await;
    let status = browser.visit(&format!("{base}status")).await;
    let devices = browser.visit(&format!("{base}devices")).await;
    let rate = browser.visit(&format!("{base}rate?e=score")).await;
    let my_data_ask = browser.visit(&format!("{base}me")).await;
    let sent = browser.post(&my_data_ask, "me/send", &[]).await;
    let my_data_code = browser.visit(&sent.location()).await;
    let typed = town.next_code().await;
    let opened = browser.post(&my_data_code, "me/code", &[("code", &typed)]).await;
    let my_data = browser.visit(&opened.location()).await;
    let erase = browser.visit(&format!("{}me/erase", my_data.base())).await;
    town.report("gate", mac, "10.1.0.7", Event::Stopped, used(7_200, 1)).await;
    let used_up = browser.visit(&entry).await;
    vec![
        ("first", first),
        ("fault", fault),
        ("voucher", voucher),
        ("voucher fault", voucher_fault),
        ("code", code),
        ("wrong", wrong),
        ("waiting", waiting),
        ("late", late),
        ("online", online),
        ("status", status),
        ("devices", devices),
        ("my data, before", my_data_ask),
        ("my data, code", my_data_code),
        ("my data", my_data),
        ("erase", erase),
        ("rate", rate),
        ("rated", browser.visit(&format!("{base}rated")).await),
        ("erased", browser.visit(&format!("{base}erased?r=K7M2QX")).await),
        ("kept", browser.visit(&format!("{base}kept?r=K7M2QX")).await),
        ("used up", used_up),
        ("bye", browser.visit(&format!("{base}bye")).await),
        ("refused", browser.visit(&format!("{base}refused")).await),
        ("help", browser.visit(&format!("{base}help")).await),
        ("contact", browser.visit(&format!("{base}contact")).await),
        ("terms", browser.visit(&format!("{base}terms")).await),
        ("public help", browser.visit("/help").await),
        ("public contact", browser.visit("/contact").await),
        ("public terms", browser.visit("/terms").await),
        ("token", browser.visit("/v/x/").await),
        ("arrival", browser.visit("/n/x/").await),
        ("missing", browser.visit("/nowhere").await),
        ("old link", browser.visit("/t/7Q2mZ9xK0a").await),
    ]
}

async fn in_every_language() -> Vec<(&'static str, &'static str, Answer)> {
    let mut pages = Vec::new();
    for (language, mac) in
        LANGUAGES.into_iter().zip([MAC, "02:00:5e:10:00:02", "02:00:5e:10:00:03"])
    {
        // A town each, since the day's allowance is the person's.
        let town = Town::open_patient().await;
        let browser = town.browser_in(language);
        let all = all_pages(&town, &browser, mac).await;
        pages.extend(all.into_iter().map(|(name, page)| (language, name, page)));
    }
    pages
}

#[tokio::test]
async fn every_page_keeps_its_budget_and_asks_for_nothing_else() {
    for (language, name, page) in in_every_language().await {
        let size = page.body.len();
        assert!(size <= budget_of(name), "{language} {name} has {size} bytes");
        for outside in
            ["<script", "<img", "<iframe", "<object", " src=", "url(", "@import", "srcset"]
        {
            assert!(!page.body.contains(outside), "{language} {name} has {outside}");
        }
        let onward = "href=\"http://news.example/today\"";
        let rest = page.body.replace(onward, "");
        assert!(!rest.contains("href=\"http"), "{language} {name} leads outside");
        assert!(!rest.contains("//"), "{language} {name}");
    }
}

#[tokio::test]
async fn every_page_says_its_language_direction_and_step() {
    for (language, name, page) in in_every_language().await {
        let direction = if language == "en" { "ltr" } else { "rtl" };
        let html = format!("<html lang=\"{language}\" dir=\"{direction}\">");
        assert!(page.body.contains(&html), "{language} {name}");
        assert!(page.body.contains("<h1>"), "{language} {name}");
        assert_eq!(page.header("content-language"), language, "{name}");
        for other in LANGUAGES {
            let offers = |end| page.body.contains(&format!("?lang={other}{end}"));
            let is_offered = offers("\">") || offers("&#38;code=");
            assert_eq!(is_offered, other != language, "{language} {name} offers {other}");
        }
        let absent = ["margin-left", "margin-right", "padding-left", "text-align:left", "float"];
        assert!(absent.iter().all(|word| !page.body.contains(word)), "{name} knows left and right");
    }
}

#[tokio::test]
async fn every_page_carries_the_security_headers() {
    for (language, name, page) in in_every_language().await {
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
        assert!(policy.contains("form-action 'self'"), "{language} {name}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("set-cookie"), "", "no cookie is needed");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn fields_are_labelled_and_made_for_telephones() {
    let town = Town::open_patient().await;
    let pages = all_pages(&town, &town.browser(), MAC).await;
    let page = |wanted: &str| &pages.iter().find(|(name, _)| *name == wanted).unwrap().1.body;
    let phone = "id=\"phone\" name=\"phone\" type=\"tel\" inputmode=\"tel\" autocomplete=\"tel\" dir=\"ltr\"";
    assert!(page("first").contains(phone) && page("first").contains("<label for=\"phone\">"));
    let code = "id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" dir=\"ltr\"";
    assert!(page("code").contains(code) && page("code").contains("<label for=\"code\">"));
    assert!(page("code").contains("<bdi dir=\"ltr\">+9665•••••567</bdi>"));
    let fault = page("fault");
    assert!(
        fault.contains("id=\"wrong\" role=\"alert\"")
            && fault.contains("aria-describedby=\"hint wrong\"")
    );
    assert!(fault.contains("id=\"unticked\" role=\"alert\""));
}

#[tokio::test]
async fn a_button_says_where_it_leads() {
    let town = Town::open_patient().await;
    let pages = all_pages(&town, &town.english(), MAC).await;
    for (name, button) in [
        ("code", "<button>Log in</button>"),
        ("my data, code", "<button>Show my data</button>"),
        ("bye", ">Login page</a>"),
        ("missing", ">Login page</a>"),
        ("token", ">Login page</a>"),
    ] {
        let page = &pages.iter().find(|(known, _)| *known == name).unwrap().1.body;
        assert!(page.contains(button), "{name}: {page}");
    }
}

#[tokio::test]
async fn a_fault_is_named_in_the_title_and_focused() {
    let town = Town::open().await;
    let browser = town.english();
    let first = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(first.title(), "Welcome to Al-Ahsa Wi-Fi");
    assert!(!first.body.contains("autofocus") && !first.body.contains("aria-invalid=\""));
    let focused = |page: &Answer| page.between("aria-invalid=\"true\"", ">").trim().to_owned();
    for (phone, terms, led_to) in
        [("05512", "yes", "autofocus=\"\""), (PHONE, "", "aria-describedby=\"unticked\" autofocus")]
    {
        let form = [("phone", phone), ("terms", terms)];
        let page =
            browser.post(&first, "phone", &form[..if terms.is_empty() { 1 } else { 2 }]).await;
        assert_eq!(page.title(), "Error: Welcome to Al-Ahsa Wi-Fi");
        assert_eq!(focused(&page), led_to, "{}", page.body);
        assert_eq!(page.body.matches("autofocus").count(), 1);
    }
    browser.post(&first, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let code = browser.visit(&format!("{}code", first.base())).await;
    assert_eq!(code.title(), "Enter the code");
    let wrong = browser.visit(&format!("{}code?e=wrong", first.base())).await;
    assert_eq!(wrong.title(), "Error: Enter the code");
    assert!(focused(&wrong).is_empty() && wrong.body.contains("autofocus"), "{}", wrong.body);
}

#[tokio::test]
async fn the_language_link_changes_the_page_and_all_that_follow() {
    let town = Town::open().await;
    let browser = town.browser();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let page = browser.visit(&format!("{}?lang=en", page.base())).await;
    assert_eq!(page.title(), "Welcome to Al-Ahsa Wi-Fi");
    let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    assert!(town.next_message().await.unwrap().contains("is your Al-Ahsa Wi-Fi code"));
    let page = browser.visit(&format!("{}code?lang=ar", page.base())).await;
    assert_eq!(page.title(), "إدخال الرمز");
}

#[tokio::test]
async fn looking_at_pages_writes_nothing() {
    let town = Town::open().await;
    let browser = town.browser();
    let base = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await.base();
    for page in [
        "", "code", "go", "online", "status", "devices", "rate", "rated", "me", "me/erase",
        "erased", "kept", "bye", "help", "terms", "refused",
    ] {
        browser.visit(&format!("{base}{page}")).await;
    }
    assert!(town.next_message().await.is_none());
    assert!(town.store.list_orders(&store::OrderFilter::latest(10)).await.unwrap().is_empty());
    let device = MAC.parse().unwrap();
    let sign_in = domain::Binding::SignIn { site: "walkway".parse().unwrap(), device };
    assert!(town.store.find_open_challenge(&sign_in).await.unwrap().is_none());
}
