//! Delivers orders to access points: each is tried until it is answered or pointless.
//!
//! An order is claimed before it is tried, so that of several controllers only one
//! tries it, and a crash leaves it to be claimed again. The order of things stands in
//! [`lanes`], what an answer means in [`settle`].

mod lanes;
mod settle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Nas, NasName, NasOrder, OrderId, OrderOutcome, Session, Timestamp};
use store::{Change, Changes, Store, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::lanes::Lanes;
use self::settle::{Settlement, settle};
use crate::nas_control::{Delivery, NasControl};

/// For how long a claimed order is ours; longer than it can wait and be tried.
const CLAIM: Duration = Duration::from_secs(90);

/// A delivery that takes longer counts as unanswered.
const LONGEST_DELIVERY: Duration = Duration::from_secs(40);

/// After how long orders are looked for even if nothing woke us.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The shortest rest between two looks that nothing woke us for.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// Delivers orders.
pub(crate) struct Dispatcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    nas_control: Arc<dyn NasControl>,
    give_up_after: Duration,
}

/// Orders on their way.
#[derive(Default)]
struct Round {
    lanes: Lanes,
    tasks: JoinSet<Option<Timestamp>>,
    running: HashMap<Id, (NasName, OrderId)>,
}

/// What stands at the other end of an order, or why it is over already.
enum Subject {
    Present(Box<Nas>, Option<Box<Session>>),
    Over(OrderOutcome),
}

impl Dispatcher {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        nas_control: Arc<dyn NasControl>,
        give_up_after: Duration,
    ) -> Self {
        Self { store, clock, nas_control, give_up_after }
    }

    /// Delivers until told to stop; what is not answered then is given back at once.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = self.store.changes();
        let mut round = Round::default();
        loop {
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
        let room = round.lanes.room();
        let claimed = match room {
            0 => Vec::new(),
            _ => self.store.claim_orders(now, now + CLAIM, room).await?,
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
        let next = self.store.next_order_at().await?;
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
            Ok(Settlement::Finish(_)) => None,
            Ok(Settlement::Postpone(until)) => Some(until),
            Err(error) => {
                // The claim runs out by itself, and the order is tried again then.
                let (id, error) = (order.id, &error as &dyn std::error::Error);
                tracing::warn!(order.id = %id, error, "the store failed during a delivery");
                None
            }
        }
    }

    async fn attempt(&self, order: &NasOrder) -> Result<Settlement, StoreError> {
        let settlement = match self.subject(order).await? {
            Subject::Over(outcome) => Settlement::Finish(outcome),
            Subject::Present(nas, session) => {
                let delivery = self.nas_control.deliver(&nas, order, session.as_deref());
                let delivery = tokio::time::timeout(LONGEST_DELIVERY, delivery).await;
                let delivery = delivery.unwrap_or(Delivery::NoAnswer);
                settle(order, delivery, self.give_up_after, self.clock.now())
            }
        };
        match settlement {
            Settlement::Finish(outcome) => {
                self.store.finish_order(order.id, outcome, self.clock.now()).await?;
                log(order, outcome);
            }
            Settlement::Postpone(until) => self.store.postpone_order(order.id, until).await?,
        }
        Ok(settlement)
    }

    async fn subject(&self, order: &NasOrder) -> Result<Subject, StoreError> {
        let Some(nas) = self.store.find_access_point(&order.nas).await? else {
            return Ok(Subject::Over(OrderOutcome::Undeliverable));
        };
        let Some(id) = order.session else { return Ok(Subject::Present(Box::new(nas), None)) };
        let session = self.store.find_session(id).await?.filter(Session::is_open);
        Ok(match session {
            Some(session) => Subject::Present(Box::new(nas), Some(Box::new(session))),
            None => Subject::Over(OrderOutcome::Overtaken),
        })
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

fn log(order: &NasOrder, outcome: OrderOutcome) {
    let (id, nas, kind) = (order.id, &order.nas, order.kind.as_str());
    match outcome {
        OrderOutcome::Acknowledged | OrderOutcome::Overtaken => {
            tracing::debug!(order.id = %id, %nas, kind, ?outcome, "order is over");
        }
        OrderOutcome::Refused(error_cause) => {
            tracing::warn!(order.id = %id, %nas, kind, error_cause, "access point refused");
        }
        OrderOutcome::Undeliverable => {
            tracing::warn!(order.id = %id, %nas, kind, "access point cannot be told");
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
                | Change::Grant(_)
                | Change::Usage(_)
                | Change::Message
                | Change::Challenge(_),
            ) => {}
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
