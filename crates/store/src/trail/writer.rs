//! The thread that owns the files of the trail.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use domain::Timestamp;

use super::event::{TrailEvent, TrailKind};
use super::files::{self, SEGMENT};
use super::{Erasing, Gathering, NotKept, TrailSettings, erase};
use crate::Erasure;

/// For how long events gather before they are written together.
const GATHERING: Duration = Duration::from_millis(100);
/// How often old files are looked for when nothing happens.
const TIDYING: Duration = Duration::from_secs(3_600);
/// After which a file is finished however small it is, so that days can be kept by the day.
const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct Writer {
    dir: PathBuf,
    settings: TrailSettings,
    number: u64,
    file: File,
    length: u64,
    begun: SystemTime,
    tidied: SystemTime,
    /// Whether the last write failed, which is logged once.
    is_failing: bool,
}

/// What the thread takes from those who note.
struct Taken {
    events: u64,
    not_kept: NotKept,
    erasing: Vec<Erasing>,
    is_closed: bool,
}

impl Writer {
    /// Begins a new file; those of earlier runs are finished, whatever their ends look like.
    pub(super) fn open(dir: &Path, settings: &TrailSettings) -> io::Result<Self> {
        let mut before = files::list(dir)?;
        // One that nothing was ever written to is begun again.
        before.pop_if(|last| last.octets == 0);
        for segment in &before {
            if !files::filter_path(&segment.path).exists() {
                files::blank_torn_end(&segment.path)?;
                files::write_filter(&segment.path)?;
            }
        }
        let number = before.last().map_or(1, |last| last.number + 1);
        let now = SystemTime::now();
        let mut writer = Self {
            dir: dir.to_owned(),
            settings: settings.clone(),
            number,
            file: create(&files::path(dir, number))?,
            length: 0,
            begun: now,
            tidied: now,
            is_failing: false,
        };
        writer.tidy()?;
        Ok(writer)
    }

    /// Writes until the last handle is gone.
    pub(super) fn run(mut self, gathering: &Gathering) {
        let mut octets = Vec::new();
        loop {
            octets.clear();
            let Taken { events, not_kept, erasing, is_closed } = self.take(gathering, &mut octets);
            let failed = match self.write(&mut octets, not_kept) {
                Ok(()) => {
                    self.is_failing = false;
                    false
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.is_failing, true) {
                        tracing::warn!(%error, dir = %self.dir.display(), "the trail is not kept");
                    }
                    true
                }
            };
            for Erasing { persons, done } in erasing {
                // Who does not wait any more asks again.
                drop(done.send(self.erase(&persons)));
            }
            let mut waiting = gathering.lock();
            if failed {
                waiting.counts.overflowed += events;
                waiting.not_kept.overflowed += events + not_kept.overflowed;
                waiting.not_kept.limited += not_kept.limited;
            } else {
                waiting.counts.written += events;
            }
            if is_closed && waiting.octets.is_empty() && waiting.erasing.is_empty() {
                return;
            }
        }
    }

    /// Waits until there is something, lets more gather, and takes it, leaving empty room.
    fn take(&self, gathering: &Gathering, octets: &mut Vec<u8>) -> Taken {
        let ignore = PoisonError::into_inner;
        let mut waiting = gathering.lock();
        while waiting.octets.is_empty() && waiting.erasing.is_empty() && !waiting.is_closed {
            let waited = gathering.changed.wait_timeout(waiting, TIDYING);
            let (again, timeout) = waited.unwrap_or_else(ignore);
            waiting = again;
            if timeout.timed_out() {
                break;
            }
        }
        let gathers = |waiting: &mut super::Waiting| {
            !waiting.is_closed
                && waiting.erasing.is_empty()
                && waiting.octets.len() < gathering.most / 2
        };
        if !waiting.octets.is_empty() {
            let waited = gathering.changed.wait_timeout_while(waiting, GATHERING, gathers);
            waiting = waited.unwrap_or_else(ignore).0;
        }
        std::mem::swap(&mut waiting.octets, octets);
        Taken {
            events: std::mem::take(&mut waiting.events),
            not_kept: std::mem::take(&mut waiting.not_kept),
            erasing: std::mem::take(&mut waiting.erasing),
            is_closed: waiting.is_closed,
        }
    }

    fn write(&mut self, octets: &mut Vec<u8>, not_kept: NotKept) -> io::Result<()> {
        let NotKept { overflowed, limited } = not_kept;
        let now = SystemTime::now();
        if overflowed + limited > 0 {
            let gap = TrailKind::NotKept { overflowed, limited };
            let fits = TrailEvent::new(timestamp(now), gap).encode(octets);
            debug_assert!(fits, "a gap is short");
        }
        let is_old = self.begun > now || now.duration_since(self.begun).is_ok_and(|age| age >= DAY);
        if self.length > 0 && (self.length >= SEGMENT || is_old) {
            self.roll(now)?;
        } else if now.duration_since(self.tidied).map_or(true, |age| age >= TIDYING) {
            self.tidy()?;
        }
        if octets.is_empty() {
            return Ok(());
        }
        self.make_room(octets)?;
        self.file.write_all(octets)?;
        self.length += length(octets);
        Ok(())
    }

    /// Takes persons out of every file, also the one that is being written.
    fn erase(&mut self, persons: &[Erasure]) -> io::Result<u64> {
        let erased = erase::erase(&self.dir, persons);
        // It may be another file by now.
        self.file = create(&files::path(&self.dir, self.number))?;
        erased
    }

    fn make_room(&self, octets: &[u8]) -> io::Result<()> {
        let free = || files::free(&self.dir);
        let least = self.settings.min_free_octets.saturating_add(length(octets));
        if free()? >= least {
            return Ok(());
        }
        for segment in files::list(&self.dir)?.iter().filter(|old| old.number < self.number) {
            files::remove(segment)?;
            if free()? >= least {
                return Ok(());
            }
        }
        Err(io::Error::other("the disk has too little room"))
    }

    fn roll(&mut self, now: SystemTime) -> io::Result<()> {
        files::write_filter(&files::path(&self.dir, self.number))?;
        self.file = create(&files::path(&self.dir, self.number + 1))?;
        self.number += 1;
        self.length = 0;
        self.begun = now;
        self.tidy()
    }

    /// Removes what is older than is to be kept, and the oldest of what is too much.
    fn tidy(&mut self) -> io::Result<()> {
        let now = SystemTime::now();
        self.tidied = now;
        let keep = DAY * self.settings.keep_days;
        let segments = files::list(&self.dir)?;
        let mut taken: u64 = segments.iter().map(|segment| segment.octets).sum();
        for segment in segments.iter().filter(|old| old.number < self.number) {
            let age = now.duration_since(segment.modified).unwrap_or_default();
            if age >= keep || taken.saturating_add(SEGMENT) > self.settings.max_octets {
                files::remove(segment)?;
                taken = taken.saturating_sub(segment.octets);
            }
        }
        Ok(())
    }
}

fn length(octets: &[u8]) -> u64 {
    u64::try_from(octets.len()).expect("a length in memory fits")
}

pub(super) fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// It holds addresses of visitors' devices, so others have no business with it.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}
