//! The courier: takes messages from the outbox and sees each through to its end.
//!
//! It runs beside the portal, so a visitor never waits for a gateway. A message is
//! claimed before it is sent; a crash in between leaves it to be claimed again, so it
//! may arrive twice but is never forgotten. Only masked numbers are logged.

mod outcome;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Code, MessageState, RouteName, Tariff, Timestamp};
use store::{
    AcceptedMessage, Change, Changes, Elsewhere, OutgoingMessage, Question, Store, StoreError,
    Together, Unanswered,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::outcome::{CodeOfNext, Outcome, Round, outcome};
use crate::error::MessagingError;
use crate::places::{Brought, Place, Places};
use crate::receipts::{Receipts, UselessReceipts};
use crate::routes::{Route, RouteStanding, Routes, Way};
use crate::settings::MessagingSettings;
use crate::transport::SendError;

/// How much longer than a hand-over a claim lasts, for the database's own time.
const CLAIM_MARGIN: Duration = Duration::from_secs(30);

/// A route that gives receipts gives them within that time.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(25);

/// A route gives receipts if it gave one of any message in that time.
const RECEIPT_MEMORY: Duration = Duration::from_secs(24 * 3_600);

/// The shortest rest between two looks at the outbox that nothing woke us for.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// Empties the outbox by the routes.
pub struct Courier {
    desk: Arc<Desk>,
    places: Places,
    /// Messages that are claimed already.
    brought: mpsc::UnboundedReceiver<Brought>,
    concurrency: u32,
    claim: Duration,
    look_again: Duration,
}

/// What is being handed over; each returns when the outbox has to be looked at because of it.
type Sending = JoinSet<Option<Timestamp>>;

/// Knows how the routes of a courier stand.
#[derive(Clone)]
pub struct Standing {
    routes: Arc<Routes>,
    receipts: Arc<Receipts>,
    tariff: Arc<Tariff>,
    places: Places,
}

impl Standing {
    /// A place for one more message that is handed over at once, if no other one waits for it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.places.take()
    }

    /// What messages cost.
    #[must_use]
    pub fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// How each route stands, in their order, and how many receipts of it counted for nothing.
    #[must_use]
    pub fn of_routes(&self) -> Vec<(RouteStanding, UselessReceipts)> {
        let standing = self.routes.standing().into_iter();
        let with_receipts = |route: RouteStanding| {
            let useless = self.receipts.useless(&route.name);
            (route, useless)
        };
        standing.map(with_receipts).collect()
    }

    /// Whether a route for text messages takes some at `now`.
    #[must_use]
    pub fn takes_messages(&self, now: Timestamp) -> bool {
        self.routes.take_messages(now)
    }

    /// The route by WhatsApp, if there is one that takes messages at `now`.
    #[must_use]
    pub fn whatsapp(&self, now: Timestamp) -> Option<RouteName> {
        self.routes.whatsapp(now).cloned()
    }
}

/// What every hand-over shares.
struct Desk {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    routes: Arc<Routes>,
    receipts: Arc<Receipts>,
    tariff: Arc<Tariff>,
    accepted: Together<Acceptance>,
}

/// That gateways took messages, written down for many at a time.
struct Acceptance(Arc<dyn Store>);

impl Question for Acceptance {
    type Wanted = AcceptedMessage;
    type Answer = ();
    const AT_ONCE: usize = 1;
    const TOGETHER: usize = 64;
    // Nobody waits for it, and it is as many trips for one message as for all.
    const REST: Duration = Duration::from_millis(10);

    async fn ask(&self, wanted: &[AcceptedMessage]) -> Result<Vec<()>, StoreError> {
        // A receipt that comes at the same moment may have the database give this up; and what is not
        // written down is sent once more.
        if self.0.accept_messages(wanted).await.is_err() {
            self.0.accept_messages(wanted).await?;
        }
        Ok(vec![(); wanted.len()])
    }
}

impl Courier {
    /// A courier with the routes of the settings; reads their secrets. Needs a tokio runtime.
    ///
    /// # Errors
    /// A wrong setting, an unreadable secret, or an HTTP client that cannot be made.
    pub fn new(
        settings: &MessagingSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MessagingError> {
        settings.validate()?;
        let routes = Arc::new(Routes::open(settings)?);
        let receipts = Receipts::open(settings, Arc::clone(&store), Arc::clone(&clock))?;
        let (receipts, tariff) = (Arc::new(receipts), Arc::new(settings.tariff()));
        let accepted = Together::new(Acceptance(Arc::clone(&store)));
        let claim = settings.longest_hand_over() + CLAIM_MARGIN;
        let (places, brought) = Places::new(settings.concurrency, claim);
        Ok(Self {
            desk: Arc::new(Desk { store, clock, routes, receipts, tariff, accepted }),
            places,
            brought,
            concurrency: settings.concurrency,
            claim,
            look_again: Duration::from_secs(u64::from(settings.look_again_seconds)),
        })
    }

    /// Where the gateways of its routes tell what became of messages.
    #[must_use]
    pub fn receipts(&self) -> Arc<Receipts> {
        Arc::clone(&self.desk.receipts)
    }

    /// How its routes stand, for as long as it works.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (routes, tariff) = (Arc::clone(&self.desk.routes), Arc::clone(&self.desk.tariff));
        Standing { routes, receipts: self.receipts(), tariff, places: self.places.clone() }
    }

    /// Works until told to stop; what is being handed over then is seen through first.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.desk.store.changes();
        let mut sending = Sending::new();
        while !stop.is_cancelled() {
            // What is told by now is seen by the next look.
            changes.skip_waiting();
            let rest = self.begin_due(&mut sending).await.unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "outbox out of reach");
                self.look_again
            });
            let mut look_at = Instant::now() + rest;
            loop {
                tokio::select! {
                    () = stop.cancelled() => break,
                    Some((message, place)) = self.brought.recv() => {
                        self.begin(&mut sending, message, place);
                    }
                    Some(done) = sending.join_next() => {
                        if self.places.is_crowded() {
                            while let Some(done) = sending.try_join_next() {
                                due(done);
                            }
                            break;
                        }
                        if let Some(at) = due(done) {
                            look_at = look_at.min(Instant::now() + self.until(at));
                        }
                    }
                    () = woken(&mut changes) => break,
                    () = tokio::time::sleep_until(look_at) => break,
                }
            }
        }
        let places = self.places.clone();
        let mut all_done = pin!(places.close());
        loop {
            tokio::select! {
                () = &mut all_done => return,
                Some((message, place)) = self.brought.recv() => {
                    self.begin(&mut sending, message, place);
                }
                Some(done) = sending.join_next() => drop(due(done)),
            }
        }
    }

    /// Begins to send what is due, as far as there is room; returns how long to rest.
    async fn begin_due(&self, sending: &mut Sending) -> Result<Duration, OutboxError> {
        let now = self.desk.clock.now();
        loop {
            let places = self.places.take_for_waiting();
            let Some(room) = u32::try_from(places.len()).ok().filter(|room| *room > 0) else {
                // Whatever is done next makes room.
                self.places.set_crowded(true);
                return Ok(self.look_again);
            };
            let claimed = self.desk.store.claim_messages(now, now + self.claim, room).await?;
            let is_crowded = claimed.len() >= places.len();
            self.places.set_crowded(is_crowded);
            for (message, place) in claimed.into_iter().zip(places) {
                self.begin(sending, message, place);
            }
            if !is_crowded {
                break;
            }
        }
        let mut next = self.desk.store.next_message_at().await?;
        if next.is_some_and(|at| at <= now) {
            self.send_unreceipted_again(now).await?;
            next = self.desk.store.next_message_at().await?;
        }
        Ok(next.map_or(self.look_again, |at| self.until(at)))
    }

    /// Begins to send a claimed message.
    fn begin(&self, sending: &mut Sending, message: OutgoingMessage, place: OwnedSemaphorePermit) {
        let desk = Arc::clone(&self.desk);
        sending.spawn(async move {
            let _place = place;
            desk.see_through(message).await
        });
    }

    /// How long to rest until then.
    fn until(&self, at: Timestamp) -> Duration {
        let rest = at.since(self.desk.clock.now());
        rest.clamp(SHORTEST_REST, self.look_again.max(SHORTEST_REST))
    }

    /// Sends by another route what was taken and of which no receipt came in time.
    async fn send_unreceipted_again(&self, now: Timestamp) -> Result<(), OutboxError> {
        let memory = (now, now - RECEIPT_MEMORY);
        let store = &self.desk.store;
        let missed = store.claim_unreceipted(memory, now + self.claim, self.concurrency).await?;
        for message in missed {
            self.desk.send_again(&message).await?;
        }
        Ok(())
    }
}

impl Desk {
    /// Sends a claimed message; returns when the outbox has to be looked at because of it.
    async fn see_through(&self, message: OutgoingMessage) -> Option<Timestamp> {
        let now = self.clock.now();
        let (route, outcome, since, next) = match self.routes.way(&message, now) {
            Way::Over(route, next) => {
                let reason = "it was not taken in time".to_owned();
                let outcome = Outcome::Elsewhere { reason, code: CodeOfNext::Fresh };
                (route, outcome, now, Some(next))
            }
            Way::By(route, next) => {
                let (outcome, since) = self.try_route(&message, route, next.is_some()).await;
                (route, outcome, since, next)
            }
        };
        let settled = Settled { message: &message, route: &route.name, since, next };
        log(&settled, &outcome);
        match self.record(&settled, outcome).await {
            Ok(due) => due,
            Err(error) => {
                // The claim runs out by itself, and the message is tried again then.
                tracing::warn!(
                    message.id = %message.id,
                    error = &error as &dyn std::error::Error,
                    "the outcome of a message could not be written down"
                );
                None
            }
        }
    }

    /// Sends a message by the next route that was taken and did not arrive, as far as is known.
    async fn send_again(&self, message: &OutgoingMessage) -> Result<(), OutboxError> {
        let now = self.clock.now();
        let next = self.routes.after(message, now);
        let (Some(from), Some(next)) = (&message.route, next) else {
            return Ok(self.store.forget_message(message.id).await?);
        };
        let reason = "no receipt came, or one that it did not arrive".to_owned();
        let outcome = Outcome::Elsewhere { reason, code: CodeOfNext::Fresh };
        let settled = Settled { message, route: from, since: now, next: Some(next) };
        log(&settled, &outcome);
        self.record(&settled, outcome).await.map(drop)
    }

    /// Tries once; returns also since when the route tries.
    async fn try_route(
        &self,
        message: &OutgoingMessage,
        route: &Route,
        has_next: bool,
    ) -> (Outcome, Timestamp) {
        route.begin(self.clock.now());
        route.turn().await;
        let since = message.tried_since.unwrap_or_else(|| self.clock.now());
        let result = route.transport.send(message.into()).await;
        let now = self.clock.now();
        match &result {
            Err(SendError::Later { reason, .. }) => route.failed(now, reason),
            Ok(_) | Err(SendError::Busy { .. } | SendError::Permanent { .. }) => route.answered(),
        }
        (outcome(message, result, Round { now, since, has_next }), since)
    }

    /// Writes down what became of a message; returns when the outbox has to be looked at because of it.
    async fn record(
        &self,
        settled: &Settled<'_>,
        outcome: Outcome,
    ) -> Result<Option<Timestamp>, OutboxError> {
        let (message, route, now) = (settled.message.id, settled.route, self.clock.now());
        let was_refused = matches!(outcome, Outcome::Refused { .. });
        let reason = match (outcome, settled.next) {
            (Outcome::Accepted { reference }, next) => {
                let is_watched = next.is_some() && self.receipts.come_from(route);
                let watch_until = is_watched.then(|| now + RECEIPT_PATIENCE);
                let route = route.clone();
                return self
                    .accept(AcceptedMessage { message, route, reference, at: now, watch_until })
                    .await;
            }
            (Outcome::Again { at, .. }, _) => {
                self.store.postpone_message(message, (route, settled.since), at).await?;
                return Ok(Some(at));
            }
            (Outcome::Elsewhere { reason, code }, Some(next)) => {
                let (from, to) = (route.clone(), next.name.clone());
                let code = (code == CodeOfNext::Fresh).then(draw_code);
                let OutgoingMessage { phone, text, .. } = settled.message;
                let charge = self.tariff.charge(Some(&to), phone, text, now);
                let elsewhere = Elsewhere { message, reason, from, to, code, at: now, charge };
                self.store.send_elsewhere(&elsewhere).await?;
                return Ok(Some(now));
            }
            (Outcome::Failed { reason } | Outcome::Refused { reason }, _)
            | (Outcome::Elsewhere { reason, .. }, None) => reason,
        };
        let state = MessageState::Failed { reason };
        self.store.finish_message(message, route, &state, now).await?;
        if was_refused {
            self.store.give_back(message).await?;
        }
        Ok(None)
    }

    /// Writes down that a gateway took a message.
    async fn accept(&self, accepted: AcceptedMessage) -> Result<Option<Timestamp>, OutboxError> {
        let AcceptedMessage { route, reference, watch_until, .. } = accepted.clone();
        self.accepted.ask(accepted).await?;
        self.catch_up(&route, reference.as_deref()).await?;
        Ok(watch_until)
    }

    /// What was told of a message before its gateway had named it counts from now on.
    async fn catch_up(&self, route: &RouteName, reference: Option<&str>) -> Result<(), StoreError> {
        match reference {
            Some(reference) => self.receipts.catch_up(route, reference).await,
            None => Ok(()),
        }
    }
}

/// Why messages could not be looked for, or what became of one not be written down.
#[derive(Debug, thiserror::Error)]
enum OutboxError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it could not be written down with others")]
    Together(#[from] Unanswered),
}

/// What became of a message at one route.
struct Settled<'a> {
    message: &'a OutgoingMessage,
    route: &'a RouteName,
    since: Timestamp,
    next: Option<&'a Route>,
}

fn draw_code() -> Code {
    Code::draw(|| getrandom::u32().expect("the operating system gives random numbers"))
}

fn log(settled: &Settled<'_>, outcome: &Outcome) {
    let (id, to, route) =
        (settled.message.id, settled.message.phone.masked(), settled.route.as_str());
    match outcome {
        Outcome::Accepted { .. } => {
            tracing::debug!(message.id = %id, message.to = %to, route, "accepted");
        }
        Outcome::Again { at, reason } => {
            tracing::info!(message.id = %id, message.to = %to, route, again.at = %at, reason, "postponed");
        }
        Outcome::Elsewhere { reason, .. } => {
            tracing::info!(message.id = %id, message.to = %to, route, reason, "sent by the next route");
        }
        Outcome::Failed { reason } | Outcome::Refused { reason } => {
            tracing::warn!(message.id = %id, message.to = %to, route, reason, "failed");
        }
    }
}

/// Returns once a message may wait; a closed feed wakes nobody.
async fn woken(changes: &mut Changes) {
    loop {
        match changes.next().await {
            Some(Change::Message | Change::Missed) => return,
            Some(
                Change::Setup
                | Change::Pending
                | Change::Grant(_)
                | Change::Usage(_)
                | Change::Order
                | Change::Challenge(_)
                | Change::Erased,
            ) => {}
            None => std::future::pending().await,
        }
    }
}

/// When the outbox has to be looked at because of what was handed over.
fn due(done: Result<Option<Timestamp>, JoinError>) -> Option<Timestamp> {
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "sending a message failed unexpectedly; it is tried again later");
        None
    })
}

#[cfg(test)]
mod tests;
