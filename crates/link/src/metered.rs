//! How much may be spent on watching a path whose traffic is paid for, and what is left out when it is
//! spent too fast.
//!
//! Watching is what the agent itself sends and receives there: heartbeats, probes, trials, trains. What
//! the office sends is no part of it, and no budget keeps the office from going there: heartbeats go on
//! whatever was spent. Clocks, calendars and the disk are the caller's.

use serde::{Deserialize, Serialize};

/// The span in which a budget is spent, in seconds of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Period {
    /// When it begins.
    pub begin: u64,
    /// When the next one begins.
    pub end: u64,
}

/// What was spent, as it is kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spent {
    /// In which period.
    pub period: Period,
    /// So many octets.
    pub octets: u64,
    /// What was made of it last.
    pub thrift: Thrift,
}

/// How much is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thrift {
    /// Nothing.
    #[default]
    #[serde(rename = "within-budget")]
    None,
    /// More is spent than time went by: trains, and most of trials and probes.
    Thin,
    /// All is spent: trials and probes.
    UsedUp,
}

impl Thrift {
    /// The word in events and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "within-budget",
            Self::Thin => "thin",
            Self::UsedUp => "used-up",
        }
    }

    /// So much longer is the time from one trial or probe to the next; none is made if all is spent.
    pub const fn stretch(self) -> Option<u32> {
        match self {
            Self::None => Some(1),
            Self::Thin => Some(4),
            Self::UsedUp => None,
        }
    }
}

/// Counts what is spent of a budget.
#[derive(Clone, Debug)]
pub struct Meter {
    budget: u64,
    spent: Spent,
}

impl Meter {
    /// A meter for so many octets in each period, which goes on with what was kept, if something was.
    pub fn new(budget: u64, kept: Option<Spent>, period: Period) -> Self {
        let fresh = Spent { period, octets: 0, thrift: Thrift::None };
        Self { budget, spent: kept.unwrap_or(fresh) }
    }

    /// What was spent.
    pub const fn spent(&self) -> Spent {
        self.spent
    }

    /// So many octets can be spent in each period.
    pub const fn budget(&self) -> u64 {
        self.budget
    }

    /// So many octets can be spent from now on: what is left out follows with the next look.
    pub const fn change_budget(&mut self, budget: u64) {
        self.budget = budget;
    }

    /// So many octets more were spent.
    pub const fn spend(&mut self, octets: u64) {
        self.spent.octets = self.spent.octets.saturating_add(octets);
    }

    /// Looks at what is left at a moment of the period that it belongs to; what is left out from now on, if
    /// that is something else. A clock that is set back gives nothing back.
    pub fn look(&mut self, period: Period, now: u64) -> Option<Thrift> {
        if period.begin > self.spent.period.begin {
            self.spent.octets = 0;
        }
        self.spent.period = period;
        let thrift = self.thrift(now);
        (std::mem::replace(&mut self.spent.thrift, thrift) != thrift).then_some(thrift)
    }

    fn thrift(&self, now: u64) -> Thrift {
        let Spent { period, octets, thrift } = self.spent;
        if octets >= self.budget {
            return Thrift::UsedUp;
        }
        let length = period.end.saturating_sub(period.begin).max(1);
        let gone = now.saturating_sub(period.begin).min(length);
        // A tenth of the time ahead is no haste; who is thrifty stays so until time has caught up.
        let ahead = if thrift == Thrift::None { length.div_ceil(10) } else { 0 };
        let due = u128::from(self.budget) * u128::from((gone + ahead).min(length));
        match u128::from(octets) * u128::from(length) > due {
            true => Thrift::Thin,
            false => Thrift::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JUNE: Period = Period { begin: 1_000, end: 2_000 };
    const JULY: Period = Period { begin: 2_000, end: 3_000 };

    fn meter() -> Meter {
        Meter::new(100, None, JUNE)
    }

    #[test]
    fn what_is_spent_faster_than_time_goes_by_is_spent_thinly_until_time_has_caught_up() {
        let mut meter = meter();
        for (octets, now, expected) in [
            (10, 1_000, None),
            (1, 1_009, Some(Thrift::Thin)),
            (0, 1_109, None),
            (0, 1_110, Some(Thrift::None)),
            (9, 1_110, None),
            (79, 1_110, Some(Thrift::Thin)),
            (0, 1_989, None),
            (0, 1_990, Some(Thrift::None)),
            (1, 1_990, Some(Thrift::UsedUp)),
            (50, 1_999, None),
        ] {
            meter.spend(octets);
            assert_eq!(meter.look(JUNE, now), expected, "{octets} at {now}");
        }
        assert_eq!(meter.spent().octets, 150, "what goes on is counted");
        assert_eq!(meter.look(JULY, 2_000), Some(Thrift::None));
        assert_eq!(meter.spent(), Spent { period: JULY, octets: 0, thrift: Thrift::None });
    }

    #[test]
    fn a_restart_and_a_clock_that_is_set_back_give_nothing_back_and_nothing_is_told_twice() {
        let mut meter = meter();
        meter.spend(100);
        assert_eq!(meter.look(JUNE, 1_500), Some(Thrift::UsedUp));
        let mut meter = Meter::new(100, Some(meter.spent()), JUNE);
        assert_eq!(meter.look(JUNE, 1_501), None);
        let may = Period { begin: 0, end: 1_000 };
        assert_eq!((meter.look(may, 900), meter.spent().octets), (None, 100));
        // Somebody bought more, and does not after all.
        let mut meter = Meter::new(1_000, Some(meter.spent()), may);
        assert_eq!(meter.look(may, 999), Some(Thrift::None));
        meter.change_budget(100);
        assert_eq!((meter.look(may, 999), meter.spent().octets), (Some(Thrift::UsedUp), 100));
    }

    proptest! {
        #[test]
        fn all_that_is_spent_is_counted_once_and_no_budget_is_passed_before_it_is_told(
            spends in prop::collection::vec((0_u64..40, 0_u64..400), 1..60),
            budget in 1_u64..200,
        ) {
            let mut meter = Meter::new(budget, None, JUNE);
            let (mut now, mut total, mut thrift) = (1_000, 0, Thrift::None);
            for (octets, later) in spends {
                now += later;
                let begin = now / 1_000 * 1_000;
                let period = Period { begin, end: begin + 1_000 };
                if period != meter.spent().period {
                    total = 0;
                    thrift = meter.look(period, now).unwrap_or(thrift);
                }
                meter.spend(octets);
                total += octets;
                thrift = meter.look(period, now).unwrap_or(thrift);
                // As it is told is as it is, also to who begins anew.
                prop_assert_eq!(thrift, meter.spent().thrift);
                prop_assert_eq!(Meter::new(budget, Some(meter.spent()), period).look(period, now), None);
                prop_assert_eq!(meter.spent().octets, total);
                prop_assert_eq!(thrift == Thrift::UsedUp, total >= budget);
                if total * 1_000 <= budget * (now - begin) && total < budget {
                    prop_assert_eq!(thrift, Thrift::None, "time has caught up");
                }
            }
        }
    }
}
