//! The dictionaries that Debian's FreeRADIUS brings: all of them are understood, and they agree
//! with the table of this crate about numbers, names and types.
//!
//! They come with the package freeradius-common, which radclient brings along.

use std::fs;
use std::path::{Path, PathBuf};

use radius_proto::dictionary::import::{Import, Reason, import};
use radius_proto::dictionary::{Kind, entries};

const FOLDER: &str = "/usr/share/freeradius";

fn imported(files: &[PathBuf]) -> Import {
    let load = &mut |path: &Path| fs::read(path).map(|text| String::from_utf8_lossy(&text).into());
    import(files, load).unwrap_or_else(|error| panic!("is freeradius-common installed? {error}"))
}

fn everything() -> Import {
    imported(&[Path::new(FOLDER).join("dictionary")])
}

#[test]
fn the_whole_collection_is_understood() {
    let Import { dictionary, ignored } = everything();
    let found = [
        dictionary.brought_vendors(),
        dictionary.brought_attributes(),
        dictionary.brought_values(),
    ];
    let [vendors, attributes, values] = found;
    assert!(vendors > 150 && attributes > 6_000 && values > 7_000, "{found:?}");
    for ignored in &ignored {
        let is_expected = match &ignored.reason {
            Reason::NotInPackets | Reason::ValueOfUnknown | Reason::OptionalFile => true,
            Reason::Flag(flag) => ["array", "virtual"].contains(&flag.as_str()),
            Reason::Keyword(_) | Reason::Type(_) | Reason::NotEnded(_) => false,
        };
        assert!(is_expected, "{}: {}", ignored.place, ignored.reason);
    }
}

#[test]
fn every_single_file_is_understood_after_the_collection() {
    let mut files = vec![Path::new(FOLDER).join("dictionary")];
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        files.extend(name.starts_with("dictionary.").then_some(path));
    }
    assert!(files.len() > 200, "{} files", files.len());
    assert!(imported(&files).dictionary.brought_attributes() > 6_000);
}

/// CoovaChilli's own, which the collection does not have.
const OURS_ALONE: &[&str] = &[
    "ChilliSpot-Max-Input-Gigawords",
    "ChilliSpot-Max-Output-Gigawords",
    "ChilliSpot-Max-Total-Gigawords",
];

/// Numbers that the collection reads as another type: RFC 2865 s5.23 says four octets, and WISPr
/// 1.0 says integer.
const OTHER_TYPES: &[&str] = &["Framed-IPX-Network", "WISPr-Session-Terminate-End-Of-Day"];

/// How many octets a type has, and whether they are a number; what names and secrecy add to a
/// type does not count.
fn shape(kind: Kind) -> Kind {
    match kind {
        Kind::Enumerated(_) => Kind::Integer,
        Kind::Secret | Kind::Text => Kind::Octets,
        kind => kind,
    }
}

#[test]
fn our_table_agrees_about_numbers_names_and_types() {
    // Names of RFC 5090 are in a file apart, for they replace older ones of another meaning.
    let files = ["dictionary", "dictionary.rfc5090"].map(|name| Path::new(FOLDER).join(name));
    let dictionary = imported(&files).dictionary;
    let mut differences = Vec::new();
    for entry in entries().filter(|entry| !OURS_ALONE.contains(&entry.name)) {
        let oid = entry.id.oid();
        let theirs = dictionary.brought().find(|(brought, _)| **brought == oid);
        let Some((_, theirs)) = theirs else {
            differences.push(format!("{oid} {} is ours alone", entry.name));
            continue;
        };
        let same_name = theirs.name.eq_ignore_ascii_case(entry.name);
        let same_type =
            shape(theirs.kind) == shape(entry.kind) || OTHER_TYPES.contains(&entry.name);
        if !same_name || !same_type {
            differences.push(format!("{oid}: {entry:?}, theirs {theirs:?}"));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
