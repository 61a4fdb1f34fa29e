//! Which attributes exist, what their values are, and what they are called.
//!
//! Written from the RFCs and the vendors' documentation. Code names attributes by the constants
//! in [`attribute`] and [`vendor`]; people name them through [`find_by_name`]. An attribute that
//! is not here still travels through packets as octets.

pub mod attribute;
pub mod enumeration;
pub mod vendor;

use std::fmt;

/// The number of a standard attribute (RFC 2865 s5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeType(pub u8);

/// A vendor's enterprise number, as IANA assigns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VendorId(pub u32);

/// A vendor's own attribute (RFC 2865 s5.26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VendorAttribute {
    /// Whose attribute it is.
    pub vendor: VendorId,
    /// The vendor's number for it.
    pub number: u8,
}

/// A standard or a vendor's attribute; displayed by name, or by number if it has none here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeId {
    /// Numbered by the RFCs.
    Standard(AttributeType),
    /// Numbered by a vendor.
    Vendor(VendorAttribute),
}

/// How an attribute's value is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Octets without a meaning of their own.
    Octets,
    /// Octets that hold or would betray a password or key; never shown.
    Secret,
    /// A 32-bit number.
    Integer,
    /// A 32-bit number whose values have names.
    Enumerated(&'static [(u32, &'static str)]),
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv6 prefix with its length.
    Ipv6Prefix,
    /// Seconds since 1970.
    Time,
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
}

/// The entry for a number.
pub fn find(id: impl Into<AttributeId>) -> Option<&'static Entry> {
    let id = id.into();
    entries().find(|entry| entry.id == id)
}

/// The entry for a name, in any letter case.
pub fn find_by_name(name: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// Every entry, the standard attributes first.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    attribute::ENTRIES.iter().chain(vendor::ENTRIES)
}

impl From<AttributeType> for AttributeId {
    fn from(kind: AttributeType) -> Self {
        Self::Standard(kind)
    }
}

impl From<VendorAttribute> for AttributeId {
    fn from(attribute: VendorAttribute) -> Self {
        Self::Vendor(attribute)
    }
}

impl fmt::Display for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = find(*self) {
            return f.write_str(entry.name);
        }
        match self {
            Self::Standard(AttributeType(number)) => write!(f, "Attr-{number}"),
            Self::Vendor(VendorAttribute { vendor: VendorId(vendor), number }) => {
                write!(f, "Attr-26.{vendor}.{number}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_find_each_other() {
        let check = |name: &str, id: AttributeId| {
            assert_eq!(find_by_name(name).map(|entry| entry.id), Some(id), "{name}");
            assert_eq!(id.to_string().to_ascii_lowercase(), name.to_ascii_lowercase());
        };
        check("user-name", attribute::USER_NAME.into());
        check("Chargeable-User-Identity", attribute::CHARGEABLE_USER_IDENTITY.into());
        check("WISPr-Bandwidth-Max-Up", vendor::wispr::BANDWIDTH_MAX_UP.into());
        check("Mikrotik-Rate-Limit", vendor::mikrotik::RATE_LIMIT.into());
        check("ChilliSpot-Max-Total-Gigawords", vendor::chillispot::MAX_TOTAL_GIGAWORDS.into());
    }

    #[test]
    fn no_number_and_no_name_stands_twice() {
        let mut ids: Vec<_> = entries().map(|entry| entry.id).collect();
        let mut names: Vec<_> = entries().map(|entry| entry.name.to_ascii_lowercase()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((ids.len(), names.len()), (count, count));
    }

    #[test]
    fn unknown_attributes_are_named_by_number() {
        let unknown = VendorAttribute { vendor: VendorId(4), number: 9 };
        assert_eq!(AttributeId::from(AttributeType(250)).to_string(), "Attr-250");
        assert_eq!(AttributeId::from(unknown).to_string(), "Attr-26.4.9");
    }
}
