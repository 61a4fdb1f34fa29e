//! Which device a source address belongs to, by the open sessions of all access points.
//!
//! Captive devices ask hundreds of times a second, so an answer is kept for one second
//! and at most 20,000 addresses are kept. An address with open sessions at two access
//! points belongs to nobody: private ranges repeat, and a guess would show one
//! visitor's page to another.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{NasName, Session, Timestamp};
use moka::sync::Cache;
use store::{Store, StoreError};

const ADDRESSES: u64 = 20_000;
const ANSWER_LIFE: Duration = Duration::from_secs(1);
const NAMES_LIFE: Duration = Duration::from_secs(5);

type Answer = (Timestamp, Option<Arc<Session>>);
type Names = (Timestamp, Arc<[NasName]>);

/// Finds sessions by source address.
pub(crate) struct Presence {
    answers: Cache<IpAddr, Answer>,
    names: Mutex<Option<Names>>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::new(ADDRESSES), names: Mutex::new(None) }
    }

    /// The only open session with that visitor address, as of at most a second ago.
    pub(crate) async fn find(
        &self,
        store: &dyn Store,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, StoreError> {
        if let Some((asked_at, answer)) = self.answers.get(&address)
            && now.since(asked_at) < ANSWER_LIFE
        {
            return Ok(answer);
        }
        let mut found = None;
        for nas in self.names(store, now).await?.iter() {
            let Some(session) = store.find_open_session_by_address(nas, address).await? else {
                continue;
            };
            if found.replace(Arc::new(session)).is_some() {
                found = None;
                break;
            }
        }
        self.answers.insert(address, (now, found.clone()));
        Ok(found)
    }

    async fn names(&self, store: &dyn Store, now: Timestamp) -> Result<Arc<[NasName]>, StoreError> {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((listed_at, names)) = known
            && now.since(listed_at) < NAMES_LIFE
        {
            return Ok(names);
        }
        let names: Arc<[NasName]> =
            store.list_access_points().await?.into_iter().map(|nas| nas.name).collect();
        let fresh = Some((now, Arc::clone(&names)));
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(names)
    }
}
