//! Plans as they travel.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{Allowance, BitRate, Octets, Plan, PlanName, RatePair};
use serde::{Deserialize, Serialize};

/// What a visitor may use; a limit that is left out does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanView {
    /// The plan's name.
    pub name: PlanName,
    /// Time online from one code to the next, in seconds; 60 or more.
    #[serde(default)]
    pub session_seconds: Option<u64>,
    /// Data from one code to the next.
    #[serde(default)]
    pub session_data: Option<Octets>,
    /// Time online a day, in seconds; 60 or more.
    #[serde(default)]
    pub day_seconds: Option<u64>,
    /// Data a day.
    #[serde(default)]
    pub day_data: Option<Octets>,
    /// Speed to the visitor.
    #[serde(default)]
    pub down: Option<BitRate>,
    /// Speed from the visitor.
    #[serde(default)]
    pub up: Option<BitRate>,
    /// Speed to the visitor once the allowance is used up; without this and `then_up` the visitor
    /// is cut instead.
    #[serde(default)]
    pub then_down: Option<BitRate>,
    /// Speed from the visitor then.
    #[serde(default)]
    pub then_up: Option<BitRate>,
    /// Devices of one person; 1 to 50.
    pub devices: u32,
    /// Seconds of silence after which a device counts as gone; 60 to 86,400.
    pub idle_seconds: u64,
    /// Seconds between two usage reports (RFC 2869 §5.16); 60 to 3,600.
    pub interim_seconds: u64,
    /// Seconds for which a device is let in again without a code; 60 to 365 days.
    pub remembered_seconds: u64,
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        Self {
            name: plan.name,
            session_seconds: plan.per_session.time.map(|time| time.as_secs()),
            session_data: plan.per_session.data,
            day_seconds: plan.per_day.time.map(|time| time.as_secs()),
            day_data: plan.per_day.data,
            down: plan.rate.down,
            up: plan.rate.up,
            then_down: plan.after_allowance.and_then(|rate| rate.down),
            then_up: plan.after_allowance.and_then(|rate| rate.up),
            devices: plan.devices,
            idle_seconds: plan.idle_timeout.as_secs(),
            interim_seconds: plan.interim_interval.as_secs(),
            remembered_seconds: plan.remembered_for.as_secs(),
        }
    }
}

impl TryFrom<PlanView> for Plan {
    type Error = String;

    fn try_from(view: PlanView) -> Result<Self, String> {
        let year = 365 * 86_400;
        for (name, value, range) in [
            ("session_seconds", view.session_seconds, 60..=year),
            ("day_seconds", view.day_seconds, 60..=86_400),
            ("devices", Some(view.devices.into()), 1..=50),
            ("idle_seconds", Some(view.idle_seconds), 60..=86_400),
            ("interim_seconds", Some(view.interim_seconds), 60..=3_600),
            ("remembered_seconds", Some(view.remembered_seconds), 60..=year),
        ] {
            check(name, value, range)?;
        }
        let then = RatePair { down: view.then_down, up: view.then_up };
        let allowance =
            |seconds: Option<u64>, data| Allowance { time: seconds.map(Duration::from_secs), data };
        Ok(Self {
            name: view.name,
            per_session: allowance(view.session_seconds, view.session_data),
            per_day: allowance(view.day_seconds, view.day_data),
            rate: RatePair { down: view.down, up: view.up },
            after_allowance: (then.down.is_some() || then.up.is_some()).then_some(then),
            devices: view.devices,
            idle_timeout: Duration::from_secs(view.idle_seconds),
            interim_interval: Duration::from_secs(view.interim_seconds),
            remembered_for: Duration::from_secs(view.remembered_seconds),
        })
    }
}

fn check(name: &str, value: Option<u64>, range: RangeInclusive<u64>) -> Result<(), String> {
    match value {
        Some(value) if !range.contains(&value) => {
            Err(format!("{name} is {value}, but must be {} to {}", range.start(), range.end()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_back_as_it_was_sent() {
        let then = RatePair { down: Some(BitRate::new(512_000)), up: None };
        let plan =
            Plan { after_allowance: Some(then), ..Plan::visitor("visitor".parse().unwrap()) };
        let text = serde_json::to_string(&PlanView::from(plan.clone())).unwrap();
        let view: PlanView = serde_json::from_str(&text).unwrap();
        assert_eq!(Plan::try_from(view), Ok(plan));
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let view = || PlanView::from(Plan::visitor("visitor".parse().unwrap()));
        let check = |view: PlanView, name: &str| {
            let reason = Plan::try_from(view).unwrap_err();
            assert!(reason.starts_with(name), "{reason}");
        };
        check(PlanView { devices: 0, ..view() }, "devices is 0");
        check(PlanView { interim_seconds: 59, ..view() }, "interim_seconds is 59");
        check(PlanView { day_seconds: Some(86_401), ..view() }, "day_seconds is 86401");
        check(PlanView { session_seconds: Some(1), ..view() }, "session_seconds is 1");
    }
}
