use super::*;
use crate::Authenticator;
use crate::fixtures::{nas, origin, seconds};

const LIMITS: Limits = Limits { idle: seconds(600), watch: seconds(30) };

fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

fn connection(version: Version, now: Instant) -> Connection {
    Connection::new(version, nas(2083), LIMITS, now)
}

fn access_request(identifier: u8) -> Vec<u8> {
    let mut request = PacketBuilder::access_request(Authenticator::new([identifier; 16]));
    request.identifier(identifier).text(attribute::USER_NAME, "n");
    request.sign(&secret()).unwrap().to_vec()
}

fn accounting_request(identifier: u8) -> Vec<u8> {
    let mut request = PacketBuilder::accounting_request();
    request.identifier(identifier).text(attribute::ACCT_SESSION_ID, "s");
    request.sign(&secret()).unwrap().to_vec()
}

/// A packet of RADIUS/1.1.
fn with_token(code: u8, token: u8, attributes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(20 + attributes.len()).unwrap();
    let mut octets = vec![code, 0, 0, length, 0, 0, 0, token];
    octets.extend([0; 12]);
    octets.extend(attributes);
    octets
}

/// The next event, which must come.
fn event(connection: &mut Connection, octets: &[u8], now: Instant) -> Event {
    connection.push(octets);
    connection.next(now).unwrap().unwrap()
}

fn ticket(event: Event) -> (Question, Ticket) {
    match event {
        Event::Request { question, ticket, .. } => (question, ticket),
        other => panic!("no request: {other:?}"),
    }
}

#[test]
fn access_and_accounting_may_use_the_same_identifier() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    let stream = [access_request(5), accounting_request(5)].concat();
    let (first, access) = ticket(event(&mut connection, &stream, now));
    let (second, accounting) = ticket(connection.next(now).unwrap().unwrap());
    assert_eq!((first, second), (Question::Access, Question::Accounting));
    assert!(connection.next(now).unwrap().is_none());
    for (octets, ticket, code) in [
        (access_request(5), access, Code::AccessReject),
        (accounting_request(5), accounting, Code::AccountingResponse),
    ] {
        let request = Packet::parse(&octets).unwrap();
        let reply = PacketBuilder::reply_to(&request, code).sign(&secret()).unwrap();
        assert_eq!(connection.answer(ticket, &reply, now), Some(reply.clone()));
        match event(&mut connection, &octets, now) {
            Event::Send(again, Sent::Again) => assert_eq!(again, reply),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_reply_whose_identifier_was_given_to_a_newer_request_is_not_sent() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    let older = access_request(5);
    let (_, ticket_of_older) = ticket(event(&mut connection, &older, now));
    let mut newer = PacketBuilder::access_request(Authenticator::new([77; 16]));
    let newer = newer.identifier(5).sign(&secret()).unwrap();
    ticket(event(&mut connection, &newer, now));
    let reply = PacketBuilder::reply_to(&Packet::parse(&older).unwrap(), Code::AccessReject);
    let reply = reply.sign(&secret()).unwrap();
    assert_eq!(connection.answer(ticket_of_older, &reply, now), None);
}

#[test]
fn what_is_released_is_decided_again() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    let (_, first) = ticket(event(&mut connection, &accounting_request(1), now));
    let repeated = event(&mut connection, &accounting_request(1), now);
    assert!(matches!(repeated, Event::Dropped(DropReason::DuplicateInProgress)), "{repeated:?}");
    connection.release(first);
    ticket(event(&mut connection, &accounting_request(1), now));
}

#[test]
fn what_breaks_the_stream_or_proves_another_secret_closes_the_connection() {
    let other = SharedSecret::new("another secret").unwrap();
    let mut signed = PacketBuilder::access_request(Authenticator::new([1; 16]));
    let signed = signed.text(attribute::USER_NAME, "n").sign(&other).unwrap();
    let accounting = PacketBuilder::accounting_request().sign(&other).unwrap();
    for (octets, expected) in [
        (vec![1, 0, 0, 19], CloseReason::Length(WrongLength { length: 19 })),
        (
            with_token(1, 0, &[1, 1]),
            CloseReason::Malformed(ParseError::AttributeTooShort { offset: 20 }),
        ),
        (
            with_token(1, 0, &[1, 9]),
            CloseReason::Malformed(ParseError::AttributePastEnd { offset: 20 }),
        ),
        (signed.to_vec(), CloseReason::NotAuthentic),
        (accounting.to_vec(), CloseReason::NotAuthentic),
    ] {
        let now = origin();
        let mut connection = connection(Version::Historic, now);
        connection.push(&octets);
        assert_eq!(connection.next(now).unwrap_err(), expected);
    }
}

#[test]
fn an_access_request_needs_no_message_authenticator_over_tls() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    let mut request = PacketBuilder::access_request(Authenticator::new([1; 16]));
    request.omit_message_authenticator().octets(attribute::PROXY_STATE, b"p");
    let (question, _) = ticket(event(&mut connection, &request.sign(&secret()).unwrap(), now));
    assert_eq!(question, Question::Access);
}

#[test]
fn status_server_is_answered_as_long_as_the_server_can_record() {
    let now = origin();
    for version in [Version::Historic, Version::Tokens] {
        let mut connection = connection(version, now);
        let historic = PacketBuilder::status_server(Authenticator::new([3; 16]));
        let octets = match version {
            Version::Historic => historic.sign(&secret()).unwrap().to_vec(),
            Version::Tokens => with_token(12, 9, &[]),
        };
        for (answers, reason) in [
            (StatusAnswers::Withheld, DropReason::StatusSilenced),
            (StatusAnswers::Denied, DropReason::StatusDenied),
        ] {
            connection.set_status_answers(answers);
            let silent = event(&mut connection, &octets, now);
            assert!(matches!(silent, Event::Dropped(why) if why == reason), "{silent:?}");
        }
        connection.set_status_answers(StatusAnswers::Given);
        let Event::Send(answer, Sent::Status) = event(&mut connection, &octets, now) else {
            panic!("no answer");
        };
        let answer = Packet::parse(&answer).unwrap();
        assert_eq!(answer.code(), Code::AccessAccept);
        let has_proof = answer.find(attribute::MESSAGE_AUTHENTICATOR).is_some();
        assert_eq!(has_proof, version == Version::Historic);
    }
}

#[test]
fn with_tokens_an_answer_carries_its_requests_token() {
    let now = origin();
    let mut connection = connection(Version::Tokens, now);
    // The same token twice is two requests: nothing is repeated on such a connection.
    for _ in 0..2 {
        let Event::Request { question, octets, ticket } =
            event(&mut connection, &with_token(4, 33, &[]), now)
        else {
            panic!("no request");
        };
        assert_eq!(question, Question::Accounting);
        let request = Packet::parse(&octets).unwrap();
        let reply = PacketBuilder::reply_to(&request, Code::AccountingResponse);
        let sent = connection.answer(ticket, &reply.sign(&secret()).unwrap(), now).unwrap();
        assert_eq!(&sent[..], with_token(5, 33, &[]));
    }
}

#[test]
fn a_kind_of_request_that_nobody_answers_is_refused_to_who_understands_that() {
    let says_so = [241, 7, 3, 0, 0, 16, 0];
    for (version, attributes, expected) in [
        (Version::Historic, [].as_slice(), false),
        (Version::Historic, &says_so, true),
        (Version::Tokens, &[], true),
    ] {
        for (code, is_request) in [(40, true), (43, true), (200, true), (2, false), (5, false)] {
            let now = origin();
            let mut connection = connection(version, now);
            match event(&mut connection, &with_token(code, 8, attributes), now) {
                Event::Send(reply, Sent::ProtocolError) => {
                    assert!(expected && is_request, "{version:?} {code}");
                    let reply = Packet::parse(&reply).unwrap();
                    assert_eq!(reply.code(), Code::ProtocolError);
                    assert_eq!(reply.u32(attribute::ERROR_CAUSE), Some(406));
                    let original = reply.find_extended(extended::ORIGINAL_PACKET_CODE);
                    let named = (version == Version::Historic).then_some([0, 0, 0, code]);
                    assert_eq!(original.as_deref(), named.as_ref().map(<[u8; 4]>::as_slice));
                }
                Event::Dropped(DropReason::UnexpectedCode(_)) => {
                    assert!(!expected || !is_request, "{version:?} {code}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What a NAS answers to a request of the server's.
fn nas_answers(version: Version, request: &[u8], code: Code) -> Vec<u8> {
    let packet = Packet::parse(request).unwrap();
    match version {
        Version::Historic => {
            PacketBuilder::reply_to(&packet, code).sign(&secret()).unwrap().to_vec()
        }
        Version::Tokens => {
            let [.., token] = token::token(&packet).to_be_bytes();
            with_token(code.into(), token, &[])
        }
    }
}

#[test]
fn a_request_of_the_servers_is_answered_or_given_up() {
    for version in [Version::Historic, Version::Tokens] {
        let now = origin();
        let mut connection = connection(version, now);
        // The NAS's own request under the same number has nothing to do with it.
        let (_, own) = match version {
            Version::Historic => ticket(event(&mut connection, &accounting_request(0), now)),
            Version::Tokens => ticket(event(&mut connection, &with_token(4, 0, &[]), now)),
        };
        let deadline = now + seconds(10);
        let (first, octets) =
            connection.ask(PacketBuilder::disconnect_request(), now, deadline).unwrap();
        let (second, _) = connection.ask(PacketBuilder::coa_request(), now, deadline).unwrap();
        let wrong = nas_answers(version, &octets, Code::CoaAck);
        let dropped = event(&mut connection, &wrong, now);
        assert!(matches!(dropped, Event::Dropped(DropReason::UnexpectedCode(_))), "{dropped:?}");
        let right = nas_answers(version, &octets, Code::DisconnectAck);
        match event(&mut connection, &right, now) {
            Event::Answered(number, answer) => assert_eq!((number, answer), (first, right.clone())),
            other => panic!("{other:?}"),
        }
        let again = event(&mut connection, &right, now);
        assert!(matches!(again, Event::Dropped(_)), "one answer is enough: {again:?}");
        assert_eq!(connection.next_deadline(), deadline);
        assert!(connection.elapse(now + seconds(9)).unwrap().is_none());
        match connection.elapse(deadline).unwrap() {
            Some(Event::GaveUp(number)) => assert_eq!(number, second),
            other => panic!("{other:?}"),
        }
        connection.release(own);
    }
}

#[test]
fn an_answer_that_is_not_authentic_closes_the_connection() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    let request = PacketBuilder::disconnect_request();
    let (_, octets) = connection.ask(request, now, now + seconds(10)).unwrap();
    let mut forged = nas_answers(Version::Historic, &octets, Code::DisconnectAck);
    *forged.last_mut().unwrap() ^= 1;
    connection.push(&forged);
    assert_eq!(connection.next(now).unwrap_err(), CloseReason::AnswerNotAuthentic);
}

#[test]
fn the_servers_requests_are_bounded_and_numbers_rest() {
    for version in [Version::Historic, Version::Tokens] {
        let now = origin();
        let mut connection = connection(version, now);
        let deadline = now + seconds(1);
        let numbers: Vec<_> = (0..256)
            .map(|_| connection.ask(PacketBuilder::coa_request(), now, deadline).unwrap().0)
            .collect();
        let refused = connection.ask(PacketBuilder::coa_request(), now, deadline).unwrap_err();
        assert_eq!(refused, SubmitError::NoIdentifier);
        assert!(numbers.is_sorted());
        while connection.elapse(deadline).unwrap().is_some() {}
        assert!(connection.ask(PacketBuilder::coa_request(), now, deadline).is_ok());
    }
}

#[test]
fn a_connection_without_packets_is_given_up_and_half_a_packet_does_not_keep_it() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    assert_eq!(connection.next_deadline(), now + seconds(600));
    ticket(event(&mut connection, &access_request(1), now + seconds(500)));
    assert!(connection.elapse(now + seconds(600)).unwrap().is_none());
    connection.push(&access_request(2)[..30]);
    assert!(connection.next(now + seconds(1_000)).unwrap().is_none());
    assert_eq!(connection.elapse(now + seconds(1_100)).unwrap_err(), CloseReason::Idle);
}

/// A connection over which something was asked, at the moment when Status-Server is due.
fn watched(version: Version) -> (Connection, Vec<u8>, Instant) {
    let now = origin();
    let mut connection = connection(version, now);
    let (number, _) =
        connection.ask(PacketBuilder::disconnect_request(), now, now + seconds(5)).unwrap();
    match connection.elapse(now + seconds(5)).unwrap() {
        Some(Event::GaveUp(given_up)) => assert_eq!(given_up, number),
        other => panic!("{other:?}"),
    }
    assert!(connection.elapse(now + seconds(29)).unwrap().is_none());
    assert_eq!(connection.next_deadline(), now + seconds(30));
    let now = now + seconds(30);
    assert!(matches!(connection.elapse(now), Ok(Some(Event::WatchDue))));
    assert!(matches!(connection.elapse(now), Ok(None)), "it is due once");
    let watch = connection.watch(Authenticator::new([9; 16]), now).unwrap().to_vec();
    assert_eq!(Packet::parse(&watch).unwrap().code(), Code::StatusServer);
    (connection, watch, now)
}

#[test]
fn who_says_nothing_after_an_order_and_a_status_server_is_gone() {
    for version in [Version::Historic, Version::Tokens] {
        let (mut connection, _, now) = watched(version);
        assert_eq!(connection.next_deadline(), now + seconds(30));
        assert!(connection.elapse(now + seconds(29)).unwrap().is_none());
        assert!(matches!(connection.elapse(now + seconds(30)), Ok(Some(Event::GaveUp(_)))));
        let end = connection.elapse(now + seconds(30)).unwrap_err();
        assert_eq!(end, CloseReason::Unanswered);
    }
}

#[test]
fn whatever_arrives_shows_that_the_peer_is_there() {
    for version in [Version::Historic, Version::Tokens] {
        let (mut connection, watch, now) = watched(version);
        let answer = nas_answers(version, &watch, Code::AccessAccept);
        assert!(matches!(event(&mut connection, &answer, now + seconds(1)), Event::Answered(..)));
        assert!(connection.elapse(now + seconds(60)).unwrap().is_none());
    }
    let (mut connection, _, now) = watched(Version::Historic);
    ticket(event(&mut connection, &access_request(1), now + seconds(1)));
    assert!(matches!(connection.elapse(now + seconds(40)), Ok(Some(Event::GaveUp(_)))));
    assert!(connection.elapse(now + seconds(40)).unwrap().is_none());
    assert_eq!(connection.next_deadline(), now + seconds(601));
}

#[test]
fn nobody_is_watched_to_whom_nothing_was_said() {
    let now = origin();
    let mut connection = connection(Version::Historic, now);
    assert!(connection.elapse(now + seconds(599)).unwrap().is_none());
    assert_eq!(connection.elapse(now + seconds(600)).unwrap_err(), CloseReason::Idle);
}
