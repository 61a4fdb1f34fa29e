//! Whether a route takes messages: a circuit breaker, as a pure function of results and the time.
//!
//! After some failures in a row a route rests, and others carry the messages. When the rest is over
//! one message tries it; it is open to all again once it answers.

use std::time::Duration;

use domain::Timestamp;

/// So many failures in a row make a route rest.
const FAILURES: u32 = 5;
/// For how long it rests before it is tried again.
const REST: Duration = Duration::from_secs(30);

/// What a result changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It goes on as before.
    Same,
    /// From now on it rests.
    Rests,
    /// It rested, and takes messages again.
    Recovered,
}

/// How a route stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Health {
    failures: u32,
    rests_until: Option<Timestamp>,
}

impl Health {
    /// Whether a message may go this way at `now`.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        self.rests_until.is_none_or(|until| now >= until)
    }

    /// Whether it has failed and not answered since.
    pub(crate) const fn is_resting(&self) -> bool {
        self.rests_until.is_some()
    }

    /// A message goes this way at `now`: if it rested, no other does until it is known how it went.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        if self.rests_until.is_some() {
            self.rests_until = Some(now + REST);
        }
    }

    /// The gateway answered.
    pub(crate) fn answered(&mut self) -> Turn {
        let rested = self.is_resting();
        *self = Self::default();
        if rested { Turn::Recovered } else { Turn::Same }
    }

    /// It did not answer, or is in trouble.
    pub(crate) fn failed(&mut self, now: Timestamp) -> Turn {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return Turn::Same;
        }
        let rested = self.is_resting();
        self.rests_until = Some(now + REST);
        if rested { Turn::Same } else { Turn::Rests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_000) + Duration::from_secs(secs)
    }

    #[test]
    fn a_route_rests_after_five_failures_in_a_row_and_one_message_tries_it_again() {
        let mut health = Health::default();
        for failures in 1..5 {
            assert_eq!(health.failed(at(0)), Turn::Same, "{failures}");
        }
        assert!(health.admits(at(0)));
        assert_eq!(health.failed(at(0)), Turn::Rests);
        assert!(!health.admits(at(29)) && health.admits(at(30)) && health.is_resting());

        health.begin(at(30));
        assert!(!health.admits(at(31)), "one is enough");
        assert_eq!(health.failed(at(40)), Turn::Same);
        assert!(!health.admits(at(69)) && health.admits(at(70)), "it rests again");

        health.begin(at(70));
        assert_eq!(health.answered(), Turn::Recovered);
        assert!(health.admits(at(70)) && !health.is_resting());
    }

    #[test]
    fn an_answer_between_failures_begins_the_count_anew() {
        let mut health = Health::default();
        for _ in 0..4 {
            health.failed(at(0));
        }
        assert_eq!(health.answered(), Turn::Same);
        assert_eq!(health.failed(at(1)), Turn::Same);
        assert!(health.admits(at(1)));
    }

    #[test]
    fn a_trial_whose_end_nobody_saw_keeps_a_route_closed_no_longer_than_a_rest() {
        let mut health = Health::default();
        for _ in 0..5 {
            health.failed(at(0));
        }
        health.begin(at(30));
        assert!(!health.admits(at(59)) && health.admits(at(60)));
    }
}
