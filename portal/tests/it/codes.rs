//! Stories of codes: resumed, sent again, mistyped, too late, too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{
    Charge, Counted, MessageState, PhoneNumber, Prices, Refused, RouteName, SmsText,
    SpendingLimits, Tariff, Timestamp,
};
use portal::{MessageGateways, MessagePlace, ReceiptAnswer, ReceiptTold};
use store::ChallengesOf;

use crate::browser::{Answer, Browser};
use crate::town::{MAC, PHONE, Town};

async fn to_code_page(town: &Town, browser: &Browser) -> Answer {
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    browser.visit(&sent.location()).await
}

async fn sends(town: &Town) -> usize {
    let since = crate::town::NOON - Duration::from_secs(3_600);
    let of_device = ChallengesOf::Device(MAC.parse().unwrap());
    let told = town.store.list_challenges(&of_device, since, 10).await.unwrap();
    told.iter().map(|challenge| challenge.messages.len()).sum()
}

/// Sends a form and follows to the page.
async fn submit(browser: &Browser, page: &Answer, form: &str, fields: &[(&str, &str)]) -> Answer {
    let answer = browser.post(page, form, fields).await;
    assert_eq!(answer.status, 303, "a form is answered with a redirect");
    browser.visit(&answer.location()).await
}

fn wrong(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

#[tokio::test]
async fn a_window_that_was_closed_opens_on_the_same_challenge() {
    let town = Town::open().await;
    let browser = town.english();
    to_code_page(&town, &browser).await;
    let code = town.next_code().await;
    town.wait(120);
    for _ in 0..3 {
        let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
        assert_eq!(page.title(), "Enter the code");
        assert!(page.shows("+9665•••••567"));
    }
    assert_eq!(sends(&town).await, 1, "showing a page sends nothing");
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(
        submit(&browser, &page, "code", &[("code", &code)]).await.title(),
        "Opening the way"
    );
}

#[tokio::test]
async fn a_second_tap_on_send_finds_the_first_challenge() {
    let town = Town::open().await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    for _ in 0..2 {
        let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
        assert!(sent.location().ends_with("/code"));
    }
    assert_eq!(sends(&town).await, 1);
}

#[tokio::test]
async fn another_code_is_sent_only_after_the_cooldown_and_both_codes_are_good() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    let first = town.next_code().await;
    assert!(page.body.contains("animation:come 0s 30s forwards"));

    town.wait(10);
    let page = submit(&browser, &page, "resend", &[]).await;
    assert!(page.shows("You can resend in 20 seconds."), "{}", page.body);
    assert_eq!(sends(&town).await, 1);

    town.wait(20);
    let page = submit(&browser, &page, "resend", &[]).await;
    assert!(page.shows("New code sent. Use the latest one."));
    assert_eq!(sends(&town).await, 2);
    let second = town.next_code().await;
    assert_ne!(first, second);
    assert_eq!(
        submit(&browser, &page, "code", &[("code", &first)]).await.title(),
        "Opening the way"
    );
}

#[tokio::test]
async fn sends_come_to_an_end_and_the_last_code_stays_good() {
    let town = Town::open().await;
    let browser = town.english();
    let mut page = to_code_page(&town, &browser).await;
    for wait in [30, 60] {
        town.next_code().await;
        town.wait(wait);
        page = submit(&browser, &page, "resend", &[]).await;
    }
    town.next_code().await;
    assert!(!page.body.contains("action=\"resend\""));
    let answer = browser.post_to(&format!("{}resend", page.base()), &[]).await;
    let page = browser.visit(&answer.location()).await;
    assert!(page.shows("We have sent all the messages we can"));
    assert_eq!(sends(&town).await, 3);
}

#[tokio::test]
async fn attempts_are_counted_down_in_words_until_the_challenge_is_locked() {
    let town = Town::open().await;
    let browser = town.browser();
    let mut page = to_code_page(&town, &browser).await;
    let code = town.next_code().await;
    for left in ["4 محاولات", "3 محاولات", "محاولتان", "محاولة واحدة"]
    {
        page = submit(&browser, &page, "code", &[("code", &wrong(&code))]).await;
        assert!(page.shows(&format!("الرمز غير مطابق. تبقّى لك {left}.")), "{left}: {}", page.body);
        assert!(
            page.body.contains("role=\"alert\"") && page.body.contains("aria-invalid=\"true\"")
        );
    }
    let reloaded = browser.visit(&format!("{}code?e=wrong", page.base())).await;
    assert!(reloaded.shows("محاولة واحدة"), "reloading costs no attempt");
    let page = submit(&browser, &page, "code", &[("code", &wrong(&code))]).await;
    assert_eq!(page.title(), "أهلًا بك في واي فاي الأحساء");
    assert!(page.shows("محاولات كثيرة. لنبدأ من جديد برمز آخر."));
    let late = browser.post_to(&format!("{}code", page.base()), &[("code", &code)]).await;
    assert!(!late.location().contains("online"), "the right code comes too late");
}

#[tokio::test]
async fn what_is_no_code_costs_no_attempt() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    for typed in ["", "12345", "abcdef", "1234567"] {
        let page = submit(&browser, &page, "code", &[("code", typed)]).await;
        assert!(page.shows("The code has 6 digits"), "{typed}");
    }
    let code = town.next_code().await;
    let page = submit(&browser, &page, "code", &[("code", &wrong(&code))]).await;
    assert!(page.shows("4 attempts left."));
}

#[tokio::test]
async fn an_expired_code_offers_a_new_one() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    let code = town.next_code().await;
    town.wait(300);
    let page = submit(&browser, &page, "code", &[("code", &code)]).await;
    assert!(page.shows("The code has expired. Request a new one below."));
    assert!(!page.body.contains("name=\"code\""), "a field takes no code: {}", page.body);
    assert!(page.body.contains("<button>Resend code</button>"), "{}", page.body);
    let page = submit(&browser, &page, "resend", &[]).await;
    let code = town.next_code().await;
    assert_eq!(
        submit(&browser, &page, "code", &[("code", &code)]).await.title(),
        "Opening the way"
    );
}

#[tokio::test]
async fn a_challenge_that_is_too_old_begins_again_with_the_number() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    town.wait(601);
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert_eq!(page.title(), "Welcome to Al-Ahsa Wi-Fi");
}

#[tokio::test]
async fn a_code_works_once() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    let code = town.next_code().await;
    let first = browser.post(&page, "code", &[("code", &code)]).await;
    let second = browser.post(&page, "code", &[("code", &code)]).await;
    assert!(first.location().ends_with("/online"));
    assert_eq!(browser.visit(&second.location()).await.title(), "Opening the way");
    let phone = "966551234567".parse().unwrap();
    let account = town.store.find_account(&phone).await.unwrap().unwrap();
    let record = town.store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!(record.grants.len(), 1);
}

#[tokio::test]
async fn the_number_can_be_changed() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    town.next_code().await;
    let page = submit(&browser, &page, "change", &[]).await;
    assert_eq!(page.title(), "Welcome to Al-Ahsa Wi-Fi");
    let page =
        submit(&browser, &page, "phone", &[("phone", "+96550123456"), ("terms", "yes")]).await;
    assert!(page.shows("+9655••••456"), "{}", page.body);
}

#[tokio::test]
async fn a_form_with_a_fault_keeps_what_was_typed_and_says_what_is_wrong() {
    let town = Town::open().await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    for (typed, reason) in [
        ("", "Please enter your mobile number."),
        ("05512", "The number seems incomplete or mistyped. Example: 05XXXXXXXX"),
        ("05512345a7", "The number contains letters. Digits only, please."),
        ("0135000000", "That is a landline and cannot receive texts."),
        ("+4915112345678", "Numbers from that country are not enabled yet."),
    ] {
        let answer = browser.post(&page, "phone", &[("phone", typed), ("terms", "yes")]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.shows(reason), "{typed}: {}", answer.body);
        assert!(answer.body.contains(&format!("value=\"{typed}\"")) || typed.starts_with('+'));
        assert!(answer.body.contains("aria-describedby=\"hint wrong\" aria-invalid=\"true\""));
        assert!(answer.body.contains("checked"));
    }
    let answer = browser.post(&page, "phone", &[("phone", PHONE)]).await;
    assert!(answer.shows("To continue, please accept the terms."));
    assert!(answer.body.contains(&format!("value=\"{PHONE}\"")));
    assert_eq!(sends(&town).await, 0);
}

#[tokio::test]
async fn a_message_that_waits_for_long_has_its_place_told() {
    let town = Town::open().await;
    let browser = town.english();
    let other = browser.visit(&town.gate_redirect("02:00:5e:10:00:09", "10.1.0.9")).await;
    browser.post(&other, "phone", &[("phone", "0551111111"), ("terms", "yes")]).await;
    town.wait(1);
    let page = to_code_page(&town, &browser).await;
    assert!(page.shows("It is good until 12:05."), "{}", page.body);
    assert!(!page.shows("Messages are slow"), "{}", page.body);
    town.wait(10);
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.shows("Your code is on its way; position 2."), "{}", page.body);
    assert!(page.shows("We are sending a 6-digit code to"), "{}", page.body);
    assert!(!page.shows("It is good until"), "its life has not begun: {}", page.body);
    let message = town.store.claim_messages(town.now(), town.now(), 1).await.unwrap().remove(0);
    let taken = MessageState::Accepted { reference: None };
    town.store
        .finish_message(message.id, &"main".parse().unwrap(), &taken, town.now())
        .await
        .unwrap();
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.shows("Your code is on its way; position 1."), "{}", page.body);
}

#[tokio::test]
async fn a_message_that_no_gateway_took_is_admitted() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    let until = town.now() + Duration::from_secs(60);
    let message = town.store.claim_messages(town.now(), until, 1).await.unwrap().remove(0);
    let failed = MessageState::Failed { reason: "no route".into() };
    town.store
        .finish_message(message.id, &"main".parse().unwrap(), &failed, town.now())
        .await
        .unwrap();
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.shows("We could not deliver to +9665•••••567."));
}

#[tokio::test]
async fn a_number_gets_three_challenges_in_a_quarter_of_an_hour_and_six_a_day() {
    let town = Town::open_with(|settings| settings.limits.sends_per_hour = 1_000).await;
    let browser = town.english();
    // By the same device, which is told; see below for the others.
    let ask = async || {
        let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.9")).await;
        let answer = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
        if answer.status == 303 {
            let code = browser.visit(&answer.location()).await;
            browser.post(&code, "change", &[]).await;
        }
        answer
    };
    for _ in 0..3 {
        assert_eq!(ask().await.status, 303);
    }
    let refused = ask().await;
    assert_eq!(refused.status, 429);
    assert!(refused.shows("Please wait 15 minutes."), "{}", refused.body);
    town.wait(901);
    for _ in 0..3 {
        assert_eq!(ask().await.status, 303);
    }
    town.wait(901);
    let refused = ask().await;
    assert!(refused.shows("This number reached today") && refused.status == 429);
}

#[tokio::test]
async fn an_over_budget_number_looks_like_any_other() {
    let town = Town::open().await;
    let browser = town.english();
    let ask = async |mac: &str, phone: &str| {
        let page = browser.visit(&town.gate_redirect(mac, "10.1.0.9")).await;
        let answer = browser.post(&page, "phone", &[("phone", phone), ("terms", "yes")]).await;
        browser.visit(&answer.location()).await
    };
    for n in 0..3 {
        ask(&format!("02:00:5e:10:01:{n:02x}"), PHONE).await;
        town.next_message().await.expect("a message");
    }
    let other = "0559876567";
    let pages = [ask("02:00:5e:10:01:08", PHONE).await, ask("02:00:5e:10:01:09", other).await];
    let shown = |page: &Answer| {
        let (status, base) = (page.status, page.base());
        (status, page.body.replace(&base, "").replace("+9665•••••567", ""))
    };
    assert_eq!(shown(&pages[0]), shown(&pages[1]), "the page is the same");
    let message = town.next_message().await.expect("the other number gets its code");
    assert!(message.contains("is your Al-Ahsa Wi-Fi code"), "{message}");
    let code: String = message.chars().filter(char::is_ascii_digit).take(6).collect();
    let guess = wrong(&code);
    assert_eq!(town.next_message().await, None, "and this one gets none");
    for page in &pages {
        // Nor do codes that are guessed, or asked for again, tell which is which.
        let wrong = submit(&browser, page, "code", &[("code", &guess)]).await;
        assert!(wrong.shows("4 attempts left."), "{}", wrong.body);
        town.wait(30);
        let again = submit(&browser, page, "resend", &[]).await;
        assert!(again.shows("New code sent."), "{}", again.body);
    }
}

#[tokio::test]
async fn numbers_of_one_block_get_twenty_messages_in_ten_minutes_but_at_an_event() {
    let town = Town::open().await;
    let browser = town.english();
    let ask = async |n: u8| {
        let mac = format!("02:00:5e:10:02:{n:02x}");
        let page = browser.visit(&town.gate_redirect(&mac, "10.1.0.9")).await;
        let phone = format!("05511100{n:02}");
        browser.post(&page, "phone", &[("phone", &phone), ("terms", "yes")]).await;
        town.next_message().await.is_some()
    };
    for n in 0..20 {
        assert!(ask(n).await, "{n}");
    }
    assert!(!ask(20).await);
    let mut event = |site: &mut domain::Site| site.event = true;
    town.store.change_site(&"walkway".parse().unwrap(), &mut event).await.unwrap();
    assert!(ask(21).await);
}

#[tokio::test]
async fn answers_about_a_number_and_its_code_leave_at_whole_steps() {
    const STEP: Duration = Duration::from_millis(150);
    let town = Town::open_with(|settings| settings.limits.answer_step_ms = 150).await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let form = [("phone", "0551234567"), ("terms", "yes")];
    let begun = Instant::now();
    let sent = browser.post(&page, "phone", &form).await;
    let typed = begun.elapsed();
    let code = browser.get(&sent.location()).await;
    let shown = begun.elapsed();
    browser.post(&code, "code", &[("code", "000000")]).await;
    let entered = begun.elapsed();
    browser.post(&code, "resend", &[]).await;
    let ends = [typed, shown, entered, begun.elapsed()];
    let mut last = Duration::ZERO;
    for end in ends {
        assert!(end - last >= STEP, "{ends:?}");
        last = end;
    }
}

#[tokio::test]
async fn a_refused_form_burns_no_shared_budget() {
    let town = Town::open_with(|settings| {
        settings.limits.sends_per_hour = 1;
        settings.limits.sends_per_access_point = 2;
    })
    .await;
    let browser = town.english();
    let ask = async |mac: &str, phone: &str| {
        let page = browser.visit(&town.gate_redirect(mac, "10.1.0.9")).await;
        browser.post(&page, "phone", &[("phone", phone), ("terms", "yes")]).await
    };
    let busy = "02:00:5e:10:01:01";
    let sent = ask(busy, PHONE).await;
    let code = browser.visit(&sent.location()).await;
    browser.post(&code, "change", &[]).await;
    for _ in 0..5 {
        let refused = ask(busy, "0559876543").await;
        assert!(refused.shows("Several requests from this device."), "{}", refused.body);
    }
    assert_eq!(ask("02:00:5e:10:01:02", "0559876543").await.status, 303, "its share is left");
    let refused = ask("02:00:5e:10:01:03", "0559876544").await;
    assert!(refused.shows("Many visitors are signing in right now."), "{}", refused.body);
}

#[tokio::test]
async fn a_device_gets_six_messages_an_hour_whatever_the_numbers() {
    let town = Town::open_with(|settings| settings.limits.numbers_per_device = 1_000).await;
    let browser = town.english();
    for n in 0..6 {
        let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
        let phone = format!("055123456{n}");
        let page = submit(&browser, &page, "phone", &[("phone", &phone), ("terms", "yes")]).await;
        submit(&browser, &page, "change", &[]).await;
    }
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let refused = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert_eq!(refused.status, 429);
    assert!(refused.shows("Several requests from this device."));
}

#[tokio::test]
async fn a_device_asks_codes_for_three_numbers_a_day() {
    let town = Town::open().await;
    let browser = town.english();
    for n in 0..4 {
        let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
        let phone = format!("055123456{n}");
        let answer = browser.post(&page, "phone", &[("phone", &phone), ("terms", "yes")]).await;
        assert_eq!(answer.status, if n < 3 { 303 } else { 429 }, "number {n}");
        let code = browser.visit(&format!("{}code", page.base())).await;
        if n < 3 {
            browser.post(&code, "change", &[]).await;
        }
    }
}

#[tokio::test]
async fn taps_at_the_same_time_send_one_code() {
    let town = Town::open().await;
    let browser = town.browser();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let form = [("phone", PHONE), ("terms", "yes")];
    let tap = || browser.post(&page, "phone", &form);
    let (one, two, three, four) = tokio::join!(tap(), tap(), tap(), tap());
    for answer in [one, two, three, four] {
        assert!(answer.status == 303 && answer.location().ends_with("/code"));
    }
    assert_eq!(sends(&town).await, 1);
}

#[tokio::test]
async fn a_page_can_be_renewed_but_not_its_right_to_have_messages_sent() {
    let town = Town::open().await;
    let browser = town.english();
    let form = [("phone", PHONE), ("terms", "yes")];
    let mut page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    for _ in 0..2 {
        town.wait(1_000);
        page = browser.visit(&page.base()).await;
    }
    let refused = browser.post(&page, "phone", &form).await;
    assert_eq!((refused.status, refused.title().as_str()), (403, "This page is too old"));
    assert_eq!(sends(&town).await, 0);
    // A redirect that was kept is worth no more.
    let kept = town.gate_redirect(MAC, "10.1.0.7");
    town.wait(599);
    page = browser.visit(&kept).await;
    town.wait(1_202);
    page = browser.visit(&page.base()).await;
    assert_eq!(browser.post(&page, "phone", &form).await.status, 403);
    // Sent anew by its access point, it goes on.
    page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(browser.post(&page, "phone", &form).await.status, 303);
    assert_eq!(sends(&town).await, 1);
}

#[tokio::test]
async fn help_shows_a_reference_under_which_the_visit_is_found() {
    let town = Town::open_with(|settings| settings.limits.sends_per_hour = 1).await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let help = browser.visit(&format!("{}help", page.base())).await;
    let text = help.between("Reference for the support team: <bdi dir=\"ltr\">", "</bdi>");
    let reference = text.parse().unwrap();
    assert_eq!(town.store.find_visit(&reference).await.unwrap(), None, "nothing was typed yet");
    let form = [("phone", PHONE), ("terms", "yes")];
    browser.post(&page, "phone", &form).await;
    let visit = town.store.find_visit(&reference).await.unwrap().unwrap();
    assert_eq!((visit.device, visit.refused), (MAC.parse().unwrap(), None));
    let other = [("phone", "0559876543"), ("terms", "yes")];
    assert_eq!(browser.post(&page, "phone", &other).await.status, 429);
    let visit = town.store.find_visit(&reference).await.unwrap().unwrap();
    assert_eq!(visit.refused, Some(Refused::First(Counted::SendsOfDevice)));
}

#[tokio::test]
async fn what_is_refused_before_a_message_is_found_by_the_reference() {
    let town = Town::open().await;
    let browser = town.english();
    let mut only_seen = |nas: &mut domain::Nas| nas.hand_off.sends = domain::SendRule::Seen;
    town.store.change_access_point(&"mall".parse().unwrap(), &mut only_seen).await.unwrap();
    let page = browser.visit(&format!("/n/path-of-the-mall/?mac={MAC}&ip=10.3.0.7")).await;
    let help = browser.visit(&format!("{}help", page.base())).await;
    let text = help.between("Reference for the support team: <bdi dir=\"ltr\">", "</bdi>");
    let reference = text.parse().unwrap();
    let why = async || {
        let visit = town.store.find_visit(&reference).await.unwrap().unwrap();
        let refusals = visit.refusals.unwrap();
        assert_eq!(visit.refused, Some(refusals.last.why));
        let whys = [refusals.first.why, refusals.last.why].map(Refused::name);
        (refusals.count, whys.join(" "))
    };
    let number = async |number: &str, terms: &str| {
        let form = [("phone", number), ("terms", "yes")];
        let fields = if terms.is_empty() { &form[..1] } else { &form[..] };
        browser.post(&page, "phone", fields).await.status
    };
    assert_eq!(number("0112345678", "yes").await, 422);
    assert_eq!(why().await, (1, "entry/number-landline entry/number-landline".to_owned()));
    assert_eq!(number(PHONE, "").await, 422);
    assert_eq!(why().await, (2, "entry/number-landline entry/terms".to_owned()));
    assert_eq!(number(PHONE, "yes").await, 403);
    assert_eq!(why().await, (3, "entry/number-landline entry/unseen".to_owned()));
    let voucher = browser.visit(&format!("{}voucher", page.base())).await;
    let form = [("code", "K7M2Q-XF4TN"), ("terms", "yes")];
    assert_eq!(browser.post(&voucher, "voucher", &form).await.status, 422);
    assert_eq!(why().await, (4, "entry/number-landline entry/voucher-unknown".to_owned()));
    let many = async || number("0112345678", "yes").await == 429;
    while !many().await {}
    assert_eq!(why().await.1, "entry/number-landline entry/forms");
}

#[tokio::test]
async fn when_everybody_comes_at_once_the_page_says_so() {
    let town = Town::open_with(|settings| settings.limits.sends_per_access_point = 1).await;
    let browser = town.english();
    let ask = async |mac: &str| {
        let page = browser.visit(&town.gate_redirect(mac, "10.1.0.9")).await;
        browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await
    };
    assert_eq!(ask("02:00:5e:10:01:01").await.status, 303);
    let refused = ask("02:00:5e:10:01:02").await;
    assert!(refused.status == 429 && refused.shows("Many visitors are signing in right now."));
}

#[tokio::test]
async fn a_device_that_hammers_is_slowed_down() {
    let town = Town::open_with(|settings| settings.limits.posts_per_device = 2).await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    assert_eq!(browser.post(&page, "code", &[("code", "1")]).await.status, 303);
    let refused = browser.post(&page, "code", &[("code", "1")]).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.title(), "One moment, please");
}

/// Whoever holds a phone near an access point guesses the code of a number all day long.
#[tokio::test]
async fn guessing_ends_after_five_and_thirty_a_day() {
    let town = Town::open_with(|settings| settings.limits.posts_per_device = 1_000).await;
    let browser = town.english();
    let mut guesses = Vec::new();
    // Every 16 minutes, which is as often as a number gets another code in the long run.
    for _ in 0..60 {
        let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
        let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
        if sent.status == 303 {
            let code = town.next_code().await;
            let mut page = browser.visit(&sent.location()).await;
            guesses.push(0);
            while page.body.contains("action=\"code\"") {
                page = submit(&browser, &page, "code", &[("code", &wrong(&code))]).await;
                *guesses.last_mut().unwrap() += 1;
            }
        } else {
            assert_eq!(sent.status, 429, "{}", sent.body);
        }
        town.wait(16 * 60);
    }
    assert_eq!(guesses, [5; 6], "16 hours of it");
}

#[tokio::test]
async fn a_device_that_radius_never_saw_gets_no_code() {
    let town = Town::open().await;
    let browser = town.english();
    let mut only_seen = |nas: &mut domain::Nas| nas.hand_off.sends = domain::SendRule::Seen;
    town.store.change_access_point(&"mall".parse().unwrap(), &mut only_seen).await.unwrap();
    let page = browser.visit(&format!("/n/path-of-the-mall/?mac={MAC}&ip=10.3.0.7")).await;
    let form = [("phone", PHONE), ("terms", "yes")];
    let refused = browser.post(&page, "phone", &form).await;
    assert_eq!((refused.status, refused.title().as_str()), (403, "Not connected to this network"));
    assert_eq!(town.next_message().await, None);

    let site = |name: &str| name.parse().unwrap();
    let device = MAC.parse().unwrap();
    let seen = |place| store::Appearance { device, site: site(place) };
    for (place, at, sent) in [
        ("elsewhere", town.now(), false),
        ("walkway", town.now() - Duration::from_secs(12 * 3_600 + 1), false),
        ("walkway", town.now() - Duration::from_secs(12 * 3_600), true),
    ] {
        town.store.record_appearances(&[seen(place)], at).await.unwrap();
        let answer = browser.post(&page, "phone", &form).await;
        assert_eq!(answer.status == 303, sent, "{place} {at:?}");
        assert_eq!(town.next_message().await.is_some(), sent, "{place} {at:?}");
    }
}

/// Those who carry messages, as a test wants them.
#[derive(Default)]
pub struct Carriers {
    pub take_messages: AtomicBool,
    pub whatsapp: Option<&'static str>,
    pub tariff: Option<Tariff>,
}

#[async_trait::async_trait]
impl MessageGateways for Carriers {
    fn take_messages(&self, _: Timestamp) -> bool {
        self.take_messages.load(Ordering::Relaxed)
    }

    fn whatsapp(&self, _: Timestamp) -> Option<RouteName> {
        self.whatsapp.map(|name| name.parse().unwrap())
    }

    fn charge(
        &self,
        route: Option<&RouteName>,
        phone: &PhoneNumber,
        text: &SmsText,
        now: Timestamp,
    ) -> Option<Charge> {
        self.tariff.as_ref().and_then(|tariff| tariff.charge(route, phone, text, now))
    }

    fn place(&self) -> Option<MessagePlace> {
        None
    }

    async fn take_receipt(&self, _: &ReceiptTold<'_>) -> ReceiptAnswer {
        ReceiptAnswer::NoSuchAddress
    }
}

#[tokio::test]
async fn nobody_resends_while_the_first_waits() {
    let town = Town::open().await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    assert!(page.body.contains("action=\"resend\""), "the page may stay open until it is of use");
    town.wait(30);
    let page = submit(&browser, &page, "resend", &[]).await;
    assert_eq!(sends(&town).await, 1);
    assert!(page.shows("Your code is on its way; position 1."), "{}", page.body);
    assert!(!page.body.contains("action=\"resend\"") && !page.shows("You can resend"));
    assert!(page.body.contains("<a href=\"code\">Look again</a>"), "{}", page.body);
    town.next_code().await;
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.body.contains("action=\"resend\"") && !page.shows("Look again"));
    submit(&browser, &page, "resend", &[]).await;
    assert_eq!(sends(&town).await, 2);
}

#[tokio::test]
async fn who_cannot_be_sent_anything_is_told_so_and_of_vouchers() {
    let carriers = Carriers::default();
    let town = Town::open_with_gateways(Arc::new(carriers)).await;
    let browser = town.english();
    let down = "Messaging is down for now. Vouchers are available";
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert!(page.shows(down) && page.body.contains("href=\"voucher\""), "{}", page.body);
    let page = submit(&browser, &page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    town.wait(10);
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.shows(down) && page.body.contains("href=\"voucher\""), "{}", page.body);
}

#[tokio::test]
async fn another_code_comes_by_whatsapp_if_that_is_there_and_asked_for() {
    let carriers =
        Carriers { take_messages: true.into(), whatsapp: Some("whatsapp"), tariff: None };
    let town = Town::open_with_gateways(Arc::new(carriers)).await;
    let browser = town.english();
    let page = to_code_page(&town, &browser).await;
    assert!(page.body.contains("value=\"whatsapp\">Send by WhatsApp<"), "{}", page.body);
    let page = submit(&browser, &page, "resend", &[("by", "whatsapp")]).await;
    assert_eq!(sends(&town).await, 1, "its cooldown is that of any message");
    town.wait(30);
    let page = submit(&browser, &page, "resend", &[("by", "whatsapp")]).await;
    assert!(page.shows("New code sent."), "{}", page.body);
    let until = town.now() + Duration::from_secs(60);
    let waiting = town.store.claim_messages(town.now(), until, 9).await.unwrap();
    let routes: Vec<_> =
        waiting.iter().map(|told| told.route.as_ref().map(RouteName::as_str)).collect();
    assert_eq!(routes, [None, Some("whatsapp")], "although the first still waits");

    let town = Town::open().await;
    let page = to_code_page(&town, &town.english()).await;
    assert!(!page.body.contains("whatsapp"), "who has none offers none");
}

/// Each message costs ten, to Kuwait twenty.
pub fn carriers_with_a_price(per_day: &str) -> Carriers {
    let money = |text: &str| text.parse().unwrap();
    let prices =
        Prices { price: money("10"), prices: [("965".parse().unwrap(), money("20"))].into() };
    let tariff = Tariff {
        limits: SpendingLimits { per_day: money(per_day), per_month: None },
        texts: vec![("main".parse().unwrap(), prices)],
        others: Vec::new(),
    };
    Carriers { take_messages: true.into(), whatsapp: None, tariff: Some(tariff) }
}

#[tokio::test]
async fn a_spent_day_stops_messages_and_nothing_else() {
    let town = Town::open_with_gateways(Arc::new(carriers_with_a_price("45"))).await;
    let browser = town.english();
    let down = "Messaging is down for now. Vouchers are available";
    let ask = async |mac: &str, phone: &str| {
        let page = browser.visit(&town.gate_redirect(mac, "10.1.0.7")).await;
        browser.post(&page, "phone", &[("phone", phone), ("terms", "yes")]).await
    };
    town.go_online(&browser, MAC, "10.1.0.7").await;
    let sent = ask("02:00:5e:10:00:05", "+96550000001").await;
    let code = browser.visit(&sent.location()).await;
    let sent = ask("02:00:5e:10:00:06", "0559876543").await;
    assert_eq!(sent.status, 303);
    for _ in 0..2 {
        let spent = ask("02:00:5e:10:00:07", "0559876544").await;
        assert_eq!(spent.status, 503);
        assert!(spent.shows(down) && spent.body.contains("href=\"voucher\""), "{}", spent.body);
    }
    let digits = town.next_code().await;
    assert!(town.next_message().await.is_some() && town.next_message().await.is_none());
    town.wait(30);
    let spent = browser.post(&code, "resend", &[]).await;
    assert!(spent.status == 503 && spent.shows(down), "{}", spent.body);
    let help = browser.visit(&format!("{}help", code.base())).await;
    let reference =
        help.between("Reference for the support team: <bdi dir=\"ltr\">", "<").parse().unwrap();
    let visit = town.store.find_visit(&reference).await.unwrap().unwrap();
    assert_eq!(visit.refused, Some(Refused::Another(Counted::Money)), "the help desk finds why");
    // A code that was sent is good, and who is known comes in as ever.
    let entered = browser.post(&code, "code", &[("code", &digits)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    let known = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_ne!(known.title(), "Welcome to Al-Ahsa Wi-Fi", "{}", known.body);
    // Days begin at midnight in Riyadh.
    town.wait(12 * 3_600);
    assert_eq!(ask("02:00:5e:10:00:07", "0559876544").await.status, 303);
}
