//! The numbers of attributes: standard, a vendor's, and those of the extended spaces.
//!
//! RFC 2865 s5 and s5.26, RFC 6929 s2. A number is also written as a path with dots, an
//! [`Oid`], as RFC 6929 s2.7 does; only that one reaches into attributes inside attributes.

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
    /// The vendor's number for it; one octet for most, up to four for some.
    pub number: u32,
}

/// The six standard attributes that hold a second number space each (RFC 6929 s2.1 and s2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExtendedSpace {
    /// 241, one attribute holds a value.
    E241,
    /// 242, one attribute holds a value.
    E242,
    /// 243, one attribute holds a value.
    E243,
    /// 244, one attribute holds a value.
    E244,
    /// 245, a value may go on in the next attribute.
    E245,
    /// 246, a value may go on in the next attribute.
    E246,
}

impl ExtendedSpace {
    /// The space that a standard attribute opens.
    pub const fn of(kind: AttributeType) -> Option<Self> {
        match kind.0 {
            241 => Some(Self::E241),
            242 => Some(Self::E242),
            243 => Some(Self::E243),
            244 => Some(Self::E244),
            245 => Some(Self::E245),
            246 => Some(Self::E246),
            _ => None,
        }
    }

    /// The standard attribute that opens the space.
    pub const fn attribute(self) -> AttributeType {
        AttributeType(match self {
            Self::E241 => 241,
            Self::E242 => 242,
            Self::E243 => 243,
            Self::E244 => 244,
            Self::E245 => 245,
            Self::E246 => 246,
        })
    }

    /// Whether a value may go on in the next attribute ("long extended").
    pub const fn is_long(self) -> bool {
        matches!(self, Self::E245 | Self::E246)
    }
}

/// An attribute in an extended space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtendedAttribute {
    /// The space.
    pub space: ExtendedSpace,
    /// Its number there, the Extended-Type.
    pub number: u8,
}

/// A vendor's attribute in an extended space, "EVS" (RFC 6929 s2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtendedVendorAttribute {
    /// The space.
    pub space: ExtendedSpace,
    /// Whose attribute it is.
    pub vendor: VendorId,
    /// The vendor's number for it in that space.
    pub number: u8,
}

/// Any attribute; displayed by name, or by number if it has none in the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeId {
    /// Numbered by the RFCs.
    Standard(AttributeType),
    /// Numbered by a vendor.
    Vendor(VendorAttribute),
    /// Numbered by the RFCs in an extended space.
    Extended(ExtendedAttribute),
    /// Numbered by a vendor in an extended space.
    ExtendedVendor(ExtendedVendorAttribute),
}

/// Vendor-Specific, and the Extended-Type of the same meaning.
const VENDOR_SPECIFIC: u32 = 26;

impl AttributeId {
    /// The number as a path.
    pub fn oid(self) -> Oid {
        Oid(match self {
            Self::Standard(kind) => vec![kind.0.into()],
            Self::Vendor(id) => vec![VENDOR_SPECIFIC, id.vendor.0, id.number],
            Self::Extended(id) => vec![id.space.attribute().0.into(), id.number.into()],
            Self::ExtendedVendor(id) => {
                let space = id.space.attribute().0.into();
                vec![space, VENDOR_SPECIFIC, id.vendor.0, id.number.into()]
            }
        })
    }
}

/// A number as a path, such as `26.14122.7`; the first part is that of a standard attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Vec<u32>);

impl Oid {
    /// The path of `parts`, absent without any.
    pub fn new(parts: impl Into<Vec<u32>>) -> Option<Self> {
        let parts = parts.into();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// The path one step further in.
    pub fn child(&self, number: u32) -> Self {
        let mut parts = self.0.clone();
        parts.push(number);
        Self(parts)
    }

    /// The parts of the path.
    pub fn parts(&self) -> &[u32] {
        &self.0
    }

    /// The attribute at the path; absent for a number that fits no packet, and for an attribute
    /// inside an attribute.
    pub fn attribute(&self) -> Option<AttributeId> {
        let octet = |number: u32| u8::try_from(number).ok();
        let space = |number: u32| ExtendedSpace::of(AttributeType(octet(number)?));
        match *self.0.as_slice() {
            [kind] => Some(AttributeType(octet(kind)?).into()),
            [VENDOR_SPECIFIC, vendor, number] => {
                Some(VendorAttribute { vendor: VendorId(vendor), number }.into())
            }
            [kind, number] => {
                Some(ExtendedAttribute { space: space(kind)?, number: octet(number)? }.into())
            }
            [kind, VENDOR_SPECIFIC, vendor, number] => {
                let (space, vendor, number) = (space(kind)?, VendorId(vendor), octet(number)?);
                Some(ExtendedVendorAttribute { space, vendor, number }.into())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.iter();
        if let Some(first) = parts.next() {
            write!(f, "{first}")?;
        }
        parts.try_for_each(|part| write!(f, ".{part}"))
    }
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

impl From<ExtendedAttribute> for AttributeId {
    fn from(attribute: ExtendedAttribute) -> Self {
        Self::Extended(attribute)
    }
}

impl From<ExtendedVendorAttribute> for AttributeId {
    fn from(attribute: ExtendedVendorAttribute) -> Self {
        Self::ExtendedVendor(attribute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_to_a_path_and_back() {
        let vendor = VendorId(14122);
        let space = ExtendedSpace::E246;
        for id in [
            AttributeId::from(AttributeType(1)),
            VendorAttribute { vendor, number: 70_000 }.into(),
            ExtendedAttribute { space, number: 3 }.into(),
            ExtendedVendorAttribute { space, vendor, number: 7 }.into(),
        ] {
            assert_eq!(id.oid().attribute(), Some(id), "{}", id.oid());
        }
    }

    #[test]
    fn paths_that_lead_to_no_attribute_of_a_packet_are_none() {
        for parts in [&[256][..], &[26], &[27, 1], &[241, 256], &[26, 9, 1, 2], &[241, 5, 1]] {
            let oid = Oid::new(parts).unwrap();
            let expected = (parts == [26]).then(|| AttributeType(26).into());
            assert_eq!(oid.attribute(), expected, "{oid}");
        }
        assert_eq!(Oid::new([]), None);
    }
}
