//! Whether a path is good: what was measured in one second, beside what this path is used to.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{Histogram, Mos};

/// What the probes of one second say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Second {
    /// Probes that were sent, and of which it is known by now what became of them.
    pub sent: u32,
    /// Those that were lost on their way there, or on their way back.
    pub lost: u32,
    /// How long those that came back took.
    pub round_trips: Histogram,
    /// How much round trips differ from one to the next (RFC 3550 §6.4.1).
    pub jitter: Duration,
}

impl Second {
    /// The share that was lost, from 0 to 1; nothing is lost of none.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 {
            return 0.0;
        }
        f64::from(self.lost) / f64::from(self.sent)
    }

    /// How well people would hear each other.
    pub fn mos(&self) -> Mos {
        let middle = self.round_trips.percentile(50).unwrap_or_default();
        Mos::of(middle, self.jitter, self.loss())
    }
}

/// From where on a path is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityPolicy {
    /// The share of probes that are lost.
    pub loss: f64,
    /// How much more than usual the 95th percentile of round trips is.
    pub delay: Duration,
    /// How much round trips differ from one to the next.
    pub jitter: Duration,
    /// People would hear each other worse than this.
    pub mos: Mos,
    /// A path begins in good shape with a smaller share lost.
    pub loss_to_begin: f64,
}

impl Default for QualityPolicy {
    fn default() -> Self {
        Self {
            loss: 0.05,
            delay: Duration::from_millis(100),
            jitter: Duration::from_millis(30),
            mos: Mos::from_hundredths(360),
            loss_to_begin: 0.02,
        }
    }
}

/// What was beyond its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Too many are lost.
    Loss {
        /// So many in a thousand.
        per_mille: u16,
    },
    /// Round trips take longer than they do else.
    Delay {
        /// Their 95th percentile.
        seen: Duration,
        /// What is usual on this path.
        usual: Duration,
    },
    /// How much round trips differ.
    Jitter(Duration),
    /// How people would hear each other.
    Voice(Mos),
}

impl Fault {
    /// That so many were lost of so many.
    pub fn of_loss(sent: u32, lost: u32) -> Self {
        let per_mille = u64::from(lost.min(sent)) * 1_000 / u64::from(sent.max(1));
        Self::Loss { per_mille: u16::try_from(per_mille).unwrap_or(1_000) }
    }
}

impl QualityPolicy {
    /// The first fault of a second, for a path on which round trips usually take so long.
    pub fn fault(&self, second: &Second, usual: Option<Duration>) -> Option<Fault> {
        self.fault_beyond(second, usual, 1.0)
    }

    /// Whether nothing is beyond half of its threshold; between this and a fault a path stays what it
    /// is.
    pub fn is_calm(&self, second: &Second, usual: Option<Duration>) -> bool {
        self.fault_beyond(second, usual, 0.5).is_none()
    }

    fn fault_beyond(&self, second: &Second, usual: Option<Duration>, share: f64) -> Option<Fault> {
        if second.sent == 0 {
            return None;
        }
        if second.loss() >= self.loss * share {
            return Some(Fault::of_loss(second.sent, second.lost));
        }
        let seen = second.round_trips.percentile(95)?;
        let usual = usual.unwrap_or(seen);
        if seen > usual + self.delay.mul_f64(share) {
            return Some(Fault::Delay { seen, usual });
        }
        if second.jitter > self.jitter.mul_f64(share) {
            return Some(Fault::Jitter(second.jitter));
        }
        // Half way between the threshold and the best there is.
        let best = f64::from(Mos::BEST.hundredths());
        let least = best - (best - f64::from(self.mos.hundredths())) * share;
        (f64::from(second.mos().hundredths()) < least).then(|| Fault::Voice(second.mos()))
    }
}

/// How long round trips of a path usually take: the tenth percentile of a day, which a congested
/// afternoon does not raise.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The last is the part that is being filled.
    parts: VecDeque<(Instant, Histogram)>,
    usual: Option<Duration>,
}

impl Baseline {
    const PART: Duration = Duration::from_secs(15 * 60);
    const PARTS: usize = 96;
    /// Of fewer nothing is said.
    const LEAST: u64 = 100;

    /// Of a path of which nothing is known.
    pub const fn new() -> Self {
        Self { parts: VecDeque::new(), usual: None }
    }

    /// Adds what a second showed.
    pub fn record(&mut self, round_trips: &Histogram, now: Instant) {
        let is_over = |(begun, _): &(Instant, Histogram)| now.duration_since(*begun) >= Self::PART;
        let is_next = self.parts.back().is_none_or(is_over);
        if is_next {
            self.parts.push_back((now, Histogram::default()));
            while self.parts.len() > Self::PARTS {
                self.parts.pop_front();
            }
        }
        if let Some((_, part)) = self.parts.back_mut() {
            part.merge(round_trips);
        }
        // The first part is looked at while it fills; later a day's worth only once in a part.
        if is_next || self.parts.len() == 1 {
            self.usual = self.tenth();
        }
    }

    /// The time that is usual, if enough is known.
    pub const fn usual(&self) -> Option<Duration> {
        self.usual
    }

    fn tenth(&self) -> Option<Duration> {
        let mut day = Histogram::default();
        for (_, part) in &self.parts {
            day.merge(part);
        }
        (day.len() >= Self::LEAST).then(|| day.percentile(10)).flatten()
    }
}

impl Default for Baseline {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::origin;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn second(sent: u32, lost: u32, round_trip: Duration, jitter: Duration) -> Second {
        let mut round_trips = Histogram::default();
        for _ in lost..sent {
            round_trips.record(round_trip);
        }
        Second { sent, lost, round_trips, jitter }
    }

    #[test]
    fn faults_begin_at_their_thresholds_and_calm_at_half_of_them() {
        let policy = QualityPolicy::default();
        let usual = Some(MS(20));
        let loss = |per_mille| Some(Fault::Loss { per_mille });
        for (second, fault, is_calm) in [
            (second(0, 0, MS(0), MS(0)), None, true),
            (second(100, 0, MS(20), MS(0)), None, true),
            (second(100, 2, MS(20), MS(0)), None, true),
            (second(100, 3, MS(20), MS(0)), None, false),
            (second(100, 5, MS(20), MS(0)), loss(50), false),
            (second(5, 5, MS(20), MS(0)), loss(1_000), false),
            (second(5, 0, MS(69), MS(0)), None, true),
            (second(5, 0, MS(90), MS(0)), None, false),
            (
                second(5, 0, MS(121), MS(0)),
                Some(Fault::Delay { seen: MS(121), usual: MS(20) }),
                false,
            ),
            (second(5, 0, MS(20), MS(15)), None, true),
            (second(5, 0, MS(20), MS(16)), None, false),
            (second(5, 0, MS(20), MS(31)), Some(Fault::Jitter(MS(31))), false),
        ] {
            assert_eq!(policy.fault(&second, usual), fault, "{second:?}");
            assert_eq!(policy.is_calm(&second, usual), is_calm, "{second:?}");
        }
    }

    #[test]
    fn a_path_that_is_slow_every_day_is_bad_for_voices_alone() {
        let policy = QualityPolicy::default();
        let satellite = second(5, 0, MS(640), MS(0));
        let fault = policy.fault(&satellite, Some(MS(640)));
        assert_eq!(fault, Some(Fault::Voice(satellite.mos())));
    }

    #[test]
    fn nothing_is_usual_before_a_hundred_round_trips() {
        let (mut baseline, begun) = (Baseline::new(), origin());
        for second in 0..20 {
            assert_eq!(baseline.usual(), None);
            let five = self::second(5, 0, MS(20), MS(0)).round_trips;
            baseline.record(&five, begun + Duration::from_secs(second));
        }
        assert_eq!(baseline.usual(), Some(MS(20)));
    }

    #[test]
    fn a_bad_afternoon_does_not_become_usual_and_a_day_is_forgotten() {
        let (mut baseline, begun) = (Baseline::new(), origin());
        let mut hour = |hour: u64, round_trip| {
            let many = second(1_000, 0, MS(round_trip), MS(0)).round_trips;
            for quarter in 0..4 {
                let at = begun + Duration::from_secs(hour * 3_600 + quarter * 900);
                baseline.record(&many, at);
            }
            baseline.usual().map(|usual| usual.as_millis())
        };
        for of_day in 0..18 {
            assert_eq!(hour(of_day, 20), Some(20));
        }
        for of_day in 18..24 {
            assert_eq!(hour(of_day, 200), Some(20), "in hour {of_day}");
        }
        let next_day = (24..48).map(|of_day| hour(of_day, 200)).last().flatten();
        assert_eq!(next_day, Some(200));
    }
}
