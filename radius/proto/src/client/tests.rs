use super::*;
use crate::fixtures::{nas, origin, seconds, secret};

fn server() -> SocketAddr {
    nas(1812)
}

fn tracker() -> RequestTracker {
    RequestTracker::new(Peer::server(server(), secret()))
}

fn access_request() -> PacketBuilder {
    PacketBuilder::access_request(Authenticator::new([9; 16]))
}

fn reply_to(request: &Transmit, code: Code, fill: impl FnOnce(&mut PacketBuilder)) -> SignedPacket {
    let mut reply = PacketBuilder::reply_to(&Packet::parse(&request.packet).unwrap(), code);
    fill(&mut reply);
    reply.sign(&secret()).unwrap()
}

#[test]
fn a_reply_finds_its_request() {
    let (mut tracker, now) = (tracker(), origin());
    let first = tracker.submit(access_request(), 1, now).unwrap();
    let second = tracker.submit(access_request(), 2, now).unwrap();
    let octets = reply_to(&second, Code::AccessReject, |_| {});
    let reply = tracker.receive(server(), &octets, now).unwrap();
    assert_eq!(reply.token, second.token);
    assert_eq!(reply.packet.code(), Code::AccessReject);
    assert_eq!(reply.message_authenticator, Presence::Verified);
    assert_eq!(tracker.pending(), 1);
    let again = tracker.receive(server(), &octets, now).unwrap_err();
    assert_eq!(again, ReplyError::UnknownIdentifier(1));
    let octets = reply_to(&first, Code::AccessAccept, |_| {});
    assert_eq!(tracker.receive(server(), &octets, now).unwrap().token, first.token);
}

#[test]
fn what_does_not_prove_itself_is_no_answer_and_leaves_the_timer_alone() {
    let (mut tracker, now) = (tracker(), origin());
    let sent = tracker.submit(access_request(), 1, now).unwrap();
    let deadline = tracker.next_deadline();
    let right = reply_to(&sent, Code::AccessAccept, |_| {});
    let mut check = |source, octets: &[u8], expected: ReplyError| {
        assert_eq!(tracker.receive(source, octets, now).unwrap_err(), expected);
        assert_eq!(tracker.next_deadline(), deadline);
    };
    let altered = |position: usize| {
        let mut octets = right.to_vec();
        octets[position] ^= 1;
        octets
    };
    let mismatch = MessageAuthenticatorError::Mismatch;
    check(nas(1813), &right, ReplyError::WrongSource);
    check(server(), &right[..19], ParseError::NoHeader { received: 19 }.into());
    check(server(), &altered(1), ReplyError::UnknownIdentifier(1));
    check(server(), &altered(4), WrongAuthenticator.into());
    check(server(), &altered(22), WrongAuthenticator.into());
    check(
        server(),
        &reply_to(&sent, Code::AccountingResponse, |_| {}),
        ReplyError::UnexpectedCode(Code::AccountingResponse),
    );
    check(
        server(),
        &reply_to(&sent, Code::AccessAccept, |reply| {
            reply.omit_message_authenticator();
        }),
        ReplyError::MissingMessageAuthenticator,
    );
    check(
        server(),
        &reply_to(&sent, Code::AccessAccept, |reply| {
            reply.omit_message_authenticator().octets(attribute::MESSAGE_AUTHENTICATOR, &[0; 16]);
        }),
        mismatch.into(),
    );
    assert!(tracker.receive(server(), &right, now).is_ok());
}

#[test]
fn a_message_authenticator_is_insisted_on_only_where_the_peer_and_the_code_say_so() {
    let now = origin();
    let check = |required: bool, request: PacketBuilder, code, eap: &[u8], expected: bool| {
        let peer =
            Peer { require_message_authenticator: required, ..Peer::server(server(), secret()) };
        let mut tracker = RequestTracker::new(peer);
        let sent = tracker.submit(request, 1, now).unwrap();
        let octets = reply_to(&sent, code, |reply| {
            reply.omit_message_authenticator().split_octets(attribute::EAP_MESSAGE, eap);
        });
        assert_eq!(tracker.receive(server(), &octets, now).is_ok(), expected, "{code}");
    };
    check(true, access_request(), Code::AccessChallenge, b"", false);
    check(false, access_request(), Code::AccessChallenge, b"", true);
    check(false, access_request(), Code::AccessChallenge, b"eap", false);
    check(true, PacketBuilder::accounting_request(), Code::AccountingResponse, b"", true);
    check(true, PacketBuilder::disconnect_request(), Code::DisconnectAck, b"", true);
}

#[test]
fn retransmissions_are_the_same_octets_until_the_request_is_given_up() {
    let (mut tracker, start) = (tracker(), origin());
    let sent = tracker.submit(access_request(), 1, start).unwrap();
    assert_eq!(tracker.poll(start), None);
    let mut retransmissions = 0;
    let end = loop {
        let now = tracker.next_deadline().unwrap();
        match tracker.poll(now).unwrap() {
            Event::Retransmit(again) => {
                assert_eq!(again, sent);
                retransmissions += 1;
            }
            Event::GaveUp(token) => {
                assert_eq!(token, sent.token);
                break now;
            }
        }
    };
    assert!((3..=4).contains(&retransmissions));
    assert_eq!(end - start, seconds(30));
    assert_eq!((tracker.pending(), tracker.next_deadline()), (0, None));
}

#[test]
fn everything_due_is_reported_and_then_nothing() {
    let (mut tracker, start) = (tracker(), origin());
    for entropy in 0..5 {
        tracker.submit(access_request(), entropy, start).unwrap();
    }
    let mut due = 0;
    while let Some(event) = tracker.poll(start + seconds(3)) {
        assert!(matches!(event, Event::Retransmit(_)));
        due += 1;
    }
    assert_eq!(due, 5);
}

fn identifier(sent: &Transmit) -> u8 {
    Packet::parse(&sent.packet).unwrap().identifier()
}

#[test]
fn the_identifier_least_recently_used_is_taken() {
    let (mut tracker, now) = (tracker(), origin());
    let first = tracker.submit(access_request(), 1, now).unwrap();
    tracker.cancel(first.token, now);
    for expected in (1..=255).chain([0]) {
        let sent = tracker.submit(access_request(), 1, now).unwrap();
        assert_eq!(identifier(&sent), expected);
    }
    let error = tracker.submit(access_request(), 1, now).unwrap_err();
    assert_eq!(error, SubmitError::NoIdentifier);
    let octets = reply_to(&first, Code::AccessAccept, |_| {});
    tracker.receive(server(), &octets, now).unwrap();
    assert_eq!(identifier(&tracker.submit(access_request(), 1, now).unwrap()), 0);
}

#[test]
fn towards_a_nas_an_identifier_rests_for_the_window() {
    let start = origin();
    let mut tracker = RequestTracker::new(Peer::dynamic_authorization(server(), secret()));
    for _ in 0..256 {
        let sent = tracker.submit(PacketBuilder::disconnect_request(), 1, start).unwrap();
        tracker.cancel(sent.token, start);
    }
    let mut check = |after, expected: Option<SubmitError>| {
        let request = PacketBuilder::disconnect_request();
        assert_eq!(tracker.submit(request, 1, start + after).err(), expected);
    };
    check(seconds(299), Some(SubmitError::NoIdentifier));
    check(seconds(300), None);
}

#[test]
fn a_packet_that_cannot_be_built_costs_no_identifier() {
    let (mut tracker, now) = (tracker(), origin());
    let mut long = access_request();
    long.octets(attribute::CLASS, &[0; 254]);
    assert!(matches!(tracker.submit(long, 1, now), Err(SubmitError::Build(_))));
    assert_eq!(identifier(&tracker.submit(access_request(), 1, now).unwrap()), 0);
}
