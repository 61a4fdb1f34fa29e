//! Has access points slow their visitors down while an office needs the network, and give it all back
//! afterwards: those that break out by themselves, where no router of ours stands before the path.
//!
//! Whom to tell follows from how it is now, never from what was told before: the store has the speed that
//! each access point acknowledged last, and the site whether its office is there. So a restart changes
//! nothing, what is told is always the present terms, and a slower speed that was on its way when the
//! office left is found and taken back. Who uses most is told first, at a pace that access points keep.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Clock, MacAddress, Nas, NasName, NasOrder, OrderKind, OrderOutcome, OrderReason, OrderState,
    RatePair, Session, SessionId, Site, SiteName, Speed, Timestamp,
};
use store::{GrantsOf, OrderFilter, Standing, Store, StoreError, Version, holders_of, most_at};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::delivery::can_be_told;
use crate::quota::order;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);
/// Changes that one access point is told in a second.
const PER_SECOND: u32 = 50;
/// Sessions that are looked at in a round.
const AT_ONCE: usize = 1_000;
/// One that stays as it is is looked at again after so long.
const REPEAT_AFTER: Duration = Duration::from_secs(5 * 60);
/// For how long sites and access points are remembered, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(60);
/// So many orders to an access point show whether it can be told.
const LATEST: u32 = 50;

/// Watches over sessions beside offices.
pub(crate) struct YieldingWatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// What the watch remembers while it runs; all of it may be forgotten at any time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    city: Option<(Version, Timestamp, Arc<City>)>,
    /// When sessions were last looked at, and beside which stay of an office, if beside one.
    looked_at: HashMap<SessionId, (Option<Timestamp>, Timestamp)>,
    /// Access points that cannot be told, and since when their office has been there.
    unable: HashMap<NasName, Timestamp>,
}

/// Sites with an office, and all access points.
#[derive(Debug, Default)]
struct City {
    sites: HashMap<SiteName, Site>,
    access_points: HashMap<NasName, Nas>,
}

/// Which way a session is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Slower,
    Back,
}

impl City {
    async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let sites = store.list_sites().await?.into_iter().filter(|site| site.office.is_some());
        let access_points = store.list_access_points().await?.into_iter();
        Ok(Self {
            sites: sites.map(|site| (site.name.clone(), site)).collect(),
            access_points: access_points.map(|nas| (nas.name.clone(), nas)).collect(),
        })
    }

    /// The most that a device may have at an access point.
    fn most(&self, nas: &NasName, now: Timestamp) -> Option<RatePair> {
        let nas = self.access_points.get(nas)?;
        most_at(self.sites.get(&nas.site), nas, now)
    }

    /// Whether an access point can be told in some way to let a session go on at a speed.
    fn can(&self, nas: &NasName, speed: Speed) -> bool {
        let nas = self.access_points.get(nas);
        nas.is_some_and(|nas| can_be_told(OrderKind::Change(speed), nas.profile))
    }

    /// Since when the office of an access point's site has been there.
    fn since(&self, nas: &NasName, now: Timestamp) -> Option<Timestamp> {
        let site = self.sites.get(&self.access_points.get(nas)?.site)?;
        site.office_need(now).map(|need| need.since)
    }
}

impl Memory {
    /// Of these sessions, those that were not looked at lately, as many as are told in a round. The
    /// order stays.
    fn due(
        &self,
        sessions: Vec<(Session, Way)>,
        city: &City,
        now: Timestamp,
    ) -> Vec<(Session, Way)> {
        let mut of_nas: HashMap<NasName, u32> = HashMap::new();
        let mut is_due = |(session, way): &(Session, Way)| {
            let known = self.looked_at.get(&session.id);
            let is_unable = *way == Way::Slower && self.unable.contains_key(&session.nas);
            let beside = city.since(&session.nas, now);
            let is_known = |(of, at): &(Option<Timestamp>, Timestamp)| {
                *of == beside && now < *at + REPEAT_AFTER
            };
            if is_unable || known.is_some_and(is_known) {
                return false;
            }
            let count = of_nas.entry(session.nas.clone()).or_default();
            *count += 1;
            *count <= PER_SECOND
        };
        sessions.into_iter().filter(|one| is_due(one)).take(AT_ONCE).collect()
    }
}

impl YieldingWatch {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut memory = Memory::default();
        let mut rounds = tokio::time::interval(BETWEEN_ROUNDS);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let working = async {
            loop {
                rounds.tick().await;
                if let Err(error) = self.look(&mut memory).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "sessions beside offices are looked at again later");
                }
            }
        };
        stop.run_until_cancelled(working).await;
    }

    /// Writes down what access points are to be told now; returns how many orders were written.
    pub(crate) async fn look(&self, memory: &mut Memory) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let city = self.city(memory, now).await?;
        memory.looked_at.retain(|_, (_, at)| now < *at + REPEAT_AFTER);
        memory.unable.retain(|nas, since| city.since(nas, now) == Some(*since));
        let sessions = self.list(&city, now).await?;
        let due = memory.due(sessions, &city, now);
        if due.is_empty() {
            return Ok(0);
        }
        self.find_unable(&due, &city, memory, now).await?;
        self.tell(due, &city, memory, now).await
    }

    async fn city(&self, memory: &mut Memory, now: Timestamp) -> Result<Arc<City>, StoreError> {
        let version = self.store.versions().of_setup();
        if let Some((of, at, city)) = &memory.city
            && *of == version
            && now < *at + LASTS
        {
            return Ok(Arc::clone(city));
        }
        let city = Arc::new(City::read(self.store.as_ref()).await?);
        memory.city = Some((version, now, Arc::clone(&city)));
        Ok(city)
    }

    /// The sessions that are not as they should be.
    async fn list(&self, city: &City, now: Timestamp) -> Result<Vec<(Session, Way)>, StoreError> {
        let mut sessions = Vec::new();
        for session in self.store.list_yielding().await? {
            if city.most(&session.nas, now).is_none() && city.can(&session.nas, Speed::Full) {
                sessions.push((session, Way::Back));
            }
        }
        for site in city.sites.values().filter(|site| site.most_beside_office(now).is_some()) {
            let all = self.store.list_unyielding(&site.name).await?.into_iter();
            let some = all.filter(|session| city.most(&session.nas, now).is_some());
            sessions.extend(some.map(|session| (session, Way::Slower)));
        }
        Ok(sessions)
    }

    async fn tell(
        &self,
        due: Vec<(Session, Way)>,
        city: &City,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let devices: Vec<MacAddress> = due.iter().map(|(session, _)| session.device).collect();
        let holders = holders_of(self.store.as_ref(), GrantsOf::Devices(&devices), now).await?;
        let holders: HashMap<_, _> = holders
            .into_iter()
            .filter_map(|(grant, standing)| Some((grant.device, standing?)))
            .collect();
        let mut told: HashMap<NasName, u32> = HashMap::new();
        for (session, way) in due {
            if way == Way::Slower && memory.unable.contains_key(&session.nas) {
                continue;
            }
            memory.looked_at.insert(session.id, (city.since(&session.nas, now), now));
            let standing = holders.get(&session.device);
            let speed = standing.and_then(|standing| speed_at(standing, &session.nas, city, now));
            let Some(speed) = speed.filter(|speed| *speed != session.speed) else { continue };
            let place = told.entry(session.nas.clone()).or_default();
            let order = paced(&session, speed, way, now + pause(*place));
            *place += 1;
            self.store.add_order(&order).await?;
        }
        let told = told.values().sum::<u32>();
        tracing::debug!(told, "sessions change their speed for an office");
        Ok(usize::try_from(told).unwrap_or(usize::MAX))
    }

    /// Notes which of these access points have refused to slow anybody down since the office came.
    async fn find_unable(
        &self,
        due: &[(Session, Way)],
        city: &City,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut names: Vec<_> = due
            .iter()
            .filter(|(_, way)| *way == Way::Slower)
            .map(|(session, _)| &session.nas)
            .collect();
        names.sort_unstable();
        names.dedup();
        for nas in names {
            let Some(since) = city.since(nas, now) else { continue };
            let filter = OrderFilter { nas: Some(nas.clone()), ..OrderFilter::latest(LATEST) };
            if !city.can(nas, Speed::Yielding)
                || is_unable(&self.store.list_orders(&filter).await?, since)
            {
                tracing::warn!(%nas, "access point cannot slow its visitors down for an office");
                memory.unable.insert(nas.clone(), since);
            }
        }
        Ok(())
    }
}

/// The speed at which a visitor is to go on.
fn speed_at(standing: &Standing, nas: &NasName, city: &City, now: Timestamp) -> Option<Speed> {
    let profile = city.access_points.get(nas)?.profile;
    let speed = standing.assessment.at(profile).speed()?;
    Some(standing.plan.speed_within(speed, city.most(nas, now)))
}

/// Whether the latest answer, of those that came since then, was that nobody can be slowed down.
/// `orders` has the newest first.
fn is_unable(orders: &[NasOrder], since: Timestamp) -> bool {
    let mut of_office = orders
        .iter()
        .filter(|order| order.reason == OrderReason::OfficeCame && order.created_at >= since);
    let answer = of_office.find_map(|order| match order.state {
        OrderState::Waiting { .. } => None,
        OrderState::Acknowledged { .. } => Some(false),
        OrderState::Done { outcome, .. } => match outcome {
            OrderOutcome::Refused(_) | OrderOutcome::Undeliverable => Some(true),
            OrderOutcome::Enforced | OrderOutcome::Acknowledged | OrderOutcome::Ignored => {
                Some(false)
            }
            OrderOutcome::Overtaken | OrderOutcome::Superseded => None,
        },
    });
    answer == Some(true)
}

fn paced(session: &Session, speed: Speed, way: Way, at: Timestamp) -> NasOrder {
    let reason = match way {
        Way::Slower => OrderReason::OfficeCame,
        Way::Back => OrderReason::OfficeGone,
    };
    order(session, OrderKind::Change(speed), reason, at)
}

/// After how long the one at that place of a round is told.
const fn pause(place: u32) -> Duration {
    Duration::from_millis(1_000 * place as u64 / PER_SECOND as u64)
}

#[cfg(test)]
mod tests;
