//! How much a path carries: a train of packets, sent back to back, is pulled apart by the slowest
//! piece of the path, and the far end measures by how much.
//!
//! This is what the path carries at most, not what is free of it now: who wants that takes away what
//! flows already. The far end stamps packets in its kernel; nothing here reads a clock. A shaper whose
//! bucket is larger than the train is not seen: then the train meets the faster piece behind it.

pub mod bulk;
mod estimate;
mod packet;
mod receiver;
mod requests;

use std::fmt;
use std::time::Duration;

pub use estimate::{Arrival, Confidence, Estimate, TooFew, estimate};
pub use packet::{
    HEADER_OCTETS, PacketError, Part, REQUEST_OCTETS, RESULT_OCTETS, TrainId, TrainKey,
    TrainPacket, TrainRequest, TrainResult,
};
pub use receiver::{Receiver, Refusal, Train};
pub use requests::{RequestRefusal, Requests};

/// From one train to the next on a path whose traffic costs nothing.
pub const INTERVAL: Duration = Duration::from_secs(300);

/// From one train to the next on a path whose traffic is paid for: 3.5 MB a day.
pub const METERED_INTERVAL: Duration = Duration::from_secs(1_800);

/// Bits in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BitRate(u64);

impl BitRate {
    /// So many.
    pub const fn from_bits_per_second(bits: u64) -> Self {
        Self(bits)
    }

    /// So many thousand.
    pub const fn from_kilobits_per_second(kilobits: u64) -> Self {
        Self(kilobits.saturating_mul(1_000))
    }

    /// So many million.
    pub const fn from_megabits_per_second(megabits: u64) -> Self {
        Self(megabits.saturating_mul(1_000_000))
    }

    /// How many.
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.saturating_add(50_000) / 100_000;
        match tenths {
            0..10 => write!(f, "{} kbit/s", self.0.div_ceil(1_000)),
            _ => write!(f, "{}.{} Mbit/s", tenths / 10, tenths % 10),
        }
    }
}

/// How a train is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Packets in all; [`Plan::LEAST`] to [`Plan::MOST`].
    pub packets: u16,
    /// Octets of UDP in each; at least [`HEADER_OCTETS`].
    pub payload: u16,
    /// By how many octets each is longer on the path: UDP, IP and tunnel.
    pub headers: u16,
}

impl Plan {
    /// The first packets, which are not measured: queues, token buckets and cores that slept let them
    /// pass as no other would.
    pub const IGNORED: u16 = 10;
    /// The shortest train.
    pub const LEAST: u16 = 30;
    /// The longest train.
    pub const MOST: u16 = 512;

    /// Sixty packets of 1,200 octets, 72 kB in all, over IPv4 without a tunnel.
    pub const IPV4: Self = Self { packets: 60, payload: 1_172, headers: 28 };
    /// The same over IPv6.
    pub const IPV6: Self = Self { packets: 60, payload: 1_152, headers: 48 };

    /// The first look at a path of which nothing is known: 8 kB, which even 1 Mbit/s carry in 64 ms, so
    /// that no heartbeat waits long behind it.
    pub const GAUGE: Self = Self { packets: 40, payload: 172, headers: 28 };

    /// A train that a path which carries so much is busy with for a tenth of a second at most, of 60
    /// packets of 1,200 octets or fewer.
    pub fn gentle(rate: BitRate) -> Self {
        let octets = rate.bits_per_second() / 80;
        let packets = if octets < 72_000 { Self::LEAST } else { Self::IPV4.packets };
        let headers = u64::from(Self::IPV4.headers);
        let payload = (octets / u64::from(packets)).saturating_sub(headers);
        let payload = payload.clamp(Self::GAUGE.payload.into(), Self::IPV4.payload.into());
        // Between two that fit.
        Self { packets, payload: payload as u16, ..Self::IPV4 }
    }

    /// The same with packets as long as before on a path that has so many octets before those of UDP's.
    pub const fn behind(self, headers: u16) -> Self {
        let length = self.payload.saturating_add(self.headers);
        Self { payload: length.saturating_sub(headers), headers, ..self }
    }

    /// What a train takes of the path, in octets.
    pub const fn octets(self) -> u64 {
        self.packets as u64 * self.bits_per_packet() / 8
    }

    /// The plan with what it says brought within what is possible.
    pub fn within_limits(self) -> Self {
        Self {
            packets: self.packets.clamp(Self::LEAST, Self::MOST),
            payload: self.payload.max(HEADER_OCTETS as u16),
            ..self
        }
    }

    /// The bits of one packet on the path.
    pub const fn bits_per_packet(self) -> u64 {
        (self.payload as u64 + self.headers as u64) * 8
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::IPV4
    }
}

#[cfg(test)]
mod tests;
