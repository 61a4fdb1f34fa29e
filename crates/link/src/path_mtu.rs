//! How large a packet passes a path whole, in the spirit of RFC 8899: asked of the far end by probes of
//! that size, never believed of routers, which forget to tell or may not, and whom anybody on the way can
//! play. What one says is asked for next.
//!
//! A size counts as passing only when a probe of it was answered. It counts as not passing when several
//! probes of it were not, each followed by a smaller one that was: so neither loss nor a path that is
//! cut looks like a limit. What was confirmed is confirmed again and again; when it passes no longer
//! while smaller packets do, that is a black hole, and the search begins below it. One probe is on its
//! way at a time. The sockets, and the bit that forbids to cut probes up, are the caller's.

mod packet;
mod search;

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

pub use packet::{ANSWER_OCTETS, ProbeError, ProbeKey};
use search::{Phase, Probing, Range};

/// The octets of a packet, its IP header among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketSize(pub u16);

impl fmt::Display for PacketSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0)
    }
}

/// How the search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What passes any path; nothing below is asked for. RFC 791 has 576 octets as what all take.
    pub floor: PacketSize,
    /// What is asked for first, and again when larger packets vanish: 1,280 octets pass any IPv6 path
    /// (RFC 8899 s5.1.2 has 1,200 for UDP).
    pub base: PacketSize,
    /// What the interface takes.
    pub most: PacketSize,
    /// How exact the answer is to be.
    pub step: u16,
    /// How many probes of a size are lost, while smaller ones pass, before it counts as too large. RFC
    /// 8899 s5.1.2 has 3, for which a radio that loses a third is too much.
    pub attempts: u8,
    /// After which time a probe is lost.
    pub timeout: Duration,
    /// From one confirmation to the next.
    pub confirm: Duration,
    /// After which time it is asked whether more passes by now (RFC 8899 s5.1.1).
    pub raise: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            floor: PacketSize(576),
            base: PacketSize(1_280),
            most: PacketSize(1_500),
            step: 8,
            attempts: 10,
            timeout: Duration::from_secs(1),
            confirm: Duration::from_secs(30),
            raise: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// The limits in an order that makes sense: floor, base, most; a step and an attempt at least.
    fn in_order(self) -> Self {
        let most = self.most.max(self.floor);
        Self {
            most,
            base: self.base.clamp(self.floor, most),
            step: self.step.max(1),
            attempts: self.attempts.max(1),
            ..self
        }
    }
}

/// What a router on the way says of a packet that was too large for it (RFC 1191 s4, RFC 4443 s3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Said {
    /// Who says it.
    pub router: IpAddr,
    /// What it could pass on.
    pub most: PacketSize,
}

/// A packet to be sent, of which no part may be cut off on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its number, which the answer gives back.
    pub number: u32,
    /// Its size.
    pub size: PacketSize,
}

/// What is known of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is not known yet what passes.
    Searching,
    /// That passes, and what is larger by a step does not, as of when it was last asked.
    Confirmed(PacketSize),
    /// That passed, and passes no longer, though smaller packets do; it is not known yet which.
    BlackHole {
        /// What passed.
        was: PacketSize,
    },
}

/// A search on one path.
#[derive(Debug)]
pub struct PathMtu {
    limits: Limits,
    finding: Finding,
    phase: Phase,
    range: Range,
    /// When the next probe goes out, if none is on its way.
    due: Instant,
    /// The probe on its way, and when it is lost.
    waiting: Option<(Probe, Instant)>,
    /// The last probes, whose answers still say something.
    sent: VecDeque<Probe>,
    /// What a router said last that may be.
    said: Option<Said>,
    next_number: u32,
}

impl PathMtu {
    /// Answers to so many probes are known.
    const REMEMBERED: usize = 16;

    /// A path of which nothing is known; the first probe goes out now.
    pub fn new(limits: Limits, now: Instant) -> Self {
        let limits = limits.in_order();
        Self {
            limits,
            finding: Finding::Searching,
            phase: Phase::begin(),
            range: Range::new(),
            due: now,
            waiting: None,
            sent: VecDeque::with_capacity(Self::REMEMBERED),
            said: None,
            next_number: 0,
        }
    }

    /// What is known.
    pub const fn finding(&self) -> Finding {
        self.finding
    }

    /// Which router says the same, if one does: it is what does not take more.
    pub fn said(&self) -> Option<Said> {
        let Finding::Confirmed(PacketSize(passes)) = self.finding else { return None };
        let near = passes..passes.saturating_add(self.limits.step);
        self.said.filter(|said| near.contains(&said.most.0))
    }

    /// When [`PathMtu::poll`] has something to do.
    pub fn next_deadline(&self) -> Instant {
        self.waiting.map_or(self.due, |(_, lost)| lost)
    }

    /// The probe to send now, if there is one.
    pub fn poll(&mut self, now: Instant) -> Option<Probe> {
        if self.waiting.is_some_and(|(_, lost)| now >= lost) {
            self.waiting = None;
            self.failed(now);
        }
        if self.waiting.is_some() || now < self.due {
            return None;
        }
        let probe = Probe { number: self.next_number, size: self.size(now) };
        self.next_number = self.next_number.wrapping_add(1);
        if self.sent.len() >= Self::REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(probe);
        self.waiting = Some((probe, now + self.limits.timeout));
        Some(probe)
    }

    /// The far end has got the probe of that number, whole. An answer that comes late counts as well.
    pub fn answered(&mut self, number: u32, now: Instant) {
        let Some(place) = self.sent.iter().position(|probe| probe.number == number) else { return };
        let Some(probe) = self.sent.remove(place) else { return };
        self.range.passes(probe.size);
        if self.waiting.is_some_and(|(waiting, _)| waiting.number == number) {
            self.waiting = None;
            self.due = now;
            self.passed(probe.size, now);
        } else {
            let is_whole = probe.size >= self.passing();
            match &mut self.phase {
                // It was taken for lost and was not.
                Phase::Confirmed { probing, .. } if is_whole => {
                    *probing = Probing::default();
                    self.waiting = None;
                    self.due = now + self.limits.confirm;
                }
                Phase::Confirmed { .. } | Phase::Searching { .. } => {}
            }
            self.settle(now);
        }
    }

    /// A router says of the probe of that number that it was too large: a hint which size to ask for, no
    /// more (RFC 8899 s4.6.2), and that the probe need not be waited for. Nobody is heard who says that
    /// less passes than every path has to take (RFC 8201 s4) or than was shown to pass, or that the probe
    /// would have.
    pub fn told(&mut self, number: u32, said: Said, now: Instant) {
        let Some(probe) = self.sent.iter().find(|probe| probe.number == number) else { return };
        let least = match self.phase {
            Phase::Searching { .. } => self.passing(),
            Phase::Confirmed { .. } => self.limits.floor,
        };
        if !(least..probe.size).contains(&said.most) {
            return;
        }
        self.range.hint = Some(said.most);
        self.said = Some(said);
        if self.waiting.is_none_or(|(waiting, _)| waiting.number != number) {
            return;
        }
        self.waiting = None;
        let asks_elsewhere = self.range.candidate(&self.limits) == said.most;
        match &mut self.phase {
            Phase::Searching { probing, .. } if asks_elsewhere && !probing.is_control => {
                self.phase = Phase::begin();
                self.due = now;
            }
            Phase::Searching { probing, .. } | Phase::Confirmed { probing, .. } => {
                probing.is_told = true;
                self.failed(now);
            }
        }
    }

    /// The size to ask for next.
    fn size(&mut self, now: Instant) -> PacketSize {
        if matches!(self.phase, Phase::Confirmed { raise_at, .. } if now >= raise_at) {
            self.range.reopen();
            self.phase = Phase::begin();
        }
        match &mut self.phase {
            Phase::Searching { probing, .. } if probing.is_control => {
                self.range.passing(&self.limits)
            }
            Phase::Searching { candidate, .. } => {
                *candidate.get_or_insert_with(|| self.range.candidate(&self.limits))
            }
            &mut Phase::Confirmed { probing, .. } if probing.is_control => self.smaller(probing),
            Phase::Confirmed { .. } => self.range.passing(&self.limits),
        }
    }

    /// A size that is smaller than what was confirmed, if there is one: what all paths should take; and
    /// in turn with it what they must, as a path can shrink below the other too.
    fn smaller(&self, probing: Probing) -> PacketSize {
        let base = self.limits.base;
        if base < self.passing() && probing.is_even() { base } else { self.limits.floor }
    }

    /// The probe on its way was answered.
    fn passed(&mut self, size: PacketSize, now: Instant) {
        let attempts = self.limits.attempts;
        match &mut self.phase {
            // Smaller packets pass: that the one before was lost says something.
            Phase::Searching { probing, candidate } if probing.is_control => {
                if probing.is_enough(attempts) {
                    self.range.does_not_pass(*candidate);
                    self.phase = Phase::begin();
                }
            }
            Phase::Searching { .. } => self.phase = Phase::begin(),
            Phase::Confirmed { probing, .. } if probing.is_control => {
                if probing.is_enough(attempts) {
                    self.black_hole(size);
                }
            }
            Phase::Confirmed { probing, .. } => {
                *probing = Probing::default();
                self.due = now + self.limits.confirm;
            }
        }
        self.settle(now);
    }

    /// The probe on its way was lost.
    fn failed(&mut self, now: Instant) {
        self.due = now;
        let (Phase::Searching { probing, .. } | Phase::Confirmed { probing, .. }) = &mut self.phase;
        if !probing.is_silent(self.limits.attempts) {
            return;
        }
        // Nothing passes at all, so nothing is learned of sizes.
        self.due = now + self.limits.confirm;
        self.phase = Phase::begin();
        if matches!(self.finding, Finding::Confirmed(_)) {
            self.confirmed(now);
        }
    }

    fn passing(&self) -> PacketSize {
        self.range.passing(&self.limits)
    }

    fn black_hole(&mut self, passes: PacketSize) {
        let was = self.passing();
        self.finding = Finding::BlackHole { was };
        self.range.shrink(passes, was);
        self.phase = Phase::begin();
    }

    /// Ends the search if there is nothing left to find out.
    fn settle(&mut self, now: Instant) {
        let passing = self.passing();
        if let Finding::Confirmed(size) = &mut self.finding {
            *size = passing.max(*size);
        }
        let Phase::Searching { candidate, .. } = self.phase else { return };
        if self.range.is_found(&self.limits) {
            self.finding = Finding::Confirmed(passing);
            self.due = now + self.limits.confirm;
            self.confirmed(now);
        } else if candidate.is_some_and(|candidate| candidate <= passing) {
            // An answer that came late has told it already.
            self.phase = Phase::begin();
        }
    }

    fn confirmed(&mut self, now: Instant) {
        let raise_at = now + self.limits.raise;
        self.phase = Phase::Confirmed { raise_at, probing: Probing::default() };
    }
}

#[cfg(test)]
mod tests;
