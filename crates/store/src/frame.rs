//! How a record stands in a file: length and CRC-32C of the payload (4 octets each,
//! little-endian), then the payload, whose meaning is for others to know.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Octets before the payload.
pub(crate) const HEADER: usize = 8;
/// No payload is longer; what claims to be is damage.
pub(crate) const LONGEST: usize = 64 * 1024;

/// What stands at some place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A sound payload, and how many octets the whole record takes.
    Sound(&'a [u8], usize),
    /// A damaged record whose length can still be believed.
    Damaged(usize),
    /// The beginning of a record whose rest is missing, or a length that no record has.
    Broken,
}

/// Leaves room for the header of a record whose payload is appended next; returns its place.
pub(crate) fn begin(octets: &mut Vec<u8>) -> usize {
    let start = octets.len();
    octets.extend([0; HEADER]);
    start
}

/// Completes the record that begins at `start`; `false`, and no record, if it is too long.
#[must_use]
pub(crate) fn finish(octets: &mut Vec<u8>, start: usize) -> bool {
    let payload = start + HEADER;
    if octets.len() - payload > LONGEST {
        octets.truncate(start);
        return false;
    }
    let length = u32::try_from(octets.len() - payload).expect("LONGEST is far below 32 bits");
    let checksum = crc32c::crc32c(&octets[payload..]);
    octets[start..start + 4].copy_from_slice(&length.to_le_bytes());
    octets[start + 4..payload].copy_from_slice(&checksum.to_le_bytes());
    true
}

/// Reads what stands at the beginning of `octets`.
pub(crate) fn read(octets: &[u8]) -> Frame<'_> {
    let Some((length, rest)) = octets.split_first_chunk::<4>() else { return Frame::Broken };
    let Some((checksum, rest)) = rest.split_first_chunk::<4>() else { return Frame::Broken };
    let Ok(length) = usize::try_from(u32::from_le_bytes(*length)) else { return Frame::Broken };
    let Some(payload) = rest.get(..length).filter(|_| (1..=LONGEST).contains(&length)) else {
        return Frame::Broken;
    };
    let whole = HEADER + length;
    if crc32c::crc32c(payload) != u32::from_le_bytes(*checksum) {
        return Frame::Damaged(whole);
    }
    Frame::Sound(payload, whole)
}

/// Writes a file that only its owner reads.
pub(crate) fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600).open(path)?.write_all(octets)
}
