//! What must hold for any input, one function for each fuzz target.
//!
//! `cargo fuzz run TARGET` looks for inputs that break one; the inputs that it kept, and the wire
//! cases, are tried again by an ordinary test (`tests/corpus.rs` of the crate above).

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use radius_proto::dictionary::import::import;
use radius_proto::duplicates::{Disposition, DuplicateLimits};
use radius_proto::message_authenticator::Presence;
use radius_proto::radsec::{
    Connection, Event, Frames, Limits as ConnectionLimits, Version, WrongLength,
};
use radius_proto::secret::Secrets;
use radius_proto::server::{ClientView, Datagram, Role, Server, Verdict};
use radius_proto::{
    AttributeId, AttributeType, Authenticator, Code, Dictionary, DropReason, ExtendedSpace, Packet,
    PacketBuilder, Secrecy, SharedSecret, attribute,
};

/// The header of a packet, in octets.
const HEADER_OCTETS: usize = 20;

/// What a server remembers.
const LIMITS: DuplicateLimits =
    DuplicateLimits { retention: Duration::from_secs(10), max_entries: NonZeroUsize::MIN };

fn secret() -> SharedSecret {
    SharedSecret::new("xyzzy5461").expect("it is not empty")
}

/// Any datagram is read without panic, and what is read covers it.
pub fn decode(datagram: &[u8]) {
    let whole = Packet::parse(datagram);
    let sound = Packet::parse_sound_part(datagram);
    let Some((packet, error)) = sound else {
        assert!(whole.is_err());
        return;
    };
    assert_eq!(whole.err(), error);
    let covered: usize = packet.attributes().map(|found| found.value.octets().len() + 2).sum();
    assert_eq!(covered, packet.octets() - HEADER_OCTETS);
    let secret = secret();
    let revealed = Secrecy::Revealed { secret: &secret, request: packet.authenticator() };
    for secrecy in [Secrecy::Kept, revealed] {
        for reading in packet.readings(&Dictionary::default(), secrecy) {
            assert!(!reading.to_string().is_empty());
            assert!(reading.offset < packet.octets());
        }
    }
}

/// What was read is written again octet for octet, and vendors' and extended values mean the same
/// after they were written again by themselves.
pub fn encode(datagram: &[u8]) {
    let Ok(packet) = Packet::parse(datagram) else { return };
    let attributes = packet.attributes().map(|found| (found.kind, found.value.octets()));
    let written = write(&packet, |again| {
        attributes.for_each(|(kind, value)| _ = again.octets(kind, value));
    });
    assert_eq!(written.get(HEADER_OCTETS..), datagram.get(HEADER_OCTETS..packet.octets()));

    let vendors: Vec<_> = packet.vendor_attributes().take(50).collect();
    let written = write(&packet, |again| {
        vendors.iter().for_each(|found| _ = again.vendor_octets(found.id, found.value.octets()));
    });
    if let Ok(again) = Packet::parse(&written) {
        assert!(again.vendor_attributes().eq(vendors));
    }

    let extended: Vec<_> = packet.extended_attributes().take(50).collect();
    let written = write(&packet, |again| {
        extended.iter().for_each(|found| match found.id {
            AttributeId::Extended(id) => _ = again.extended(id, &found.octets),
            AttributeId::ExtendedVendor(id) => _ = again.extended_vendor(id, &found.octets),
            AttributeId::Standard(_) | AttributeId::Vendor(_) => {
                panic!("{} is not extended", found.id)
            }
        });
    });
    if let Ok(again) = Packet::parse(&written) {
        assert!(again.extended_attributes().eq(extended));
    }
}

/// A packet with the header of another; empty if it does not fit.
fn write(like: &Packet<'_>, fill: impl FnOnce(&mut PacketBuilder)) -> Vec<u8> {
    let mut builder = PacketBuilder::access_request(like.authenticator());
    builder.omit_message_authenticator();
    fill(&mut builder);
    builder.sign(&secret()).map_or_else(|_| Vec::new(), |octets| octets.to_vec())
}

/// The server processes nothing that its rules forbid, each request once, and resends its answer.
/// The first octet chooses the socket, the client's rules, and whether the datagram is signed.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn server(input: &[u8]) {
    let Some((&choice, datagram)) = input.split_first() else { return };
    let chosen = |bit: u8| choice & (1 << bit) != 0;
    let signed = if chosen(0) { sign(datagram) } else { datagram.to_vec() };
    let secrets = Secrets::new(secret());
    let client = ClientView {
        secrets: &secrets,
        require_message_authenticator: chosen(1),
        limit_proxy_state: chosen(2),
    };
    let role = if chosen(3) { Role::Accounting } else { Role::Authentication };
    let mut server = Server::new(role, LIMITS);
    let datagram = Datagram { source: SocketAddr::from(([192, 0, 2, 1], 1024)), octets: &signed };
    let now = Instant::now();
    let unknown = server.receive(datagram, None, now);
    assert!(matches!(unknown, Verdict::Drop(DropReason::UnknownClient)));
    let Verdict::Process(request) = server.receive(datagram, Some(client), now) else { return };
    let has = |kind: AttributeType| request.packet.find(kind).is_some();
    let needs_proof = client.require_message_authenticator
        || has(attribute::EAP_MESSAGE)
        || client.limit_proxy_state && has(attribute::PROXY_STATE);
    if request.packet.code() == Code::AccessRequest && needs_proof {
        assert_eq!(request.message_authenticator, Presence::Verified);
    }
    let again = server.receive(datagram, Some(client), now);
    assert!(matches!(again, Verdict::Drop(DropReason::DuplicateInProgress)));
    let code = if chosen(3) { Code::AccountingResponse } else { Code::AccessReject };
    let Ok(reply) = request.reply(code).sign(request.secret) else { return };
    assert_eq!(server.answered(request.ticket, &reply, now), Disposition::Send);
    match server.receive(datagram, Some(client), now) {
        Verdict::Resend(stored) => assert_eq!(stored[..], reply[..]),
        other => panic!("a retransmission gets {other:?}"),
    }
}

/// A stream is cut into the same packets however it arrives, and a connection makes of it no more
/// than its packets; it asks something itself, so that answers are read too. The first octet
/// chooses the version and how many octets arrive at a time.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn radsec(input: &[u8]) {
    let Some((&choice, stream)) = input.split_first() else { return };
    let at_a_time = usize::from(choice >> 1) + 1;
    let (whole, end) = frames(stream.chunks(stream.len().max(1)));
    assert_eq!(frames(stream.chunks(at_a_time)), (whole.clone(), end));
    assert!(stream.starts_with(&whole.concat()));
    assert!(whole.iter().all(|frame| (HEADER_OCTETS..=4_096).contains(&frame.len())));

    let now = Instant::now();
    let peer = SocketAddr::from(([192, 0, 2, 1], 1024));
    let version = if choice & 1 == 0 { Version::Historic } else { Version::Tokens };
    let limits = ConnectionLimits { idle: Duration::from_secs(60), watch: Duration::from_secs(30) };
    let mut connection = Connection::new(version, peer, limits, now);
    connection.ask(PacketBuilder::disconnect_request(), now, now).expect("there is room for one");
    let mut packets = 0;
    for octets in stream.chunks(at_a_time) {
        connection.push(octets);
        loop {
            match connection.next(now) {
                Ok(Some(event)) => {
                    packets += 1;
                    if let Event::Request { octets, ticket, .. } = event {
                        assert!(Packet::parse(&octets).is_ok());
                        connection.release(ticket);
                    }
                }
                Ok(None) => break,
                Err(_) => return assert!(packets <= whole.len()),
            }
        }
    }
    assert_eq!(packets, whole.len());
}

/// The packets of a stream that arrives so, and whether it ends in a wrong length.
fn frames<'s>(arriving: impl Iterator<Item = &'s [u8]>) -> (Vec<Vec<u8>>, Option<WrongLength>) {
    let (mut stream, mut cut) = (Frames::default(), Vec::new());
    for octets in arriving {
        stream.push(octets);
        loop {
            match stream.take() {
                Ok(Some(frame)) => cut.push(frame.to_vec()),
                Ok(None) => break,
                Err(wrong) => return (cut, Some(wrong)),
            }
        }
    }
    (cut, None)
}

/// The attributes of a datagram in a packet of its kind that proves the secret.
fn sign(datagram: &[u8]) -> Vec<u8> {
    let Some((packet, _)) = Packet::parse_sound_part(datagram) else { return Vec::new() };
    let mut builder = match packet.code() {
        Code::AccountingRequest => PacketBuilder::accounting_request(),
        Code::StatusServer => PacketBuilder::status_server(packet.authenticator()),
        _ => PacketBuilder::access_request(packet.authenticator()),
    };
    builder.identifier(packet.identifier());
    for found in packet.attributes() {
        builder.octets(found.kind, found.value.octets());
    }
    builder.sign(&secret()).map_or_else(|_| Vec::new(), |octets| octets.to_vec())
}

/// Any text is imported or refused with a place, also if it includes itself.
pub fn dictionary(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut load = |file: &Path| match file.to_str() {
        Some("self") => Ok(text.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    match import(&[PathBuf::from("self")], &mut load) {
        Ok(import) => {
            for (oid, definition) in import.dictionary.brought() {
                assert!(!oid.to_string().is_empty() && !definition.name.is_empty());
            }
        }
        Err(error) => assert!(error.to_string().starts_with("self:"), "{error}"),
    }
}

/// Fragments are joined as by a model that follows RFC 6929 s2 to the letter. The input is a row
/// of kinds (241 and on), lengths and values.
pub fn extended(input: &[u8]) {
    let mut attributes: Vec<(u8, &[u8])> = Vec::new();
    let mut rest = input;
    while let [kind, length, following @ ..] = rest
        && attributes.len() < 150
    {
        let (value, following) =
            following.split_at_checked(usize::from(length % 24)).unwrap_or((following, &[]));
        attributes.push((240 + kind % 8, value));
        rest = following;
    }
    let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
    builder.omit_message_authenticator();
    for (kind, value) in &attributes {
        builder.octets(AttributeType(*kind), value);
    }
    let Ok(octets) = builder.sign(&secret()) else { return };
    let Ok(packet) = Packet::parse(&octets) else { return };
    let read: Vec<_> = packet
        .extended_attributes()
        .map(|value| (value.id.oid().parts().to_vec(), value.octets.into_owned()))
        .collect();
    assert_eq!(read, model(&attributes));
}

/// The values of the extended spaces, by number.
fn model(attributes: &[(u8, &[u8])]) -> Vec<(Vec<u32>, Vec<u8>)> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(&(kind, value)) = attributes.get(at) {
        at += 1;
        let Some(space) = ExtendedSpace::of(AttributeType(kind)) else { continue };
        let header = if space.is_long() { 2 } else { 1 };
        if value.len() < header {
            continue;
        }
        let (number, mut joined) = (value[0], value[header..].to_vec());
        let mut more = space.is_long() && value[1] & 0x80 != 0;
        while more {
            match attributes.get(at) {
                Some(&(next, value)) if next == kind && value.len() >= 2 && value[0] == number => {
                    joined.extend_from_slice(&value[2..]);
                    more = value[1] & 0x80 != 0;
                    at += 1;
                }
                _ => break,
            }
        }
        let vendor_octets = if number == 26 { 5 } else { 0 };
        if more || joined.len() <= vendor_octets {
            continue;
        }
        let (vendor, value) = joined.split_at(vendor_octets);
        let mut oid = vec![u32::from(kind), u32::from(number)];
        if let [a, b, c, d, number] = *vendor {
            oid.extend([u32::from_be_bytes([a, b, c, d]), u32::from(number)]);
        }
        values.push((oid, value.to_vec()));
    }
    values
}
