//! The trail: what RADIUS decided and why, kept for some days so that an admin can be told.
//!
//! Whoever notes an event writes it into memory and goes on; one thread brings what has gathered
//! to files. Nothing waits for the disk, nothing is synced, and what there is no room for is
//! counted instead: an event more or less changes no visitor's rights. Memory, octets and days
//! are bounded.

mod archive;
mod erase;
mod event;
mod files;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::settings::within;
use crate::{Erasure, JournalError, SettingsError};
pub use archive::{Searched, TrailArchive, Wanted, is_about};
pub use event::{Given, TrailEvent, TrailKind, TrailPort};
use writer::Writer;

/// How the trail is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TrailSettings {
    /// Days for which events are kept; 0 keeps none, 3,650 at most. Default 30.
    pub keep_days: u32,
    /// Octets of all files together; 10 MB to 1 TB. Default 1,000,000,000.
    pub max_octets: u64,
    /// Octets that stay free on the disk; up to 1 TB. Default 500,000,000, more than the journal's,
    /// so that the trail gives way before accounting does.
    pub min_free_octets: u64,
    /// Octets of events in memory that wait for the disk; 64 kB to 1 GB. Default 4,000,000.
    pub queue_octets: usize,
}

impl Default for TrailSettings {
    fn default() -> Self {
        Self {
            keep_days: 30,
            max_octets: 1_000_000_000,
            min_free_octets: 500_000_000,
            queue_octets: 4_000_000,
        }
    }
}

impl TrailSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let queue = u64::try_from(self.queue_octets).unwrap_or(u64::MAX);
        within("trail.keep-days", self.keep_days.into(), 0..=3_650)?;
        within("trail.max-octets", self.max_octets, 10_000_000..=1_000_000_000_000)?;
        within("trail.min-free-octets", self.min_free_octets, 0..=1_000_000_000_000)?;
        within("trail.queue-octets", queue, 64_000..=1_000_000_000)
    }
}

/// What there is of a trail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailCounts {
    /// Events that were written since the process started.
    pub written: u64,
    /// Events that were not kept for want of room since then.
    pub overflowed: u64,
    /// Events that were not kept since then, as the like of them came too often.
    pub limited: u64,
}

/// A handle to the trail; cheap to clone. When the last one goes, what waits is still written.
#[derive(Debug, Clone)]
pub struct Trail {
    dir: PathBuf,
    gathering: Arc<Gathering>,
    _thread: Arc<WriterThread>,
}

/// Where events wait for the thread.
#[derive(Debug)]
struct Gathering {
    state: Mutex<Waiting>,
    changed: Condvar,
    /// Octets that may wait.
    most: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    octets: Vec<u8>,
    events: u64,
    not_kept: NotKept,
    counts: TrailCounts,
    erasing: Vec<Erasing>,
    is_closed: bool,
}

/// Persons to be taken out of the files, and who waits for it.
#[derive(Debug)]
struct Erasing {
    persons: Vec<Erasure>,
    done: oneshot::Sender<std::io::Result<u64>>,
}

/// Events that are missing, since that was last written down.
#[derive(Debug, Clone, Copy, Default)]
struct NotKept {
    overflowed: u64,
    limited: u64,
}

#[derive(Debug)]
struct WriterThread {
    gathering: Arc<Gathering>,
    running: Option<JoinHandle<()>>,
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.gathering.lock().is_closed = true;
        self.gathering.changed.notify_all();
        if let Some(running) = self.running.take() {
            // A panic of the thread was told where it happened.
            drop(running.join());
        }
    }
}

impl Gathering {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trail {
    /// Opens the trail in `dir`, or begins one.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if the folder cannot be used, [`JournalError::InUse`] if it is used.
    pub fn open(dir: &Path, settings: &TrailSettings) -> Result<Self, JournalError> {
        let disk = |error: std::io::Error| JournalError::Disk {
            dir: dir.display().to_string(),
            reason: error.to_string(),
        };
        files::make_folder(dir).map_err(disk)?;
        let lock = crate::journal::lock(dir)?;
        let gathering = Arc::new(Gathering {
            state: Mutex::default(),
            changed: Condvar::new(),
            most: settings.queue_octets,
        });
        erase::clear_up(dir).map_err(disk)?;
        let writer = Writer::open(dir, settings).map_err(disk)?;
        let gathered = Arc::clone(&gathering);
        let run = move || {
            writer.run(&gathered);
            drop(lock);
        };
        let running = std::thread::Builder::new().name("trail".into()).spawn(run).map_err(disk)?;
        let thread = WriterThread { gathering: Arc::clone(&gathering), running: Some(running) };
        Ok(Self { dir: dir.to_owned(), gathering, _thread: Arc::new(thread) })
    }

    /// Notes an event. Never waits for the disk; without room the event is counted only.
    pub fn note(&self, event: &TrailEvent<'_>) {
        let mut waiting = self.gathering.lock();
        let before = waiting.octets.len();
        if before >= self.gathering.most || !event.encode(&mut waiting.octets) {
            waiting.not_kept.overflowed += 1;
            waiting.counts.overflowed += 1;
            return;
        }
        waiting.events += 1;
        let half = self.gathering.most / 2;
        let wakes = before == 0 || (before < half && waiting.octets.len() >= half);
        drop(waiting);
        if wakes {
            self.gathering.changed.notify_one();
        }
    }

    /// Counts an event that is not noted, since the like of it came too often.
    pub fn leave_out(&self) {
        let mut waiting = self.gathering.lock();
        waiting.not_kept.limited += 1;
        waiting.counts.limited += 1;
    }

    /// Takes persons out of all that was noted so far: what names their account or grant, and up
    /// to their erasure what is about their devices and nobody else's account. Returns how many
    /// events that were.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be written anew; it is as it was then.
    pub async fn erase(&self, persons: Vec<Erasure>) -> Result<u64, JournalError> {
        let (done, told) = oneshot::channel();
        self.gathering.lock().erasing.push(Erasing { persons, done });
        self.gathering.changed.notify_one();
        let erased = told.await.map_err(|_| JournalError::Closed)?;
        erased.map_err(|error| JournalError::Disk {
            dir: self.dir.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// What was written and what was not, since the process started.
    #[must_use]
    pub fn counts(&self) -> TrailCounts {
        self.gathering.lock().counts
    }
}

#[cfg(test)]
mod tests;
