use serde_json::json;

use super::*;
use crate::stage::NOON;

fn event(at: Timestamp, what: &str, more: serde_json::Value) -> Event {
    let mut event = json!({"number": 1, "at": at.as_millis(), "site": "hofuf", "what": what});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn at(secs: u64) -> Timestamp {
    NOON + Duration::from_secs(secs)
}

fn on_radio() -> OfficePath {
    "hofuf/radio".parse().unwrap()
}

/// What a site beside the radio is told: since how many seconds, and whether more may come.
fn told(office: &Office) -> Option<(u64, SignIns)> {
    let state = office.state(&on_radio(), NOON);
    state.need.map(|need| (need.since.since(NOON).as_secs(), need.sign_ins))
}

#[test]
fn an_office_is_there_from_its_first_clamp_until_visitors_have_the_path_back() {
    let (open, stopped) = (SignIns::Open, SignIns::Stopped);
    let visitors = |path: &str, code: &str| json!({"path": path, "code": code});
    let mut office = Office::default();
    let mut generation = 0;
    for (secs, what, more, expected, is_new) in [
        (0, "path", json!({"path": "fibre", "to": "down"}), None, false),
        (1, "site", json!({"to": "on-backup", "clamped": "radio"}), Some((1, open)), true),
        (1, "visitors", visitors("radio", "open"), Some((1, open)), false),
        (40, "visitors", visitors("radio", "stopped"), Some((1, stopped)), true),
        (41, "visitors", visitors("radio", "stopped"), Some((1, stopped)), false),
        (60, "visitors", visitors("radio", "open"), Some((1, open)), true),
        (70, "site", json!({"to": "returning", "clamped": "radio"}), Some((1, open)), false),
        (80, "site", json!({"to": "on-backup", "clamped": "lte"}), None, true),
        (81, "visitors", visitors("lte", "stopped"), None, true),
        (82, "site", json!({"to": "on-backup", "clamped": "radio"}), Some((82, open)), true),
        (90, "site", json!({"to": "primary"}), None, true),
        (91, "site", json!({"clamped": "radio", "dry-run": true}), None, false),
    ] {
        office.hear(&event(at(secs), what, more.clone()), at(secs));
        assert_eq!(told(&office), expected, "{secs} {what} {more}");
        let now = office.state(&on_radio(), NOON).generation;
        assert_eq!(now > generation, is_new, "{secs} {what} {more}");
        assert!(now >= generation);
        generation = now;
    }
    assert!(office.state(&"hofuf".parse().unwrap(), NOON).need.is_none());
}

#[test]
fn what_comes_late_is_over_and_how_links_are_now_sets_it_right() {
    let mut office = Office::default();
    office.hear(&event(at(0), "site", json!({"clamped": "radio"})), at(61));
    assert_eq!(told(&office), None, "the agent was out of reach for a minute");
    let state = |clamped: Option<&str>, closed: bool| {
        let path = json!({"name": "radio", "health": "up", "is-closed-to-visitors": closed});
        json!({"site": "hofuf", "mode": "?", "clamped": clamped, "paths": [path]}).to_string()
    };
    office.note(&state(Some("radio"), true), at(62), at(63));
    assert_eq!(told(&office), Some((63, SignIns::Stopped)));
    let known = office.clone();
    office.note(&state(Some("radio"), true), at(62), at(64));
    office.note("{}", at(63), at(64));
    office.note("nothing", at(80), at(80));
    assert_eq!(office, known, "nothing is new, too old, or cannot be read");
    office.hear(&event(at(70), "site", json!({})), at(70));
    office.note(&state(Some("radio"), false), at(69), at(71));
    assert_eq!(told(&office), None, "that was said before it left");
    office.note(&state(Some("radio"), false), at(72), at(72));
    assert_eq!(told(&office), Some((72, SignIns::Open)));
    let dry = r#"{"clamped": "radio", "is-dry-run": true, "paths": []}"#;
    office.note(dry, at(90), at(90));
    assert_eq!(told(&office), None, "nothing was moved");
}

#[test]
fn an_agent_of_an_earlier_version_says_nothing_of_newcomers() {
    let mut office = Office::default();
    office.note(r#"{"clamped": "radio", "paths": [{"name": "radio"}]}"#, at(1), at(1));
    office.hear(&event(at(2), "visitors", json!({"path": "radio", "to": "500 kbit/s"})), at(2));
    assert_eq!(told(&office), Some((1, SignIns::Open)));
}

#[test]
fn what_nobody_repeats_ends_after_a_quarter_of_an_hour_and_is_told_anew_every_five_minutes() {
    let mut office = Office::default();
    office.hear(&event(at(0), "site", json!({"clamped": "radio"})), at(0));
    let untils: BTreeSet<_> = (0..600)
        .map(|secs| {
            let need = office.state(&on_radio(), at(secs)).need.unwrap();
            let left = need.until.since(at(secs)).as_secs();
            assert!((15 * 60..=20 * 60).contains(&left), "{secs}: {left}");
            need.until
        })
        .collect();
    assert!(untils.len() <= 3, "{untils:?}");
}
