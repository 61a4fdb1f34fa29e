//! The classes of a path: what each may have, and how much waits for it. All numbers, no kernel.
//!
//! ```text
//! root 5ab0:  95 % of the path ─ 5ab0:1 ┬ 5ab0:10  office: 80 %, first in all that is left
//!                                       └ 5ab0:20  visitors: the floor, up to their ceiling
//! ```

use ipnet::IpNet;
use link::capacity::BitRate;
use link::guard::USABLE;

use crate::interface::InterfaceName;

/// What a queue may hold at the rate of its class.
const LONGEST_WAIT_MS: u64 = 60;
/// A frame of Ethernet without its checksum.
const FRAME: u64 = 1_514;
/// No queue is shorter than a burst of a connection that begins (RFC 6928): such bursts come as one
/// packet when a device has put them together.
const SHORTEST_QUEUE: u64 = 10 * FRAME;
/// What is sent at once, beyond a few frames, so that timers need not be exact.
const BURST_MS: u64 = 2;

/// A path on which visitors can be told to make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its network interface.
    pub device: InterfaceName,
    /// What it carries; from 64 kbit/s to 10 Gbit/s.
    pub capacity: BitRate,
    /// What visitors have whatever happens, if it is less than half of that.
    pub floor: BitRate,
    /// The addresses of visitors at both ends.
    pub visitors: Vec<IpNet>,
}

impl Shape {
    /// That of a device whose tree is only to be taken away.
    pub const fn none(device: InterfaceName) -> Self {
        let nothing = BitRate::from_bits_per_second(0);
        Self { device, capacity: nothing, floor: nothing, visitors: Vec::new() }
    }
}

/// What a class is for; its number is its place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Class {
    /// All of the path.
    Whole = 0x1,
    /// Whatever is not of visitors.
    Office = 0x10,
    /// What comes from visitors or goes to them.
    Visitors = 0x20,
}

/// What a class may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What it has whatever others want.
    pub rate: BitRate,
    /// What it has if nobody else wants it.
    pub ceil: BitRate,
    /// Who is asked first when something is left.
    pub priority: u32,
}

impl Class {
    /// All of them, parents first.
    pub const EACH: [Self; 3] = [Self::Whole, Self::Office, Self::Visitors];
    /// Those that have a queue.
    pub const LEAVES: [Self; 2] = [Self::Office, Self::Visitors];
}

impl Shape {
    /// What a class may have while visitors have that ceiling, if they have one.
    pub fn terms(&self, class: Class, ceil: Option<BitRate>) -> Terms {
        let whole = self.usable();
        let floor = self.floor.min(share(self.capacity, 50));
        match class {
            Class::Whole => Terms { rate: whole, ceil: whole, priority: 0 },
            Class::Office => {
                // The kernel holds what it promised, also if the promises are more than there is.
                let left = BitRate::from_bits_per_second(
                    whole.bits_per_second().saturating_sub(floor.bits_per_second()),
                );
                Terms { rate: share(self.capacity, 80).min(left), ceil: whole, priority: 0 }
            }
            Class::Visitors => {
                let ceil = self.visitors_ceil(ceil);
                Terms { rate: floor.min(ceil), ceil, priority: 7 }
            }
        }
    }

    /// What visitors have at most, given what they are to have; as the kernel holds it.
    pub fn visitors_ceil(&self, ceil: Option<BitRate>) -> BitRate {
        let whole = self.usable();
        in_octets(ceil.map_or(whole, |ceil| ceil.min(whole)))
    }

    /// Whether visitors who have that ceiling have less than all that the office leaves.
    pub fn is_clamp(&self, ceil: BitRate) -> bool {
        ceil < self.visitors_ceil(None)
    }

    /// How many octets may wait for a class.
    pub fn queue(&self, class: Class, ceil: Option<BitRate>) -> u32 {
        let Terms { rate, ceil, .. } = self.terms(class, ceil);
        let rate = if class == Class::Visitors { ceil } else { rate };
        let octets = octets_within(rate, LONGEST_WAIT_MS).max(SHORTEST_QUEUE);
        u32::try_from(octets).unwrap_or(u32::MAX)
    }

    fn usable(&self) -> BitRate {
        USABLE.of(self.capacity)
    }
}

/// How many octets go at once at that rate.
pub fn burst(rate: BitRate) -> u64 {
    octets_within(rate, BURST_MS) + 2 * FRAME
}

fn octets_within(rate: BitRate, millis: u64) -> u64 {
    rate.bits_per_second().saturating_mul(millis) / 8_000
}

fn share(rate: BitRate, percent: u64) -> BitRate {
    BitRate::from_bits_per_second(rate.bits_per_second() / 100 * percent)
}

/// The kernel counts whole octets, and at least one.
fn in_octets(rate: BitRate) -> BitRate {
    BitRate::from_bits_per_second((rate.bits_per_second() / 8).max(1) * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;

    fn shape(capacity: BitRate) -> Shape {
        let device = "rad0".parse().unwrap();
        Shape { device, capacity, floor: KBIT(500), visitors: Vec::new() }
    }

    #[test]
    fn no_more_is_promised_than_there_is() {
        for (capacity, office, visitors, ceil) in [
            (KBIT(10_000), KBIT(8_000), KBIT(500), KBIT(9_500)),
            (KBIT(2_000), KBIT(1_400), KBIT(500), KBIT(1_900)),
            (KBIT(800), KBIT(360), KBIT(400), KBIT(760)),
        ] {
            let shape = shape(capacity);
            let [whole, of_office, of_visitors] = Class::EACH.map(|class| shape.terms(class, None));
            assert_eq!((of_office.rate, of_visitors.rate), (office, visitors), "of {capacity}");
            assert_eq!([whole.ceil, of_office.ceil, of_visitors.ceil], [ceil; 3]);
            assert!(of_office.priority < of_visitors.priority);
        }
    }

    #[test]
    fn a_clamp_lowers_visitors_and_nothing_else() {
        let shape = shape(KBIT(10_000));
        for (wanted, ceil, rate) in [
            (Some(KBIT(2_000)), KBIT(2_000), KBIT(500)),
            (Some(KBIT(300)), KBIT(300), KBIT(300)),
            (Some(KBIT(99_000)), KBIT(9_500), KBIT(500)),
            (None, KBIT(9_500), KBIT(500)),
        ] {
            let terms = shape.terms(Class::Visitors, wanted);
            assert_eq!((terms.ceil, terms.rate), (ceil, rate), "{wanted:?}");
            assert_eq!(shape.is_clamp(terms.ceil), ceil < KBIT(9_500));
            for class in [Class::Whole, Class::Office] {
                assert_eq!(shape.terms(class, wanted), shape.terms(class, None));
            }
        }
    }

    #[test]
    fn a_queue_waits_sixty_milliseconds_or_holds_ten_frames() {
        let shape = shape(KBIT(10_000));
        assert_eq!(shape.queue(Class::Office, None), 60_000);
        assert_eq!(shape.queue(Class::Visitors, None), 71_250);
        assert_eq!(shape.queue(Class::Visitors, Some(KBIT(4_000))), 30_000);
        assert_eq!(shape.queue(Class::Visitors, Some(KBIT(500))), 15_140);
    }
}
