//! What a try means for a message: done, again at a moment, or given up.
//!
//! Tries are 2, 4, 8 … seconds apart, 30 at most. A message that would be tried again
//! only after its expiry is given up now, so that the visitor's page can say so.

use std::time::Duration;

use domain::Timestamp;
use store::OutgoingMessage;

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
    /// It is given up.
    Failed { reason: String },
}

/// Weighs the result of one try at `now`.
pub(super) fn outcome(
    message: &OutgoingMessage,
    result: Result<Accepted, SendError>,
    now: Timestamp,
) -> Outcome {
    match result {
        Ok(Accepted { reference }) => Outcome::Accepted { reference },
        Err(SendError::Permanent { reason }) => Outcome::Failed { reason },
        Err(SendError::Later { after, reason }) => {
            let at = now + pause(message.attempts).max(after.unwrap_or_default());
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
            let message = OutgoingMessage {
                id: MessageId::from_bytes([1; 16]),
                phone: "966512345678".parse().unwrap(),
                text: SmsText::new(String::new()),
                class: MessageClass::Service,
                expires_at: Timestamp::from_secs(expires),
                attempts: tries,
            };
            let after = after.map(Duration::from_secs);
            let result = Err(SendError::Later { after, reason: "busy".into() });
            assert_eq!(outcome(&message, result, NOW), expected, "{tries} {after:?} {expires}");
        }
    }
}
