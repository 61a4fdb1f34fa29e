//! Work on paths that is planned at the centre: kept on the disk, so that it holds with the centre gone, and
//! brought to who watches when it begins and ends. What is when is decided in [`link::maintenance`].

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use link::PathNumber;
use link::maintenance::{Calendar, Planned, Step, Window};
use nix::sys::eventfd::EventFd;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::event::{Event, Words};
use super::reload::Ways;
use super::settings::LinksSettings;
use super::watch::Command;
use crate::whole_file::{self, beside};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is planned, between who asks the centre and who sets paths aside.
#[derive(Debug, Clone, Default)]
pub(super) struct Work(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    calendar: Calendar,
    /// What the centre handed out and is not on the disk yet.
    fresh: Option<Planned>,
}

/// Who sets paths aside.
pub(super) struct WorkKeeper {
    work: Work,
    file: PathBuf,
    words: Words,
    events: SyncSender<Event>,
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    /// What who watches had no room for yet.
    waiting: VecDeque<Command>,
}

impl Work {
    /// What was kept of it; nothing of a file that cannot be read, which is told.
    pub(super) fn open(settings: &LinksSettings) -> Self {
        if settings.centre.is_none() {
            return Self::default();
        }
        let file = place(settings);
        let kept = read(&file).unwrap_or_else(|error| {
            tracing::error!(file = %file.display(), %error, "links.work begins anew");
            Planned::default()
        });
        let calendar = Calendar::kept(kept);
        Self(Arc::new(Mutex::new(Inner { calendar, fresh: None })))
    }

    /// The centre handed that out just now.
    pub(super) fn hear(&self, planned: Planned, now: Instant) {
        let mut inner = self.inner();
        if inner.calendar.hear(planned, now) {
            let planned = inner.calendar.planned().clone();
            inner.fresh = Some(planned);
        }
    }

    fn look(&self, unix: Duration, now: Instant) -> (Vec<Step>, Option<Planned>) {
        let mut inner = self.inner();
        (inner.calendar.look(unix, now), inner.fresh.take())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkKeeper {
    /// Who sets paths aside for a centre; nobody without one.
    pub(super) fn of(settings: &LinksSettings, work: Work, ways: &Ways) -> Option<Self> {
        settings.centre.is_some().then(|| Self {
            work,
            file: place(settings),
            words: ways.words.clone(),
            events: ways.events.clone(),
            commands: ways.commands.clone(),
            wake: Arc::clone(&ways.wake),
            waiting: VecDeque::new(),
        })
    }

    /// Looks until it is over.
    pub(super) async fn run(mut self, over: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while over.run_until_cancelled(look.tick()).await.is_some() {
            if let Some(fresh) = self.look(SystemTime::now(), Instant::now()) {
                self.keep(fresh).await;
            }
        }
    }

    /// Does what is due; what is to be kept.
    fn look(&mut self, at: SystemTime, now: Instant) -> Option<Planned> {
        let unix = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (steps, fresh) = self.work.look(unix, now);
        for step in steps {
            let (window, to) = match &step {
                Step::Begin { window, .. } => (window, "begins"),
                Step::Over { window } => (window, "over"),
                Step::End { window } => (window, "off"),
            };
            // The centre may know paths that this router does not have any more.
            let Some(number) = self.number(window) else { continue };
            tracing::info!(path = window.path.as_str(), why = window.why, to, "links.work");
            self.tell(self.event(window, to, at));
            self.waiting.extend(match step {
                Step::Begin { until, .. } => Some(Command::Work(number, until)),
                Step::Over { .. } => None,
                Step::End { .. } => Some(Command::Resume(number)),
            });
        }
        self.order();
        fresh
    }

    fn number(&self, window: &Window) -> Option<PathNumber> {
        let place = self.words.paths.iter().position(|name| name == window.path.as_str())?;
        u8::try_from(place).ok().map(PathNumber::new)
    }

    /// Tells who watches, as far as there is room.
    fn order(&mut self) {
        while let Some(command) = self.waiting.pop_front() {
            match self.commands.try_send(command) {
                // It cannot fail: nobody writes as much as a counter holds.
                Ok(()) => drop(self.wake.write(1)),
                Err(TrySendError::Full(command)) => return self.waiting.push_front(command),
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }

    fn event(&self, window: &Window, to: &str, at: SystemTime) -> Event {
        Event {
            path: Some(window.path.as_str().to_owned()),
            to: Some(to.to_owned()),
            why: Some(window.why.clone()),
            ..self.words.blank("work", at)
        }
    }

    fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::error!("links.event is lost");
        }
    }

    async fn keep(&self, planned: Planned) {
        let (file, octets) = (self.file.clone(), serde_json::to_vec(&planned).unwrap_or_default());
        let written =
            tokio::task::spawn_blocking(move || whole_file::replace(&file, &octets)).await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(error) => io::Error::other(error),
        };
        tracing::error!(file = %self.file.display(), %error, "links.work is not kept");
        self.work.inner().fresh.get_or_insert(planned);
    }
}

fn read(file: &Path) -> io::Result<Planned> {
    match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Planned::default()),
        outcome => Ok(serde_json::from_slice(&outcome?)?),
    }
}

fn place(settings: &LinksSettings) -> PathBuf {
    beside(&settings.event_log, "work")
}

#[cfg(test)]
mod tests;
