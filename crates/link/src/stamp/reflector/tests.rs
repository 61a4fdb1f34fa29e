use std::time::UNIX_EPOCH;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{key, millis, origin};
use crate::key::Key;
use crate::stamp::Format;

const COUNT: fn(usize) -> NonZeroUsize = |count| NonZeroUsize::new(count).unwrap();

fn limit(a_second: u32, at_once: u32) -> RateLimit {
    RateLimit {
        a_second: NonZeroU32::new(a_second).unwrap(),
        at_once: NonZeroU32::new(at_once).unwrap(),
        peers: COUNT(2),
    }
}

fn error() -> ErrorEstimate {
    ErrorEstimate::synchronised(Format::Ntp, Duration::from_micros(50))
}

fn stateful(sessions: usize) -> Reflector {
    let counting = Counting::Stateful { sessions: COUNT(sessions), of_one_address: COUNT(3) };
    Reflector::new(counting, limit(1_000, 100), error())
}

fn wall(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_067_200) + Duration::from_millis(millis)
}

fn sender(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 40_000))
}

fn asked(sequence: u32, session: u16) -> SenderPacket {
    SenderPacket {
        sequence,
        timestamp: Timestamp::of(wall(0), Format::Ptp),
        error: ErrorEstimate::unsynchronised(Format::Ptp, millis(10)),
        session: SessionId(session),
    }
}

fn open(octets: &[u8], source: SocketAddr) -> Arrival<'_> {
    let authentication = Authentication::None;
    Arrival { source, octets, ttl: 63, received: wall(20), authentication }
}

/// What the reflector says to a packet of so many octets.
fn answer(
    reflector: &mut Reflector,
    packet: SenderPacket,
    source: SocketAddr,
    now: Instant,
) -> Result<ReflectorPacket, DropReason> {
    let (mut octets, mut written) = ([0; 64], [0; 1_500]);
    packet.write(Authentication::None, &mut octets).unwrap();
    let leaving = Departure { now, wall: wall(21) };
    let length = reflector.reflect(open(&octets, source), leaving, &mut written)?;
    Ok(ReflectorPacket::parse(&written[..length], Authentication::None).unwrap())
}

#[test]
fn an_answer_says_what_arrived_and_when() {
    let told = answer(&mut stateful(8), asked(41, 7), sender(1), origin()).unwrap();
    let expected = ReflectorPacket {
        sequence: 0,
        timestamp: Timestamp::of(wall(21), Format::Ntp),
        error: error(),
        session: SessionId(7),
        received: Timestamp::of(wall(20), Format::Ntp),
        origin: Origin {
            sequence: 41,
            timestamp: asked(41, 7).timestamp,
            error: asked(41, 7).error,
            ttl: 63,
        },
    };
    assert_eq!(told, expected);
}

#[test]
fn each_session_is_counted_by_itself_from_zero() {
    // RFC 8762 s4.3, RFC 8972 s3.
    let (mut reflector, now) = (stateful(8), origin());
    for (source, session, asked_as, expected) in [
        (1, 7, 5, 0),
        (1, 7, 9, 1),
        (1, 8, 9, 0),
        (2, 7, 9, 0),
        (1, 7, 9, 2),
        (1, 8, 1, 1),
        // As many as one address may have.
        (1, 9, 1, 0),
        (1, 7, 9, 3),
        (1, 8, 9, 2),
        (1, 9, 9, 1),
    ] {
        let told = answer(&mut reflector, asked(asked_as, session), sender(source), now).unwrap();
        assert_eq!(told.sequence, expected, "{source} {session}");
    }
    assert_eq!(reflector.sessions(), 4);
}

#[test]
fn a_stateless_reflector_gives_the_senders_numbers_back() {
    // RFC 8762 s4.
    let mut reflector = Reflector::new(Counting::Stateless, limit(1_000, 100), error());
    for sequence in [5, 9, 9, 2] {
        let told = answer(&mut reflector, asked(sequence, 7), sender(1), origin()).unwrap();
        assert_eq!(told.sequence, sequence);
    }
    assert_eq!(reflector.sessions(), 0);
}

#[test]
fn when_full_the_session_not_heard_for_longest_ends() {
    let (mut reflector, now) = (stateful(2), origin());
    let mut number = |session, at| {
        answer(&mut reflector, asked(0, session), sender(1), now + millis(at)).unwrap().sequence
    };
    assert_eq!([number(1, 0), number(2, 10), number(1, 20)], [0, 0, 1]);
    assert_eq!(number(3, 30), 0, "a third begins");
    assert_eq!(number(1, 40), 2, "the first goes on");
    assert_eq!(number(2, 50), 0, "the second had ended");
    assert_eq!(reflector.sessions(), 2);
}

#[test]
fn who_begins_a_session_with_every_packet_ends_only_his_own() {
    let (mut reflector, now) = (stateful(4), origin());
    let mut number = |source, session| {
        answer(&mut reflector, asked(0, session), sender(source), now).unwrap().sequence
    };
    assert_eq!(number(1, 1), 0);
    for session in 100..150 {
        assert_eq!(number(2, session), 0);
    }
    assert_eq!(number(1, 1), 1);
    assert_eq!(reflector.sessions(), 4);
}

#[test]
fn an_answer_is_as_long_as_what_it_answers() {
    let mut asked_for = [0; 1_500];
    asked(1, 0).write(Authentication::None, &mut asked_for).unwrap();
    // RFC 8762 s4.6, RFC 5357 s4.2.1: what has no room for what TWAMP says is not answered.
    for (length, answered) in [
        (13, Err(DropReason::Malformed(ParseError::TooShort(13)))),
        (14, Err(DropReason::NoRoom(14))),
        (40, Err(DropReason::NoRoom(40))),
        (41, Ok(41)),
        (43, Ok(43)),
        (44, Ok(44)),
        (47, Ok(47)),
        (1_500, Ok(1_500)),
    ] {
        let mut written = [0; 1_500];
        let leaving = Departure { now: origin(), wall: wall(21) };
        let told =
            stateful(1).reflect(open(&asked_for[..length], sender(1)), leaving, &mut written);
        assert_eq!(told, answered, "{length}");
        if let Ok(length) = told {
            let told = ReflectorPacket::parse(&written[..length], Authentication::None).unwrap();
            assert_eq!((told.origin.sequence, told.origin.ttl), (1, 63), "{length}");
        }
    }
}

#[test]
fn padding_of_twamp_light_comes_back_as_it_was() {
    // RFC 8762 s4.6: the remainder is copied.
    let mut packet = [0x5a; 200];
    packet[44..].fill(0);
    let mut written = [0; 200];
    let leaving = Departure { now: origin(), wall: wall(21) };
    stateful(1).reflect(open(&packet, sender(1)), leaving, &mut written).unwrap();
    assert_eq!(written[44..], packet[44..]);
}

#[test]
fn extensions_that_are_not_known_come_back_marked() {
    let mut packet = [0; 64];
    asked(1, 0).write(Authentication::None, &mut packet[..44]).unwrap();
    packet[44..52].copy_from_slice(&[0x80, 4, 0, 4, 1, 2, 3, 4]);
    packet[52..64].copy_from_slice(&[0x80, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut written = [0; 64];
    let leaving = Departure { now: origin(), wall: wall(21) };
    stateful(1).reflect(open(&packet, sender(1)), leaving, &mut written).unwrap();
    assert_eq!(written[44..52], [0x80, 4, 0, 4, 1, 2, 3, 4]);
    assert_eq!(written[52..56], [0, 1, 0, 8]);
}

/// What stamp-suite 1.0 sends: with a proof, two extensions and their proof; without, on a clock of PTP.
const OF_OTHERS: [(&str, &str); 2] = [
    (
        "00000000000000000000000000000000eeb37c87bb4651b30001000900000000000000000000000000000000
         0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
         000000000000000049c8052222ad31f4de30bf74ffa84d918004000400000000800100147545c1f5668bf860
         bf3aab15dfbc9d8b0a230de0800800107967d686e34336cfb46e1746520cb06d",
        "8004000400000000000100147545c1f5668bf860bf3aab15dfbc9d8b0a230de000080010",
    ),
    (
        "000000006b08fe080ea10ef24001000900000000000000000000000000000000000000000000000000000000
         800400040000000080010014fa063d2af988dc65778219f30ac5e1a0b3ccb789",
        "800400040000000000010014fa063d2af988dc65778219f30ac5e1a0b3ccb789",
    ),
];

#[test]
fn packets_of_another_implementation_are_answered() {
    let key = key();
    let modes = [(Authentication::Hmac(&key), Format::Ntp), (Authentication::None, Format::Ptp)];
    for ((packet, extensions), (authentication, format)) in OF_OTHERS.into_iter().zip(modes) {
        let packet = octets(packet);
        let mut written = vec![0; packet.len()];
        let arrival = Arrival { authentication, ..open(&packet, sender(1)) };
        let leaving = Departure { now: origin(), wall: wall(21) };
        assert_eq!(stateful(1).reflect(arrival, leaving, &mut written), Ok(packet.len()));
        let told = ReflectorPacket::parse(&written, authentication).unwrap();
        assert_eq!((told.session, told.origin.ttl), (SessionId(9), 63));
        // Of the class of service nothing is known here; padding and proof are understood.
        let rest = &written[authentication.base_octets()..];
        assert_eq!(rest[..octets(extensions).len()], octets(extensions));
        assert_eq!(told.origin.error.format(), format);
    }
}

fn octets(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.split_whitespace().collect::<String>().as_bytes()).unwrap()
}

#[test]
fn a_proved_session_answers_only_its_secret() {
    let (key, other) = (key(), Key::new(&[3; 16]).unwrap());
    let mut packet = [0; 200];
    asked(1, 0).write(Authentication::Hmac(&key), &mut packet).unwrap();
    for (secret, expected) in
        [(&key, Ok(200)), (&other, Err(DropReason::Malformed(ParseError::WrongProof)))]
    {
        let authentication = Authentication::Hmac(secret);
        let arrival = Arrival { authentication, ..open(&packet, sender(1)) };
        let (mut reflector, mut written) = (stateful(1), [0; 200]);
        let leaving = Departure { now: origin(), wall: wall(21) };
        assert_eq!(reflector.reflect(arrival, leaving, &mut written), expected);
        assert_eq!(reflector.sessions(), usize::from(expected.is_ok()));
        if expected.is_ok() {
            assert!(ReflectorPacket::parse(&written, authentication).is_ok());
        }
    }
}

#[test]
fn an_address_gets_no_more_answers_than_its_rate() {
    let mut reflector = Reflector::new(Counting::Stateless, limit(10, 3), error());
    let now = origin();
    let mut is_answered =
        |from, at| answer(&mut reflector, asked(0, 0), sender(from), now + millis(at)).is_ok();
    assert_eq!([0; 5].map(|at| is_answered(1, at)), [true, true, true, false, false]);
    assert!(is_answered(2, 0), "another has its own");
    assert_eq!([99, 100, 101].map(|at| is_answered(1, at)), [false, true, false]);
    assert_eq!([900; 4].map(|at| is_answered(1, at)), [true, true, true, false]);
}

#[test]
fn who_forges_an_address_uses_up_nothing_of_its_rate() {
    let mut reflector = Reflector::new(Counting::Stateless, limit(10, 1), error());
    let (key, now) = (key(), origin());
    let mut packet = [0; 112];
    asked(1, 0).write(Authentication::Hmac(&key), &mut packet).unwrap();
    let mut forged = packet;
    forged[0] ^= 1;
    let mut reflect = |octets: &[u8]| {
        let authentication = Authentication::Hmac(&key);
        let arrival = Arrival { authentication, ..open(octets, sender(1)) };
        reflector.reflect(arrival, Departure { now, wall: wall(21) }, &mut [0; 112])
    };
    let refused = Err(DropReason::Malformed(ParseError::WrongProof));
    assert_eq!([reflect(&forged), reflect(&packet)], [refused, Ok(112)]);
}

#[test]
fn two_reflectors_do_not_answer_each_other() {
    let from = SocketAddr::from(([192, 0, 2, 1], PORT));
    let told = answer(&mut stateful(1), asked(0, 0), from, origin());
    assert_eq!(told, Err(DropReason::FromReflector));
}

proptest! {
    #[test]
    fn any_octets_are_answered_with_no_more_or_dropped(
        octets in prop::collection::vec(any::<u8>(), 0..300), proved in any::<bool>()
    ) {
        let key = key();
        let authentication =
            if proved { Authentication::Hmac(&key) } else { Authentication::None };
        let arrival = Arrival { authentication, ..open(&octets, sender(1)) };
        let leaving = Departure { now: origin(), wall: wall(21) };
        let mut written = [0; 300];
        if let Ok(length) = stateful(1).reflect(arrival, leaving, &mut written) {
            prop_assert_eq!(length, octets.len());
            prop_assert!(ReflectorPacket::parse(&written[..length], authentication).is_ok());
        }
    }
}
