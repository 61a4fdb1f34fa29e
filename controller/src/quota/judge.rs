//! What becomes of an open session: a pure function of grant, assessment and time.

use std::time::Duration;

use domain::{Assessment, Grant, GrantEnd, GrantState, OrderReason, Speed, Timestamp, Window};

/// Nobody goes unlooked at for longer.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What becomes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on with that speed, where one is known; nothing can be used up before that moment
    /// but data.
    GoesOn { look_again: Timestamp, speed: Option<Speed> },
    /// This session is cut.
    CutSession(OrderReason),
    /// The person's day is used up: every session of theirs is cut.
    CutAccount,
    /// The stay is used up: the grant ends, so that only a new code helps.
    EndGrant,
}

/// Judges a session of the device of `grant`, of whose owner `open_sessions` sessions use time
/// at the same time. `assessment` is `None` when the limits are not known any more.
pub(super) fn judge(
    grant: &Grant,
    assessment: Option<&Assessment>,
    open_sessions: u32,
    now: Timestamp,
) -> Verdict {
    if let GrantState::Ended { why, .. } = grant.state {
        return Verdict::CutSession(reason(why));
    }
    if now >= grant.until {
        return Verdict::CutSession(OrderReason::GrantExpired);
    }
    let at_latest = grant.until.min(now + LONGEST_PAUSE);
    match assessment {
        None => Verdict::GoesOn { look_again: at_latest, speed: None },
        Some(Assessment::Within(left)) => {
            let enough = left.time.map(|time| now + time / open_sessions.max(1));
            let look_again = enough.map_or(at_latest, |at| at.min(at_latest));
            Verdict::GoesOn { look_again, speed: Some(Speed::Full) }
        }
        Some(Assessment::Slowed { renews_at, .. }) => {
            let look_again = renews_at.map_or(at_latest, |at| at.min(at_latest));
            Verdict::GoesOn { look_again, speed: Some(Speed::Reduced) }
        }
        Some(Assessment::Exhausted { window: Window::Day, .. }) => Verdict::CutAccount,
        Some(Assessment::Exhausted { window: Window::Session, .. }) => Verdict::EndGrant,
    }
}

const fn reason(why: GrantEnd) -> OrderReason {
    match why {
        GrantEnd::LoggedOut => OrderReason::LoggedOut,
        GrantEnd::Replaced | GrantEnd::DeviceRetired | GrantEnd::GivenUp => {
            OrderReason::DeviceRetired
        }
        GrantEnd::SessionUsedUp => OrderReason::AllowanceUsedUp,
        GrantEnd::Revoked => OrderReason::Admin,
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccountId, GrantId, MacAddress, Remaining, Resource};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(10_000);

    fn grant(until: i64, state: GrantState) -> Grant {
        Grant {
            id: GrantId::from_bytes([1; 16]),
            account: AccountId::from_bytes([2; 16]),
            device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            site: "walkway".parse().unwrap(),
            plan: "visitor".parse().unwrap(),
            issued_at: Timestamp::from_secs(9_000),
            until: Timestamp::from_secs(until),
            state,
        }
    }

    fn within(seconds: Option<u64>) -> Option<Assessment> {
        let time = seconds.map(Duration::from_secs);
        Some(Assessment::Within(Remaining { time, data: None }))
    }

    fn exhausted(window: Window) -> Option<Assessment> {
        Some(Assessment::Exhausted { window, resource: Resource::Data, renews_at: None })
    }

    fn slowed(renews_at: Option<i64>) -> Option<Assessment> {
        let renews_at = renews_at.map(Timestamp::from_secs);
        Some(Assessment::Slowed { window: Window::Day, resource: Resource::Data, renews_at })
    }

    fn goes_on(speed: Option<Speed>, seconds: i64) -> Verdict {
        Verdict::GoesOn { look_again: Timestamp::from_secs(seconds), speed }
    }

    #[test]
    fn a_session_goes_on_as_long_as_grant_and_allowance_hold() {
        let (live, full) = (GrantState::Live, Some(Speed::Full));
        let ended = |why| GrantState::Ended { at: NOW, why };
        let expired = Verdict::CutSession(OrderReason::GrantExpired);
        let used_up = Verdict::CutSession(OrderReason::AllowanceUsedUp);
        for (until, state, assessment, sessions, expected) in [
            (99_999, live, within(None), 1, goes_on(full, 10_300)),
            (99_999, live, within(Some(7_000)), 1, goes_on(full, 10_300)),
            (99_999, live, within(Some(40)), 1, goes_on(full, 10_040)),
            (99_999, live, within(Some(40)), 2, goes_on(full, 10_020)),
            (10_030, live, within(Some(40)), 1, goes_on(full, 10_030)),
            (99_999, live, None, 1, goes_on(None, 10_300)),
            (99_999, live, slowed(Some(10_040)), 1, goes_on(Some(Speed::Reduced), 10_040)),
            (99_999, live, slowed(None), 2, goes_on(Some(Speed::Reduced), 10_300)),
            (10_000, live, slowed(None), 1, expired),
            (99_999, live, exhausted(Window::Day), 1, Verdict::CutAccount),
            (99_999, live, exhausted(Window::Session), 1, Verdict::EndGrant),
            (10_000, live, within(Some(40)), 1, expired),
            (9_999, live, exhausted(Window::Day), 1, expired),
            (
                99_999,
                ended(GrantEnd::LoggedOut),
                within(Some(40)),
                1,
                Verdict::CutSession(OrderReason::LoggedOut),
            ),
            (
                99_999,
                ended(GrantEnd::DeviceRetired),
                None,
                1,
                Verdict::CutSession(OrderReason::DeviceRetired),
            ),
            (99_999, ended(GrantEnd::SessionUsedUp), None, 1, used_up),
            (99_999, ended(GrantEnd::Revoked), None, 1, Verdict::CutSession(OrderReason::Admin)),
        ] {
            let grant = grant(until, state);
            let verdict = judge(&grant, assessment.as_ref(), sessions, NOW);
            assert_eq!(verdict, expected, "{until} {state:?} {assessment:?} {sessions}");
        }
    }
}
