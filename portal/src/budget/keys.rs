//! What is remembered of recent forms, by key: so many keys, and never more.
//!
//! Anybody can make up hardware addresses. When there is no room, a key that is not known yet is not
//! remembered, and meets only the limits that all share, until quiet keys are forgotten; those that
//! are known stay bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Parts that are locked one by one, so that a part that grows delays few.
const PARTS: usize = 64;

/// States of limits by key.
pub(super) struct Keys<K> {
    parts: [Mutex<HashMap<K, Nanos>>; PARTS],
    /// With a secret of this process, so that nobody can fill one part alone.
    hasher: RandomState,
    most_of_part: usize,
}

impl<K> Keys<K> {
    /// Room for so many keys, or a few less.
    pub(super) fn new(most: usize) -> Self {
        let parts = std::array::from_fn(|_| Mutex::default());
        Self { parts, hasher: RandomState::new(), most_of_part: most / PARTS }
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<K, Nanos>>> {
        self.parts.iter().map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Hash + Eq + Clone> StateStore for Keys<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let part = usize::try_from(self.hasher.hash_one(key) % PARTS as u64).unwrap_or_default();
        let part = self.parts.get(part).unwrap_or(&self.parts[0]);
        let mut states = part.lock().unwrap_or_else(PoisonError::into_inner);
        match states.get_mut(key) {
            Some(state) => {
                let (outcome, next) = f(Some(*state))?;
                *state = next;
                Ok(outcome)
            }
            None => {
                let (outcome, next) = f(None)?;
                if states.len() < self.most_of_part {
                    states.insert(key.clone(), next);
                }
                Ok(outcome)
            }
        }
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Keys<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.all().for_each(|mut part| part.retain(|_, state| *state > drop_below));
    }

    fn shrink_to_fit(&self) {
        self.all().for_each(|mut part| part.shrink_to_fit());
    }

    fn len(&self) -> usize {
        self.all().map(|part| part.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.all().all(|part| part.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;
    use governor::middleware::NoOpMiddleware;
    use governor::{Quota, RateLimiter};

    use super::*;

    #[test]
    fn there_are_never_more_keys_than_there_is_room_for_and_known_ones_stay_bounded() {
        const MOST: usize = 1_024;
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_minute(NonZeroU32::new(2).unwrap());
        let limiter: RateLimiter<_, _, _, NoOpMiddleware<Nanos>> =
            RateLimiter::new(quota, Keys::new(MOST), clock.clone());
        assert!(limiter.check_key(&0).is_ok() && limiter.check_key(&0).is_ok());
        for key in 1..20_000_u32 {
            assert!(limiter.check_key(&key).is_ok(), "{key}");
        }
        assert_eq!(limiter.len(), MOST, "every part is full");
        assert!(limiter.check_key(&0).is_err(), "who is known is bounded");
        let unknown = (1..20_000).filter(|key| (0..3).all(|_| limiter.check_key(key).is_ok()));
        assert_eq!(unknown.count(), 20_000 - MOST, "the others are not");

        clock.advance(std::time::Duration::from_secs(120));
        limiter.retain_recent();
        limiter.shrink_to_fit();
        assert!(limiter.is_empty());
        assert!(limiter.check_key(&0).is_ok());
    }
}
