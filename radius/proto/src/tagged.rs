//! Tagged attributes: a number that groups the attributes of one tunnel (RFC 2868 s3).
//!
//! Of a number's four octets the first is the tag, always. Of text the first octet is a tag only
//! while it is at most 31; otherwise the text starts there. Zero means "no tag".

use crate::value::Value;

/// The tag of an attribute, 1 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u8);

/// The largest tag; a larger first octet is no tag (RFC 2868 s3.1).
const MAX_TAG: u8 = 0x1f;

impl Tag {
    /// A tag, absent outside 1 to 31.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=MAX_TAG => Some(Self(number)),
            _ => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The octet in the packet, zero without a tag.
    pub(crate) fn octet(tag: Option<Self>) -> u8 {
        tag.map_or(0, Self::number)
    }
}

/// A value with its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged<T> {
    /// The tag, if there is one.
    pub tag: Option<Tag>,
    /// The value without it.
    pub value: T,
}

impl<'a> Value<'a> {
    /// The value as a tagged 24-bit number, absent unless it has four octets (RFC 2868 s3.1).
    pub fn tagged_u32(self) -> Option<Tagged<u32>> {
        let [tag, high, middle, low] = self.octets().try_into().ok()?;
        let value = u32::from_be_bytes([0, high, middle, low]);
        Some(Tagged { tag: Tag::new(tag), value })
    }

    /// The value as tagged text or octets (RFC 2868 s3.3).
    pub fn tagged(self) -> Tagged<Value<'a>> {
        match self.octets().split_first() {
            Some((&tag @ 0..=MAX_TAG, rest)) => {
                Tagged { tag: Tag::new(tag), value: Value::new(rest) }
            }
            _ => Tagged { tag: None, value: self },
        }
    }

    /// The value behind an octet that is always a tag, absent without any octet
    /// (Tunnel-Password, RFC 2868 s3.5).
    pub fn behind_tag(self) -> Option<Tagged<Value<'a>>> {
        let (&tag, rest) = self.octets().split_first()?;
        Some(Tagged { tag: Tag::new(tag), value: Value::new(rest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_octet_of_a_number_is_always_a_tag() {
        let check = |octets: &[u8], expected: Option<(Option<u8>, u32)>| {
            let read = Value::new(octets).tagged_u32();
            let read = read.map(|tagged| (tagged.tag.map(Tag::number), tagged.value));
            assert_eq!(read, expected, "{octets:?}");
        };
        check(&[1, 0, 0, 13], Some((Some(1), 13)));
        check(&[0, 0, 0, 6], Some((None, 6)));
        check(&[0x20, 1, 0, 0], Some((None, 0x01_0000)));
        check(&[1, 0, 13], None);
    }

    #[test]
    fn text_has_a_tag_only_if_its_first_octet_is_small() {
        let check = |octets: &[u8], tag: Option<u8>, text: &str| {
            let read = Value::new(octets).tagged();
            assert_eq!((read.tag.map(Tag::number), read.value.text()), (tag, Some(text)));
        };
        check(b"\x1f100", Some(31), "100");
        check(b"\x00100", None, "100");
        check(b"100", None, "100");
        check(b"", None, "");
    }
}
