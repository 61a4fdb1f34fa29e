//! Whether accounting can be recorded now, as the last attempts tell (RFC 5997 §4.2).
//!
//! After a failure Status-Server stays unanswered, so that access points go to their next
//! server; after half a minute without an attempt the server offers itself again, or nobody
//! would ever try.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use radius_proto::server::StatusAnswers;

const OFFERED_AGAIN_AFTER: Duration = Duration::from_secs(30);
const NEVER: i64 = i64::MIN;

/// The last failure that no success followed.
#[derive(Debug)]
pub(crate) struct Recording(AtomicI64);

impl Default for Recording {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Recording {
    /// An attempt succeeded.
    pub(crate) fn succeeded(&self) {
        self.0.store(NEVER, Ordering::Relaxed);
    }

    /// An attempt failed.
    pub(crate) fn failed(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::Relaxed);
    }

    /// Whether Status-Server is answered at `now`.
    pub(crate) fn status_answers(&self, now: Timestamp) -> StatusAnswers {
        let failed_at = self.0.load(Ordering::Relaxed);
        let is_long_ago = now.since(Timestamp::from_millis(failed_at)) >= OFFERED_AGAIN_AFTER;
        if failed_at == NEVER || is_long_ago {
            StatusAnswers::Given
        } else {
            StatusAnswers::Withheld
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::T0;

    #[test]
    fn status_server_is_silent_after_a_failure_until_a_success_or_half_a_minute() {
        let recording = Recording::default();
        let later = |secs| T0 + Duration::from_secs(secs);
        assert_eq!(recording.status_answers(T0), StatusAnswers::Given);
        recording.failed(T0);
        assert_eq!(recording.status_answers(later(29)), StatusAnswers::Withheld);
        assert_eq!(recording.status_answers(later(30)), StatusAnswers::Given);
        recording.failed(later(40));
        assert_eq!(recording.status_answers(later(41)), StatusAnswers::Withheld);
        recording.succeeded();
        assert_eq!(recording.status_answers(later(41)), StatusAnswers::Given);
    }
}
