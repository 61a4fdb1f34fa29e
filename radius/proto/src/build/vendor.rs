//! Appending vendors' attributes, each in a Vendor-Specific attribute of its own (RFC 2865 s5.26).

use super::{BuildError, MAX_VALUE_OCTETS, PacketBuilder};
use crate::dictionary::{VendorAttribute, VendorFormat, attribute};
use crate::salted::{self, Salt};
use crate::secret::SharedSecret;

/// The longest value of a vendor's sub-attribute in the recommended format, in octets.
pub const MAX_VENDOR_VALUE_OCTETS: usize = 247;

impl PacketBuilder {
    /// Appends a vendor's octets in a Vendor-Specific attribute of their own, at most
    /// [`MAX_VENDOR_VALUE_OCTETS`] in the recommended format.
    pub fn vendor_octets(&mut self, id: VendorAttribute, value: &[u8]) -> &mut Self {
        let vendor = id.vendor.0.to_be_bytes();
        let room = MAX_VALUE_OCTETS - vendor.len();
        let header = vendor_header(id, value.len());
        let Some(header) = header.filter(|header| header.len() + value.len() <= room) else {
            let length = value.len();
            return self.fail(BuildError::ValueTooLong { attribute: id.into(), length });
        };
        self.append_as(id.into(), attribute::VENDOR_SPECIFIC, &[&vendor, &header, value])
    }

    /// Appends a vendor's text; empty text is left out.
    pub fn vendor_text(&mut self, id: VendorAttribute, value: &str) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        self.vendor_octets(id, value.as_bytes())
    }

    /// Appends a vendor's number.
    pub fn vendor_u32(&mut self, id: VendorAttribute, value: u32) -> &mut Self {
        self.vendor_octets(id, &value.to_be_bytes())
    }

    /// Appends a vendor's value hidden behind a salt, such as a key for a wireless session
    /// (RFC 2548 s2.4.2 and s2.4.3); `salt` as for [`Self::tunnel_password`].
    pub fn vendor_salted(
        &mut self,
        id: VendorAttribute,
        value: &[u8],
        salt: Salt,
        secret: &SharedSecret,
    ) -> &mut Self {
        match salted::hide(value, salt, self.request_authenticator(), secret) {
            Ok(hidden) => self.vendor_octets(id, &hidden),
            Err(error) => self.fail(error.into()),
        }
    }
}

/// What stands before a vendor's value of `length` octets; absent if number or length do not fit.
fn vendor_header(id: VendorAttribute, length: usize) -> Option<Vec<u8>> {
    let format = VendorFormat::of(id.vendor);
    let whole = u32::try_from(format.header_octets() + length).ok()?;
    let mut header = low_octets(id.number, format.number_octets())?;
    if format.length_octets() > 0 {
        header.extend(low_octets(whole, format.length_octets())?);
    }
    // What is left is a continuation octet, and nothing continues.
    header.resize(format.header_octets(), 0);
    Some(header)
}

/// The number in `count` octets; absent if it needs more.
fn low_octets(number: u32, count: usize) -> Option<Vec<u8>> {
    let octets = number.to_be_bytes();
    let (high, low) = octets.split_at_checked(octets.len().checked_sub(count)?)?;
    high.iter().all(|&octet| octet == 0).then(|| low.to_vec())
}
