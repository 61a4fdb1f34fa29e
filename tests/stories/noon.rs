//! A place where no day ends while a story is told.

use std::time::{SystemTime, UNIX_EPOCH};

/// A time zone in which it is between eleven and twelve.
pub fn zone_of_noon() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let hour = i64::try_from(since.as_secs() % 86_400 / 3_600).unwrap();
    // The names of these zones have their signs the other way round.
    match hour - 11 {
        ahead @ 1.. => format!("Etc/GMT+{ahead}"),
        behind => format!("Etc/GMT-{}", -behind),
    }
}
