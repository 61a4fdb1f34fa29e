//! Every page in a real browser: the whole program, and Chromium as the visitors' phones.
//!
//! Pictures of every screen are kept in `target/tmp/pictures`.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/access_point.rs"]
mod access_point;
mod bad_day;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/browser.rs"]
mod browser;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/chance.rs"]
mod chance;
mod chromium;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/city.rs"]
mod city;
mod ground;
mod journeys;
mod look;
#[path = "../stories/noon.rs"]
mod noon;
mod screens;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/sms_gateway.rs"]
mod sms_gateway;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/visitor.rs"]
mod visitor;

use screens::{LANGUAGES, seen};

#[test]
fn axe_finds_nothing_on_any_screen() {
    let objections: Vec<_> = seen()
        .iter()
        .flat_map(|screen| screen.objections.iter().map(|text| format!("{}: {text}", screen.name)))
        .collect();
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn every_screen_fits_320_pixels_and_200_percent() {
    let misfits: Vec<_> = seen()
        .iter()
        .flat_map(|screen| screen.misfits.iter().map(|text| format!("{}: {text}", screen.name)))
        .collect();
    assert!(misfits.is_empty(), "{}", misfits.join("\n"));
}

/// So that nobody forgets a new screen.
#[test]
fn every_heading_of_the_catalogue_is_on_a_screen() {
    for language in LANGUAGES {
        let file = format!("{}/portal/locales/{language}.ftl", env!("CARGO_MANIFEST_DIR"));
        let catalogue = std::fs::read_to_string(file).unwrap();
        let headings = catalogue.lines().filter_map(|line| line.split_once("-title = "));
        for (key, heading) in headings {
            // What is filled in stands between them.
            let mut parts = heading.split(['{', '}']).step_by(2).map(str::trim);
            let is_on = |shown: &str| parts.clone().all(|part| shown.contains(part));
            let screens = seen().iter().filter(|screen| screen.name.starts_with(language));
            let mut shown = screens.flat_map(|screen| &screen.headings);
            assert!(shown.any(|shown| is_on(shown)), "{language}: no screen has {key}-title");
            assert!(parts.any(|part| !part.is_empty()), "{language}: {key}-title is empty");
        }
    }
}
