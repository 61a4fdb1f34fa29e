//! The answering side: gives back each packet with its own stamps and number (RFC 8762 s4.3).
//!
//! An answer is as long as what it answers, never longer, so that nobody can use a reflector to send
//! more than he sends himself; what is too short to be answered so is dropped. Senders of TWAMP Light
//! are answered if their packets have room for what TWAMP says (RFC 8762 s4.6). Who may ask, and with
//! which secret, is the caller's.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use super::clock::{ErrorEstimate, Timestamp};
use super::extensions;
use super::packet::{
    Authentication, Origin, ParseError, ReflectorPacket, SenderPacket, SessionId,
    TWAMP_LIGHT_OCTETS,
};
use super::recent::Recent;

/// The port of reflectors (RFC 8762 s4.1).
pub const PORT: u16 = 862;

/// Whether a reflector counts what it answers (RFC 8762 s4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It keeps sessions, so that their senders learn in which direction packets are lost.
    Stateful {
        /// How many. When one more begins, the one not heard for longest ends; its sender sees a
        /// reflector that was restarted.
        sessions: NonZeroUsize,
        /// How many of them one address may have, so that none ends those of others: a sender of TWAMP
        /// Light, whose padding is random, seems to begin a session with every packet.
        of_one_address: NonZeroUsize,
    },
    /// It gives back the sender's numbers.
    Stateless,
}

/// How many packets one address may have answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// In a second, in the long run.
    pub a_second: NonZeroU32,
    /// At once.
    pub at_once: NonZeroU32,
    /// Of how many addresses that is remembered; beyond, the one not heard for longest is forgotten.
    pub peers: NonZeroUsize,
}

/// A packet that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// What it says.
    pub octets: &'a [u8],
    /// Its time to live, or hop limit.
    pub ttl: u8,
    /// When it arrived, by the wall clock.
    pub received: SystemTime,
    /// What its sender proves itself by.
    pub authentication: Authentication<'a>,
}

/// The time at which an answer leaves.
#[derive(Clone, Copy, Debug)]
pub struct Departure {
    /// By the clock that only goes forward.
    pub now: Instant,
    /// By the wall clock, read as late as can be.
    pub wall: SystemTime,
}

/// Why a packet is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DropReason {
    /// It is none of STAMP, or its sender has another secret.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// What there is to say is longer than what was asked.
    #[error("a packet of {0} octets has no room for an answer")]
    NoRoom(usize),
    /// It comes from where reflectors are: two of them would go on answering each other.
    #[error("the packet comes from a reflector's port")]
    FromReflector,
    /// Its sender sends too many.
    #[error("the sender sends too many packets")]
    TooMany,
    /// The caller's buffer is shorter than the packet.
    #[error("there is no room for {0} octets")]
    TooLong(usize),
}

impl DropReason {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed(error) => error.as_str(),
            Self::NoRoom(_) => "no-room",
            Self::FromReflector => "from-reflector",
            Self::TooMany => "too-many",
            Self::TooLong(_) => "too-long",
        }
    }
}

/// Who asks, in which session.
type Session = (SocketAddr, SessionId);

/// A reflector of one socket.
#[derive(Debug)]
pub struct Reflector {
    error: ErrorEstimate,
    /// The number of the next answer of each session; none are kept by one that does not count.
    sessions: Option<Recent<Session, u32>>,
    of_one_address: NonZeroUsize,
    limit: RateLimit,
    /// When the answers so far of each address are within its rate (GCRA).
    due: Recent<IpAddr, Instant>,
}

impl Reflector {
    /// A reflector without sessions, whose clock is as good as `error` says.
    pub fn new(counting: Counting, limit: RateLimit, error: ErrorEstimate) -> Self {
        let (sessions, of_one_address) = match counting {
            Counting::Stateful { sessions, of_one_address } => {
                (Some(Recent::new(sessions)), of_one_address)
            }
            Counting::Stateless => (None, NonZeroUsize::MIN),
        };
        Self { error, sessions, of_one_address, limit, due: Recent::new(limit.peers) }
    }

    /// What is known now of the clock.
    pub fn set_error(&mut self, error: ErrorEstimate) {
        self.error = error;
    }

    /// How many sessions are kept.
    pub fn sessions(&self) -> usize {
        self.sessions.as_ref().map_or(0, Recent::len)
    }

    /// Writes the answer to a packet into `answer` and tells how long it is.
    pub fn reflect(
        &mut self,
        arrival: Arrival<'_>,
        leaving: Departure,
        answer: &mut [u8],
    ) -> Result<usize, DropReason> {
        if arrival.source.port() == PORT {
            return Err(DropReason::FromReflector);
        }
        let length = arrival.octets.len();
        let answer = answer.get_mut(..length).ok_or(DropReason::TooLong(length))?;
        // Proved first: who only forges an address uses up nothing of its rate.
        let asked = SenderPacket::parse(arrival.octets, arrival.authentication)?;
        self.admit(arrival.source.ip(), leaving.now)?;
        if length < TWAMP_LIGHT_OCTETS {
            return Err(DropReason::NoRoom(length));
        }
        let sequence = self.number((arrival.source, asked.session), asked.sequence, leaving.now);
        answer.copy_from_slice(arrival.octets);
        if let Some(rest) = answer.get_mut(arrival.authentication.base_octets()..) {
            extensions::reflect(rest, arrival.authentication, asked.sequence, sequence);
        }
        let format = self.error.format();
        let reflected = ReflectorPacket {
            sequence,
            timestamp: Timestamp::of(leaving.wall, format),
            error: self.error,
            session: asked.session,
            received: Timestamp::of(arrival.received, format),
            origin: Origin {
                sequence: asked.sequence,
                timestamp: asked.timestamp,
                error: asked.error,
                ttl: arrival.ttl,
            },
        };
        reflected.write(arrival.authentication, answer)?;
        Ok(length)
    }

    fn number(&mut self, session: Session, asked: u32, now: Instant) -> u32 {
        let Some(sessions) = &mut self.sessions else { return asked };
        let address = session.0.ip();
        sessions.make_room(&session, self.of_one_address, |other| other.0.ip() == address);
        let next = sessions.hear(session, now, || 0);
        let number = *next;
        *next = next.wrapping_add(1);
        number
    }

    /// One more from an address, if its rate allows it.
    fn admit(&mut self, from: IpAddr, now: Instant) -> Result<(), DropReason> {
        let each = Duration::from_secs(1) / self.limit.a_second.get();
        let ahead = each * (self.limit.at_once.get() - 1);
        let due = self.due.hear(from, now, || now);
        if due.saturating_duration_since(now) > ahead {
            return Err(DropReason::TooMany);
        }
        *due = (*due).max(now) + each;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
