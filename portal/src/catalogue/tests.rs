use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;

use super::*;

fn source(language: &str) -> &'static str {
    FILES.iter().find(|(tag, _)| *tag == language).expect("such a file").1
}

fn keys(source: &str) -> BTreeSet<String> {
    FluentResource::try_new(source.to_owned()).expect("the file parses");
    source
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" ="))
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// The text of every page and module of this crate.
fn everything_written() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("templates")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("catalogue/tests.rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_language_has_every_text_and_no_other() {
    let arabic = keys(source("ar"));
    for (language, text) in FILES {
        assert_eq!(keys(text), arabic, "{language}");
    }
}

#[test]
fn a_language_is_there_because_its_file_is() {
    let catalogue = Catalogue::new();
    let languages: Vec<_> = catalogue.languages().map(|words| words.language().as_str()).collect();
    assert_eq!(languages.first(), Some(&"ar"));
    assert_eq!(languages.len(), FILES.len());
    let urdu = catalogue.words(&"ur".parse().unwrap());
    assert_eq!((urdu.text("language-name").as_str(), urdu.direction().as_str()), ("اردو", "rtl"));
    let others: Vec<_> =
        catalogue.others(urdu.language(), &[]).iter().map(Words::language).collect();
    assert_eq!(others, [&Language::arabic(), &Language::english()]);
    // A device's owner may have chosen a language that is gone since.
    let gone = catalogue.words(&"xx".parse().unwrap());
    assert_eq!(gone.language(), &Language::arabic());
}

#[test]
fn the_heaviest_known_language_wins_and_arabic_wins_ties() {
    let catalogue = Catalogue::new();
    for (header, expected) in [
        ("", "ar"),
        ("ar-SA,ar;q=0.9,en;q=0.8", "ar"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5, ar;q=0.5", "ar"),
        ("tl, en;q=0.7, ar;q=0.3", "en"),
        ("ur-PK, en;q=0.7", "ur"),
        ("fr-FR, de", "ar"),
        ("en;q=0", "ar"),
        ("EN", "en"),
        ("en;q=banana", "ar"),
        ("*;q=0.2, en;q=0.1", "ar"),
        (",,;;q=,,", "ar"),
    ] {
        assert_eq!(catalogue.negotiate(header, &[]).as_str(), expected, "{header}");
    }
}

#[test]
fn every_text_is_used_and_every_used_text_exists() {
    let written = everything_written();
    let keys = keys(source("ar"));
    for key in &keys {
        assert!(written.contains(&format!("\"{key}\"")), "`{key}` is used nowhere");
    }
    for call in [".text(\"", ".fill(\"", ".count(\"", ".t(\"", " title: \"", " text: \""] {
        for rest in written.split(call).skip(1) {
            let key = rest.split('"').next().unwrap_or("");
            assert!(keys.contains(key), "`{key}` is asked for but not written");
        }
    }
}

#[test]
fn amounts_have_the_plural_forms_of_their_language() {
    let catalogue = Catalogue::new();
    let check = |language: &str, key, n, case, expected: &str| {
        let text = catalogue.words(&language.parse().unwrap()).count(key, n, case);
        let plain = text.replace([ISOLATE, END_OF_ISOLATE], "");
        assert_eq!(plain, expected, "{key} {n}");
    };
    let (arabic, english) = ("ar", "en");
    for (n, expected) in [
        (0, "0 محاولة"),
        (1, "محاولة واحدة"),
        (2, "محاولتان"),
        (3, "3 محاولات"),
        (10, "10 محاولات"),
        (11, "11 محاولة"),
        (100, "100 محاولة"),
        (101, "101 محاولة"),
        (103, "103 محاولات"),
        (111, "111 محاولة"),
    ] {
        check(arabic, "attempts", n, Case::Subject, expected);
    }
    for (key, n, subject, object) in [
        ("seconds", 2, "ثانيتان", "ثانيتين"),
        ("seconds", 7, "7 ثوانٍ", "7 ثوانٍ"),
        ("seconds", 30, "30 ثانية", "30 ثانية"),
        ("minutes", 1, "دقيقة واحدة", "دقيقة واحدة"),
        ("minutes", 2, "دقيقتان", "دقيقتين"),
        ("minutes", 5, "5 دقائق", "5 دقائق"),
        ("hours", 2, "ساعتان", "ساعتين"),
        ("hours", 11, "11 ساعة", "11 ساعة"),
        ("days", 30, "30 يومًا", "30 يومًا"),
        ("days", 100, "100 يوم", "100 يوم"),
        ("days", 102, "102 يوم", "102 يوم"),
        ("days", 365, "365 يومًا", "365 يومًا"),
        ("months", 12, "12 شهرًا", "12 شهرًا"),
    ] {
        check(arabic, key, n, Case::Subject, subject);
        check(arabic, key, n, Case::Object, object);
    }
    check(english, "attempts", 1, Case::Subject, "1 attempt");
    check(english, "attempts", 4, Case::Subject, "4 attempts");
    check("ur", "hours", 1, Case::Subject, "1 گھنٹہ");
    check("ur", "hours", 101, Case::Subject, "101 گھنٹے");
}

#[test]
fn values_keep_their_direction_and_cannot_become_markup() {
    let catalogue = Catalogue::new();
    let words = catalogue.words(&Language::arabic());
    let html = Html::new(&words.fill("code-sent", &[("phone", &ltr("+9665•••••567"))])).to_string();
    assert!(html.contains("<bdi dir=\"ltr\">+9665•••••567</bdi>"), "{html}");
    let html = Html::new(&words.count("seconds", 30, Case::Object)).to_string();
    assert_eq!(html, "<bdi dir=\"ltr\">30</bdi> ثانية");
    let html = Html::new(&words.fill("e-generic", &[("ref", "<b>'\"&")])).to_string();
    assert!(html.contains("&lt;b&gt;&#39;&quot;&amp;"), "{html}");
}

#[test]
fn what_a_site_may_say_in_its_own_words_has_no_values_but_the_networks_name() {
    for (language, text) in FILES {
        for key in TextKey::ALL {
            let start = format!("\n{key} = ");
            let rest = text.split_once(&start).map(|(_, rest)| rest.lines().next().unwrap_or(""));
            let said = rest.unwrap_or_else(|| panic!("{key} is not in {language}"));
            assert!(!said.replace("{ $network }", "").contains('{'), "{language} {key}");
        }
    }
}
