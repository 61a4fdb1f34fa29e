//! One record in a segment: length and CRC-32C of the payload (4 octets each, little-endian),
//! then the payload: a version octet and the record in postcard's encoding.

use domain::AccountingRecord;

/// Octets before the payload.
pub(super) const HEADER: usize = 8;
/// The only version of the payload so far.
const VERSION: u8 = 1;
/// No payload is longer; what claims to be is damage.
const LONGEST: usize = 64 * 1024;

/// What stands at some place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, and how many octets it takes.
    Record(Box<AccountingRecord>, usize),
    /// A damaged record whose length can still be believed.
    Damaged(usize),
    /// The beginning of a record whose rest is missing, or a length that no record has.
    Broken,
}

/// Appends a record to `octets`.
pub(super) fn encode(record: &AccountingRecord, octets: &mut Vec<u8>) {
    let start = octets.len();
    octets.extend([0; HEADER]);
    octets.push(VERSION);
    // Writing to memory cannot fail, and the record's types all have an encoding.
    let taken = std::mem::take(octets);
    *octets = postcard::to_extend(record, taken).expect("every record can be encoded");
    let payload = start + HEADER;
    let length = u32::try_from(octets.len() - payload).expect("a record is shorter than a packet");
    let checksum = crc32c::crc32c(&octets[payload..]);
    octets[start..start + 4].copy_from_slice(&length.to_le_bytes());
    octets[start + 4..payload].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads what stands at the beginning of `octets`, which is not empty.
pub(super) fn decode(octets: &[u8]) -> Found {
    let Some((length, rest)) = octets.split_first_chunk::<4>() else { return Found::Broken };
    let Some((checksum, rest)) = rest.split_first_chunk::<4>() else { return Found::Broken };
    let Ok(length) = usize::try_from(u32::from_le_bytes(*length)) else { return Found::Broken };
    let Some(payload) = rest.get(..length).filter(|_| (1..=LONGEST).contains(&length)) else {
        return Found::Broken;
    };
    let whole = HEADER + length;
    if crc32c::crc32c(payload) != u32::from_le_bytes(*checksum) {
        return Found::Damaged(whole);
    }
    let Some((&VERSION, body)) = payload.split_first() else { return Found::Damaged(whole) };
    match postcard::from_bytes(body) {
        Ok(record) => Found::Record(Box::new(record), whole),
        Err(_) => Found::Damaged(whole),
    }
}
