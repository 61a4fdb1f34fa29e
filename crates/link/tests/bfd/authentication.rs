//! What vouches for packets (RFC 5880 s6.7). The hashes were made by another program.

use link::bfd::{
    Algorithm, Authentication, AuthenticationError, Datagram, DropReason, Due, Frame, KeyId, Keys,
    Secret, Session, State,
};

use crate::wire::{UP, octets};
use crate::world::{Bench, discriminator, ms, said, settings};

/// Signed with key 7, "secret".
pub const PASSWORD: &str =
    "20 c4 03 21 00000022 00000011 000186a0 000186a0 00000000 01 09 07 73 65 63 72 65 74";
/// Signed with key 9, "shared key", as number 0x01020304.
pub const SHA1: &str = "20 c4 03 34 00000022 00000011 000186a0 000186a0 00000000 04 1c 09 00 01020304 \
    17e071147f999f7d6012ea531bb17abdf5a07f25";
/// The same, meticulously.
pub const METICULOUS: &str = "20 c4 03 34 00000022 00000011 000186a0 000186a0 00000000 05 1c 09 00 \
    01020304 095fa508101d9521ebf1b4049ab2c0edd71fb23e";
/// The same with the greatest number.
const METICULOUS_LAST: &str = "20 c4 03 34 00000022 00000011 000186a0 000186a0 00000000 05 1c 09 00 \
    ffffffff fbb5ba1ca6381b80c8694fcce276a9c19cca0ffd";

fn key(id: u8, secret: &str) -> (KeyId, Secret) {
    (KeyId(id), Secret::new(secret.as_bytes()).unwrap())
}

fn on(algorithm: Algorithm, id: u8, secret: &str) -> Authentication {
    Authentication::On(Keys::new(algorithm, key(id, secret), vec![]).unwrap())
}

fn password() -> Authentication {
    on(Algorithm::SimplePassword, 7, "secret")
}

fn sha1() -> Authentication {
    on(Algorithm::KeyedSha1, 9, "shared key")
}

fn meticulous() -> Authentication {
    on(Algorithm::MeticulousKeyedSha1, 9, "shared key")
}

/// A session that has heard nothing yet.
fn bench(authentication: &Authentication) -> Bench {
    Bench::new(settings(100, 100, 3).with_authentication(authentication.clone()))
}

/// What the other side sends with that number.
fn sent_by_them(authentication: &Authentication, sequence: u32) -> Datagram {
    authentication.signed(&said(State::Down), sequence)
}

#[test]
fn packets_that_another_program_signed_are_accepted() {
    for (clause, hex, authentication) in [
        ("6.7.2", PASSWORD, password()),
        ("6.7.4 keyed", SHA1, sha1()),
        ("6.7.4 meticulous", METICULOUS, meticulous()),
        ("6.7.4 meticulous, last number", METICULOUS_LAST, meticulous()),
        ("without", UP, Authentication::Off),
    ] {
        assert_eq!(bench(&authentication).take_octets(&octets(hex)), Ok(None), "{clause}");
    }
}

#[test]
fn packets_are_signed_as_another_program_does() {
    for (hex, authentication, sequence) in [
        (PASSWORD, password(), 0),
        (SHA1, sha1(), 0x0102_0304),
        (METICULOUS, meticulous(), 0x0102_0304),
        (METICULOUS_LAST, meticulous(), u32::MAX),
        (UP, Authentication::Off, 5),
    ] {
        assert_eq!(*authentication.signed(&said(State::Up), sequence), octets(hex));
    }
}

#[test]
fn each_check_of_authentication_drops_by_its_own_reason() {
    let alter = |hex: &str, place: usize, octet: u8| {
        let mut octets = octets(hex);
        octets[place] = octet;
        octets
    };
    for (clause, octets, authentication, reason) in [
        (
            "6.8.6 A bit without use",
            octets(SHA1),
            Authentication::Off,
            DropReason::AuthenticationUnexpected,
        ),
        ("6.8.6 use without A bit", octets(UP), sha1(), DropReason::AuthenticationMissing),
        ("6.7.2 type", octets(PASSWORD), sha1(), DropReason::AuthenticationType),
        ("6.7.4 type", octets(SHA1), meticulous(), DropReason::AuthenticationType),
        ("6.7.4 type", octets(METICULOUS), sha1(), DropReason::AuthenticationType),
        ("6.7.3 keyed MD5", alter(SHA1, 24, 2), sha1(), DropReason::AuthenticationType),
        (
            "6.7.3 meticulous keyed MD5",
            alter(SHA1, 24, 3),
            meticulous(),
            DropReason::AuthenticationType,
        ),
        ("6.7.2 key number", alter(PASSWORD, 26, 8), password(), DropReason::AuthenticationKey),
        ("6.7.4 key number", alter(SHA1, 26, 8), sha1(), DropReason::AuthenticationKey),
        ("6.7.2 length", alter(PASSWORD, 25, 8), password(), DropReason::AuthenticationLength),
        (
            "6.7.2 other length",
            octets(PASSWORD),
            on(Algorithm::SimplePassword, 7, "secrets"),
            DropReason::AuthenticationLength,
        ),
        ("6.7.4 length", alter(SHA1, 25, 27), sha1(), DropReason::AuthenticationLength),
        (
            "4.1 two octets",
            octets("20 c4 03 1a 00000022 00000011 000186a0 000186a0 00000000 04 02"),
            sha1(),
            DropReason::AuthenticationLength,
        ),
        (
            "6.7.4 short",
            octets("20 c4 03 20 00000022 00000011 000186a0 000186a0 00000000 04 08 09 00 01020304"),
            sha1(),
            DropReason::AuthenticationLength,
        ),
        (
            "6.7.2 password",
            alter(PASSWORD, 30, b'x'),
            password(),
            DropReason::AuthenticationMismatch,
        ),
        ("6.7.4 hash", alter(SHA1, 51, 0), sha1(), DropReason::AuthenticationMismatch),
        ("6.7.4 state", alter(SHA1, 1, 0x44), sha1(), DropReason::AuthenticationMismatch),
        ("6.7.4 number", alter(SHA1, 31, 0), sha1(), DropReason::AuthenticationMismatch),
        (
            "6.7.4 key",
            octets(SHA1),
            on(Algorithm::KeyedSha1, 9, "shared kex"),
            DropReason::AuthenticationMismatch,
        ),
    ] {
        let mut bench = bench(&authentication);
        assert_eq!(bench.take_octets(&octets), Err(reason), "{clause}");
        let standing = bench.session.standing();
        assert_eq!((standing.remote, standing.heard), (None, None), "{clause}: it was not heard");
    }
}

#[test]
fn numbers_are_accepted_within_the_window_alone() {
    // RFC 5880 s6.7.4: up to three times Detect Mult ahead, which is 9 here.
    for (authentication, repeated) in [(sha1(), true), (meticulous(), false)] {
        for last in [100, u32::MAX - 4, u32::MAX, 0] {
            for (ahead, is_accepted) in [
                (0_u32, repeated),
                (1, true),
                (9, true),
                (10, false),
                (u32::MAX, false),
                (1 << 31, false),
            ] {
                let mut bench = bench(&authentication);
                bench.take_octets(&sent_by_them(&authentication, last)).unwrap();
                let next = sent_by_them(&authentication, last.wrapping_add(ahead));
                let expected =
                    if is_accepted { None } else { Some(DropReason::AuthenticationSequence) };
                assert_eq!(bench.take_octets(&next).err(), expected, "{last} + {ahead}");
            }
        }
    }
}

#[test]
fn a_loss_that_is_told_by_another_path_is_proved_like_any_other_word() {
    let mut bench = bench(&meticulous());
    for (sequence, state) in [(1, State::Init), (2, State::Up)] {
        bench.take_octets(&meticulous().signed(&said(state), sequence)).unwrap();
    }
    // Until it is settled.
    bench.now += ms(2_000);
    bench.take_octets(&meticulous().signed(&said(State::Up), 3)).unwrap();
    let lost = said(State::Down);
    for (name, datagram, outcome) in [
        ("unproved", lost.encode(), Err(DropReason::AuthenticationMissing)),
        ("of old", meticulous().signed(&lost, 3), Err(DropReason::AuthenticationSequence)),
        ("proved", meticulous().signed(&lost, 4), Ok(())),
        ("again", meticulous().signed(&lost, 4), Err(DropReason::AuthenticationSequence)),
    ] {
        let frame = Frame::parse(&datagram).unwrap();
        assert_eq!(bench.session.receive_elsewhere(&frame, bench.now), outcome, "{name}");
    }
}

#[test]
fn a_wrong_hash_teaches_no_number() {
    let mut bench = bench(&meticulous());
    let mut forged = sent_by_them(&meticulous(), 5_000).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(bench.take_octets(&forged), Err(DropReason::AuthenticationMismatch));
    assert!(bench.take_octets(&sent_by_them(&meticulous(), 3)).is_ok());
    // Nor does one within the window.
    let mut forged = sent_by_them(&meticulous(), 12).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(bench.take_octets(&forged), Err(DropReason::AuthenticationMismatch));
    assert!(bench.take_octets(&sent_by_them(&meticulous(), 4)).is_ok());
}

#[test]
fn the_number_is_forgotten_after_twice_the_detection_time() {
    // RFC 5880 s6.8.1: so that a peer that started again is heard.
    for (authentication, other) in [(sha1(), 70_000), (meticulous(), 2)] {
        let mut bench = bench(&authentication);
        bench.take_octets(&sent_by_them(&authentication, 1_000)).unwrap();
        let twice = 2 * bench.session.standing().detection_time.unwrap();
        bench.wait(twice - ms(1));
        bench.due();
        let anew = sent_by_them(&authentication, other);
        assert_eq!(bench.take_octets(&anew), Err(DropReason::AuthenticationSequence));
        bench.wait(ms(1));
        assert!(bench.take_octets(&anew).is_ok());
    }
}

#[test]
fn numbers_that_are_sent_grow_as_the_algorithm_asks() {
    for (authentication, steps) in [(sha1(), [0, 0, 0]), (meticulous(), [1, 1, 1])] {
        let mut bench = bench(&authentication);
        let mut numbers = Vec::new();
        let mut note = |due: Vec<Due>| {
            for due in due {
                let Due::Transmit(datagram) = due else { continue };
                numbers.push(u32::from_be_bytes(datagram[28..32].try_into().unwrap()));
            }
        };
        note(bench.due());
        for _ in 0..3 {
            note(bench.step());
        }
        // Another content has another number in either case.
        bench.session.disable(link::bfd::Diagnostic::AdministrativelyDown, bench.now);
        note(bench.due());
        let grown: Vec<_> = numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        assert_eq!(grown, [&steps[..], &[1]].concat());
    }
}

#[test]
fn keys_are_changed_on_one_side_after_the_other() {
    let both = |sending: (KeyId, Secret), other| {
        Authentication::On(Keys::new(Algorithm::KeyedSha1, sending, vec![other]).unwrap())
    };
    let (old, new) = (|| key(1, "old"), || key(2, "new"));
    for (theirs, is_accepted) in [
        (on(Algorithm::KeyedSha1, 1, "old"), true),
        (on(Algorithm::KeyedSha1, 2, "new"), true),
        (on(Algorithm::KeyedSha1, 2, "old"), false),
        (on(Algorithm::KeyedSha1, 3, "new"), false),
    ] {
        let mut bench = bench(&both(old(), new()));
        assert_eq!(bench.take_octets(&sent_by_them(&theirs, 5)).is_ok(), is_accepted);
    }
    let Due::Transmit(sent) = bench(&both(new(), old())).due()[0] else { panic!("a packet") };
    assert_eq!(sent[26], 2, "the first one is sent with");
}

#[test]
fn authentication_is_turned_on_and_off_while_the_session_stays() {
    let plain = || settings(100, 100, 3);
    let (first, second) = (sent_by_them(&Authentication::Off, 0), sent_by_them(&meticulous(), 8));
    let mut bench = Bench::new(plain());
    assert!(bench.take_octets(&first).is_ok());
    assert_eq!(bench.take_octets(&second), Err(DropReason::AuthenticationUnexpected));
    // Either is accepted, the old one sent; then the new one sent; then it alone is accepted.
    bench.session.reconfigure(plain().also_accepting(meticulous()));
    assert!(bench.take_octets(&first).is_ok());
    assert!(bench.take_octets(&second).is_ok());
    bench
        .session
        .reconfigure(plain().with_authentication(meticulous()).also_accepting(Authentication::Off));
    assert!(bench.take_octets(&first).is_ok());
    assert!(bench.take_octets(&sent_by_them(&meticulous(), 9)).is_ok());
    bench.session.reconfigure(plain().with_authentication(meticulous()));
    assert_eq!(bench.take_octets(&first), Err(DropReason::AuthenticationMissing));
    assert!(bench.take_octets(&sent_by_them(&meticulous(), 10)).is_ok());
    assert_eq!(bench.session.standing().state, State::Init);
    // What is told of a packet that neither accepts is by the one that it was meant for.
    bench.session.reconfigure(plain().also_accepting(meticulous()));
    let mut forged = sent_by_them(&meticulous(), 11).to_vec();
    forged[40] ^= 1;
    assert_eq!(bench.take_octets(&forged), Err(DropReason::AuthenticationMismatch));
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let long = "seventeen octets!";
    for (algorithm, further, expected) in [
        (
            Algorithm::SimplePassword,
            vec![key(2, long)],
            Some(AuthenticationError::TooLong(KeyId(2), 16)),
        ),
        (Algorithm::KeyedSha1, vec![key(2, long)], None),
        (
            Algorithm::KeyedSha1,
            vec![key(1, "again")],
            Some(AuthenticationError::Repeated(KeyId(1))),
        ),
        (
            Algorithm::KeyedSha1,
            vec![key(3, "b"), key(3, "c")],
            Some(AuthenticationError::Repeated(KeyId(3))),
        ),
        (Algorithm::KeyedSha1, (2..9).map(|id| key(id, "k")).collect(), None),
        (
            Algorithm::KeyedSha1,
            (2..10).map(|id| key(id, "k")).collect(),
            Some(AuthenticationError::TooMany),
        ),
    ] {
        assert_eq!(Keys::new(algorithm, key(1, "first"), further).err(), expected);
    }
}

#[test]
fn keys_are_not_printed() {
    let settings = settings(100, 100, 3).with_authentication(sha1()).also_accepting(password());
    let session = Session::new(discriminator(1), settings, 0, crate::world::origin());
    let printed = format!("{session:?}");
    assert!(printed.contains("KeyId(9)") && printed.contains("KeyId(7)"));
    assert!(!printed.contains("shared key") && !printed.contains("secret"));
    assert!(!printed.contains(&format!("{:?}", b"secret")[1..8]));
}
