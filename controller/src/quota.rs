//! The quota watch: looks at persons online whenever what they have reported, or the time that
//! went by, may have used something up, and cuts whoever has nothing left.
//!
//! What is decided stands in [`judge`]; here it is found out whom to look at, and what
//! was decided is written down as orders. Looking is done for many persons together;
//! writing one after the other.

mod gates;
mod judge;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountId, Assessment, Clock, Doors, Grant, GrantEnd, GrantId, MacAddress, NasName, NasOrder,
    Octets, OrderKind, OrderProgress, OrderReason, OrderState, Remaining, Renewal, Session,
    SessionId, Speed, Timestamp,
};
use store::{AccountUsage, Change, GrantsOf, Standing, Store, StoreError, holders_of};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use self::gates::Gates;
use self::judge::{LONGEST_PAUSE, Verdict, judge};
use crate::random;

/// How many persons are looked at together.
const TOGETHER: usize = 128;

/// How often everybody online is listed, in case a change was not heard of.
const BETWEEN_LISTS: Duration = Duration::from_secs(60);

/// A session that is still open so long after it was to be cut is tried again.
const REPEAT_AFTER: Duration = Duration::from_secs(5 * 60);

/// Watches over the allowances of everybody online.
pub(crate) struct QuotaWatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    sweep: Duration,
}

/// What the watch remembers while it runs; all of it may be forgotten at any time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What is known of each person online.
    online: HashMap<AccountId, Known>,
    /// When everybody online was last listed.
    listed_at: Option<Timestamp>,
    /// Which access points stand at sites with opening hours, if that is known.
    gates: Option<Gates>,
    /// When sessions were ordered to be cut, so that one on its way out is not cut twice.
    cut: HashMap<SessionId, Timestamp>,
    /// When access points were ordered to change the speed of sessions, and to which.
    changed: HashMap<SessionId, (Speed, Timestamp)>,
}

/// What the last look at a person told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// When to look next, whatever is reported until then.
    look_again: Timestamp,
    /// What must be reported before anything can be used up.
    left: Remaining,
}

impl Known {
    /// Takes off what was reported.
    fn charge(&mut self, usage: &AccountUsage) {
        self.left.data = self.left.data.map(|left| left.saturating_sub(usage.octets));
        self.left.time = self.left.time.map(|left| left.saturating_sub(usage.time));
    }

    /// Whether something may be used up, or have changed, by now.
    fn is_due(&self, now: Timestamp) -> bool {
        now >= self.look_again
            || self.left.data == Some(Octets::new(0))
            || self.left.time.is_some_and(|left| left < Duration::from_secs(1))
    }
}

/// The newest grant of each device, which is the one that lets it in whatever its session began
/// with, and how its owner stands.
type Holders = HashMap<MacAddress, (Grant, Option<Standing>)>;

/// What looking at a person led to.
struct Finding {
    account: AccountId,
    measures: Vec<Measure>,
    /// `None` if the person is not online.
    known: Option<Known>,
}

enum Measure {
    Cut(Session, OrderReason),
    Change(Session, Speed),
    EndGrant(GrantId, SessionId),
}

impl Memory {
    /// Takes a report into account; returns whether the person must be looked at.
    fn makes_due(&mut self, usage: &AccountUsage, now: Timestamp) -> bool {
        match self.online.get_mut(&usage.account) {
            Some(known) => {
                known.charge(usage);
                usage.began || known.is_due(now)
            }
            None => true,
        }
    }
}

impl QuotaWatch {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, sweep: Duration) -> Self {
        Self { store, clock, sweep }
    }

    /// Watches until told to stop or the store is closed.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        // Every write is whole by itself, so watching may be broken off anywhere.
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(&self) {
        let mut memory = Memory::default();
        let mut changes = self.store.changes();
        let mut sweeps = tokio::time::interval(self.sweep);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                change = changes.next() => match change {
                    Some(change) => self.follow(change, &mut memory).await,
                    None => return,
                },
                _ = sweeps.tick() => self.sweep(&mut memory).await,
            };
            if let Err(error) = outcome {
                memory.listed_at = None;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "quotas cannot be watched for now");
            }
        }
    }

    async fn follow(&self, change: Change, memory: &mut Memory) -> Result<(), StoreError> {
        match change {
            Change::Usage(accounts) => {
                let now = self.clock.now();
                let due = accounts.iter().filter(|usage| memory.makes_due(usage, now));
                let due = due.map(|usage| usage.account).collect();
                self.look_at(due, memory).await
            }
            Change::Setup | Change::Missed => {
                memory.online.clear();
                memory.listed_at = None;
                memory.gates = None;
                Ok(())
            }
            Change::Pending
            | Change::Grant(_)
            | Change::Order
            | Change::Message
            | Change::Challenge(_)
            | Change::Erased => Ok(()),
        }
    }

    /// Looks at everybody online whose time may be over.
    pub(crate) async fn sweep(&self, memory: &mut Memory) -> Result<(), StoreError> {
        let now = self.clock.now();
        memory.cut.retain(|_, at| now < *at + REPEAT_AFTER);
        memory.changed.retain(|_, (_, at)| now < *at + REPEAT_AFTER);
        let mut due = Vec::new();
        if memory.listed_at.is_none_or(|at| now >= at + BETWEEN_LISTS) {
            let online = self.store.accounts_online().await?;
            memory.listed_at = Some(now);
            due.extend(online.into_iter().filter(|account| !memory.online.contains_key(account)));
        }
        let over = memory.online.iter().filter(|(_, known)| known.is_due(now));
        due.extend(over.map(|(account, _)| *account));
        self.look_at(due, memory).await
    }

    /// Looks at these persons now; a failure with one of them does not keep the others.
    ///
    /// # Errors
    /// The last failure; whoever it was about is looked at again with the next sweep that lists
    /// everybody.
    pub(crate) async fn look_at(
        &self,
        accounts: Vec<AccountId>,
        memory: &mut Memory,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut outcome = Ok(());
        for some in accounts.chunks(TOGETHER) {
            let done = match self.look_at_some(some, memory, now).await {
                Err(StoreError::Corrupt { .. }) if some.len() > 1 => {
                    let mut outcome = Ok(());
                    for one in some.chunks(1) {
                        outcome = self.look_at_some(one, memory, now).await.and(outcome);
                    }
                    outcome
                }
                done => done,
            };
            outcome = done.and(outcome);
        }
        outcome
    }

    async fn look_at_some(
        &self,
        some: &[AccountId],
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let gates = match memory.gates.take() {
            Some(gates) => gates,
            None => Gates::read(self.store.as_ref()).await?,
        };
        let findings = look(self.store.as_ref(), some, (&gates, now)).await;
        memory.gates = Some(gates);
        let mut outcome = Ok(());
        for finding in findings? {
            outcome = self.act_on(finding, memory, now).await.and(outcome);
        }
        outcome
    }

    async fn act_on(
        &self,
        finding: Finding,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for measure in finding.measures {
            self.take(measure, memory, now).await?;
        }
        match finding.known {
            Some(known) => memory.online.insert(finding.account, known),
            None => memory.online.remove(&finding.account),
        };
        Ok(())
    }

    async fn take(
        &self,
        measure: Measure,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match measure {
            Measure::Cut(session, reason) => {
                if memory.cut.get(&session.id).is_some_and(|at| now < *at + REPEAT_AFTER) {
                    return Ok(());
                }
                let order = disconnect(&session, reason, now);
                let written = self.store.add_order(&order).await?;
                memory.cut.insert(session.id, now);
                if written {
                    let (nas, reason) = (&session.nas, reason.as_str());
                    tracing::debug!(session.id = %session.id, %nas, reason, "session is cut");
                }
            }
            Measure::Change(session, speed) => {
                let is_young =
                    |(to, at): &(Speed, Timestamp)| *to == speed && now < *at + REPEAT_AFTER;
                if memory.changed.get(&session.id).is_some_and(is_young) {
                    return Ok(());
                }
                let reason = match speed.of_allowance() {
                    Speed::Reduced | Speed::ReducedYielding => OrderReason::AllowanceUsedUp,
                    Speed::Full | Speed::Yielding => OrderReason::AllowanceRenewed,
                };
                let order = order(&session, OrderKind::Change(speed), reason, now);
                self.store.add_order(&order).await?;
                memory.changed.insert(session.id, (speed, now));
                let (nas, speed) = (&session.nas, speed.as_str());
                tracing::debug!(session.id = %session.id, %nas, speed, "session changes its speed");
            }
            Measure::EndGrant(grant, session) => {
                let (why, reason) = (GrantEnd::SessionUsedUp, OrderReason::AllowanceUsedUp);
                if self.store.end_grant(grant, why, reason, now).await? {
                    tracing::debug!(grant.id = %grant, "grant is used up");
                }
                memory.cut.insert(session, now);
            }
        }
        Ok(())
    }
}

/// Finds out what must be done about these persons, and writes nothing.
async fn look(
    store: &dyn Store,
    accounts: &[AccountId],
    (gates, now): (&Gates, Timestamp),
) -> Result<Vec<Finding>, StoreError> {
    let mut online: HashMap<AccountId, Vec<Session>> = HashMap::new();
    let mut devices = BTreeSet::new();
    for (account, session) in store.open_sessions_of_accounts(accounts).await? {
        devices.insert(session.device);
        online.entry(account).or_default().push(session);
    }
    let devices: Vec<_> = devices.into_iter().collect();
    let holders = holders_of(store, GrantsOf::Devices(&devices), now).await?;
    let holders: Holders =
        holders.into_iter().map(|(grant, standing)| (grant.device, (grant, standing))).collect();
    let mut findings = Vec::new();
    for account in accounts {
        let sessions = online.remove(account).unwrap_or_default();
        findings.push(find(store, *account, sessions, (&holders, gates, now)).await?);
    }
    Ok(findings)
}

/// What must be done about one person with these sessions.
async fn find(
    store: &dyn Store,
    account: AccountId,
    sessions: Vec<Session>,
    (holders, gates, now): (&Holders, &Gates, Timestamp),
) -> Result<Finding, StoreError> {
    let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    let mut known = Known { look_again: now + LONGEST_PAUSE, left: Remaining::default() };
    let mut measures = Vec::new();
    if sessions.is_empty() {
        return Ok(Finding { account, measures, known: None });
    }
    for session in &sessions {
        match gates.doors(&session.nas, now) {
            Doors::Open { until: None } => {}
            Doors::Open { until: Some(at) } => known.look_again = known.look_again.min(at),
            Doors::Closed { .. } => {
                measures.push(Measure::Cut(session.clone(), OrderReason::SiteClosed));
                continue;
            }
        }
        let Some((grant, standing)) = holders.get(&session.device) else { continue };
        let assessment = standing.as_ref().filter(|_| grant.holds(now));
        let assessment = match assessment.map(|standing| standing.assessment) {
            Some(slowed @ Assessment::Slowed { .. }) => {
                Some(at(store, &session.nas, slowed).await?)
            }
            other => other,
        };
        match judge(grant, assessment.as_ref(), count, now) {
            Verdict::GoesOn { look_again, speed } => {
                known.look_again = known.look_again.min(look_again);
                if let Some(Assessment::Within(left)) = assessment {
                    known.left = known.left.least(left);
                }
                // What it has to leave to an office is told elsewhere.
                if let Some(speed) = speed.filter(|speed| *speed != session.speed.of_allowance())
                    && takes(store, &session.nas, speed).await?
                {
                    let most = gates.most(&session.nas, now);
                    let plan = standing.as_ref().map(|standing| &standing.plan);
                    let speed = plan.map_or(speed, |plan| plan.speed_within(speed, most));
                    measures.push(Measure::Change(session.clone(), speed));
                }
            }
            Verdict::CutSession(reason) => {
                measures.push(Measure::Cut(session.clone(), reason));
            }
            Verdict::CutAccount => {
                let cut = |session| Measure::Cut(session, OrderReason::AllowanceUsedUp);
                let measures = sessions.into_iter().map(cut).collect();
                return Ok(Finding { account, measures, known: Some(known) });
            }
            Verdict::EndGrant => {
                measures.push(Measure::EndGrant(grant.id, session.id));
            }
        }
    }
    Ok(Finding { account, measures, known: Some(known) })
}

/// What an assessment comes to at an access point.
async fn at(
    store: &dyn Store,
    nas: &NasName,
    assessment: Assessment,
) -> Result<Assessment, StoreError> {
    let nas = store.find_access_point(nas).await?;
    Ok(nas.map_or(assessment, |nas| assessment.at(nas.profile)))
}

/// Whether an access point can be told in some way to let a session go on at a speed: one that
/// learns limits at login alone gives nobody more before that.
async fn takes(store: &dyn Store, nas: &NasName, speed: Speed) -> Result<bool, StoreError> {
    if speed == Speed::Reduced {
        return Ok(true);
    }
    let nas = store.find_access_point(nas).await?;
    Ok(nas.is_none_or(|nas| nas.profile.renewal() != Renewal::AtLogin))
}

/// The order that ends a session.
pub(crate) fn disconnect(session: &Session, reason: OrderReason, now: Timestamp) -> NasOrder {
    order(session, OrderKind::Disconnect, reason, now)
}

/// An order about a session.
pub(crate) fn order(
    session: &Session,
    kind: OrderKind,
    reason: OrderReason,
    now: Timestamp,
) -> NasOrder {
    NasOrder {
        id: random::order_id(now),
        nas: session.nas.clone(),
        kind,
        device: session.device,
        session: Some(session.id),
        reason,
        created_at: now,
        progress: OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: now },
    }
}

#[cfg(test)]
mod tests;
