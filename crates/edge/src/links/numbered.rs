//! A log of lines of JSON whose numbers go up by one, so that whoever reads them sees whether one is
//! missing: how it is written, by one thread, and how it is read meanwhile by whoever tells the centre.
//!
//! It is bounded: what is oldest goes first. Beside it stands which [`Epoch`] its numbers are of.

mod epoch;
mod tail;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use link::report::{Cell, Event};
use serde::{Deserialize, Serialize};

pub(super) use epoch::Told;
pub(super) use tail::{Batch, Tail};

use crate::whole_file::beside;

/// What has a number in a log.
pub(super) trait Numbered: Serialize {
    /// Gives it its number.
    fn set_number(&mut self, number: u64);
}

impl Numbered for Event {
    fn set_number(&mut self, number: u64) {
        self.number = number;
    }
}

impl Numbered for Cell {
    fn set_number(&mut self, number: u64) {
        self.number = number;
    }
}

/// How much of a log is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// From so many octets on a new file is begun.
    pub(super) largest: u64,
    /// So many of those before are kept.
    pub(super) former: u8,
}

/// The files of a log, of which the newest is written.
#[derive(Debug)]
pub(super) struct NumberedLog {
    path: PathBuf,
    file: File,
    next: u64,
    extent: Extent,
}

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    number: u64,
}

impl NumberedLog {
    /// Opens the file, or makes it, readable by the service alone. What a crash left of a last line is
    /// cut off, and numbers go on after the last whole one. Those of a log without lines are of a new
    /// epoch.
    pub(super) fn open(path: &Path, extent: Extent) -> io::Result<Self> {
        let mut file = open(path)?;
        let (of_file, whole) = read_last(&file)?;
        if file.seek(SeekFrom::End(0))? > whole {
            file.set_len(whole)?;
        }
        let last = if of_file > 0 { of_file } else { Tail::newest(path, extent.former)? };
        if last == 0 {
            Told::forget(path)?;
        }
        Ok(Self { path: path.to_owned(), file, next: last + 1, extent })
    }

    /// Appends items, which are on the disk afterwards; gives them their numbers.
    pub(super) fn append<T: Numbered>(&mut self, items: &mut [T]) -> io::Result<()> {
        let mut lines = Vec::new();
        for (number, item) in (self.next..).zip(items.iter_mut()) {
            item.set_number(number);
            serde_json::to_writer(&mut lines, item)?;
            lines.push(b'\n');
        }
        if self.file.seek(SeekFrom::End(0))? >= self.extent.largest {
            self.turn()?;
        }
        let before = self.file.seek(SeekFrom::End(0))?;
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // On a full disk nothing half stays behind.
            drop(self.file.set_len(before));
            return Err(error);
        }
        self.next += u64::try_from(items.len()).unwrap_or_default();
        Ok(())
    }

    /// Begins a new file.
    fn turn(&mut self) -> io::Result<()> {
        for age in (1..self.extent.former).rev() {
            match fs::rename(former(&self.path, age), former(&self.path, age + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::rename(&self.path, former(&self.path, 1))?;
        self.file = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

/// Where a file goes when it is large, and further on when the next one is.
fn former(path: &Path, age: u8) -> PathBuf {
    beside(path, &age.to_string())
}

/// The number of the last item of a file, or 0, and how long its whole lines are.
fn read_last(file: &File) -> io::Result<(u64, u64)> {
    let (mut last, mut whole) = (0, 0);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 || line.last() != Some(&b'\n') {
            return Ok((last, whole));
        }
        whole += u64::try_from(length).unwrap_or_default();
        if let Ok(Line { number }) = serde_json::from_slice(&line) {
            last = number.max(last);
        }
    }
}

#[cfg(test)]
mod tests;
