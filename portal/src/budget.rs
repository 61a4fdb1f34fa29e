//! Budgets of messages and forms, so that nobody can flood a number, the gateway or us.
//!
//! Bursts are shaped in memory, the most specific limit first, so that a refused form
//! costs the others nothing. What must outlive a restart (messages for one number, for
//! one device) is counted by the store, where the message is written.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::{Counted, MacAddress, NasName, SendLimit, SiteName};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::settings::LimitSettings;

/// After a burst a device may send one form in this time.
const DEVICE_PERIOD: Duration = Duration::from_secs(3);
const QUARTER_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The limits, and the memory of recent forms.
pub(crate) struct Budgets {
    device: DefaultKeyedRateLimiter<MacAddress>,
    everybody: DefaultDirectRateLimiter,
    access_point: DefaultKeyedRateLimiter<NasName>,
    site: DefaultKeyedRateLimiter<SiteName>,
    voucher_device: DefaultKeyedRateLimiter<MacAddress>,
    voucher_site: DefaultKeyedRateLimiter<SiteName>,
    voucher_everybody: DefaultDirectRateLimiter,
    link_source: DefaultKeyedRateLimiter<IpAddr>,
    link_everybody: DefaultDirectRateLimiter,
    /// What the store counts before a message is written, the most specific first.
    pub sends: Vec<SendLimit>,
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
            access_point: RateLimiter::keyed(Quota::per_minute(some(
                limits.sends_per_access_point,
            ))),
            site: RateLimiter::keyed(Quota::per_minute(some(limits.sends_per_site))),
            voucher_device: RateLimiter::keyed(Quota::per_hour(some(limits.vouchers_per_device))),
            voucher_site: RateLimiter::keyed(Quota::per_minute(some(limits.vouchers_per_site))),
            voucher_everybody: RateLimiter::direct(Quota::per_second(some(
                limits.vouchers_per_second,
            ))),
            link_source: RateLimiter::keyed(Quota::per_minute(some(limits.links_per_source))),
            link_everybody: RateLimiter::direct(Quota::per_second(some(limits.posts_per_second))),
            sends: send_limits(limits),
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
        for devices in [&self.device, &self.voucher_device] {
            devices.retain_recent();
            devices.shrink_to_fit();
        }
        self.link_source.retain_recent();
        self.link_source.shrink_to_fit();
    }

    /// Counts a voucher that `device` tries, right or wrong; the error says how long to wait.
    pub(crate) fn admit_voucher_of(&self, device: MacAddress) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        self.voucher_device.check_key(&device).map_err(|refused| refused.wait_time_from(now))
    }

    /// Counts a voucher that somebody tries at a site, and anywhere: hardware addresses are easily
    /// made up. The error says how long to wait.
    pub(crate) fn admit_voucher_at(&self, site: &SiteName) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        self.voucher_site.check_key(site).map_err(|refused| refused.wait_time_from(now))?;
        self.voucher_everybody.check().map_err(|refused| refused.wait_time_from(now))
    }

    /// Counts a link that somebody opens from `source`, good or not; it needs no device, so those of
    /// all count apart from forms. The error says how long to wait.
    pub(crate) fn admit_link(&self, source: IpAddr) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        self.link_source.check_key(&source).map_err(|refused| refused.wait_time_from(now))?;
        self.link_everybody.check().map_err(|refused| refused.wait_time_from(now))
    }

    /// Counts a message that shall be sent at an access point, for `cost` of those it may have sent;
    /// the error says how long to wait.
    pub(crate) fn admit_message(
        &self,
        nas: &NasName,
        site: &SiteName,
        cost: NonZeroU32,
    ) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        match self.access_point.check_key_n(nas, cost) {
            Ok(outcome) => outcome.map_err(|refused| refused.wait_time_from(now))?,
            // It may never have as many sent at once.
            Err(_) => return Err(MINUTE),
        }
        self.site.check_key(site).map_err(|refused| refused.wait_time_from(now))
    }
}

/// What the store counts, the most specific first.
fn send_limits(limits: &LimitSettings) -> Vec<SendLimit> {
    use Counted::{ChallengesOfNumber, NumbersOfDevice, SendsOfDevice, SendsToNumber};
    [
        (SendsOfDevice, HOUR, limits.sends_per_hour),
        (NumbersOfDevice, DAY, limits.numbers_per_device),
        (ChallengesOfNumber, QUARTER_HOUR, limits.challenges_per_quarter_hour),
        (ChallengesOfNumber, DAY, limits.challenges_per_day),
        (SendsToNumber, DAY, limits.sends_per_day),
    ]
    .map(|(counted, window, most)| SendLimit { counted, window, most })
    .to_vec()
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
    fn an_access_point_that_floods_its_site_leaves_the_others_their_messages() {
        let limits = LimitSettings {
            sends_per_access_point: 2,
            sends_per_site: 3,
            ..LimitSettings::default()
        };
        let budgets = Budgets::new(&limits);
        let site: SiteName = "walkway".parse().unwrap();
        let admit = |nas: &str| {
            budgets.admit_message(&nas.parse().unwrap(), &site, NonZeroU32::MIN).is_ok()
        };
        assert_eq!([admit("one"), admit("one"), admit("one")], [true, true, false]);
        assert_eq!([admit("two"), admit("two")], [true, false], "the site has its own limit");
    }

    #[test]
    fn links_are_opened_within_the_limits_of_their_source_and_of_all() {
        let limits =
            LimitSettings { links_per_source: 2, posts_per_second: 3, ..LimitSettings::default() };
        let budgets = Budgets::new(&limits);
        let of = |n: u8| budgets.admit_link([192, 0, 2, n].into()).is_ok();
        assert_eq!([of(1), of(1), of(1)], [true, true, false]);
        assert_eq!([of(2), of(3)], [true, false], "all have a limit too");
        assert_eq!(budgets.admit(MacAddress::new([2, 0, 0, 0, 0, 1])), Ok(()), "forms go on");
        budgets.forget_quiet_devices();
        assert!(!of(1));
    }

    #[test]
    fn vouchers_are_tried_within_the_limits_of_device_site_and_all() {
        let limits = LimitSettings {
            vouchers_per_device: 2,
            vouchers_per_site: 3,
            vouchers_per_second: 5,
            ..LimitSettings::default()
        };
        let budgets = Budgets::new(&limits);
        let of = |n: u8| budgets.admit_voucher_of(MacAddress::new([2, 0, 0, 0, 0, n])).is_ok();
        assert_eq!([of(1), of(1), of(1), of(2)], [true, true, false, true]);
        let at = |site: &str| budgets.admit_voucher_at(&site.parse().unwrap()).is_ok();
        assert_eq!([at("one"), at("one"), at("one"), at("one")], [true, true, true, false]);
        assert_eq!([at("two"), at("two"), at("two")], [true, true, false], "all have a limit too");
        budgets.forget_quiet_devices();
        assert!(!of(1));
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
