//! Reading the sub-attributes of Vendor-Specific attributes (RFC 2865 s5.26).
//!
//! In the recommended format or the vendor's own; several may stand in one attribute. A value
//! that does not follow the format to its end is opaque: it yields nothing, and spoils nothing.

use crate::dictionary::{VendorAttribute, VendorFormat, VendorId};
use crate::value::Value;

/// One sub-attribute of a Vendor-Specific attribute (RFC 2865 s5.26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorValue<'a> {
    /// The vendor and its number for the sub-attribute.
    pub id: VendorAttribute,
    /// What it says.
    pub value: Value<'a>,
}

/// The sub-attributes of one Vendor-Specific value; empty when the vendor's format does not hold
/// to the end.
pub(crate) fn vendor_values(value: Value<'_>) -> VendorValues<'_> {
    vendor_values_as(value, VendorFormat::of)
}

/// The same, with the formats that the caller knows.
pub(crate) fn vendor_values_as(
    value: Value<'_>,
    format: impl FnOnce(VendorId) -> VendorFormat,
) -> VendorValues<'_> {
    let well_formed = value.octets().split_first_chunk::<4>().and_then(|(vendor, content)| {
        let vendor = VendorId(u32::from_be_bytes(*vendor));
        let all = VendorValues { vendor, format: format(vendor), rest: content };
        let mut walk = all.clone();
        walk.by_ref().for_each(drop);
        walk.rest.is_empty().then_some(all)
    });
    well_formed.unwrap_or(VendorValues {
        vendor: VendorId(0),
        format: VendorFormat::RECOMMENDED,
        rest: &[],
    })
}

/// The sub-attributes of one Vendor-Specific attribute in the order sent.
#[derive(Clone)]
pub(crate) struct VendorValues<'a> {
    vendor: VendorId,
    format: VendorFormat,
    rest: &'a [u8],
}

impl<'a> Iterator for VendorValues<'a> {
    type Item = VendorValue<'a>;

    fn next(&mut self) -> Option<VendorValue<'a>> {
        let (number, value, rest) = split_vendor_value(self.rest, self.format)?;
        self.rest = rest;
        let id = VendorAttribute { vendor: self.vendor, number };
        Some(VendorValue { id, value: Value::new(value) })
    }
}

/// Splits off one sub-attribute of a vendor: its number, its value, and what follows.
fn split_vendor_value(octets: &[u8], format: VendorFormat) -> Option<(u32, &[u8], &[u8])> {
    let (number, behind) = octets.split_at_checked(format.number_octets())?;
    let (length, _) = behind.split_at_checked(format.length_octets())?;
    let length = match length {
        [] => octets.len(),
        length => big_endian(length).try_into().ok()?,
    };
    let (whole, rest) = octets.split_at_checked(length)?;
    Some((big_endian(number), whole.get(format.header_octets()..)?, rest))
}

fn big_endian(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, &octet| (number << 8) | u32::from(octet))
}
