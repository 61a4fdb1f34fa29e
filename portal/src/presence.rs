//! Which device a source address belongs to, by the open sessions of all access points.
//!
//! Captive devices ask hundreds of times a second, so an answer is kept for one second
//! and at most 20,000 addresses are kept. An address with open sessions at two access
//! points belongs to nobody: private ranges repeat, and a guess would show one
//! visitor's page to another.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Session, Timestamp};
use quick_cache::sync::Cache;
use store::{Store, StoreError};

const ADDRESSES: usize = 20_000;
const ANSWER_LIFE: Duration = Duration::from_secs(1);
/// Sessions of one address that are looked at; more of them would be at many access points.
const MOST_SESSIONS: u32 = 16;

type Answer = (Timestamp, Option<Arc<Session>>);

/// Finds sessions by source address.
pub(crate) struct Presence {
    answers: Cache<IpAddr, Answer>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::new(ADDRESSES) }
    }

    /// The open session with that visitor address and the latest report, if all of them are at one
    /// access point, as of at most a second ago.
    pub(crate) async fn find(
        &self,
        store: &dyn Store,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, StoreError> {
        if let Some(answer) = self.remembered(address, now) {
            return Ok(answer);
        }
        let sessions = store.open_sessions_of_address(address, MOST_SESSIONS).await?;
        let is_at_one = sessions.windows(2).all(|two| matches!(two, [a, b] if a.nas == b.nas));
        let found = sessions.into_iter().next().filter(|_| is_at_one).map(Arc::new);
        self.answers.insert(address, (now, found.clone()));
        Ok(found)
    }

    /// The same if it was found a moment ago.
    pub(crate) fn remembered(
        &self,
        address: IpAddr,
        now: Timestamp,
    ) -> Option<Option<Arc<Session>>> {
        let (asked_at, answer) = self.answers.get(&address)?;
        (now.since(asked_at) < ANSWER_LIFE).then_some(answer)
    }
}
