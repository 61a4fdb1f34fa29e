//! Which numbers of a log the centre is told under which epoch, in a file beside the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use link::report::Epoch;

use super::beside;
use crate::random;

/// Under which epoch the centre is told of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::links) struct Told {
    /// The epoch.
    pub(in crate::links) epoch: Epoch,
    /// What has this number or a lower one belongs to an epoch before.
    pub(in crate::links) after: u64,
}

impl Told {
    /// The epoch of the log at `path`; one is drawn if it has none.
    pub(in crate::links) fn open(path: &Path) -> io::Result<Self> {
        match fs::read_to_string(place(path)) {
            Ok(text) => match read(&text) {
                Some(told) => Ok(told),
                None => Self::begin(path, 0),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::begin(path, 0),
            Err(error) => Err(error),
        }
    }

    /// Begins a new epoch after a number, which is on the disk before it is used.
    pub(in crate::links) fn begin(path: &Path, after: u64) -> io::Result<Self> {
        let told = Self { epoch: Epoch::new(random::number()), after };
        let unfinished = beside(path, "epoch-new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        writeln!(file, "{} {after}", told.epoch)?;
        file.sync_all()?;
        fs::rename(&unfinished, place(path))?;
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            File::open(dir)?.sync_all()?;
        }
        Ok(told)
    }

    /// The log has no lines any more: what it will have is of another epoch.
    pub(super) fn forget(path: &Path) -> io::Result<()> {
        match fs::remove_file(place(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn place(path: &Path) -> PathBuf {
    beside(path, "epoch")
}

fn read(text: &str) -> Option<Told> {
    let (epoch, after) = text.trim_end().split_once(' ')?;
    Some(Told { epoch: epoch.parse().ok()?, after: after.parse().ok()? })
}
