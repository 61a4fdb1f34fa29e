//! Keeps one talkative or forged source from filling the log.
//!
//! A source is worth a line once a minute for each reason, and no more than a thousand pairs
//! are kept in mind; while that many are young, further ones stay unlogged. Counters see all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const QUIET: Duration = Duration::from_secs(60);
const MOST: usize = 1_000;

/// What was logged within the last minute.
#[derive(Debug, Default)]
pub struct LogLimit {
    last: HashMap<(IpAddr, &'static str), Instant>,
}

impl LogLimit {
    /// Whether `source` deserves a line for `reason` now.
    pub fn allows(&mut self, source: IpAddr, reason: &'static str, now: Instant) -> bool {
        let is_young = |last: &Instant| now.saturating_duration_since(*last) < QUIET;
        if self.last.get(&(source, reason)).is_some_and(is_young) {
            return false;
        }
        if self.last.len() >= MOST {
            self.last.retain(|_, last| is_young(last));
        }
        if self.last.len() >= MOST {
            return false;
        }
        self.last.insert((source, reason), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::fixtures::origin;

    #[test]
    fn a_source_is_logged_once_a_minute_for_each_reason() {
        let begin = origin();
        let mut limit = LogLimit::default();
        let source = IpAddr::from([192, 0, 2, 1]);
        for (secs, reason, expected) in [
            (0, "unknown-client", true),
            (1, "unknown-client", false),
            (1, "truncated", true),
            (59, "unknown-client", false),
            (60, "unknown-client", true),
        ] {
            let now = begin + Duration::from_secs(secs);
            assert_eq!(limit.allows(source, reason, now), expected, "{secs} {reason}");
        }
    }

    #[test]
    fn forged_sources_cannot_fill_memory_or_log() {
        let begin = origin();
        let mut limit = LogLimit::default();
        let flood = |limit: &mut LogLimit, now| {
            (0..5_000_u32)
                .filter(|n| limit.allows(Ipv4Addr::from_bits(*n).into(), "unknown-client", now))
                .count()
        };
        assert_eq!(flood(&mut limit, begin), MOST);
        assert_eq!(flood(&mut limit, begin + Duration::from_secs(30)), 0);
        assert_eq!(flood(&mut limit, begin + QUIET), MOST);
        assert_eq!(limit.last.len(), MOST);
    }
}
