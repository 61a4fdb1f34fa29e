//! The two ends of one train: who sends it, and who notes when its packets arrive.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::packet::{PacketError, TrainId, TrainKey, TrainPacket, TrainResult};
use super::{Arrival, Plan, estimate};

/// A train that is sent.
#[derive(Debug)]
pub struct Train {
    train: TrainId,
    plan: Plan,
    next: u16,
}

impl Train {
    /// A train of that plan, of which nothing was sent; `train` is drawn at random.
    pub fn new(train: TrainId, plan: Plan) -> Self {
        Self { train, plan: plan.within_limits(), next: 0 }
    }

    /// Writes the next packet and tells how long it is; all are to be sent without a pause.
    pub fn next(&mut self, key: &TrainKey, octets: &mut [u8]) -> Option<usize> {
        if self.next >= self.plan.packets {
            return None;
        }
        let packet = TrainPacket {
            train: self.train,
            packets: self.plan.packets,
            index: self.next,
            payload: self.plan.payload,
        };
        self.next += 1;
        packet.write(key, octets)
    }
}

/// Why a packet does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is no packet of a train.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It is of a train that nobody announced, or of one that is over.
    #[error("the packet is of another train")]
    OtherTrain,
    /// Its train is made otherwise than was announced.
    #[error("the train is not made as announced")]
    OtherPlan,
    /// It came before.
    #[error("packet {0} came before")]
    Repeated(u16),
}

/// A train that is received: announced beforehand, so that an old one sent again counts for nothing.
#[derive(Debug)]
pub struct Receiver {
    train: TrainId,
    plan: Plan,
    /// As many as the train has, at most.
    arrivals: Vec<Arrival>,
    deadline: Instant,
}

impl Receiver {
    /// How long the first packet, and each after another, is waited for: even 16 kbit/s bring one in
    /// that time.
    pub const PATIENCE: Duration = Duration::from_secs(1);

    /// Expects that train.
    pub fn new(train: TrainId, plan: Plan, now: Instant) -> Self {
        let plan = plan.within_limits();
        let arrivals = Vec::with_capacity(usize::from(plan.packets));
        Self { train, plan, arrivals, deadline: now + Self::PATIENCE }
    }

    /// Which train it is.
    pub const fn train(&self) -> TrainId {
        self.train
    }

    /// How it is made.
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// Takes a packet that the kernel stamped with that time, since whenever its stamps are counted.
    pub fn receive(
        &mut self,
        octets: &[u8],
        key: &TrainKey,
        stamp: Duration,
        now: Instant,
    ) -> Result<(), Refusal> {
        let packet = TrainPacket::parse(octets, key)?;
        if packet.train != self.train {
            return Err(Refusal::OtherTrain);
        }
        if (packet.packets, packet.payload) != (self.plan.packets, self.plan.payload) {
            return Err(Refusal::OtherPlan);
        }
        let index = packet.index;
        if self.arrivals.iter().any(|arrival| arrival.index == index) {
            return Err(Refusal::Repeated(index));
        }
        self.arrivals.push(Arrival { index, stamp });
        self.deadline = now + Self::PATIENCE;
        Ok(())
    }

    /// Whether no more is to come.
    pub fn is_over(&self, now: Instant) -> bool {
        self.arrivals.len() >= usize::from(self.plan.packets) || now >= self.deadline
    }

    /// When it is over even if nothing comes.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What is to be told to the sender.
    pub fn result(&self) -> TrainResult {
        TrainResult { train: self.train, estimate: estimate(&self.arrivals, self.plan).ok() }
    }
}
