//! What a path did, in the octets of a column: a version, then the counts and classes as they are
//! packed. A busy path has some hundred octets.

use link::report::Tally;
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
    let packed = Packed {
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
    };
    postcard::to_extend(&packed, vec![VERSION]).expect("numbers have a form in octets")
}

/// A tally from its column.
pub(super) fn read(octets: &[u8]) -> Result<Tally, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "tally" };
    let (version, packed) = octets.split_first().ok_or_else(corrupt)?;
    if *version != VERSION {
        return Err(corrupt());
    }
    let Packed {
        watched,
        alive,
        carried,
        sent,
        lost,
        lost_there,
        lost_back,
        ends,
        classes,
        jitter_us,
    } = postcard::from_bytes(packed).map_err(|_| corrupt())?;
    let (least_us, most_us) = ends.unzip();
    Ok(Tally {
        watched,
        alive,
        carried,
        sent,
        lost,
        lost_there,
        lost_back,
        least_us,
        most_us,
        classes,
        jitter_us,
    })
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
