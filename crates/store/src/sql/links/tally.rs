//! What a path did, in the octets of a column: a version, then the counts and classes as they are
//! packed. A busy path has some hundred octets.

use link::report::{OneSecond, Tally};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StoreError;

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Packed {
    watched: u32,
    alive: u32,
    carried: u32,
    sent: u32,
    lost: u32,
    lost_there: u32,
    lost_back: u32,
    ends: Option<(u64, u64)>,
    classes: Vec<(u16, u64)>,
    jitter_us: u64,
}

/// A tally as a column.
pub(super) fn column(tally: &Tally) -> Vec<u8> {
    postcard::to_extend(&Packed::from(tally), vec![VERSION]).expect("numbers have a form in octets")
}

/// The seconds of a span as a column.
pub(super) fn seconds_column(seconds: &[OneSecond]) -> Vec<u8> {
    let packed = seconds.iter().map(|of| (of.place, Packed::from(&of.tally)));
    let packed: Vec<(u8, Packed)> = packed.collect();
    postcard::to_extend(&packed, vec![VERSION]).expect("numbers have a form in octets")
}

/// A tally from its column.
pub(super) fn read(octets: &[u8]) -> Result<Tally, StoreError> {
    unpack::<Packed>(octets, "tally").map(Tally::from)
}

/// Seconds from theirs.
pub(super) fn read_seconds(octets: &[u8]) -> Result<Vec<OneSecond>, StoreError> {
    let packed = unpack::<Vec<(u8, Packed)>>(octets, "seconds")?.into_iter();
    Ok(packed.map(|(place, of)| OneSecond { place, tally: of.into() }).collect())
}

fn unpack<T: DeserializeOwned>(octets: &[u8], what: &'static str) -> Result<T, StoreError> {
    let corrupt = || StoreError::Corrupt { what };
    let (version, packed) = octets.split_first().ok_or_else(corrupt)?;
    if *version != VERSION {
        return Err(corrupt());
    }
    postcard::from_bytes(packed).map_err(|_| corrupt())
}

impl From<&Tally> for Packed {
    fn from(tally: &Tally) -> Self {
        Self {
            watched: tally.watched,
            alive: tally.alive,
            carried: tally.carried,
            sent: tally.sent,
            lost: tally.lost,
            lost_there: tally.lost_there,
            lost_back: tally.lost_back,
            ends: tally.least_us.zip(tally.most_us),
            classes: tally.classes.clone(),
            jitter_us: tally.jitter_us,
        }
    }
}

impl From<Packed> for Tally {
    fn from(packed: Packed) -> Self {
        let (least_us, most_us) = packed.ends.unzip();
        Self {
            watched: packed.watched,
            alive: packed.alive,
            carried: packed.carried,
            sent: packed.sent,
            lost: packed.lost,
            lost_there: packed.lost_there,
            lost_back: packed.lost_back,
            least_us,
            most_us,
            classes: packed.classes,
            jitter_us: packed.jitter_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_read_as_it_was_packed_and_is_small() {
        let tally = Tally {
            watched: 10,
            alive: 9,
            carried: 8,
            sent: 50,
            lost: 3,
            lost_there: 2,
            lost_back: 1,
            least_us: Some(1_000),
            most_us: Some(3_600_000_000),
            classes: vec![(0, 1), (111, 40), (458, 6)],
            jitter_us: 70,
        };
        let octets = column(&tally);
        assert!(octets.len() < 40, "{}", octets.len());
        assert_eq!(read(&octets).unwrap(), tally);
        assert_eq!(read(&column(&Tally::default())).unwrap(), Tally::default());
        assert!(read(&[]).is_err() && read(&[2, 0]).is_err() && read(&octets[..9]).is_err());
    }
}
