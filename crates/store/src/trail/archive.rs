//! A trail's files, read by somebody who does not write them. Changes nothing.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::{AccountId, AccountingRecord, GrantId, MacAddress, NasName, SessionId, Timestamp};

use super::event::TrailEvent;
use super::files::{self, Segment};
use super::writer::timestamp;
use crate::key_filter::{Key, KeyFilter};
use crate::{JournalError, JournalPosition};

/// Octets that are read at once by who follows.
const PORTION: u64 = 250_000;

/// The files of a trail.
#[derive(Debug, Clone)]
pub struct TrailArchive {
    dir: PathBuf,
}

/// What is looked for: an event matches that has one of these.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Devices.
    pub devices: Vec<MacAddress>,
    /// Accounts.
    pub accounts: Vec<AccountId>,
    /// Grants.
    pub grants: Vec<GrantId>,
    /// Sessions; only accounting names them.
    pub sessions: Vec<SessionId>,
    /// The access points' names for stays (Acct-Session-Id).
    pub acct_session_ids: Vec<String>,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Searched {
    /// Octets that were read.
    pub octets: u64,
    /// Files that were read.
    pub files: u64,
    /// Files whose filters said that they need not be.
    pub passed_over: u64,
    /// Whether everything was looked at that is young enough.
    pub is_whole: bool,
}

impl Wanted {
    pub(crate) fn keys(&self) -> Vec<Key> {
        let devices = self.devices.iter().copied().map(Key::device);
        let accounts = self.accounts.iter().copied().map(Key::account);
        let grants = self.grants.iter().copied().map(Key::grant);
        let names = self.acct_session_ids.iter().map(|name| Key::acct_session_id(name));
        let sessions = self.sessions.iter().copied().map(Key::session);
        devices.chain(accounts).chain(grants).chain(sessions).chain(names).collect()
    }

    /// Whether an accounting record is wanted.
    pub(crate) fn is_met_by_record(&self, record: &AccountingRecord) -> bool {
        let Some(report) = record.told() else { return false };
        self.devices.contains(&report.device)
            || report.grant.is_some_and(|grant| self.grants.contains(&grant))
            || self.sessions.contains(&report.session)
            || self.acct_session_ids.contains(&report.acct_session_id)
    }

    fn is_met_by(&self, event: &TrailEvent<'_>) -> bool {
        event.device.is_some_and(|device| self.devices.contains(&device))
            || event.account.is_some_and(|account| self.accounts.contains(&account))
            || event.grant.is_some_and(|grant| self.grants.contains(&grant))
            || event
                .acct_session_id
                .is_some_and(|name| self.acct_session_ids.iter().any(|wanted| wanted == name))
    }
}

impl TrailArchive {
    /// The trail in `dir`; a folder that is not there is an empty trail.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Number and octets of the files.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if they cannot be read.
    pub fn size(&self) -> Result<(u64, u64), JournalError> {
        let segments = self.list()?;
        let files = u64::try_from(segments.len()).unwrap_or(u64::MAX);
        Ok((files, segments.iter().map(|segment| segment.octets).sum()))
    }

    /// Gives every event since `since` that is wanted to `take`, and every gap: the newest file
    /// first, each in its order, until `most` octets were read.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be read.
    pub fn search(
        &self,
        wanted: &Wanted,
        since: Timestamp,
        most: u64,
        mut take: impl FnMut(&TrailEvent<'_>),
    ) -> Result<Searched, JournalError> {
        let mut keys = wanted.keys();
        keys.push(Key::gap());
        let mut searched = Searched::default();
        for segment in self.list()?.iter().rev() {
            if timestamp(segment.modified) < since {
                break;
            }
            if let Some(filter) = KeyFilter::read(&files::filter_path(&segment.path)) {
                let is_old = filter.span.is_some_and(|(_, last)| last < since);
                if is_old || !keys.iter().any(|key| filter.may_have(*key)) {
                    searched.passed_over += 1;
                    continue;
                }
            }
            if searched.octets >= most {
                return Ok(searched);
            }
            let Some(octets) = self.content(segment)? else { continue };
            searched.octets += u64::try_from(octets.len()).unwrap_or(u64::MAX);
            searched.files += 1;
            files::read(&octets, |event| {
                if event.at >= since && (wanted.is_met_by(event) || event.is_gap()) {
                    take(event);
                }
            });
        }
        Ok(Searched { is_whole: true, ..searched })
    }

    /// The end of the trail.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if it cannot be read.
    pub fn end(&self) -> Result<JournalPosition, JournalError> {
        let last = self.list()?.pop();
        let Some(Segment { number, path, .. }) = last else {
            return Ok(JournalPosition::default());
        };
        let offset = fs::metadata(path).map_or(0, |metadata| metadata.len());
        Ok(JournalPosition { segment: number, offset })
    }

    /// Gives what came after `from` to `take`, in order; returns where to go on, and whether there
    /// is more already. A quarter of a million octets are read at a time.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if a file cannot be read.
    pub fn follow(
        &self,
        from: JournalPosition,
        mut take: impl FnMut(&TrailEvent<'_>),
    ) -> Result<(JournalPosition, bool), JournalError> {
        let segments = self.list()?;
        let mut position = from;
        for segment in segments.iter().filter(|segment| segment.number >= from.segment) {
            if segment.number > position.segment {
                position = JournalPosition { segment: segment.number, offset: 0 };
            }
            let octets = portion(&segment.path, position.offset).map_err(|e| self.disk(&e))?;
            let sound = files::read(&octets, &mut take);
            position.offset += u64::try_from(sound).unwrap_or(u64::MAX);
            // What is not whole at the end of a finished file never will be.
            let is_whole_portion = u64::try_from(octets.len()).unwrap_or(0) >= PORTION;
            if sound > 0 && is_whole_portion {
                return Ok((position, true));
            }
        }
        Ok((position, false))
    }

    fn list(&self) -> Result<Vec<Segment>, JournalError> {
        match files::list(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed.map_err(|error| self.disk(&error)),
        }
    }

    /// What a file holds; `None` if it was removed meanwhile.
    fn content(&self, segment: &Segment) -> Result<Option<Vec<u8>>, JournalError> {
        match fs::read(&segment.path) {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.disk(&error)),
        }
    }

    fn disk(&self, error: &io::Error) -> JournalError {
        JournalError::Disk { dir: self.dir.display().to_string(), reason: error.to_string() }
    }
}

fn portion(path: &Path, from: u64) -> io::Result<Vec<u8>> {
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(from))?;
    let mut octets = Vec::new();
    file.take(PORTION).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Whether an event is of that access point and about that device, as far as they are asked for.
#[must_use]
pub fn is_about(event: &TrailEvent<'_>, nas: Option<&NasName>, device: Option<MacAddress>) -> bool {
    nas.is_none_or(|nas| event.nas == Some(nas.as_str()))
        && device.is_none_or(|device| event.device == Some(device))
}
