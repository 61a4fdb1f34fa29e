//! What is spent on watching paths whose traffic is paid for: counted by whoever sends and receives,
//! judged and written down here, and told to whoever can spend less.
//!
//! What was counted since the last look is lost when the agent is killed: some seconds of it, or up to a
//! minute in which a path was watched seldom.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use domain::Timestamp;
use link::PathNumber;
use link::metered::{Meter, Spent, Thrift};
use nix::sys::eventfd::EventFd;
use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::event::{Event, Words};
use super::reload::Ways;
use super::settings::{LinksSettings, PathSettings};
use super::watch::Command;
use crate::whole_file::{self, beside};

/// How often it is looked at what was spent.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long what changes nothing may wait for the disk.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// So much may be spent before it is kept.
const KEEP_FROM: u64 = 100_000;

/// What is spent of a budget, for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BudgetStatus {
    /// So many octets were spent in this period.
    pub spent: u64,
    /// So many may be.
    pub budget: u64,
    /// When the next period begins, in seconds of Unix time.
    pub until: u64,
    /// What is left out: `within-budget` is nothing, `thin`, or `used-up`.
    pub thrift: String,
}

/// Where whoever watches counts what it spends; the same for all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Arc<[Option<Count>]>);

/// That of a path whose traffic is paid for, with a budget or without one.
#[derive(Debug)]
struct Count {
    /// Since the last look.
    fresh: AtomicU64,
    metered: Mutex<Metered>,
}

#[derive(Debug)]
struct Metered {
    meter: Meter,
    /// How the path is set by now.
    path: PathSettings,
}

/// Who looks at what was spent.
pub(super) struct Keeper {
    counts: Counts,
    file: PathBuf,
    words: Words,
    events: SyncSender<Event>,
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    /// What is on the disk, and since when.
    kept: Vec<Kept>,
    kept_at: Instant,
}

/// What was spent on a path, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Kept {
    path: String,
    spent: Spent,
}

impl Counts {
    /// So many octets were spent on a path.
    pub(super) fn add(&self, number: PathNumber, octets: u64) {
        if let Some(count) = self.of(number) {
            count.fresh.fetch_add(octets, Ordering::Relaxed);
        }
    }

    /// What is to be left out on a path.
    pub(super) fn thrift(&self, number: PathNumber) -> Thrift {
        self.of(number).map(|count| count.lock().meter.spent().thrift).unwrap_or_default()
    }

    /// How the budget of a path stands, if it has one.
    pub(super) fn status(&self, number: PathNumber) -> Option<BudgetStatus> {
        let count = self.of(number)?;
        let (metered, fresh) = (count.lock(), count.fresh.load(Ordering::Relaxed));
        let Spent { period, octets, thrift } = metered.meter.spent();
        Some(BudgetStatus {
            spent: octets.saturating_add(fresh),
            budget: metered.path.budget()?,
            until: period.end,
            thrift: thrift.as_str().to_owned(),
        })
    }

    /// Goes by other budgets from now on, which are for the same paths; what was spent stays.
    pub(super) fn change(&self, settings: &LinksSettings) {
        for (count, path) in self.0.iter().zip(&settings.paths) {
            let Some(count) = count else { continue };
            let mut metered = count.lock();
            metered.meter.change_budget(budget(path));
            metered.path = path.clone();
        }
    }

    fn of(&self, number: PathNumber) -> Option<&Count> {
        self.0.get(usize::from(number.index()))?.as_ref()
    }
}

impl Count {
    fn lock(&self) -> std::sync::MutexGuard<'_, Metered> {
        self.metered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many octets may be spent on a path: without a budget more than pass.
fn budget(path: &PathSettings) -> u64 {
    path.budget().unwrap_or(u64::MAX)
}

/// Opens the counts of an office's paths, and goes on with what was spent before.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn open(settings: &LinksSettings) -> Result<Counts, (PathBuf, io::Error)> {
    if settings.paths.iter().all(|path| !path.metered) {
        return Ok(Counts::default());
    }
    let file = place(settings);
    let kept = read(&file).map_err(|error| (file, error))?;
    let now = now();
    let count = |path: &PathSettings| {
        let period = path.budget_period(now).filter(|_| path.metered)?;
        let kept = kept.iter().find(|kept| kept.path == path.name).map(|kept| kept.spent);
        // What has changed while nobody looked is told at the first look.
        let meter = Meter::new(budget(path), kept, period);
        let metered = Mutex::new(Metered { meter, path: path.clone() });
        Some(Count { fresh: AtomicU64::new(0), metered })
    };
    Ok(Counts(settings.paths.iter().map(count).collect()))
}

impl Keeper {
    /// Who looks after those counts; nobody if there are none.
    pub(super) fn of(settings: &LinksSettings, counts: &Counts, ways: &Ways) -> Option<Self> {
        counts.0.iter().any(Option::is_some).then(|| Self {
            counts: counts.clone(),
            file: place(settings),
            words: ways.words.clone(),
            events: ways.events.clone(),
            commands: ways.commands.clone(),
            wake: Arc::clone(&ways.wake),
            kept: Vec::new(),
            kept_at: Instant::now(),
        })
    }

    /// Looks until it is over.
    pub(super) async fn run(mut self, over: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whoever watches begins with nothing left out.
        for number in self.numbers() {
            self.order(number, self.counts.thrift(number));
        }
        loop {
            let is_over = tokio::select! {
                _ = look.tick() => false,
                () = over.cancelled() => true,
            };
            let has_changed = self.look(SystemTime::now());
            self = self.keep(has_changed || is_over).await;
            if is_over {
                return;
            }
        }
    }

    /// Takes what was counted; whether something else is left out from now on.
    fn look(&self, at: SystemTime) -> bool {
        let now = timestamp(at);
        let mut has_changed = false;
        for number in self.numbers() {
            let Some(count) = self.counts.of(number) else { continue };
            let mut metered = count.lock();
            let Metered { meter, path } = &mut *metered;
            let Some(period) = path.budget_period(now) else { continue };
            meter.spend(count.fresh.swap(0, Ordering::Relaxed));
            let before = meter.spent().thrift;
            let Some(thrift) = meter.look(period, seconds(now)) else { continue };
            has_changed = true;
            let event = self.event(number, (before, thrift), &metered, at);
            drop(metered);
            self.order(number, thrift);
            self.tell(event);
        }
        has_changed
    }

    /// Brings what was spent to the disk, if it is time.
    async fn keep(mut self, is_urgent: bool) -> Self {
        let kept = self.spent();
        let new =
            |(now, before): (&Kept, &Kept)| now.spent.octets.saturating_sub(before.spent.octets);
        let is_much = kept.iter().zip(&self.kept).map(new).sum::<u64>() >= KEEP_FROM;
        let is_due = is_urgent || is_much || self.kept_at.elapsed() >= KEEP_EVERY;
        if !is_due || kept == self.kept {
            return self;
        }
        let (file, octets) = (self.file.clone(), serde_json::to_vec(&kept).unwrap_or_default());
        let written =
            tokio::task::spawn_blocking(move || whole_file::replace(&file, &octets)).await;
        match written {
            Ok(Ok(())) => (self.kept, self.kept_at) = (kept, Instant::now()),
            Ok(Err(error)) => tracing::error!(file = %self.file.display(), %error, "links.budget"),
            Err(error) => tracing::error!(%error, "links.budget"),
        }
        self
    }

    fn spent(&self) -> Vec<Kept> {
        let kept = |number: PathNumber| {
            let metered = self.counts.of(number)?.lock();
            Some(Kept { path: metered.path.name.clone(), spent: metered.meter.spent() })
        };
        self.numbers().filter_map(kept).collect()
    }

    fn numbers(&self) -> impl Iterator<Item = PathNumber> + use<> {
        (0..).map(PathNumber::new).take(self.counts.0.len())
    }

    /// Has whoever watches leave that out.
    fn order(&self, number: PathNumber, thrift: Thrift) {
        match self.commands.try_send(Command::Thrift(number, thrift)) {
            Ok(()) => {
                // It cannot fail: nobody writes as much as a counter holds.
                let _ = self.wake.write(1);
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::error!(path = self.words.path(number), "links.budget is not heard");
            }
        }
    }

    fn event(
        &self,
        number: PathNumber,
        (before, thrift): (Thrift, Thrift),
        Metered { meter, path }: &Metered,
        at: SystemTime,
    ) -> Event {
        let spent = meter.spent();
        let until = Timestamp::from_secs(i64::try_from(spent.period.end).unwrap_or(i64::MAX));
        let until = path.budget_zone.write(until);
        let spent = tenths(spent.octets);
        let why = match path.budget() {
            Some(of) => {
                let of = tenths(of);
                format!("{spent} of {of} MB are spent on watching it; the next are for {until}")
            }
            None => format!("{spent} MB are spent on watching it, and there is no limit any more"),
        };
        Event {
            path: Some(self.words.path(number)),
            from: Some(before.as_str().to_owned()),
            to: Some(thrift.as_str().to_owned()),
            why: Some(why),
            ..self.words.blank("budget", at)
        }
    }

    fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::error!("links.event is lost");
        }
    }
}

/// What was kept; nothing of a file that nobody understands, which is told.
fn read(file: &Path) -> io::Result<Vec<Kept>> {
    let octets = match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        outcome => outcome?,
    };
    Ok(serde_json::from_slice(&octets).unwrap_or_else(|error| {
        tracing::error!(file = %file.display(), %error, "links.budget begins anew");
        Vec::new()
    }))
}

fn place(settings: &LinksSettings) -> PathBuf {
    beside(&settings.event_log, "spent")
}

fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_secs()).unwrap_or_default()
}

/// Megabytes with one decimal place.
fn tenths(octets: u64) -> String {
    format!("{}.{}", octets / 1_000_000, octets % 1_000_000 / 100_000)
}

#[cfg(test)]
mod tests;
