//! Budgets of messages and forms, so that nobody can flood a number, the gateway or us.
//!
//! Bursts are shaped in memory, the most specific limit first, so that a refused form
//! costs the others nothing. What must outlive a restart (messages for one number, for
//! one device) is counted by the store, where the message is written.

mod keys;
mod paces;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::{Busy, Counted, Country, MacAddress, NasName, SendLimit, Site, SiteName};
use governor::clock::{Clock, DefaultClock, QuantaInstant};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use self::keys::Keys;
use self::paces::Paces;
use crate::settings::LimitSettings;

/// After a burst a device may send one form in this time.
const DEVICE_PERIOD: Duration = Duration::from_secs(3);
const QUARTER_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How long a device waits that had all messages of a sign-in before it begins another.
const PAUSE: Duration = Duration::from_secs(120);
/// So many times more messages a site may have sent where many are expected at once.
const EVENT: u32 = 10;
/// What each other country of the Gulf may have of all messages.
const GULF_PERCENT: u32 = 15;
/// So many refusals of all are kept in a second.
const NOTES: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// As many devices, and as many sources, are remembered.
const MOST_KEYS: usize = 1_000_000;

/// Limits of what strangers name, by whatever they say.
type Bounded<K> = RateLimiter<K, Keys<K>, DefaultClock>;

/// The limits, and the memory of recent forms.
pub struct Budgets {
    device: Bounded<MacAddress>,
    everybody: DefaultDirectRateLimiter,
    access_point: Paces<NasName>,
    site: Paces<SiteName>,
    /// Of each country but the city's own.
    country: DefaultKeyedRateLimiter<Country>,
    sending: DefaultDirectRateLimiter,
    voucher_device: Bounded<MacAddress>,
    voucher_site: DefaultKeyedRateLimiter<SiteName>,
    voucher_everybody: DefaultDirectRateLimiter,
    link_source: Bounded<IpAddr>,
    link_everybody: DefaultDirectRateLimiter,
    noted_device: Bounded<MacAddress>,
    noted: DefaultDirectRateLimiter,
    /// What holds for all sites.
    of_all: LimitSettings,
}

/// A message that shall be sent, by what all share.
pub(crate) struct Sending<'a> {
    pub nas: &'a NasName,
    /// What it costs of what the access point may have sent.
    pub cost: NonZeroU32,
    pub site: &'a Site,
    pub country: Option<Country>,
}

impl Budgets {
    /// Limits as they are set, and nobody remembered.
    #[must_use]
    pub fn new(limits: &LimitSettings) -> Self {
        let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let device = Quota::with_period(DEVICE_PERIOD)
            .expect("three seconds are not zero")
            .allow_burst(some(limits.posts_per_device));
        Self {
            device: bounded(device),
            everybody: RateLimiter::direct(Quota::per_second(some(limits.posts_per_second))),
            access_point: Paces::new(),
            site: Paces::new(),
            country: RateLimiter::keyed(Quota::per_minute(some(
                limits.sends_per_second.saturating_mul(60) / 100 * GULF_PERCENT,
            ))),
            // A queue of a minute is as long as anybody waits.
            sending: RateLimiter::direct(
                Quota::per_second(some(limits.sends_per_second))
                    .allow_burst(some(limits.sends_per_second.saturating_mul(60))),
            ),
            voucher_device: bounded(Quota::per_hour(some(limits.vouchers_per_device))),
            voucher_site: RateLimiter::keyed(Quota::per_minute(some(limits.vouchers_per_site))),
            voucher_everybody: RateLimiter::direct(Quota::per_second(some(
                limits.vouchers_per_second,
            ))),
            link_source: bounded(Quota::per_minute(some(limits.links_per_source))),
            link_everybody: RateLimiter::direct(Quota::per_second(some(limits.posts_per_second))),
            // Also that a device sent too many forms after all its forms.
            noted_device: bounded(
                device.allow_burst(some(limits.posts_per_device.saturating_mul(2))),
            ),
            noted: RateLimiter::direct(Quota::per_second(NOTES)),
            of_all: limits.clone(),
        }
    }

    /// Counts a form of `device`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit(&self, device: MacAddress) -> Result<(), Duration> {
        self.device.check_key(&device).map_err(|refused| self.wait(&refused))?;
        self.everybody.check().map_err(|refused| self.wait(&refused))
    }

    /// How long who was refused waits. A clock is made once: to make one takes as long as many a page.
    fn wait(&self, refused: &NotUntil<QuantaInstant>) -> Duration {
        refused.wait_time_from(self.everybody.clock().now())
    }

    /// Forgets devices that have been quiet, so that memory follows the crowd.
    pub fn forget_quiet_devices(&self) {
        for devices in [&self.device, &self.voucher_device, &self.noted_device] {
            devices.retain_recent();
            devices.shrink_to_fit();
        }
        self.link_source.retain_recent();
        self.link_source.shrink_to_fit();
    }

    /// Devices and sources that are remembered, each limit's own.
    #[must_use]
    pub fn remembered(&self) -> usize {
        let devices = [&self.device, &self.voucher_device, &self.noted_device];
        devices.map(|devices| devices.len()).iter().sum::<usize>() + self.link_source.len()
    }

    /// Counts a voucher that `device` tries, right or wrong.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit_voucher_of(&self, device: MacAddress) -> Result<(), Duration> {
        self.voucher_device.check_key(&device).map_err(|refused| self.wait(&refused))
    }

    /// Counts a voucher that somebody tries at a site, and anywhere: hardware addresses are easily
    /// made up. The error says how long to wait.
    pub(crate) fn admit_voucher_at(&self, site: &SiteName) -> Result<(), Duration> {
        self.voucher_site.check_key(site).map_err(|refused| self.wait(&refused))?;
        self.voucher_everybody.check().map_err(|refused| self.wait(&refused))
    }

    /// Counts a link that somebody opens from `source`, good or not; it needs no device, so those of
    /// all count apart from forms.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit_link(&self, source: IpAddr) -> Result<(), Duration> {
        self.link_source.check_key(&source).map_err(|refused| self.wait(&refused))?;
        self.link_everybody.check().map_err(|refused| self.wait(&refused))
    }

    /// Whether something that was refused to `device` is kept for the help desk.
    pub(crate) fn admit_note(&self, device: MacAddress) -> bool {
        self.noted_device.check_key(&device).is_ok() && self.noted.check().is_ok()
    }

    /// What the store counts for a site before a message is written, the most specific first.
    pub(crate) fn sends_at(&self, site: &Site) -> Vec<SendLimit> {
        let limits = self.of_all.at(site);
        let holds = |limit: &SendLimit| !site.event || limit.counted != Counted::SendsToBlock;
        send_limits(&limits).filter(holds).collect()
    }

    /// Counts a message in all that is shared; the error says of what there was too much, and how long
    /// to wait.
    pub(crate) fn admit_message(&self, sending: &Sending<'_>) -> Result<(), Busy> {
        let Sending { nas, cost, site, country } = sending;
        let limits = self.of_all.at(site);
        let busy = |counted| move |wait| Busy { counted, wait };
        let of_access_point = limits.sends_per_access_point;
        let admitted = self.access_point.admit(nas, of_access_point, *cost);
        admitted.map_err(busy(Counted::SendsOfAccessPoint))?;
        let more = if site.event { EVENT } else { 1 };
        let of_site = limits.sends_per_site.saturating_mul(more);
        let admitted = self.site.admit(&site.name, of_site, NonZeroU32::MIN);
        admitted.map_err(busy(Counted::SendsOfSite))?;
        if let Some(country) = country.filter(|country| *country != Country::SaudiArabia) {
            let admitted = self.country.check_key(&country);
            let wait = admitted.map_err(|refused| self.wait(&refused));
            wait.map_err(busy(Counted::SendsToCountry))?;
        }
        let admitted = self.sending.check().map_err(|refused| self.wait(&refused));
        admitted.map_err(busy(Counted::SendsOfAll))
    }
}

fn bounded<K: Hash + Eq + Clone>(quota: Quota) -> Bounded<K> {
    RateLimiter::new(quota, Keys::new(MOST_KEYS), DefaultClock::default())
}

/// What the store counts, the most specific first.
fn send_limits(limits: &LimitSettings) -> impl Iterator<Item = SendLimit> {
    use Counted::{
        ChallengesOfNumber, NumbersOfDevice, SendsOfDevice, SendsToBlock, SendsToNumber,
        SpentChallengesOfDevice,
    };
    [
        (SendsOfDevice, HOUR, limits.sends_per_hour),
        (NumbersOfDevice, DAY, limits.numbers_per_device),
        (SpentChallengesOfDevice, PAUSE, 1),
        (ChallengesOfNumber, QUARTER_HOUR, limits.challenges_per_quarter_hour),
        (ChallengesOfNumber, DAY, limits.challenges_per_day),
        (SendsToNumber, DAY, limits.sends_per_day),
        (SendsToBlock, TEN_MINUTES, limits.sends_per_block),
    ]
    .into_iter()
    .map(|(counted, window, most)| SendLimit { counted, window, most })
}

#[cfg(test)]
mod tests {
    use domain::SiteLimit;

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
        let mut site = walkway();
        let admit = |site: &Site, nas: &str| admit(&budgets, site, nas, Country::SaudiArabia);
        let of_one = [0; 3].map(|_| admit(&site, "one"));
        assert_eq!(of_one, [true, true, false]);
        let of_two = [0; 2].map(|_| admit(&site, "two"));
        assert_eq!(of_two, [true, false], "the site has its own limit");
        let used_up = |nas: &str| {
            let (nas, cost) = (nas.parse().unwrap(), NonZeroU32::MIN);
            let sending = Sending { nas: &nas, cost, site: &site, country: None };
            budgets.admit_message(&sending).unwrap_err().counted
        };
        assert_eq!(used_up("one"), Counted::SendsOfAccessPoint, "it is told which");
        assert_eq!(used_up("three"), Counted::SendsOfSite);

        site = Site { name: "park".parse().unwrap(), event: true, ..walkway() };
        let admitted = (0..40).filter(|n| admit(&site, &format!("nas-{n}"))).count();
        assert_eq!(admitted, 30, "ten times as many where many are expected");
    }

    #[test]
    fn a_site_has_limits_of_its_own_from_the_moment_they_are_set() {
        let limits = LimitSettings { sends_per_site: 3, ..LimitSettings::default() };
        let budgets = Budgets::new(&limits);
        let mut site = walkway();
        let most = |site: &Site, counted| {
            let sends = budgets.sends_at(site);
            sends.iter().find(|limit| limit.counted == counted).unwrap().most
        };
        let admitted = |site: &Site| {
            (0..20).filter(|_| admit(&budgets, site, "gate", Country::SaudiArabia)).count()
        };
        assert_eq!((most(&site, Counted::SendsOfDevice), admitted(&site)), (6, 3));
        site.limits.put(SiteLimit::SendsPerSite, Some(5));
        site.limits.put(SiteLimit::SendsPerHour, Some(12));
        assert_eq!((most(&site, Counted::SendsOfDevice), admitted(&site)), (12, 5));
        site.limits.put(SiteLimit::SendsPerAccessPoint, Some(2));
        site.event = true;
        assert_eq!(admitted(&site), 2, "each access point has its share of that");
        assert_eq!(most(&walkway(), Counted::SendsOfDevice), 6, "others are as they were");
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
    fn other_countries_have_their_share_and_all_have_a_minute_of_what_is_contracted() {
        let limits = LimitSettings {
            sends_per_access_point: 10_000,
            sends_per_site: 10_000,
            sends_per_second: 5,
            ..LimitSettings::default()
        };
        let budgets = Budgets::new(&limits);
        let of = |country, tries: usize| {
            (0..tries).filter(|_| admit(&budgets, &walkway(), "gate", country)).count()
        };
        assert_eq!(of(Country::Kuwait, 100), 45, "15 percent of 300");
        assert_eq!(of(Country::Bahrain, 10), 10, "each has its own");
        let rest = of(Country::SaudiArabia, 400);
        assert!((245..=250).contains(&rest), "{rest}");
    }

    fn walkway() -> Site {
        Site::new("walkway".parse().unwrap(), "visitor".parse().unwrap())
    }

    fn admit(budgets: &Budgets, site: &Site, nas: &str, country: Country) -> bool {
        let (nas, country) = (nas.parse().unwrap(), Some(country));
        let sending = Sending { nas: &nas, cost: NonZeroU32::MIN, site, country };
        budgets.admit_message(&sending).is_ok()
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
    fn of_what_is_refused_so_much_is_kept_of_a_device_and_of_all() {
        let budgets = Budgets::new(&LimitSettings::default());
        let kept = |n: u8| budgets.admit_note(MacAddress::new([2, 0, 0, 0, 0, n]));
        assert_eq!((0..30).filter(|_| kept(1)).count(), 20, "twice as many as forms");
        assert!(kept(2), "others have their own");
        let of_all = (3..=255).filter(|n| kept(*n)).count();
        assert!((29..=35).contains(&of_all), "{of_all}");
        budgets.forget_quiet_devices();
        assert!(!kept(1));
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
