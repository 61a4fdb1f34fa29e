//! From the octets of one value to what they say.

use super::{Content, Flaw, Secrecy};
use crate::dictionary::{Coding, Definition, Dictionary, Kind, Oid, VendorId, vendor};
use crate::salted;
use crate::tagged::{Tag, Tagged};
use crate::user_password;
use crate::value::Value;

/// What a value is read with.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d> {
    pub(super) dictionary: &'d Dictionary,
    pub(super) secrecy: Secrecy<'d>,
}

/// What a value says, and what is wrong with it.
pub(super) struct Read {
    pub(super) tag: Option<Tag>,
    pub(super) content: Content,
    pub(super) flaw: Option<Flaw>,
}

impl Read {
    fn good(content: Content) -> Self {
        Self { tag: None, content, flaw: None }
    }

    /// A value shown as its octets, since something is wrong with it.
    pub(super) fn flawed(value: Value<'_>, flaw: impl Into<Flaw>) -> Self {
        let content = Content::Octets(value.octets().to_vec());
        Self { tag: None, content, flaw: Some(flaw.into()) }
    }
}

impl Reader<'_> {
    /// How an attribute is read; one that nobody defined is octets, or a secret if it is
    /// Microsoft's, under whose number passwords and keys travel (RFC 2548).
    pub(super) fn how(&self, oid: &Oid) -> (Kind, Coding) {
        match self.dictionary.definition(oid) {
            Some(Definition { kind, coding, .. }) => (kind, coding),
            None if is_microsoft(oid) => (Kind::Secret, Coding::Plain),
            None => (Kind::Octets, Coding::Plain),
        }
    }

    /// An attribute's name; one that nobody defined has its number in it, and its vendor's name.
    pub(super) fn name(&self, oid: &Oid) -> String {
        if let Some(definition) = self.dictionary.definition(oid) {
            return definition.name.to_owned();
        }
        let of_vendor = match oid.parts() {
            [26, vendor, rest @ ..] => {
                self.dictionary.vendor_name(VendorId(*vendor)).zip(Oid::new(rest))
            }
            _ => None,
        };
        match of_vendor {
            Some((vendor, number)) => format!("{vendor}-Attr-{number}"),
            None => format!("Attr-{oid}"),
        }
    }

    /// Reads the value of an attribute.
    pub(super) fn read(&self, oid: &Oid, value: Value<'_>) -> Read {
        let (kind, coding) = self.how(oid);
        if kind == Kind::Secret || coding.hides() {
            return self.read_secret(coding, value);
        }
        if coding != Coding::Tagged {
            return self.read_plain(oid, kind, value);
        }
        if !matches!(kind, Kind::Integer | Kind::Enumerated(_)) {
            let Tagged { tag, value } = value.tagged();
            return Read { tag, ..self.read_plain(oid, kind, value) };
        }
        match value.tagged_u32() {
            Some(Tagged { tag, value }) => {
                Read { tag, ..Read::good(self.number(oid, value.into())) }
            }
            None => Read::flawed(value, Flaw::Kind(kind)),
        }
    }

    fn read_plain(&self, oid: &Oid, kind: Kind, value: Value<'_>) -> Read {
        match self.typed(oid, kind, value) {
            Some(content) => Read::good(content),
            None => Read::flawed(value, Flaw::Kind(kind)),
        }
    }

    fn typed(&self, oid: &Oid, kind: Kind, value: Value<'_>) -> Option<Content> {
        let number = |number: Option<u64>| number.map(|number| self.number(oid, number));
        match kind {
            Kind::Text => value.text().map(|text| Content::Text(text.to_owned())),
            Kind::Octets | Kind::Secret | Kind::Tlv => {
                Some(Content::Octets(value.octets().to_vec()))
            }
            Kind::Byte => number(value.u8().map(u64::from)),
            Kind::Short => number(value.u16().map(u64::from)),
            Kind::Integer | Kind::Enumerated(_) => number(value.u32().map(u64::from)),
            Kind::Integer64 => number(value.u64()),
            Kind::Signed => value.u32().map(|number| Content::Signed(number.cast_signed())),
            Kind::Ipv4 => value.ipv4().map(|address| Content::Address(address.into())),
            Kind::Ipv6 => value.ipv6().map(|address| Content::Address(address.into())),
            Kind::Ip => {
                let short = value.ipv4().map(|address| Content::Address(address.into()));
                short.or_else(|| value.ipv6().map(|address| Content::Address(address.into())))
            }
            Kind::Ipv4Prefix => {
                value.ipv4_prefix().map(|(prefix, bits)| Content::Prefix(prefix.into(), bits))
            }
            Kind::Ipv6Prefix => {
                value.ipv6_prefix().map(|(prefix, bits)| Content::Prefix(prefix.into(), bits))
            }
            Kind::InterfaceId => value.interface_id().map(|id| Content::Identifier(id.to_vec())),
            Kind::Ethernet => value.ethernet().map(|id| Content::Identifier(id.to_vec())),
            Kind::Time => value.u32().map(|seconds| Content::Time(seconds.into())),
        }
    }

    fn number(&self, oid: &Oid, number: u64) -> Content {
        let name = self.dictionary.value_name(oid, number).map(str::to_owned);
        Content::Number { number, name }
    }

    fn read_secret(&self, coding: Coding, value: Value<'_>) -> Read {
        let Secrecy::Revealed { secret, request } = self.secrecy else {
            return Read::good(Content::Hidden(value.octets().len()));
        };
        let salted = |tag, value: Value<'_>| match salted::reveal(value.octets(), request, secret) {
            Ok(clear) => Read { tag, ..Read::good(Content::Revealed(clear)) },
            Err(error) => Read { tag, ..Read::flawed(value, error) },
        };
        match coding {
            Coding::Salted => salted(None, value),
            Coding::TaggedSalted => match value.behind_tag() {
                Some(Tagged { tag, value }) => salted(tag, value),
                None => salted(None, value),
            },
            Coding::UserPassword => match user_password::reveal(value.octets(), request, secret) {
                Ok(clear) => Read::good(Content::Revealed(clear)),
                Err(error) => Read::flawed(value, error),
            },
            Coding::Plain | Coding::Tagged | Coding::Concatenated | Coding::Opaque => {
                Read::good(Content::Octets(value.octets().to_vec()))
            }
        }
    }

    /// A Vendor-Specific attribute that is not in its vendor's format: octets, or a secret if it
    /// is Microsoft's.
    pub(super) fn opaque_vendor(&self, value: Value<'_>) -> Read {
        let hidden = matches!(self.secrecy, Secrecy::Kept)
            && value.octets().starts_with(&vendor::microsoft::VENDOR.0.to_be_bytes());
        if hidden {
            let content = Content::Hidden(value.octets().len());
            return Read { tag: None, content, flaw: Some(Flaw::VendorFormat) };
        }
        Read::flawed(value, Flaw::VendorFormat)
    }
}

fn is_microsoft(oid: &Oid) -> bool {
    let VendorId(microsoft) = vendor::microsoft::VENDOR;
    matches!(oid.parts(), &[_, 26, number, ..] | &[26, number, ..] if number == microsoft)
}
