//! The thread that owns the end of the journal.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};

use super::room::Room;
use super::{JournalError, segment};
use crate::JournalPosition;

/// How much is written and synced at once.
const GROUP_OCTETS: usize = 4 * 1024 * 1024;

/// After which a segment is finished however small it is, so that days can be kept by the day.
const DAY: Duration = Duration::from_secs(86_400);

/// Records that wait to be on the disk.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) octets: Vec<u8>,
    /// Hears the end of the records in the journal.
    pub(super) done: oneshot::Sender<Result<JournalPosition, JournalError>>,
}

pub(super) struct Writer {
    dir: PathBuf,
    file: File,
    end: JournalPosition,
    limit: u64,
    /// When the last segment began.
    begun: SystemTime,
    room: Room,
    /// Whether a failed append may have left something beyond `end`.
    spoiled: bool,
    durable: watch::Sender<JournalPosition>,
}

impl Writer {
    /// Opens the last segment, without what a crash left half-written.
    pub(super) fn open(
        dir: &Path,
        limit: u64,
        room: Room,
    ) -> std::io::Result<(Self, watch::Receiver<JournalPosition>)> {
        let last = segment::list(dir)?.pop();
        let number = last.as_ref().map_or(1, |(number, _)| *number);
        let path = segment::path(dir, number);
        let length = if last.is_some() { segment::sound_length(&path)? } else { 0 };
        let file = open_segment(&path)?;
        let found = file.metadata()?.len();
        if found > length {
            tracing::warn!(segment = %path.display(), octets = found - length,
                "removed the end of the journal that a crash left unfinished");
            file.set_len(length)?;
        }
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        let end = JournalPosition { segment: number, offset: length };
        let (durable, readers) = watch::channel(end);
        let metadata = file.metadata()?;
        // Not every file system knows when a file was made.
        let begun = metadata.created().or_else(|_| metadata.modified())?;
        let dir = dir.to_owned();
        Ok((Self { dir, file, end, limit, begun, room, spoiled: false, durable }, readers))
    }

    /// Writes until every handle is gone.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut octets = first.octets;
            let mut waiters = vec![first.done];
            while octets.len() < GROUP_OCTETS
                && let Ok(job) = waiting.try_recv()
            {
                octets.extend_from_slice(&job.octets);
                waiters.push(job.done);
            }
            let written = self.write(&octets).map(|()| self.end);
            let outcome = written.map_err(|error| {
                tracing::error!(%error, "accounting cannot be written down");
                JournalError::Disk {
                    dir: self.dir.display().to_string(),
                    reason: error.to_string(),
                }
            });
            for waiter in waiters {
                // Whoever waited may have given up.
                drop(waiter.send(outcome.clone()));
            }
        }
    }

    fn write(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let added = u64::try_from(octets.len()).expect("a group's length fits");
        if self.spoiled {
            self.clear()?;
        }
        self.room.make(added)?;
        let is_full = self.end.offset + added > self.limit;
        if self.end.offset > 0 && (is_full || self.is_of_another_day()) {
            self.roll()?;
        }
        let written =
            self.file.write_all_at(octets, self.end.offset).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.spoiled = true;
            if let Err(error) = self.clear() {
                tracing::error!(%error, "a failed append is cleared away before the next one");
            }
            return Err(error);
        }
        self.end.offset += added;
        self.room.took(added);
        self.durable.send_replace(self.end);
        Ok(())
    }

    /// Whether the last segment is so old that its records could not be removed in time.
    fn is_of_another_day(&self) -> bool {
        SystemTime::now().duration_since(self.begun).is_ok_and(|age| age >= DAY)
    }

    /// Nothing of a failed append may stay: its records will come again.
    fn clear(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.end.offset)?;
        self.spoiled = false;
        Ok(())
    }

    fn roll(&mut self) -> std::io::Result<()> {
        let number = self.end.segment + 1;
        let file = open_segment(&segment::path(&self.dir, number))?;
        file.set_len(0)?;
        File::open(&self.dir)?.sync_all()?;
        self.file = file;
        self.end = JournalPosition { segment: number, offset: 0 };
        self.begun = SystemTime::now();
        Ok(())
    }
}

/// Opens a segment for writing, or makes it; it holds addresses of visitors, so others have no
/// business with it.
fn open_segment(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::super::{Applied, JournalSettings};
    use super::*;

    #[test]
    fn a_segment_is_finished_after_a_day_however_small() {
        let dir = tempfile::tempdir().unwrap();
        let settings = JournalSettings { min_free_octets: 0, ..JournalSettings::default() };
        let (_applied, applied) = watch::channel(Applied::default());
        let room = Room::new(dir.path(), &settings, applied).unwrap();
        let (mut writer, _readers) = Writer::open(dir.path(), 1_000_000, room).unwrap();
        let segments = || segment::list(dir.path()).unwrap().len();
        writer.begun -= DAY;
        writer.write(b"the first").unwrap();
        assert_eq!(segments(), 1, "an empty one is begun again");
        writer.begun = SystemTime::now();
        writer.write(b"the same day").unwrap();
        assert_eq!(segments(), 1);
        writer.begun -= DAY;
        writer.write(b"the next day").unwrap();
        writer.write(b"the next day too").unwrap();
        assert_eq!((segments(), writer.end.segment), (2, 2));
    }
}
