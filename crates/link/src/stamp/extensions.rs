//! What follows a base packet: type-length-value extensions (RFC 8972 s4), and what a reflector makes
//! of them.
//!
//! Extra Padding is given back as it came, and so is plain padding, which begins with an octet of type
//! zero. No other extension is known here but the proof of the others (s4.8); they go back marked so.

use super::packet::Authentication;
use crate::key::{Key, TAG_OCTETS};

/// Flags, type and length.
const HEADER_OCTETS: usize = 4;

/// The extension is not understood.
const UNRECOGNISED: u8 = 0x80;
/// The extension cannot be what it says.
const MALFORMED: u8 = 0x40;
/// The proof of the extensions is wrong.
const UNPROVED: u8 = 0x20;

/// RFC 8972 s4.1.
const EXTRA_PADDING: u8 = 1;
/// RFC 8972 s4.8.
const HMAC: u8 = 8;

/// Fills the rest of a packet by Extra Padding; by zeros, if that has no room.
pub(super) fn pad(rest: &mut [u8]) {
    rest.fill(0);
    let Some(length) = rest.len().checked_sub(HEADER_OCTETS) else { return };
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let header = [UNRECOGNISED, EXTRA_PADDING, length[0], length[1]];
    rest.iter_mut().zip(header).for_each(|(place, octet)| *place = octet);
}

/// Marks the extensions that a sender sent as its reflector does. `asked` and `answered` are the
/// sequence numbers of the two packets, which the proofs of their extensions include.
pub(super) fn reflect(
    rest: &mut [u8],
    authentication: Authentication<'_>,
    asked: u32,
    answered: u32,
) {
    if rest.get(1) == Some(&0) {
        return;
    }
    let Authentication::Hmac(key) = authentication else {
        return mark(rest, Proof::NotAskedFor);
    };
    let proof = verify(rest, key, asked);
    mark(rest, proof);
    if let Proof::At(at) = proof
        && let Some((proved, proof)) = rest.split_at_mut_checked(at)
        && let Some(place) = proof.get_mut(HEADER_OCTETS..HEADER_OCTETS + TAG_OCTETS)
    {
        place.copy_from_slice(&key.tag(&[&answered.to_be_bytes(), proved]));
    }
}

/// What is known of the proof of a packet's extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Packets of this session have none; an extension that says to be one is not understood.
    NotAskedFor,
    /// There is but padding, which needs none.
    NotNeeded,
    /// It is right, and begins there.
    At(usize),
    /// It is missing, misplaced or wrong.
    Wrong,
}

/// One extension of a packet.
struct Extension {
    at: usize,
    kind: u8,
    /// None if it goes beyond the end of the packet.
    end: Option<usize>,
}

/// The extension that begins there.
fn extension(rest: &[u8], at: usize) -> Option<Extension> {
    let header: &[u8; HEADER_OCTETS] = rest.get(at..)?.first_chunk()?;
    let [_, kind, length @ ..] = *header;
    let end = at + HEADER_OCTETS + usize::from(u16::from_be_bytes(length));
    Some(Extension { at, kind, end: (end <= rest.len()).then_some(end) })
}

/// All proofs are right and where they belong: after all but padding (RFC 8972 s4.8). Only a packet
/// with nothing but one Extra Padding needs none.
fn verify(rest: &[u8], key: &Key, asked: u32) -> Proof {
    let (mut at, mut count, mut only_padding, mut found) = (0, 0, true, Proof::Wrong);
    while let Some(Extension { at: begin, kind, end: Some(end) }) = extension(rest, at) {
        count += 1;
        only_padding &= kind == EXTRA_PADDING;
        match (kind, found) {
            (EXTRA_PADDING, _) => {}
            (HMAC, Proof::Wrong) => {
                let proved = rest.get(..begin).unwrap_or_default();
                let tag = rest.get(begin + HEADER_OCTETS..end).unwrap_or_default();
                if !key.verifies(&[&asked.to_be_bytes(), proved], tag) {
                    return Proof::Wrong;
                }
                found = Proof::At(begin);
            }
            (_, Proof::At(_)) => return Proof::Wrong,
            _ => {}
        }
        at = end;
    }
    if count <= 1 && only_padding { Proof::NotNeeded } else { found }
}

/// Sets the flags of each extension, up to one that is malformed.
fn mark(rest: &mut [u8], proof: Proof) {
    let mut at = 0;
    while let Some(Extension { at: begin, kind, end }) = extension(rest, at) {
        let flags = match (kind, end, proof) {
            (_, None, _) => MALFORMED,
            (_, Some(_), Proof::Wrong) => UNPROVED,
            (EXTRA_PADDING, Some(_), _) | (HMAC, Some(_), Proof::At(_)) => 0,
            (_, Some(_), _) => UNRECOGNISED,
        };
        if let Some(place) = rest.get_mut(begin) {
            *place = flags;
        }
        let Some(end) = end else { return };
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    fn key() -> Key {
        Key::new(&[0x0b; 20]).unwrap()
    }

    fn octets(hex: &str) -> Vec<u8> {
        HEXLOWER.decode(hex.replace(' ', "").as_bytes()).unwrap()
    }

    fn open(hex: &str) -> String {
        let mut rest = octets(hex);
        reflect(&mut rest, Authentication::None, 7, 9);
        HEXLOWER.encode(&rest)
    }

    #[test]
    fn extensions_go_back_marked_as_rfc_8972_s4_says() {
        for (clause, asked, answered) in [
            ("s4.1 extra padding is understood", "80010002 abcd", "00010002 abcd"),
            ("s4 what is not understood", "80040004 01020304", "80040004 01020304"),
            ("s4 also if the sender forgot U", "00fa0000", "80fa0000"),
            ("s4 both", "80010000 800a0001 ff 80010001 00", "00010000 800a0001 ff 00010001 00"),
            (
                "s4 longer than the packet",
                "80010000 80040005 01020304",
                "00010000 40040005 01020304",
            ),
            ("s4 what follows is not looked at", "8001ffff 80040000", "4001ffff 80040000"),
            ("a rest without header", "80010000 8004", "00010000 8004"),
            ("RFC 8762 s4.2.1 padding", "00000000 ffff ffff", "00000000 ffff ffff"),
            (
                "s4.8 no secret here",
                "80080010 00000000000000000000000000000000",
                "80080010 00000000000000000000000000000000",
            ),
            ("nothing", "", ""),
        ] {
            assert_eq!(open(asked), answered.replace(' ', ""), "{clause}");
        }
    }

    /// Extensions with a proof behind them.
    fn sealed(before: &str, sequence: u32, after: &str) -> Vec<u8> {
        let mut rest = octets(before);
        let tag = key().tag(&[&sequence.to_be_bytes(), &rest]);
        rest.extend(octets("80080010"));
        rest.extend(tag);
        rest.extend(octets(after));
        rest
    }

    fn flags(mut rest: Vec<u8>) -> Vec<u8> {
        reflect(&mut rest, Authentication::Hmac(&key()), 7, 9);
        let mut flags = Vec::new();
        let mut at = 0;
        while let Some(Extension { at: begin, end: Some(end), .. }) = extension(&rest, at) {
            flags.push(rest[begin]);
            at = end;
        }
        flags
    }

    #[test]
    fn extensions_of_a_proved_session_need_a_proof_of_their_own() {
        const PADDING: &str = "80010002 abcd";
        const COS: &str = "80040004 01020304";
        for (clause, rest, expected) in [
            ("s4.8 only padding", octets(PADDING), vec![0]),
            ("s4.8 without a proof", octets(COS), vec![UNPROVED]),
            ("s4.8 two of padding", octets(&[PADDING, PADDING].concat()), vec![UNPROVED; 2]),
            ("s4.8 right", sealed(COS, 7, ""), vec![UNRECOGNISED, 0]),
            ("s4.8 padding behind it", sealed(COS, 7, PADDING), vec![UNRECOGNISED, 0, 0]),
            ("s4.8 another behind it", sealed(COS, 7, COS), vec![UNPROVED; 3]),
            ("s4.8 of another packet", sealed(COS, 8, ""), vec![UNPROVED; 2]),
        ] {
            assert_eq!(flags(rest), expected, "{clause}");
        }
    }

    #[test]
    fn the_proof_of_the_answer_is_over_what_the_answer_says() {
        let mut rest = sealed("00040004 01020304", 7, "");
        reflect(&mut rest, Authentication::Hmac(&key()), 7, 9);
        assert_eq!(rest[0], UNRECOGNISED);
        assert!(key().verifies(&[&9_u32.to_be_bytes(), &rest[..8]], &rest[12..28]));
    }

    #[test]
    fn a_packet_is_filled_by_one_extension() {
        for (length, expected) in [(0, ""), (3, "000000"), (4, "80010000"), (6, "80010002 0000")] {
            let mut rest = vec![0xee; length];
            pad(&mut rest);
            assert_eq!(HEXLOWER.encode(&rest), expected.replace(' ', ""));
        }
    }

    proptest! {
        #[test]
        fn only_flags_and_proofs_change(
            rest in prop::collection::vec(any::<u8>(), 0..80), is_sealed in any::<bool>()
        ) {
            let key = key();
            let authentication =
                if is_sealed { Authentication::Hmac(&key) } else { Authentication::None };
            let mut answered = rest.clone();
            reflect(&mut answered, authentication, 7, 9);
            let changed = rest.iter().zip(&answered).filter(|(one, other)| one != other).count();
            prop_assert!(changed <= rest.len().div_ceil(HEADER_OCTETS));
        }
    }
}
