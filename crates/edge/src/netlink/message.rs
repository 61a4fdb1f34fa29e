//! Writes one netlink message: header, the family's own header, attributes.
//!
//! Lengths and padding are set here and nowhere else. Attribute values that
//! netfilter wants in network order are handed in as bytes by the caller.

/// Ask for the notification that listeners get (`NLM_F_ECHO`).
pub const ECHO: u16 = 0x0008;
/// Take the place of what exists already (`NLM_F_REPLACE`).
pub const REPLACE: u16 = 0x0100;
/// Refuse what exists already (`NLM_F_EXCL`).
pub const EXCLUSIVE: u16 = 0x0200;
/// Make what does not exist yet (`NLM_F_CREATE`).
pub const CREATE: u16 = 0x0400;

const REQUEST: u16 = 0x0001;
const ACKNOWLEDGE: u16 = 0x0004;
const DUMP: u16 = 0x0300;
const NESTED: u16 = 0x8000;
const HEADER_LENGTH: usize = 16;
const ALIGNMENT: usize = 4;

/// The header of every netfilter message (`struct nfgenmsg`) with its resource number.
#[must_use]
pub fn netfilter_header(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

/// One request to the kernel, numbered when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
    kind: u16,
    flags: u16,
}

impl Message {
    /// Starts a message of `kind` with the fixed header of its family.
    #[must_use]
    pub fn new(kind: u16, flags: u16, family_header: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_LENGTH];
        bytes.extend_from_slice(family_header);
        pad(&mut bytes);
        Self { bytes, kind, flags: flags | REQUEST }
    }

    /// Adds one attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.attribute(kind, value);
        self
    }

    /// Adds one nested attribute whose content is already written, as the kernel sent it.
    #[must_use]
    pub fn with_nested_octets(mut self, kind: u16, content: &[u8]) -> Self {
        self.attribute(kind | NESTED, content);
        self
    }

    /// Adds one attribute of text, which the kernel wants with a final zero.
    #[must_use]
    pub fn with_text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.with(kind, &value)
    }

    /// Adds one attribute that holds the attributes which `inner` adds.
    #[must_use]
    pub fn with_nested(mut self, kind: u16, inner: impl FnOnce(Self) -> Self) -> Self {
        let start = self.open(kind | NESTED);
        let mut whole = inner(self);
        whole.close(start);
        whole
    }

    /// Asks for an acknowledgement of this message.
    #[must_use]
    pub fn acknowledged(mut self) -> Self {
        self.flags |= ACKNOWLEDGE;
        self
    }

    /// Asks for the whole table instead of one row.
    #[must_use]
    pub fn for_whole_table(mut self) -> Self {
        self.flags |= DUMP;
        self
    }

    /// Appends the finished message under `sequence` to `datagram`.
    pub fn write_to(&self, sequence: u32, datagram: &mut Vec<u8>) {
        let length = u32::try_from(self.bytes.len()).expect("attributes are below 64 KiB each");
        datagram.extend_from_slice(&length.to_ne_bytes());
        datagram.extend_from_slice(&self.kind.to_ne_bytes());
        datagram.extend_from_slice(&self.flags.to_ne_bytes());
        datagram.extend_from_slice(&sequence.to_ne_bytes());
        // The kernel fills in the port of the sender.
        datagram.extend_from_slice(&0_u32.to_ne_bytes());
        datagram.extend(self.bytes.iter().skip(HEADER_LENGTH));
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let start = self.open(kind);
        self.bytes.extend_from_slice(value);
        self.close(start);
    }

    fn open(&mut self, kind: u16) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        start
    }

    fn close(&mut self, start: usize) {
        let length = u16::try_from(self.bytes.len() - start)
            .expect("one device's keys and names take a few hundred octets");
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        pad(&mut self.bytes);
    }
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlink::Received;

    #[test]
    fn attributes_are_padded_and_lengths_leave_the_padding_out() {
        let message = Message::new(7, CREATE, &netfilter_header(1, 10))
            .with_text(1, "ab")
            .with_nested(2, |nested| nested.with(3, &[1, 2, 3, 4, 5]));
        let mut datagram = Vec::new();
        message.write_to(9, &mut datagram);
        let mut expected = Vec::new();
        expected.extend_from_slice(&44_u32.to_ne_bytes());
        expected.extend_from_slice(&7_u16.to_ne_bytes());
        expected.extend_from_slice(&(CREATE | REQUEST).to_ne_bytes());
        expected.extend_from_slice(&9_u32.to_ne_bytes());
        expected.extend_from_slice(&[0; 4]);
        expected.extend_from_slice(&[1, 0, 0, 10]);
        expected.extend_from_slice(&7_u16.to_ne_bytes());
        expected.extend_from_slice(&1_u16.to_ne_bytes());
        expected.extend_from_slice(b"ab\0\0");
        expected.extend_from_slice(&16_u16.to_ne_bytes());
        expected.extend_from_slice(&(2 | NESTED).to_ne_bytes());
        expected.extend_from_slice(&9_u16.to_ne_bytes());
        expected.extend_from_slice(&3_u16.to_ne_bytes());
        expected.extend_from_slice(&[1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(datagram, expected);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            kind in 16_u16..,
            sequence: u32,
            attributes in prop::collection::vec((0_u16..0x3fff, prop::collection::vec(any::<u8>(), 0..40)), 0..10),
        ) {
            let mut message = Message::new(kind, 0, &[0; 4]);
            for (kind, value) in &attributes {
                message = message.with(*kind, value);
            }
            let mut datagram = Vec::new();
            message.write_to(sequence, &mut datagram);
            let received: Vec<_> = Received::all_in(&datagram).collect();
            prop_assert_eq!(received.len(), 1);
            prop_assert_eq!(received[0].kind, kind);
            prop_assert_eq!(received[0].sequence, sequence);
            let read: Vec<_> = received[0].attributes(4).map(|(k, v)| (k, v.to_vec())).collect();
            prop_assert_eq!(read, attributes);
        }
    }
}
