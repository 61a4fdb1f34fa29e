//! Paths that delay, lose, repeat and reorder.

use std::time::Duration;

use crate::ground::Offices;
use crate::weather::{Loss, Weather};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn a_wire_has_the_weather_that_was_set() {
    let offices = Offices::lay();
    let wire = offices.lay_by_wire("fib0");
    let ping = |count: u32| offices.pings("router-1", "192.0.2.2", count, MS(2));
    assert!(
        ping(20).iter().flatten().count() >= 19,
        "the first may be lost while the cable comes up"
    );
    wire.set(&Weather { delay: MS(15), ..Weather::default() });
    let round_trips: Vec<_> = ping(100).into_iter().flatten().collect();
    assert_eq!(round_trips.len(), 100);
    let shortest = *round_trips.iter().min().unwrap();
    // Nothing is faster than light; a busy machine is slow, but not each time.
    assert!((MS(30)..MS(33)).contains(&shortest), "{shortest:?}");
    wire.set_towards(2, Weather { loss: Loss::Random(0.2), ..Weather::default() });
    wire.set_towards(1, Weather::default());
    let answered = ping(1_000).into_iter().flatten().count();
    // Five times as far as such numbers lie from each other.
    assert!((737..=863).contains(&answered), "{answered} of 1000");
    wire.cut();
    assert_eq!(ping(20).into_iter().flatten().count(), 0);
}
