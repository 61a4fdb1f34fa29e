//! One device on the visitors' network: how it stands, and what time will bring it.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::report::TerminateCause;
use super::session::Session;
use super::terms::Opaque;
use crate::moment::Moment;

/// The shortest time between two requests that a device can cause, and between two changes of
/// its address.
pub(super) const CALM: Duration = Duration::from_secs(2);
/// After how long a device is asked for again that got no answer, or whose session is over.
pub(super) const PAUSE: Duration = Duration::from_secs(30);
/// The same for one that was refused; doubled each time up to [`LONGEST_BACK_OFF`].
pub(super) const FIRST_BACK_OFF: Duration = Duration::from_secs(30);
pub(super) const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);
/// How long a device may be gone, and move nothing, before its session is over.
const LOST_AFTER: Duration = Duration::from_secs(300);
/// After how long a device that the kernel would not let go is removed again.
const REMOVE_AGAIN: Duration = Duration::from_secs(5);

/// A device that is or was on the visitors' network.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) address: Ipv4Addr,
    /// Since when nobody answers for the address.
    pub(super) absent_since: Option<Moment>,
    /// Until when nothing that the device does has a consequence.
    pub(super) calm_until: Moment,
    pub(super) state: State,
}

/// How a device stands.
#[derive(Debug)]
pub(super) enum State {
    /// Nobody is asked about it: no server answered, or its session is over.
    Quiet {
        /// When to ask again by ourselves; else a sign of life is waited for.
        until: Option<Moment>,
    },
    /// The server is asked whether it may come in.
    Asking(Asking),
    /// The server said no.
    Refused {
        /// When to ask again by ourselves.
        until: Moment,
        /// How long that was put off.
        back_off: Duration,
    },
    /// It is let through.
    Online {
        session: Box<Session>,
        /// The question whether it may stay, while that is asked.
        asking: Option<Asking>,
    },
    /// It is being cut off; the kernel has not said yet what it moved.
    Leaving { session: Box<Session>, then: Then, retry_at: Moment },
}

/// A question that waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// How long the last refusal put the question off.
    pub(super) back_off: Duration,
    /// Ask again after the answer, which may be older than what made us ask.
    pub(super) again: Option<Again>,
}

/// A question to be asked once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Again {
    /// State of the CoA-Request that wants it asked.
    pub(super) state: Opaque,
}

/// Why a device is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Its session is over.
    End(TerminateCause),
    /// It goes on under another address.
    Move(Ipv4Addr),
}

/// What time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    Ask,
    Forget,
    End(TerminateCause),
    ReportInterim,
    RemoveAgain,
}

impl Device {
    pub(super) const fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Online { session, .. } => Some(session),
            _ => None,
        }
    }

    /// What is due first, and when.
    pub(super) fn next_duty(&self) -> Option<(Moment, Duty)> {
        match &self.state {
            State::Asking(_) => None,
            State::Quiet { until: Some(until) } | State::Refused { until, .. } => {
                let duty = if self.absent_since.is_some() { Duty::Forget } else { Duty::Ask };
                Some((*until, duty))
            }
            State::Quiet { until: None } => self.absent_since.map(|since| (since, Duty::Forget)),
            State::Online { session, .. } => self.next_of_session(session),
            State::Leaving { retry_at, .. } => Some((*retry_at, Duty::RemoveAgain)),
        }
    }

    fn next_of_session(&self, session: &Session) -> Option<(Moment, Duty)> {
        use TerminateCause::{IdleTimeout, LostCarrier, SessionTimeout};
        let lost_at = self.absent_since.map(|since| since.max(session.active_at()) + LOST_AFTER);
        let ends = [
            (session.expires_at, SessionTimeout),
            (session.idle_at(), IdleTimeout),
            (lost_at, LostCarrier),
        ];
        let ends = ends.into_iter().filter_map(|(at, cause)| Some((at?, Duty::End(cause))));
        // Of what is due together the end comes first, since it reports the same.
        ends.chain([(session.interim_at, Duty::ReportInterim)]).min_by_key(|(at, _)| *at)
    }

    /// Puts a session into the state of being cut off.
    pub(super) fn leaving(session: Box<Session>, then: Then, now: Moment) -> State {
        State::Leaving { session, then, retry_at: now + REMOVE_AGAIN }
    }

    /// Whether its place may be given to another.
    pub(super) const fn is_dispensable(&self) -> bool {
        matches!(self.state, State::Quiet { .. } | State::Refused { .. })
    }
}

/// How long to put the next question off.
pub(super) fn longer(back_off: Duration) -> Duration {
    (back_off * 2).clamp(FIRST_BACK_OFF, LONGEST_BACK_OFF)
}
