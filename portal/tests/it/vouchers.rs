//! Stories of vouchers: scanned, typed in every way, shared, guessed, revoked.

use std::time::Duration;

use domain::{BatchName, GrantEnd, GrantState, Identity, VoucherBatch, VoucherCode};
use store::VouchersOf;

use crate::browser::{Answer, Browser};
use crate::town::{MAC, PHONE, Town, signed_query};

const CODES: [&str; 2] = ["K7M2Q-XF4TN", "23456-ABCDE"];
const OTHER: &str = "02:00:5e:10:00:02";
const THIRD: &str = "02:00:5e:10:00:03";

fn fair() -> BatchName {
    "fair".parse().unwrap()
}

/// A batch of two vouchers for two devices each at the walkway.
async fn make(town: &Town) {
    let batch = VoucherBatch {
        name: fair(),
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        devices: 2,
        until: town.now() + Duration::from_secs(86_400),
        lasts: Some(Duration::from_secs(4 * 3_600)),
        made_at: town.now(),
        made_by: "uid 0 (root)".into(),
        reason: "the fair".into(),
        revoked: None,
    };
    let codes: Vec<VoucherCode> = CODES.map(|code| code.parse().unwrap()).to_vec();
    town.store.add_voucher_batch(&batch, &codes).await.unwrap();
}

async fn voucher_page(town: &Town, browser: &Browser, mac: &str) -> Answer {
    let page = browser.visit(&town.gate_redirect(mac, "10.1.0.7")).await;
    assert!(page.body.contains("<a href=\"voucher\">"), "{}", page.body);
    let page = browser.visit(&format!("{}voucher", page.base())).await;
    assert_eq!(page.title(), "Log in with a voucher");
    page
}

async fn use_code(browser: &Browser, page: &Answer, code: &str) -> Answer {
    browser.post(page, "voucher", &[("code", code), ("terms", "yes")]).await
}

/// What is wrong, as the page says it.
async fn refused(town: &Town, mac: &str, code: &str) -> String {
    let browser = town.english();
    let page = voucher_page(town, &browser, mac).await;
    let answer = use_code(&browser, &page, code).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    answer.between("id=\"wrong\" role=\"alert\">", "</p>")
}

#[tokio::test]
async fn a_voucher_lets_a_device_online_and_sends_nothing() {
    let town = Town::open().await;
    make(&town).await;
    let browser = town.english();
    let page = voucher_page(&town, &browser, MAC).await;
    let answer = use_code(&browser, &page, CODES[0]).await;
    assert!(answer.location().ends_with("/online"), "{}", answer.body);
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert!(grant.holds(town.now()));
    assert_eq!(grant.until, town.now() + Duration::from_secs(4 * 3_600));
    let bearer = Identity::Voucher("fair/1".parse().unwrap());
    let account = town.store.find_account(&bearer).await.unwrap().unwrap();
    assert_eq!(account.id, grant.account);
    let record = town.store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!((record.consents.len(), record.devices.len()), (1, 1));
    assert_eq!(town.next_message().await, None);
    // Whoever is in is not asked again.
    let again = browser.get(&format!("{}voucher?code={}", page.base(), CODES[1])).await;
    assert!(browser.visit(&again.location()).await.title() != "Log in with a voucher");
}

#[tokio::test]
async fn looking_at_a_scanned_voucher_uses_nothing_up() {
    let town = Town::open().await;
    make(&town).await;
    let browser = town.english();
    // The picture leads to the portal, from there to where the gateway catches every stranger.
    let answer = browser.get(&format!("/voucher?code={}", CODES[0])).await;
    assert_eq!(answer.header("location"), "http://enter.example/?voucher=K7M2Q-XF4TN");
    let query = signed_query(MAC, "10.1.0.7", &town.now().as_secs().to_string());
    let query = query.replace(
        "http%3A%2F%2Fnews.example%2Ftoday",
        "http%3A%2F%2Fenter.example%2F%3Fvoucher%3DK7M2Q-XF4TN",
    );
    for _ in 0..3 {
        let page = browser.visit(&format!("/n/path-of-the-gate/?{query}")).await;
        assert_eq!(page.title(), "Log in with a voucher");
        assert!(page.body.contains("value=\"K7M2Q-XF4TN\""), "{}", page.body);
    }
    let (told, _) = town.store.find_voucher_batch(&fair()).await.unwrap().unwrap();
    assert_eq!(told.used, 0);
    let page = browser.visit(&format!("/n/path-of-the-gate/?{query}")).await;
    // Another language does not lose the code.
    let link =
        page.between("hreflang=\"ar\" href=\"", "\"").replace("&amp;", "&").replace("&#38;", "&");
    let arabic = browser.visit(&format!("{}{link}", page.base())).await;
    assert_eq!(arabic.title(), "الدخول بقسيمة");
    assert!(arabic.body.contains("value=\"K7M2Q-XF4TN\""), "{}", arabic.body);
    let answer = use_code(&browser, &arabic, &arabic.between("value=\"", "\"")).await;
    assert!(answer.location().ends_with("/online"));
}

#[tokio::test]
async fn without_a_gateway_a_scanned_voucher_says_what_to_do() {
    let town = Town::open_with(|settings| settings.entry_url = None).await;
    let page = town.english().visit("/voucher?code=k7m2qxf4tn").await;
    assert_eq!(page.title(), "Connect to the Wi-Fi first");
    assert!(
        page.shows("choose \"I have a voucher\" and enter K7M2Q-XF4TN.")
            || page.shows("enter K7M2Q-XF4TN."),
        "{}",
        page.body
    );
    let page = town.english().visit("/voucher?code=%22%3E%3Cscript%3E").await;
    assert!(!page.body.contains("<script"), "{}", page.body);
}

#[tokio::test]
async fn a_code_is_read_however_it_is_typed_and_what_is_wrong_is_said() {
    let town = Town::open().await;
    make(&town).await;
    let browser = town.english();
    let page = voucher_page(&town, &browser, MAC).await;
    let answer = browser.post(&page, "voucher", &[("code", CODES[0])]).await;
    assert!(answer.shows("To continue, please accept the terms."), "{}", answer.body);
    assert!(answer.body.contains("value=\"K7M2Q-XF4TN\""));
    let odd = refused(&town, MAC, "<b>\"K7M2Q").await;
    assert!(odd.contains("ten letters and digits"), "{odd}");
    for (mac, typed) in [(MAC, "k٧m٢q xf٤tn"), (OTHER, "k۷m۲qxf۴tn")] {
        let page = voucher_page(&town, &browser, mac).await;
        let answer = use_code(&browser, &page, typed).await;
        assert!(answer.location().ends_with("/online"), "{typed}");
    }
    let full = refused(&town, THIRD, CODES[0]).await;
    assert!(full.contains("as many devices"), "{full}");
    town.wait(4 * 3_600);
    let over = refused(&town, THIRD, CODES[0]).await;
    assert!(over.contains("time of this voucher is over"), "{over}");
}

#[tokio::test]
async fn unknown_and_revoked_codes_have_one_answer() {
    let town = Town::open().await;
    make(&town).await;
    let browser = town.english();
    let page = voucher_page(&town, &browser, MAC).await;
    use_code(&browser, &page, CODES[1]).await;
    let one = VouchersOf::One("fair/1".parse().unwrap());
    town.store.revoke_vouchers(&one, "lost", town.now()).await.unwrap();
    let unknown = refused(&town, THIRD, "99999-YYYYY").await;
    assert!(unknown.contains("not valid here"), "{unknown}");
    assert_eq!(refused(&town, THIRD, CODES[0]).await, unknown);
    // A batch that is revoked takes away what it gave.
    let all = VouchersOf::Batch(fair());
    town.store.revoke_vouchers(&all, "over", town.now()).await.unwrap();
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    let ended = GrantState::Ended { at: town.now(), why: GrantEnd::Revoked };
    assert_eq!(grant.state, ended);
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(page.title(), "Welcome to Al-Ahsa Wi-Fi");
    assert_eq!(refused(&town, THIRD, CODES[1]).await, unknown);
}

/// A code that is none, another one for each number.
fn guess_of(mut number: u32) -> String {
    let letters: Vec<char> = "ABCDEFGH".chars().collect();
    let mut code = "99999-".to_owned();
    for _ in 0..5 {
        code.push(letters[usize::try_from(number % 8).unwrap()]);
        number /= 8;
    }
    code
}

#[tokio::test]
async fn guessing_vouchers_is_bounded_by_device_and_for_all() {
    let town = Town::open_with(|settings| {
        settings.limits.posts_per_device = 2_000;
        settings.limits.posts_per_second = 2_000;
        settings.limits.vouchers_per_device = 4;
        settings.limits.vouchers_per_site = 40;
        settings.limits.vouchers_per_second = 2_000;
    })
    .await;
    make(&town).await;
    let browser = town.english();
    let mut compared = [0; 2];
    for device in 0..100_u32 {
        let mac = format!("02:00:5e:20:00:{device:02x}");
        let page = browser.visit(&town.gate_redirect(&mac, "10.1.0.7")).await;
        let form = format!("{}voucher", page.base());
        let mut of_device = 0;
        for guess in 0..10 {
            let code = guess_of(device * 10 + guess);
            let fields = [("code", code.as_str()), ("terms", "yes")];
            let answer = browser.post_to(&form, &fields).await;
            match answer.status {
                422 if answer.shows("not valid here") => of_device += 1,
                422 => {}
                status => assert_eq!(status, 429, "{}", answer.body),
            }
        }
        assert!(of_device <= 4, "{of_device} guesses of one device");
        compared[usize::from(device >= 50)] += of_device;
    }
    // Forty at once, and then some that time gives back.
    assert!(compared[0] >= 40 && compared[0] + compared[1] < 100, "{compared:?}");
    // Known devices and messages go on meanwhile.
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert!(sent.location().ends_with("/code"));
}

#[tokio::test]
async fn a_voucher_works_when_messages_are_spent() {
    let town = Town::open_with(|settings| settings.limits.sends_per_day = 1).await;
    make(&town).await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    browser.post_to(&format!("{}change", page.base()), &[]).await;
    let spent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert!(spent.shows("Use a voucher or try tomorrow."), "{}", spent.body);
    // Also for who waits for a code that never comes, since another device had it sent.
    let other = browser.visit(&town.gate_redirect(OTHER, "10.1.0.8")).await;
    browser.post(&other, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let code = browser.visit(&town.gate_redirect(OTHER, "10.1.0.8")).await;
    assert_eq!(code.title(), "Enter the code");
    assert!(code.body.contains("<a href=\"voucher\">"));
    let page = browser.visit(&format!("{}voucher", code.base())).await;
    let answer = use_code(&browser, &page, CODES[0]).await;
    assert!(answer.location().ends_with("/online"));
    let help = browser.visit("/help").await;
    assert!(help.shows("voucher from site staff") && help.body.contains("<a href=\"voucher\">"));
}
