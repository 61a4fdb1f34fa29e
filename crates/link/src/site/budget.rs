//! How often an office may change its path: a few times without asking, and then only away from a path
//! that carries nothing, once in a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many changes are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// So many changes ...
    pub most: usize,
    /// ... within this time. The last of them is kept for an escape.
    pub window: Duration,
    /// Beyond them, an office whose path carries nothing leaves it so long after its last change. It
    /// never stays on a dead path for the whole window while another one lives.
    pub escape_after: Duration,
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self {
            most: 4,
            window: Duration::from_secs(15 * 60),
            escape_after: Duration::from_secs(60),
        }
    }
}

/// How much a change matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It moves no traffic, or ends what was counted when it began.
    None,
    /// It would be better.
    Voluntary,
    /// Where traffic is, it is lost.
    Escape,
}

/// The changes of late.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    changes: VecDeque<Instant>,
}

impl Budget {
    /// Counts a change if it may be made now.
    ///
    /// # Errors
    /// From when on it may be made.
    pub fn spend(
        &mut self,
        urgency: Urgency,
        now: Instant,
        policy: &BudgetPolicy,
    ) -> Result<(), Instant> {
        self.forget(now, policy);
        let most = match urgency {
            Urgency::None => return Ok(()),
            Urgency::Voluntary => policy.most.saturating_sub(1),
            Urgency::Escape => policy.most,
        };
        if let Some(place) = self.changes.len().checked_sub(most.max(1)) {
            // When so few are left that there is room again.
            let freed = self.changes.get(place).map(|change| *change + policy.window);
            let after_last = self.changes.back().map(|last| *last + policy.escape_after);
            let from = match urgency {
                Urgency::Escape => freed.min(after_last),
                _ => freed,
            };
            if let Some(from) = from.filter(|from| *from > now) {
                return Err(from);
            }
        }
        self.changes.push_back(now);
        Ok(())
    }

    fn forget(&mut self, now: Instant, policy: &BudgetPolicy) {
        while self.changes.front().is_some_and(|change| now >= *change + policy.window) {
            self.changes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::origin;

    const SECS: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_last_change_is_kept_for_an_escape_and_more_come_slowly() {
        let (policy, begun) = (BudgetPolicy::default(), origin());
        let mut budget = Budget::default();
        for (after, urgency, outcome) in [
            (0, Urgency::Escape, Ok(())),
            (10, Urgency::Voluntary, Ok(())),
            (20, Urgency::Escape, Ok(())),
            (30, Urgency::Voluntary, Err(900)),
            (40, Urgency::Escape, Ok(())),
            (50, Urgency::Escape, Err(100)),
            (99, Urgency::Escape, Err(100)),
            (100, Urgency::Escape, Ok(())),
            (110, Urgency::Voluntary, Err(920)),
            (111, Urgency::None, Ok(())),
            (899, Urgency::Escape, Ok(())),
            (900, Urgency::Escape, Err(920)),
            (1_100, Urgency::Voluntary, Ok(())),
        ] {
            let now = begun + SECS(after);
            let told = budget.spend(urgency, now, &policy);
            let told = told.map_err(|from| (from - begun).as_secs());
            assert_eq!(told, outcome, "{urgency:?} after {after} s");
        }
    }
}
