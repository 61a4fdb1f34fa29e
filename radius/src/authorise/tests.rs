use std::time::Duration;

use domain::{
    BitRate, Consumption, GrantEnd, GrantState, Octets, RatePair, Speed, Usage, Zone, assess,
};

use super::*;
use crate::fixtures::{T0, grant, standing};

fn known(grant: Grant, time_used: u64, data_used: u64) -> Option<Known> {
    let day = Usage {
        time: Duration::from_secs(time_used),
        downloaded: Octets::new(data_used),
        ..Usage::default()
    };
    let standing = standing(Consumption { session: day, day });
    Some(Known { grant, standing: Some(standing) })
}

fn check(known: Option<Known>, expected: Result<(u64, u64), Refusal>) {
    let decision = decide(known.clone(), NasProfile::Generic, T0)
        .map(|Admission { terms, .. }| (terms.time.as_secs(), terms.data.unwrap().get()));
    assert_eq!(decision, expected, "{known:?}");
}

#[test]
fn a_device_is_let_in_while_its_grant_holds_and_something_is_left() {
    check(known(grant(), 0, 0), Ok((7_200, 1_000_000_000)));
    check(known(grant(), 7_000, 999_999_999), Ok((200, 1)));
    let until = Some((0, 0));
    check(known(grant(), 7_200, 0), Err(Refusal::UsedUp { until }));
    check(known(grant(), 0, 1_000_000_000), Err(Refusal::UsedUp { until }));
}

#[test]
fn who_has_used_up_the_allowance_goes_on_more_slowly_where_that_is_possible() {
    let slower = RatePair { down: Some(BitRate::new(512_000)), up: None };
    let slowed = |profile| {
        let Known { grant, standing } = known(grant(), 7_200, 0).unwrap();
        let mut standing = standing.unwrap();
        standing.plan.after_allowance = Some(slower);
        let used = standing.used;
        standing.assessment = assess(&standing.plan, &used, &standing.site.zone, T0);
        decide(Some(Known { grant, standing: Some(standing) }), profile, T0)
    };
    let terms = slowed(NasProfile::Coova).unwrap().terms;
    assert_eq!((terms.speed, terms.data, terms.rate.down), (Speed::Reduced, None, slower.down));
    let until_midnight = Zone::riyadh().next_day_start(T0).since(T0);
    assert_eq!(terms.time, until_midnight);
    let refusal = Refusal::UsedUp { until: Some((0, 0)) };
    assert_eq!(slowed(NasProfile::Sabeel).unwrap_err(), refusal);
}

#[test]
fn a_device_without_a_grant_that_holds_stays_out() {
    check(None, Err(Refusal::NoGrant));
    check(Some(Known { grant: grant(), standing: None }), Err(Refusal::NoGrant));
    check(known(Grant { until: T0, ..grant() }, 0, 0), Err(Refusal::NoGrant));
    let state = GrantState::Ended { at: T0, why: GrantEnd::Revoked };
    check(known(Grant { state, ..grant() }, 0, 0), Err(Refusal::NoGrant));
}

#[test]
fn a_visitor_is_told_until_when_the_allowance_is_used_up() {
    for (refusal, expected) in [
        (Refusal::NoGrant, "This device is not signed in."),
        (Refusal::UsedUp { until: Some((0, 5)) }, "The allowance is used up until 00:05."),
        (Refusal::UsedUp { until: None }, "The allowance is used up; please sign in again."),
    ] {
        assert_eq!(refusal.reply_message(), expected);
    }
}
