//! From attribute to attribute, into vendors', extended ones and attributes inside attributes.

use std::borrow::Cow;

use super::content::{Read, Reader};
use super::{Flaw, Reading};
use crate::dictionary::{AttributeId, Coding, ExtendedSpace, Kind, Oid, attribute};
use crate::extended;
use crate::packet::{
    Attribute, Attributes, Packet, VendorValue, split_type_length_value, vendor_values_as,
};
use crate::value::Value;

/// How deep attributes inside attributes are followed; deeper ones are octets.
const MAX_DEPTH: usize = 5;

/// Everything that a packet says.
pub(super) fn readings(packet: Packet<'_>, reader: Reader<'_>) -> Vec<Reading> {
    let mut walk = Walk { reader, offset: 0, readings: Vec::new() };
    let mut rest = packet.attributes();
    loop {
        walk.offset = packet.octets() - rest.rest().len();
        let Some(attribute) = rest.next() else { return walk.readings };
        walk.attribute(attribute, &mut rest);
    }
}

struct Walk<'d> {
    reader: Reader<'d>,
    /// Where the attribute that is being read begins.
    offset: usize,
    readings: Vec<Reading>,
}

impl Walk<'_> {
    fn attribute<'a>(&mut self, found: Attribute<'a>, rest: &mut Attributes<'a>) {
        let oid = AttributeId::from(found.kind).oid();
        if found.kind == attribute::VENDOR_SPECIFIC {
            return self.vendor(oid, found.value);
        }
        if let Some(space) = ExtendedSpace::of(found.kind) {
            return match extended::read(space, found, rest) {
                Ok(value) => self.value(value.id.oid(), Value::new(&value.octets), 0),
                Err(error) => self.push(oid, Read::flawed(found.value, error)),
            };
        }
        let (_, coding) = self.reader.how(&oid);
        if coding == Coding::Concatenated {
            let joined = concatenate(found, rest);
            return self.value(oid, Value::new(&joined), 0);
        }
        self.value(oid, found.value, 0);
    }

    fn vendor(&mut self, oid: Oid, value: Value<'_>) {
        let dictionary = self.reader.dictionary;
        let mut found = vendor_values_as(value, |vendor| dictionary.format(vendor)).peekable();
        if found.peek().is_none() {
            let read = self.reader.opaque_vendor(value);
            return self.push(oid, read);
        }
        for VendorValue { id, value } in found {
            self.value(AttributeId::from(id).oid(), value, 0);
        }
    }

    fn value(&mut self, oid: Oid, value: Value<'_>, depth: usize) {
        let (kind, _) = self.reader.how(&oid);
        if kind != Kind::Tlv || depth == MAX_DEPTH {
            let read = self.reader.read(&oid, value);
            return self.push(oid, read);
        }
        let Some(inner) = split_all(value.octets()) else {
            return self.push(oid, Read::flawed(value, Flaw::Kind(Kind::Tlv)));
        };
        for (number, octets) in inner {
            self.value(oid.child(number.into()), Value::new(octets), depth + 1);
        }
    }

    fn push(&mut self, oid: Oid, Read { tag, content, flaw }: Read) {
        let name = self.reader.name(&oid);
        self.readings.push(Reading { offset: self.offset, oid, name, tag, content, flaw });
    }
}

/// The value that begins in `first`, with that of the attributes of its kind that follow at once.
fn concatenate<'a>(first: Attribute<'a>, rest: &mut Attributes<'a>) -> Cow<'a, [u8]> {
    let mut joined = Cow::Borrowed(first.value.octets());
    loop {
        let mut ahead = rest.clone();
        match ahead.next().filter(|next| next.kind == first.kind) {
            Some(next) => joined.to_mut().extend_from_slice(next.value.octets()),
            None => return joined,
        }
        *rest = ahead;
    }
}

/// The attributes inside a value; absent if it does not consist of them to its end.
fn split_all(mut octets: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut inner = Vec::new();
    while !octets.is_empty() {
        let (number, value, rest) = split_type_length_value(octets)?;
        inner.push((number, value));
        octets = rest;
    }
    (!inner.is_empty()).then_some(inner)
}
