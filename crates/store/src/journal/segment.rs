//! Segment files: `0000000000000001.journal` and so on, each read from some place to its end.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::AccountingRecord;

use super::Stretch;
use super::record::{Found, REACH, decode, next_record};
use crate::JournalPosition;

/// Octets read at once at most, and at least: many times the longest record.
const WINDOW: u64 = 16 * 1024 * 1024;
const SMALL_WINDOW: u64 = 1024 * 1024;
/// Octets of a record as most are.
const USUAL: u64 = 320;

/// The file of a segment.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016}.journal"))
}

/// What a finished segment is about.
pub(super) fn filter_path(segment: &Path) -> PathBuf {
    segment.with_extension("keys")
}

/// Removes a segment, and what says what it is about.
pub(super) fn remove(segment: &Path) -> std::io::Result<()> {
    fs::remove_file(segment)?;
    match fs::remove_file(filter_path(segment)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Every segment, by number.
pub(super) fn list(dir: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|extension| extension == "journal");
        let number =
            path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (true, Some(number)) = (is_segment, number) {
            segments.push((number, path));
        }
    }
    segments.sort();
    Ok(segments)
}

/// The length of a segment up to its last whole record. What comes after that was being written
/// when the process died; damage before it is no end.
pub(super) fn sound_length(path: &Path) -> std::io::Result<u64> {
    let octets = fs::read(path)?;
    let mut offset = 0;
    while let Some(rest) = octets.get(offset..) {
        offset += match decode(rest) {
            Found::Record(_, length) => length,
            Found::Damaged(_) | Found::Broken => match next_record(rest) {
                Some(gap) => gap,
                None => break,
            },
        };
    }
    Ok(u64::try_from(offset).expect("a file's length fits"))
}

/// Reads at most `most` records of one segment, from `from` on and not beyond `end`.
pub(super) fn read(
    dir: &Path,
    from: JournalPosition,
    end: JournalPosition,
    most: usize,
) -> std::io::Result<Stretch> {
    let segments = list(dir)?;
    let Some((number, path)) = segments.into_iter().find(|(number, _)| *number >= from.segment)
    else {
        return Ok(Stretch { records: Vec::new(), next: from, damaged: 0 });
    };
    let start = if number == from.segment { from.offset } else { 0 };
    let length = if number == end.segment { end.offset } else { fs::metadata(&path)?.len() };
    let octets = window(&path, (start, length), most)?;
    let mut records = Vec::new();
    let mut damaged = 0;
    let mut offset = 0;
    while let Some(rest) = octets.get(offset..).filter(|rest| !rest.is_empty())
        && records.len() < most
    {
        match decode(rest) {
            Found::Record(record, length) => {
                records.push(*record);
                offset += length;
            }
            // A window that begins here shows more.
            Found::Damaged(_) | Found::Broken if offset > 0 => break,
            Found::Damaged(_) | Found::Broken => {
                let is_last_window = start + position(rest.len()) >= length;
                offset = match next_record(rest) {
                    Some(gap) => gap,
                    None if is_last_window => rest.len(),
                    None => rest.len().saturating_sub(REACH).max(1),
                };
                tracing::error!(segment = %path.display(), offset = start, octets = offset,
                    "a part of the journal is damaged and lost");
                damaged += 1;
            }
        }
    }
    let mut next = JournalPosition { segment: number, offset: start + position(offset) };
    // A segment that nothing is appended to any more is done; go on with the next.
    if next.offset >= length && number < end.segment {
        next = JournalPosition { segment: number + 1, offset: 0 };
    }
    Ok(Stretch { records, next, damaged })
}

/// Gives at most `most` records from `from` on to `take`; returns where to go on. For who reads
/// beside the writer: what is no record may be one soon, unless the next file has begun.
pub(super) fn follow(
    dir: &Path,
    from: JournalPosition,
    most: usize,
    mut take: impl FnMut(AccountingRecord),
) -> std::io::Result<JournalPosition> {
    let mut next = from;
    let mut left = most;
    for (number, path) in list(dir)?.into_iter().filter(|(number, _)| *number >= from.segment) {
        if number > next.segment {
            next = JournalPosition { segment: number, offset: 0 };
        }
        loop {
            let octets = window(&path, (next.offset, u64::MAX), left)?;
            let mut offset = 0;
            while let Some(rest) = octets.get(offset..).filter(|rest| !rest.is_empty())
                && left > 0
            {
                offset += match decode(rest) {
                    Found::Record(record, length) => {
                        take(*record);
                        left -= 1;
                        length
                    }
                    Found::Damaged(_) | Found::Broken => match next_record(rest) {
                        Some(gap) => gap,
                        None => break,
                    },
                };
            }
            next.offset += position(offset);
            if left == 0 {
                return Ok(next);
            }
            if offset == 0 {
                break;
            }
        }
    }
    Ok(next)
}

fn position(octets: usize) -> u64 {
    u64::try_from(octets).expect("within a file")
}

/// What stands there from `start` on, as much as `most` records take.
fn window(path: &Path, (start, end): (u64, u64), most: usize) -> std::io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_mul(USUAL);
    let length = file.metadata()?.len().min(end).saturating_sub(start);
    let length = length.min(most.clamp(SMALL_WINDOW, WINDOW));
    let mut octets = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut octets)?;
    Ok(octets)
}
