use super::*;

const HOST: &str = "https://wifi.alhasa.gov.sa";

fn form(form: MessageForm) -> Form {
    Form::new(form, Some(&HOST.parse().unwrap())).unwrap()
}

/// The message with a code to sign in.
fn message(form: &Form, language: &Language) -> String {
    let (code, token) = ("482913".parse().unwrap(), "7Q2mZ9xK0a".parse().unwrap());
    let link = form.has_links().then_some(&token);
    let catalogue = Catalogue::new();
    let text = form.message(&catalogue.words(language), Purpose::SignIn, &code, link);
    text.expose().to_owned()
}

#[test]
fn a_code_fits_into_one_message() {
    let catalogue = Catalogue::new();
    for written in [MessageForm::Plain, MessageForm::Bound, MessageForm::Link] {
        assert_eq!(form(written).check_all(&catalogue), Ok(()), "{written:?}");
    }
    let (arabic, english) =
        (message(&Form::Plain, &Language::arabic()), message(&Form::Plain, &Language::english()));
    assert_eq!(arabic, "رمز واي فاي الأحساء 482913\nصالح 5 دقائق، ولا تشاركه مع أحد.");
    assert!(english.starts_with("482913"));
    let minutes = domain::ChallengePolicy::default().code_life.as_secs() / 60;
    assert!(arabic.contains(&format!("{minutes} دقائق")) && english.contains("5 minutes"));
}

#[test]
fn the_last_line_is_bound_to_the_host() {
    let last = "\n@wifi.alhasa.gov.sa #482913";
    for language in ["ar", "en", "ur"] {
        let text = message(&form(MessageForm::Bound), &language.parse().unwrap());
        assert!(text.ends_with(last), "{text}");
    }
    // Where the alphabet has room for both.
    assert!(message(&form(MessageForm::Link), &Language::english()).ends_with(last));
}

#[test]
fn the_link_stands_on_a_line_of_its_own() {
    for language in ["ar", "en", "ur"] {
        let text = message(&form(MessageForm::Link), &language.parse().unwrap());
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|line| line.contains("482913")), "{text}");
        assert!(lines.any(|line| line == "https://wifi.alhasa.gov.sa/t/7Q2mZ9xK0a"), "{text}");
    }
    let arabic = message(&form(MessageForm::Link), &Language::arabic());
    assert_eq!(arabic, "رمز الدخول 482913 أو اضغط:\nhttps://wifi.alhasa.gov.sa/t/7Q2mZ9xK0a");
}

#[test]
fn a_host_that_is_too_long_for_a_form_is_refused() {
    let check = |written, host: &str| {
        let secure = format!("https://{host}").parse().unwrap();
        Form::new(written, Some(&secure)).unwrap().check_all(&Catalogue::new())
    };
    for (written, key, fits) in [
        (MessageForm::Bound, "sms-code-bound", "wifi.alhasa-gov.saud"),
        (MessageForm::Link, "sms-code-link", "wifi.al-ahsa.gov.saud"),
    ] {
        assert_eq!(check(written, fits), Ok(()), "{written:?}");
        let refusal = check(written, "visitors.wifi.al-ahsa.gov.sa").unwrap_err().to_string();
        assert!(refusal.contains(&format!("`{key}` in language `ar`")), "{refusal}");
        assert_eq!(check(MessageForm::Plain, "visitors.wifi.al-ahsa.gov.sa"), Ok(()));
    }
}

#[test]
fn a_name_that_leaves_no_room_is_refused_for_its_site_and_the_code_goes_out_alone() {
    let mut own = SiteTexts::default();
    own.put(TextKey::NetworkName, Language::arabic(), "شبكة الزوار المجانية");
    assert_eq!(own.check(), Ok(()));
    let settings = |message_form| PortalSettings {
        message_form,
        secure_url: Some(HOST.into()),
        ..PortalSettings::default()
    };
    let check = |form| Messages::new(&settings(form)).unwrap().check_site(&own);
    // The link leaves no room for a name at all, so any will do.
    assert_eq!([check(MessageForm::Plain), check(MessageForm::Link)], [Ok(()), Ok(())]);
    let refusal = check(MessageForm::Bound).unwrap_err().to_string();
    assert!(refusal.contains("`sms-code-bound` in language `ar`"), "{refusal}");
    assert!(refusal.contains("72 of 70"), "{refusal}");
    let catalogue = Catalogue::new();
    let words = catalogue.words(&Language::arabic()).of_site(&own);
    let code = "482913".parse().unwrap();
    let text = form(MessageForm::Bound).message(&words, Purpose::SignIn, &code, None);
    assert_eq!(SmsLength::of(text.expose()).segments, 1);
    assert!(!text.expose().contains('@'), "{}", text.expose());
}

#[test]
fn a_report_is_told_closed_with_its_code() {
    let (report, code) = ("44012345".parse().unwrap(), "482913".parse().unwrap());
    let text = |language| {
        let text = Messages::new(&PortalSettings::default())
            .unwrap()
            .report_code(&language, &report, &code);
        text.expose().to_owned()
    };
    let arabic = "أُغلق بلاغكم 940 رقم 44012345\nرمز التحقق من المعالجة: 482913";
    assert_eq!(text(Language::arabic()), arabic);
    assert!(text(Language::english()).ends_with("482913"));
    assert_eq!(text("xx".parse().unwrap()), arabic, "there is no such file");
}

#[test]
fn a_code_fits_into_one_message_whatever_the_network_is_called() {
    let catalogue = Catalogue::new();
    for words in catalogue.languages() {
        for letter in ["x", "ش", "é"] {
            let most = TextKey::NetworkName.most(words.language(), letter);
            let mut own = SiteTexts::default();
            own.put(TextKey::NetworkName, words.language().clone(), letter.repeat(most));
            assert_eq!(own.check(), Ok(()));
            assert_eq!(Form::Plain.check(&words.of_site(&own)), Ok(()), "{letter}");
        }
    }
}

#[test]
fn a_message_of_two_parts_is_refused() {
    let long = format!("sms-code = {{ $code }} {}", "ر".repeat(64));
    let catalogue = Catalogue::of(&[("ar", &long)]);
    let refusal = Form::Plain.check_all(&catalogue).unwrap_err().to_string();
    assert!(
        refusal.contains("`sms-code` in language `ar`") && refusal.contains("71 of 70"),
        "{refusal}"
    );
}
