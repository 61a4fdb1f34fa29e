//! Packets in hex, as RFC 5880 has them, and any packet there and back.

use data_encoding::HEXLOWER;
use link::bfd::{Diagnostic, Discriminator, DropReason, Frame, Interval, Packet, State};
use proptest::prelude::*;

use crate::world::{mult, said};

/// Up, 100 ms both ways, from 0x22 to 0x11.
pub const UP: &str = "20 c0 03 18 00000022 00000011 000186a0 000186a0 00000000";

/// What is wrong with a packet: the clause of RFC 5880, the octets, the reason.
pub const WRONG: [(&str, &str, DropReason); 17] = [
    ("4.1 nothing", "", DropReason::Truncated),
    (
        "4.1 an octet short",
        "20 c0 03 18 00000022 00000011 000186a0 000186a0 000000",
        DropReason::Truncated,
    ),
    (
        "6.8.6 version 0",
        "00 c0 03 18 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::Version,
    ),
    (
        "6.8.6 version 2",
        "40 c0 03 18 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::Version,
    ),
    (
        "6.8.6 length 23",
        "20 c0 03 17 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::LengthTooSmall,
    ),
    (
        "6.8.6 length 25, authenticated",
        "20 c4 03 19 00000022 00000011 000186a0 000186a0 00000000 01",
        DropReason::LengthTooSmall,
    ),
    (
        "6.8.6 length 25 of 24",
        "20 c0 03 19 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::LengthPastEnd,
    ),
    (
        "6.8.6 length 52 of 33",
        "20 c4 03 34 00000022 00000011 000186a0 000186a0 00000000 01 09 07 736563726574",
        DropReason::LengthPastEnd,
    ),
    (
        "6.8.6 detect mult 0",
        "20 c0 00 18 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::DetectMultZero,
    ),
    (
        "6.8.6 multipoint",
        "20 c1 03 18 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::Multipoint,
    ),
    (
        "6.8.6 my discriminator 0",
        "20 c0 03 18 00000000 00000011 000186a0 000186a0 00000000",
        DropReason::MyDiscriminatorZero,
    ),
    // Of several, the first in the order of the clause.
    (
        "6.8.6 version before length",
        "00 c0 03 17 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::Version,
    ),
    (
        "6.8.6 length before detect mult",
        "20 c0 00 17 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::LengthTooSmall,
    ),
    (
        "6.8.6 end before detect mult",
        "20 c0 00 19 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::LengthPastEnd,
    ),
    (
        "6.8.6 detect mult before multipoint",
        "20 c1 00 18 00000022 00000011 000186a0 000186a0 00000000",
        DropReason::DetectMultZero,
    ),
    (
        "6.8.6 multipoint before my discriminator",
        "20 c1 03 18 00000000 00000011 000186a0 000186a0 00000000",
        DropReason::Multipoint,
    ),
    (
        "6.8.6 all wrong",
        "e0 ff 00 00 00000000 00000000 00000000 00000000 00000000",
        DropReason::Version,
    ),
];

pub fn octets(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    HEXLOWER.decode(digits.as_bytes()).unwrap()
}

#[test]
fn each_check_of_the_reception_rules_drops_by_its_own_reason() {
    for (clause, hex, reason) in WRONG {
        assert_eq!(Frame::parse(&octets(hex)).unwrap_err(), reason, "{clause}");
    }
}

#[test]
fn each_field_is_read_from_its_place_and_written_to_it() {
    let plain = said(State::Up);
    let echo = Interval::from_micros(0x0102_0304);
    for (clause, hex, expected) in [
        ("4.1 up", UP, plain),
        (
            "4.1 admin down",
            "27 00 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet {
                state: State::AdminDown,
                diagnostic: Diagnostic::AdministrativelyDown,
                ..plain
            },
        ),
        (
            "4.1 down",
            "21 40 03 18 00000022 00000000 000186a0 000186a0 00000000",
            Packet {
                state: State::Down,
                diagnostic: Diagnostic::ControlDetectionTimeExpired,
                your_discriminator: None,
                ..plain
            },
        ),
        (
            "4.1 init",
            "20 80 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { state: State::Init, ..plain },
        ),
        (
            "4.1 poll",
            "20 e0 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { is_poll: true, ..plain },
        ),
        (
            "4.1 final",
            "20 d0 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { is_final: true, ..plain },
        ),
        (
            "4.1 control plane independent",
            "20 c8 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { is_control_plane_independent: true, ..plain },
        ),
        (
            "4.1 demand",
            "20 c2 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { is_demand: true, ..plain },
        ),
        (
            "4.1 detect mult",
            "20 c0 ff 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { detect_mult: mult(255), ..plain },
        ),
        (
            "4.1 unknown diagnostic",
            "3f c0 03 18 00000022 00000011 000186a0 000186a0 00000000",
            Packet { diagnostic: Diagnostic::Other(31), ..plain },
        ),
        (
            "4.1 intervals",
            "20 c0 03 18 00000022 00000011 ffffffff 00000000 01020304",
            Packet {
                desired_min_tx: Interval::from_micros(u32::MAX),
                required_min_rx: Interval::ZERO,
                required_min_echo_rx: echo,
                ..plain
            },
        ),
    ] {
        let octets = octets(hex);
        let frame = Frame::parse(&octets).unwrap();
        assert_eq!(*frame.packet(), expected, "{clause}");
        assert_eq!(frame.section(), None, "{clause}");
        assert_eq!(*expected.encode(), octets, "{clause}");
    }
}

#[test]
fn every_diagnostic_has_its_number() {
    for number in 0..32 {
        assert_eq!(Diagnostic::from_bits(number).bits(), number);
        assert_eq!(matches!(Diagnostic::from_bits(number), Diagnostic::Other(_)), number > 8);
    }
}

#[test]
fn octets_after_the_length_are_no_part_of_the_packet() {
    let padded = [octets(UP), vec![0xff; 40]].concat();
    let frame = Frame::parse(&padded).unwrap();
    assert_eq!(frame.octets(), octets(UP));
    assert_eq!(*frame.packet(), said(State::Up));
}

fn packets() -> impl Strategy<Value = Packet> {
    let flags = any::<[bool; 4]>();
    let numbers = (1..=u32::MAX, any::<u32>(), any::<[u32; 3]>());
    (flags, 0..4_usize, 0..32_u8, 1..=u8::MAX, numbers).prop_map(
        |([poll, is_final, independent, demand], state, diagnostic, detect_mult, numbers)| {
            let (mine, yours, [tx, rx, echo]) = numbers;
            Packet {
                diagnostic: Diagnostic::from_bits(diagnostic),
                state: State::ALL[state],
                is_poll: poll,
                is_final,
                is_control_plane_independent: independent,
                is_demand: demand,
                detect_mult: mult(detect_mult),
                my_discriminator: Discriminator::new(mine).unwrap(),
                your_discriminator: Discriminator::new(yours),
                desired_min_tx: Interval::from_micros(tx),
                required_min_rx: Interval::from_micros(rx),
                required_min_echo_rx: Interval::from_micros(echo),
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(packet in packets()) {
        let datagram = packet.encode();
        prop_assert_eq!(*Frame::parse(&datagram).unwrap().packet(), packet);
    }

    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(frame) = Frame::parse(&octets) {
            prop_assert!(octets.starts_with(frame.octets()));
        }
    }

    #[test]
    fn a_packet_with_any_octet_changed_is_read_without_panic(
        packet in packets(),
        place in 0..24_usize,
        octet in any::<u8>(),
    ) {
        let mut octets = packet.encode().to_vec();
        octets[place] = octet;
        _ = Frame::parse(&octets);
    }
}
