//! A packet as text for people: one line for the header, one per attribute.
//!
//! Passwords, CHAP answers, EAP and Microsoft's key material are left out, since together with
//! a captured packet they help to guess a secret. Everything else that has no type is hex.

use std::fmt;
use std::time::SystemTime;

use crate::dictionary::{self, AttributeId, Kind, attribute, vendor};
use crate::packet::{Attribute, Packet, vendor_values};
use crate::value::Value;

/// Displays a packet; see [`Packet::dump`].
#[derive(Clone, Copy, Debug)]
pub struct Dump<'a>(Packet<'a>);

impl<'a> Packet<'a> {
    /// The packet as text over several lines, without anything secret.
    pub fn dump(&self) -> Dump<'a> {
        Dump(*self)
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(packet) = self;
        write!(f, "{} id {} length {}", packet.code(), packet.identifier(), packet.octets())?;
        for attribute in packet.attributes() {
            write_attribute(f, attribute)?;
        }
        Ok(())
    }
}

fn write_attribute(f: &mut fmt::Formatter<'_>, attribute: Attribute<'_>) -> fmt::Result {
    if attribute.kind != attribute::VENDOR_SPECIFIC {
        return write_value(f, attribute.kind.into(), attribute.value);
    }
    let mut empty = true;
    for found in vendor_values(attribute.value) {
        empty = false;
        write_value(f, found.id.into(), found.value)?;
    }
    if empty { write_opaque_vendor(f, attribute.value) } else { Ok(()) }
}

fn write_opaque_vendor(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    write!(f, "\n  Vendor-Specific = ")?;
    let microsoft = vendor::MICROSOFT.0.to_be_bytes();
    if value.octets().starts_with(&microsoft) {
        return write_hidden(f, value);
    }
    write_hex(f, value)
}

fn write_value(f: &mut fmt::Formatter<'_>, id: AttributeId, value: Value<'_>) -> fmt::Result {
    write!(f, "\n  {id} = ")?;
    let kind = match dictionary::find(id) {
        Some(entry) => entry.kind,
        None if is_microsoft(id) => Kind::Secret,
        None => Kind::Octets,
    };
    let written = match kind {
        Kind::Secret => Some(write_hidden(f, value)),
        Kind::Octets => None,
        Kind::Text => value.text().map(|text| write!(f, "{text:?}")),
        Kind::Integer => value.u32().map(|number| write!(f, "{number}")),
        Kind::Enumerated(names) => value.u32().map(|number| write_enumerated(f, names, number)),
        Kind::Ipv4 => value.ipv4().map(|address| write!(f, "{address}")),
        Kind::Ipv6 => value.ipv6().map(|address| write!(f, "{address}")),
        Kind::Ipv6Prefix => value.ipv6_prefix().map(|(prefix, bits)| write!(f, "{prefix}/{bits}")),
        Kind::Time => value.time().map(|time| write_time(f, time)),
    };
    written.unwrap_or_else(|| write_hex(f, value))
}

fn is_microsoft(id: AttributeId) -> bool {
    matches!(id, AttributeId::Vendor(attribute) if attribute.vendor == vendor::MICROSOFT)
}

fn write_enumerated(f: &mut fmt::Formatter<'_>, names: &[(u32, &str)], number: u32) -> fmt::Result {
    match names.iter().find(|(named, _)| *named == number) {
        Some((_, name)) => f.write_str(name),
        None => write!(f, "{number}"),
    }
}

fn write_time(f: &mut fmt::Formatter<'_>, time: SystemTime) -> fmt::Result {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    write!(f, "{seconds}")
}

fn write_hidden(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    write!(f, "<hidden, {} octets>", value.octets().len())
}

fn write_hex(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    f.write_str("0x")?;
    value.octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}
