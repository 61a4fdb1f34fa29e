//! Budgets of messages and forms, so that nobody can flood a number, the gateway or us.
//!
//! Bursts are shaped in memory, the most specific limit first, so that a refused form
//! costs the others nothing. What must outlive a restart (messages for one number, for
//! one device) is counted by the store.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::{MacAddress, PhoneNumber, Timestamp};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use store::{Store, StoreError};

use crate::settings::LimitSettings;

/// After a burst a device may send one form in this time.
const DEVICE_PERIOD: Duration = Duration::from_secs(3);
const QUARTER_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Why nothing more is sent for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverBudget {
    /// Waiting helps.
    Wait(Duration),
    /// The number has had its messages for today.
    NumberToday,
}

/// The limits, and the memory of recent forms.
pub(crate) struct Budgets {
    device: DefaultKeyedRateLimiter<MacAddress>,
    everybody: DefaultDirectRateLimiter,
    challenges_per_quarter_hour: u32,
    challenges_per_day: u32,
    sends_per_hour: u32,
}

impl Budgets {
    pub(crate) fn new(limits: &LimitSettings) -> Self {
        let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let device = Quota::with_period(DEVICE_PERIOD)
            .expect("three seconds are not zero")
            .allow_burst(some(limits.posts_per_device));
        Self {
            device: RateLimiter::keyed(device),
            everybody: RateLimiter::direct(Quota::per_second(some(limits.posts_per_second))),
            challenges_per_quarter_hour: limits.challenges_per_quarter_hour,
            challenges_per_day: limits.challenges_per_day,
            sends_per_hour: limits.sends_per_hour,
        }
    }

    /// Counts a form of `device`; the error says how long to wait.
    pub(crate) fn admit(&self, device: MacAddress) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        self.device.check_key(&device).map_err(|refused| refused.wait_time_from(now))?;
        self.everybody.check().map_err(|refused| refused.wait_time_from(now))
    }

    /// Forgets devices that have been quiet, so that memory follows the crowd.
    pub(crate) fn forget_quiet_devices(&self) {
        self.device.retain_recent();
        self.device.shrink_to_fit();
    }

    /// Whether a challenge for `phone` may begin; the numbers are the store's.
    pub(crate) async fn check_number(
        &self,
        store: &dyn Store,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Result<(), OverBudget>, StoreError> {
        let today = store.count_challenges_for_phone(phone, now - DAY).await?;
        if today >= self.challenges_per_day {
            return Ok(Err(OverBudget::NumberToday));
        }
        let lately = store.count_challenges_for_phone(phone, now - QUARTER_HOUR).await?;
        if lately >= self.challenges_per_quarter_hour {
            return Ok(Err(OverBudget::Wait(QUARTER_HOUR)));
        }
        Ok(Ok(()))
    }

    /// Whether one more message may be sent on behalf of `device`.
    pub(crate) async fn check_device(
        &self,
        store: &dyn Store,
        device: MacAddress,
        now: Timestamp,
    ) -> Result<Result<(), OverBudget>, StoreError> {
        let sends = store.count_sends_for_device(device, now - HOUR).await?;
        let over = sends >= self.sends_per_hour;
        Ok(if over { Err(OverBudget::Wait(HOUR)) } else { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_sends_too_many_forms_waits_alone() {
        let limits = LimitSettings { posts_per_device: 3, ..LimitSettings::default() };
        let budgets = Budgets::new(&limits);
        let (busy, other) =
            (MacAddress::new([2, 0, 0, 0, 0, 1]), MacAddress::new([2, 0, 0, 0, 0, 2]));
        for _ in 0..3 {
            assert_eq!(budgets.admit(busy), Ok(()));
        }
        let wait = budgets.admit(busy).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= DEVICE_PERIOD, "{wait:?}");
        assert_eq!(budgets.admit(other), Ok(()));
        budgets.forget_quiet_devices();
        assert!(budgets.admit(busy).is_err());
    }

    #[test]
    fn all_devices_together_have_a_limit() {
        let limits = LimitSettings { posts_per_second: 2, ..LimitSettings::default() };
        let budgets = Budgets::new(&limits);
        let admitted =
            (0..=9).filter(|n| budgets.admit(MacAddress::new([2, 0, 0, 0, 0, *n])).is_ok()).count();
        assert_eq!(admitted, 2);
    }
}
