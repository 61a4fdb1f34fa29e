use super::*;
use crate::build::PacketBuilder;
use crate::fixtures::{nas, origin, seconds, secret};

fn cache(max_entries: usize) -> DuplicateCache {
    let max_entries = NonZeroUsize::new(max_entries).unwrap();
    DuplicateCache::new(DuplicateLimits { retention: seconds(10), max_entries })
}

/// An Access-Request told from others by its identifier and authenticator.
fn request(identifier: u8, authenticator: u8) -> SignedPacket {
    let mut builder = PacketBuilder::access_request(Authenticator::new([authenticator; 16]));
    builder.identifier(identifier).sign(&secret()).unwrap()
}

fn begin(cache: &mut DuplicateCache, port: u16, request: &[u8], now: Instant) -> Seen {
    cache.begin(nas(port), &Packet::parse(request).unwrap(), now)
}

#[track_caller]
fn ticket(seen: Seen) -> Ticket {
    let Seen::New(ticket) = seen else { panic!("not new: {seen:?}") };
    ticket
}

fn reply(octet: u8) -> SignedPacket {
    SignedPacket::new(vec![octet; 20])
}

#[test]
fn a_retransmission_waits_for_and_then_gets_the_stored_reply() {
    let (mut cache, now) = (cache(8), origin());
    let first = ticket(begin(&mut cache, 1, &request(1, 1), now));
    assert_eq!(begin(&mut cache, 1, &request(1, 1), now), Seen::InProgress);
    assert_eq!(cache.answered(first, &reply(1), now), Disposition::Send);
    assert_eq!(begin(&mut cache, 1, &request(1, 1), now), Seen::Answered(reply(1)));
}

#[test]
fn source_port_and_identifier_tell_requests_apart() {
    let (mut cache, now) = (cache(8), origin());
    ticket(begin(&mut cache, 1, &request(1, 1), now));
    ticket(begin(&mut cache, 2, &request(1, 1), now));
    ticket(begin(&mut cache, 1, &request(2, 1), now));
    assert_eq!(cache.len(), 3);
}

#[test]
fn another_authenticator_replaces_the_request_and_its_late_reply() {
    let (mut cache, now) = (cache(8), origin());
    let old = ticket(begin(&mut cache, 1, &request(1, 1), now));
    let new = ticket(begin(&mut cache, 1, &request(1, 2), now));
    assert_eq!(cache.answered(old, &reply(1), now), Disposition::Superseded);
    assert_eq!(begin(&mut cache, 1, &request(1, 2), now), Seen::InProgress);
    assert_eq!(cache.answered(new, &reply(2), now), Disposition::Send);
    assert_eq!(begin(&mut cache, 1, &request(1, 2), now), Seen::Answered(reply(2)));
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_released_request_is_processed_again() {
    let (mut cache, now) = (cache(8), origin());
    let first = ticket(begin(&mut cache, 1, &request(1, 1), now));
    cache.released(first);
    let second = ticket(begin(&mut cache, 1, &request(1, 1), now));
    cache.released(first);
    assert_eq!(begin(&mut cache, 1, &request(1, 1), now), Seen::InProgress);
    assert_eq!(cache.answered(second, &reply(1), now), Disposition::Send);
    cache.released(second);
    assert_eq!(begin(&mut cache, 1, &request(1, 1), now), Seen::Answered(reply(1)));
}

#[test]
fn replies_are_kept_for_the_retention_after_they_were_given() {
    let (mut cache, start) = (cache(8), origin());
    let first = ticket(begin(&mut cache, 1, &request(1, 1), start));
    let given = start + seconds(6);
    _ = cache.answered(first, &reply(1), given);
    let check = |cache: &mut DuplicateCache, at, kept| {
        let seen = begin(cache, 1, &request(1, 1), at);
        assert_eq!(seen == Seen::Answered(reply(1)), kept, "{:?}", at - start);
    };
    check(&mut cache, start + seconds(15), true);
    check(&mut cache, start + seconds(16), false);
}

#[test]
fn an_unanswered_request_is_forgotten_after_the_retention() {
    let (mut cache, start) = (cache(8), origin());
    let first = ticket(begin(&mut cache, 1, &request(1, 1), start));
    let second = ticket(begin(&mut cache, 1, &request(1, 1), start + seconds(10)));
    assert_ne!(first, second);
    let late = cache.answered(first, &reply(1), start + seconds(11));
    assert_eq!(late, Disposition::Superseded);
}

#[test]
fn when_full_the_reply_given_longest_ago_is_forgotten() {
    let (mut cache, now) = (cache(3), origin());
    let tickets: Vec<_> =
        (1..=3).map(|id| ticket(begin(&mut cache, 1, &request(id, 1), now))).collect();
    _ = cache.answered(tickets[1], &reply(2), now);
    _ = cache.answered(tickets[0], &reply(1), now);
    ticket(begin(&mut cache, 1, &request(4, 1), now));
    assert_eq!(cache.len(), 3);
    assert_eq!(begin(&mut cache, 1, &request(1, 1), now), Seen::Answered(reply(1)));
    assert_eq!(begin(&mut cache, 1, &request(3, 1), now), Seen::InProgress);
    ticket(begin(&mut cache, 1, &request(2, 1), now));
    assert_eq!(cache.len(), 3);
}

#[test]
fn when_full_of_unanswered_requests_no_new_one_is_taken() {
    let (mut cache, now) = (cache(2), origin());
    let first = ticket(begin(&mut cache, 1, &request(1, 1), now));
    ticket(begin(&mut cache, 1, &request(2, 1), now));
    assert_eq!(begin(&mut cache, 1, &request(3, 1), now), Seen::Full);
    ticket(begin(&mut cache, 1, &request(2, 2), now));
    cache.released(first);
    ticket(begin(&mut cache, 1, &request(3, 1), now));
}

#[test]
fn the_queues_stay_in_proportion_when_one_identifier_is_used_again_and_again() {
    let (mut cache, now) = (cache(8), origin());
    for round in 0..5_000_u32 {
        let [.., authenticator] = round.to_be_bytes();
        let ticket = ticket(begin(&mut cache, 1, &request(1, authenticator), now));
        if round % 2 == 0 {
            _ = cache.answered(ticket, &reply(1), now);
        }
    }
    assert_eq!(cache.len(), 1);
    assert!(cache.started.len() <= 2 + SWEEP_SLACK + 1);
    assert!(cache.answered.len() <= 2 + SWEEP_SLACK + 1);
}
