//! Amounts of time and data as people say them.

use std::time::Duration;

use domain::{Octets, Remaining, Zone};

use crate::catalogue::{Case, Words, ltr};

/// A span that lies ahead, rounded up: `30 seconds`, `2 minutes`.
pub(crate) fn wait(words: &Words<'_>, span: Duration) -> String {
    match whole_seconds(span) {
        secs @ 0..=90 => words.count("seconds", secs.max(1), Case::Object),
        secs => words.count("minutes", secs.div_ceil(60), Case::Object),
    }
}

/// Whole seconds, rounded up.
pub(crate) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// A span that is left, rounded down: `1 hour 20 minutes`.
pub(crate) fn time_left(words: &Words<'_>, span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let say = |key, n| words.count(key, n, Case::Subject);
    match (minutes / 60, minutes % 60) {
        (0, 0) => say("seconds", span.as_secs()),
        (0, minutes) => say("minutes", minutes),
        (hours, 0) => say("hours", hours),
        (hours, minutes) => words.fill(
            "hours-and-minutes",
            &[("hours", &say("hours", hours)), ("minutes", &say("minutes", minutes))],
        ),
    }
}

/// An amount of data that is left, rounded down: `1.25 GB`.
pub(crate) fn data_left(words: &Words<'_>, data: Octets) -> String {
    let octets = data.get();
    let (key, amount) = match octets {
        1_000_000_000.. => {
            let hundredths = octets / 10_000_000;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            ("gigabytes", text.trim_end_matches('0').trim_end_matches('.').to_owned())
        }
        1_000_000.. => ("megabytes", (octets / 1_000_000).to_string()),
        _ => ("kilobytes", (octets / 1_000).to_string()),
    };
    words.fill(key, &[("amount", &ltr(amount))])
}

/// What is left of time and data, joined by the text of `both`; `None` without any limit.
pub(crate) fn allowance(words: &Words<'_>, both: &str, left: &Remaining) -> Option<String> {
    let time = left.time.map(|time| time_left(words, time));
    let data = left.data.map(|data| data_left(words, data));
    match (time, data) {
        (Some(time), Some(data)) => Some(words.fill(both, &[("time", &time), ("data", &data)])),
        (time, data) => time.or(data),
    }
}

/// The wall clock of `zone` at `time`, as `00:00`.
pub(crate) fn clock(zone: &Zone, time: domain::Timestamp) -> String {
    let (hour, minute) = zone.wall_clock(time);
    ltr(format!("{hour:02}:{minute:02}"))
}

/// The day and the wall clock of `zone` at `time`, as `2026-11-25 00:00`; no line ends within the
/// day (U+2011).
pub(crate) fn moment(zone: &Zone, time: domain::Timestamp) -> String {
    let local = zone.local(time);
    ltr(local.get(..16).unwrap_or(&local).replace('-', "\u{2011}"))
}

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::*;
    use crate::catalogue::Catalogue;

    fn plain(text: &str) -> String {
        text.replace(['\u{2066}', '\u{2069}'], "")
    }

    #[test]
    fn what_lies_ahead_is_rounded_up_and_what_is_left_down() {
        let catalogue = Catalogue::new();
        let (ar, en) =
            (catalogue.words(&Language::arabic()), catalogue.words(&Language::english()));
        let millis = Duration::from_millis;
        for (span, arabic, english) in [
            (millis(1), "ثانية واحدة", "1 second"),
            (millis(29_001), "30 ثانية", "30 seconds"),
            (millis(91_000), "دقيقتين", "2 minutes"),
            (millis(900_000), "15 دقيقة", "15 minutes"),
        ] {
            assert_eq!(plain(&wait(&ar, span)), arabic);
            assert_eq!(plain(&wait(&en, span)), english);
        }
        for (span, arabic, english) in [
            (millis(59_999), "59 ثانية", "59 seconds"),
            (millis(7_200_000), "ساعتان", "2 hours"),
            (millis(4_859_000), "ساعة واحدة و20 دقيقة", "1 hour 20 minutes"),
        ] {
            assert_eq!(plain(&time_left(&ar, span)), arabic);
            assert_eq!(plain(&time_left(&en, span)), english);
        }
    }

    #[test]
    fn what_is_left_never_begins_a_line_with_its_dot() {
        let catalogue = Catalogue::new();
        let data = Some(Octets::new(15_000_000));
        let left = Remaining { time: Some(Duration::from_secs(7_140)), data };
        for language in ["ar", "en", "ur"] {
            let words = catalogue.words(&language.parse().unwrap());
            let said = plain(&allowance(&words, "both-left", &left).unwrap());
            assert!(said.contains("\u{a0}\u{b7} ") && !said.contains(" \u{b7}"), "{said:?}");
        }
    }

    #[test]
    fn data_is_said_in_its_largest_unit() {
        let catalogue = Catalogue::new();
        let en = catalogue.words(&Language::english());
        for (octets, text) in [
            (1_000_000_000, "1 GB"),
            (1_259_999_999, "1.25 GB"),
            (1_500_000_000, "1.5 GB"),
            (999_999_999, "999 MB"),
            (1_999, "1 kB"),
            (0, "0 kB"),
        ] {
            assert_eq!(plain(&data_left(&en, Octets::new(octets))), text);
        }
    }

    #[test]
    fn only_limits_that_exist_are_named() {
        let catalogue = Catalogue::new();
        let en = catalogue.words(&Language::english());
        let (time, data) = (Some(Duration::from_secs(3_600)), Some(Octets::new(5_000_000)));
        for (left, expected) in [
            (Remaining { time, data }, Some("1 hour and 5 MB")),
            (Remaining { time, data: None }, Some("1 hour")),
            (Remaining { time: None, data }, Some("5 MB")),
            (Remaining::default(), None),
        ] {
            let text = allowance(&en, "both-of-day", &left);
            assert_eq!(text.as_deref().map(plain).as_deref(), expected);
        }
    }
}
