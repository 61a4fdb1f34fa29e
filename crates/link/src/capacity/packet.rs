//! The packets of a train, the request for one, and what the far end says of it; all proved.
//!
//! ```text
//! packet   "SbTr" 1 0 packets(2) train(8) index(2) payload(2)                          proof(16) filling
//! request  "SbTr" 1 2 part(1) 0  train(8) packets(2) payload(2) headers(2) 0(2)        proof(16)
//! result   "SbTr" 1 1 confidence(1) 0 train(8) rate(8) least(8) most(8) used(2) got(2) proof(16)
//! ```
//!
//! The filling cannot be pressed together, as some links would do, and is not under the proof.

use thiserror::Error;

use super::{BitRate, Confidence, Estimate, Plan};
use crate::key::{Key, TAG_OCTETS};

pub(super) const MAGIC: [u8; 4] = *b"SbTr";
pub(super) const VERSION: u8 = 1;
const PACKET: u8 = 0;
const RESULT: u8 = 1;
const REQUEST: u8 = 2;

pub(super) const PROVED_OCTETS: usize = 20;
const PROVED_RESULT_OCTETS: usize = 44;
const PROVED_REQUEST_OCTETS: usize = 24;

/// The shortest packet of a train.
pub const HEADER_OCTETS: usize = PROVED_OCTETS + TAG_OCTETS;

/// What the far end says of a train.
pub const RESULT_OCTETS: usize = PROVED_RESULT_OCTETS + TAG_OCTETS;

/// What is asked of the far end.
pub const REQUEST_OCTETS: usize = PROVED_REQUEST_OCTETS + TAG_OCTETS;

/// Names a train; drawn anew for each, so that none is measured twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrainId(pub u64);

/// The key of two ends, for trains alone.
#[derive(Clone, Debug)]
pub struct TrainKey(pub(super) Key);

impl TrainKey {
    /// That of the ends that share `key`.
    pub fn of(key: &Key) -> Self {
        Self(key.derived("sabeel capacity train 1"))
    }
}

/// One packet of a train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainPacket {
    /// The train.
    pub train: TrainId,
    /// How many packets it has.
    pub packets: u16,
    /// Which of them this is, from 0.
    pub index: u16,
    /// The octets of each.
    pub payload: u16,
}

/// What the one that is asked is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To send the train.
    Send,
    /// To expect the train, and to tell what came of it.
    Receive,
}

/// What is asked of the far end, before a train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainRequest {
    /// The train.
    pub train: TrainId,
    /// What the one that is asked is to do.
    pub part: Part,
    /// How the train is made; within limits.
    pub plan: Plan,
}

/// What the far end says of a train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainResult {
    /// The train.
    pub train: TrainId,
    /// What was made of it; none if too little of it arrived, or if the far end is busy with another one.
    pub estimate: Option<Estimate>,
}

/// Why octets are none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// They are something else.
    #[error("the octets are no packet of a train")]
    Foreign,
    /// The proof was made with another secret, or the packet was altered.
    #[error("the proof does not match the secret")]
    WrongProof,
    /// The packet is not as long as it says, or not one of its train.
    #[error("the packet contradicts itself")]
    Inconsistent,
}

impl PacketError {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::WrongProof => "wrong-proof",
            Self::Inconsistent => "inconsistent",
        }
    }
}

impl TrainPacket {
    /// Writes it over the beginning of `octets`; tells how long it is, if there is room.
    pub fn write(&self, key: &TrainKey, octets: &mut [u8]) -> Option<usize> {
        let length = usize::from(self.payload);
        let octets = octets.get_mut(..length)?;
        let (proved, rest) = octets.split_at_mut_checked(PROVED_OCTETS)?;
        let (tag, filling) = rest.split_at_mut_checked(TAG_OCTETS)?;
        let fields = [
            &MAGIC[..],
            &[VERSION, PACKET],
            &self.packets.to_be_bytes(),
            &self.train.0.to_be_bytes(),
            &self.index.to_be_bytes(),
            &self.payload.to_be_bytes(),
        ];
        proved.iter_mut().zip(fields.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
        tag.copy_from_slice(&key.0.tag(&[proved]));
        fill(filling, self.train.0 ^ u64::from(self.index));
        Some(length)
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_OCTETS] = proved(octets, PACKET, key)?;
        let [.., p0, p1, t0, t1, t2, t3, t4, t5, t6, t7, i0, i1, l0, l1] = fields;
        let packet = Self {
            train: TrainId(u64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7])),
            packets: u16::from_be_bytes([p0, p1]),
            index: u16::from_be_bytes([i0, i1]),
            payload: u16::from_be_bytes([l0, l1]),
        };
        let is_consistent =
            packet.index < packet.packets && usize::from(packet.payload) == octets.len();
        is_consistent.then_some(packet).ok_or(PacketError::Inconsistent)
    }
}

impl TrainRequest {
    /// As it goes on the wire.
    pub fn write(&self, key: &TrainKey) -> [u8; REQUEST_OCTETS] {
        let part = match self.part {
            Part::Send => 0,
            Part::Receive => 1,
        };
        let fields = [
            &MAGIC[..],
            &[VERSION, REQUEST, part, 0],
            &self.train.0.to_be_bytes(),
            &self.plan.packets.to_be_bytes(),
            &self.plan.payload.to_be_bytes(),
            &self.plan.headers.to_be_bytes(),
        ];
        let mut octets = [0; REQUEST_OCTETS];
        let (proved, tag) = octets.split_at_mut(PROVED_REQUEST_OCTETS);
        proved.iter_mut().zip(fields.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
        tag.copy_from_slice(&key.0.tag(&[proved]));
        octets
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_REQUEST_OCTETS] = proved(octets, REQUEST, key)?;
        let part = match fields[6] {
            0 => Part::Send,
            1 => Part::Receive,
            _ => return Err(PacketError::Inconsistent),
        };
        let [packets, payload, headers, rest] =
            [16, 18, 20, 22].map(|at| array(&fields, at)).map(u16::from_be_bytes);
        let plan = Plan { packets, payload, headers };
        let is_sound = (fields[7], rest) == (0, 0) && plan == plan.within_limits();
        if !is_sound || octets.len() != REQUEST_OCTETS {
            return Err(PacketError::Inconsistent);
        }
        let train = TrainId(u64::from_be_bytes(array(&fields, 8)));
        Ok(Self { train, part, plan })
    }
}

impl TrainResult {
    /// As it goes on the wire.
    pub fn write(&self, key: &TrainKey) -> [u8; RESULT_OCTETS] {
        let estimate = self.estimate.unwrap_or_default();
        let confidence = match self.estimate.map(|estimate| estimate.confidence) {
            None => 0,
            Some(Confidence::Poor) => 1,
            Some(Confidence::Fair) => 2,
            Some(Confidence::Good) => 3,
        };
        let fields = [
            &MAGIC[..],
            &[VERSION, RESULT, confidence, 0],
            &self.train.0.to_be_bytes(),
            &estimate.rate.bits_per_second().to_be_bytes(),
            &estimate.least.bits_per_second().to_be_bytes(),
            &estimate.most.bits_per_second().to_be_bytes(),
            &estimate.used.to_be_bytes(),
            &estimate.received.to_be_bytes(),
        ];
        let mut octets = [0; RESULT_OCTETS];
        let (proved, tag) = octets.split_at_mut(PROVED_RESULT_OCTETS);
        proved.iter_mut().zip(fields.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
        tag.copy_from_slice(&key.0.tag(&[proved]));
        octets
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_RESULT_OCTETS] = proved(octets, RESULT, key)?;
        let confidence = match fields[6] {
            0 => None,
            1 => Some(Confidence::Poor),
            2 => Some(Confidence::Fair),
            3 => Some(Confidence::Good),
            _ => return Err(PacketError::Inconsistent),
        };
        let [train, rate, least, most] =
            [8, 16, 24, 32].map(|at| array(&fields, at)).map(u64::from_be_bytes);
        let [used, received] = [40, 42].map(|at| array(&fields, at)).map(u16::from_be_bytes);
        if octets.len() != RESULT_OCTETS || rate < least || rate > most {
            return Err(PacketError::Inconsistent);
        }
        let [rate, least, most] = [rate, least, most].map(BitRate::from_bits_per_second);
        let estimate =
            confidence.map(|confidence| Estimate { rate, least, most, used, received, confidence });
        Ok(Self { train: TrainId(train), estimate })
    }
}

/// The fields of what is of that kind and proved.
pub(super) fn proved<const N: usize>(
    octets: &[u8],
    kind: u8,
    key: &TrainKey,
) -> Result<[u8; N], PacketError> {
    let (fields, rest) = octets.split_first_chunk::<N>().ok_or(PacketError::Foreign)?;
    let tag: &[u8; TAG_OCTETS] = rest.first_chunk().ok_or(PacketError::Foreign)?;
    let [m0, m1, m2, m3, version, is, ..] = fields[..] else { return Err(PacketError::Foreign) };
    if ([m0, m1, m2, m3], version, is) != (MAGIC, VERSION, kind) {
        return Err(PacketError::Foreign);
    }
    if !key.0.verifies(&[fields], tag) {
        return Err(PacketError::WrongProof);
    }
    Ok(*fields)
}

pub(super) fn array<const N: usize>(fields: &[u8], at: usize) -> [u8; N] {
    fields.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// Octets without pattern (the xorshift of Marsaglia).
pub(super) fn fill(octets: &mut [u8], seed: u64) {
    let mut state = seed | 1;
    for chunk in octets.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.iter_mut().zip(state.to_be_bytes()).for_each(|(to, from)| *to = from);
    }
}
