//! Delivers orders to access points: each is tried until it is answered or pointless.
//!
//! An order is claimed before it is tried, so that of several controllers only one
//! tries it, and a crash leaves it to be claimed again. The order of things stands in
//! [`lanes`], what an answer means in [`settle`], what is tried after it in [`ladder`]. Where
//! RADIUS runs apart, its processes deliver as well: each takes orders to the access points that
//! are connected to it, and what is connected to nobody is the controller's.

mod ladder;
mod lanes;
mod settle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Clock, Nas, NasCommand, NasName, NasOrder, NasProfile, OrderAnswer, OrderId, OrderKind,
    OrderMethod, OrderOutcome, OrderState, OrderStep, OrderTry, Session, Speed, Terms, Timestamp,
};
use store::{Change, Changes, Reach, Store, StoreError, terms_of};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::lanes::Lanes;
use self::settle::{Rules, method, settle, unconfirmed, undeliverable};
use crate::nas_control::{Delivery, NasControl};

/// Whether there is a way to tell an access point of that profile.
pub(crate) const fn can_be_told(kind: OrderKind, profile: NasProfile) -> bool {
    !ladder::methods(kind, profile).is_empty()
}

/// For how long a claimed order is ours; longer than it can wait and be tried.
const CLAIM: Duration = Duration::from_secs(90);

/// A delivery that takes longer counts as unanswered.
const LONGEST_DELIVERY: Duration = Duration::from_secs(40);

/// After how long orders are looked for even if nothing woke us.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How often accounting is asked what became of what access points acknowledged.
const CONFIRM_EVERY: Duration = Duration::from_secs(1);

/// The shortest rest between two looks that nothing woke us for.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// Delivers orders.
pub(crate) struct Dispatcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    nas_control: Arc<dyn NasControl>,
    patience: Patience,
    reach: Reach,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// After how long an order to a silent access point is given up.
    pub(crate) give_up_after: Duration,
    /// How long accounting may take to show what an access point acknowledged.
    pub(crate) confirm_within: Duration,
}

/// Orders on their way.
#[derive(Default)]
struct Round {
    confirmed_at: Option<Timestamp>,
    lanes: Lanes,
    tasks: JoinSet<Option<Timestamp>>,
    running: HashMap<Id, (NasName, OrderId)>,
}

/// What stands at the other end of an order, or why it is over already.
enum Subject {
    Present(Box<Nas>, Option<Box<Session>>),
    Over(OrderOutcome),
}

/// What an access point must be told now, or that there is nothing to tell any more.
enum Wanted {
    /// And how fast the visitor is by it, if the order changes that.
    Still(NasCommand, Option<Speed>),
    NoLonger,
}

impl Dispatcher {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        nas_control: Arc<dyn NasControl>,
        patience: Patience,
        reach: Reach,
    ) -> Self {
        Self { store, clock, nas_control, patience, reach }
    }

    /// Delivers until told to stop; what is not answered then is given back at once.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = self.store.changes();
        let mut round = Round::default();
        loop {
            // What is told and done by now is seen by the next look.
            changes.skip_waiting();
            while let Some(done) = round.tasks.try_join_next_with_id() {
                self.note(&mut round, done).await;
            }
            let rest = self.begin_due(&mut round).await.unwrap_or_else(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "orders to access points are out of reach");
                LOOK_AGAIN
            });
            tokio::select! {
                () = stop.cancelled() => break,
                Some(done) = round.tasks.join_next_with_id() => self.note(&mut round, done).await,
                () = woken(&mut changes) => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        self.give_back(round).await;
    }

    /// Claims and begins what is due, as far as there is room; returns how long to rest.
    async fn begin_due(self: &Arc<Self>, round: &mut Round) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        if round.confirmed_at.is_none_or(|at| now >= at + CONFIRM_EVERY) {
            self.store.confirm_orders(now).await?;
            round.confirmed_at = Some(now);
        }
        let room = round.lanes.room();
        let claimed = match room {
            0 => Vec::new(),
            _ => self.store.claim_orders(now, now + CLAIM, room, &self.reach).await?,
        };
        for order in claimed {
            match round.lanes.held_until(&order.nas, now) {
                None => round.lanes.push(order),
                Some(until) => self.store.postpone_order(order.id, until).await?,
            }
        }
        while let Some(order) = round.lanes.next() {
            let (nas, id) = (order.nas.clone(), order.id);
            let this = self.clone();
            let task = round.tasks.spawn(async move { this.see_through(order).await });
            round.running.insert(task.id(), (nas, id));
        }
        if room == 0 {
            return Ok(LOOK_AGAIN);
        }
        let next = self.store.next_order_at(now, &self.reach).await?;
        let rest = next.map_or(LOOK_AGAIN, |at| at.since(self.clock.now()));
        Ok(rest.clamp(SHORTEST_REST, LOOK_AGAIN))
    }

    /// Frees the lane of an order that is done, or holds it back if its access point is silent.
    async fn note(&self, round: &mut Round, done: Result<(Id, Option<Timestamp>), JoinError>) {
        let (task, silent_until) = match done {
            Ok((task, silent_until)) => (task, silent_until),
            Err(error) => {
                tracing::error!(%error, "a delivery failed unexpectedly; it is tried again later");
                (error.id(), None)
            }
        };
        let Some((nas, _)) = round.running.remove(&task) else { return };
        match silent_until {
            None => round.lanes.free(&nas),
            Some(until) => {
                let orders = round.lanes.hold(&nas, until);
                self.postpone_all(orders.into_iter().map(|order| order.id), until).await;
            }
        }
    }

    /// Sees one try of an order through; returns until when its access point is to be left alone
    /// because it is silent.
    async fn see_through(&self, order: NasOrder) -> Option<Timestamp> {
        match self.attempt(&order).await {
            Ok(OrderStep::Again { answer: OrderAnswer::Nothing, next_at, .. }) => Some(next_at),
            Ok(_) => None,
            Err(error) => {
                // The claim runs out by itself, and the order is tried again then.
                let (id, error) = (order.id, &error as &dyn std::error::Error);
                tracing::warn!(order.id = %id, error, "the store failed during a delivery");
                None
            }
        }
    }

    async fn attempt(&self, order: &NasOrder) -> Result<OrderStep, StoreError> {
        let mut told = order.clone();
        let step = match self.subject(order).await? {
            Subject::Over(outcome) => OrderStep::Done { last: None, at: self.clock.now(), outcome },
            Subject::Present(nas, session) => {
                self.take(&mut told, &nas, session.as_deref()).await?
            }
        };
        if self.store.advance_order(&told, &step).await? {
            log(&told, &step);
        }
        Ok(step)
    }

    /// Delivers an order, which becomes what was told, or looks after one that was acknowledged.
    async fn take(
        &self,
        order: &mut NasOrder,
        nas: &Nas,
        session: Option<&Session>,
    ) -> Result<OrderStep, StoreError> {
        let Patience { give_up_after, confirm_within } = self.patience;
        let rules = Rules { profile: nas.profile, give_up_after, confirm_within };
        if let (OrderState::Acknowledged { at, .. }, Some(session)) = (order.state, session) {
            return Ok(unconfirmed(order, at, session, &rules, self.clock.now()));
        }
        let Some(method) = method(order, nas.profile) else {
            return Ok(undeliverable(self.clock.now()));
        };
        let (command, speed) = match self.wanted(order, method, nas, session).await? {
            Wanted::Still(command, speed) => (command, speed),
            Wanted::NoLonger => {
                let (at, outcome) = (self.clock.now(), OrderOutcome::Overtaken);
                return Ok(OrderStep::Done { last: None, at, outcome });
            }
        };
        if let (OrderKind::Change(ordered), Some(speed)) = (&mut order.kind, speed) {
            *ordered = speed;
        }
        let at = self.clock.now();
        let delivery = self.nas_control.deliver(nas, order, &command, session);
        let delivery = tokio::time::timeout(LONGEST_DELIVERY, delivery).await;
        let delivery = delivery.unwrap_or(Delivery::NoAnswer);
        let tried = OrderTry { at, method, answer: delivery.answer() };
        if let Err(error) = self.store.record_order_try(order.id, &tried).await {
            let (id, error) = (order.id, &error as &dyn std::error::Error);
            tracing::warn!(order.id = %id, error, "a try of an order is missing in its story");
        }
        Ok(settle(order, delivery, &rules, self.clock.now()))
    }

    async fn subject(&self, order: &NasOrder) -> Result<Subject, StoreError> {
        let Some(nas) = self.store.find_access_point(&order.nas).await? else {
            return Ok(Subject::Over(OrderOutcome::Undeliverable));
        };
        let Some(id) = order.session else {
            let known = self.store.find_open_session(&order.nas, order.device).await?;
            return Ok(Subject::Present(Box::new(nas), known.map(Box::new)));
        };
        let session = self.store.find_session(id).await?.filter(Session::is_open);
        Ok(match (session, order.state) {
            (Some(session), _) => Subject::Present(Box::new(nas), Some(Box::new(session))),
            (None, OrderState::Acknowledged { .. }) => Subject::Over(OrderOutcome::Enforced),
            (None, _) => Subject::Over(OrderOutcome::Overtaken),
        })
    }

    /// What must be told by the method at hand; a change tells how the visitor stands now, not how
    /// it was when the order was written. One that is not wanted any more is told all the same if it
    /// was begun before: the access point may have done it, and its answer was lost, or we died first.
    async fn wanted(
        &self,
        order: &NasOrder,
        method: OrderMethod,
        nas: &Nas,
        session: Option<&Session>,
    ) -> Result<Wanted, StoreError> {
        let speed = match (order.kind, method) {
            (OrderKind::Disconnect | OrderKind::Reauthenticate, OrderMethod::Disconnect) => {
                return Ok(Wanted::Still(NasCommand::Disconnect, None));
            }
            (OrderKind::Disconnect | OrderKind::Reauthenticate, OrderMethod::Reauthenticate) => {
                return Ok(Wanted::Still(NasCommand::Reauthenticate, None));
            }
            (OrderKind::Disconnect | OrderKind::Reauthenticate, OrderMethod::Change) => None,
            (OrderKind::Change(_), _) if session.is_none() => return Ok(Wanted::NoLonger),
            (OrderKind::Change(speed), _) => Some(speed),
        };
        let now = self.clock.now();
        let terms = terms_of(self.store.as_ref(), order.device, nas, now).await?;
        // Nobody is cut for a change that is not wanted any more.
        let was_begun = method != OrderMethod::Disconnect
            && matches!(order.state, OrderState::Waiting { attempts, .. } if attempts > 1);
        let is_wanted = |terms: &Terms| was_begun || speed.is_none_or(|speed| terms.speed == speed);
        let Some(terms) = terms.filter(is_wanted) else { return Ok(Wanted::NoLonger) };
        // Who asks again is told the terms of now, too.
        let speed = speed.map(|_| terms.speed);
        let command = match method {
            OrderMethod::Change => NasCommand::Change(terms),
            OrderMethod::Reauthenticate => NasCommand::Reauthenticate,
            OrderMethod::Disconnect => NasCommand::Disconnect,
        };
        Ok(Wanted::Still(command, speed))
    }

    /// Lets go of every claim, so that the next controller need not wait for it to run out.
    async fn give_back(&self, mut round: Round) {
        round.tasks.shutdown().await;
        let queued = round.lanes.drain().into_iter().map(|order| order.id);
        let running = round.running.into_values().map(|(_, id)| id);
        self.postpone_all(queued.chain(running), self.clock.now()).await;
    }

    async fn postpone_all(&self, orders: impl Iterator<Item = OrderId>, until: Timestamp) {
        for order in orders {
            if let Err(error) = self.store.postpone_order(order, until).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(order.id = %order, error, "an order could not be put back");
            }
        }
    }
}

fn log(order: &NasOrder, step: &OrderStep) {
    let (id, nas, kind) = (order.id, &order.nas, order.kind.as_str());
    match *step {
        OrderStep::Again { method, answer, .. } => {
            tracing::debug!(order.id = %id, %nas, kind, ?method, ?answer, "order is tried again");
        }
        OrderStep::Acknowledged { method, .. } => {
            tracing::debug!(order.id = %id, %nas, kind, ?method, "access point says it is done");
        }
        OrderStep::Done { outcome: OrderOutcome::Refused(error_cause), .. } => {
            tracing::warn!(order.id = %id, %nas, kind, error_cause, "access point refused");
        }
        OrderStep::Done { outcome: OrderOutcome::Undeliverable, .. } => {
            tracing::warn!(order.id = %id, %nas, kind, "access point cannot be told");
        }
        OrderStep::Done { outcome: OrderOutcome::Ignored, .. } => {
            tracing::warn!(order.id = %id, %nas, kind, "access point said it was done, and went on");
        }
        OrderStep::Done { outcome, .. } => {
            tracing::debug!(order.id = %id, %nas, kind, ?outcome, "order is over");
        }
    }
}

/// Returns once an order may wait; a closed feed wakes nobody.
async fn woken(changes: &mut Changes) {
    loop {
        match changes.next().await {
            Some(Change::Order | Change::Missed) => return,
            Some(
                Change::Setup
                | Change::Pending
                | Change::Grant(_)
                | Change::Usage(_)
                | Change::Message
                | Change::Challenge(_)
                | Change::Erased,
            ) => {}
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
