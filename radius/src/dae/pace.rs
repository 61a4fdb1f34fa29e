//! How fast requests go out: evenly, to all access points together and to each of them, so that
//! many sessions that end at the same time overwhelm neither. Pure.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Access points remembered; those that may be told at once need no place.
const MOST: usize = 4_096;

/// When the next requests may go out.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    every_to_one: Duration,
    next: Option<Instant>,
    next_to: HashMap<SocketAddr, Instant>,
}

impl Pace {
    /// So many requests a second in all, and to each access point; at least one each.
    pub(super) fn new(per_second: u32, per_second_to_one: u32) -> Self {
        let second = Duration::from_secs(1);
        Self {
            every: second / per_second.max(1),
            every_to_one: second / per_second_to_one.max(1),
            next: None,
            next_to: HashMap::new(),
        }
    }

    /// When a request to `nas` may go out; the moment is taken.
    pub(super) fn take(&mut self, nas: SocketAddr, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.every);
        let at = self.next_to.get(&nas).map_or(at, |next| at.max(*next));
        if self.next_to.len() >= MOST {
            self.next_to.retain(|_, next| *next > now);
        }
        if self.next_to.len() < MOST {
            self.next_to.insert(nas, at + self.every_to_one);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nas(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    #[test]
    fn one_access_point_is_told_evenly_and_others_do_not_wait_for_it() {
        let mut pace = Pace::new(1_000, 50);
        let start = Instant::now();
        let after = |at: Instant| (at - start).as_millis();
        let told: Vec<_> = (0..4).map(|_| after(pace.take(nas(1), start))).collect();
        assert_eq!(told, [0, 20, 40, 60]);
        assert_eq!(after(pace.take(nas(2), start)), 4);
        let later = start + Duration::from_secs(1);
        assert_eq!(pace.take(nas(1), later), later);
    }

    #[test]
    fn all_together_are_told_evenly() {
        let mut pace = Pace::new(100, 50);
        let start = Instant::now();
        let told: Vec<_> =
            (0..3).map(|port| (pace.take(nas(port), start) - start).as_millis()).collect();
        assert_eq!(told, [0, 10, 20]);
    }
}
