//! The guest watch: asks controllers that speak no RADIUS who is there, and makes of it what an
//! access point would report by accounting.
//!
//! What a controller says becomes accounting records under a journal id of its own, through the
//! contract of every journal, so sessions, quotas and pages know no difference. Nothing is kept
//! here that must survive: what was counted stands in the sessions ([`stay`]). A known device that
//! the controller does not let through is admitted: it has come back, or the controller forgot.

mod stay;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountingEvent, AccountingRecord, Clock, Grant, Guest, GuestStanding, MacAddress, Nas,
    NasName, NasOrder, OrderKind, OrderProgress, OrderReason, OrderState, RatePair, Session, Speed,
    Timestamp,
};
use store::{
    GrantsOf, JournalPosition, SessionFilter, Standing, Store, StoreError, holders_of, most_at,
    terms_of,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::nas_control::{GuestsError, NasControl};
use crate::random;

/// How often each controller is asked: one question a site.
const EVERY: Duration = Duration::from_secs(2);
/// After how many failures in a row it is asked how seldom.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A question that takes longer has failed.
const LONGEST_QUESTION: Duration = Duration::from_secs(30);
/// A controller may take so long to let a device through that it was told of.
const SETTLING: Duration = Duration::from_secs(30);
/// No site has more visitors at a time; who comes after them is seen when others have left.
const MOST_GUESTS: usize = 10_000;
/// How many strangers are looked up at a time.
const TOGETHER: usize = 500;

/// Watches over the guests of controllers.
pub(crate) struct GuestWatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    nas_control: Arc<dyn NasControl>,
}

/// What is remembered of a controller; all of it may be forgotten at any time.
#[derive(Debug, Default)]
struct Memory {
    failures: u32,
    ask_at: Option<Timestamp>,
    /// When it was last looked at whether known devices are to be admitted.
    looked_at: HashMap<MacAddress, Timestamp>,
}

/// Why a look at a controller came to nothing.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Guests(#[from] GuestsError),
    #[error("the controller does not answer in time")]
    Slow,
    #[error("the store cannot be asked")]
    Store(#[from] StoreError),
}

impl GuestWatch {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        nas_control: Arc<dyn NasControl>,
    ) -> Self {
        Self { store, clock, nas_control }
    }

    /// Asks until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut memories: BTreeMap<NasName, Memory> = BTreeMap::new();
        let mut looks = JoinSet::new();
        loop {
            match self.controllers().await {
                Ok(controllers) => self.begin_due(controllers, &mut memories, &mut looks),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "controllers of access points cannot be listed");
                }
            }
            let rest = tokio::time::sleep(EVERY);
            tokio::pin!(rest);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = &mut rest => break,
                    Some(look) = looks.join_next() => match look {
                        Ok((name, memory)) => drop(memories.insert(name, memory)),
                        // Its memory is gone with it, and it is asked anew.
                        Err(error) => tracing::error!(%error, "a look at a controller broke down"),
                    },
                }
            }
        }
    }

    async fn controllers(&self) -> Result<Vec<Nas>, StoreError> {
        let mut all = self.store.list_access_points().await?;
        all.retain(|nas| nas.hand_off.method.is_watched());
        Ok(all)
    }

    /// Begins a look at each controller whose time has come and that is not being looked at.
    fn begin_due(
        self: &Arc<Self>,
        controllers: Vec<Nas>,
        memories: &mut BTreeMap<NasName, Memory>,
        looks: &mut JoinSet<(NasName, Memory)>,
    ) {
        let now = self.clock.now();
        if looks.is_empty() {
            // Whoever is not being looked at and has no memory is new, or its look broke down.
            for nas in &controllers {
                memories.entry(nas.name.clone()).or_default();
            }
            memories.retain(|name, _| controllers.iter().any(|nas| nas.name == *name));
        }
        for nas in controllers {
            let is_due = |memory: &Memory| memory.ask_at.is_none_or(|at| at <= now);
            if !memories.get(&nas.name).is_some_and(is_due) {
                continue;
            }
            let Some(mut memory) = memories.remove(&nas.name) else { continue };
            let this = Arc::clone(self);
            looks.spawn(async move {
                this.look_and_note(&nas, &mut memory).await;
                (nas.name, memory)
            });
        }
    }

    async fn look_and_note(&self, nas: &Nas, memory: &mut Memory) {
        match self.look(nas, memory).await {
            Ok(()) => {
                if memory.failures > 0 {
                    tracing::info!(nas = %nas.name, "the controller answers again");
                }
                (memory.failures, memory.ask_at) = (0, None);
            }
            Err(error) => {
                if memory.failures == 0 {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(nas = %nas.name, error, "usage is not known");
                }
                let pause = EVERY * 2_u32.saturating_pow(memory.failures.min(5));
                memory.failures = memory.failures.saturating_add(1);
                memory.ask_at = Some(self.clock.now() + pause.min(LONGEST_PAUSE));
            }
        }
    }

    /// Asks one controller, and writes down what has become of its guests.
    async fn look(&self, nas: &Nas, memory: &mut Memory) -> Result<(), WatchError> {
        let question = tokio::time::timeout(LONGEST_QUESTION, self.nas_control.guests(nas));
        let mut guests = question.await.map_err(|_| WatchError::Slow)??;
        guests.truncate(MOST_GUESTS);
        let directed = |guest: Guest| (guest.device, stay::directed(nas, guest));
        let guests: BTreeMap<_, _> = guests.into_iter().map(directed).collect();
        let now = self.clock.now();
        let mut events = Vec::new();
        let (mut online, mut lost) = (BTreeSet::new(), BTreeSet::new());
        for session in self.open_sessions(nas).await? {
            match guests.get(&session.device) {
                Some(guest) if guest.standing == GuestStanding::Admitted => {
                    online.insert(session.device);
                    events.extend(stay::go_on(nas, &session, guest, now));
                }
                gone_or_caught => {
                    lost.insert(session.device);
                    events.push(stay::end(&session, gone_or_caught, now));
                }
            }
        }
        // What was let through and is not any more waits for nothing that was ordered before.
        let is_settling =
            |grant: &Grant| now < grant.issued_at + SETTLING && !lost.contains(&grant.device);
        let others: Vec<&Guest> =
            guests.values().filter(|guest| !online.contains(&guest.device)).collect();
        memory.looked_at.retain(|_, at| now < *at + SETTLING);
        for some in others.chunks(TOGETHER) {
            let (begun, caught) = self.look_at_others(nas, some, now).await?;
            events.extend(begun);
            for grant in caught.iter().filter(|grant| !is_settling(grant)) {
                self.admit(nas, grant, memory, now).await?;
            }
        }
        self.report(nas, events, now).await
    }

    async fn open_sessions(&self, nas: &Nas) -> Result<Vec<Session>, StoreError> {
        let limit = u32::try_from(MOST_GUESTS).unwrap_or(u32::MAX);
        let filter =
            SessionFilter { open_only: true, nas: Some(nas.name.clone()), device: None, limit };
        self.store.list_sessions(&filter).await
    }

    /// The beginnings of stays of guests that were admitted, and the grants of those that were not.
    async fn look_at_others(
        &self,
        nas: &Nas,
        guests: &[&Guest],
        now: Timestamp,
    ) -> Result<(Vec<AccountingEvent>, Vec<Grant>), StoreError> {
        let devices: Vec<MacAddress> = guests.iter().map(|guest| guest.device).collect();
        let store = self.store.as_ref();
        let (mut begun, mut caught) = (Vec::new(), Vec::new());
        let site = store.find_site(&nas.site).await?;
        let most = most_at(site.as_ref(), nas, now);
        for (grant, standing) in holders_of(store, GrantsOf::Devices(&devices), now).await? {
            let guest = guests.iter().find(|guest| guest.device == grant.device);
            let Some(guest) = guest.filter(|_| grant.holds(now)) else { continue };
            match guest.standing {
                GuestStanding::Admitted => {
                    let last = self.last_session(nas, guest.device).await?;
                    if last.as_ref().is_some_and(Session::is_open) {
                        // Another process of ours has just begun it.
                        continue;
                    }
                    let speed = speed(nas, standing.as_ref(), most);
                    begun.push(stay::begin(nas, last.as_ref(), guest, (&grant, speed)));
                }
                GuestStanding::Caught => caught.push(grant),
                // It is counted to its end, and comes back if it wants to.
                GuestStanding::Gone => {}
            }
        }
        Ok((begun, caught))
    }

    async fn last_session(
        &self,
        nas: &Nas,
        device: MacAddress,
    ) -> Result<Option<Session>, StoreError> {
        let nas = Some(nas.name.clone());
        let filter = SessionFilter { open_only: false, nas, device: Some(device), limit: 1 };
        Ok(self.store.list_sessions(&filter).await?.into_iter().next())
    }

    /// Has a known device admitted that may still use something, unless that was just looked at.
    async fn admit(
        &self,
        nas: &Nas,
        grant: &Grant,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let device = grant.device;
        if memory.looked_at.contains_key(&device) {
            return Ok(());
        }
        memory.looked_at.insert(device, now);
        if terms_of(self.store.as_ref(), device, nas, now).await?.is_none() {
            return Ok(());
        }
        let order = NasOrder {
            id: random::order_id(now),
            nas: nas.name.clone(),
            kind: OrderKind::Reauthenticate,
            device,
            session: None,
            reason: OrderReason::Known,
            created_at: now,
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 0, next_at: now },
        };
        self.store.add_order(&order).await.map(drop)
    }

    /// Counts what was seen: by the contract of journals, so that it counts once also if another
    /// controller of ours saw the same at the same time.
    async fn report(
        &self,
        nas: &Nas,
        events: Vec<AccountingEvent>,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        if events.is_empty() {
            return Ok(());
        }
        let record = |event| AccountingRecord {
            nas: nas.name.clone(),
            occurred_at: now,
            received_at: now,
            event,
        };
        let records: Vec<_> = events.into_iter().map(record).collect();
        let offset = u64::try_from(now.as_millis()).unwrap_or(0);
        let until = JournalPosition { segment: 1, offset };
        self.store.apply(&format!("api:{}", nas.name), &records, until).await?;
        Ok(())
    }
}

/// The speed at which a device was let in that stands so.
fn speed(nas: &Nas, standing: Option<&Standing>, most: Option<RatePair>) -> Speed {
    let Some(standing) = standing else { return Speed::Full };
    let speed = standing.assessment.at(nas.profile).speed().unwrap_or_default();
    standing.plan.speed_within(speed, most)
}

#[cfg(test)]
mod tests;
