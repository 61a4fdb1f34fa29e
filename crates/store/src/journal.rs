//! The accounting journal: a record is acknowledged once it is here, on the disk.
//!
//! Segments of records, each with length and checksum. One thread writes: it takes
//! everything that waits, writes it at once, syncs once, and then tells all who waited.
//! An append that fails leaves no trace, so that the access point repeats it. Where the database
//! alone is durable enough, an append also waits until the applier has brought it there.

mod archive;
mod passing;
mod record;
mod room;
mod segment;
mod writer;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::AccountingRecord;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::key_filter::Gathered;
use crate::settings::within;
use crate::{JournalPosition, SettingsError};
pub use archive::{Archive, SegmentReport};
pub(crate) use passing::Passing;
use room::Room;
use writer::{Job, Writer};

/// For how long an append waits for the database; access points have repeated it by then.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the journal is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JournalSettings {
    /// Octets after which a new segment begins; 1 MB to 1 GB. Default 64,000,000.
    pub segment_octets: u64,
    /// Appends that may wait for the disk; 1 to 65,536. Default 4,096.
    pub queue: usize,
    /// Days for which applied segments are kept; 0 to 3,650. Default 7.
    pub keep_days: u32,
    /// Where a record must be before it is acknowledged. Default: the journal.
    pub durability: Durability,
    /// Octets of all segments together; 10 MB to 10 TB. Default 8,000,000,000.
    pub max_octets: u64,
    /// Octets that stay free on the disk; up to 1 TB. Default 200,000,000.
    pub min_free_octets: u64,
}

/// Where a record must be before it is acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// On the disk of this machine: fast, also while the database is away.
    #[default]
    Journal,
    /// In the database: the loss of this machine's disk loses nothing that was acknowledged.
    Database,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            segment_octets: 64_000_000,
            queue: 4_096,
            keep_days: 7,
            durability: Durability::default(),
            max_octets: 8_000_000_000,
            min_free_octets: 200_000_000,
        }
    }
}

impl JournalSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let queue = u64::try_from(self.queue).unwrap_or(u64::MAX);
        within("journal.segment-octets", self.segment_octets, 1_000_000..=1_000_000_000)?;
        within("journal.queue", queue, 1..=65_536)?;
        within("journal.keep-days", self.keep_days.into(), 0..=3_650)?;
        within("journal.max-octets", self.max_octets, 10_000_000..=10_000_000_000_000)?;
        within("journal.min-free-octets", self.min_free_octets, 0..=1_000_000_000_000)
    }
}

/// Why the journal cannot do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The disk refused.
    #[error("the journal in {dir} failed: {reason}")]
    Disk {
        /// The journal's folder.
        dir: String,
        /// The operating system's words.
        reason: String,
    },
    /// Another process writes it.
    #[error("the journal in {dir} belongs to another process that runs")]
    InUse {
        /// The journal's folder.
        dir: String,
    },
    /// The database does not take what it must have before it is acknowledged.
    #[error("the database does not take accounting at the moment")]
    DatabaseAway,
    /// A record is longer than an accounting packet can make it.
    #[error("a record is too long for the journal")]
    TooLong,
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// A handle to the journal; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    id: Arc<RwLock<Arc<str>>>,
    dir: Arc<Path>,
    keep: Duration,
    thread: Arc<WriterThread>,
    durable: watch::Receiver<JournalPosition>,
    durability: Durability,
    applied: Arc<watch::Sender<Applied>>,
}

/// How the journal comes into the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Applied {
    /// How far it has come.
    until: JournalPosition,
    /// Whether the last try failed.
    is_failing: bool,
}

/// The way to the thread that writes. When the last handle goes, what waits is still written,
/// and the folder is free.
#[derive(Debug)]
struct WriterThread {
    jobs: Option<mpsc::Sender<Job>>,
    running: Option<JoinHandle<()>>,
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(running) = self.running.take() {
            // A panic of the thread was told where it happened.
            drop(running.join());
        }
    }
}

/// What reading a stretch of the journal gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The records, in order.
    pub records: Vec<AccountingRecord>,
    /// Where the next stretch begins.
    pub next: JournalPosition,
    /// Records that were damaged, and are lost.
    pub damaged: u64,
}

impl Journal {
    /// Opens the journal in `dir`, or begins one. A record that was cut off at the end by a crash
    /// was never acknowledged, and is removed.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if the folder cannot be used, [`JournalError::InUse`] if it is used.
    pub fn open(dir: &Path, settings: &JournalSettings) -> Result<Self, JournalError> {
        let disk = |error: std::io::Error| JournalError::Disk {
            dir: dir.display().to_string(),
            reason: error.to_string(),
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(disk)?;
        let lock = lock(dir)?;
        let id = read_or_make_id(dir).map_err(disk)?;
        let applied = Arc::new(watch::Sender::new(Applied::default()));
        let room = Room::new(dir, settings, applied.subscribe()).map_err(disk)?;
        let limit = settings.segment_octets.clamp(1_000_000, 1_000_000_000);
        let (writer, durable) = Writer::open(dir, limit, room).map_err(disk)?;
        let (jobs, waiting) = mpsc::channel(settings.queue.clamp(1, 65_536));
        let run = move || {
            writer.run(waiting);
            drop(lock);
        };
        let running =
            std::thread::Builder::new().name("journal".into()).spawn(run).map_err(disk)?;
        let thread = Arc::new(WriterThread { jobs: Some(jobs), running: Some(running) });
        let keep = Duration::from_secs(u64::from(settings.keep_days.min(3_650)) * 86_400);
        let id = Arc::new(RwLock::new(id.into()));
        let durability = settings.durability;
        Ok(Self { id, dir: dir.into(), keep, thread, durable, durability, applied })
    }

    /// The journal's id, by which the database knows how far it was applied.
    #[must_use]
    pub fn id(&self) -> Arc<str> {
        Arc::clone(&self.id.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a new id, under which nothing has been applied yet.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if it cannot be written down; the old id stays.
    pub fn renew(&self) -> Result<(), JournalError> {
        let id = make_id(&self.dir).map_err(|error| self.disk(&error))?;
        *self.id.write().unwrap_or_else(PoisonError::into_inner) = id.into();
        Ok(())
    }

    /// Appends records, all or none; returns when they are on the disk and, if that is what
    /// durability asks for, in the database.
    ///
    /// # Errors
    /// [`JournalError`] if they are not; then none of them is in the journal, but for those that
    /// wait for the database when it goes away.
    pub async fn append(&self, records: Vec<AccountingRecord>) -> Result<(), JournalError> {
        if self.durability == Durability::Database && self.applied.borrow().is_failing {
            return Err(JournalError::DatabaseAway);
        }
        let mut octets = Vec::with_capacity(records.len() * 160);
        for record in &records {
            if !record::encode(record, &mut octets) {
                return Err(JournalError::TooLong);
            }
        }
        let (done, outcome) = oneshot::channel();
        let jobs = self.thread.jobs.as_ref().ok_or(JournalError::Closed)?;
        jobs.send(Job { octets, done }).await.map_err(|_| JournalError::Closed)?;
        let end = outcome.await.map_err(|_| JournalError::Closed)??;
        match self.durability {
            Durability::Journal => Ok(()),
            Durability::Database => self.wait_applied(end).await,
        }
    }

    async fn wait_applied(&self, end: JournalPosition) -> Result<(), JournalError> {
        let mut applied = self.applied.subscribe();
        let settled = applied.wait_for(|applied| applied.is_failing || applied.until >= end);
        match timeout(PATIENCE, settled).await {
            Ok(Ok(applied)) if applied.until >= end => Ok(()),
            Ok(Err(_)) => Err(JournalError::Closed),
            Ok(Ok(_)) | Err(_) => Err(JournalError::DatabaseAway),
        }
    }

    /// Records until there are in the database.
    pub(crate) fn applied(&self, until: JournalPosition) {
        self.applied.send_replace(Applied { until, is_failing: false });
    }

    /// The database took nothing when it was last tried.
    pub(crate) fn applying_failed(&self) {
        self.applied.send_modify(|applied| applied.is_failing = true);
    }

    /// Where a record must be before it is acknowledged.
    pub(crate) const fn durability(&self) -> Durability {
        self.durability
    }

    /// The end of what is on the disk.
    #[must_use]
    pub fn end(&self) -> JournalPosition {
        *self.durable.borrow()
    }

    /// Waits until there is something beyond `position`; `false` once the journal is closed.
    pub async fn wait_beyond(&mut self, position: JournalPosition) -> bool {
        self.durable.wait_for(|end| *end > position).await.is_ok()
    }

    /// Reads at most `most` records from `position` on, within one segment.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a segment cannot be read.
    pub fn read_from(
        &self,
        position: JournalPosition,
        most: usize,
    ) -> Result<Stretch, JournalError> {
        segment::read(&self.dir, position, self.end(), most).map_err(|error| self.disk(&error))
    }

    /// Removes segments that were applied whole and are older than is to be kept.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be removed.
    pub fn remove_applied(&self, applied: JournalPosition) -> Result<(), JournalError> {
        let old = |path: &Path| -> std::io::Result<bool> {
            let age = fs::metadata(path)?.modified()?.elapsed().unwrap_or_default();
            Ok(age >= self.keep)
        };
        for (number, path) in segment::list(&self.dir).map_err(|error| self.disk(&error))? {
            if number < applied.segment && old(&path).map_err(|error| self.disk(&error))? {
                segment::remove(&path).map_err(|error| self.disk(&error))?;
            }
        }
        Ok(())
    }

    /// The folder of its files.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn disk(&self, error: &std::io::Error) -> JournalError {
        disk(&self.dir, error)
    }
}

fn disk(dir: &Path, error: &std::io::Error) -> JournalError {
    JournalError::Disk { dir: dir.display().to_string(), reason: error.to_string() }
}

/// Writes down what a finished segment of the journal in `dir` is about, so that a search can pass
/// over it: what was `gathered` of it in passing, else what it is read for. Needs no hold on the
/// journal, which may be closed meanwhile.
///
/// # Errors
/// [`JournalError::Disk`] if it cannot be read or written; then a search reads it.
pub(crate) fn index(
    dir: &Path,
    number: u64,
    gathered: Option<Gathered>,
) -> Result<(), JournalError> {
    let gathered = match gathered {
        Some(gathered) => gathered,
        None => {
            let mut gathered = Gathered::default();
            let start = JournalPosition { segment: number, offset: 0 };
            Archive::new(dir).read_segment::<JournalError>(start, |_, records| {
                records
                    .iter()
                    .for_each(|record| gathered.add(record.received_at, archive::keys(record)));
                Ok(())
            })?;
            gathered
        }
    };
    let path = segment::filter_path(&segment::path(dir, number));
    gathered.finish().write(&path).map_err(|error| disk(dir, &error))
}

/// Keeps other processes out for as long as the file is open.
pub(crate) fn lock(dir: &Path) -> Result<fs::File, JournalError> {
    let at = || dir.display().to_string();
    let disk = |error: std::io::Error| JournalError::Disk { dir: at(), reason: error.to_string() };
    let file = fs::File::create(dir.join("lock")).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(JournalError::InUse { dir: at() }),
        Err(fs::TryLockError::Error(error)) => Err(disk(error)),
    }
}

fn read_or_make_id(dir: &Path) -> std::io::Result<String> {
    known_id(dir).or_else(|_| make_id(dir))
}

fn known_id(dir: &Path) -> std::io::Result<String> {
    Ok(fs::read_to_string(dir.join("id"))?.trim().to_owned())
}

fn make_id(dir: &Path) -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    let id = HEXLOWER.encode(&bytes);
    let unfinished = dir.join("id.new");
    fs::write(&unfinished, &id)?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(unfinished, dir.join("id"))?;
    fs::File::open(dir)?.sync_all()?;
    Ok(id)
}

#[cfg(test)]
mod tests;
