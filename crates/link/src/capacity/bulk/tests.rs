use proptest::prelude::*;

use super::*;
use crate::fixtures::{Dice, key, origin};

const MS: fn(u64) -> Duration = Duration::from_millis;
const RUN: BulkId = BulkId(7);

fn train_key() -> TrainKey {
    TrainKey::of(&key())
}

fn mbit(megabits: u64) -> BitRate {
    BitRate::from_megabits_per_second(megabits)
}

/// A piece of a path that is slower than the rest.
#[derive(Clone, Copy)]
struct Path {
    megabits: f64,
    /// Octets that it lets pass without a wait, and that wait before it.
    bucket: f64,
    queue: f64,
    loss: f64,
    /// When reports come no more.
    deaf_after: Duration,
}

const PLAIN: Path = Path {
    megabits: 20.0,
    bucket: 3_000.0,
    queue: 60_000.0,
    loss: 0.0,
    deaf_after: Duration::from_secs(60),
};

/// What came of a run, by both ends, how long it took, and what was sent of it, in octets.
fn run(path: Path, estimate: BitRate) -> (Fate, Option<Sustained>, Duration, u64) {
    let (key, begun) = (train_key(), origin());
    let mut dice = Dice::new(11);
    let mut sender = BulkSender::new(RUN, 28, estimate, begun);
    let mut receiver = BulkReceiver::new(RUN, begun);
    let (mut octets, mut sent) = ([0; 1_500], 0);
    let (mut tokens, mut waiting, mut at) = (path.bucket, Vec::<Vec<u8>>::new(), begun);
    loop {
        at += MS(1);
        tokens = (tokens + path.megabits * 125.0).min(path.bucket.max(1_300.0));
        while let Some(length) = sender.next(&key, &mut octets, at) {
            sent += length as u64;
            let queued: usize = waiting.iter().map(Vec::len).sum();
            if (queued as f64) < path.queue && dice.share() >= path.loss {
                waiting.push(octets[..length].to_vec());
            }
        }
        while let Some(first) = waiting.first() {
            let length = first.len() as f64 + 28.0;
            if tokens < length {
                break;
            }
            tokens -= length;
            let packet = BulkPacket::parse(&waiting.remove(0), &key).unwrap();
            assert!(receiver.receive(&packet, at - begun, at));
        }
        let end = receiver.end(at);
        if let Some(report) = receiver.report(at).or(end)
            && at < begun + path.deaf_after
        {
            let report = BulkReport::parse(&report.write(&key), &key).unwrap();
            sender.hear(&report, at);
        }
        if let Some(report) = end.filter(|_| at < begun + path.deaf_after) {
            sender.hear(&report, at);
        }
        let fate = sender.fate(at);
        if fate != Fate::Going {
            return (fate, receiver.sustained(), at - begun, sent);
        }
        assert!(at < begun + MS(6_000), "it ends");
    }
}

#[test]
fn what_a_path_carries_is_found_within_a_tenth_whatever_trains_told() {
    for (megabits, estimate, carried) in [
        (20.0, 20, 20.0),
        (20.0, 18, 19.8),
        (5.0, 5, 5.0),
        (100.0, 100, 100.0),
        // A train that fitted into the bucket of a shaper told ten times too much.
        (5.0, 50, 5.0),
        (20.0, 500, 20.0),
        // A path is known to carry no more than was asked of it.
        (100.0, 10, 11.0),
    ] {
        let path = Path { megabits, bucket: 100_000.0, ..PLAIN };
        let (fate, sustained, took, _) = run(path, mbit(estimate));
        let found = sustained.unwrap();
        assert_eq!(fate, Fate::Over(Some(found)), "both ends know it");
        let rate = found.rate.bits_per_second() as f64 / 1e6;
        assert!((rate / carried - 1.0).abs() < 0.1, "{rate} of {carried} Mbit/s");
        assert!(found.loss < 150, "{} of a thousand are lost", found.loss);
        assert!(took < MS(4_000), "{took:?}");
    }
}

#[test]
fn a_path_that_loses_some_is_told_with_its_loss() {
    let (_, sustained, ..) = run(Path { loss: 0.01, ..PLAIN }, mbit(18));
    let found = sustained.unwrap();
    assert!((1..=40).contains(&found.loss), "{}", found.loss);
}

#[test]
fn who_hears_no_reports_sends_no_more() {
    for (deaf_after, least) in [(MS(0), MS(600)), (MS(1_000), MS(1_400))] {
        let (fate, _, took, sent) = run(Path { deaf_after, ..PLAIN }, mbit(20));
        assert_eq!(fate, Fate::Silent);
        assert!((least..=least + MS(300)).contains(&took), "{took:?}");
        assert!(sent < 20_000_000 / 8 * 2, "{sent}");
    }
}

#[test]
fn a_run_that_is_stopped_is_over_at_once_and_says_nothing() {
    let (key, begun) = (train_key(), origin());
    let mut sender = BulkSender::new(RUN, 28, mbit(20), begun);
    let mut octets = [0; 1_500];
    assert!(sender.next(&key, &mut octets, begun + MS(5)).is_some());
    sender.hear(&BulkReport::stopped(BulkId(8)), begun + MS(6));
    assert_eq!(sender.fate(begun + MS(6)), Fate::Going, "that was another one");
    sender.hear(&BulkReport::stopped(RUN), begun + MS(6));
    assert_eq!(sender.fate(begun + MS(6)), Fate::Over(None));
    assert_eq!(sender.next(&key, &mut octets, begun + MS(100)), None);
    let mut receiver = BulkReceiver::new(RUN, begun);
    let other = BulkPacket { run: BulkId(8), index: 0, payload: 1_172 };
    assert!(!receiver.receive(&other, MS(0), begun));
    assert_eq!(receiver.end(begun + PATIENCE).unwrap().said, BulkSaid::Over(None));
}

#[test]
fn what_was_not_sent_in_time_is_not_made_up_for() {
    let (key, begun) = (train_key(), origin());
    let mut sender = BulkSender::new(RUN, 28, mbit(40), begun);
    let mut octets = [0; 1_500];
    let mut at_once = 0;
    while sender.next(&key, &mut octets, begun + MS(500)).is_some() {
        at_once += 1;
    }
    // 5 ms of 10 Mbit/s, and one.
    assert!((5..=7).contains(&at_once), "{at_once}");
}

#[test]
fn an_order_is_followed_once_in_each_direction_and_not_too_often() {
    let mut orders = BulkOrders::default();
    let begun = origin();
    let order = |run, part| BulkOrder { run: BulkId(run), part, estimate: mbit(5) };
    for (after, run, part, is_followed) in [
        (0, 1, Part::Send, true),
        (1, 1, Part::Send, false),
        (4, 1, Part::Receive, true),
        (5, 1, Part::Receive, false),
        (6, 1, Part::Send, false),
        (10, 2, Part::Send, false),
        (24, 3, Part::Send, true),
    ] {
        let taken = orders.take(&order(run, part), begun + Duration::from_secs(after));
        assert_eq!(taken, is_followed, "{run} after {after} s");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_what_is_altered_is_not(
        (run, rate, loss) in (any::<u64>(), any::<u64>(), 0_u16..=1_000),
        (seen, lost, micros) in (any::<u32>(), any::<u32>(), any::<u32>()),
        (at, bit) in (any::<prop::sample::Index>(), 0_u8..8),
    ) {
        let (key, run) = (train_key(), BulkId(run));
        let estimate = BitRate::from_bits_per_second(rate);
        for said in [
            BulkSaid::Going,
            BulkSaid::Over(None),
            BulkSaid::Over(Some(Sustained { rate: estimate, loss })),
            BulkSaid::Stopped,
        ] {
            let report = BulkReport { run, seen, received: seen.saturating_sub(lost), micros, said };
            let mut octets = report.write(&key);
            prop_assert_eq!(BulkReport::parse(&octets, &key), Ok(report));
            *at.get_mut(&mut octets[..]) ^= 1 << bit;
            prop_assert!(BulkReport::parse(&octets, &key).is_err());
        }
        for part in [Part::Send, Part::Receive] {
            let order = BulkOrder { run, part, estimate };
            let mut octets = order.write(&key);
            prop_assert_eq!(BulkOrder::parse(&octets, &key), Ok(order));
            *at.get_mut(&mut octets[..]) ^= 1 << bit;
            prop_assert!(BulkOrder::parse(&octets, &key).is_err());
        }
        let packet = BulkPacket { run, index: seen, payload: 1_172 };
        let mut octets = [0; 1_500];
        prop_assert_eq!(packet.write(&key, &mut octets), Some(1_172));
        prop_assert_eq!(BulkPacket::parse(&octets[..1_172], &key), Ok(packet));
        prop_assert!(BulkPacket::parse(&octets[..1_171], &key).is_err());
        prop_assert!(super::super::TrainPacket::parse(&octets[..1_172], &key).is_err());
    }

    #[test]
    fn no_reports_make_a_sender_send_more_than_a_tenth_beyond_the_estimate(
        reports in prop::collection::vec((0_u32..5_000, 0_u32..5_000, 0_u32..5_000_000), 0..40),
        estimate in 1_u64..200,
    ) {
        let (key, begun) = (train_key(), origin());
        let mut sender = BulkSender::new(RUN, 28, mbit(estimate), begun);
        let (mut octets, mut sent) = ([0; 1_500], 0.0);
        for (turn, (seen, received, micros)) in (1_u64..).zip(reports) {
            let at = begun + MS(turn * 50);
            while sender.next(&key, &mut octets, at).is_some() {
                sent += 9_600.0;
            }
            let received = received.min(seen);
            sender.hear(&BulkReport { run: RUN, seen, received, micros, said: BulkSaid::Going }, at);
            prop_assert!(sender.deadline(at) >= begun);
            let most = estimate as f64 * 1.1e6 * (turn as f64 * 0.05) + 20_000.0;
            prop_assert!(sent <= most, "{sent} of {most}");
        }
    }

    #[test]
    fn any_packets_give_a_share_of_losses_and_a_rate_or_nothing(
        packets in prop::collection::vec((any::<u32>(), 0_u64..4_000_000), 0..200),
    ) {
        let begun = origin();
        let mut receiver = BulkReceiver::new(RUN, begun);
        for (index, stamp) in packets {
            let packet = BulkPacket { run: RUN, index, payload: 1_172 };
            receiver.receive(&packet, Duration::from_micros(stamp), begun);
            let report = receiver.said(BulkSaid::Going);
            prop_assert!(report.received <= report.seen);
        }
        if let Some(found) = receiver.sustained() {
            prop_assert!(found.loss <= 1_000);
        }
    }
}
