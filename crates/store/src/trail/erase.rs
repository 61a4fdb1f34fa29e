//! Takes erased persons out of the files of a trail.
//!
//! An event about one of them becomes as many octets that say nothing, so that places in a file
//! stay what they are for those who follow it. A file is written anew beside itself and then takes
//! its place, so that a crash leaves the one or the other. The filter of the file follows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::event::TrailEvent;
use super::files::{self, Segment};
use crate::Erasure;
use crate::frame;
use crate::key_filter::{Key, KeyFilter};

/// The extension of a file that is being written anew.
const ANEW: &str = "anew";
/// The version of a payload that says nothing; no event has it.
const NOTHING: u8 = 0;

/// Takes `erased` out of every file in `dir`; returns how many events that were.
pub(super) fn erase(dir: &Path, erased: &[Erasure]) -> io::Result<u64> {
    let mut taken = 0;
    for segment in files::list(dir)? {
        let filter = KeyFilter::read(&files::filter_path(&segment.path));
        let may_be_there = |erasure: &&Erasure| {
            filter.as_ref().is_none_or(|filter| keys(erasure).any(|key| filter.may_have(key)))
        };
        let wanted: Vec<_> = erased.iter().filter(may_be_there).collect();
        if wanted.is_empty() {
            continue;
        }
        let octets = fs::read(&segment.path)?;
        let (blank, events) = without(&octets, &wanted);
        if events == 0 {
            continue;
        }
        replace(&segment, &blank)?;
        if filter.is_some() {
            files::write_filter(&segment.path)?;
        }
        taken += events;
    }
    Ok(taken)
}

/// Removes what a crash has left of files that were being written anew.
pub(super) fn clear_up(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ANEW) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn keys(erasure: &Erasure) -> impl Iterator<Item = Key> {
    let devices = erasure.devices.iter().copied().map(Key::device);
    let grants = erasure.grants.iter().copied().map(Key::grant);
    devices.chain(grants).chain([Key::account(erasure.account)])
}

/// Whether an event is about a person. Of a device that is somebody else's later, what comes
/// later is theirs; and so is what names another account.
fn is_about(event: &TrailEvent<'_>, person: &Erasure) -> bool {
    let is_theirs = |device| person.devices.contains(&device);
    event.account == Some(person.account)
        || event.grant.is_some_and(|grant| person.grants.contains(&grant))
        || (event.account.is_none()
            && event.at <= person.erased_at
            && event.device.is_some_and(is_theirs))
}

/// The content of a file without events about `persons`, and without what is damaged, of which
/// nobody can say whom it is about; and how many events are missing.
fn without(octets: &[u8], persons: &[&Erasure]) -> (Vec<u8>, u64) {
    let mut blank = vec![0; octets.len()];
    let mut events = 0;
    files::read_frames(octets, |place, payload| {
        let event = TrailEvent::decode(payload);
        let goes = event.is_some_and(|event| persons.iter().any(|person| is_about(&event, person)));
        events += u64::from(goes);
        if goes {
            blank[place].copy_from_slice(&nothing(payload.len()));
        } else {
            blank[place.clone()].copy_from_slice(&octets[place]);
        }
    });
    (blank, events)
}

/// A sound record with a payload of so many octets that says nothing.
fn nothing(length: usize) -> Vec<u8> {
    let mut record = Vec::new();
    let start = frame::begin(&mut record);
    record.resize(record.len() + length, NOTHING);
    let fits = frame::finish(&mut record, start);
    debug_assert!(fits, "it is as long as what it replaces");
    record
}

/// As old as before, since by that a file is kept.
fn replace(segment: &Segment, octets: &[u8]) -> io::Result<()> {
    let path = segment.path.with_extension(ANEW);
    let mut options = OpenOptions::new();
    let mut anew = options.create(true).truncate(true).write(true).mode(0o600).open(&path)?;
    anew.write_all(octets)?;
    anew.set_modified(segment.modified)?;
    anew.sync_all()?;
    fs::rename(&path, &segment.path)?;
    segment.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
