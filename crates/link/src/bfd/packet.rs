//! The control packet on the wire (RFC 5880 s4.1): checked as s6.8.6 orders as far as that needs no
//! session, and written into a buffer of its greatest length.
//!
//! What follows the mandatory section is kept as it came; `authentication` judges it.

use std::num::NonZeroU8;
use std::ops::Deref;

use super::diagnostic::Diagnostic;
use super::discriminator::Discriminator;
use super::drop_reason::DropReason;
use super::interval::Interval;
use super::state::State;

/// Octets of the mandatory section.
pub const MANDATORY_OCTETS: usize = 24;
/// Octets of the longest packet that we write: with a SHA1 section.
pub const MAX_OCTETS: usize = MANDATORY_OCTETS + 28;

const VERSION: u8 = 1;
const POLL: u8 = 0b10_0000;
const FINAL: u8 = 0b01_0000;
const CONTROL_PLANE_INDEPENDENT: u8 = 0b00_1000;
const AUTHENTICATION_PRESENT: u8 = 0b00_0100;
const DEMAND: u8 = 0b00_0010;
const MULTIPOINT: u8 = 0b00_0001;

/// The fields of the mandatory section that differ between packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Why the sender last changed its state.
    pub diagnostic: Diagnostic,
    /// The sender's state.
    pub state: State,
    /// Whether the sender asks for an answer.
    pub is_poll: bool,
    /// Whether this is such an answer.
    pub is_final: bool,
    /// Whether the sender's BFD outlives its control plane.
    pub is_control_plane_independent: bool,
    /// Whether the sender wishes to be sent no periodic packets.
    pub is_demand: bool,
    /// How many packets must be missed for the sender to be taken for gone.
    pub detect_mult: NonZeroU8,
    /// The sender's number of the session.
    pub my_discriminator: Discriminator,
    /// The receiver's number of the session, if the sender knows it.
    pub your_discriminator: Option<Discriminator>,
    /// The shortest time between packets that the sender would like to keep.
    pub desired_min_tx: Interval,
    /// The shortest time between packets that the sender can take.
    pub required_min_rx: Interval,
    /// The same for Echo packets; zero where it sends none back.
    pub required_min_echo_rx: Interval,
}

/// A received packet with what vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    packet: Packet,
    /// The packet as its Length field bounds it.
    octets: &'a [u8],
    /// What follows the mandatory section, if the packet says that it is authenticated.
    section: Option<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// Reads a datagram; octets after the Length field's end are no part of the packet.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, DropReason> {
        let (head, _) =
            datagram.split_first_chunk::<MANDATORY_OCTETS>().ok_or(DropReason::Truncated)?;
        let [version, flags, detect_mult, length, rest @ ..] = *head;
        if version >> 5 != VERSION {
            return Err(DropReason::Version);
        }
        let is_authenticated = flags & AUTHENTICATION_PRESENT != 0;
        let least = if is_authenticated { MANDATORY_OCTETS + 2 } else { MANDATORY_OCTETS };
        let length = usize::from(length);
        if length < least {
            return Err(DropReason::LengthTooSmall);
        }
        let octets = datagram.get(..length).ok_or(DropReason::LengthPastEnd)?;
        let detect_mult = NonZeroU8::new(detect_mult).ok_or(DropReason::DetectMultZero)?;
        if flags & MULTIPOINT != 0 {
            return Err(DropReason::Multipoint);
        }
        let [my_discriminator, your_discriminator, desired_min_tx, required_min_rx, echo] =
            words(rest);
        let packet = Packet {
            diagnostic: Diagnostic::from_bits(version),
            state: State::from_bits(flags >> 6),
            is_poll: flags & POLL != 0,
            is_final: flags & FINAL != 0,
            is_control_plane_independent: flags & CONTROL_PLANE_INDEPENDENT != 0,
            is_demand: flags & DEMAND != 0,
            detect_mult,
            my_discriminator: Discriminator::new(my_discriminator)
                .ok_or(DropReason::MyDiscriminatorZero)?,
            your_discriminator: Discriminator::new(your_discriminator),
            desired_min_tx: Interval::from_micros(desired_min_tx),
            required_min_rx: Interval::from_micros(required_min_rx),
            required_min_echo_rx: Interval::from_micros(echo),
        };
        let section = octets.get(MANDATORY_OCTETS..).filter(|_| is_authenticated);
        Ok(Self { packet, octets, section })
    }

    /// The fields.
    pub const fn packet(&self) -> &Packet {
        &self.packet
    }

    /// The whole packet as it came.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The authentication section, where the packet has one.
    pub const fn section(&self) -> Option<&'a [u8]> {
        self.section
    }
}

/// The five words after the first one.
fn words(octets: [u8; 20]) -> [u32; 5] {
    let (chunks, _) = octets.as_chunks::<4>();
    let mut words = [0; 5];
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_be_bytes(*chunk);
    }
    words
}

impl Packet {
    /// The packet without an authentication section.
    pub fn encode(&self) -> Datagram {
        let mut flags = self.state.bits() << 6;
        for (is_set, bit) in [
            (self.is_poll, POLL),
            (self.is_final, FINAL),
            (self.is_control_plane_independent, CONTROL_PLANE_INDEPENDENT),
            (self.is_demand, DEMAND),
        ] {
            if is_set {
                flags |= bit;
            }
        }
        let first = VERSION << 5 | self.diagnostic.bits();
        let mut datagram = Datagram { octets: [0; MAX_OCTETS], length: 0 };
        datagram.extend(&[first, flags, self.detect_mult.get(), 0]);
        for word in [
            self.my_discriminator.number(),
            self.your_discriminator.map_or(0, Discriminator::number),
            self.desired_min_tx.micros(),
            self.required_min_rx.micros(),
            self.required_min_echo_rx.micros(),
        ] {
            datagram.extend(&word.to_be_bytes());
        }
        datagram
    }
}

/// A packet to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    octets: [u8; MAX_OCTETS],
    /// As the Length field says it.
    length: u8,
}

impl Datagram {
    /// Adds octets as far as there is room, and has the Length field tell of them.
    fn extend(&mut self, octets: &[u8]) {
        let rest = self.octets.iter_mut().skip(self.length.into());
        for (place, octet) in rest.zip(octets) {
            *place = *octet;
            self.length += 1;
        }
        let [_, _, _, length, ..] = &mut self.octets;
        *length = self.length;
    }

    /// Adds octets of the authentication section, and has the packet say that it is there.
    pub(crate) fn extend_section(&mut self, octets: &[u8]) {
        let [_, flags, ..] = &mut self.octets;
        *flags |= AUTHENTICATION_PRESENT;
        self.extend(octets);
    }

    /// Writes over the last octets.
    pub(crate) fn replace_end(&mut self, end: &[u8]) {
        let start = usize::from(self.length).saturating_sub(end.len());
        for (place, octet) in self.octets.iter_mut().skip(start).zip(end) {
            *place = *octet;
        }
    }

    /// The mandatory section.
    pub(crate) fn mandatory(&self) -> [u8; MANDATORY_OCTETS] {
        self.octets.first_chunk().copied().unwrap_or([0; MANDATORY_OCTETS])
    }
}

impl Deref for Datagram {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..self.length.into()).unwrap_or(&self.octets)
    }
}
