//! Attributes of the extended spaces, and their values that go on over several attributes.
//!
//! RFC 6929 s2.1 (241 to 244), s2.2 (245 and 246, with a flag "more" and fragments that follow
//! one another) and s2.4 (a vendor's, whose number stands in the first fragment only). An
//! attribute that breaks these rules is invalid and read over, never a reason to drop a packet
//! (s2.8). Only a value of several fragments is copied, and a packet bounds its size.

use std::borrow::Cow;

use thiserror::Error;

use crate::dictionary::{
    AttributeId, ExtendedAttribute, ExtendedSpace, ExtendedVendorAttribute, VendorId,
};
use crate::packet::{Attribute, Attributes, Packet};

/// The Extended-Type under which vendors have their own (RFC 6929 s2.4).
pub(crate) const VENDOR_SPECIFIC: u8 = 26;
/// The flag "more": the value goes on in the next attribute (RFC 6929 s2.2).
pub(crate) const MORE: u8 = 0x80;

/// One value of an extended space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedValue<'a> {
    /// Whose value it is.
    pub id: AttributeId,
    /// Its octets; owned only if they came in several attributes.
    pub octets: Cow<'a, [u8]>,
}

/// Why an attribute of an extended space is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExtendedError {
    /// There is no octet of value behind what must stand before it.
    #[error("the extended attribute is too short")]
    TooShort,
    /// The last fragment says that one more follows.
    #[error("the last fragment is missing")]
    Unfinished,
}

impl<'a> Packet<'a> {
    /// All values of the extended spaces, in the order sent; invalid ones are left out.
    pub fn extended_attributes(&self) -> impl Iterator<Item = ExtendedValue<'a>> + use<'a> {
        let mut rest = self.attributes();
        std::iter::from_fn(move || {
            loop {
                let attribute = rest.next()?;
                let Some(space) = ExtendedSpace::of(attribute.kind) else { continue };
                if let Ok(value) = read(space, attribute, &mut rest) {
                    return Some(value);
                }
            }
        })
    }

    /// The octets of the first value of an attribute in an extended space.
    pub fn find_extended(&self, id: impl Into<AttributeId>) -> Option<Cow<'a, [u8]>> {
        let id = id.into();
        self.extended_attributes().find(|found| found.id == id).map(|found| found.octets)
    }
}

/// Reads the value that begins in `first`, and takes its other fragments from `rest`.
pub(crate) fn read<'a>(
    space: ExtendedSpace,
    first: Attribute<'a>,
    rest: &mut Attributes<'a>,
) -> Result<ExtendedValue<'a>, ExtendedError> {
    let first = Fragment::of(space, first).ok_or(ExtendedError::TooShort)?;
    let octets = first.join(space, rest)?;
    let number = first.number;
    if number != VENDOR_SPECIFIC {
        let id = ExtendedAttribute { space, number }.into();
        return not_empty(ExtendedValue { id, octets });
    }
    let (&[a, b, c, d, number], _) =
        octets.split_first_chunk::<5>().ok_or(ExtendedError::TooShort)?;
    let vendor = VendorId(u32::from_be_bytes([a, b, c, d]));
    let octets = match octets {
        Cow::Borrowed(octets) => Cow::Borrowed(octets.get(5..).unwrap_or_default()),
        Cow::Owned(mut octets) => {
            octets.drain(..5);
            Cow::Owned(octets)
        }
    };
    not_empty(ExtendedValue {
        id: ExtendedVendorAttribute { space, vendor, number }.into(),
        octets,
    })
}

fn not_empty(value: ExtendedValue<'_>) -> Result<ExtendedValue<'_>, ExtendedError> {
    if value.octets.is_empty() { Err(ExtendedError::TooShort) } else { Ok(value) }
}

/// What one attribute holds of a value.
#[derive(Clone, Copy)]
struct Fragment<'a> {
    number: u8,
    goes_on: bool,
    octets: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn of(space: ExtendedSpace, attribute: Attribute<'a>) -> Option<Self> {
        let (&number, rest) = attribute.value.octets().split_first()?;
        if !space.is_long() {
            return Some(Self { number, goes_on: false, octets: rest });
        }
        let (&flags, octets) = rest.split_first()?;
        Some(Self { number, goes_on: flags & MORE != 0, octets })
    }

    /// This fragment and those that must follow at once; what does not belong to the value stays
    /// in `rest`.
    fn join(
        self,
        space: ExtendedSpace,
        rest: &mut Attributes<'a>,
    ) -> Result<Cow<'a, [u8]>, ExtendedError> {
        let mut joined = Cow::Borrowed(self.octets);
        let mut last = self;
        while last.goes_on {
            let mut ahead = rest.clone();
            last = ahead
                .next()
                .filter(|attribute| attribute.kind == space.attribute())
                .and_then(|attribute| Self::of(space, attribute))
                .filter(|fragment| fragment.number == self.number)
                .ok_or(ExtendedError::Unfinished)?;
            *rest = ahead;
            joined.to_mut().extend_from_slice(last.octets);
        }
        Ok(joined)
    }
}

#[cfg(test)]
mod tests;
