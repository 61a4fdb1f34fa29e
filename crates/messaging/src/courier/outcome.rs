//! What a try means for a message: done, again at a moment, or given up.
//!
//! Tries are 2, 4, 8 … seconds apart, 30 at most. A message that would be tried again
//! only after its expiry is given up now, so that the visitor's page can say so. Where another route
//! could carry it, that one does as soon as this refuses, or has had its time.

use std::time::Duration;

use domain::Timestamp;
use store::OutgoingMessage;

use crate::routes::PATIENCE;
use crate::transport::{Accepted, SendError};

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What shall be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A gateway has taken it.
    Accepted { reference: Option<String> },
    /// It is tried again.
    Again { at: Timestamp, reason: String },
    /// The next route shall carry it.
    Elsewhere { reason: String, code: CodeOfNext },
    /// It is given up, and may have been taken all the same.
    Failed { reason: String },
    /// It is given up, since the gateway has not taken it and never will.
    Refused { reason: String },
}

/// Which code the next route carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeOfNext {
    /// The same: no gateway has taken it.
    Same,
    /// Another, for this one may be on its way.
    Fresh,
}

/// The circumstances of a try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// The time.
    pub now: Timestamp,
    /// Since when the route tries.
    pub since: Timestamp,
    /// Whether another route could carry it.
    pub has_next: bool,
}

/// Weighs the result of one try.
pub(super) fn outcome(
    message: &OutgoingMessage,
    result: Result<Accepted, SendError>,
    round: Round,
) -> Outcome {
    let had_its_time = round.since + PATIENCE;
    match result {
        Ok(Accepted { reference }) => Outcome::Accepted { reference },
        Err(SendError::Permanent { reason }) if round.has_next => {
            Outcome::Elsewhere { reason, code: CodeOfNext::Same }
        }
        Err(SendError::Permanent { reason }) => Outcome::Refused { reason },
        Err(SendError::Later { reason, .. } | SendError::Busy { reason, .. })
            if round.has_next && round.now >= had_its_time =>
        {
            Outcome::Elsewhere { reason, code: CodeOfNext::Fresh }
        }
        Err(SendError::Later { after, reason } | SendError::Busy { after, reason }) => {
            let at = round.now + pause(message.attempts).max(after.unwrap_or_default());
            let at = if round.has_next { at.min(had_its_time) } else { at };
            if at < message.expires_at {
                Outcome::Again { at, reason }
            } else {
                Outcome::Failed { reason: format!("given up before its expiry: {reason}") }
            }
        }
    }
}

/// How long to wait after so many tries.
fn pause(tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use domain::{MessageClass, MessageId, SmsText};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn message(tries: u32, expires: i64) -> OutgoingMessage {
        OutgoingMessage {
            id: MessageId::from_bytes([1; 16]),
            phone: "966512345678".parse().unwrap(),
            text: SmsText::new(String::new()),
            code: "482913".parse().unwrap(),
            class: MessageClass::Service,
            expires_at: Timestamp::from_secs(expires),
            attempts: tries,
            route: None,
            tried_since: None,
            not_by: None,
        }
    }

    #[test]
    fn a_message_is_tried_again_as_long_as_it_has_a_point() {
        let again = |secs| Outcome::Again { at: Timestamp::from_secs(secs), reason: "busy".into() };
        let given_up = Outcome::Failed { reason: "given up before its expiry: busy".into() };
        for (tries, after, expires, expected) in [
            (1, None, 1_300, again(1_002)),
            (2, None, 1_300, again(1_004)),
            (4, None, 1_300, again(1_016)),
            (5, None, 1_300, again(1_030)),
            (u32::MAX, None, 1_300, again(1_030)),
            (1, Some(60), 1_300, again(1_060)),
            (1, Some(1), 1_300, again(1_002)),
            (1, Some(300), 1_300, given_up.clone()),
            (5, None, 1_030, given_up),
        ] {
            let message = message(tries, expires);
            let after = after.map(Duration::from_secs);
            let result = Err(SendError::Later { after, reason: "busy".into() });
            let round = Round { now: NOW, since: NOW, has_next: false };
            assert_eq!(outcome(&message, result, round), expected, "{tries} {after:?} {expires}");
        }
    }

    #[test]
    fn a_route_that_refuses_gives_way_at_once_and_one_that_is_silent_in_time() {
        let again = |secs| Outcome::Again { at: Timestamp::from_secs(secs), reason: "no".into() };
        let next = |code| Outcome::Elsewhere { reason: "no".into(), code };
        let refused = Outcome::Refused { reason: "no".into() };
        let later = |after: Option<u64>| SendError::Later {
            after: after.map(Duration::from_secs),
            reason: "no".into(),
        };
        let busy = || SendError::Busy { after: None, reason: "no".into() };
        let never = || SendError::Permanent { reason: "no".into() };
        for (error, tries, since, has_next, expected) in [
            (never(), 1, 1_000, true, next(CodeOfNext::Same)),
            (never(), 1, 1_000, false, refused),
            (later(None), 1, 1_000, true, again(1_002)),
            (later(None), 1, 990, true, again(1_002)),
            (later(None), 2, 990, true, again(1_002)),
            (later(Some(60)), 1, 1_000, true, again(1_012)),
            (later(None), 2, 988, true, next(CodeOfNext::Fresh)),
            (busy(), 2, 988, true, next(CodeOfNext::Fresh)),
            (later(None), 2, 988, false, again(1_004)),
            (busy(), 1, 1_000, true, again(1_002)),
        ] {
            let round = Round { now: NOW, since: Timestamp::from_secs(since), has_next };
            let found = outcome(&message(tries, 1_300), Err(error.clone()), round);
            assert_eq!(found, expected, "{error:?} {round:?}");
        }
    }
}
