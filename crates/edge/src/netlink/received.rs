//! Reads netlink messages and their attributes out of what the kernel sent.
//!
//! Nothing is trusted to be whole: a length that does not fit ends the reading,
//! and what was whole before it is still used.

const HEADER_LENGTH: usize = 16;
const ATTRIBUTE_HEADER_LENGTH: usize = 4;
/// The two upper bits of an attribute's type say "nested" and "network order".
const ATTRIBUTE_KIND: u16 = 0x3fff;
const ALIGNMENT: usize = 4;

/// One message from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// What the message is, in the numbers of its protocol.
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// Number of the request it answers; zero for notifications.
    pub sequence: u32,
    /// What follows the netlink header.
    pub payload: &'a [u8],
}

impl<'a> Received<'a> {
    /// The messages of one datagram, in order.
    pub fn all_in(datagram: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = datagram;
        std::iter::from_fn(move || {
            let length = usize::try_from(u32::from_ne_bytes(array_at(rest, 0)?)).ok()?;
            let message = Self {
                kind: u16::from_ne_bytes(array_at(rest, 4)?),
                flags: u16::from_ne_bytes(array_at(rest, 6)?),
                sequence: u32::from_ne_bytes(array_at(rest, 8)?),
                payload: rest.get(HEADER_LENGTH..length)?,
            };
            rest = rest.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
            Some(message)
        })
    }

    /// The attributes behind a family header of `family_header` octets.
    #[must_use]
    pub fn attributes(&self, family_header: usize) -> Attributes<'a> {
        Attributes(self.payload.get(family_header..).unwrap_or_default())
    }

    /// The error number of an `NLMSG_ERROR` or `NLMSG_DONE`; zero is success.
    #[must_use]
    pub fn error_number(&self) -> Option<i32> {
        array_at(self.payload, 0).map(|octets| i32::from_ne_bytes(octets).saturating_neg())
    }
}

/// A run of attributes: pairs of kind and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Reads the value of a nested attribute as attributes.
    #[must_use]
    pub const fn nested(value: &'a [u8]) -> Self {
        Self(value)
    }

    /// The value of the first attribute of `kind`.
    #[must_use]
    pub fn find(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find_map(|(found, value)| (found == kind).then_some(value))
    }

    /// The attributes inside the first attribute of `kind`.
    #[must_use]
    pub fn find_nested(self, kind: u16) -> Option<Self> {
        self.find(kind).map(Self)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16::from_ne_bytes(array_at(self.0, 0)?));
        let kind = u16::from_ne_bytes(array_at(self.0, 2)?) & ATTRIBUTE_KIND;
        let value = self.0.get(ATTRIBUTE_HEADER_LENGTH..length)?;
        self.0 = self.0.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// The `N` octets of `bytes` from `offset` on.
fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: &[u8], expected: &[(u16, &[u8])]) {
        assert_eq!(Attributes::nested(value).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn attributes_that_do_not_fit_end_the_reading() {
        let mut whole = Vec::new();
        whole.extend_from_slice(&5_u16.to_ne_bytes());
        whole.extend_from_slice(&(3_u16 | 0x8000).to_ne_bytes());
        whole.extend_from_slice(&[42, 0, 0, 0]);
        check(&[], &[]);
        check(&whole, &[(3, &[42])]);
        check(&whole[..5], &[(3, &[42])]);
        check(&whole[..4], &[]);
        let mut shorter_than_its_header = whole.clone();
        shorter_than_its_header.extend_from_slice(&[3, 0, 1, 0]);
        check(&shorter_than_its_header, &[(3, &[42])]);
        check(&[0; 8], &[]);
    }

    proptest! {
        #[test]
        fn no_datagram_makes_the_reader_panic_or_run_for_ever(datagram: Vec<u8>) {
            for message in Received::all_in(&datagram) {
                prop_assert!(message.attributes(4).count() <= datagram.len());
                let _ = message.error_number();
            }
        }
    }
}
