//! What stands for a hardware address that is kept no longer: a keyed hash in its place.
//!
//! The group bit marks it (IEEE 802-2014 §8.2.2): what a device sends comes from no group, so no
//! address of a device is ever taken for a pseudonym. An access point writes the address into other
//! words about a session, too; [`Session::conceal`] takes it out of all of them.

use std::net::{IpAddr, Ipv6Addr};

use super::{GROUP, MacAddress, MacError};
use crate::{Session, SessionIdentification};

/// How a pseudonym begins where it is shown; with its twelve digits it is as long as an address.
pub(super) const SHOWN: [u8; 5] = *b"hash:";

impl MacAddress {
    /// The pseudonym that a keyed hash of an address gives.
    #[must_use]
    pub const fn pseudonym([first, rest @ ..]: [u8; 6]) -> Self {
        let [b, c, d, e, f] = rest;
        Self([first | GROUP, b, c, d, e, f])
    }

    /// Whether it stands for an address that is kept no longer.
    #[must_use]
    pub const fn is_pseudonym(self) -> bool {
        self.0[0] & GROUP != 0
    }

    /// Reads an address, or a pseudonym as it is shown: what an admin or Sabeel itself wrote, never
    /// what a device or an access point says.
    ///
    /// # Errors
    /// [`MacError`] if it is neither.
    pub fn parse_shown(text: &str) -> Result<Self, MacError> {
        let digits = std::str::from_utf8(&SHOWN).ok().and_then(|mark| text.strip_prefix(mark));
        let Some(digits) = digits else { return text.parse() };
        let digits = super::hex_digits(digits).ok_or(MacError::Spelling)?;
        let pseudonym = Self(super::octets_of(digits));
        if pseudonym.is_pseudonym() { Ok(pseudonym) } else { Err(MacError::Spelling) }
    }

    /// Every address that a text may spell somewhere, in whatever way.
    #[must_use]
    pub fn spelled_in(text: &str) -> Vec<Self> {
        let found = text.char_indices().filter_map(|(at, _)| spelling(text.get(at..)?));
        let mut found: Vec<_> = found.map(|(digits, _)| Self(super::octets_of(digits))).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The text with the pseudonym wherever it spelled this address.
    #[must_use]
    pub fn concealed_in(self, text: &str, pseudonym: Self) -> String {
        let mut concealed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            match spelling(rest) {
                Some((digits, length)) if super::octets_of(digits) == self.0 => {
                    concealed.push_str(&pseudonym.to_string());
                    rest = rest.get(length..).unwrap_or_default();
                }
                _ => {
                    concealed.push(letter);
                    rest = rest.get(letter.len_utf8()..).unwrap_or_default();
                }
            }
        }
        concealed
    }

    /// The address without its host part, if that was made of this hardware address
    /// (RFC 4291 appendix A).
    fn concealed_of(self, address: Ipv6Addr) -> Ipv6Addr {
        let [a, b, c, d, e, f] = self.0;
        let host = [a ^ 0x02, b, c, 0xff, 0xfe, d, e, f];
        let octets = address.octets();
        let Some(prefix) = octets.strip_suffix(host.as_slice()) else { return address };
        let mut kept = [0; 16];
        kept.iter_mut().zip(prefix).for_each(|(kept, octet)| *kept = *octet);
        kept.into()
    }
}

impl Session {
    /// Leaves the device's address nowhere in the session: a pseudonym stands in its place, whatever
    /// spelling the access point used.
    pub fn conceal(&mut self, pseudonym: MacAddress) {
        let device = std::mem::replace(&mut self.device, pseudonym);
        self.acct_session_id = device.concealed_in(&self.acct_session_id, pseudonym);
        self.user_name = device.concealed_in(&self.user_name, pseudonym);
        self.address = self.address.map(|address| match address {
            IpAddr::V6(address) => device.concealed_of(address).into(),
            IpAddr::V4(_) => address,
        });
        self.identification.conceal(device, pseudonym);
    }
}

impl SessionIdentification {
    /// The same for these words. What others wrote into Class cannot be read, and goes.
    fn conceal(&mut self, device: MacAddress, pseudonym: MacAddress) {
        let Self {
            nas_identifier,
            nas_address: _,
            nas_port: _,
            nas_port_id,
            calling_station_id,
            called_station_id,
            acct_multi_session_id,
            ipv6_address,
            class,
            chargeable_user_identity,
        } = self;
        let words = [
            nas_identifier,
            nas_port_id,
            calling_station_id,
            called_station_id,
            acct_multi_session_id,
            chargeable_user_identity,
        ];
        for word in words.into_iter().flatten() {
            *word = device.concealed_in(word, pseudonym);
        }
        *ipv6_address = ipv6_address.map(|address| device.concealed_of(address));
        class.clear();
    }
}

/// The twelve digits with which a text begins, with one separator at most between any two, and how
/// many octets they take.
fn spelling(text: &str) -> Option<([u8; 12], usize)> {
    let mut nibbles = [0; 12];
    let mut places = nibbles.iter_mut();
    let mut place = places.next()?;
    let mut may_separate = false;
    for (at, letter) in text.char_indices() {
        if let Some(digit) = letter.to_digit(16) {
            *place = u8::try_from(digit).ok()?;
            may_separate = true;
            match places.next() {
                Some(next) => place = next,
                None => return Some((nibbles, at + 1)),
            }
        } else if may_separate && matches!(letter, ':' | '-' | '.' | '_' | ' ') {
            may_separate = false;
        } else {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    const DEVICE: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);
    const PSEUDONYM: MacAddress = MacAddress::pseudonym([0xb6, 0xc4, 0x1e, 0x09, 0xa2, 0xf3]);

    #[test]
    fn a_pseudonym_is_no_address_of_a_device_and_is_read_back_where_it_was_shown() {
        assert!(PSEUDONYM.is_pseudonym() && !DEVICE.is_pseudonym());
        let shown = PSEUDONYM.to_string();
        assert_eq!(shown, "hash:b7c41e09a2f3");
        assert_eq!(shown.len(), DEVICE.to_string().len(), "columns stay as wide");
        assert_eq!(shown.parse::<MacAddress>(), Err(MacError::Spelling), "no device says so");
        for mac in [PSEUDONYM, DEVICE] {
            assert_eq!(MacAddress::parse_shown(&mac.to_string()), Ok(mac));
            let written = mac.to_string();
            let written: StrDeserializer<'_, Error> = written.as_str().into_deserializer();
            assert_eq!(MacAddress::deserialize(written).unwrap(), mac);
        }
        for text in ["hash:b6c41e09a2f3", "hash:b7c41e09a2", "hash:", "b7:c4:1e:09:a2:f3"] {
            assert!(MacAddress::parse_shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_concealed_in_every_spelling_and_nothing_else_is() {
        for (text, expected) in [
            ("02-00-5E-10-AB-0C", "hash:b7c41e09a2f3"),
            ("02005e10ab0c", "hash:b7c41e09a2f3"),
            ("0200.5e10.ab0c@park", "hash:b7c41e09a2f3@park"),
            ("4f0/02:00:5e:10:ab:0c/17", "4f0/hash:b7c41e09a2f3/17"),
            ("0002005E10AB0C77", "00hash:b7c41e09a2f377"),
            ("02:00:5e:10:ab:0d", "02:00:5e:10:ab:0d"),
            ("02::00:5e:10:ab:0c", "02::00:5e:10:ab:0c"),
            ("زائر", "زائر"),
            ("", ""),
        ] {
            assert_eq!(DEVICE.concealed_in(text, PSEUDONYM), expected, "{text}");
        }
        assert!(MacAddress::spelled_in("4f0/02:00:5e:10:ab:0c/17").contains(&DEVICE));
        assert_eq!(MacAddress::spelled_in("s1"), []);
    }

    #[test]
    fn a_host_part_that_was_made_of_the_address_goes_and_no_other() {
        for (address, expected) in [
            ("2001:db8::5eff:fe10:ab0c", "2001:db8::"),
            ("2001:db8::5eff:fe10:ab0d", "2001:db8::5eff:fe10:ab0d"),
        ] {
            let address: Ipv6Addr = address.parse().unwrap();
            assert_eq!(DEVICE.concealed_of(address), expected.parse::<Ipv6Addr>().unwrap());
        }
    }
}
