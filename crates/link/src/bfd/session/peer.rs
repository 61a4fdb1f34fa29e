//! What a session knows of the other side (the bfd.Remote variables of RFC 5880 s6.8.1).

use std::time::{Duration, Instant};

use super::super::diagnostic::Diagnostic;
use super::super::discriminator::Discriminator;
use super::super::interval::Interval;
use super::super::packet::Packet;
use super::super::state::State;

/// The other side as its last valid packet told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Known from its first packet until nothing is heard for the detection time.
    pub(super) discriminator: Option<Discriminator>,
    pub(super) state: State,
    pub(super) diagnostic: Diagnostic,
    pub(super) wishes_demand: bool,
    pub(super) required_min_rx: Interval,
    pub(super) desired_min_tx: Interval,
    detect_mult: u8,
    /// When it was last heard.
    pub(super) heard: Option<Instant>,
}

impl Peer {
    /// Until it says otherwise, it takes packets as fast as they come (s6.8.1).
    const INITIAL_MIN_RX: Interval = Interval::from_micros(1);

    pub(super) const fn unknown() -> Self {
        Self {
            discriminator: None,
            state: State::Down,
            diagnostic: Diagnostic::None,
            wishes_demand: false,
            required_min_rx: Self::INITIAL_MIN_RX,
            desired_min_tx: Interval::ZERO,
            detect_mult: 0,
            heard: None,
        }
    }

    pub(super) fn learn(&mut self, packet: &Packet, now: Instant) {
        *self = Self {
            discriminator: Some(packet.my_discriminator),
            state: packet.state,
            diagnostic: packet.diagnostic,
            wishes_demand: packet.is_demand,
            required_min_rx: packet.required_min_rx,
            desired_min_tx: packet.desired_min_tx,
            detect_mult: packet.detect_mult.get(),
            heard: Some(now),
        };
    }

    /// Nothing was heard for the detection time: its number and wishes are void (s6.8.1, s6.8.18);
    /// its timing and when it was heard are remembered.
    pub(super) fn forget(&mut self) {
        *self = Self {
            desired_min_tx: self.desired_min_tx,
            detect_mult: self.detect_mult,
            heard: self.heard,
            ..Self::unknown()
        };
    }

    /// The time between its packets, when this side takes one in `required` at most; absent until it
    /// was heard.
    pub(super) fn interval(&self, required: Interval) -> Option<Interval> {
        self.heard.map(|_| self.desired_min_tx.max(required))
    }

    /// After how long a silence it is gone (s6.8.4); absent until it was heard.
    pub(super) fn detection_time(&self, required: Interval) -> Option<Duration> {
        let interval = self.interval(required)?;
        Some(interval.duration() * u32::from(self.detect_mult))
    }

    /// How long it has been silent.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        self.heard.map(|heard| now.saturating_duration_since(heard))
    }
}
