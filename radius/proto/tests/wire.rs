//! Every wire case: decoded as its file says, written again octet for octet, signed as its peer did.
//!
//! A case names its source, its octets in hex, what they decode to (`error:` or the dump), and
//! where it is signed the secret and, for a reply, the case of its request. The examples of
//! RFC 2865 s7 among them also give up their passwords and CHAP answers.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, str};

use data_encoding::HEXLOWER;
use radius_proto::authenticator::{verify_reply, verify_request};
use radius_proto::chap::{self, ChapAnswer};
use radius_proto::{
    Code, Dictionary, Packet, PacketBuilder, Secrecy, SharedSecret, attribute,
    message_authenticator, user_password,
};

#[derive(Default)]
struct Case {
    octets: Vec<u8>,
    expected: String,
    secret: Option<SharedSecret>,
    request: Option<String>,
}

fn cases() -> BTreeMap<String, Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let cases: BTreeMap<_, _> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let case = read(&fs::read_to_string(&path).unwrap());
            (name, case)
        })
        .collect();
    assert!(cases.len() > 20, "the wire cases are missing");
    cases
}

fn read(text: &str) -> Case {
    let mut case = Case::default();
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(content) = line.strip_prefix("  ") {
            match section {
                "hex" => case.octets.extend(hex(content)),
                "expect" => case.expected.push_str(&format!("{content}\n")),
                other => panic!("indented line in section {other:?}"),
            }
            continue;
        }
        let (key, value) = line.split_once(':').unwrap();
        match key {
            "source" => {}
            "secret" => case.secret = Some(SharedSecret::new(value.trim()).unwrap()),
            "request" => case.request = Some(value.trim().to_owned()),
            "hex" | "expect" => section = key,
            other => panic!("unknown key {other:?}"),
        }
    }
    case
}

fn hex(line: &str) -> Vec<u8> {
    HEXLOWER.decode(line.replace(' ', "").as_bytes()).unwrap()
}

#[test]
fn every_case_decodes_as_its_file_says() {
    for (name, case) in cases() {
        let decoded = match Packet::parse(&case.octets) {
            Ok(packet) => format!("{}\n", packet.dump()),
            Err(error) => format!("error: {error}\n"),
        };
        assert_eq!(decoded, case.expected, "{name}");
    }
}

#[test]
fn every_signed_case_proves_its_secret_and_no_other() {
    let cases = cases();
    let wrong = SharedSecret::new("xyzzy5462").unwrap();
    for (name, case) in &cases {
        let Some(secret) = &case.secret else { continue };
        let packet = Packet::parse(&case.octets).unwrap();
        let check = |secret| match &case.request {
            Some(request) => {
                let request = Packet::parse(&cases[request].octets).unwrap().authenticator();
                verify_reply(&packet, request, secret).is_ok()
                    && message_authenticator::verify_reply(&packet, request, secret).is_ok()
            }
            None => verify_request(&packet, secret).is_ok(),
        };
        let random = packet.code() == Code::AccessRequest;
        assert_eq!(check(secret), !random, "{name}");
        assert!(!check(&wrong), "{name}");
    }
}

#[test]
fn every_case_is_written_again_octet_for_octet() {
    let cases = cases();
    for (name, case) in &cases {
        let Ok(packet) = Packet::parse(&case.octets) else { continue };
        let Some(mut builder) = builder(&packet, case, &cases) else { continue };
        let secret = case.secret.clone().unwrap_or(SharedSecret::new("unsigned").unwrap());
        builder.identifier(packet.identifier());
        if packet.find(attribute::MESSAGE_AUTHENTICATOR).is_none() {
            builder.omit_message_authenticator();
        }
        for found in packet.attributes() {
            if found.kind != attribute::MESSAGE_AUTHENTICATOR {
                builder.octets(found.kind, found.value.octets());
            }
        }
        let written = builder.sign(&secret).unwrap();
        assert_eq!(written[..], case.octets[..packet.octets()], "{name}");
    }
}

/// A builder for a packet like the one received; none for a code we never send and for a reply
/// whose request is not among the cases.
fn builder(
    packet: &Packet<'_>,
    case: &Case,
    cases: &BTreeMap<String, Case>,
) -> Option<PacketBuilder> {
    match packet.code() {
        Code::AccessRequest => Some(PacketBuilder::access_request(packet.authenticator())),
        Code::AccountingRequest => Some(PacketBuilder::accounting_request()),
        Code::DisconnectRequest => Some(PacketBuilder::disconnect_request()),
        Code::CoaRequest => Some(PacketBuilder::coa_request()),
        code => {
            let request = &cases[case.request.as_ref()?].octets;
            Some(PacketBuilder::reply_to(&Packet::parse(request).unwrap(), code))
        }
    }
}

#[test]
fn the_passwords_of_nemo_and_mopsy_are_revealed_and_hidden_again() {
    let cases = cases();
    let check = |name: &str, password: &[u8]| {
        let request = Packet::parse(&cases[name].octets).unwrap();
        let secret = cases[name].secret.as_ref().unwrap();
        let hidden = request.octets_of(attribute::USER_PASSWORD).unwrap();
        let revealed = user_password::reveal(hidden, request.authenticator(), secret).unwrap();
        assert!(revealed.matches(password), "{name}");
        assert!(!revealed.matches(b"arctangens"), "{name}");
        let again = user_password::hide(password, request.authenticator(), secret).unwrap();
        assert_eq!(again, hidden, "{name}");
    };
    check("rfc2865-7-1-access-request", b"arctangent");
    check("rfc2865-7-3-access-request", b"challenge");
}

#[test]
fn the_chap_answer_of_flopsy_matches_her_password() {
    let cases = cases();
    let request = Packet::parse(&cases["rfc2865-7-2-access-request"].octets).unwrap();
    let answer = ChapAnswer::from_request(&request).unwrap();
    assert!(answer.matches(b"arctangent"));
    assert!(!answer.matches(b"arctangens"));
    let challenge = request.authenticator();
    let value = chap::respond(22, b"arctangent", challenge.octets());
    assert_eq!(request.octets_of(attribute::CHAP_PASSWORD), Some(&value[..]));
}

#[test]
fn values_behind_a_salt_are_revealed_by_the_request_and_the_secret() {
    let cases = cases();
    let secret = cases["salted"].secret.as_ref().unwrap();
    let request = Packet::parse(&cases["salted-request"].octets).unwrap().authenticator();
    let reply = Packet::parse(&cases["salted"].octets).unwrap();
    let secrecy = Secrecy::Revealed { secret, request };
    let shown: Vec<_> = reply
        .readings(&Dictionary::default(), secrecy)
        .iter()
        .skip(1)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "Tunnel-Password:1 = \"psk of the day\"",
            "MS-MPPE-Send-Key = \
         0x808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            "MS-MPPE-Recv-Key = \
         0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
            "Tunnel-Password:2 = 0x800473686f7274 \
         (the hidden value has 7 octets, not 2 and some times 16)",
        ]
    );
}
