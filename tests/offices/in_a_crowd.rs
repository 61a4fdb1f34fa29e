//! An office and visitors on one path.

use std::time::Duration;

use crate::crowd;

#[test]
fn an_office_finds_room_on_a_path_that_visitors_fill() {
    let outcome = crowd::failover(10);
    assert!(outcome.office > 0.6, "{outcome:?}");
    assert!(outcome.visitors[1] > 0.0, "they keep their floor: {outcome:?}");
    assert!(outcome.visitors[1] < outcome.visitors[0] / 2.0, "{outcome:?}");
    assert!(outcome.unanswered < 10.0, "{outcome:?}");
    // What waits behind visitors waits for 60 ms at each end.
    let [base, late] = outcome.round_trips;
    assert!(late < base + Duration::from_millis(60), "{outcome:?}");
    assert!(outcome.ready_after.is_some(), "{outcome:?}");
}
