//! R11 to R13 and R17: what keeps an asker from being lied to, as the city's own gateway and the
//! city itself towards access points ask. No server here: the answers are forged by the test.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use radius_proto::client::{Event, Peer, ReplyError, RequestTracker, SubmitError, Transmit};
use radius_proto::message_authenticator::MessageAuthenticatorError;
use radius_proto::{Authenticator, PacketBuilder, SharedSecret, WrongAuthenticator, attribute};

use crate::city::SECRET;
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_RESPONSE, DISCONNECT_ACK, Draft, REPLY_MESSAGE,
    is_protected_first,
};

/// RFC 5176 section 6.3: how long an access point remembers what it was told.
const WINDOW: Duration = Duration::from_secs(300);

fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

fn server() -> SocketAddr {
    "192.0.2.1:1812".parse().unwrap()
}

fn asker() -> RequestTracker {
    RequestTracker::new(Peer::server(server(), secret()))
}

fn question() -> PacketBuilder {
    let mut request = PacketBuilder::access_request(Authenticator::new([7; 16]));
    request.text(attribute::USER_NAME, "nemo");
    request
}

#[test]
fn r11_whatever_is_asked_is_protected_first_of_all() {
    for mut request in [
        question(),
        PacketBuilder::status_server(Authenticator::new([7; 16])),
        PacketBuilder::coa_request(),
        PacketBuilder::disconnect_request(),
    ] {
        request.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
        let octets = request.sign(&secret()).unwrap();
        assert!(is_protected_first(&octets, SECRET), "{request:?}");
    }
}

#[test]
fn r11_an_answer_without_protection_is_none_and_the_question_waits_on() {
    let (mut asker, now) = (asker(), Instant::now());
    let asked = asker.submit(question(), 0, now).unwrap();
    let deadline = asker.next_deadline();
    for code in [ACCESS_ACCEPT, ACCESS_REJECT] {
        let bare = Draft::reply(code, &asked.packet).with(REPLY_MESSAGE, "welcome").answer(SECRET);
        let error = asker.receive(server(), &bare, now).unwrap_err();
        assert_eq!(error, ReplyError::MissingMessageAuthenticator);
        assert_eq!((asker.pending(), asker.next_deadline()), (1, deadline));
    }
    let answer = Draft::reply(ACCESS_ACCEPT, &asked.packet).protected().answer(SECRET);
    assert_eq!(asker.receive(server(), &answer, now).unwrap().token, asked.token);
}

#[test]
fn r12_an_answer_is_believed_only_with_every_proof() {
    let (mut asker, now) = (asker(), Instant::now());
    let Transmit { packet: asked, .. } = asker.submit(question(), 0, now).unwrap();
    let answer = || Draft::reply(ACCESS_ACCEPT, &asked).protected();
    let good = answer().answer(SECRET);
    let altered = |at: usize| {
        let mut octets = good.clone();
        octets[at] ^= 1;
        octets
    };
    let other_question = Draft::new(1, asked[1], 9).octets();
    let other = Draft::reply(ACCESS_ACCEPT, &other_question).protected();
    let elsewhere = "192.0.2.1:1813".parse().unwrap();
    let mismatch = ReplyError::MessageAuthenticator(MessageAuthenticatorError::Mismatch);
    for (source, octets, reason) in [
        (elsewhere, good.clone(), ReplyError::WrongSource),
        (server(), altered(1), ReplyError::UnknownIdentifier(asked[1] ^ 1)),
        (server(), altered(4), WrongAuthenticator.into()),
        (server(), altered(19), WrongAuthenticator.into()),
        (server(), altered(good.len() - 1), WrongAuthenticator.into()),
        (server(), answer().answer("a guess"), WrongAuthenticator.into()),
        (server(), other.answer(SECRET), WrongAuthenticator.into()),
        (server(), answer().answer_with_wrong_protection(SECRET), mismatch),
    ] {
        assert_eq!(asker.receive(source, &octets, now).unwrap_err(), reason);
        assert_eq!(asker.pending(), 1);
    }
    let code = Draft::reply(ACCOUNTING_RESPONSE, &asked).answer(SECRET);
    let error = asker.receive(server(), &code, now).unwrap_err();
    assert!(matches!(error, ReplyError::UnexpectedCode(_)), "{error}");
    asker.receive(server(), &good, now).unwrap();
    assert_eq!(asker.pending(), 0);
    let again = asker.receive(server(), &good, now).unwrap_err();
    assert_eq!(again, ReplyError::UnknownIdentifier(asked[1]));
}

#[test]
fn r13_a_number_is_free_again_only_with_its_answer_and_then_rests_longest() {
    let (mut asker, now) = (asker(), Instant::now());
    let asked: Vec<Transmit> =
        (0..256).map(|_| asker.submit(question(), 0, now).unwrap()).collect();
    let numbers: BTreeSet<u8> = asked.iter().map(|asked| asked.packet[1]).collect();
    assert_eq!(numbers.len(), 256);
    assert_eq!(asker.submit(question(), 0, now).unwrap_err(), SubmitError::NoIdentifier);
    let [first, second, ..] = asked.as_slice() else { panic!("256 questions") };
    for Transmit { packet, .. } in [second, first] {
        let answer = Draft::reply(ACCESS_ACCEPT, packet).protected().answer(SECRET);
        asker.receive(server(), &answer, now).unwrap();
    }
    for expected in [second, first] {
        let next = asker.submit(question(), 0, now).unwrap();
        assert_eq!(next.packet[1], expected.packet[1], "the one that rested longest");
    }
}

#[test]
fn r13_a_question_is_repeated_unchanged_ever_more_slowly_and_given_up() {
    let spread = |seconds: f64, span: Duration| {
        let seconds_taken = span.as_secs_f64();
        assert!((seconds * 0.9..=seconds * 1.1).contains(&seconds_taken), "{span:?}");
    };
    for entropy in [0, 1 << 40, u64::MAX / 3, u64::MAX] {
        let (mut asker, begun) = (asker(), Instant::now());
        let asked = asker.submit(question(), entropy, begun).unwrap();
        let (mut last, mut waits) = (begun, Vec::new());
        loop {
            let due = asker.next_deadline().unwrap();
            assert!(asker.poll(due - Duration::from_millis(1)).is_none());
            waits.push(due - last);
            last = due;
            match asker.poll(due).unwrap() {
                Event::Retransmit(again) => assert_eq!(again, asked),
                Event::GaveUp(token) => {
                    assert_eq!(token, asked.token);
                    break;
                }
            }
        }
        spread(2.0, waits[0]);
        for pair in waits.windows(2).take(waits.len() - 2) {
            spread(pair[0].as_secs_f64() * 2.0, pair[1]);
        }
        assert_eq!(last - begun, Duration::from_secs(30));
        assert_eq!(asker.next_deadline(), None);
    }
}

#[test]
fn r17_an_access_point_is_told_no_more_from_one_port_than_it_can_remember() {
    let mut teller = RequestTracker::new(Peer::dynamic_authorization(server(), secret()));
    let now = Instant::now();
    let order = || {
        let mut order = PacketBuilder::disconnect_request();
        order.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
        order
    };
    for _ in 0..256 {
        let told = teller.submit(order(), 0, now).unwrap();
        let answer = Draft::reply(DISCONNECT_ACK, &told.packet).answer(SECRET);
        teller.receive(server(), &answer, now).unwrap();
    }
    // All are answered, and still the numbers rest, for an order under one would be a repetition.
    let almost = now + WINDOW - Duration::from_millis(1);
    assert_eq!(teller.submit(order(), 0, almost).unwrap_err(), SubmitError::NoIdentifier);
    teller.submit(order(), 0, now + WINDOW).unwrap();
}
