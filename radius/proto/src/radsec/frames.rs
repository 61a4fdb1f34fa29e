//! Cuts the octets of a stream into packets, by the length in each header (RFC 6613 s2.6.4).
//!
//! A stream whose length field is wrong cannot be followed any further, so it is given up. What
//! a packet says is read elsewhere.

use thiserror::Error;

use crate::packet::{MAX_PACKET_OCTETS, MIN_PACKET_OCTETS};

/// The error for a length field outside 20..=4096, after which nothing can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the length field says {length}, outside 20..=4096")]
pub struct WrongLength {
    /// The field as received.
    pub length: u16,
}

/// The octets of a stream that are not yet packets. If every packet is taken after each push,
/// fewer than 4,096 octets wait besides the push.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// Appends what was received.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// Takes the next whole packet, if it has arrived.
    ///
    /// # Errors
    /// A wrong length, which stays.
    pub fn take(&mut self) -> Result<Option<&[u8]>, WrongLength> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let Some(&[_, _, high, low]) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = u16::from_be_bytes([high, low]);
        let octets = usize::from(length);
        if !(MIN_PACKET_OCTETS..=MAX_PACKET_OCTETS).contains(&octets) {
            return Err(WrongLength { length });
        }
        let Some(frame) = rest.get(..octets) else { return Ok(None) };
        self.taken += octets;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(length: u16, filling: u8) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut octets = vec![1, 7, high, low];
        octets.resize(usize::from(length).max(4), filling);
        octets
    }

    /// Takes all that is there.
    fn drain(frames: &mut Frames) -> Result<Vec<Vec<u8>>, WrongLength> {
        let mut taken = Vec::new();
        while let Some(frame) = frames.take()? {
            taken.push(frame.to_vec());
        }
        Ok(taken)
    }

    #[test]
    fn a_length_outside_the_limits_ends_the_stream() {
        for (length, expected) in [
            (0, Err(WrongLength { length: 0 })),
            (19, Err(WrongLength { length: 19 })),
            (20, Ok(1)),
            (4_096, Ok(1)),
            (4_097, Err(WrongLength { length: 4_097 })),
            (65_535, Err(WrongLength { length: 65_535 })),
        ] {
            let mut frames = Frames::default();
            frames.push(&packet(length, 0));
            let taken = drain(&mut frames).map(|frames| frames.len());
            assert_eq!(taken, expected, "{length}");
            if expected.is_err() {
                frames.push(&packet(20, 0));
                assert!(frames.take().is_err(), "what follows cannot be read either");
            }
        }
    }

    #[test]
    fn a_wrong_length_is_seen_before_the_rest_arrives() {
        let mut frames = Frames::default();
        frames.push(&[1, 7, 0]);
        assert_eq!(frames.take(), Ok(None));
        frames.push(&[19]);
        assert_eq!(frames.take(), Err(WrongLength { length: 19 }));
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_the_packets_are_the_same(
            lengths in proptest::collection::vec(20_u16..=4_096, 0..8),
            cuts in proptest::collection::vec(1_usize..5_000, 1..40),
        ) {
            let packets: Vec<_> =
                lengths.iter().zip(0..).map(|(length, filling)| packet(*length, filling)).collect();
            let stream = packets.concat();
            let mut frames = Frames::default();
            let mut received = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*cut));
                frames.push(now);
                received.extend(drain(&mut frames).unwrap());
                prop_assert!(frames.buffer.len() - frames.taken < MAX_PACKET_OCTETS);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(received, packets);
        }

        #[test]
        fn any_octets_are_packets_of_their_stated_length_or_an_end(
            pieces in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..600), 0..20),
        ) {
            let mut frames = Frames::default();
            for piece in pieces {
                frames.push(&piece);
                let Ok(taken) = drain(&mut frames) else { return Ok(()) };
                for frame in taken {
                    let stated = u16::from_be_bytes([frame[2], frame[3]]);
                    prop_assert_eq!(frame.len(), usize::from(stated));
                }
            }
        }
    }
}
