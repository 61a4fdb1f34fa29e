//! How a session is wished to be: its intervals, multiplier, role and authentication.

use std::num::NonZeroU8;
use std::time::Duration;

use thiserror::Error;

use super::authentication::Authentication;
use super::interval::Interval;
use super::state::State;

/// The shortest interval that may be wished for: below it, scheduling shows.
const SHORTEST: Interval = Interval::from_micros(1_000);

/// Who speaks first (RFC 5880 s6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Speaks whether or not the other side is heard.
    #[default]
    Active,
    /// Speaks only while the other side is heard: when it hears nothing any more it cannot say so, and
    /// the other side finds out by itself.
    Passive,
}

/// Why settings cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// An interval is shorter than a millisecond, or does not fit into the packet.
    #[error("an interval of {0:?} is not between one millisecond and 71 minutes")]
    Interval(Duration),
}

/// What one side wishes of a session.
#[derive(Clone, Debug)]
pub struct Settings {
    desired_min_tx: Interval,
    required_min_rx: Interval,
    detect_mult: NonZeroU8,
    role: Role,
    authentication: Authentication,
    also_accepted: Option<Authentication>,
}

impl Settings {
    /// The active role, without authentication: the shortest times between packets that this side
    /// would like to send and can take, and how many the other side must miss to give this one up.
    pub fn new(
        desired_min_tx: Duration,
        required_min_rx: Duration,
        detect_mult: NonZeroU8,
    ) -> Result<Self, SettingsError> {
        let interval = |wished: Duration| {
            let interval = Interval::from_duration(wished).filter(|found| *found >= SHORTEST);
            interval.ok_or(SettingsError::Interval(wished))
        };
        Ok(Self {
            desired_min_tx: interval(desired_min_tx)?,
            required_min_rx: interval(required_min_rx)?,
            detect_mult,
            role: Role::default(),
            authentication: Authentication::default(),
            also_accepted: None,
        })
    }

    /// The same with other times and another multiplier.
    pub fn with_times(
        self,
        desired_min_tx: Duration,
        required_min_rx: Duration,
        detect_mult: NonZeroU8,
    ) -> Result<Self, SettingsError> {
        let Self { desired_min_tx, required_min_rx, detect_mult, .. } =
            Self::new(desired_min_tx, required_min_rx, detect_mult)?;
        Ok(Self { desired_min_tx, required_min_rx, detect_mult, ..self })
    }

    /// The same with another time between packets, of both sides; one that cannot be changes nothing.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        match Interval::from_duration(interval).filter(|found| *found >= SHORTEST) {
            Some(interval) => Self { desired_min_tx: interval, required_min_rx: interval, ..self },
            None => self,
        }
    }

    /// The same with another multiplier.
    #[must_use]
    pub fn with_missing(self, detect_mult: NonZeroU8) -> Self {
        Self { detect_mult, ..self }
    }

    /// The same in another role.
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same with authentication, by which packets are sent and accepted.
    #[must_use]
    pub fn with_authentication(self, authentication: Authentication) -> Self {
        Self { authentication, ..self }
    }

    /// The same with another authentication that is accepted too. With it, authentication is turned
    /// on, off or into another kind without losing the session: both sides accept the new kind, then
    /// each sends it, then both cease to accept the old one. While no authentication at all is
    /// accepted, there is none.
    #[must_use]
    pub fn also_accepting(self, authentication: Authentication) -> Self {
        Self { also_accepted: Some(authentication), ..self }
    }

    pub(crate) const fn detect_mult(&self) -> NonZeroU8 {
        self.detect_mult
    }

    /// Whether the role is the passive one.
    pub fn is_passive(&self) -> bool {
        self.role == Role::Passive
    }

    pub(crate) const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    pub(crate) const fn also_accepted(&self) -> Option<&Authentication> {
        self.also_accepted.as_ref()
    }

    /// What is told in that state: at least a second between packets while the session is not up
    /// (RFC 5880 s6.8.3).
    pub(crate) fn wished(&self, state: State) -> Intervals {
        let tx = match state {
            State::Up => self.desired_min_tx,
            State::AdminDown | State::Down | State::Init => self.desired_min_tx.max(Interval::SLOW),
        };
        Intervals { tx, rx: self.required_min_rx }
    }
}

/// Desired Min TX and Required Min RX of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intervals {
    pub(crate) tx: Interval,
    pub(crate) rx: Interval,
}
