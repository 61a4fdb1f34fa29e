use proptest::prelude::*;

use super::*;
use crate::dictionary::{Definition, VendorFormat};

/// Imports `main` from files given as name and text.
fn imported(files: &[(&str, &str)]) -> Result<Import, ImportError> {
    let mut load = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or(io::ErrorKind::NotFound.into())
    };
    import(&[PathBuf::from("main")], &mut load)
}

fn one_file(text: &str) -> Import {
    imported(&[("main", text)]).unwrap()
}

/// Checks what one file defines for a number.
fn check(text: &str, oid: &[u32], name: &str, kind: Kind, coding: Coding) {
    let oid = Oid::new(oid).unwrap();
    let import = one_file(text);
    let expected = Definition { name, kind, coding };
    assert_eq!(import.dictionary.definition(&oid), Some(expected), "{text}");
}

const ACME: &str = "VENDOR Acme 4242\nBEGIN-VENDOR Acme\n";

#[test]
fn attributes_stand_at_the_root_in_vendors_and_in_attributes() {
    use Coding::Plain;
    let vendor = |line: &str| format!("{ACME}{line}\nEND-VENDOR Acme\n");
    check("ATTRIBUTE Our-Own 200 string", &[200], "Our-Own", Kind::Text, Plain);
    check(
        &vendor("ATTRIBUTE Acme-Rate 0x10 integer # kbit/s"),
        &[26, 4242, 16],
        "Acme-Rate",
        Kind::Integer,
        Plain,
    );
    check(
        &vendor("ATTRIBUTE Acme-Box 2 tlv\nATTRIBUTE Acme-Lid 2.3 byte"),
        &[26, 4242, 2, 3],
        "Acme-Lid",
        Kind::Byte,
        Plain,
    );
    check(
        &vendor(
            "ATTRIBUTE Acme-Box 2 tlv\nBEGIN-TLV Acme-Box\nATTRIBUTE Acme-Lid 010 ether\nEND-TLV Acme-Box",
        ),
        &[26, 4242, 2, 8],
        "Acme-Lid",
        Kind::Ethernet,
        Plain,
    );
    check(
        "VENDOR Acme 4242\nBEGIN-VENDOR Acme format=Extended-Vendor-Specific-5\nattribute Acme-Long 7 octets\n",
        &[245, 26, 4242, 7],
        "Acme-Long",
        Kind::Octets,
        Plain,
    );
    check("ATTRIBUTE Ours 241.200 date", &[241, 200], "Ours", Kind::Time, Plain);
}

#[test]
fn flags_tell_what_stands_around_a_value() {
    let check = |flags: &str, expected: Coding| {
        let text = format!("ATTRIBUTE Our-Own 200 string {flags}");
        check(&text, &[200], "Our-Own", Kind::Text, expected);
    };
    check("", Coding::Plain);
    check("has_tag", Coding::Tagged);
    check("encrypt=1", Coding::UserPassword);
    check("encrypt=2", Coding::Salted);
    check("has_tag,encrypt=2", Coding::TaggedSalted);
    check("encrypt=2,has_tag", Coding::TaggedSalted);
    check("encrypt=3", Coding::Opaque);
    check("concat", Coding::Concatenated);
}

#[test]
fn a_file_cannot_make_a_password_visible() {
    let import = one_file(
        "ATTRIBUTE Seen 3 string\nVENDOR MS 311\nBEGIN-VENDOR MS\nATTRIBUTE Key 16 string\n",
    );
    for parts in [&[3][..], &[26, 311, 16]] {
        let definition = import.dictionary.definition(&Oid::new(parts).unwrap()).unwrap();
        assert_eq!(definition.kind, Kind::Secret);
    }
}

#[test]
fn values_name_numbers_of_attributes_before_and_after_them() {
    let import = one_file(
        "VALUE Our-Own Gold 0x2\nATTRIBUTE Our-Own 200 integer\nVALUE Our-Own Silver 1\n\
         VALUE Acct-Status-Type Paused 77\nVALUE Nobodys Bronze 3\n",
    );
    let name = |oid: u32, number| {
        let oid = Oid::new([oid]).unwrap();
        import.dictionary.value_name(&oid, number).map(str::to_owned)
    };
    assert_eq!(name(200, 2).as_deref(), Some("Gold"));
    assert_eq!(name(200, 1).as_deref(), Some("Silver"));
    assert_eq!(name(40, 77).as_deref(), Some("Paused"));
    assert_eq!(name(40, 1).as_deref(), Some("Start"));
    assert_eq!(name(200, 3), None);
    assert_eq!(import.ignored.len(), 1);
    assert_eq!(import.ignored[0].reason, Reason::ValueOfUnknown);
    assert_eq!(import.ignored[0].place.to_string(), "main:5");
    assert_eq!(import.dictionary.brought_values(), 3);
}

#[test]
fn a_vendor_may_have_its_own_format() {
    let format = |text: &str| {
        let import = one_file(text);
        import.dictionary.format(VendorId(4242))
    };
    assert_eq!(format("VENDOR Acme 4242"), VendorFormat::RECOMMENDED);
    assert_eq!(format("VENDOR Acme 4242 format=2,1"), VendorFormat::new(2, 1).unwrap());
    assert_eq!(
        format("VENDOR Acme 4242 format=1,1,c"),
        VendorFormat::RECOMMENDED.with_continuation()
    );
}

#[test]
fn included_files_are_read_from_the_folder_of_the_one_that_names_them() {
    let import = imported(&[
        ("main", "$INCLUDE sub/one\n$INCLUDE- sub/none\n"),
        ("sub/one", "$INCLUDE two\n"),
        ("sub/two", "ATTRIBUTE Our-Own 200 string\n"),
    ])
    .unwrap();
    assert_eq!(import.dictionary.brought_attributes(), 1);
    assert_eq!(import.ignored[0].reason, Reason::OptionalFile);
}

#[test]
fn what_has_no_meaning_here_is_told() {
    let check = |text: &str, expected: Reason| {
        let import = one_file(text);
        let reasons: Vec<_> = import.ignored.into_iter().map(|ignored| ignored.reason).collect();
        assert_eq!(reasons, [expected], "{text}");
    };
    check("PROTOCOL RADIUS 1", Reason::Keyword("PROTOCOL".to_owned()));
    check("ATTRIBUTE Internal 1000 string", Reason::NotInPackets);
    check("ATTRIBUTE Odd 200 float32", Reason::Type("float32".to_owned()));
    check("ATTRIBUTE Odd 200 string virtual", Reason::Flag("virtual".to_owned()));
    check(ACME, Reason::NotEnded("Acme".to_owned()));
}

#[test]
fn a_line_that_cannot_be_stops_the_import_with_its_place() {
    let check = |files: &[(&str, &str)], expected: &str| {
        assert_eq!(imported(files).unwrap_err().to_string(), expected);
    };
    check(&[("main", "\nATTRIBUTE A 1")], "main:2: ATTRIBUTE needs a name, a number and a type");
    check(&[("main", "ATTRIBUTE A x string")], "main:1: \"x\" is no number that fits here");
    check(
        &[("main", "ATTRIBUTE A 4294967296 string")],
        "main:1: \"4294967296\" is no number that fits here",
    );
    check(&[("main", "VALUE A B 0x")], "main:1: \"0x\" is no number that fits here");
    check(&[("main", "VENDOR A 1 format=3,1")], "main:1: \"3,1\" is no format of a vendor");
    check(&[("main", "BEGIN-VENDOR A")], "main:1: the vendor A is not known yet");
    check(&[("main", "BEGIN-TLV A")], "main:1: the attribute A is not known yet");
    check(&[("main", "END-VENDOR A")], "main:1: A is ended, but was not begun");
    check(&[("main", "$INCLUDE a"), ("a", "VENDOR")], "a:1: VENDOR needs a name and a number");
    check(&[("main", "\n$INCLUDE a")], "main:2: cannot read a: entity not found");
    check(&[], "main:0: cannot read main: entity not found");
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let error = imported(&[("main", "$INCLUDE main\n")]).unwrap_err();
    assert!(matches!(error.problem, Problem::TooDeep), "{error}");
    let twice = "$INCLUDE- none\n".repeat(MAX_FILES);
    let error = imported(&[("main", &twice)]).unwrap_err();
    assert!(matches!(error.problem, Problem::TooMuch), "{error}");
    let long = "\n".repeat(MAX_LINES + 1);
    let error = imported(&[("main", &long)]).unwrap_err();
    assert!(matches!(error.problem, Problem::TooMuch), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        _ = imported(&[("main", &text)]);
    }

    #[test]
    fn nearly_right_lines_are_read_without_panic(
        lines in proptest::collection::vec(
            "(VENDOR|BEGIN-VENDOR|END-VENDOR|ATTRIBUTE|VALUE|BEGIN-TLV|END-TLV|[$]INCLUDE)( (A|B|1|0x|300|1[.]2|string|tlv|main|format=2,1)){0,4}", 0..20),
    ) {
        _ = imported(&[("main", &lines.join("\n"))]);
    }
}
