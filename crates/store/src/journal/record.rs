//! One record in a segment: a frame ([`crate::frame`]) around a version octet and the record in
//! postcard's encoding.

mod version1;

use domain::AccountingRecord;

use crate::frame::{self, Frame, HEADER, LONGEST};

/// The version of the payload that is written; see [`version1`] for the other that is read.
const VERSION: u8 = 2;
/// Octets within which a record begins and ends wherever one is looked for.
pub(super) const REACH: usize = HEADER + LONGEST;

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

/// Appends a record to `octets`; `false`, and nothing, if it is longer than any packet makes it.
#[must_use]
pub(super) fn encode(record: &AccountingRecord, octets: &mut Vec<u8>) -> bool {
    let start = frame::begin(octets);
    octets.push(VERSION);
    // Writing to memory cannot fail, and the record's types all have an encoding.
    let taken = std::mem::take(octets);
    *octets = postcard::to_extend(record, taken).expect("every record can be encoded");
    frame::finish(octets, start)
}

/// How far the next whole record is from the beginning of `octets`, where none is. The length
/// that stands there is tried first, so that what a visitor's device wrote into a damaged record
/// is not taken for one. `None` if there is no other.
pub(super) fn next_record(octets: &[u8]) -> Option<usize> {
    let is_record =
        |at: usize| octets.get(at..).is_some_and(|rest| matches!(decode(rest), Found::Record(..)));
    if let Found::Damaged(length) = decode(octets)
        && is_record(length)
    {
        return Some(length);
    }
    (1..octets.len()).find(|at| is_record(*at))
}

/// Reads what stands at the beginning of `octets`.
pub(super) fn decode(octets: &[u8]) -> Found {
    let (payload, whole) = match frame::read(octets) {
        Frame::Sound(payload, whole) => (payload, whole),
        Frame::Damaged(whole) => return Found::Damaged(whole),
        Frame::Broken => return Found::Broken,
    };
    let record = match payload.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).ok(),
        Some((1, body)) => version1::decode(body),
        _ => None,
    };
    record.map_or(Found::Damaged(whole), |record| Found::Record(Box::new(record), whole))
}

#[cfg(test)]
mod tests {
    use domain::{AccountingEvent, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn restart(nas: &str, millis: i64) -> AccountingRecord {
        AccountingRecord {
            nas: nas.parse().unwrap(),
            occurred_at: Timestamp::from_millis(millis),
            received_at: Timestamp::from_millis(millis),
            event: AccountingEvent::NasStarted,
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_found_again(nas in "[a-z0-9]{1,40}", millis: i64) {
            let mut octets = Vec::new();
            prop_assert!(encode(&restart(&nas, millis), &mut octets));
            let whole = octets.len();
            prop_assert_eq!(decode(&octets), Found::Record(Box::new(restart(&nas, millis)), whole));
        }

        #[test]
        fn any_octets_are_survived_and_the_record_behind_them_is_found(
            noise in prop::collection::vec(any::<u8>(), 1..200),
        ) {
            let mut octets = noise.clone();
            prop_assert!(encode(&restart("gate", 1), &mut octets));
            if !matches!(decode(&octets), Found::Record(..)) {
                let next = next_record(&octets).unwrap();
                prop_assert!(next <= noise.len());
            }
        }
    }
}
