//! How values read in tables.

use std::time::Duration;

use domain::{BitRate, Octets, Timestamp};

/// Seconds as `2 h 5 min`, `7 min`, `12 s`.
pub fn seconds(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 if seconds % 3_600 < 60 => format!("{} h", seconds / 3_600),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago `then` was at `now`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let span: Duration = now.since(then);
    format!("{} ago", seconds(span.as_secs()))
}

/// A limit on time.
pub fn time_limit(limit: Option<u64>) -> String {
    limit.map_or_else(unlimited, seconds)
}

/// A limit on data.
pub fn data_limit(limit: Option<Octets>) -> String {
    limit.map_or_else(unlimited, |octets| octets.to_string())
}

/// A limit on speed.
pub fn rate_limit(limit: Option<BitRate>) -> String {
    limit.map_or_else(unlimited, |rate| rate.to_string())
}

/// A value that may be missing.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn unlimited() -> String {
    "no limit".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_unit_that_matters() {
        for (span, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (90_000, "1 d"),
        ] {
            assert_eq!(seconds(span), text);
        }
    }
}
