//! The probes of a search and their answers, both proved.
//!
//! ```text
//! probe    "SbMt" 1 0 size(2) number(4) 0(4) proof(16) filling
//! answer   "SbMt" 1 1 size(2) number(4) 0(4) proof(16)
//! ```
//!
//! The size is that of the whole packet. An answer is never longer than its probe.

use thiserror::Error;

use super::{PacketSize, Probe};
use crate::key::{Key, TAG_OCTETS};

const MAGIC: [u8; 4] = *b"SbMt";
const VERSION: u8 = 1;
const PROBE: u8 = 0;
const ANSWER: u8 = 1;

const PROVED_OCTETS: usize = 16;

/// The length of an answer, and of the shortest probe.
pub const ANSWER_OCTETS: usize = PROVED_OCTETS + TAG_OCTETS;

/// The key of two ends, for these probes alone.
#[derive(Clone, Debug)]
pub struct ProbeKey(Key);

impl ProbeKey {
    /// That of the ends that share `key`.
    pub fn of(key: &Key) -> Self {
        Self(key.derived("sabeel path mtu 1"))
    }
}

/// Why octets are no probe and no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProbeError {
    /// They are something else.
    #[error("the octets are no probe of a packet size")]
    Foreign,
    /// The proof was made with another secret, or the packet was altered.
    #[error("the proof does not match the secret")]
    WrongProof,
    /// The packet is not as long as it says.
    #[error("the packet contradicts itself")]
    Inconsistent,
}

impl Probe {
    /// Writes it over the beginning of `octets`, for a path on which `headers` octets of IP and UDP go
    /// before it; tells how long it is, if there is room.
    pub fn write(&self, headers: u16, key: &ProbeKey, octets: &mut [u8]) -> Option<usize> {
        let length = usize::from(self.size.0.checked_sub(headers)?);
        let octets = octets.get_mut(..length)?;
        let (head, filling) = octets.split_at_mut_checked(ANSWER_OCTETS)?;
        head.copy_from_slice(&self.seal(PROBE, key));
        filling.fill(0);
        Some(length)
    }

    /// Reads one that came whole.
    pub fn parse(octets: &[u8], headers: u16, key: &ProbeKey) -> Result<Self, ProbeError> {
        let probe = open(octets, PROBE, key)?;
        let length = probe.size.0.checked_sub(headers).map(usize::from);
        if length == Some(octets.len()) { Ok(probe) } else { Err(ProbeError::Inconsistent) }
    }

    /// What the far end says of it.
    pub fn answer(&self, key: &ProbeKey) -> [u8; ANSWER_OCTETS] {
        self.seal(ANSWER, key)
    }

    /// Reads an answer: the probe that arrived.
    pub fn parse_answer(octets: &[u8], key: &ProbeKey) -> Result<Self, ProbeError> {
        let probe = open(octets, ANSWER, key)?;
        if octets.len() == ANSWER_OCTETS { Ok(probe) } else { Err(ProbeError::Inconsistent) }
    }

    /// Reads one of which a router sends the beginning back, and that only its sender can have made.
    pub fn parse_quoted(octets: &[u8], key: &ProbeKey) -> Result<Self, ProbeError> {
        open(octets, PROBE, key)
    }

    fn seal(&self, kind: u8, key: &ProbeKey) -> [u8; ANSWER_OCTETS] {
        let mut message = [0; ANSWER_OCTETS];
        let (proved, tag) = message.split_at_mut(PROVED_OCTETS);
        let (size, number) = (self.size.0.to_be_bytes(), self.number.to_be_bytes());
        let fields = [&MAGIC[..], &[VERSION, kind], &size, &number];
        proved.iter_mut().zip(fields.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
        tag.copy_from_slice(&key.0.tag(&[proved]));
        message
    }
}

fn open(octets: &[u8], kind: u8, key: &ProbeKey) -> Result<Probe, ProbeError> {
    let (fields, rest) = octets.split_first_chunk::<PROVED_OCTETS>().ok_or(ProbeError::Foreign)?;
    let tag: &[u8; TAG_OCTETS] = rest.first_chunk().ok_or(ProbeError::Foreign)?;
    let [m0, m1, m2, m3, version, is, s0, s1, n0, n1, n2, n3, reserved @ ..] = *fields;
    if ([m0, m1, m2, m3], version, is) != (MAGIC, VERSION, kind) {
        return Err(ProbeError::Foreign);
    }
    if !key.0.verifies(&[fields], tag) {
        return Err(ProbeError::WrongProof);
    }
    if reserved != [0; 4] {
        return Err(ProbeError::Inconsistent);
    }
    let size = PacketSize(u16::from_be_bytes([s0, s1]));
    Ok(Probe { number: u32::from_be_bytes([n0, n1, n2, n3]), size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADERS: u16 = 28;

    fn key(secret: u8) -> ProbeKey {
        ProbeKey::of(&Key::new(&[secret; 32]).unwrap())
    }

    fn written(probe: Probe) -> Vec<u8> {
        let mut octets = [0xff; 2_000];
        let length = probe.write(HEADERS, &key(1), &mut octets).unwrap();
        octets[..length].to_vec()
    }

    #[test]
    fn a_probe_makes_a_packet_of_its_size_and_is_known_again_with_its_answer() {
        for size in [60, 576, 1_500] {
            let probe = Probe { number: 0xdead_beef, size: PacketSize(size) };
            let octets = written(probe);
            assert_eq!(octets.len(), usize::from(size - HEADERS));
            assert_eq!(&octets[..6], b"SbMt\x01\x00");
            assert_eq!(Probe::parse(&octets, HEADERS, &key(1)), Ok(probe));
            assert_eq!(Probe::parse_answer(&probe.answer(&key(1)), &key(1)), Ok(probe));
        }
    }

    #[test]
    fn a_probe_without_room_for_its_proof_or_beyond_the_buffer_is_not_written() {
        for size in [0, 28, 59, 2_029] {
            let probe = Probe { number: 1, size: PacketSize(size) };
            assert_eq!(probe.write(HEADERS, &key(1), &mut [0; 2_000]), None, "{size}");
        }
    }

    #[test]
    fn what_was_cut_altered_or_proved_by_another_secret_is_refused() {
        let octets = written(Probe { number: 7, size: PacketSize(600) });
        let parse = |octets: &[u8]| Probe::parse(octets, HEADERS, &key(1));
        assert_eq!(parse(&octets[..571]), Err(ProbeError::Inconsistent));
        let quoted = |octets: &[u8]| Probe::parse_quoted(octets, &key(1));
        assert_eq!(quoted(&octets[..32]).map(|probe| probe.number), Ok(7));
        assert_eq!(quoted(&octets[..31]), Err(ProbeError::Foreign));
        assert_eq!(parse(&octets[..31]), Err(ProbeError::Foreign));
        assert_eq!(Probe::parse(&octets, HEADERS, &key(2)), Err(ProbeError::WrongProof));
        assert_eq!(Probe::parse_answer(&octets, &key(1)), Err(ProbeError::Foreign));
        let mut altered = octets;
        altered[9] ^= 1;
        assert_eq!(parse(&altered), Err(ProbeError::WrongProof));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Probe::parse(&octets, HEADERS, &key(1));
            let _ = Probe::parse_answer(&octets, &key(1));
        }
    }
}
