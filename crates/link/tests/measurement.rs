//! What the fuzz targets check of measurements, tried again on the inputs that they kept and on any
//! others.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "../fuzz/src/carry.rs"]
mod carry;
#[path = "../fuzz/src/path_mtu.rs"]
mod path_mtu;
#[path = "../fuzz/src/proof.rs"]
mod proof;
#[path = "../fuzz/src/stamp.rs"]
mod stamp;
#[path = "../fuzz/src/train.rs"]
mod train;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

fn replay(corpus: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let kept = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let kept: Vec<_> = kept.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(kept.len() > 10, "the corpus {corpus} is missing");
    kept.iter().for_each(|input| check(input));
}

#[test]
fn kept_packets_are_reflected() {
    replay("stamp_reflector", stamp::stamp_reflector);
}

#[test]
fn kept_sessions_are_played() {
    replay("stamp_session", stamp::stamp_session);
}

#[test]
fn kept_packets_of_trains_are_read() {
    replay("train_packet", train::train_packet);
}

#[test]
fn kept_stamps_are_estimated() {
    replay("train_estimate", train::train_estimate);
}

#[test]
fn kept_confirmations_are_read() {
    replay("carry_confirmation", carry::carry_confirmation);
}

#[test]
fn kept_runs_are_played() {
    replay("carry_run", carry::carry_run);
}

#[test]
fn kept_searches_are_played() {
    replay("path_mtu", path_mtu::path_mtu);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_input_keeps_what_the_targets_check(
        script in prop::collection::vec(any::<u8>(), 0..400)
    ) {
        stamp::stamp_reflector(&script);
        stamp::stamp_session(&script);
        train::train_packet(&script);
        train::train_estimate(&script);
        carry::carry_confirmation(&script);
        carry::carry_run(&script);
        path_mtu::path_mtu(&script);
    }
}
