//! The files of a trail: `0000000000000001.trail` and so on, and beside each finished one its
//! filter, `0000000000000001.keys`.

use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::sys::statvfs::statvfs;

use super::event::TrailEvent;
use crate::frame::{self, Frame};
use crate::key_filter::{Gathered, KeyFilter};

/// Octets after which a new file begins; one is read at once.
pub(super) const SEGMENT: u64 = 16_000_000;

/// A file with events.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    /// With those of its filter.
    pub(super) octets: u64,
    pub(super) modified: SystemTime,
}

pub(super) fn make_folder(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016}.trail"))
}

/// The filter of a file.
pub(super) fn filter_path(segment: &Path) -> PathBuf {
    segment.with_extension("keys")
}

/// Every file, by number. One that goes away meanwhile is not there.
pub(super) fn list(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|extension| extension == "trail");
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let number = stem.and_then(|stem| stem.parse().ok()).filter(|_| is_segment);
        let (Some(number), Ok(metadata)) = (number, fs::metadata(&path)) else { continue };
        let filter = fs::metadata(filter_path(&path)).map_or(0, |filter| filter.len());
        let (octets, modified) = (metadata.len() + filter, metadata.modified()?);
        segments.push(Segment { number, path, octets, modified });
    }
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

/// Removes a file with its filter.
pub(super) fn remove(segment: &Segment) -> io::Result<()> {
    fs::remove_file(&segment.path)?;
    match fs::remove_file(filter_path(&segment.path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Octets that are free on the disk.
pub(super) fn free(dir: &Path) -> io::Result<u64> {
    let disk = statvfs(dir)?;
    Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Gives each event in `octets` to `take`, skipping what is damaged; returns how far whole
/// records reach. An end that is being written, or was cut off by a crash, is normal.
pub(super) fn read<'a>(octets: &'a [u8], mut take: impl FnMut(&TrailEvent<'a>)) -> usize {
    read_frames(octets, |_, payload| {
        if let Some(event) = TrailEvent::decode(payload) {
            take(&event);
        }
    })
}

/// The same of every sound record: where all of it stands, and its payload.
pub(super) fn read_frames<'a>(
    octets: &'a [u8],
    mut take: impl FnMut(Range<usize>, &'a [u8]),
) -> usize {
    let mut offset = 0;
    let mut sound = 0;
    while let Some(rest) = octets.get(offset..).filter(|rest| !rest.is_empty()) {
        offset += match frame::read(rest) {
            Frame::Sound(payload, whole) => {
                sound = offset + whole;
                take(offset..sound, payload);
                whole
            }
            // The length that stands there may be what is damaged.
            Frame::Damaged(whole) if is_sound(rest, whole) => whole,
            Frame::Damaged(_) | Frame::Broken => {
                match (1..rest.len()).find(|at| is_sound(rest, *at)) {
                    Some(gap) => gap,
                    None => break,
                }
            }
        };
    }
    sound
}

/// Blanks half a record at the end of a file that nobody writes to any more: nobody can say whom
/// it is about.
pub(super) fn blank_torn_end(segment: &Path) -> io::Result<()> {
    let octets = fs::read(segment)?;
    let sound = read(&octets, |_| {});
    let torn = octets.len() - sound;
    if torn == 0 {
        return Ok(());
    }
    let modified = fs::metadata(segment)?.modified()?;
    let file = fs::OpenOptions::new().write(true).open(segment)?;
    file.write_all_at(&vec![0; torn], u64::try_from(sound).expect("a length in memory fits"))?;
    file.set_modified(modified)
}

fn is_sound(octets: &[u8], at: usize) -> bool {
    matches!(octets.get(at..).map(frame::read), Some(Frame::Sound(..)))
}

/// Writes the filter of a file that is finished.
pub(super) fn write_filter(segment: &Path) -> io::Result<KeyFilter> {
    let octets = fs::read(segment)?;
    let mut gathered = Gathered::default();
    read(&octets, |event| gathered.add(event.at, event.keys()));
    let filter = gathered.finish();
    filter.write(&filter_path(segment))?;
    Ok(filter)
}
