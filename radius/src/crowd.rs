//! Whom a site with a capacity still takes: who is online there, and others while there is room.
//!
//! Who is online is what the store told a few seconds ago, and whom this server let in since: their
//! sessions are on their way into the store. Nobody is asked for sites without a capacity.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Grant, MacAddress, Site, SiteName, Timestamp};

/// For so long what the store told is good enough.
const FRESH: Duration = Duration::from_secs(5);
/// For so long a device counts as online that was let in and of which no session is known.
const ON_ITS_WAY: Duration = Duration::from_secs(15);

/// Who is online at a site, as far as it matters.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    limit: Option<(SiteName, u32)>,
    online: Arc<Mutex<Online>>,
}

#[derive(Debug, Default)]
struct Online {
    asked_at: Option<Timestamp>,
    /// The device of each open session.
    devices: HashSet<MacAddress>,
    sessions: u32,
    /// When those were let in of which no session is known; no more than the capacity.
    on_their_way: HashMap<MacAddress, Timestamp>,
}

/// Whether there is a place for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// There is, and now it is taken.
    Free,
    /// There is none.
    None,
    /// The store must tell first who is online.
    Unknown,
}

impl Crowd {
    /// The crowd of a site; what was known of it before setup was read again is still known.
    pub(crate) fn of(site: &Site, former: Option<&Self>) -> Self {
        let limit = site.capacity.map(|capacity| (site.name.clone(), capacity));
        let online = former.map(|former| Arc::clone(&former.online)).unwrap_or_default();
        Self { limit, online }
    }

    /// The site about which the store is to be asked before places are given, if it has a limit.
    pub(crate) fn site(&self) -> Option<&SiteName> {
        self.limit.as_ref().map(|(site, _)| site)
    }

    /// Takes what the store answered to a question asked at `asked_at`.
    pub(crate) fn learn(&self, devices: &[MacAddress], asked_at: Timestamp) {
        let mut online = self.online.lock().unwrap_or_else(PoisonError::into_inner);
        if online.asked_at.is_some_and(|last| last >= asked_at) {
            return;
        }
        online.asked_at = Some(asked_at);
        online.devices = devices.iter().copied().collect();
        online.sessions = u32::try_from(devices.len()).unwrap_or(u32::MAX);
        let Online { devices, on_their_way, .. } = &mut *online;
        on_their_way
            .retain(|device, at| !devices.contains(device) && asked_at.since(*at) < ON_ITS_WAY);
    }

    /// A place for the device of a grant. Who has just signed in at this site has one in any case.
    pub(crate) fn place(&self, grant: &Grant, now: Timestamp) -> Place {
        let Some((site, capacity)) = &self.limit else { return Place::Free };
        let mut online = self.online.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: Timestamp| now >= at && now.since(at) < FRESH;
        if !online.asked_at.is_some_and(is_fresh) {
            return Place::Unknown;
        }
        let device = grant.device;
        if online.devices.contains(&device) || online.on_their_way.contains_key(&device) {
            return Place::Free;
        }
        let others = u32::try_from(online.on_their_way.len()).unwrap_or(u32::MAX);
        let is_expected = grant.site == *site && now.since(grant.issued_at) < Site::PLACE_KEPT;
        let is_full = Site::is_full(Some(*capacity), online.sessions.saturating_add(others));
        if is_full && !is_expected {
            return Place::None;
        }
        if others < *capacity {
            online.on_their_way.insert(device, now);
        }
        Place::Free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{T0, grant};

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(600 + secs)
    }

    fn of_device(number: u8) -> Grant {
        Grant { device: device(number), ..grant() }
    }

    fn device(number: u8) -> MacAddress {
        MacAddress::new([2, 0, 0, 0, 0, number])
    }

    fn crowd(capacity: Option<u32>) -> Crowd {
        Crowd::of(&site(capacity), None)
    }

    fn site(capacity: Option<u32>) -> Site {
        Site { capacity, ..Site::new(grant().site, grant().plan) }
    }

    #[test]
    fn a_full_site_takes_who_is_online_there_and_nobody_else() {
        let crowd = crowd(Some(2));
        assert_eq!(crowd.place(&of_device(1), at(0)), Place::Unknown);
        crowd.learn(&[device(1), device(2)], at(0));
        assert_eq!(crowd.place(&of_device(1), at(1)), Place::Free);
        assert_eq!(crowd.place(&of_device(3), at(1)), Place::None);
        assert_eq!(crowd.place(&of_device(1), at(5)), Place::Unknown, "that is too long ago");
        crowd.learn(&[device(1)], at(5));
        assert_eq!(crowd.place(&of_device(3), at(5)), Place::Free);
    }

    #[test]
    fn who_was_let_in_counts_until_the_session_is_known_or_never_came() {
        let crowd = crowd(Some(2));
        crowd.learn(&[], at(0));
        for (number, place) in [(1, Place::Free), (2, Place::Free), (3, Place::None)] {
            assert_eq!(crowd.place(&of_device(number), at(1)), place, "{number}");
        }
        crowd.learn(&[device(1)], at(5));
        assert_eq!(crowd.place(&of_device(2), at(5)), Place::Free, "its place is its own");
        assert_eq!(crowd.place(&of_device(3), at(5)), Place::None);
        crowd.learn(&[device(1)], at(16));
        assert_eq!(crowd.place(&of_device(3), at(16)), Place::Free, "the second never came");
    }

    #[test]
    fn who_was_let_in_counts_on_when_setup_is_read_again() {
        let former = crowd(Some(1));
        former.learn(&[], at(0));
        assert_eq!(former.place(&of_device(1), at(1)), Place::Free);
        let crowd = Crowd::of(&site(Some(2)), Some(&former));
        assert_eq!(crowd.place(&of_device(2), at(2)), Place::Free, "there is more room now");
        assert_eq!(crowd.place(&of_device(3), at(2)), Place::None);
    }

    #[test]
    fn who_has_just_signed_in_there_is_not_turned_away() {
        let crowd = crowd(Some(1));
        crowd.learn(&[device(1)], at(0));
        let newcomer = Grant { issued_at: at(0), ..of_device(2) };
        let elsewhere = Grant { site: "park".parse().unwrap(), ..newcomer.clone() };
        assert_eq!(crowd.place(&elsewhere, at(1)), Place::None);
        assert_eq!(crowd.place(&newcomer, at(1)), Place::Free);
        assert_eq!(
            crowd.place(&Grant { issued_at: T0, ..newcomer }, at(1)),
            Place::Free,
            "once in"
        );
    }

    #[test]
    fn a_site_without_a_limit_asks_nobody_and_an_old_answer_changes_nothing() {
        assert_eq!(crowd(None).place(&of_device(1), at(0)), Place::Free);
        let crowd = crowd(Some(1));
        crowd.learn(&[device(1)], at(2));
        crowd.learn(&[], at(1));
        assert_eq!(crowd.place(&of_device(2), at(3)), Place::None);
    }
}
