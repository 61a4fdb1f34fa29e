//! How much a path carries for seconds on end: a run of packets at a rate that follows what arrives, and what
//! came of it. A shaper whose bucket is larger than a train is seen by it.
//!
//! The sender begins with a part of what trains told, goes up while nothing is lost, and back to what arrives
//! once something is; the far end reports ten times a second, and who hears no report sends no more. The rate
//! never goes beyond what trains told and a tenth, so a path that carries more is only known to carry that.

mod packet;

use std::time::{Duration, Instant};

pub use packet::{
    BULK_ORDER_OCTETS, BULK_REPORT_OCTETS, BulkId, BulkOrder, BulkPacket, BulkReport, BulkSaid,
};

use super::packet::{HEADER_OCTETS, TrainKey};
use super::{BitRate, Part};

/// How long each direction takes.
pub const LASTS: Duration = Duration::from_secs(3);
/// From one report to the next.
pub const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Who sends and hears no report for so long is not heard.
pub const PATIENCE: Duration = Duration::from_millis(600);
/// The end counts from then on: before it the rate is searched for, and buckets are emptied.
const SETTLED: Duration = Duration::from_secs(1);
/// Less than so much of the end says nothing.
const LEAST: Duration = Duration::from_millis(1_500);
/// The highest rate: what a router sends beside its work.
const HIGHEST: u64 = 1_000_000_000;
const LOWEST: u64 = 100_000;
/// What is not sent in time is not made up for beyond that.
const IN_A_ROW: Duration = Duration::from_millis(5);
/// Octets of IP and what is in it.
const LENGTH: u16 = 1_200;

/// What a path carried to the end, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sustained {
    /// What arrived, with the headers of IP.
    pub rate: BitRate,
    /// So many of a thousand packets were lost.
    pub loss: u16,
}

/// What becomes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Going,
    /// It is over; nothing is known if too little arrived.
    Over(Option<Sustained>),
    /// The far end is not heard.
    Silent,
}

/// The end that sends.
#[derive(Debug)]
pub struct BulkSender {
    run: BulkId,
    payload: u16,
    bits: u64,
    begun: Instant,
    rate: u64,
    most: u64,
    /// Whether something was lost.
    is_full: bool,
    next: u32,
    /// The bits that may be sent, and when that was counted.
    credit: f64,
    counted: Instant,
    seen: BulkReport,
    heard: Instant,
    fate: Option<Option<Sustained>>,
}

impl BulkSender {
    /// Of packets behind so many octets of headers, over a path of which trains told that.
    pub fn new(run: BulkId, headers: u16, estimate: BitRate, now: Instant) -> Self {
        let estimate = estimate.bits_per_second().clamp(LOWEST, HIGHEST);
        Self {
            run,
            payload: LENGTH.saturating_sub(headers).max(HEADER_OCTETS as u16),
            bits: u64::from(LENGTH) * 8,
            begun: now,
            rate: (estimate / 4).max(LOWEST),
            most: estimate + estimate / 10,
            is_full: false,
            next: 0,
            credit: 0.0,
            counted: now,
            seen: BulkReport::of(run),
            heard: now,
            fate: None,
        }
    }

    /// The next packet, if it is due: how long it is.
    pub fn next(&mut self, key: &TrainKey, octets: &mut [u8], now: Instant) -> Option<usize> {
        if now >= self.begun + LASTS || self.fate(now) != Fate::Going {
            return None;
        }
        let since = now.saturating_duration_since(self.counted);
        self.counted = now;
        let most = IN_A_ROW.as_secs_f64() * self.rate as f64 + self.bits as f64;
        self.credit = (self.credit + since.as_secs_f64() * self.rate as f64).min(most);
        if self.credit < self.bits as f64 {
            return None;
        }
        self.credit -= self.bits as f64;
        let packet = BulkPacket { run: self.run, index: self.next, payload: self.payload };
        self.next += 1;
        packet.write(key, octets)
    }

    /// When something is due.
    pub fn deadline(&self, now: Instant) -> Instant {
        if now >= self.begun + LASTS {
            return self.heard + PATIENCE;
        }
        let missing = (self.bits as f64 - self.credit).max(0.0);
        self.counted + Duration::from_secs_f64(missing / self.rate as f64)
    }

    /// Takes a report of the far end.
    pub fn hear(&mut self, report: &BulkReport, now: Instant) {
        // What was overtaken by a newer one says nothing.
        let Some(sent) = report.seen.checked_sub(self.seen.seen) else { return };
        if report.run != self.run || self.fate.is_some() {
            return;
        }
        self.heard = now;
        match report.said {
            BulkSaid::Over(sustained) => self.fate = Some(sustained),
            BulkSaid::Stopped => self.fate = Some(None),
            BulkSaid::Going => self.follow(report, sent),
        }
    }

    fn follow(&mut self, report: &BulkReport, sent: u32) {
        let received = report.received.saturating_sub(self.seen.received);
        let micros = report.micros.saturating_sub(self.seen.micros);
        if sent < 8 || micros < 1_000 {
            return;
        }
        self.seen = *report;
        let arrived = u64::from(received) * self.bits * 1_000_000 / u64::from(micros);
        let is_lost = u64::from(received) * 100 < u64::from(sent) * 97;
        self.rate = if is_lost {
            self.is_full = true;
            arrived - arrived / 50
        } else if self.is_full {
            self.rate + self.rate / 30
        } else {
            self.rate + self.rate / 3
        };
        self.rate = self.rate.clamp(LOWEST, self.most);
    }

    /// What becomes of it.
    pub fn fate(&self, now: Instant) -> Fate {
        match self.fate {
            Some(sustained) => Fate::Over(sustained),
            None if now >= self.heard + PATIENCE => Fate::Silent,
            None => Fate::Going,
        }
    }
}

/// The end that receives.
#[derive(Debug)]
pub struct BulkReceiver {
    run: BulkId,
    bits: u64,
    /// The stamps of the first packet, and of the latest.
    stamps: Option<(Duration, Duration)>,
    /// How many were sent until the latest that came, and how many of them came.
    seen: u32,
    received: u32,
    /// The same as it was when the end began that counts, and the stamp.
    settled: Option<(u32, u32, Duration)>,
    /// When the next report is due, and until when packets are waited for.
    report: Instant,
    deadline: Instant,
}

impl BulkReceiver {
    /// Of which nothing has come.
    pub fn new(run: BulkId, now: Instant) -> Self {
        Self {
            run,
            bits: u64::from(LENGTH) * 8,
            stamps: None,
            seen: 0,
            received: 0,
            settled: None,
            report: now + REPORT_EVERY,
            deadline: now + PATIENCE,
        }
    }

    /// Which run it is.
    pub const fn run(&self) -> BulkId {
        self.run
    }

    /// Whether nothing has come yet.
    pub const fn is_silent(&self) -> bool {
        self.stamps.is_none()
    }

    /// Takes a packet that the kernel stamped with that time; whether it is of this run.
    pub fn receive(&mut self, packet: &BulkPacket, stamp: Duration, now: Instant) -> bool {
        if packet.run != self.run {
            return false;
        }
        let (first, latest) = self.stamps.unwrap_or((stamp, stamp));
        let latest = latest.max(stamp);
        self.stamps = Some((first, latest));
        // One that comes twice would make up for one that is lost: of either there are few.
        let sent = packet.index.saturating_add(1).max(self.seen);
        self.received = self.received.saturating_add(1).min(sent);
        self.seen = sent;
        if self.settled.is_none() && stamp >= first + SETTLED {
            self.settled = Some((self.seen, self.received, stamp));
        }
        self.deadline = now + PATIENCE;
        true
    }

    /// The next report, if it is due.
    pub fn report(&mut self, now: Instant) -> Option<BulkReport> {
        if now < self.report {
            return None;
        }
        self.report = now + REPORT_EVERY;
        Some(self.said(BulkSaid::Going))
    }

    /// The last report, if nothing more is to come.
    pub fn end(&self, now: Instant) -> Option<BulkReport> {
        let (first, latest) = self.stamps.unwrap_or_default();
        let is_whole = latest.saturating_sub(first) + REPORT_EVERY >= LASTS;
        let is_over =
            now >= self.deadline || (is_whole && now + PATIENCE >= self.deadline + REPORT_EVERY);
        is_over.then(|| self.said(BulkSaid::Over(self.sustained())))
    }

    /// When something is due.
    pub fn deadline(&self) -> Instant {
        self.report.min(self.deadline)
    }

    /// What arrived once it had settled.
    pub fn sustained(&self) -> Option<Sustained> {
        let ((_, latest), (seen, received, since)) = (self.stamps?, self.settled?);
        let took = latest.saturating_sub(since);
        if took < LEAST {
            return None;
        }
        let (sent, came) = (self.seen - seen, self.received.saturating_sub(received));
        let bits = u128::from(came) * u128::from(self.bits);
        let rate = bits * 1_000_000_000 / took.as_nanos().max(1);
        let lost = u64::from(sent.saturating_sub(came)) * 1_000 / u64::from(sent.max(1));
        Some(Sustained {
            rate: BitRate::from_bits_per_second(u64::try_from(rate).unwrap_or(u64::MAX)),
            // A share of a thousand.
            loss: lost as u16,
        })
    }

    fn said(&self, said: BulkSaid) -> BulkReport {
        let (first, latest) = self.stamps.unwrap_or_default();
        let micros = latest.saturating_sub(first).as_micros();
        BulkReport {
            run: self.run,
            seen: self.seen,
            received: self.received,
            micros: u32::try_from(micros).unwrap_or(u32::MAX),
            said,
        }
    }
}

/// Which orders of the far end are followed: none twice, and one in a while, for a small one makes much.
#[derive(Debug, Default)]
pub struct BulkOrders {
    last: Option<(BulkId, Part, Instant)>,
}

impl BulkOrders {
    /// From one run that is asked for to the next.
    pub const PAUSE: Duration = Duration::from_secs(20);

    /// Whether an order is followed. A run has both its directions.
    pub fn take(&mut self, order: &BulkOrder, now: Instant) -> bool {
        let is_followed = match self.last {
            Some((run, part, _)) if run == order.run => {
                (part, order.part) == (Part::Send, Part::Receive)
            }
            Some((.., at)) => now >= at + Self::PAUSE,
            None => true,
        };
        if is_followed {
            self.last = Some((order.run, order.part, now));
        }
        is_followed
    }
}

#[cfg(test)]
mod tests;
