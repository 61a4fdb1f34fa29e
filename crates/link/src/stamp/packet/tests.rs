use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;

fn key() -> Key {
    Key::new(b"sixteen octets or more").unwrap()
}

fn octets(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.split_whitespace().collect::<String>().as_bytes()).unwrap()
}

const ASKED: SenderPacket = SenderPacket {
    sequence: 0x0102_0304,
    timestamp: Timestamp::from_bits(0xe93c_7b00_8000_0000),
    error: ErrorEstimate::from_bits(0x8c01),
    session: SessionId(0xbeef),
};

const ANSWERED: ReflectorPacket = ReflectorPacket {
    sequence: 0x1112_1314,
    timestamp: Timestamp::from_bits(0x6592_0125_1dcd_6500),
    error: ErrorEstimate::from_bits(0x4d02),
    session: SessionId(0xbeef),
    received: Timestamp::from_bits(0x6592_0125_1dcd_6400),
    origin: Origin {
        sequence: 0x0102_0304,
        timestamp: Timestamp::from_bits(0xe93c_7b00_8000_0000),
        error: ErrorEstimate::from_bits(0x8c01),
        ttl: 0xfe,
    },
};

/// RFC 8762 s4.2.1, figure 3, and RFC 8972 s3, figure 1: number, stamp, error, session, 28 of zero.
const OPEN_ASKED: &str = "01020304 e93c7b0080000000 8c01 beef
    00000000 00000000 00000000 00000000 00000000 00000000 00000000";

/// RFC 8762 s4.3.1, figure 5, and RFC 8972 s3, figure 2.
const OPEN_ANSWERED: &str = "11121314 659201251dcd6500 4d02 beef 659201251dcd6400
    01020304 e93c7b0080000000 8c01 0000 fe 000000";

/// RFC 8762 s4.2.2, figure 4, and RFC 8972 s3, figure 3, without the proof.
const SEALED_ASKED: &str = "01020304 000000000000000000000000 e93c7b0080000000 8c01 beef
    00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
    00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000";

/// RFC 8762 s4.3.2, figure 6, and RFC 8972 s3, figure 4, without the proof.
const SEALED_ANSWERED: &str =
    "11121314 000000000000000000000000 659201251dcd6500 4d02 beef 00000000
    659201251dcd6400 0000000000000000 01020304 000000000000000000000000
    e93c7b0080000000 8c01 000000000000 fe 000000000000000000000000000000";

fn proved(hex: &str) -> Vec<u8> {
    let mut packet = octets(hex);
    assert_eq!(packet.len(), PROVED_OCTETS);
    packet.extend(key().tag(&[&octets(hex)]));
    packet
}

#[test]
fn what_is_asked_stands_where_the_figures_show_it() {
    let key = key();
    for (authentication, expected) in [
        (Authentication::None, octets(OPEN_ASKED)),
        (Authentication::Hmac(&key), proved(SEALED_ASKED)),
    ] {
        assert_eq!(expected.len(), authentication.base_octets());
        let mut written = vec![0xee; expected.len()];
        ASKED.write(authentication, &mut written).unwrap();
        assert_eq!(HEXLOWER.encode(&written), HEXLOWER.encode(&expected));
        assert_eq!(SenderPacket::parse(&expected, authentication), Ok(ASKED));
    }
}

#[test]
fn what_is_answered_stands_where_the_figures_show_it() {
    let key = key();
    for (authentication, expected) in [
        (Authentication::None, octets(OPEN_ANSWERED)),
        (Authentication::Hmac(&key), proved(SEALED_ANSWERED)),
    ] {
        assert_eq!(expected.len(), authentication.base_octets());
        let mut written = vec![0xee; expected.len()];
        ANSWERED.write(authentication, &mut written).unwrap();
        assert_eq!(HEXLOWER.encode(&written), HEXLOWER.encode(&expected));
        assert_eq!(ReflectorPacket::parse(&expected, authentication), Ok(ANSWERED));
    }
}

#[test]
fn a_longer_packet_is_filled_by_extra_padding() {
    let mut written = [0xee; 64];
    ASKED.write(Authentication::None, &mut written).unwrap();
    assert_eq!(written[44..], octets("80010010 00000000000000000000000000000000"));
}

#[test]
fn what_must_be_zero_is_not_looked_at() {
    // RFC 8762 s4.2.1: ignored on receipt.
    let mut asked = octets(OPEN_ASKED);
    asked[16..].fill(0xff);
    assert_eq!(SenderPacket::parse(&asked, Authentication::None), Ok(ASKED));
    let mut answered = octets(OPEN_ANSWERED);
    answered[41..].fill(0xff);
    assert_eq!(ReflectorPacket::parse(&answered, Authentication::None), Ok(ANSWERED));
}

#[test]
fn any_changed_octet_of_a_proved_packet_is_noticed() {
    let key = key();
    for at in 0..SEALED_OCTETS {
        let (mut asked, mut answered) = (proved(SEALED_ASKED), proved(SEALED_ANSWERED));
        asked[at] ^= 1;
        answered[at] ^= 0x80;
        let authentication = Authentication::Hmac(&key);
        let wrong = ParseError::WrongProof;
        assert_eq!(SenderPacket::parse(&asked, authentication), Err(wrong), "{at}");
        assert_eq!(ReflectorPacket::parse(&answered, authentication), Err(wrong), "{at}");
    }
}

#[test]
fn what_follows_the_proof_is_not_under_it() {
    let key = key();
    let mut asked = proved(SEALED_ASKED);
    asked.extend([0x80, 1, 0, 0]);
    assert_eq!(SenderPacket::parse(&asked, Authentication::Hmac(&key)), Ok(ASKED));
}

#[test]
fn a_twamp_light_sender_is_understood_without_session() {
    // RFC 5357 s4.1.2: fourteen octets, and padding of any content.
    let asked = SenderPacket { session: SessionId(0), ..ASKED };
    for length in 14..44 {
        let packet = &octets(OPEN_ASKED)[..length];
        assert_eq!(SenderPacket::parse(packet, Authentication::None), Ok(asked), "{length}");
    }
}

#[test]
fn a_twamp_light_reflector_is_understood() {
    // RFC 5357 s4.2.1: 41 octets, where the session identifier is zero.
    let packet = &octets(OPEN_ANSWERED)[..TWAMP_LIGHT_OCTETS];
    assert_eq!(ReflectorPacket::parse(packet, Authentication::None), Ok(ANSWERED));
}

#[test]
fn what_is_too_short_is_refused() {
    let key = key();
    for (length, asked, answered) in [(0, true, true), (13, true, true), (40, false, true)] {
        let packet = vec![0; length];
        let refused = ParseError::TooShort(length);
        let parsed = SenderPacket::parse(&packet, Authentication::None);
        assert_eq!(parsed.err(), asked.then_some(refused));
        let parsed = ReflectorPacket::parse(&packet, Authentication::None);
        assert_eq!(parsed.err(), answered.then_some(refused));
    }
    let packet = &proved(SEALED_ASKED)[..111];
    let refused = Err(ParseError::TooShort(111));
    assert_eq!(SenderPacket::parse(packet, Authentication::Hmac(&key)), refused);
    assert_eq!(ASKED.write(Authentication::None, &mut [0; 43]), Err(ParseError::TooShort(43)));
    assert_eq!(ANSWERED.write(Authentication::None, &mut [0; 40]), Err(ParseError::TooShort(40)));
    let written = ANSWERED.write(Authentication::Hmac(&key), &mut [0; 111]);
    assert_eq!(written, Err(ParseError::TooShort(111)));
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic_and_written_again(
        octets in prop::collection::vec(any::<u8>(), 0..160)
    ) {
        let key = key();
        for authentication in [Authentication::None, Authentication::Hmac(&key)] {
            if let Ok(packet) = SenderPacket::parse(&octets, authentication) {
                let mut again = [0; SEALED_OCTETS];
                packet.write(authentication, &mut again).unwrap();
                let read = SenderPacket::parse(&again, authentication);
                prop_assert_eq!(read, Ok(packet));
            }
            if let Ok(packet) = ReflectorPacket::parse(&octets, authentication) {
                let mut again = [0; SEALED_OCTETS];
                packet.write(authentication, &mut again).unwrap();
                prop_assert_eq!(ReflectorPacket::parse(&again, authentication), Ok(packet));
            }
        }
    }
}
