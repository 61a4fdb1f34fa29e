//! A journal's files, read by somebody who does not write them: beside the server that does, or
//! from a copy. Changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use domain::{AccountingRecord, Timestamp};

use super::{JournalError, segment};
use crate::key_filter::{Key, KeyFilter};
use crate::{JournalPosition, Searched, ServerId, Wanted};

/// The files of a journal.
#[derive(Debug, Clone)]
pub struct Archive {
    dir: PathBuf,
}

/// What reading one file showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its number.
    pub number: u64,
    /// Its octets.
    pub octets: u64,
    /// Records that can be read.
    pub records: u64,
    /// Where records are damaged, as octets from its begin.
    pub damaged_at: Vec<u64>,
    /// Octets at the journal's end that were being written: never acknowledged, so not damaged.
    pub unfinished: u64,
}

impl Archive {
    /// The journal in `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The RADIUS server that keeps the journal; absent if none has begun it.
    #[must_use]
    pub fn server(&self) -> Option<ServerId> {
        let id = super::known_id(&self.dir).ok()?;
        Some(ServerId::of_journal(id.into()))
    }

    /// Numbers and octets of the files, in order.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if they cannot be read.
    pub fn segments(&self) -> Result<Vec<(u64, u64)>, JournalError> {
        let octets = |(number, path): (u64, PathBuf)| Ok((number, fs::metadata(path)?.len()));
        let segments = segment::list(&self.dir).map_err(|error| self.disk(&error))?;
        let segments: std::io::Result<_> = segments.into_iter().map(octets).collect();
        segments.map_err(|error| self.disk(&error))
    }

    /// Gives every record from `from` on to `take`, in order, until it wants no more.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be read, else what `take` fails with.
    pub fn read<E: From<JournalError>>(
        &self,
        from: JournalPosition,
        mut take: impl FnMut(AccountingRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, _) in self.segments()? {
            if number < from.segment {
                continue;
            }
            let offset = if number == from.segment { from.offset } else { 0 };
            let start = JournalPosition { segment: number, offset };
            self.read_segment(start, |_, records| records.into_iter().try_for_each(&mut take))?;
        }
        Ok(())
    }

    /// Gives every record that came at `since` or later and is wanted to `take`: the newest file
    /// first, each in its order, until `most` octets were read.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be read.
    pub fn search(
        &self,
        wanted: &Wanted,
        since: Timestamp,
        most: u64,
        mut take: impl FnMut(AccountingRecord),
    ) -> Result<Searched, JournalError> {
        let keys = wanted.keys();
        let mut searched = Searched::default();
        if !self.dir.exists() {
            return Ok(Searched { is_whole: true, ..searched });
        }
        for (number, octets) in self.segments()?.into_iter().rev() {
            let path = segment::path(&self.dir, number);
            // One that was removed meanwhile was given back as room.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let modified = metadata.modified().map_err(|error| self.disk(&error))?;
            if is_before(modified, since) {
                break;
            }
            if let Some(filter) = KeyFilter::read(&segment::filter_path(&path))
                && !keys.iter().any(|key| filter.may_have(*key))
            {
                searched.passed_over += 1;
                continue;
            }
            if searched.octets >= most {
                return Ok(searched);
            }
            searched.octets += octets;
            searched.files += 1;
            let start = JournalPosition { segment: number, offset: 0 };
            self.read_segment::<JournalError>(start, |_, records| {
                let wanted = |record: &AccountingRecord| {
                    record.received_at >= since && wanted.is_met_by_record(record)
                };
                records.into_iter().filter(wanted).for_each(&mut take);
                Ok(())
            })?;
        }
        Ok(Searched { is_whole: true, ..searched })
    }

    /// The end of the journal; a record that is being written there is read later.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if it cannot be read.
    pub fn end(&self) -> Result<JournalPosition, JournalError> {
        if !self.dir.exists() {
            return Ok(JournalPosition::default());
        }
        let last = self.segments()?.pop();
        let (segment, offset) = last.unwrap_or_default();
        Ok(JournalPosition { segment, offset })
    }

    /// Gives at most `most` records that came after `from` to `take`, in order; returns where to
    /// go on.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be read.
    pub fn follow(
        &self,
        from: JournalPosition,
        most: usize,
        take: impl FnMut(AccountingRecord),
    ) -> Result<JournalPosition, JournalError> {
        if !self.dir.exists() {
            return Ok(from);
        }
        segment::follow(&self.dir, from, most, take).map_err(|error| self.disk(&error))
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if it cannot be read.
    pub fn verify(&self, number: u64) -> Result<SegmentReport, JournalError> {
        let (mut records, mut damaged_at) = (0, Vec::new());
        let start = JournalPosition { segment: number, offset: 0 };
        let (octets, sound) = self.read_segment(start, |damaged, found| {
            damaged_at.extend(damaged);
            records += u64::try_from(found.len()).unwrap_or(u64::MAX);
            Ok::<(), JournalError>(())
        })?;
        Ok(SegmentReport { number, octets, records, damaged_at, unfinished: octets - sound })
    }

    /// Reads a file from some place on, portion by portion, each with the place of damage at its
    /// begin; returns the octets of the file, and those before an unfinished end.
    pub(super) fn read_segment<E: From<JournalError>>(
        &self,
        start: JournalPosition,
        mut take: impl FnMut(Option<u64>, Vec<AccountingRecord>) -> Result<(), E>,
    ) -> Result<(u64, u64), E> {
        let disk = |error: std::io::Error| E::from(self.disk(&error));
        let path = segment::path(&self.dir, start.segment);
        let octets = fs::metadata(&path).map_err(disk)?.len();
        // Files before the last were finished, whatever their end looks like.
        let is_last = self.segments()?.last().is_some_and(|(last, _)| *last == start.segment);
        let sound = if is_last { segment::sound_length(&path).map_err(disk)? } else { octets };
        let end = JournalPosition { segment: start.segment, offset: sound };
        let mut position = start;
        while position < end {
            let stretch = segment::read(&self.dir, position, end, PORTION).map_err(disk)?;
            let damaged = (stretch.damaged > 0).then_some(position.offset);
            take(damaged, stretch.records)?;
            position = stretch.next;
        }
        Ok((octets, sound))
    }

    fn disk(&self, error: &std::io::Error) -> JournalError {
        JournalError::Disk { dir: self.dir.display().to_string(), reason: error.to_string() }
    }
}

/// What a record can be looked for by.
pub(super) fn keys(record: &AccountingRecord) -> impl Iterator<Item = Key> + use<> {
    let keys = record.told().map(|report| {
        [
            Some(Key::device(report.device)),
            Some(Key::session(report.session)),
            Some(Key::acct_session_id(&report.acct_session_id)),
            report.grant.map(Key::grant),
        ]
    });
    keys.into_iter().flatten().flatten()
}

fn is_before(modified: SystemTime, since: Timestamp) -> bool {
    let since_epoch = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).is_ok_and(|millis| millis < since.as_millis())
}

/// Records that are in memory at a time.
const PORTION: usize = 4_096;
