use super::*;
use crate::pem::certificates;

const PORTAL: &[u8] = include_bytes!("../../tests/data/portal.pem");
const OTHER: &[u8] = include_bytes!("../../tests/data/other.pem");
/// As `openssl ocsp` wrote them; the good one holds from 2026-11-26T07:40:58Z for seven days.
const GOOD: &[u8] = include_bytes!("../../tests/data/good.ocsp");
const REVOKED: &[u8] = include_bytes!("../../tests/data/revoked.ocsp");
const ENDLESS: &[u8] = include_bytes!("../../tests/data/endless.ocsp");
const BEGIN: i64 = 1_795_678_858;
const WEEK: i64 = 7 * 86_400;

fn read(der: &[u8], pem: &[u8]) -> Result<Good, String> {
    let path = Path::new("portal.ocsp");
    let certificate = certificates(path, pem).unwrap().swap_remove(0);
    Good::read(path, der, &certificate).map_err(|error| error.to_string())
}

#[test]
fn a_response_holds_from_its_beginning_until_its_end() {
    let good = read(GOOD, PORTAL).unwrap();
    for (second, holds) in [
        (BEGIN - SKEW_SECS - 1, false),
        (BEGIN - SKEW_SECS, true),
        (BEGIN + WEEK - 1, true),
        (BEGIN + WEEK, false),
    ] {
        let now = Timestamp::from_secs(second);
        assert_eq!(good.holds(now), holds, "{second}");
        assert_eq!(good.validity(Path::new("x"), now).is_ok(), holds, "{second}");
    }
}

#[test]
fn a_response_that_does_not_help_is_refused_with_its_reason() {
    for (der, pem, reason) in [
        (GOOD, OTHER, "another certificate"),
        (REVOKED, OTHER, "revoked"),
        (ENDLESS, PORTAL, "until when"),
        (&[0x30, 3, 0x0a, 1, 6][..], PORTAL, "did not answer"),
        (PORTAL, PORTAL, "no OCSP response"),
        (b"", PORTAL, "no OCSP response"),
    ] {
        let error = read(der, pem).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_response_that_is_cut_or_damaged_anywhere_is_survived() {
    for length in 0..GOOD.len() {
        assert!(read(&GOOD[..length], PORTAL).is_err(), "{length}");
        let mut damaged = GOOD.to_vec();
        damaged[length] ^= 0xff;
        drop(read(&damaged, PORTAL));
    }
}
