//! The packets of a bulk run, the order for one, and what the far end reports of it; all proved.
//!
//! ```text
//! packet  "SbTr" 1 3 payload(2) run(8) index(4)                                       proof(16) filling
//! order   "SbTr" 1 4 part(1) 0  run(8) rate(8)                                        proof(16)
//! report  "SbTr" 1 5 said(1) 0  run(8) seen(4) received(4) micros(4) rate(8) loss(2)  proof(16)
//! ```

use super::super::packet::{
    MAGIC, PROVED_OCTETS, PacketError, Part, TrainKey, VERSION, array, fill, proved,
};
use super::{BitRate, Sustained};
use crate::key::TAG_OCTETS;

const PACKET: u8 = 3;
const ORDER: u8 = 4;
const REPORT: u8 = 5;

const PROVED_ORDER_OCTETS: usize = 24;
const PROVED_REPORT_OCTETS: usize = 38;

/// What is ordered of the far end.
pub const BULK_ORDER_OCTETS: usize = PROVED_ORDER_OCTETS + TAG_OCTETS;
/// What it reports.
pub const BULK_REPORT_OCTETS: usize = PROVED_REPORT_OCTETS + TAG_OCTETS;

/// Names a run; drawn anew for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BulkId(pub u64);

/// One packet of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkPacket {
    /// The run.
    pub run: BulkId,
    /// Which of its packets this is, from 0.
    pub index: u32,
    /// The octets of each.
    pub payload: u16,
}

/// What the far end is to do, before a direction of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkOrder {
    /// The run.
    pub run: BulkId,
    /// To send, or to report what comes.
    pub part: Part,
    /// What trains told of that direction.
    pub estimate: BitRate,
}

/// What the end that receives says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkReport {
    /// The run.
    pub run: BulkId,
    /// How many were sent until the latest that came.
    pub seen: u32,
    /// How many of them came.
    pub received: u32,
    /// The time from the first to the latest, in microseconds.
    pub micros: u32,
    /// How it goes.
    pub said: BulkSaid,
}

/// How a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkSaid {
    /// On.
    Going,
    /// It is over; nothing is known if too little came.
    Over(Option<Sustained>),
    /// It is not wanted, or not any more; also said by the end that sends.
    Stopped,
}

impl BulkReport {
    /// Of a run of which nothing came.
    pub const fn of(run: BulkId) -> Self {
        Self { run, seen: 0, received: 0, micros: 0, said: BulkSaid::Going }
    }

    /// That a run is not wanted.
    pub const fn stopped(run: BulkId) -> Self {
        Self { said: BulkSaid::Stopped, ..Self::of(run) }
    }

    /// As it goes on the wire.
    pub fn write(&self, key: &TrainKey) -> [u8; BULK_REPORT_OCTETS] {
        let (said, sustained) = match self.said {
            BulkSaid::Going => (0, None),
            BulkSaid::Over(None) => (1, None),
            BulkSaid::Over(sustained) => (2, sustained),
            BulkSaid::Stopped => (3, None),
        };
        let (rate, loss) = sustained.map_or((0, 0), |of| (of.rate.bits_per_second(), of.loss));
        let fields = [
            &MAGIC[..],
            &[VERSION, REPORT, said, 0],
            &self.run.0.to_be_bytes(),
            &self.seen.to_be_bytes(),
            &self.received.to_be_bytes(),
            &self.micros.to_be_bytes(),
            &rate.to_be_bytes(),
            &loss.to_be_bytes(),
        ];
        let mut octets = [0; BULK_REPORT_OCTETS];
        write(&fields, PROVED_REPORT_OCTETS, key, &mut octets);
        octets
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_REPORT_OCTETS] = proved(octets, REPORT, key)?;
        let run = BulkId(u64::from_be_bytes(array(&fields, 8)));
        let [seen, received, micros] =
            [16, 20, 24].map(|at| array(&fields, at)).map(u32::from_be_bytes);
        let rate = u64::from_be_bytes(array(&fields, 28));
        let loss = u16::from_be_bytes(array(&fields, 36));
        let said = match (fields[6], rate, loss) {
            (0, 0, 0) => BulkSaid::Going,
            (1, 0, 0) => BulkSaid::Over(None),
            (2, rate, loss @ 0..=1_000) => {
                BulkSaid::Over(Some(Sustained { rate: BitRate::from_bits_per_second(rate), loss }))
            }
            (3, 0, 0) => BulkSaid::Stopped,
            _ => return Err(PacketError::Inconsistent),
        };
        if octets.len() != BULK_REPORT_OCTETS || fields[7] != 0 || received > seen {
            return Err(PacketError::Inconsistent);
        }
        Ok(Self { run, seen, received, micros, said })
    }
}

impl BulkOrder {
    /// As it goes on the wire.
    pub fn write(&self, key: &TrainKey) -> [u8; BULK_ORDER_OCTETS] {
        let part = match self.part {
            Part::Send => 0,
            Part::Receive => 1,
        };
        let fields = [
            &MAGIC[..],
            &[VERSION, ORDER, part, 0],
            &self.run.0.to_be_bytes(),
            &self.estimate.bits_per_second().to_be_bytes(),
        ];
        let mut octets = [0; BULK_ORDER_OCTETS];
        write(&fields, PROVED_ORDER_OCTETS, key, &mut octets);
        octets
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_ORDER_OCTETS] = proved(octets, ORDER, key)?;
        let part = match fields[6] {
            0 => Part::Send,
            1 => Part::Receive,
            _ => return Err(PacketError::Inconsistent),
        };
        if octets.len() != BULK_ORDER_OCTETS || fields[7] != 0 {
            return Err(PacketError::Inconsistent);
        }
        let run = BulkId(u64::from_be_bytes(array(&fields, 8)));
        let estimate = BitRate::from_bits_per_second(u64::from_be_bytes(array(&fields, 16)));
        Ok(Self { run, part, estimate })
    }
}

impl BulkPacket {
    /// Writes it over the beginning of `octets`; tells how long it is, if there is room.
    pub fn write(&self, key: &TrainKey, octets: &mut [u8]) -> Option<usize> {
        let length = usize::from(self.payload);
        let octets = octets.get_mut(..length)?;
        let (head, filling) = octets.split_at_mut_checked(PROVED_OCTETS + TAG_OCTETS)?;
        let fields = [
            &MAGIC[..],
            &[VERSION, PACKET],
            &self.payload.to_be_bytes(),
            &self.run.0.to_be_bytes(),
            &self.index.to_be_bytes(),
        ];
        write(&fields, PROVED_OCTETS, key, head);
        fill(filling, self.run.0 ^ u64::from(self.index));
        Some(length)
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &TrainKey) -> Result<Self, PacketError> {
        let fields: [u8; PROVED_OCTETS] = proved(octets, PACKET, key)?;
        let packet = Self {
            payload: u16::from_be_bytes(array(&fields, 6)),
            run: BulkId(u64::from_be_bytes(array(&fields, 8))),
            index: u32::from_be_bytes(array(&fields, 16)),
        };
        let is_whole = usize::from(packet.payload) == octets.len();
        is_whole.then_some(packet).ok_or(PacketError::Inconsistent)
    }
}

/// Writes fields that are so long in all, and the proof behind them.
fn write(fields: &[&[u8]], length: usize, key: &TrainKey, octets: &mut [u8]) {
    let (proved, tag) = octets.split_at_mut(length);
    proved.iter_mut().zip(fields.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
    tag.copy_from_slice(&key.0.tag(&[proved]));
}
