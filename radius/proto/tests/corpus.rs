//! What the fuzz targets check, tried again on the inputs that they kept and on the wire cases.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;

/// The inputs of a corpus, and the octets of the wire cases.
fn inputs(corpus: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: &Path| -> Vec<Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    };
    let kept = read(&root.join("fuzz/corpus").join(corpus));
    assert!(kept.len() > 10, "the corpus {corpus} is missing");
    let wire = read(&root.join("tests/wire"));
    kept.into_iter().chain(wire.iter().map(|case| octets(case))).collect()
}

/// The octets of a wire case.
fn octets(case: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(case).unwrap();
    let hex = text.split_once("hex:\n").and_then(|(_, rest)| rest.split_once("expect:")).unwrap().0;
    let digits: String = hex.split_whitespace().collect();
    HEXLOWER.decode(digits.as_bytes()).unwrap()
}

fn replay(corpus: &str, check: fn(&[u8])) {
    inputs(corpus).iter().for_each(|input| check(input));
}

#[test]
fn kept_datagrams_are_decoded() {
    replay("decode", targets::decode);
}

#[test]
fn kept_datagrams_are_written_again() {
    replay("decode", targets::encode);
}

#[test]
fn kept_datagrams_are_judged_by_the_rules() {
    replay("server", targets::server);
}

#[test]
fn kept_streams_are_cut_into_packets() {
    replay("radsec", targets::radsec);
}

#[test]
fn kept_dictionaries_are_imported() {
    replay("dictionary", targets::dictionary);
}

#[test]
fn kept_fragments_are_joined() {
    replay("extended", targets::extended);
}
