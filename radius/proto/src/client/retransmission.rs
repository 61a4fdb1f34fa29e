//! When a request is sent again and when it is given up (RFC 5080 s2.2.1).
//!
//! The waiting time starts at IRT, doubles up to MRT, and every wait is spread by up to a tenth
//! either way, so that a thousand clients do not come back at the same moment.

use std::time::{Duration, Instant};

/// The parameters of RFC 5080 s2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// IRT, the first wait.
    pub initial: Duration,
    /// MRT, the longest wait but for its spread.
    pub maximum: Duration,
    /// MRC, how often a request is transmitted, the first time included; absent for no limit.
    pub max_transmissions: Option<u32>,
    /// MRD, how long after the first transmission a request is given up; absent for no limit.
    pub max_duration: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(2),
            maximum: Duration::from_secs(16),
            max_transmissions: None,
            max_duration: Some(Duration::from_secs(30)),
        }
    }
}

/// What is due for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Another transmission.
    Retransmit,
    /// Nothing more.
    GiveUp,
}

/// The running schedule of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    schedule: Schedule,
    entropy: u64,
    started: Instant,
    transmissions: u32,
    wait: Duration,
    deadline: Instant,
}

impl Timer {
    /// Starts with the first transmission.
    pub(super) fn start(schedule: Schedule, entropy: u64, now: Instant) -> Self {
        let wait = schedule.initial.mul_f64(1.0 + spread(entropy, 0));
        let mut timer =
            Self { schedule, entropy, started: now, transmissions: 1, wait, deadline: now };
        timer.deadline = timer.bounded(now + wait);
        timer
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What is due at `now`, if anything.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Due> {
        if now < self.deadline {
            return None;
        }
        let Schedule { maximum, max_transmissions, max_duration, .. } = self.schedule;
        let is_over = max_duration.is_some_and(|most| now >= self.started + most);
        let is_used_up = max_transmissions.is_some_and(|most| self.transmissions >= most);
        if is_over || is_used_up {
            return Some(Due::GiveUp);
        }
        let spread = spread(self.entropy, self.transmissions);
        self.transmissions += 1;
        self.wait = self.wait.mul_f64(2.0 + spread);
        if self.wait > maximum {
            self.wait = maximum.mul_f64(1.0 + spread);
        }
        self.deadline = self.bounded(now + self.wait);
        Some(Due::Retransmit)
    }

    fn bounded(&self, deadline: Instant) -> Instant {
        match self.schedule.max_duration {
            Some(most) => deadline.min(self.started + most),
            None => deadline,
        }
    }
}

/// RAND of RFC 5080 s2.2.1, between -0.1 and 0.1, for one transmission of a request.
fn spread(entropy: u64, transmission: u32) -> f64 {
    let step = u64::from(transmission).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut mixed = entropy.wrapping_add(step);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let [a, b, c, d, ..] = (mixed ^ (mixed >> 31)).to_be_bytes();
    let part = f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX);
    part * 0.2 - 0.1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::{origin, seconds};

    /// The seconds after the start at which a request is sent again, and when it is given up.
    fn course(schedule: Schedule, entropy: u64) -> (Vec<f64>, f64) {
        let start = origin();
        let mut timer = Timer::start(schedule, entropy, start);
        let mut sent = Vec::new();
        loop {
            let now = timer.deadline();
            let at = (now - start).as_secs_f64();
            match timer.poll(now) {
                Some(Due::Retransmit) => sent.push(at),
                Some(Due::GiveUp) => return (sent, at),
                None => panic!("nothing due at the deadline"),
            }
        }
    }

    #[test]
    fn waits_double_up_to_the_maximum() {
        let schedule =
            Schedule { max_transmissions: Some(7), max_duration: None, ..Schedule::default() };
        let (sent, end) = course(schedule, 7);
        let mut before = 0.0;
        for (at, expected) in sent.into_iter().chain([end]).zip([2, 4, 8, 16, 16, 16, 16]) {
            let ratio: f64 = (at - before) / f64::from(expected);
            assert!((0.8..=1.2).contains(&ratio), "a wait of {} for {expected}", at - before);
            before = at;
        }
        assert!(before > 60.0);
    }

    #[test]
    fn a_request_is_given_up_at_its_maximum_duration() {
        for entropy in 0..50 {
            let (sent, end) = course(Schedule::default(), entropy);
            assert!((3..=4).contains(&sent.len()));
            assert_eq!(end, 30.0);
        }
    }

    #[test]
    fn transmissions_are_counted_from_the_first() {
        let check = |most: u32, retransmissions: usize| {
            let limits = Schedule {
                max_transmissions: Some(most),
                max_duration: None,
                ..Schedule::default()
            };
            assert_eq!(course(limits, 1).0.len(), retransmissions, "{most}");
        };
        check(1, 0);
        check(3, 2);
        check(8, 7);
    }

    #[test]
    fn nothing_is_due_before_the_deadline() {
        let start = origin();
        let mut timer = Timer::start(Schedule::default(), 1, start);
        assert_eq!(timer.poll(start + seconds(1)), None);
        assert_eq!(timer.poll(start + seconds(3)), Some(Due::Retransmit));
    }

    #[test]
    fn entropy_spreads_the_waits() {
        let (first, _) = course(Schedule::default(), 1);
        let (second, _) = course(Schedule::default(), 2);
        assert_ne!(first, second);
    }

    proptest! {
        #[test]
        fn every_wait_stays_within_a_tenth(entropy in any::<u64>(), transmission in any::<u32>()) {
            let spread = spread(entropy, transmission);
            prop_assert!((-0.1..=0.1).contains(&spread));
        }
    }
}
