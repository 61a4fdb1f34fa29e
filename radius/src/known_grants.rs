//! Grants that the store told of, remembered in bounded memory with their age.
//!
//! Only what lets a device in is ever remembered. A young entry spares the store a question; an
//! old one counts only while the store is away. One that is wanted shortly before it is old is
//! told of, so that it can be asked about again in time. What a change touched is never young again, and
//! a grant that changed is forgotten, so that one that was ended cannot come back.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{AccountId, MacAddress, Timestamp};
use quick_cache::sync::Cache;

use crate::authorise::Admission;

/// A young grant.
#[derive(Debug)]
pub(crate) struct Young {
    pub(crate) admission: Arc<Admission>,
    /// Whether it will soon be old.
    pub(crate) is_ageing: bool,
}

/// The memory of one server.
#[derive(Debug)]
pub(crate) struct KnownGrants {
    freshness: Duration,
    by_device: Cache<MacAddress, Remembered>,
    changed_devices: ChangeTimes,
    changed_accounts: ChangeTimes,
    all_changed_at: AtomicI64,
}

#[derive(Debug, Clone)]
struct Remembered {
    admission: Arc<Admission>,
    asked_at: Timestamp,
}

impl KnownGrants {
    /// An empty memory for `most` devices, whose entries are young for `freshness`.
    pub(crate) fn new(most: usize, freshness: Duration) -> Self {
        Self {
            freshness,
            by_device: Cache::new(most),
            changed_devices: ChangeTimes::new(),
            changed_accounts: ChangeTimes::new(),
            all_changed_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Remembers what the store answered to a question asked at `asked_at`.
    pub(crate) fn remember(&self, admission: &Arc<Admission>, asked_at: Timestamp) {
        let device = admission.grant.device;
        self.by_device.insert(device, Remembered { admission: Arc::clone(admission), asked_at });
        // A change that came while the store was answering must not be painted over.
        if self.changed_devices.is_since(device, asked_at) {
            self.by_device.remove(&device);
        }
    }

    /// Forgets a device that is not let in any more.
    pub(crate) fn forget(&self, device: MacAddress) {
        self.by_device.remove(&device);
    }

    /// What is known of a device and young enough to be used at `now`.
    pub(crate) fn young(&self, device: MacAddress, now: Timestamp) -> Option<Young> {
        let Remembered { admission, asked_at } = self.by_device.get(&device)?;
        let age = now.since(asked_at);
        let is_young = age < self.freshness
            && asked_at.as_millis() > self.all_changed_at.load(Ordering::Relaxed)
            && !self.changed_accounts.is_since(admission.grant.account, asked_at);
        let is_ageing = age >= self.freshness * 4 / 5;
        (is_young && admission.grant.holds(now)).then_some(Young { admission, is_ageing })
    }

    /// What is known of a device, however old, while its grant holds.
    pub(crate) fn of_any_age(&self, device: MacAddress, now: Timestamp) -> Option<Arc<Admission>> {
        let known = self.by_device.get(&device)?.admission;
        known.grant.holds(now).then_some(known)
    }

    /// A device's grant was made or ended.
    pub(crate) fn grant_changed(&self, device: MacAddress, at: Timestamp) {
        self.changed_devices.note(device, at);
        self.by_device.remove(&device);
    }

    /// Usage of an account was applied.
    pub(crate) fn usage_changed(&self, account: AccountId, at: Timestamp) {
        self.changed_accounts.note(account, at);
    }

    /// Anything may have changed.
    pub(crate) fn all_changed(&self, at: Timestamp) {
        self.all_changed_at.fetch_max(at.as_millis(), Ordering::Relaxed);
    }
}

/// When each of many things changed last, in memory that does not grow: things that share a slot
/// count as changed together, so that now and then the store is asked once more than needed.
#[derive(Debug)]
struct ChangeTimes {
    hasher: RandomState,
    slots: Box<[AtomicI64]>,
}

impl ChangeTimes {
    const SLOTS: usize = 65_536;

    fn new() -> Self {
        let slots = (0..Self::SLOTS).map(|_| AtomicI64::new(i64::MIN)).collect();
        Self { hasher: RandomState::new(), slots }
    }

    fn note(&self, what: impl Hash, at: Timestamp) {
        self.slot(what).fetch_max(at.as_millis(), Ordering::Relaxed);
    }

    /// Whether it changed at that time or later.
    fn is_since(&self, what: impl Hash, at: Timestamp) -> bool {
        self.slot(what).load(Ordering::Relaxed) >= at.as_millis()
    }

    fn slot(&self, what: impl Hash) -> &AtomicI64 {
        let place = self.hasher.hash_one(what) % Self::SLOTS as u64;
        &self.slots[usize::try_from(place).expect("it is less than the number of slots")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{DEVICE, T0, admission};

    fn memory() -> KnownGrants {
        let memory = KnownGrants::new(100, Duration::from_secs(5));
        memory.remember(&Arc::new(admission()), T0);
        memory
    }

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    #[test]
    fn an_entry_is_young_for_five_seconds_and_old_while_the_grant_holds() {
        let memory = memory();
        let until = admission().grant.until;
        for (now, young, old) in [
            (at(0), true, true),
            (at(4), true, true),
            (at(5), false, true),
            (at(600), false, true),
            (until, false, false),
        ] {
            assert_eq!(memory.young(DEVICE, now).is_some(), young, "{now}");
            assert_eq!(memory.of_any_age(DEVICE, now).is_some(), old, "{now}");
        }
    }

    #[test]
    fn an_entry_ages_in_its_last_second() {
        let memory = memory();
        for (secs, is_ageing) in [(0, false), (3, false), (4, true)] {
            assert_eq!(memory.young(DEVICE, at(secs)).unwrap().is_ageing, is_ageing, "{secs} s");
        }
    }

    #[test]
    fn a_grant_that_changed_is_forgotten_even_if_the_store_was_answering_meanwhile() {
        let memory = memory();
        memory.grant_changed(DEVICE, at(2));
        assert!(memory.of_any_age(DEVICE, at(3)).is_none());
        memory.remember(&Arc::new(admission()), at(1));
        assert!(memory.of_any_age(DEVICE, at(3)).is_none());
        memory.remember(&Arc::new(admission()), at(3));
        assert!(memory.young(DEVICE, at(3)).is_some());
    }

    #[test]
    fn applied_usage_ends_youth_but_not_memory() {
        let memory = memory();
        memory.usage_changed(admission().grant.account, at(1));
        assert!(memory.young(DEVICE, at(2)).is_none());
        assert!(memory.of_any_age(DEVICE, at(2)).is_some());
    }

    #[test]
    fn missed_changes_end_the_youth_of_everything() {
        let memory = memory();
        memory.all_changed(at(1));
        assert!(memory.young(DEVICE, at(2)).is_none());
        assert!(memory.of_any_age(DEVICE, at(2)).is_some());
        memory.remember(&Arc::new(admission()), at(2));
        assert!(memory.young(DEVICE, at(3)).is_some());
    }
}
