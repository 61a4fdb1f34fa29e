//! Which attributes exist, what their values are, and what they are called.
//!
//! Written from the RFCs and the makers' documentation; numbers are checked against a second
//! dictionary by a test. Code names attributes by the constants in [`attribute`] and [`vendor`];
//! people name them through [`find_by_name`], and may bring more of them ([`import`]). An
//! attribute that is not here still travels through packets as octets.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// Defines attributes as constants, and as entries of the dictionary under their names.
macro_rules! attributes {
    (vendor $vendor:literal; $($attributes:tt)+) => {
        /// The vendor's enterprise number.
        pub const VENDOR: $crate::dictionary::VendorId = $crate::dictionary::VendorId($vendor);

        const fn of_vendor(number: u32) -> $crate::dictionary::VendorAttribute {
            $crate::dictionary::VendorAttribute { vendor: VENDOR, number }
        }

        attributes! { Vendor, $crate::dictionary::VendorAttribute, of_vendor; $($attributes)+ }
    };
    ($variant:ident, $type:ty, $make:expr; $($name:ident = $number:literal $text:literal $kind:expr $(=> $coding:ident)?;)+) => {
        $(
            #[doc = concat!($text, ", ", $number, ".")]
            pub const $name: $type = $make($number);
        )+

        pub(in crate::dictionary) const ENTRIES: &[$crate::dictionary::Entry] = &[$(
            $crate::dictionary::Entry {
                id: $crate::dictionary::AttributeId::$variant($name),
                name: $text,
                kind: $kind,
                coding: attributes!(@coding $($coding)?),
            },
        )+];
    };
    (@coding) => { $crate::dictionary::Coding::Plain };
    (@coding $coding:ident) => { $crate::dictionary::Coding::$coding };
}

pub mod attribute;
pub mod enumeration;
pub mod extended;
pub mod import;
pub mod vendor;

mod id;
mod value_names;
mod whole;

pub use id::{
    AttributeId, AttributeType, ExtendedAttribute, ExtendedSpace, ExtendedVendorAttribute, Oid,
    VendorAttribute, VendorId,
};
pub use vendor::VendorFormat;
pub use whole::{Definition, Dictionary};

/// How an attribute's value is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Octets without a meaning of their own.
    Octets,
    /// Octets that hold or would betray a password or key; never shown.
    Secret,
    /// An 8-bit number.
    Byte,
    /// A 16-bit number.
    Short,
    /// A 32-bit number.
    Integer,
    /// A 32-bit number whose values have names.
    Enumerated(&'static [(u32, &'static str)]),
    /// A 32-bit number that may be negative.
    Signed,
    /// A 64-bit number.
    Integer64,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv4 or an IPv6 address, told apart by its length.
    Ip,
    /// An IPv4 prefix with its length.
    Ipv4Prefix,
    /// An IPv6 prefix with its length.
    Ipv6Prefix,
    /// The lower 64 bits of an IPv6 address.
    InterfaceId,
    /// A hardware address.
    Ethernet,
    /// Seconds since 1970.
    Time,
    /// Attributes inside the attribute, each with a type and a length (RFC 6929 s2.3).
    Tlv,
}

/// As what a value should have been, for "is not ...".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "UTF-8 text",
            Self::Octets | Self::Secret => "octets",
            Self::Byte => "an 8-bit number",
            Self::Short => "a 16-bit number",
            Self::Integer | Self::Enumerated(_) | Self::Signed => "a 32-bit number",
            Self::Integer64 => "a 64-bit number",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Ip => "an IP address",
            Self::Ipv4Prefix => "an IPv4 prefix",
            Self::Ipv6Prefix => "an IPv6 prefix",
            Self::InterfaceId => "an interface id",
            Self::Ethernet => "a hardware address",
            Self::Time => "a time",
            Self::Tlv => "a sequence of types, lengths and values",
        })
    }
}

/// What stands around an attribute's value in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Nothing.
    Plain,
    /// A tag groups it with others (RFC 2868 s3).
    Tagged,
    /// It is hidden as a User-Password is (RFC 2865 s5.2).
    UserPassword,
    /// It is hidden behind a salt (RFC 2548 s2.4.2).
    Salted,
    /// A tag stands before, and it is hidden behind a salt (RFC 2868 s3.5).
    TaggedSalted,
    /// It is hidden in a way that is not revealed here.
    Opaque,
    /// Consecutive attributes of this number are one value (RFC 3579 s3.1).
    Concatenated,
}

impl Coding {
    /// Whether the value in the packet is not the value itself.
    pub const fn hides(self) -> bool {
        matches!(self, Self::UserPassword | Self::Salted | Self::TaggedSalted | Self::Opaque)
    }
}

/// One attribute of the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: AttributeId,
    /// Its name as its source spells it.
    pub name: &'static str,
    /// How to read its value.
    pub kind: Kind,
    /// What stands around its value.
    pub coding: Coding,
}

/// The entry for a number.
pub fn find(id: impl Into<AttributeId>) -> Option<&'static Entry> {
    static BY_ID: LazyLock<HashMap<AttributeId, &Entry>> =
        LazyLock::new(|| entries().map(|entry| (entry.id, entry)).collect());
    BY_ID.get(&id.into()).copied()
}

/// The entry for a name, in any letter case.
pub fn find_by_name(name: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// Every entry, the standard attributes first.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let makers = vendor::VENDORS.iter().flat_map(|vendor| vendor.entries);
    attribute::ENTRIES.iter().chain(extended::ENTRIES).chain(makers)
}

/// By its name, or by its number if it has no name here.
impl fmt::Display for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match find(*self) {
            Some(entry) => f.write_str(entry.name),
            None => write!(f, "Attr-{}", self.oid()),
        }
    }
}

#[cfg(test)]
mod tests;
