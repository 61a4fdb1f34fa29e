//! The courier: takes messages from the outbox and sees each through to its end.
//!
//! It runs beside the portal, so a visitor never waits for a gateway. A message is
//! claimed before it is sent; a crash in between leaves it to be claimed again, so it
//! may arrive twice but is never forgotten. Only masked numbers are logged.

mod outcome;

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Code, MessageState, RouteName, Tariff, Timestamp};
use store::{Change, Changes, Elsewhere, OutgoingMessage, Store, StoreError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::outcome::{CodeOfNext, Outcome, Round, outcome};
use crate::error::MessagingError;
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
    concurrency: u32,
    claim: Duration,
    look_again: Duration,
}

/// Knows how the routes of a courier stand.
#[derive(Clone)]
pub struct Standing {
    routes: Arc<Routes>,
    receipts: Arc<Receipts>,
    tariff: Arc<Tariff>,
}

impl Standing {
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
        Ok(Self {
            desk: Arc::new(Desk { store, clock, routes, receipts, tariff }),
            concurrency: settings.concurrency,
            claim: settings.longest_hand_over() + CLAIM_MARGIN,
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
        Standing { routes, receipts: self.receipts(), tariff }
    }

    /// Works until told to stop; what is being handed over then is seen through first.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.desk.store.changes();
        let mut sending = JoinSet::new();
        loop {
            // What is told and done by now is seen by the next look.
            changes.skip_waiting();
            while let Some(done) = sending.try_join_next() {
                report_panic(done);
            }
            let rest = self.begin_due(&mut sending).await.unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "outbox out of reach");
                self.look_again
            });
            tokio::select! {
                () = stop.cancelled() => break,
                Some(done) = sending.join_next() => report_panic(done),
                () = woken(&mut changes) => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        while let Some(done) = sending.join_next().await {
            report_panic(done);
        }
    }

    /// Begins to send what is due, as far as there is room; returns how long to rest.
    async fn begin_due(&self, sending: &mut JoinSet<()>) -> Result<Duration, StoreError> {
        let busy = u32::try_from(sending.len()).unwrap_or(u32::MAX);
        let room = self.concurrency.saturating_sub(busy);
        if room == 0 {
            return Ok(self.look_again);
        }
        let now = self.desk.clock.now();
        let claimed = self.desk.store.claim_messages(now, now + self.claim, room).await?;
        for message in claimed {
            let desk = self.desk.clone();
            sending.spawn(async move { desk.see_through(message).await });
        }
        let mut next = self.desk.store.next_message_at().await?;
        if next.is_some_and(|at| at <= now) {
            self.send_unreceipted_again(now).await?;
            next = self.desk.store.next_message_at().await?;
        }
        let rest = next.map_or(self.look_again, |at| at.since(self.desk.clock.now()));
        Ok(rest.clamp(SHORTEST_REST, self.look_again.max(SHORTEST_REST)))
    }

    /// Sends by another route what was taken and of which no receipt came in time.
    async fn send_unreceipted_again(&self, now: Timestamp) -> Result<(), StoreError> {
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
    async fn see_through(&self, message: OutgoingMessage) {
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
        if let Err(error) = self.record(&settled, outcome).await {
            // The claim runs out by itself, and the message is tried again then.
            tracing::warn!(
                message.id = %message.id,
                error = &error as &dyn std::error::Error,
                "the outcome of a message could not be written down"
            );
        }
    }

    /// Sends a message by the next route that was taken and did not arrive, as far as is known.
    async fn send_again(&self, message: &OutgoingMessage) -> Result<(), StoreError> {
        let now = self.clock.now();
        let next = self.routes.after(message, now);
        let (Some(from), Some(next)) = (&message.route, next) else {
            return self.store.forget_message(message.id).await;
        };
        let reason = "no receipt came, or one that it did not arrive".to_owned();
        let outcome = Outcome::Elsewhere { reason, code: CodeOfNext::Fresh };
        let settled = Settled { message, route: from, since: now, next: Some(next) };
        log(&settled, &outcome);
        self.record(&settled, outcome).await
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
        let result = route.transport.send(message).await;
        let now = self.clock.now();
        match &result {
            Err(SendError::Later { reason, .. }) => route.failed(now, reason),
            Ok(_) | Err(SendError::Busy { .. } | SendError::Permanent { .. }) => route.answered(),
        }
        (outcome(message, result, Round { now, since, has_next }), since)
    }

    async fn record(&self, settled: &Settled<'_>, outcome: Outcome) -> Result<(), StoreError> {
        let (message, route, now) = (settled.message.id, settled.route, self.clock.now());
        let was_refused = matches!(outcome, Outcome::Refused { .. });
        let state = match (outcome, settled.next) {
            (Outcome::Accepted { reference }, Some(_)) if self.receipts.come_from(route) => {
                let taken = (route, reference.as_deref());
                let until = now + RECEIPT_PATIENCE;
                self.store.watch_message(message, taken, now, until).await?;
                return self.catch_up(route, reference.as_deref()).await;
            }
            (Outcome::Accepted { reference }, _) => MessageState::Accepted { reference },
            (Outcome::Failed { reason } | Outcome::Refused { reason }, _)
            | (Outcome::Elsewhere { reason, .. }, None) => MessageState::Failed { reason },
            (Outcome::Again { at, .. }, _) => {
                return self.store.postpone_message(message, (route, settled.since), at).await;
            }
            (Outcome::Elsewhere { reason, code }, Some(next)) => {
                let (from, to) = (route.clone(), next.name.clone());
                let code = (code == CodeOfNext::Fresh).then(draw_code);
                let OutgoingMessage { phone, text, .. } = settled.message;
                let charge = self.tariff.charge(Some(&to), phone, text, now);
                let elsewhere = Elsewhere { message, reason, from, to, code, at: now, charge };
                return self.store.send_elsewhere(&elsewhere).await.map(drop);
            }
        };
        self.store.finish_message(message, route, &state, now).await?;
        if was_refused {
            self.store.give_back(message).await?;
        }
        match state {
            MessageState::Accepted { reference } => {
                self.catch_up(route, reference.as_deref()).await
            }
            MessageState::Waiting | MessageState::Failed { .. } => Ok(()),
        }
    }

    /// What was told of a message before its gateway had named it counts from now on.
    async fn catch_up(&self, route: &RouteName, reference: Option<&str>) -> Result<(), StoreError> {
        match reference {
            Some(reference) => self.receipts.catch_up(route, reference).await,
            None => Ok(()),
        }
    }
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

fn report_panic(done: Result<(), JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "sending a message failed unexpectedly; it is tried again later");
    }
}

#[cfg(test)]
mod tests;
