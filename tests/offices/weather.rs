//! What a wire does to frames: when each arrives at the other end, if it does. Decided without a clock
//! and without sockets, from a seed, so that the same weather is the same each time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What becomes of frames in one direction; the default does nothing to them.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// How long each takes.
    pub delay: Duration,
    /// By how much longer it may take, at random; frames keep their order.
    pub jitter: Duration,
    /// Which are lost.
    pub loss: Loss,
    /// The share that is held back, and for how long: later ones arrive earlier.
    pub late: (f64, Duration),
    /// The share that arrives twice.
    pub twice: f64,
    /// What all have to pass, maybe beside those of other wires.
    pub bottleneck: Option<Bottleneck>,
    /// Longer packets vanish without a word.
    pub mtu: Option<usize>,
    /// Nothing arrives, not even what is on its way.
    pub is_cut: bool,
}

/// Which frames are lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Loss {
    #[default]
    Never,
    /// This share, one independent of the other.
    Random(f64),
    /// All within bursts, which begin and end with these probabilities at each frame (Gilbert's model).
    Bursts { begin: f64, end: f64 },
}

/// A rate that wires share, behind a queue that drops what does not fit.
#[derive(Debug, Clone)]
pub struct Bottleneck(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    bits_per_second: u64,
    room: usize,
    /// What waits or is under way: when it has left, and its octets.
    inside: VecDeque<(Instant, usize)>,
}

impl Bottleneck {
    /// So many Mbit/s, with a queue for so many octets.
    pub fn new(mbit: u64, room: usize) -> Self {
        let queue = Queue { bits_per_second: mbit * 1_000_000, room, inside: VecDeque::new() };
        Self(Arc::new(Mutex::new(queue)))
    }

    /// When so many octets have left, if there is room for them.
    fn pass(&self, octets: usize, now: Instant) -> Option<Instant> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.inside.front().is_some_and(|(left, _)| *left <= now) {
            queue.inside.pop_front();
        }
        let waiting: usize = queue.inside.iter().map(|(_, octets)| octets).sum();
        if waiting + octets > queue.room {
            return None;
        }
        let free = queue.inside.back().map_or(now, |(left, _)| *left);
        let nanoseconds = octets as u64 * 8 * 1_000_000_000 / queue.bits_per_second;
        let left = free + Duration::from_nanos(nanoseconds);
        queue.inside.push_back((left, octets));
        Some(left)
    }
}

/// One direction of a wire.
#[derive(Debug)]
pub struct Lane {
    pub weather: Weather,
    seed: u64,
    is_in_burst: bool,
    /// When the last of those arrives that keep their order.
    pub last: Option<Instant>,
}

impl Lane {
    /// In fair weather.
    pub fn new(seed: u64) -> Self {
        Self { weather: Weather::default(), seed, is_in_burst: false, last: None }
    }

    /// When a packet of so many octets arrives, which comes now: once, twice or never.
    pub fn arrivals(&mut self, octets: usize, now: Instant) -> [Option<Instant>; 2] {
        let is_too_long = self.weather.mtu.is_some_and(|mtu| octets > mtu);
        if self.weather.is_cut || self.is_lost() || is_too_long {
            return [None; 2];
        }
        let passed = match &self.weather.bottleneck {
            Some(bottleneck) => bottleneck.pass(octets, now),
            None => Some(now),
        };
        let Some(passed) = passed else { return [None; 2] };
        let jitter = self.weather.jitter.mul_f64(self.share());
        let arrival = self.last.unwrap_or(now).max(passed + self.weather.delay + jitter);
        let (share_late, late) = self.weather.late;
        let is_late = self.happens(share_late);
        if !is_late {
            self.last = Some(arrival);
        }
        let arrival = if is_late { arrival + late } else { arrival };
        let twice = self.weather.twice;
        [Some(arrival), self.happens(twice).then_some(arrival)]
    }

    fn is_lost(&mut self) -> bool {
        match self.weather.loss {
            Loss::Never => false,
            Loss::Random(share) => self.happens(share),
            Loss::Bursts { begin, end } => {
                let turns = if self.is_in_burst { end } else { begin };
                self.is_in_burst ^= self.happens(turns);
                self.is_in_burst
            }
        }
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// From 0 to 1 (SplitMix64).
    fn share(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const MANY: u64 = 200_000;

    /// The arrivals of many frames of 1,000 octets that come a millisecond apart, by how long each took.
    fn through(weather: Weather) -> Vec<Vec<Duration>> {
        let mut lane = Lane::new(7);
        lane.weather = weather;
        let begun = Instant::now();
        let frames = (0..MANY).map(|number| {
            let now = begun + MS(number);
            let arrivals = lane.arrivals(1_000, now).into_iter().flatten();
            arrivals.map(|arrival| arrival - now).collect()
        });
        frames.collect()
    }

    fn share(frames: &[Vec<Duration>], is_so: impl Fn(&Vec<Duration>) -> bool) -> f64 {
        frames.iter().filter(|frame| is_so(frame)).count() as f64 / frames.len() as f64
    }

    #[track_caller]
    fn assert_near(seen: f64, wanted: f64) {
        assert!((seen - wanted).abs() < wanted * 0.1, "{seen} instead of {wanted}");
    }

    #[test]
    fn fair_weather_does_nothing() {
        assert!(through(Weather::default()).iter().all(|frame| frame == &[Duration::ZERO]));
    }

    #[test]
    fn delay_and_jitter_are_as_set_and_nobody_is_overtaken() {
        let frames = through(Weather { delay: MS(15), jitter: MS(10), ..Weather::default() });
        let took: Vec<_> = frames.iter().map(|frame| frame[0]).collect();
        assert!(took.iter().all(|took| (MS(15)..=MS(25)).contains(took)));
        assert!(took.contains(&took[0]) && took.iter().any(|took| *took > MS(24)));
        assert!(took.windows(2).all(|pair| pair[1] + MS(1) >= pair[0]), "in their order");
    }

    #[test]
    fn losses_doubles_and_late_frames_are_as_many_as_set() {
        let frames = through(Weather { loss: Loss::Random(0.2), ..Weather::default() });
        assert_near(share(&frames, Vec::is_empty), 0.2);
        let frames = through(Weather { twice: 0.3, ..Weather::default() });
        assert_near(share(&frames, |frame| frame.len() == 2), 0.3);
        let frames = through(Weather { late: (0.1, MS(5)), ..Weather::default() });
        assert_near(share(&frames, |frame| frame[0] == MS(5)), 0.1);
        assert_near(share(&frames, |frame| frame[0] == MS(0)), 0.9);
    }

    #[test]
    fn bursts_are_as_many_and_as_long_as_set() {
        let loss = Loss::Bursts { begin: 0.01, end: 0.1 };
        let frames = through(Weather { loss, ..Weather::default() });
        // A burst has ten frames, and a hundred lie between two.
        assert_near(share(&frames, Vec::is_empty), 10.0 / 110.0);
        let pairs = frames.windows(2).filter(|pair| !pair[0].is_empty() && pair[1].is_empty());
        assert_near(pairs.count() as f64, MANY as f64 / 110.0);
    }

    #[test]
    fn a_bottleneck_passes_its_rate_and_its_queue_is_as_long_as_its_room() {
        // Twice as much comes as can pass, and ten frames may wait.
        let bottleneck = Bottleneck::new(4, 10_000);
        let frames = through(Weather { bottleneck: Some(bottleneck), ..Weather::default() });
        assert_near(share(&frames, Vec::is_empty), 0.5);
        let longest = frames.iter().flatten().max().unwrap();
        assert!((MS(18)..=MS(20)).contains(longest), "{longest:?}");
    }

    #[test]
    fn wires_share_a_bottleneck() {
        let (bottleneck, now) = (Bottleneck::new(8, 2_000), Instant::now());
        let mut lanes = [Lane::new(1), Lane::new(2)];
        for lane in &mut lanes {
            lane.weather.bottleneck = Some(bottleneck.clone());
        }
        let [one, other] = &mut lanes;
        assert_eq!(one.arrivals(1_000, now), [Some(now + MS(1)), None]);
        assert_eq!(other.arrivals(1_000, now), [Some(now + MS(2)), None]);
        assert_eq!(one.arrivals(1_000, now), [None, None], "there is no room");
        assert_eq!(one.arrivals(1_000, now + MS(1)), [Some(now + MS(3)), None]);
    }

    #[test]
    fn long_packets_vanish_in_a_hole_and_all_in_a_cut() {
        let mut lane = Lane::new(1);
        let now = Instant::now();
        lane.weather.mtu = Some(1_280);
        assert_eq!(lane.arrivals(1_280, now), [Some(now), None]);
        assert_eq!(lane.arrivals(1_281, now), [None, None]);
        lane.weather.is_cut = true;
        assert_eq!(lane.arrivals(64, now), [None, None]);
    }
}
