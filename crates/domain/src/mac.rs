//! Hardware addresses: every spelling in, one out.
//!
//! Makers write `AA-BB-CC-DD-EE-FF`, `aa:bb:cc:dd:ee:ff`, `aabb.ccdd.eeff`,
//! `aabbcc-ddeeff` or `aabbccddeeff`; we write the second. Called-Station-Id adds
//! the network's name after a colon (RFC 3580 §3.20). An address that is kept no longer
//! has a pseudonym in its place, which is shown as `hash:` and twelve digits.

mod pseudonym;

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// The bit of the first octet by which an address is that of a group.
const GROUP: u8 = 0x01;

/// The 48-bit hardware address of a visitor's device, or a pseudonym in its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

/// Why a text is not a [`MacAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not twelve hexadecimal digits in a known grouping.
    #[error("a MAC address is twelve hexadecimal digits such as 02:00:5e:10:00:01")]
    Spelling,
    /// A group address, or all zeros, never belongs to one device.
    #[error("a multicast or all-zero MAC address is no device")]
    NotADevice,
}

impl MacAddress {
    /// Takes the six octets as they stand on the wire.
    #[must_use]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The six octets as they stand on the wire.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether the device made the address up (IEEE 802c local bit), as phones do for privacy.
    #[must_use]
    pub const fn is_locally_administered(self) -> bool {
        self.0[0] & 0x02 != 0
    }

    fn spelled(self) -> [u8; 17] {
        if self.is_pseudonym() {
            let mut shown = [0; 17];
            let (mark, digits) = shown.split_at_mut(pseudonym::SHOWN.len());
            mark.copy_from_slice(&pseudonym::SHOWN);
            HEXLOWER.encode_mut(&self.0, digits);
            return shown;
        }
        let mut spelled = [b':'; 17];
        for (pair, octet) in spelled.chunks_mut(3).zip(self.0) {
            HEXLOWER.encode_mut(&[octet], &mut pair[..2]);
        }
        spelled
    }
}

impl FromStr for MacAddress {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let digits = hex_digits(text.trim()).ok_or(MacError::Spelling)?;
        let octets = octets_of(digits);
        if octets[0] & GROUP != 0 || octets == [0; 6] {
            return Err(MacError::NotADevice);
        }
        Ok(Self(octets))
    }
}

/// Two nibbles to the octet.
fn octets_of(nibbles: [u8; 12]) -> [u8; 6] {
    let mut octets = [0; 6];
    for (octet, pair) in octets.iter_mut().zip(nibbles.chunks_exact(2)) {
        *octet = pair.iter().fold(0, |value, nibble| value << 4 | nibble);
    }
    octets
}

/// The twelve nibbles of `text`, if it is grouped in one of the known ways.
fn hex_digits(text: &str) -> Option<[u8; 12]> {
    let separator = text.chars().find(|c| !c.is_ascii_hexdigit());
    let group = match (separator, text.len()) {
        (None, 12) => 12,
        (Some(':' | '-'), 17) => 2,
        (Some('.' | '-' | ':'), 14) => 4,
        (Some('-' | ':'), 13) => 6,
        _ => return None,
    };
    let mut nibbles = [0; 12];
    let mut filled = 0;
    for (position, c) in text.chars().enumerate() {
        if position % (group + 1) == group {
            if Some(c) != separator {
                return None;
            }
            continue;
        }
        *nibbles.get_mut(filled)? = u8::try_from(c.to_digit(16)?).ok()?;
        filled += 1;
    }
    (filled == 12).then_some(nibbles)
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text::ascii(&self.spelled()))
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text::ascii(&self.spelled()))
    }
}

impl<'de> Deserialize<'de> for MacAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read_by(deserializer, Self::parse_shown)
    }
}

/// What Called-Station-Id says: the radio's address and the network's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledStation {
    /// The access point's or gateway's own address.
    pub mac: MacAddress,
    /// The wireless network's name, where the access point tells it.
    pub ssid: Option<String>,
}

impl FromStr for CalledStation {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        for length in [17, 14, 13, 12] {
            let Some((mac, rest)) = text.split_at_checked(length) else { continue };
            let Ok(mac) = mac.parse() else { continue };
            return match rest.strip_prefix(':') {
                Some(ssid) if !ssid.is_empty() => Ok(Self { mac, ssid: Some(ssid.to_owned()) }),
                _ if rest.is_empty() => Ok(Self { mac, ssid: None }),
                _ => Err(MacError::Spelling),
            };
        }
        Err(MacError::Spelling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_comes_out_the_same() {
        for text in [
            "02:00:5e:10:ab:0c",
            "02-00-5E-10-AB-0C",
            "0200.5e10.ab0c",
            "02005e-10ab0c",
            "02005E10AB0C",
            " 02:00:5e:10:ab:0c ",
        ] {
            let mac: MacAddress = text.parse().expect(text);
            assert_eq!(mac.to_string(), "02:00:5e:10:ab:0c", "{text}");
        }
    }

    #[test]
    fn what_is_no_device_is_refused() {
        for (text, reason) in [
            ("", MacError::Spelling),
            ("02:00:5e:10:ab", MacError::Spelling),
            ("02:00:5e-10:ab:0c", MacError::Spelling),
            ("02:00:5e:10:ab:0g", MacError::Spelling),
            ("٠2:00:5e:10:ab:0", MacError::Spelling),
            ("ff:ff:ff:ff:ff:ff", MacError::NotADevice),
            ("00:00:00:00:00:00", MacError::NotADevice),
        ] {
            assert_eq!(text.parse::<MacAddress>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn called_station_id_may_carry_the_networks_name() {
        let mac = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);
        for (text, ssid) in [
            ("02-00-5E-10-AB-0C", None),
            ("02-00-5E-10-AB-0C:Al-Ahsa WiFi", Some("Al-Ahsa WiFi")),
            ("02005e10ab0c:x", Some("x")),
        ] {
            let called: CalledStation = text.parse().expect(text);
            assert_eq!(called, CalledStation { mac, ssid: ssid.map(str::to_owned) });
        }
        assert!("park".parse::<CalledStation>().is_err());
    }
}
