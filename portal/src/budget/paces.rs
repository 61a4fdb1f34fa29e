//! How many messages a minute something may have sent, where each has its own number, which an admin
//! may change at any time.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

const MINUTE: Duration = Duration::from_secs(60);

/// Limiters by key, as many as an admin has set up.
pub(super) struct Paces<K>(Mutex<HashMap<K, Pace>>);

struct Pace {
    per_minute: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl Pace {
    fn new(per_minute: NonZeroU32) -> Self {
        Self { per_minute, limiter: RateLimiter::direct(Quota::per_minute(per_minute)) }
    }
}

impl<K: Hash + Eq + Clone> Paces<K> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Counts a message of that cost, of so many a minute; the error says how long to wait. With
    /// another number than before it begins anew.
    pub(super) fn admit(&self, key: &K, per_minute: u32, cost: NonZeroU32) -> Result<(), Duration> {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.get(key).is_none_or(|pace| pace.per_minute != per_minute) {
            paces.insert(key.clone(), Pace::new(per_minute));
        }
        let Some(pace) = paces.get(key) else { return Ok(()) };
        match pace.limiter.check_n(cost) {
            Ok(outcome) => {
                outcome.map_err(|refused| refused.wait_time_from(pace.limiter.clock().now()))
            }
            // It may never have as many sent at once.
            Err(_) => Err(MINUTE),
        }
    }
}
