use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::Key;
use crate::fixtures::{Dice, key, millis, origin};

/// A piece of a path that is slower than the rest, and what happens around it.
#[derive(Debug, Clone, Copy)]
struct Bottleneck {
    megabits: f64,
    /// Octets that its token bucket lets pass at the speed of the link before.
    burst: f64,
    /// The share of it that others use.
    others: f64,
    /// The share of packets that are lost before it, and after it.
    loss: (f64, f64),
    /// The queue before it, in octets.
    queue: f64,
    /// How much faster the link before it is, if that has less than a gigabit.
    link: f64,
    /// How far stamps are off, in nanoseconds.
    noise: f64,
    /// The time from one interrupt to the next, in nanoseconds; stamps are those of interrupts.
    interrupts: f64,
    /// The share of packets that are overtaken by the next after the bottleneck.
    overtaken: f64,
}

const PLAIN: Bottleneck = Bottleneck {
    megabits: 20.0,
    burst: 0.0,
    others: 0.0,
    loss: (0.0, 0.0),
    queue: 1e9,
    link: f64::INFINITY,
    noise: 500.0,
    interrupts: 0.0,
    overtaken: 0.0,
};

/// The link before the bottleneck.
const LINK_MEGABITS: f64 = 1_000.0;

impl Bottleneck {
    /// When the packets of a train arrive behind it.
    fn run(self, plan: Plan, seed: u64) -> Vec<Arrival> {
        let mut dice = Dice::new(seed);
        let bits = plan.bits_per_packet() as f64;
        let link_nanos_per_bit = 1e3 / LINK_MEGABITS.min(self.megabits * self.link);
        let (gap, nanos_per_bit) = (bits * link_nanos_per_bit, 1e3 / self.megabits);
        // Packets of others come by chance, in three sizes, for a while before and all through.
        let offered: Vec<(f64, f64, Option<u16>)> = {
            let mut offered = Vec::new();
            let mut at = -2e8_f64;
            while self.others > 0.0 && at < 4e8 {
                let bits = 8.0 * [120.0, 600.0, 1_500.0][(dice.share() * 3.0) as usize];
                at += -(1.0 - dice.share()).ln() * 740.0 * 8.0 * nanos_per_bit / self.others;
                offered.push((at, bits, None));
            }
            let train = (0..plan.packets).map(|index| (f64::from(index) * gap, bits, Some(index)));
            offered.extend(train);
            offered.sort_by(|one, other| one.0.total_cmp(&other.0));
            offered
        };
        // A bucket of tokens, full at first; the train and others share it.
        let (mut free_at, mut tokens, mut filled_at) = (f64::MIN, self.burst * 8.0, f64::MIN);
        let mut arrivals: Vec<Arrival> = Vec::new();
        for (at, bits, index) in offered {
            if index.is_some() && dice.share() < self.loss.0 {
                continue;
            }
            let begins = free_at.max(at);
            if (begins - at) / nanos_per_bit > self.queue * 8.0 {
                continue;
            }
            if filled_at > f64::MIN {
                tokens = (tokens + (begins - filled_at) / nanos_per_bit).min(self.burst * 8.0);
            }
            filled_at = begins;
            let waits = if tokens >= bits { 0.0 } else { (bits - tokens) * nanos_per_bit };
            tokens = (tokens - bits).max(0.0);
            let takes = waits.max(bits * link_nanos_per_bit);
            filled_at += waits;
            free_at = begins + takes;
            let Some(index) = index else { continue };
            if dice.share() < self.loss.1 {
                continue;
            }
            let mut seen = free_at + 1e7 + dice.share() * self.noise;
            if self.interrupts > 0.0 {
                seen = (seen / self.interrupts).ceil() * self.interrupts;
            }
            arrivals.push(Arrival { index, stamp: Duration::from_nanos(seen as u64) });
            let last = arrivals.len() - 1;
            if last > 0 && dice.share() < self.overtaken {
                let (one, other) = (arrivals[last - 1].index, arrivals[last].index);
                (arrivals[last - 1].index, arrivals[last].index) = (other, one);
            }
        }
        arrivals
    }

    /// What is found, as shares of the truth, over many runs: the least, the middle and the most.
    fn ratios(self) -> [f64; 3] {
        let mut ratios: Vec<f64> = (1..=200)
            .map(|seed| {
                let found = estimate(&self.run(Plan::IPV4, seed), Plan::IPV4).unwrap();
                found.rate.bits_per_second() as f64 / (self.megabits * 1e6)
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        [ratios[0], ratios[100], ratios[199]]
    }
}

/// The rate is found within those shares of the truth, at every speed.
fn check(shape: Bottleneck, least: f64, most: f64) {
    for megabits in [1.0, 5.0, 20.0, 100.0, 300.0] {
        let ratios = Bottleneck { megabits, ..shape }.ratios();
        assert!(ratios[0] >= least && ratios[2] <= most, "{megabits} Mbit/s: {ratios:.3?}");
    }
}

#[test]
fn packets_are_as_long_behind_longer_headers() {
    assert_eq!(Plan::IPV4.behind(48), Plan::IPV6);
    assert_eq!(Plan::IPV6.behind(28), Plan::IPV4);
}

#[test]
fn a_plain_bottleneck_is_found() {
    check(PLAIN, 0.98, 1.02);
}

#[test]
fn token_buckets_do_not_show() {
    for burst in [5_000.0, 16_000.0, 32_000.0] {
        check(Bottleneck { burst, ..PLAIN }, 0.97, 1.03);
    }
    // 48 kB are 57 packets where they are filled up at 300 of the 1,000 Mbit/s at which they are taken.
    for megabits in [1.0, 5.0, 20.0, 100.0] {
        let ratios = Bottleneck { megabits, burst: 48_000.0, ..PLAIN }.ratios();
        assert!(ratios[0] >= 0.97 && ratios[2] <= 1.03, "{megabits} Mbit/s: {ratios:.3?}");
    }
}

#[test]
fn a_bucket_as_large_as_the_train_hides_what_is_behind_it() {
    let found = estimate(&Bottleneck { burst: 72_000.0, ..PLAIN }.run(Plan::IPV4, 1), Plan::IPV4);
    let found = found.unwrap().rate;
    assert!(found > BitRate::from_megabits_per_second(900), "{found}: that of the link before");
}

#[test]
fn half_of_it_used_by_others_hardly_shows() {
    check(Bottleneck { others: 0.5, ..PLAIN }, 0.97, 1.03);
}

#[test]
fn a_link_little_faster_than_the_bottleneck_lets_others_show() {
    for (link, least) in [(5.0, 0.98), (2.0, 0.85)] {
        check(Bottleneck { others: 0.5, link, ..PLAIN }, least, 1.05);
    }
}

#[test]
fn lost_packets_hardly_show() {
    for loss in [(0.05, 0.0), (0.0, 0.05), (0.1, 0.1), (0.0, 0.4)] {
        check(Bottleneck { loss, ..PLAIN }, 0.97, 1.03);
    }
}

#[test]
fn a_short_queue_hardly_shows() {
    check(Bottleneck { queue: 40_000.0, ..PLAIN }, 0.97, 1.03);
}

#[test]
fn overtaking_hardly_shows() {
    check(Bottleneck { overtaken: 0.1, ..PLAIN }, 0.97, 1.03);
}

#[test]
fn stamps_in_groups_give_the_rate_all_the_same() {
    for interrupts in [50_000.0, 125_000.0, 250_000.0] {
        check(Bottleneck { interrupts, ..PLAIN }, 0.93, 1.05);
    }
}

#[test]
fn stamps_in_groups_with_loss_give_less_and_not_more() {
    let shape = Bottleneck { interrupts: 125_000.0, loss: (0.0, 0.05), ..PLAIN };
    check(shape, 0.8, 1.05);
}

#[test]
fn all_of_it_together_still_tells_the_order() {
    let shape = Bottleneck {
        burst: 20_000.0,
        others: 0.5,
        loss: (0.02, 0.03),
        noise: 2_000.0,
        overtaken: 0.02,
        ..PLAIN
    };
    check(shape, 0.7, 1.05);
}

#[test]
fn confidence_falls_with_what_is_missing() {
    let of = |shape: Bottleneck, keep: usize| {
        let arrivals: Vec<_> = shape.run(Plan::IPV4, 3).into_iter().take(keep).collect();
        estimate(&arrivals, Plan::IPV4).map(|found| found.confidence)
    };
    let busy = Bottleneck { others: 0.8, link: 2.0, ..PLAIN };
    let coarse = Bottleneck { megabits: 300.0, interrupts: 125_000.0, ..PLAIN };
    let coarser = Bottleneck { megabits: 300.0, interrupts: 250_000.0, ..PLAIN };
    for (shape, keep, expected) in [
        (PLAIN, 60, Ok(Confidence::Good)),
        (PLAIN, 28, Ok(Confidence::Fair)),
        (PLAIN, 18, Ok(Confidence::Poor)),
        (PLAIN, 14, Err(TooFew { received: 14 })),
        (PLAIN, 0, Err(TooFew { received: 0 })),
        (busy, 60, Ok(Confidence::Poor)),
        (coarse, 60, Ok(Confidence::Good)),
        (coarser, 60, Ok(Confidence::Fair)),
    ] {
        assert_eq!(of(shape, keep), expected, "{shape:?} {keep}");
    }
}

#[test]
fn an_estimate_tells_between_what_bounds_it_is() {
    let busy = Bottleneck { others: 0.8, link: 2.0, ..PLAIN };
    let found = estimate(&busy.run(Plan::IPV4, 3), Plan::IPV4).unwrap();
    assert!(found.least < found.rate && found.rate < found.most, "{found:?}");
    assert_eq!((found.confidence, found.reliable()), (Confidence::Poor, found.least));
    let certain = Estimate { confidence: Confidence::Fair, ..found };
    assert_eq!(certain.reliable(), found.rate);
}

#[test]
fn a_train_whose_stamps_are_all_one_says_nothing() {
    let arrivals: Vec<_> =
        (0..60).map(|index| Arrival { index, stamp: Duration::from_secs(1) }).collect();
    assert_eq!(estimate(&arrivals, Plan::IPV4), Err(TooFew { received: 60 }));
}

#[test]
fn a_clock_that_is_set_in_the_middle_of_a_train_makes_no_wrong_rate() {
    for megabits in [1.0, 20.0, 300.0] {
        for step in [-1_000.0, -20.0, -5.0, -1.0, -0.1, 0.1, 1.0, 5.0, 20.0, 1_000.0_f64] {
            for at in [12, 30, 50] {
                let mut train = Bottleneck { megabits, ..PLAIN }.run(Plan::IPV4, 3);
                for arrival in train.iter_mut().filter(|arrival| arrival.index >= at) {
                    let nanos = 2e9 + arrival.stamp.as_nanos() as f64 + step * 1e6;
                    arrival.stamp = Duration::from_nanos(nanos as u64);
                }
                for arrival in train.iter_mut().filter(|arrival| arrival.index < at) {
                    arrival.stamp += Duration::from_secs(2);
                }
                let Ok(found) = estimate(&train, Plan::IPV4) else { continue };
                let ratio = found.rate.bits_per_second() as f64 / (megabits * 1e6);
                assert!(
                    (0.97..1.03).contains(&ratio),
                    "{megabits} Mbit/s, {step} ms at {at}: {ratio}"
                );
            }
        }
    }
}

#[test]
fn rates_read_as_people_say_them() {
    for (bits, expected) in [
        (0, "0 kbit/s"),
        (949_999, "950 kbit/s"),
        (950_000, "1.0 Mbit/s"),
        (19_960_000, "20.0 Mbit/s"),
        (u64::MAX, "18446744073709.5 Mbit/s"),
    ] {
        assert_eq!(BitRate::from_bits_per_second(bits).to_string(), expected);
    }
}

const PACKET: TrainPacket =
    TrainPacket { train: TrainId(0x0102_0304_0506_0708), packets: 60, index: 7, payload: 48 };

fn trains() -> TrainKey {
    TrainKey::of(&key())
}

#[test]
fn packets_stand_as_the_layout_says() {
    let mut octets = [0; 60];
    assert_eq!(PACKET.write(&trains(), &mut octets), Some(48));
    let proved = "53625472 01 00 003c 0102030405060708 0007 0030".replace(' ', "");
    assert_eq!(HEXLOWER.encode(&octets[..20]), proved);
    let tag = key().derived("sabeel capacity train 1").tag(&[&octets[..20]]);
    assert_eq!(octets[20..36], tag);
    assert!(octets[36..48].iter().any(|octet| *octet != 0), "the filling has no pattern");
    assert_eq!(octets[48..], [0; 12]);
    assert_eq!(TrainPacket::parse(&octets[..48], &trains()), Ok(PACKET));
}

#[test]
fn results_stand_as_the_layout_says() {
    let estimate = Estimate {
        rate: BitRate::from_megabits_per_second(20),
        least: BitRate::from_megabits_per_second(19),
        most: BitRate::from_megabits_per_second(21),
        used: 49,
        received: 59,
        confidence: Confidence::Good,
    };
    let result = TrainResult { train: PACKET.train, estimate: Some(estimate) };
    let octets = result.write(&trains());
    let proved = "53625472 01 01 03 00 0102030405060708
        0000000001312d00 000000000121eac0 0000000001406f40 0031 003b";
    let proved: String = proved.split_whitespace().collect();
    assert_eq!(HEXLOWER.encode(&octets[..44]), proved);
    assert_eq!(TrainResult::parse(&octets, &trains()), Ok(result));
    let crossed = Estimate { least: estimate.most, most: estimate.least, ..estimate };
    let crossed = TrainResult { train: PACKET.train, estimate: Some(crossed) }.write(&trains());
    assert_eq!(TrainResult::parse(&crossed, &trains()), Err(PacketError::Inconsistent));
    let nothing = TrainResult { train: PACKET.train, estimate: None };
    assert_eq!(TrainResult::parse(&nothing.write(&trains()), &trains()), Ok(nothing));
}

const REQUEST: TrainRequest =
    TrainRequest { train: PACKET.train, part: Part::Receive, plan: Plan::IPV4 };

#[test]
fn requests_stand_as_the_layout_says() {
    for (part, proved) in [
        (Part::Send, "53625472 01 02 00 00 0102030405060708 003c 0494 001c 0000"),
        (Part::Receive, "53625472 01 02 01 00 0102030405060708 003c 0494 001c 0000"),
    ] {
        let request = TrainRequest { part, ..REQUEST };
        let octets = request.write(&trains());
        assert_eq!(HEXLOWER.encode(&octets[..24]), proved.replace(' ', ""));
        assert_eq!(TrainRequest::parse(&octets, &trains()), Ok(request));
    }
}

#[test]
fn requests_that_nobody_makes_are_refused() {
    let sound = REQUEST.write(&trains());
    for at in 0..REQUEST_OCTETS {
        let mut octets = sound;
        octets[at] ^= 1;
        let expected = if at < 6 { PacketError::Foreign } else { PacketError::WrongProof };
        assert_eq!(TrainRequest::parse(&octets, &trains()), Err(expected), "{at}");
    }
    let inconsistent = Err(PacketError::Inconsistent);
    assert_eq!(TrainRequest::parse(&[&sound[..], &[0]].concat(), &trains()), inconsistent);
    for plan in [
        Plan { packets: 29, ..Plan::IPV4 },
        Plan { packets: 513, ..Plan::IPV4 },
        Plan { payload: 35, ..Plan::IPV4 },
    ] {
        let octets = TrainRequest { plan, ..REQUEST }.write(&trains());
        assert_eq!(TrainRequest::parse(&octets, &trains()), inconsistent, "{plan:?}");
    }
    for at in [6, 7, 22, 23] {
        let mut octets = sound;
        octets[at] = 2;
        let (proved, tag) = octets.split_at_mut(24);
        tag.copy_from_slice(&key().derived("sabeel capacity train 1").tag(&[proved]));
        assert_eq!(TrainRequest::parse(&octets, &trains()), inconsistent, "{at}");
    }
}

#[test]
fn no_request_is_granted_twice_and_no_train_is_sent_soon_after_another() {
    let (mut requests, begin) = (Requests::default(), origin());
    let mut grant = |train, part, at| {
        let request = TrainRequest { train: TrainId(train), part, ..REQUEST };
        requests.grant(&request, begin + millis(at))
    };
    assert_eq!(grant(1, Part::Send, 0), Ok(()));
    assert_eq!(grant(1, Part::Send, 9_000), Err(RequestRefusal::Repeated));
    assert_eq!(grant(2, Part::Receive, 0), Ok(()));
    assert_eq!(grant(3, Part::Send, 2_999), Err(RequestRefusal::TooSoon));
    assert_eq!(grant(3, Part::Send, 3_000), Ok(()), "what was refused may be asked for again");
    for train in 10..1_034 {
        assert_eq!(grant(train, Part::Receive, 3_000), Ok(()));
    }
    assert_eq!(grant(10, Part::Receive, 3_000), Err(RequestRefusal::Repeated));
    assert_eq!(grant(3, Part::Receive, 3_000), Ok(()), "it is forgotten by now");
}

#[test]
fn what_is_no_packet_of_a_train_is_refused_with_its_reason() {
    let mut sound = [0; 48];
    PACKET.write(&trains(), &mut sound).unwrap();
    let changed = |at: usize| {
        let mut octets = sound;
        octets[at] ^= 1;
        TrainPacket::parse(&octets, &trains())
    };
    for at in 0..6 {
        assert_eq!(changed(at), Err(PacketError::Foreign), "{at}");
    }
    for at in 6..36 {
        assert_eq!(changed(at), Err(PacketError::WrongProof), "{at}");
    }
    assert_eq!(changed(36), Ok(PACKET), "the filling is not proved");
    let parse = |octets: &[u8]| TrainPacket::parse(octets, &trains());
    assert_eq!(parse(&sound[..47]), Err(PacketError::Inconsistent));
    assert_eq!(parse(&sound[..35]), Err(PacketError::Foreign));
    let mut last = [0; 48];
    TrainPacket { index: 60, ..PACKET }.write(&trains(), &mut last).unwrap();
    assert_eq!(parse(&last), Err(PacketError::Inconsistent));
    let other = TrainKey::of(&Key::new(&[1; 16]).unwrap());
    assert_eq!(TrainPacket::parse(&sound, &other), Err(PacketError::WrongProof));
    assert_eq!(PACKET.write(&trains(), &mut [0; 47]), None);
}

#[test]
fn a_train_goes_out_as_planned_and_is_measured_as_announced() {
    let (id, now) = (TrainId(9), origin());
    let mut train = Train::new(id, Plan::IPV4);
    let mut receiver = Receiver::new(id, Plan::IPV4, now);
    let mut octets = [0; 1_500];
    let mut sent = 0;
    while let Some(length) = train.next(&trains(), &mut octets) {
        assert_eq!(length, 1_172);
        // 480 microseconds for 1,200 octets are 20 Mbit/s.
        let stamp = Duration::from_micros(sent * 480);
        assert!(!receiver.is_over(now));
        receiver.receive(&octets[..length], &trains(), stamp, now + stamp).unwrap();
        let again = receiver.receive(&octets[..length], &trains(), stamp, now + stamp);
        assert_eq!(again, Err(Refusal::Repeated(sent as u16)));
        sent += 1;
    }
    assert_eq!(sent, 60);
    assert!(receiver.is_over(now));
    let found = receiver.result().estimate.unwrap();
    assert_eq!(found.rate, BitRate::from_megabits_per_second(20));
    assert_eq!((found.received, found.used, found.confidence), (60, 49, Confidence::Good));
}

#[test]
fn only_the_announced_train_counts() {
    let now = origin();
    let mut receiver = Receiver::new(TrainId(9), Plan::IPV4, now);
    let mut octets = [0; 1_500];
    let mut refused = |train, plan| {
        let length = Train::new(train, plan).next(&trains(), &mut octets).unwrap();
        receiver.receive(&octets[..length], &trains(), Duration::ZERO, now)
    };
    assert_eq!(refused(TrainId(8), Plan::IPV4), Err(Refusal::OtherTrain));
    assert_eq!(refused(TrainId(9), Plan::IPV6), Err(Refusal::OtherPlan));
    assert_eq!(receiver.result().estimate, None);
}

#[test]
fn a_train_that_stops_is_over_a_second_later() {
    let now = origin();
    let mut receiver = Receiver::new(TrainId(9), Plan::IPV4, now);
    let mut octets = [0; 1_500];
    let length = Train::new(TrainId(9), Plan::IPV4).next(&trains(), &mut octets).unwrap();
    receiver.receive(&octets[..length], &trains(), Duration::ZERO, now + millis(700)).unwrap();
    assert_eq!(receiver.deadline(), now + millis(1_700));
    assert!(!receiver.is_over(now + millis(1_699)) && receiver.is_over(now + millis(1_700)));
}

#[test]
fn plans_are_brought_within_limits() {
    let plan = Plan { packets: 1, payload: 1, headers: 28 }.within_limits();
    assert_eq!((plan.packets, plan.payload), (30, 36));
    assert_eq!(Plan { packets: u16::MAX, ..plan }.within_limits().packets, 512);
    assert_eq!((Plan::IPV4.bits_per_packet(), Plan::IPV6.bits_per_packet()), (9_600, 9_600));
}

proptest! {
    #[test]
    fn any_arrivals_give_a_rate_within_its_bounds_or_none(
        arrivals in prop::collection::vec(
            prop_oneof![(0..60_u16, 0..1_000_000_u64), (any::<u16>(), any::<u64>())], 0..100
        )
    ) {
        let arrivals: Vec<_> = arrivals
            .into_iter()
            .map(|(index, nanos)| Arrival { index, stamp: Duration::from_nanos(nanos) })
            .collect();
        if let Ok(found) = estimate(&arrivals, Plan::IPV4) {
            prop_assert!(found.least <= found.rate && found.rate <= found.most);
        }
    }

    #[test]
    fn any_octets_are_read_or_refused_without_panic(
        octets in prop::collection::vec(any::<u8>(), 0..80), bent in any::<bool>()
    ) {
        let mut octets = octets;
        if bent && octets.len() > 60 {
            let kind = octets[5] % 3;
            octets[..6].copy_from_slice(&[b'S', b'b', b'T', b'r', 1, kind]);
            octets.truncate(if kind == 2 { 40 } else { 80 });
            let (proved, rest) = octets.split_at_mut([20, 44, 24][usize::from(kind)]);
            if let Some(tag) = rest.get_mut(..16) {
                tag.copy_from_slice(&key().derived("sabeel capacity train 1").tag(&[proved]));
            }
        }
        let _ = TrainPacket::parse(&octets, &trains());
        if let Ok(request) = TrainRequest::parse(&octets, &trains()) {
            prop_assert_eq!(&request.write(&trains())[..], &octets[..]);
        }
        if let Ok(result) = TrainResult::parse(&octets, &trains()) {
            let again = TrainResult::parse(&result.write(&trains()), &trains());
            prop_assert_eq!(again, Ok(result));
        }
    }
}

#[test]
fn a_gentle_train_keeps_a_path_busy_for_a_tenth_of_a_second_at_most() {
    for kilobits in [500, 1_000, 3_000, 6_000, 20_000, 1_000_000] {
        let rate = BitRate::from_kilobits_per_second(kilobits);
        let plan = Plan::gentle(rate);
        assert_eq!(plan, plan.within_limits());
        let millis = plan.octets() * 8 / kilobits;
        assert!(millis <= 100, "{millis} ms at {rate}");
    }
    assert_eq!(Plan::gentle(BitRate::from_megabits_per_second(10)), Plan::IPV4);
    // The shortest that measures.
    let least = Plan { packets: Plan::LEAST, ..Plan::GAUGE };
    assert_eq!(Plan::gentle(BitRate::default()), least);
}
