//! What the fuzz targets check, tried again on the inputs that they kept and on any others.

#[path = "../../fuzz/src/bfd.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::authentication::{METICULOUS, PASSWORD, SHA1};
use crate::wire::{UP, WRONG, octets};

fn kept(corpus: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let kept = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let kept: Vec<_> = kept.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(kept.len() > 10, "the corpus {corpus} is missing");
    kept
}

#[test]
fn kept_packets_are_read_and_written_again() {
    let known = WRONG.iter().map(|(_, hex, _)| *hex).chain([UP, PASSWORD, SHA1, METICULOUS]);
    let known = known.map(octets);
    kept("bfd_packet").into_iter().chain(known).for_each(|input| targets::bfd_packet(&input));
}

#[test]
fn kept_scripts_are_played() {
    kept("bfd_session").iter().for_each(|input| targets::bfd_session(input));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_session_keeps_its_invariants_whatever_happens(
        script in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        targets::bfd_session(&script);
    }
}
