use std::num::NonZeroUsize;

use super::*;
use crate::authenticator::{Authenticator, WrongAuthenticator, verify_reply};
use crate::dictionary::attribute;
use crate::fixtures::{nas, origin, seconds, secret};
use crate::message_authenticator::{MessageAuthenticatorError, verify_reply as verify_proof};
use crate::packet::ParseError;

fn server(role: Role) -> Server {
    let max_entries = NonZeroUsize::new(64).unwrap();
    Server::new(role, DuplicateLimits { retention: seconds(10), max_entries })
}

fn random() -> Authenticator {
    Authenticator::new([5; 16])
}

fn open_client(secrets: &Secrets) -> ClientView<'_> {
    ClientView { secrets, require_message_authenticator: false, limit_proxy_state: false }
}

fn access_request() -> PacketBuilder {
    let mut builder = PacketBuilder::access_request(random());
    builder.text(attribute::USER_NAME, "nemo");
    builder
}

fn unprotected() -> PacketBuilder {
    let mut builder = access_request();
    builder.omit_message_authenticator();
    builder
}

/// What became of one packet, in one word.
fn outcome(verdict: &Verdict<'_, '_>) -> &'static str {
    match verdict {
        Verdict::Process(_) => "process",
        Verdict::Resend(_) => "resend",
        Verdict::AnswerStatus(_) => "status",
        Verdict::Drop(reason) => reason.as_str(),
    }
}

/// What a fresh server does with a packet from a client with the given rules.
fn judge(role: Role, octets: &[u8], client: Option<ClientView<'_>>) -> &'static str {
    let datagram = Datagram { source: nas(1), octets };
    outcome(&server(role).receive(datagram, client, origin()))
}

#[test]
fn an_unknown_source_is_dropped_before_its_packet_is_read() {
    assert_eq!(judge(Role::Authentication, &[1, 2, 3], None), "unknown-client");
}

#[test]
fn each_role_takes_its_own_codes_only() {
    let secrets = Secrets::new(secret());
    let check = |builder: PacketBuilder, at_authentication: &str, at_accounting: &str| {
        let octets = builder.sign(&secret()).unwrap();
        let client = Some(open_client(&secrets));
        assert_eq!(judge(Role::Authentication, &octets, client), at_authentication);
        assert_eq!(judge(Role::Accounting, &octets, client), at_accounting);
    };
    let octets = access_request().sign(&secret()).unwrap();
    let request = Packet::parse(&octets).unwrap();
    check(access_request(), "process", "unexpected-code");
    check(PacketBuilder::accounting_request(), "unexpected-code", "process");
    check(PacketBuilder::status_server(random()), "status", "status");
    check(PacketBuilder::coa_request(), "unexpected-code", "unexpected-code");
    check(
        PacketBuilder::reply_to(&request, Code::AccessAccept),
        "unexpected-code",
        "unexpected-code",
    );
}

#[test]
fn an_access_request_needs_the_proof_its_client_and_content_ask_for() {
    let secrets = Secrets::new(secret());
    let open = open_client(&secrets);
    let strict = ClientView { require_message_authenticator: true, ..open };
    let limited = ClientView { limit_proxy_state: true, ..open };
    let with = |mut builder: PacketBuilder, kind| {
        builder.octets(kind, b"x");
        builder
    };
    let check = |builder: PacketBuilder, client: ClientView<'_>, expected: &str| {
        let octets = builder.sign(&secret()).unwrap();
        assert_eq!(judge(Role::Authentication, &octets, Some(client)), expected);
    };
    check(access_request(), strict, "process");
    check(unprotected(), open, "process");
    check(unprotected(), limited, "process");
    check(unprotected(), strict, "message-authenticator-missing");
    check(with(unprotected(), attribute::PROXY_STATE), open, "process");
    check(with(unprotected(), attribute::PROXY_STATE), limited, "proxy-state-unprotected");
    check(with(unprotected(), attribute::PROXY_STATE), strict, "message-authenticator-missing");
    check(with(access_request(), attribute::PROXY_STATE), limited, "process");
    check(with(unprotected(), attribute::EAP_MESSAGE), open, "eap-unprotected");
    check(with(access_request(), attribute::EAP_MESSAGE), open, "process");
}

#[test]
fn a_wrong_proof_is_dropped_whatever_the_client_allows() {
    let secrets = Secrets::new(secret());
    let check = |octets: &[u8], role, expected: DropReason| {
        let verdict = judge(role, octets, Some(open_client(&secrets)));
        assert_eq!(verdict, expected.as_str());
    };
    let wrong = SharedSecret::new("another").unwrap();
    let mismatch = DropReason::MessageAuthenticator(MessageAuthenticatorError::Mismatch);
    let access = access_request().sign(&wrong).unwrap();
    let status = PacketBuilder::status_server(random()).sign(&wrong).unwrap();
    let accounting = PacketBuilder::accounting_request().sign(&wrong).unwrap();
    let mut bare_status = PacketBuilder::status_server(random());
    let bare_status = bare_status.omit_message_authenticator().sign(&secret()).unwrap();
    let mut twice = access_request();
    let twice = twice.octets(attribute::MESSAGE_AUTHENTICATOR, &[0; 16]).sign(&secret()).unwrap();
    let mut short = unprotected();
    let short = short.octets(attribute::MESSAGE_AUTHENTICATOR, &[0; 15]).sign(&secret()).unwrap();

    check(&access, Role::Authentication, mismatch);
    check(&status, Role::Authentication, mismatch);
    check(&status, Role::Accounting, mismatch);
    check(&accounting, Role::Accounting, WrongAuthenticator.into());
    check(&bare_status, Role::Accounting, DropReason::MissingMessageAuthenticator);
    check(&twice, Role::Authentication, MessageAuthenticatorError::Repeated.into());
    check(&short, Role::Authentication, MessageAuthenticatorError::Length.into());
    let truncated = ParseError::Truncated { length: 44, received: 43 };
    check(&access[..43], Role::Authentication, truncated.into());
}

#[test]
fn during_a_rotation_the_secret_that_verifies_is_used() {
    let old = SharedSecret::new("the old secret").unwrap();
    let secrets = Secrets::rotating(secret(), old.clone());
    let check = |builder: PacketBuilder, made_with: &SharedSecret, role| {
        let octets = builder.sign(made_with).unwrap();
        let datagram = Datagram { source: nas(1), octets: &octets };
        let verdict = server(role).receive(datagram, Some(open_client(&secrets)), origin());
        let Verdict::Process(request) = verdict else { panic!("{verdict:?}") };
        assert_eq!(request.secret.octets(), made_with.octets());
    };
    check(access_request(), &secret(), Role::Authentication);
    check(access_request(), &old, Role::Authentication);
    check(PacketBuilder::accounting_request(), &secret(), Role::Accounting);
    check(PacketBuilder::accounting_request(), &old, Role::Accounting);
    check(unprotected(), &secret(), Role::Authentication);
}

#[test]
fn a_retransmission_gets_the_stored_octets() {
    let (mut server, now) = (server(Role::Authentication), origin());
    let secrets = Secrets::new(secret());
    let octets = access_request().sign(&secret()).unwrap();
    let datagram = Datagram { source: nas(1), octets: &octets };
    let client = Some(open_client(&secrets));
    let Verdict::Process(request) = server.receive(datagram, client, now) else { panic!() };
    assert_eq!(outcome(&server.receive(datagram, client, now)), "duplicate-in-progress");
    let reply = request.reply(Code::AccessAccept).sign(request.secret).unwrap();
    assert_eq!(server.answered(request.ticket, &reply, now), Disposition::Send);
    let Verdict::Resend(again) = server.receive(datagram, client, now) else { panic!() };
    assert_eq!(again.as_ptr(), reply.as_ptr());
}

#[test]
fn a_request_given_up_in_silence_is_processed_when_it_comes_again() {
    let (mut server, now) = (server(Role::Accounting), origin());
    let secrets = Secrets::new(secret());
    let octets = PacketBuilder::accounting_request().sign(&secret()).unwrap();
    let datagram = Datagram { source: nas(1), octets: &octets };
    let client = Some(open_client(&secrets));
    let Verdict::Process(request) = server.receive(datagram, client, now) else { panic!() };
    server.released(request.ticket);
    assert_eq!(outcome(&server.receive(datagram, client, now)), "process");
}

#[test]
fn a_forged_packet_does_not_touch_the_request_it_imitates() {
    let (mut server, now) = (server(Role::Authentication), origin());
    let secrets = Secrets::new(secret());
    let client = Some(open_client(&secrets));
    let octets = access_request().sign(&secret()).unwrap();
    let forged = {
        let mut builder = PacketBuilder::access_request(Authenticator::new([6; 16]));
        builder.text(attribute::USER_NAME, "nemo");
        builder.sign(&SharedSecret::new("guess").unwrap()).unwrap()
    };
    let datagram = Datagram { source: nas(1), octets: &octets };
    let Verdict::Process(request) = server.receive(datagram, client, now) else { panic!() };
    let imitation = Datagram { source: nas(1), octets: &forged };
    let verdict = server.receive(imitation, client, now);
    assert_eq!(outcome(&verdict), "message-authenticator-mismatch");
    assert_eq!(server.remembered(), 1);
    let reply = SignedPacket::new(vec![0; 20]);
    assert_eq!(server.answered(request.ticket, &reply, now), Disposition::Send);
}

#[test]
fn status_server_is_answered_by_the_code_of_its_port() {
    let secrets = Secrets::new(secret());
    let check = |role, expected: Code, expected_proof: Presence| {
        let (mut server, now) = (server(role), origin());
        let mut builder = PacketBuilder::status_server(random());
        let octets =
            builder.identifier(77).octets(attribute::PROXY_STATE, b"via").sign(&secret()).unwrap();
        let datagram = Datagram { source: nas(1), octets: &octets };
        let client = Some(open_client(&secrets));
        let verdict = server.receive(datagram, client, now);
        let Verdict::AnswerStatus(reply) = verdict else { panic!("{verdict:?}") };
        let packet = Packet::parse(&reply).unwrap();
        assert_eq!((packet.code(), packet.identifier()), (expected, 77));
        assert_eq!(packet.octets_of(attribute::PROXY_STATE), Some(&b"via"[..]));
        assert_eq!(verify_reply(&packet, random(), &secret()), Ok(()));
        assert_eq!(verify_proof(&packet, random(), &secret()), Ok(expected_proof));
        assert_eq!(outcome(&server.receive(datagram, client, now)), "resend");
    };
    check(Role::Authentication, Code::AccessAccept, Presence::Verified);
    check(Role::Accounting, Code::AccountingResponse, Presence::Absent);
}

#[test]
fn status_server_is_silenced_and_answered_again() {
    let (mut server, now) = (server(Role::Accounting), origin());
    let secrets = Secrets::new(secret());
    let octets = PacketBuilder::status_server(random()).sign(&secret()).unwrap();
    let datagram = Datagram { source: nas(1), octets: &octets };
    let client = Some(open_client(&secrets));
    for (answers, reason) in
        [(StatusAnswers::Withheld, "status-silenced"), (StatusAnswers::Denied, "status-denied")]
    {
        server.set_status_answers(answers);
        assert_eq!(outcome(&server.receive(datagram, client, now)), reason);
    }
    server.set_status_answers(StatusAnswers::Given);
    assert_eq!(outcome(&server.receive(datagram, client, now)), "status");
}

#[test]
fn a_status_server_full_of_proxy_states_is_still_answered() {
    let secrets = Secrets::new(secret());
    let mut builder = PacketBuilder::status_server(random());
    for _ in 0..15 {
        builder.octets(attribute::PROXY_STATE, &[1; 253]);
    }
    builder.octets(attribute::PROXY_STATE, &[1; 4096 - 38 - 15 * 255 - 2]);
    let octets = builder.sign(&secret()).unwrap();
    assert_eq!(octets.len(), 4096);
    let client = Some(open_client(&secrets));
    assert_eq!(judge(Role::Authentication, &octets, client), "status");
}
