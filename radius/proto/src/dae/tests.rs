use std::num::NonZeroUsize;

use super::*;
use crate::authenticator::verify_reply;
use crate::fixtures::{nas, origin, seconds, secret};
use crate::message_authenticator::{self, Presence};

fn server(rule: EventTimestampRule) -> DynamicServer {
    let max_entries = NonZeroUsize::new(64).unwrap();
    DynamicServer::new(rule, DuplicateLimits { retention: seconds(10), max_entries })
}

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds(1_700_000_000)
}

fn now() -> Now {
    Now { monotonic: origin(), wall: noon() }
}

fn outcome(verdict: &DynamicVerdict<'_, '_>) -> &'static str {
    match verdict {
        DynamicVerdict::Process(_) => "process",
        DynamicVerdict::Resend(_) => "resend",
        DynamicVerdict::Drop(reason) => reason.as_str(),
    }
}

fn disconnect(at: SystemTime) -> PacketBuilder {
    let mut builder = PacketBuilder::disconnect_request();
    builder.text(attribute::USER_NAME, "nemo").time(attribute::EVENT_TIMESTAMP, at);
    builder
}

fn judge(rule: EventTimestampRule, octets: &[u8], secrets: Option<&Secrets>) -> &'static str {
    let datagram = Datagram { source: nas(3799), octets };
    outcome(&server(rule).receive(datagram, secrets, now()))
}

#[test]
fn only_recent_requests_are_processed() {
    let secrets = Secrets::new(secret());
    let check = |at, expected| {
        let octets = disconnect(at).sign(&secret()).unwrap();
        assert_eq!(judge(EventTimestampRule::Optional, &octets, Some(&secrets)), expected);
    };
    check(noon(), "process");
    check(noon() - seconds(300), "process");
    check(noon() - seconds(301), "event-timestamp-stale");
    check(noon() + seconds(300), "process");
    check(noon() + seconds(301), "event-timestamp-stale");
    check(noon() - seconds(900), "event-timestamp-stale");
}

#[test]
fn a_request_without_event_timestamp_meets_the_rule() {
    let secrets = Secrets::new(secret());
    let octets = PacketBuilder::coa_request().sign(&secret()).unwrap();
    let check = |rule, expected| assert_eq!(judge(rule, &octets, Some(&secrets)), expected);
    check(EventTimestampRule::Required, "event-timestamp-missing");
    check(EventTimestampRule::Optional, "process");
}

#[test]
fn forged_and_foreign_requests_are_dropped() {
    let secrets = Secrets::new(secret());
    let rule = EventTimestampRule::Required;
    let right = disconnect(noon()).sign(&secret()).unwrap();
    let wrong = disconnect(noon()).sign(&SharedSecret::new("guess").unwrap()).unwrap();
    let accounting = PacketBuilder::accounting_request().sign(&secret()).unwrap();
    let mut bad_proof = disconnect(noon());
    bad_proof.omit_message_authenticator().octets(attribute::MESSAGE_AUTHENTICATOR, &[0; 16]);
    let bad_proof = bad_proof.sign(&secret()).unwrap();
    assert_eq!(judge(rule, &right, None), "unknown-client");
    assert_eq!(judge(rule, &right[1..], Some(&secrets)), "length-out-of-range");
    assert_eq!(judge(rule, &wrong, Some(&secrets)), "authenticator-mismatch");
    assert_eq!(judge(rule, &accounting, Some(&secrets)), "unexpected-code");
    assert_eq!(judge(rule, &bad_proof, Some(&secrets)), "message-authenticator-mismatch");
}

#[test]
fn replies_are_signed_and_say_what_went_wrong() {
    let secrets = Secrets::new(secret());
    let check = |mut builder: PacketBuilder, ack: Code, nak: Code| {
        let octets = builder.time(attribute::EVENT_TIMESTAMP, noon()).sign(&secret()).unwrap();
        let datagram = Datagram { source: nas(3799), octets: &octets };
        let mut server = server(EventTimestampRule::Required);
        let DynamicVerdict::Process(request) = server.receive(datagram, Some(&secrets), now())
        else {
            panic!("not processed");
        };
        let signed = [request.ack(), request.nak(ErrorCause::SessionContextNotFound)]
            .map(|reply| reply.sign(request.secret).unwrap());
        let [acknowledged, refused] = signed.each_ref().map(|reply| Packet::parse(reply).unwrap());
        assert_eq!((acknowledged.code(), refused.code()), (ack, nak));
        assert_eq!(refused.u32(attribute::ERROR_CAUSE), Some(503));
        for reply in [acknowledged, refused] {
            let authenticator = request.packet.authenticator();
            assert_eq!(verify_reply(&reply, authenticator, &secret()), Ok(()));
            let proof = message_authenticator::verify_reply(&reply, authenticator, &secret());
            assert_eq!(proof, Ok(Presence::Verified));
        }
    };
    check(PacketBuilder::disconnect_request(), Code::DisconnectAck, Code::DisconnectNak);
    check(PacketBuilder::coa_request(), Code::CoaAck, Code::CoaNak);
}

#[test]
fn an_answer_is_remembered_as_long_as_its_request_could_be_replayed() {
    let secrets = Secrets::new(secret());
    let mut server = server(EventTimestampRule::Required);
    let start = now();
    let octets = disconnect(noon() + seconds(300)).sign(&secret()).unwrap();
    let datagram = Datagram { source: nas(3799), octets: &octets };
    let DynamicVerdict::Process(request) = server.receive(datagram, Some(&secrets), start) else {
        panic!("not processed");
    };
    let reply = request.ack().sign(request.secret).unwrap();
    assert_eq!(server.answered(request.ticket, &reply, start.monotonic), Disposition::Send);
    let mut check = |after, expected| {
        let later = Now { monotonic: start.monotonic + after, wall: start.wall + after };
        assert_eq!(outcome(&server.receive(datagram, Some(&secrets), later)), expected);
    };
    check(seconds(1), "resend");
    check(seconds(599), "resend");
    check(seconds(601), "event-timestamp-stale");
}

#[test]
fn a_released_request_is_processed_again() {
    let secrets = Secrets::new(secret());
    let mut server = server(EventTimestampRule::Required);
    let octets = disconnect(noon()).sign(&secret()).unwrap();
    let datagram = Datagram { source: nas(3799), octets: &octets };
    let DynamicVerdict::Process(request) = server.receive(datagram, Some(&secrets), now()) else {
        panic!("not processed");
    };
    let again = server.receive(datagram, Some(&secrets), now());
    assert_eq!(outcome(&again), "duplicate-in-progress");
    server.released(request.ticket);
    assert_eq!(outcome(&server.receive(datagram, Some(&secrets), now())), "process");
}
