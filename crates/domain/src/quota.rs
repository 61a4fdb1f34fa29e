//! Quota assessment: what a plan and a consumption leave, as a pure function.
//!
//! It knows nothing of sessions, stores or access points. The session window runs
//! from one code to the next; the day window is a person's calendar day at the site.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Allowance, NasProfile, Octets, Plan, Speed, Timestamp, Usage, Zone};

/// What was used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumption {
    /// Since the code of the present stay was entered.
    pub session: Usage,
    /// Today, by the person, over all devices and sites.
    pub day: Usage,
}

/// Over what span a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// One stay.
    Session,
    /// A calendar day of the site.
    Day,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Time online.
    Time,
    /// Octets both ways.
    Data,
}

/// What is left; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// Time online.
    pub time: Option<Duration>,
    /// Octets both ways.
    pub data: Option<Octets>,
}

impl Remaining {
    /// The lesser of both, field by field.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self { time: least(self.time, other.time), data: least(self.data, other.data) }
    }
}

/// Whether a visitor may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assessment {
    /// Yes, for this much more.
    Within(Remaining),
    /// Yes, with the speed that the plan leaves when the allowance is used up.
    Slowed {
        /// Which window is full.
        window: Window,
        /// Of what.
        resource: Resource,
        /// When there is full speed again; a full session window ends with a new code.
        renews_at: Option<Timestamp>,
    },
    /// No.
    Exhausted {
        /// Which window is full.
        window: Window,
        /// Of what.
        resource: Resource,
        /// When there is something again; a full session window ends with a new code.
        renews_at: Option<Timestamp>,
    },
}

impl Assessment {
    /// The speed at which a visitor goes on, before anything that an office needs.
    #[must_use]
    pub const fn speed(self) -> Option<Speed> {
        match self {
            Self::Within(_) => Some(Speed::Full),
            Self::Slowed { .. } => Some(Speed::Reduced),
            Self::Exhausted { .. } => None,
        }
    }

    /// What it comes to at an access point of that profile: one that limits no speed cannot let
    /// anybody go on more slowly.
    #[must_use]
    pub const fn at(self, profile: NasProfile) -> Self {
        match self {
            Self::Slowed { window, resource, renews_at } if !profile.limits_speed() => {
                Self::Exhausted { window, resource, renews_at }
            }
            other => other,
        }
    }
}

/// Weighs a consumption against a plan at `now`, with the day of `zone`.
///
/// A full day window counts before a full session window, because a new code would
/// not help then.
#[must_use]
pub fn assess(plan: &Plan, used: &Consumption, zone: &Zone, now: Timestamp) -> Assessment {
    let used_up = |window, resource, renews_at| match plan.after_allowance {
        Some(_) => Assessment::Slowed { window, resource, renews_at },
        None => Assessment::Exhausted { window, resource, renews_at },
    };
    if let Some(resource) = exhausted(&plan.per_day, &used.day) {
        return used_up(Window::Day, resource, Some(zone.next_day_start(now)));
    }
    if let Some(resource) = exhausted(&plan.per_session, &used.session) {
        return used_up(Window::Session, resource, None);
    }
    let day = left(&plan.per_day, &used.day);
    let session = left(&plan.per_session, &used.session);
    Assessment::Within(day.least(session))
}

/// Whether entering a new code would let a visitor use more than what is left now: the stay ends
/// before the day does.
#[must_use]
pub fn code_gives_more(plan: &Plan, used: &Consumption) -> bool {
    let (day, session) = (left(&plan.per_day, &used.day), left(&plan.per_session, &used.session));
    let is_less = day.least(session) != day;
    is_less && exhausted(&plan.per_day, &used.day).is_none()
}

fn exhausted(allowance: &Allowance, used: &Usage) -> Option<Resource> {
    let left = left(allowance, used);
    // Access points count whole seconds, so less than one second is nothing.
    if left.time.is_some_and(|time| time < Duration::from_secs(1)) {
        return Some(Resource::Time);
    }
    (left.data == Some(Octets::new(0))).then_some(Resource::Data)
}

fn left(allowance: &Allowance, used: &Usage) -> Remaining {
    Remaining {
        time: allowance.time.map(|limit| limit.saturating_sub(used.time)),
        data: allowance.data.map(|limit| limit.saturating_sub(used.total())),
    }
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BitRate, RatePair};

    const NOON: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn usage(secs: u64, octets: u64) -> Usage {
        Usage {
            time: Duration::from_secs(secs),
            uploaded: Octets::new(octets / 4),
            downloaded: Octets::new(octets - octets / 4),
        }
    }

    fn plan(session: (Option<u64>, Option<u64>), day: (Option<u64>, Option<u64>)) -> Plan {
        let allowance = |(secs, octets): (Option<u64>, Option<u64>)| Allowance {
            time: secs.map(Duration::from_secs),
            data: octets.map(Octets::new),
        };
        Plan {
            per_session: allowance(session),
            per_day: allowance(day),
            ..Plan::visitor("visitor".parse().unwrap())
        }
    }

    fn within(secs: Option<u64>, octets: Option<u64>) -> Assessment {
        Assessment::Within(Remaining {
            time: secs.map(Duration::from_secs),
            data: octets.map(Octets::new),
        })
    }

    #[test]
    fn the_tightest_window_decides() {
        let day_full = |resource| Assessment::Exhausted {
            window: Window::Day,
            resource,
            renews_at: Some(Zone::riyadh().next_day_start(NOON)),
        };
        let session_full =
            |resource| Assessment::Exhausted { window: Window::Session, resource, renews_at: None };
        let cases = [
            (plan((None, None), (None, None)), usage(9, 9), usage(9, 9), within(None, None)),
            (
                plan((None, None), (Some(7_200), Some(1_000))),
                usage(0, 0),
                usage(200, 400),
                within(Some(7_000), Some(600)),
            ),
            (
                plan((Some(600), Some(300)), (Some(7_200), Some(1_000))),
                usage(100, 100),
                usage(200, 400),
                within(Some(500), Some(200)),
            ),
            (
                plan((Some(600), None), (Some(7_200), None)),
                usage(100, 0),
                usage(7_000, 0),
                within(Some(200), None),
            ),
            (
                plan((None, None), (Some(7_200), Some(1_000))),
                usage(0, 0),
                usage(200, 1_000),
                day_full(Resource::Data),
            ),
            (
                plan((None, None), (Some(7_200), Some(1_000))),
                usage(0, 0),
                usage(7_200, 5),
                day_full(Resource::Time),
            ),
            (
                plan((None, None), (Some(7_200), None)),
                usage(0, 0),
                usage(7_300, 5),
                day_full(Resource::Time),
            ),
            (
                plan((Some(600), None), (None, None)),
                usage(600, 0),
                usage(600, 0),
                session_full(Resource::Time),
            ),
            (
                plan((None, Some(10)), (None, None)),
                usage(1, 11),
                usage(600, 0),
                session_full(Resource::Data),
            ),
            (
                plan((None, Some(10)), (None, Some(10))),
                usage(1, 11),
                usage(1, 11),
                day_full(Resource::Data),
            ),
        ];
        for (plan, session, day, expected) in cases {
            let used = Consumption { session, day };
            assert_eq!(assess(&plan, &used, &Zone::riyadh(), NOON), expected, "{plan:?} {used:?}");
        }
    }

    #[test]
    fn a_plan_with_a_lower_speed_slows_down_where_the_access_point_can() {
        let then = RatePair { down: Some(BitRate::new(512_000)), up: None };
        let plan = Plan {
            after_allowance: Some(then),
            ..plan((None, Some(500)), (Some(7_200), Some(1_000)))
        };
        let renews_at = Some(Zone::riyadh().next_day_start(NOON));
        let (day, stay) = ((Window::Day, renews_at), (Window::Session, None));
        for (session, octets, full) in [
            (499, 999, None),
            (500, 999, Some(stay)),
            (499, 1_000, Some(day)),
            (500, 1_000, Some(day)),
        ] {
            let used = Consumption { session: usage(9, session), day: usage(9, octets) };
            let assessment = assess(&plan, &used, &Zone::riyadh(), NOON);
            let resource = Resource::Data;
            match full {
                None => assert_eq!(assessment, within(Some(7_191), Some(1))),
                Some((window, renews_at)) => {
                    let slowed = Assessment::Slowed { window, resource, renews_at };
                    let exhausted = Assessment::Exhausted { window, resource, renews_at };
                    assert_eq!(assessment, slowed);
                    assert_eq!(assessment.at(NasProfile::Coova), slowed);
                    assert_eq!(assessment.at(NasProfile::Sabeel), exhausted);
                }
            }
        }
        assert_eq!(plan.rate_at(Speed::Full), plan.rate);
        let slow = RatePair { down: then.down, up: plan.rate.up };
        assert_eq!(plan.rate_at(Speed::Reduced), slow);
    }

    #[test]
    fn a_new_code_gives_more_where_the_stay_ends_before_the_day() {
        for (session, day, used, more) in [
            ((None, None), (None, None), 0, false),
            ((None, None), (Some(7_200), None), 0, false),
            ((Some(600), None), (None, None), 0, true),
            ((Some(600), None), (Some(7_200), None), 600, true),
            ((Some(600), None), (Some(600), None), 0, false),
            ((Some(7_200), None), (Some(600), None), 0, false),
            ((Some(600), None), (Some(7_200), None), 7_200, false),
            ((None, Some(10)), (Some(7_200), Some(1_000)), 5, true),
        ] {
            let plan = plan(session, day);
            let used = Consumption { session: usage(used, used), day: usage(used, used) };
            assert_eq!(code_gives_more(&plan, &used), more, "{plan:?} {used:?}");
        }
    }

    #[test]
    fn less_than_a_second_of_time_is_no_time() {
        let used = Consumption {
            day: Usage { time: Duration::from_millis(7_199_500), ..Usage::default() },
            ..Consumption::default()
        };
        let verdict =
            assess(&plan((None, None), (Some(7_200), None)), &used, &Zone::riyadh(), NOON);
        assert!(matches!(verdict, Assessment::Exhausted { resource: Resource::Time, .. }));
    }

    proptest! {
        #[test]
        fn using_more_never_leaves_more(day in 0..9_000_u64, more in 0..9_000_u64, octets in 0..2_000_u64) {
            let plan = plan((None, None), (Some(7_200), Some(1_000)));
            let left = |secs, octets| {
                let used = Consumption { day: usage(secs, octets), ..Consumption::default() };
                match assess(&plan, &used, &Zone::riyadh(), NOON) {
                    Assessment::Within(left) => (left.time.unwrap(), left.data.unwrap()),
                    Assessment::Slowed { .. } | Assessment::Exhausted { .. } => {
                        (Duration::ZERO, Octets::new(0))
                    }
                }
            };
            let before = left(day, octets);
            let after = left(day + more, octets + more);
            prop_assert!(after.0 <= before.0 && after.1 <= before.1);
        }
    }
}
