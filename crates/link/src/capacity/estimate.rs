//! What the stamps of a train say about the slowest piece of its path.
//!
//! That piece needs the same time for each packet, so the gaps between packets are that time, but for
//! what disturbs them; each disturbance has its answer here. *Bursts* of a token bucket pass at the
//! speed of the link before: the packets at the start that are faster than those after are left out.
//! *Other traffic* gets between some packets and stretches their gaps: the median of the gaps does not
//! follow, where a mean would. *Loss and overtaking*: only gaps between two packets that were sent one
//! after the other count, whether the lost one took time in the slow piece or not. *Stamps in groups*
//! (one interrupt for several packets, frames put together by a radio) make most gaps nothing: then
//! only the last of each group is a point, and the median slope between any two points (Theil and Sen)
//! stands for the gaps. There packets count as received, so that loss makes the estimate less, not
//! more: who relies on a backup had better find more than he was told.

use std::time::Duration;

use thiserror::Error;

use super::{BitRate, Plan};

/// One packet that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which of the train.
    pub index: u16,
    /// When, since whenever stamps are counted.
    pub stamp: Duration,
}

/// How far an estimate may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Confidence {
    /// It may be far off: there were few packets, or they hardly agree.
    #[default]
    Poor,
    /// It tells the order.
    Fair,
    /// Many packets agree.
    Good,
}

/// What a path carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Estimate {
    /// In the middle.
    pub rate: BitRate,
    /// Three quarters of what was measured is more.
    pub least: BitRate,
    /// Three quarters of what was measured is less.
    pub most: BitRate,
    /// How many gaps or groups that is.
    pub used: u16,
    /// How many packets arrived.
    pub received: u16,
    /// How far it may be relied on.
    pub confidence: Confidence,
}

impl Estimate {
    /// What an office may count on: less than was found, if that is not certain.
    pub const fn reliable(&self) -> BitRate {
        match self.confidence {
            Confidence::Poor => self.least,
            Confidence::Fair | Confidence::Good => self.rate,
        }
    }
}

/// Too little arrived to say anything, or all at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{received} packets of the train are too few, or too close")]
pub struct TooFew {
    /// What arrived.
    pub received: u16,
}

/// Packets that are looked at together for whether the train begins with a burst.
const BLOCK: usize = 10;

/// So many times are the least.
const LEAST_TIMES: usize = 5;

/// Nanoseconds that packets took one by one, as measured in several places.
struct Measured {
    times: Vec<f64>,
    /// How many gaps or groups they come from.
    used: usize,
    /// From how many the estimate is good, and from how many fair, if they agree.
    good: usize,
    fair: usize,
}

/// What the path carries, if the packets of the plan arrived so.
pub fn estimate(arrivals: &[Arrival], plan: Plan) -> Result<Estimate, TooFew> {
    let received = u16::try_from(arrivals.len()).unwrap_or(u16::MAX);
    let too_few = TooFew { received };
    let mut train: Vec<Arrival> =
        arrivals.iter().filter(|arrival| arrival.index >= Plan::IGNORED).copied().collect();
    train.sort_unstable_by_key(|arrival| (arrival.stamp, arrival.index));
    let train = without_burst(&train);
    let Measured { mut times, used, good, fair } = match train {
        [first, .., last] if last.stamp > first.stamp => {
            let mean = nanos(last.stamp - first.stamp) / (train.len() - 1) as f64;
            if are_grouped(train, mean) { between_groups(train, mean) } else { gaps(train) }
        }
        _ => return Err(too_few),
    };
    times.retain(|time| *time > 0.0);
    if times.len() < LEAST_TIMES {
        return Err(too_few);
    }
    times.sort_unstable_by(f64::total_cmp);
    let [quick, middle, slow] = [0.25, 0.5, 0.75].map(|share| quantile(&times, share));
    let rate = |nanos: f64| {
        BitRate::from_bits_per_second((plan.bits_per_packet() as f64 * 1e9 / nanos) as u64)
    };
    let spread = (slow - quick) / middle;
    let confidence = if used >= good && spread <= 0.25 {
        Confidence::Good
    } else if used >= fair && spread <= 1.0 {
        Confidence::Fair
    } else {
        Confidence::Poor
    };
    let used = u16::try_from(used).unwrap_or(u16::MAX);
    let (rate, least, most) = (rate(middle), rate(slow), rate(quick));
    Ok(Estimate { rate, least, most, used, received, confidence })
}

/// The train from where it is slow, if it is fast up to there and slow from there on: a bucket empties
/// once, and nothing else does that.
fn without_burst(train: &[Arrival]) -> &[Arrival] {
    /// A link is so much faster than its shaper, or nothing is lost by not telling them apart.
    const MUCH: f64 = 2.0;
    let last = train.len().saturating_sub(1);
    let begins: Vec<usize> = (1..=last / BLOCK).rev().map(|back| last - back * BLOCK).collect();
    let time = |begin: &usize| {
        let (one, other) = (train.get(*begin)?, train.get(begin + BLOCK)?);
        Some(nanos(other.stamp - one.stamp))
    };
    let times: Vec<f64> = begins.iter().filter_map(time).collect();
    let is_turn = |turn: &usize| {
        let (before, after) = times.split_at_checked(*turn).unwrap_or((&[], &times));
        let slowest = before.iter().copied().fold(0.0, f64::max);
        let quickest = after.iter().copied().fold(f64::INFINITY, f64::min);
        slowest * MUCH < quickest
    };
    let turn = (1..times.len()).rev().find(is_turn);
    turn.and_then(|turn| train.get(*begins.get(turn)?..)).unwrap_or(train)
}

/// Whether one gap in seven is next to nothing.
fn are_grouped(train: &[Arrival], mean: f64) -> bool {
    let close = adjacent(train).filter(|(one, next)| is_close(one, next, mean)).count();
    7 * close >= train.len()
}

/// Whether two packets were stamped as one.
fn is_close(one: &Arrival, next: &Arrival, mean: f64) -> bool {
    nanos(next.stamp - one.stamp) * 5.0 < mean
}

fn adjacent(train: &[Arrival]) -> impl Iterator<Item = (&Arrival, &Arrival)> {
    train.iter().zip(train.iter().skip(1))
}

/// The gaps between packets that were sent one after the other.
fn gaps(train: &[Arrival]) -> Measured {
    let times: Vec<f64> = adjacent(train)
        .filter(|(one, next)| one.index.checked_add(1) == Some(next.index))
        .map(|(one, next)| nanos(next.stamp - one.stamp))
        .collect();
    Measured { used: times.len(), times, good: 25, fair: 15 }
}

/// The time for a packet between the last ones of any two groups.
fn between_groups(train: &[Arrival], mean: f64) -> Measured {
    let is_last = |place: &usize| match (train.get(*place), train.get(*place + 1)) {
        (Some(one), Some(next)) => !is_close(one, next, mean),
        _ => true,
    };
    let lasts: Vec<usize> = (0..train.len()).filter(is_last).collect();
    let mut times = Vec::new();
    for (number, from) in lasts.iter().enumerate() {
        for to in lasts.iter().skip(number + 1) {
            let (Some(one), Some(other)) = (train.get(*from), train.get(*to)) else { continue };
            times.push(nanos(other.stamp - one.stamp) / (to - from) as f64);
        }
    }
    Measured { times, used: lasts.len(), good: 12, fair: 6 }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::INFINITY)
}

fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64
}
