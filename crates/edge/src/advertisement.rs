//! Router advertisements that tell where the captive portal's API is (RFC 8910 §2.3), and when to
//! send them (RFC 4861 §6.2.4 to 6.2.6). They tell nothing else: with a router lifetime of 0 and no
//! prefix nobody takes us for a way to anywhere, and what another router of the network says stands.
//!
//! Sans-IO: knows no socket; time and chance are given.

use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;

const ROUTER_ADVERTISEMENT: u8 = 134;
const CAPTIVE_PORTAL: u8 = 37;
/// The address of the API has to fit into the smallest packet of IPv6, whatever is before it.
pub(crate) const LONGEST_API: usize = 512;

/// The first ones follow sooner, for who comes with us.
const INITIAL: u8 = 3;
const BETWEEN_INITIAL: Range<Duration> = Duration::from_secs(8)..Duration::from_secs(16);
const BETWEEN: Range<Duration> = Duration::from_secs(198)..Duration::from_secs(600);
/// Who asks is answered after a moment, in which others may ask as well.
const UNTIL_ANSWER: Range<Duration> = Duration::ZERO..Duration::from_millis(500);
/// To everybody at once none is sent more often than that.
const LEAST_BETWEEN: Duration = Duration::from_secs(3);

/// The advertisement as ICMPv6 has it, without a checksum, which the kernel fills in.
pub(crate) fn advertisement(api: &str) -> Vec<u8> {
    debug_assert!(api.len() <= LONGEST_API, "settings are checked");
    // Hop limit, flags, lifetime of the router and timers: all 0, which says nothing of each.
    let mut octets = vec![0; 16];
    octets[0] = ROUTER_ADVERTISEMENT;
    let units = (2 + api.len()).div_ceil(8);
    octets.extend([CAPTIVE_PORTAL, u8::try_from(units).expect("its length is bounded")]);
    octets.extend(api.bytes());
    octets.resize(16 + units * 8, 0);
    octets
}

/// When the next one is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    due: Instant,
    last: Option<Instant>,
    initial: u8,
}

impl Schedule {
    /// The first is due at once.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { due: now, last: None, initial: INITIAL }
    }

    /// When the next one is due.
    pub(crate) const fn due(&self) -> Instant {
        self.due
    }

    /// One was sent to everybody, or could not be; `chance` is drawn anew each time.
    pub(crate) fn sent(&mut self, now: Instant, chance: u8) {
        self.last = Some(now);
        self.initial = self.initial.saturating_sub(1);
        let until = if self.initial > 0 { BETWEEN_INITIAL } else { BETWEEN };
        self.due = now + drawn(until, chance);
    }

    /// Somebody asked: the next one comes sooner, for everybody.
    pub(crate) fn solicited(&mut self, now: Instant, chance: u8) {
        let soonest = self.last.map_or(now, |last| now.max(last + LEAST_BETWEEN));
        self.due = self.due.min(soonest + drawn(UNTIL_ANSWER, chance));
    }
}

fn drawn(between: Range<Duration>, chance: u8) -> Duration {
    between.start + (between.end - between.start) * u32::from(chance) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_as_rfc_8910_has_it_and_the_router_is_no_way_to_anywhere() {
        let octets = advertisement("https://portal.example/a");
        let (header, option) = octets.split_at(16);
        assert_eq!(header, [134, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(option, [&[37, 4][..], b"https://portal.example/a", &[0; 6]].concat());
        for length in 1..=LONGEST_API {
            let octets = advertisement(&"a".repeat(length));
            let option = octets.get(16..).unwrap();
            assert_eq!(option.len(), usize::from(option[1]) * 8, "{length}");
            assert!(option.len() < length + 2 + 8, "{length}: filled up with less than a unit");
        }
    }

    #[test]
    fn the_first_come_soon_and_later_ones_within_ten_minutes() {
        let begun = Instant::now();
        let mut schedule = Schedule::new(begun);
        assert_eq!(schedule.due(), begun);
        let mut now = begun;
        let mut pauses = Vec::new();
        for chance in [0, 255, 0, 255] {
            schedule.sent(now, chance);
            pauses.push((schedule.due() - now).as_secs());
            now = schedule.due();
        }
        assert_eq!(pauses, [8, 15, 198, 598]);
    }

    #[test]
    fn who_asks_is_answered_at_once_but_never_sooner_than_three_seconds_after_another() {
        let begun = Instant::now();
        let at = |millis: u64| begun + Duration::from_millis(millis);
        let mut schedule = Schedule::new(begun);
        schedule.solicited(begun, 255);
        assert_eq!(schedule.due(), begun, "the first is due anyway");
        schedule.sent(begun, 0);
        for (asked, chance, due) in [(100, 0, 3_000), (2_000, 255, 3_000), (2_900, 128, 3_000)] {
            schedule.solicited(at(asked), chance);
            assert_eq!(schedule.due(), at(due), "asked at {asked}");
        }
        schedule.sent(at(3_000), 0);
        schedule.solicited(at(7_000), 128);
        assert_eq!(schedule.due(), at(7_250));
    }
}
