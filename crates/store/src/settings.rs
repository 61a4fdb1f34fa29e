//! Why a written section `[store]` or `[journal]` cannot be used.

use std::ops::RangeInclusive;

/// A setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address is of no database that is known. It may hold a password and is not repeated.
    #[error("`store.url` must begin with sqlite: or postgres:")]
    Url,
    /// A number is outside its range.
    #[error("`{key}` is {value}, but must be {least} to {most}")]
    OutOfRange {
        /// The key with its section.
        key: &'static str,
        /// What was written.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
}

pub(crate) fn within(
    key: &'static str,
    value: u64,
    range: RangeInclusive<u64>,
) -> Result<(), SettingsError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(SettingsError::OutOfRange { key, value, least, most })
}

#[cfg(test)]
mod tests {
    use crate::{JournalSettings, StoreSettings};

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        let store = |url: &str, connections, patience_secs| {
            let url = url.to_owned();
            StoreSettings { url, connections, patience_secs }.validate()
        };
        let journal = |segment_octets, queue, keep_days| {
            let settings =
                JournalSettings { segment_octets, queue, keep_days, ..Default::default() };
            settings.validate()
        };
        assert_eq!(StoreSettings::default().validate(), Ok(()));
        assert_eq!(JournalSettings::default().validate(), Ok(()));
        for (outcome, expected) in [
            (store("postgres://sabeel@db/sabeel", 100, 60), None),
            (store("mysql://root:hidden@db", 8, 5), Some("`store.url` must begin with")),
            (store("", 0, 5), Some("`store.connections` is 0, but must be 1 to 100")),
            (store("", 8, 61), Some("`store.patience-secs` is 61, but must be 1 to 60")),
            (journal(1_000_000, 1, 0), None),
            (journal(999_999, 1, 0), Some("`journal.segment-octets` is 999999")),
            (journal(1_000_000, 0, 0), Some("`journal.queue` is 0, but must be 1 to 65536")),
            (journal(1_000_000, 1, 3_651), Some("`journal.keep-days` is 3651")),
        ] {
            let reason = outcome.err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(reason, None),
                Some(expected) => {
                    let reason = reason.unwrap();
                    assert!(reason.starts_with(expected) && !reason.contains("hidden"), "{reason}");
                }
            }
        }
    }
}
