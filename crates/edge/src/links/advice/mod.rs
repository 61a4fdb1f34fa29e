//! Advises FRR where one runs: what an office decides becomes the costs that OSPF has for the devices of
//! its paths, and FRR moves the routes.
//!
//! A thread of its own asks FRR, so that one that hangs delays no heartbeat. It reads before it changes
//! and afterwards, looks again every half minute (an FRR that was restarted knows no advice), tries again
//! when FRR is not there or refuses, and takes its advice back when the agent stops. Nothing is written to
//! FRR's files.

mod costs;
mod settings;
mod vtysh;

use std::io;
use std::sync::mpsc::SyncSender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use link::PathNumber;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(super) use settings::validate;
pub use settings::{AdviceSettingsError, FrrSettings};

use super::event::{Event, Words};
use super::settings::LinksSettings;
use super::{LinksError, spawn};
use costs::{Change, Costs, CostsError};
use vtysh::{Vtysh, VtyshError};

/// How often it is looked whether FRR still has what was advised.
const CHECK: Duration = Duration::from_secs(30);
/// How soon it is tried again after FRR did not take it.
const RETRY: Duration = Duration::from_secs(5);

/// Why FRR does not have what was advised.
#[derive(Debug, thiserror::Error)]
enum AdviceError {
    #[error(transparent)]
    Vtysh(#[from] VtyshError),
    #[error(transparent)]
    Costs(#[from] CostsError),
    #[error("FRR did not take `{to}` on {device}", to = .0.to, device = .0.device)]
    NotTaken(Change),
}

/// Whom the advice is for.
struct Frr {
    vtysh: Vtysh,
    costs: Costs,
}

impl Frr {
    fn of(settings: &LinksSettings) -> Self {
        let frr = settings.frr.clone();
        let vtysh = Vtysh { program: frr.vtysh, sockets: frr.sockets };
        Self { vtysh, costs: Costs::of(settings) }
    }

    async fn held(&self) -> Result<Vec<costs::Words>, AdviceError> {
        let said = self.vtysh.run(&["show running-config ospfd".to_owned()]).await?;
        Ok(self.costs.read(&said)?)
    }

    /// Has FRR send by that path; what was different.
    async fn advise(&self, carrier: PathNumber) -> Result<Vec<Change>, AdviceError> {
        let changes = self.costs.changes(&self.held().await?, carrier);
        if changes.is_empty() {
            return Ok(changes);
        }
        self.vtysh.run(&costs::commands(&changes)).await?;
        match self.costs.changes(&self.held().await?, carrier).into_iter().next() {
            Some(change) => Err(AdviceError::NotTaken(change)),
            None => Ok(changes),
        }
    }
}

/// By which path FRR was last advised to send, if that is known.
pub(super) fn standing(settings: &LinksSettings) -> Option<PathNumber> {
    let frr = Frr::of(settings);
    // Whoever starts the agent is within a runtime, in which nobody may wait.
    let asked = thread::scope(|scope| {
        let asked = scope.spawn(|| Some(runtime().ok()?.block_on(frr.held())));
        asked.join().ok().flatten()
    });
    match asked? {
        Ok(held) => frr.costs.carrier(&held),
        Err(error) => {
            tracing::warn!(%error, "links.advice");
            None
        }
    }
}

/// Begins to advise FRR to send by the path that is wanted, as it changes; nothing if it is not advised.
pub(super) fn start(
    settings: &LinksSettings,
    wanted: Option<watch::Receiver<PathNumber>>,
    (words, events): (Words, SyncSender<Event>),
    over: CancellationToken,
) -> Result<Option<JoinHandle<io::Result<()>>>, LinksError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let runtime = runtime().map_err(LinksError::Thread)?;
    let adviser = Adviser { frr: Frr::of(settings), words, events, failure: None };
    let thread = spawn("link-advice", move || {
        runtime.block_on(adviser.run(wanted, over));
        Ok(())
    })?;
    Ok(Some(thread))
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Who advises.
struct Adviser {
    frr: Frr,
    words: Words,
    events: SyncSender<Event>,
    /// Why FRR did not take it last, as it was told.
    failure: Option<String>,
}

impl Adviser {
    async fn run(mut self, mut wanted: watch::Receiver<PathNumber>, over: CancellationToken) {
        loop {
            let carrier = *wanted.borrow_and_update();
            let begun = Instant::now();
            let pause = match self.frr.advise(carrier).await {
                Ok(changes) => {
                    self.note_taken(carrier, &changes, begun.elapsed());
                    CHECK
                }
                Err(error) => {
                    self.note_failure(carrier, &error);
                    RETRY
                }
            };
            tokio::select! {
                biased;
                () = over.cancelled() => break,
                changed = wanted.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(pause) => {}
            }
        }
        match self.frr.advise(PathNumber::PRIMARY).await {
            Ok(_) => tracing::info!("links.advice is taken back"),
            Err(error) => tracing::error!(%error, "links.advice cannot be taken back"),
        }
    }

    fn note_taken(&mut self, carrier: PathNumber, changes: &[Change], took: Duration) {
        let former = self.failure.take();
        if changes.is_empty() && former.is_none() {
            return;
        }
        let told = changes.iter().map(|change| format!("{} on {}", change.to, change.device));
        let told = told.collect::<Vec<_>>().join(", ");
        tracing::info!(path = self.words.path(carrier), changes = told, "links.advice");
        let blank = self.words.blank("advised", SystemTime::now());
        self.tell(Event {
            path: Some(self.words.path(carrier)),
            why: Some(told).filter(|told| !told.is_empty()),
            took_us: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            ..blank
        });
    }

    /// Tells each reason once, however often it is tried.
    fn note_failure(&mut self, carrier: PathNumber, error: &AdviceError) {
        let why = error.to_string();
        if self.failure.as_ref() == Some(&why) {
            return;
        }
        tracing::error!(%error, "links.advice");
        self.failure = Some(why.clone());
        let blank = self.words.blank("stuck", SystemTime::now());
        let path = Some(self.words.path(carrier));
        self.tell(Event { path, why: Some(why), ..blank });
    }

    fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::error!("links.event is lost");
        }
    }
}
