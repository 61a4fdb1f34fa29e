//! Which numbers of a log the centre is told under which epoch, in a file beside the log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use link::report::Epoch;

use crate::random;
use crate::whole_file::{self, beside};

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
        whole_file::replace(&place(path), format!("{} {after}\n", told.epoch).as_bytes())?;
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
