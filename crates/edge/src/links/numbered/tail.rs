//! Reads a log while another thread writes it, batch by batch.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Line, former, read_last};

/// The most lines and octets of a batch; a single line may be longer.
const MOST_LINES: u64 = 500;
const MOST_OCTETS: usize = 256 * 1_024;

/// Lines whose numbers follow one another, as they stand in the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::links) struct Batch {
    /// The number of the first.
    pub(in crate::links) first: u64,
    /// How many there are.
    pub(in crate::links) count: u64,
    /// The lines, each with its end.
    pub(in crate::links) octets: Vec<u8>,
}

/// Where in a log was read.
#[derive(Debug)]
pub(in crate::links) struct Tail {
    path: PathBuf,
    former: u8,
    /// The file that is being read, by its number in the file system.
    open: Option<(u64, BufReader<File>)>,
    /// The last number that was passed.
    passed: u64,
    /// A line that was read and belongs to the next batch.
    ahead: Option<(u64, Vec<u8>)>,
}

impl Batch {
    /// The number of the last; that before the first if there is none.
    pub(in crate::links) const fn last(&self) -> u64 {
        (self.first + self.count).saturating_sub(1)
    }

    /// Takes away the lines up to a number.
    pub(in crate::links) fn drop_until(&mut self, number: u64) {
        while self.count > 0 && self.first <= number {
            let end = self.octets.iter().position(|octet| *octet == b'\n');
            self.octets.drain(..end.map_or(self.octets.len(), |end| end + 1));
            self.first += 1;
            self.count -= 1;
        }
    }

    /// Takes away the lines from a number on.
    pub(in crate::links) fn keep_before(&mut self, number: u64) {
        let mut rest = self.clone();
        rest.drop_until(number.saturating_sub(1));
        self.octets.truncate(self.octets.len() - rest.octets.len());
        self.count -= rest.count;
    }
}

impl Tail {
    /// Of the log at `path` with so many files before the newest.
    pub(in crate::links) fn new(path: &Path, former: u8) -> Self {
        Self { path: path.to_owned(), former, open: None, passed: 0, ahead: None }
    }

    /// The newest number of the log at `path`; 0 if it has no lines.
    pub(in crate::links) fn newest(path: &Path, former: u8) -> io::Result<u64> {
        for age in 0..=former {
            match File::open(place(path, age)) {
                Ok(file) => {
                    let (last, _) = read_last(&file)?;
                    if last > 0 {
                        return Ok(last);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }

    /// The next lines after a number; those between it and the first are not there any more. Empty if
    /// there are none.
    pub(in crate::links) fn read(&mut self, after: u64) -> io::Result<Batch> {
        if after < self.passed {
            // Somebody wants to have again what was passed.
            *self = Self::new(&self.path, self.former);
        }
        let mut batch = Batch::default();
        while let Some((number, line)) = self.next()? {
            if number <= after {
                continue;
            }
            let is_next = batch.count == 0 || number == batch.last() + 1;
            let has_room = batch.count < MOST_LINES
                && (batch.count == 0 || batch.octets.len() + line.len() <= MOST_OCTETS);
            if !(is_next && has_room) {
                self.ahead = Some((number, line));
                break;
            }
            if batch.count == 0 {
                batch.first = number;
            }
            batch.count += 1;
            batch.octets.extend_from_slice(&line);
            self.passed = number;
        }
        Ok(batch)
    }

    /// The next line that can be read, with its number.
    fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        if self.ahead.is_some() {
            return Ok(self.ahead.take());
        }
        loop {
            if let Some((_, reader)) = &mut self.open {
                while let Some(line) = read_line(reader)? {
                    // What cannot be read is as if it was not there.
                    if let Ok(Line { number }) = serde_json::from_slice(&line)
                        && number > self.passed
                    {
                        return Ok(Some((number, line)));
                    }
                }
            }
            if !self.go_on()? {
                return Ok(None);
            }
        }
    }

    /// Goes on with the file after the one that was read to its end; whether there is something to be
    /// read in it.
    fn go_on(&mut self) -> io::Result<bool> {
        // From the newest to the oldest: they move in that direction, so that none is passed over.
        let mut files: Vec<(u64, File)> = Vec::new();
        for age in 0..=self.former {
            match File::open(place(&self.path, age)) {
                Ok(file) => {
                    let number = file.metadata()?.ino();
                    if files.iter().all(|(known, _)| *known != number) {
                        files.push((number, file));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let place = self
            .open
            .as_ref()
            .and_then(|(own, _)| files.iter().position(|(number, _)| number == own));
        match place {
            Some(0) => return Ok(false),
            // Something may have come into it before the next was begun.
            Some(place) => {
                if let Some((_, reader)) = &mut self.open
                    && has_line(reader)?
                {
                    return Ok(true);
                }
                files.truncate(place);
            }
            None => {}
        }
        self.open = files.pop().map(|(number, file)| (number, BufReader::new(file)));
        Ok(self.open.is_some())
    }
}

/// The next whole line; what is being written is left for later.
fn read_line(reader: &mut BufReader<File>) -> io::Result<Option<Vec<u8>>> {
    let begin = reader.stream_position()?;
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        return Ok(Some(line));
    }
    reader.seek(SeekFrom::Start(begin))?;
    Ok(None)
}

fn has_line(reader: &mut BufReader<File>) -> io::Result<bool> {
    let begin = reader.stream_position()?;
    let has_line = read_line(reader)?.is_some();
    reader.seek(SeekFrom::Start(begin))?;
    Ok(has_line)
}

fn place(path: &Path, age: u8) -> PathBuf {
    if age == 0 { path.to_owned() } else { former(path, age) }
}
