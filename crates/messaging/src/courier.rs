//! The courier: takes messages from the outbox and sees each through to its end.
//!
//! It runs beside the portal, so a visitor never waits for a gateway. A message is
//! claimed before it is sent; a crash in between leaves it to be claimed again, so it
//! may arrive twice but is never forgotten. Only masked numbers are logged.

mod outcome;

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, MessageState, Timestamp};
use store::{Change, Changes, OutgoingMessage, Store, StoreError};
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::outcome::{Outcome, outcome};
use crate::console::ConsoleTransport;
use crate::error::MessagingError;
use crate::http::HttpTransport;
use crate::settings::{MessagingSettings, TransportKind};
use crate::transport::Transport;

/// How much longer than a hand-over a claim lasts, for the database's own time.
const CLAIM_MARGIN: Duration = Duration::from_secs(30);

/// The shortest rest between two looks at the outbox that nothing woke us for.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// Empties the outbox through one transport.
pub struct Courier {
    desk: Arc<Desk>,
    concurrency: u32,
    claim: Duration,
    look_again: Duration,
}

/// What every hand-over shares.
struct Desk {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    pace: Mutex<Interval>,
}

impl Courier {
    /// A courier with the transport of the settings; reads its secrets. Needs a tokio runtime.
    ///
    /// # Errors
    /// A wrong setting, an unreadable secret, or an HTTP client that cannot be made.
    pub fn new(
        settings: &MessagingSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MessagingError> {
        settings.validate()?;
        let transport: Arc<dyn Transport> = match (settings.transport, &settings.http) {
            (TransportKind::Console, _) => Arc::new(ConsoleTransport),
            (TransportKind::Http, Some(http)) => Arc::new(HttpTransport::new(http)?),
            (TransportKind::Http, None) => return Err(MessagingError::no_gateway()),
        };
        let mut pace = tokio::time::interval(Duration::from_secs(1) / settings.per_second.max(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            desk: Arc::new(Desk { store, clock, transport, pace: Mutex::new(pace) }),
            concurrency: settings.concurrency,
            claim: settings.longest_hand_over() + CLAIM_MARGIN,
            look_again: Duration::from_secs(u64::from(settings.look_again_seconds)),
        })
    }

    /// Works until told to stop; what is being handed over then is seen through first.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.desk.store.changes();
        let mut sending = JoinSet::new();
        loop {
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
        let next = self.desk.store.next_message_at().await?;
        let rest = next.map_or(self.look_again, |at| at.since(self.desk.clock.now()));
        Ok(rest.clamp(SHORTEST_REST, self.look_again.max(SHORTEST_REST)))
    }
}

impl Desk {
    async fn see_through(&self, message: OutgoingMessage) {
        self.pace.lock().await.tick().await;
        let result = self.transport.send(&message).await;
        let now = self.clock.now();
        let outcome = outcome(&message, result, now);
        log(&message, &outcome);
        if let Err(error) = self.record(&message, outcome, now).await {
            // The claim runs out by itself, and the message is tried again then.
            tracing::warn!(
                message.id = %message.id,
                error = &error as &dyn std::error::Error,
                "the outcome of a message could not be written down"
            );
        }
    }

    async fn record(
        &self,
        message: &OutgoingMessage,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let state = match outcome {
            Outcome::Accepted { reference } => MessageState::Accepted { reference },
            Outcome::Failed { reason } => MessageState::Failed { reason },
            Outcome::Again { at, .. } => {
                return self.store.postpone_message(message.id, at).await;
            }
        };
        self.store.finish_message(message.id, &state, now).await
    }
}

fn log(message: &OutgoingMessage, outcome: &Outcome) {
    let (id, to) = (message.id, message.phone.masked());
    match outcome {
        Outcome::Accepted { .. } => tracing::debug!(message.id = %id, message.to = %to, "accepted"),
        Outcome::Again { at, reason } => {
            tracing::info!(message.id = %id, message.to = %to, again.at = %at, reason, "postponed");
        }
        Outcome::Failed { reason } => {
            tracing::warn!(message.id = %id, message.to = %to, reason, "failed");
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
