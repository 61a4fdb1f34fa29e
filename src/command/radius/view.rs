//! A packet that was looked at, as text for people and as JSON for scripts.

use std::fmt;

use data_encoding::HEXLOWER;
use radius_proto::{Content, Finding, Reading};
use serde::Serialize;
use serde_json::{Value, json};

use super::decode::Decoded;

/// A packet in JSON.
#[derive(Debug, Default, Serialize)]
pub struct PacketView {
    code: Option<String>,
    id: Option<u8>,
    length: Option<usize>,
    authenticator: Option<String>,
    attributes: Vec<AttributeView>,
    proofs: Option<ProofsView>,
    error: Option<String>,
}

/// An attribute in JSON.
#[derive(Debug, Serialize)]
struct AttributeView {
    offset: usize,
    number: String,
    name: String,
    tag: Option<u8>,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value,
    value_name: Option<String>,
    flaw: Option<String>,
}

#[derive(Debug, Serialize)]
struct ProofsView {
    message_authenticator: &'static str,
    authenticator: &'static str,
}

impl From<&Decoded<'_>> for PacketView {
    fn from(decoded: &Decoded<'_>) -> Self {
        match decoded {
            Decoded::NoHeader(error) => Self { error: Some(error.to_string()), ..Self::default() },
            Decoded::Packet { packet, readings, proofs, error } => Self {
                code: Some(packet.code().to_string()),
                id: Some(packet.identifier()),
                length: Some(packet.octets()),
                authenticator: Some(HEXLOWER.encode(packet.authenticator().octets())),
                attributes: readings.iter().map(AttributeView::from).collect(),
                proofs: proofs.map(|proofs| ProofsView {
                    message_authenticator: proofs.message_authenticator.as_str(),
                    authenticator: proofs.authenticator.as_str(),
                }),
                error: error.map(|error| error.to_string()),
            },
        }
    }
}

impl From<&Reading> for AttributeView {
    fn from(reading: &Reading) -> Self {
        let (kind, value) = typed(&reading.content);
        let value_name = match &reading.content {
            Content::Number { name, .. } => name.clone(),
            _ => None,
        };
        Self {
            offset: reading.offset,
            number: reading.oid.to_string(),
            name: reading.name.clone(),
            tag: reading.tag.map(|tag| tag.number()),
            kind,
            value,
            value_name,
            flaw: reading.flaw.map(|flaw| flaw.to_string()),
        }
    }
}

/// The name of a type, and the value in JSON; a hidden one is none.
fn typed(content: &Content) -> (&'static str, Value) {
    match content {
        Content::Text(text) => ("text", json!(text)),
        Content::Number { number, .. } => ("number", json!(number)),
        Content::Signed(number) => ("number", json!(number)),
        Content::Time(seconds) => ("time", json!(seconds)),
        Content::Address(_) => ("address", json!(content.to_string())),
        Content::Prefix(..) => ("prefix", json!(content.to_string())),
        Content::Identifier(_) => ("identifier", json!(content.to_string())),
        Content::Octets(octets) => ("octets", json!(HEXLOWER.encode(octets))),
        Content::Hidden(_) => ("hidden", Value::Null),
        Content::Revealed(secret) => match str::from_utf8(secret.octets()) {
            Ok(text) => ("text", json!(text)),
            Err(_) => ("octets", json!(HEXLOWER.encode(secret.octets()))),
        },
    }
}

impl fmt::Display for Decoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (packet, readings, proofs, error) = match self {
            Self::NoHeader(error) => return write!(f, "no packet: {error}"),
            Self::Packet { packet, readings, proofs, error } => (packet, readings, proofs, error),
        };
        write!(f, "{} id {} length {}", packet.code(), packet.identifier(), packet.octets())?;
        write!(f, "\n  authenticator {}", HEXLOWER.encode(packet.authenticator().octets()))?;
        readings.iter().try_for_each(|reading| write!(f, "\n  {reading}"))?;
        if let Some(proofs) = proofs {
            write!(f, "\n  message-authenticator: {}", sentence(proofs.message_authenticator))?;
            write!(f, "\n  authenticator: {}", sentence(proofs.authenticator))?;
        }
        match error {
            Some(error) => write!(f, "\n  malformed: {error}"),
            None => Ok(()),
        }
    }
}

/// What a finding means.
fn sentence(finding: Finding) -> &'static str {
    match finding {
        Finding::Valid => "valid",
        Finding::Wrong => "INVALID: another secret, or an altered packet",
        Finding::Malformed => "INVALID: more than one, or not sixteen octets",
        Finding::Absent => "absent",
        Finding::Random => "random, proves nothing",
        Finding::NeedsRequest => "not checked: give the request that this answers with --request",
    }
}
