//! How much the journal may take of its disk, and what makes room when it is near that.
//!
//! Records that the database has are given up first, the oldest file first and before their time;
//! records that it lacks never are: then the journal is full, and appends fail until it is not.

use std::path::{Path, PathBuf};
use std::{fs, io};

use nix::sys::statvfs::statvfs;
use tokio::sync::watch;

use super::{Applied, JournalSettings, segment};

/// The bounds, and how far the database has come.
#[derive(Debug)]
pub(super) struct Room {
    dir: PathBuf,
    max_octets: u64,
    min_free_octets: u64,
    applied: watch::Receiver<Applied>,
    /// Octets of all files as last counted, and what was appended since.
    taken: u64,
}

impl Room {
    pub(super) fn new(
        dir: &Path,
        settings: &JournalSettings,
        applied: watch::Receiver<Applied>,
    ) -> io::Result<Self> {
        let (max_octets, min_free_octets) = (settings.max_octets, settings.min_free_octets);
        let taken = taken(dir)?;
        Ok(Self { dir: dir.to_owned(), max_octets, min_free_octets, applied, taken })
    }

    /// Makes sure that so many octets may be added.
    ///
    /// # Errors
    /// If they may not, even without the files that the database has whole.
    pub(super) fn make(&mut self, added: u64) -> io::Result<()> {
        if self.suffices(added)? {
            return Ok(());
        }
        // Others remove files too.
        self.taken = taken(&self.dir)?;
        let applied = self.applied.borrow().until;
        let mut done = segment::list(&self.dir)?.into_iter();
        while !self.suffices(added)? {
            let Some((_, path)) = done.next().filter(|(number, _)| *number < applied.segment)
            else {
                return Err(io::Error::other(format!(
                    "it has {} octets and may have {}, with {} left free",
                    self.taken, self.max_octets, self.min_free_octets
                )));
            };
            let octets = fs::metadata(&path)?.len();
            segment::remove(&path)?;
            tracing::warn!(segment = %path.display(), "removed before its time, to make room");
            self.taken = self.taken.saturating_sub(octets);
        }
        Ok(())
    }

    /// So many octets were added.
    pub(super) const fn took(&mut self, added: u64) {
        self.taken += added;
    }

    fn suffices(&self, added: u64) -> io::Result<bool> {
        let disk = statvfs(&self.dir)?;
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        let fits = self.taken.saturating_add(added) <= self.max_octets;
        Ok(fits && free >= self.min_free_octets.saturating_add(added))
    }
}

fn taken(dir: &Path) -> io::Result<u64> {
    let segments = segment::list(dir)?;
    segments.iter().map(|(_, path)| Ok(fs::metadata(path)?.len())).sum()
}
