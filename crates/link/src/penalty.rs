//! How much a path has flapped: a penalty that each failure adds to and that decays by half in a fixed
//! time, in the shape of route flap damping (RFC 2439 §4.8).

use std::time::{Duration, Instant};

/// What failures cost, and how a path is held for them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PenaltyPolicy {
    /// For each time that the path goes down.
    pub per_down: f64,
    /// For each time that it becomes bad.
    pub per_degraded: f64,
    /// For each time that traffic has to leave it while it is on trial.
    pub per_failed_trial: f64,
    /// The path is held from this penalty on.
    pub hold_at: f64,
    /// The path is let go at this penalty.
    pub release_at: f64,
    /// In what time a penalty becomes half.
    pub half_life: Duration,
    /// A path is held for so long at most.
    pub longest_hold: Duration,
}

impl Default for PenaltyPolicy {
    fn default() -> Self {
        Self {
            per_down: 1_000.0,
            per_degraded: 300.0,
            per_failed_trial: 500.0,
            hold_at: 3_000.0,
            release_at: 750.0,
            half_life: Duration::from_secs(300),
            longest_hold: Duration::from_secs(30 * 60),
        }
    }
}

impl PenaltyPolicy {
    /// No penalty is higher, for it would hold a path for longer than the longest hold (RFC 2439
    /// §4.2).
    fn ceiling(&self) -> f64 {
        let half_lives = self.longest_hold.as_secs_f64() / self.half_life.as_secs_f64();
        self.release_at * half_lives.exp2()
    }
}

/// A penalty as it was at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Penalty {
    amount: f64,
    at: Option<Instant>,
}

impl Penalty {
    /// Adds to it.
    pub fn add(&mut self, amount: f64, policy: &PenaltyPolicy, now: Instant) {
        self.amount = (self.at(policy, now) + amount).min(policy.ceiling());
        self.at = Some(now);
    }

    /// What has been left of it by then.
    pub fn at(&self, policy: &PenaltyPolicy, now: Instant) -> f64 {
        let Some(at) = self.at else { return 0.0 };
        let passed = now.saturating_duration_since(at).as_secs_f64();
        self.amount * (-passed / policy.half_life.as_secs_f64()).exp2()
    }

    /// When it will have decayed to that amount; `None` if it has.
    pub fn falls_to(&self, amount: f64, policy: &PenaltyPolicy, now: Instant) -> Option<Instant> {
        let left = self.at(policy, now);
        if left <= amount || amount <= 0.0 {
            return None;
        }
        let half_lives = (left / amount).log2();
        // Rounded up, so that it has fallen by then.
        Some(now + policy.half_life.mul_f64(half_lives) + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::origin;

    const POLICY: fn() -> PenaltyPolicy = PenaltyPolicy::default;

    #[test]
    fn a_penalty_is_half_after_its_half_life() {
        let (policy, begun) = (POLICY(), origin());
        let mut penalty = Penalty::default();
        penalty.add(1_000.0, &policy, begun);
        for (after, left) in [(0, 1_000.0), (300, 500.0), (600, 250.0)] {
            let at = penalty.at(&policy, begun + Duration::from_secs(after));
            assert!((at - left).abs() < 1e-6, "{at} after {after} s");
        }
    }

    #[test]
    fn three_failures_at_once_hold_for_ten_minutes() {
        let (policy, begun) = (POLICY(), origin());
        let mut penalty = Penalty::default();
        for _ in 0..3 {
            penalty.add(policy.per_down, &policy, begun);
        }
        let free = penalty.falls_to(policy.release_at, &policy, begun).expect("it is held");
        assert_eq!((free - begun).as_secs(), 600);
    }

    proptest! {
        #[test]
        fn nothing_holds_for_longer_than_the_longest_hold(failures in 1_usize..1_000) {
            let (policy, begun) = (POLICY(), origin());
            let mut penalty = Penalty::default();
            for _ in 0..failures {
                penalty.add(policy.per_down, &policy, begun);
            }
            let free = penalty.falls_to(policy.release_at, &policy, begun);
            let held = free.map_or(Duration::ZERO, |free| free - begun);
            prop_assert!(held <= policy.longest_hold + Duration::from_millis(2));
            if let Some(free) = free {
                prop_assert!(penalty.at(&policy, free) <= policy.release_at);
            }
        }
    }
}
