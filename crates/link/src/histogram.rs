//! How long round trips took, counted so that the counts of many seconds or sites can be added up and
//! still give percentiles: each octave of microseconds is divided into sixteen equal classes.

use std::collections::BTreeMap;
use std::time::Duration;

/// Classes in each octave, as a power of two. A class is a sixteenth of its lower bound wide at most.
const CLASS_BITS: u32 = 4;
const CLASSES: u64 = 1 << CLASS_BITS;

/// Round-trip times by classes, of which the ends are known exactly. From one microsecond; what takes
/// longer than an hour is counted as an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<u16, u64>,
    total: u64,
    bounds: Option<(Duration, Duration)>,
}

impl Histogram {
    const LONGEST: Duration = Duration::from_secs(3_600);
    /// The class of what takes longest.
    pub const LAST_CLASS: u16 = 458;

    /// What was counted and kept, by classes in ascending order up to [`Self::LAST_CLASS`], and its ends.
    pub fn of_classes(classes: &[(u16, u64)], ends: Option<(Duration, Duration)>) -> Self {
        let total = classes.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        let ends = ends.filter(|_| total > 0);
        Self { counts: classes.iter().copied().collect(), total, bounds: ends }
    }

    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        let time = time.min(Self::LONGEST);
        *self.counts.entry(class(micros(time))).or_default() += 1;
        self.total += 1;
        let (least, most) = self.bounds.unwrap_or((time, time));
        self.bounds = Some((least.min(time), most.max(time)));
    }

    /// Adds all that another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.counts {
            let own = self.counts.entry(*class).or_default();
            *own = own.saturating_add(*count);
        }
        self.total = self.total.saturating_add(other.total);
        self.bounds = match (self.bounds, other.bounds) {
            (Some(own), Some(theirs)) => Some((own.0.min(theirs.0), own.1.max(theirs.1))),
            (own, theirs) => own.or(theirs),
        };
    }

    /// How many were counted.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether none was.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The shortest.
    pub fn least(&self) -> Option<Duration> {
        self.bounds.map(|(least, _)| least)
    }

    /// The longest.
    pub fn most(&self) -> Option<Duration> {
        self.bounds.map(|(_, most)| most)
    }

    /// The time within which so many of a hundred came, at most a sixteenth too long.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let (least, most) = self.bounds?;
        let wanted = (self.total * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut passed = 0;
        for (class, count) in &self.counts {
            passed += count;
            if passed >= wanted {
                return Some(Duration::from_micros(end_of(*class)).clamp(least, most));
            }
        }
        Some(most)
    }

    /// The classes that counted something, in order, each with its count; for whoever keeps them.
    pub fn classes(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.counts.iter().map(|(class, count)| (*class, *count))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The class of so many microseconds.
fn class(micros: u64) -> u16 {
    let place = if micros < CLASSES {
        micros
    } else {
        let shift = micros.ilog2() - CLASS_BITS;
        u64::from(shift) * CLASSES + (micros >> shift)
    };
    u16::try_from(place).unwrap_or(u16::MAX)
}

/// The longest time of a class, in microseconds.
fn end_of(class: u16) -> u64 {
    let class = u64::from(class);
    if class < 2 * CLASSES {
        return class;
    }
    let (shift, within) = (class / CLASSES - 1, class % CLASSES + CLASSES);
    ((within + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for time in times {
            histogram.record(Duration::from_micros(*time));
        }
        histogram
    }

    #[test]
    fn an_empty_one_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(95), None);
    }

    #[test]
    fn the_ends_are_exact() {
        let histogram = of(&[1_003, 20_001, 777]);
        assert_eq!(histogram.percentile(0), Some(Duration::from_micros(799)));
        assert_eq!(histogram.least(), Some(Duration::from_micros(777)));
        assert_eq!(histogram.percentile(100), Some(Duration::from_micros(20_001)));
    }

    #[test]
    fn what_takes_days_is_counted_as_an_hour() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.most(), Some(Duration::from_secs(3_600)));
        assert_eq!(histogram.classes().next(), Some((Histogram::LAST_CLASS, 1)));
    }

    proptest! {
        #[test]
        fn a_percentile_is_a_sixteenth_too_long_at_most(
            mut times in prop::collection::vec(1_u64..3_600_000_000, 1..200), percent in 1_u8..=100
        ) {
            let told = of(&times).percentile(percent).expect("there is one").as_micros();
            times.sort_unstable();
            let place = (times.len() * usize::from(percent)).div_ceil(100) - 1;
            let exact = u128::from(times[place]);
            prop_assert!(told >= exact && told <= exact + exact / 16, "{told} of {exact}");
        }

        #[test]
        fn who_is_merged_is_as_if_counted_together(
            some in prop::collection::vec(0_u64..10_000_000, 0..50),
            others in prop::collection::vec(0_u64..10_000_000, 0..50)
        ) {
            let mut merged = of(&some);
            merged.merge(&of(&others));
            prop_assert_eq!(merged, of(&[some, others].concat()));
        }

        #[test]
        fn classes_follow_one_another(micros in 0_u64..4_000_000_000) {
            prop_assert!(end_of(class(micros)) >= micros);
            prop_assert!(class(end_of(class(micros))) == class(micros));
            prop_assert!(class(end_of(class(micros)) + 1) == class(micros) + 1);
        }
    }
}
