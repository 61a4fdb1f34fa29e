//! The asking side: sends a packet each interval, and makes of the answers round trips, delays one way,
//! and losses in each direction (RFC 8762 s4.2).
//!
//! A round trip is measured by the clock that only goes forward, with the time at which the packet was
//! sent kept by its number, so no step of a wall clock at either end shows in it. A packet that is not
//! answered in time is lost; an answer after that takes the verdict back while the packet is
//! remembered. Beyond what is remembered nothing is kept.

mod directions;
mod interval;
mod ring;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use super::clock::{ErrorEstimate, Timestamp};
use super::packet::{Authentication, ParseError, ReflectorPacket, SenderPacket, SessionId};
use crate::key::Key;
use directions::Directions;
use interval::Interval;
pub use interval::Report;
use ring::{Probe, Ring, State};

/// Whether the reflector counts what it answers; agreed with whoever runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reflection {
    /// It does, so that the direction of a loss can be told.
    Stateful,
    /// It gives the sender's numbers back.
    Stateless,
}

/// What a session is to be like.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its number.
    pub session: SessionId,
    /// What its packets are proved by.
    pub key: Option<Key>,
    /// What is known of the reflector.
    pub reflection: Reflection,
    /// The time from one packet to the next.
    pub interval: Duration,
    /// The lengths of packets in turn, in octets of UDP; a packet is never shorter than its fields.
    pub sizes: Sizes,
    /// After which time a packet is lost.
    pub timeout: Duration,
    /// How many packets are remembered, for their answers to be taken. What is sent within `timeout`
    /// should be among them: whatever is forgotten unanswered is lost.
    pub remembered: NonZeroUsize,
}

/// The lengths of packets in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// All are of one length.
    One(u16),
    /// Every other one is longer, so that a path that only carries small packets does not look good.
    Alternating([u16; 2]),
}

impl Sizes {
    /// Which kind and length the packet with that number has.
    fn of(self, sequence: u64) -> (usize, u16) {
        match self {
            Self::One(size) => (0, size),
            Self::Alternating([first, _]) if sequence.is_multiple_of(2) => (0, first),
            Self::Alternating([_, second]) => (1, second),
        }
    }
}

/// The time, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// By the clock that only goes forward.
    pub now: Instant,
    /// By the wall clock.
    pub wall: SystemTime,
}

/// How an answer stands to what was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The first, in time.
    InTime,
    /// The first, after the packet was taken for lost.
    Late,
    /// One more to a packet that was answered.
    Duplicate,
}

/// What one answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number of the packet that is answered, as it went out.
    pub sequence: u32,
    /// How it stands to what was known.
    pub standing: Standing,
    /// An answer to a later packet came before it.
    pub is_reordered: bool,
    /// The reflector began to count anew.
    pub is_restart: bool,
    /// The time there and back, without what the reflector needed; none if the reflector's clock was
    /// set in between.
    pub round_trip: Option<Duration>,
    /// The delay each way; none unless both ends say that their clocks are synchronised.
    pub one_way: Option<OneWay>,
    /// With which time to live the packet arrived at the reflector.
    pub ttl: u8,
}

/// The delay in each direction, as exact as the clocks of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneWay {
    /// From the sender to the reflector.
    pub forward: Duration,
    /// From the reflector to the sender.
    pub backward: Duration,
}

/// Why octets are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// They are no packet, or of somebody with another secret.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// They are of another session.
    #[error("the answer is of session {}", .0.0)]
    OtherSession(SessionId),
    /// No packet of that number is remembered.
    #[error("no packet {0} is remembered")]
    Unknown(u32),
    /// The packet of that number carried another stamp: whoever answers did not see it.
    #[error("the answer gives back another stamp than packet {0} had")]
    OtherStamp(u32),
}

impl AnswerError {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed(error) => error.as_str(),
            Self::OtherSession(_) => "other-session",
            Self::Unknown(_) => "unknown",
            Self::OtherStamp(_) => "other-stamp",
        }
    }
}

/// Losses of which the direction is known, since the session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Losses {
    /// On the way to the reflector.
    pub forward: u64,
    /// On the way back.
    pub backward: u64,
}

/// A sender of one session.
#[derive(Debug)]
pub struct Sender {
    settings: Settings,
    error: ErrorEstimate,
    next_due: Instant,
    ring: Ring,
    directions: Directions,
    interval: Interval,
}

impl Sender {
    /// A session that sends its first packet now; its clock is as good as `error` says.
    pub fn new(settings: Settings, error: ErrorEstimate, now: Instant) -> Self {
        Self::starting_at(0, settings, error, now)
    }

    fn starting_at(sequence: u64, settings: Settings, error: ErrorEstimate, now: Instant) -> Self {
        let ring = Ring::new(settings.remembered, sequence);
        let interval = Interval::new(settings.remembered);
        let directions = Directions::default();
        Self { settings, error, next_due: now, ring, directions, interval }
    }

    /// What is known now of the clock.
    pub fn set_error(&mut self, error: ErrorEstimate) {
        self.error = error;
    }

    /// Another time from one packet to the next; nothing that is known is lost.
    pub fn set_interval(&mut self, interval: Duration) {
        let sooner = self.settings.interval.saturating_sub(interval);
        self.next_due = self.next_due.checked_sub(sooner).unwrap_or(self.next_due);
        self.settings.interval = interval;
    }

    /// Other lengths of packets from the next one on.
    pub fn set_sizes(&mut self, sizes: Sizes) {
        self.settings.sizes = sizes;
    }

    /// When [`Sender::poll`] has something to do.
    pub fn next_deadline(&self) -> Instant {
        let timeout = self.ring.first_waiting().map(|probe| probe.sent + self.settings.timeout);
        timeout.map_or(self.next_due, |timeout| timeout.min(self.next_due))
    }

    /// Gives lost packets up, and writes the next packet if it is due; tells how long it is. Time that
    /// nobody called is not made good for by more packets.
    pub fn poll(&mut self, at: Reading, packet: &mut [u8]) -> Option<usize> {
        self.expire(at.now);
        if at.now < self.next_due {
            return None;
        }
        let (next, interval) = (self.next_due + self.settings.interval, self.settings.interval);
        self.next_due = if next > at.now { next } else { at.now + interval };
        let sequence = self.ring.next();
        let (kind, size) = self.settings.sizes.of(sequence);
        let authentication = authentication(&self.settings);
        let length = usize::from(size).max(authentication.base_octets()).min(packet.len());
        let stamp = Timestamp::of(at.wall, self.error.format());
        let asked = SenderPacket {
            sequence: wire(sequence),
            timestamp: stamp,
            error: self.error,
            session: self.settings.session,
        };
        asked.write(authentication, packet.get_mut(..length)?).ok()?;
        self.interval.sent += 1;
        let forgotten = self.ring.push(Probe {
            sent: at.now,
            stamp,
            error: self.error,
            kind,
            state: State::Waiting,
        });
        if forgotten {
            self.interval.lost += 1;
        }
        self.settle();
        Some(length)
    }

    /// The kernel says when the packet of that number left, which a busy sender finds out later.
    pub fn left(&mut self, sequence: u32, at: Instant) {
        let Some(sequence) = self.ring.find(sequence) else { return };
        self.ring.left(sequence, at);
    }

    /// Takes what was received; `at` is when it arrived.
    pub fn receive(&mut self, octets: &[u8], at: Reading) -> Result<Answer, AnswerError> {
        self.expire(at.now);
        let answer = ReflectorPacket::parse(octets, authentication(&self.settings))?;
        // A reflector of before RFC 8972 answers with zeros (s3).
        if ![self.settings.session, SessionId(0)].contains(&answer.session) {
            return Err(AnswerError::OtherSession(answer.session));
        }
        let number = answer.origin.sequence;
        let sequence = self.ring.find(number).ok_or(AnswerError::Unknown(number))?;
        let probe = *self.ring.probe(sequence).ok_or(AnswerError::Unknown(number))?;
        if answer.origin.timestamp != probe.stamp {
            return Err(AnswerError::OtherStamp(number));
        }
        let standing = match probe.state {
            State::Waiting => Standing::InTime,
            State::Lost => Standing::Late,
            State::Answered { .. } => Standing::Duplicate,
        };
        let is_reordered = standing != Standing::Duplicate && self.ring.is_overtaken(sequence);
        let round_trip = round_trip(&answer, &probe, at.now);
        let is_restart = self.count(sequence, answer.sequence, standing);
        self.interval.count((sequence, probe.kind), (standing, is_reordered), round_trip);
        let one_way = one_way(&answer, &probe, at.wall);
        let ttl = answer.origin.ttl;
        let sequence = number;
        Ok(Answer { sequence, standing, is_reordered, is_restart, round_trip, one_way, ttl })
    }

    /// What the session knows of the directions of losses.
    pub fn losses(&self) -> Losses {
        self.directions.losses()
    }

    /// What happened since the last report; empties the count.
    pub fn report(&mut self, now: Instant) -> Report {
        self.expire(now);
        self.interval.close(self.directions.losses())
    }

    /// Brings an answer into the count of directions; whether the reflector began anew.
    fn count(&mut self, sequence: u64, number: u32, standing: Standing) -> bool {
        if standing == Standing::Duplicate {
            self.directions.duplicate(&self.ring, sequence, number);
            return false;
        }
        let (state, is_restart) = match self.settings.reflection {
            Reflection::Stateful => self.directions.place(&self.ring, sequence, number),
            Reflection::Stateless => (State::Answered { epoch: 0, number: 0 }, false),
        };
        self.interval.restarts += u32::from(is_restart);
        self.ring.answer(sequence, state);
        if standing == Standing::Late && self.settings.reflection == Reflection::Stateful {
            self.directions.settle(sequence, state);
        }
        self.settle();
        is_restart
    }

    /// Takes in what was answered before the first packet that waits.
    fn settle(&mut self) {
        match self.settings.reflection {
            Reflection::Stateful => {
                let directions = &mut self.directions;
                self.ring.settle_answered(|sequence, state| directions.settle(sequence, state));
            }
            Reflection::Stateless => self.ring.settle_answered(|_, _| {}),
        }
    }

    /// Gives up what waited too long.
    fn expire(&mut self, now: Instant) {
        let timeout = self.settings.timeout;
        while self.ring.first_waiting().is_some_and(|probe| probe.sent + timeout <= now) {
            self.ring.lose_first();
            self.interval.lost += 1;
            self.settle();
        }
    }
}

fn authentication(settings: &Settings) -> Authentication<'_> {
    settings.key.as_ref().map_or(Authentication::None, Authentication::Hmac)
}

/// The number as it stands in packets, which turns.
const fn wire(sequence: u64) -> u32 {
    (sequence & u32::MAX as u64) as u32
}

fn round_trip(answer: &ReflectorPacket, probe: &Probe, now: Instant) -> Option<Duration> {
    let format = answer.error.format();
    let dwell = answer.timestamp.since(format, answer.received, format)?;
    now.saturating_duration_since(probe.sent).checked_sub(dwell)
}

fn one_way(answer: &ReflectorPacket, probe: &Probe, wall: SystemTime) -> Option<OneWay> {
    if !(probe.error.is_synchronised() && answer.error.is_synchronised()) {
        return None;
    }
    let (own, theirs) = (probe.error.format(), answer.error.format());
    let forward = answer.received.since(theirs, probe.stamp, own)?;
    let backward = Timestamp::of(wall, own).since(own, answer.timestamp, theirs)?;
    Some(OneWay { forward, backward })
}

#[cfg(test)]
mod tests;
