//! How often a path is watched whose traffic is paid for: seldom while all is well, and as any other as
//! soon as it matters how it is: while it carries something, while its own health is open, and from the
//! first packet on that is missing on the path in use.
//!
//! The slower end sets the pace of heartbeats (RFC 5880 s6.8.7), so both have to go faster. What an end
//! wishes says which of them needs it: a whole number of milliseconds; one that keeps up with the other
//! end wishes a microsecond more. Otherwise two ends would keep each other awake.

use std::time::{Duration, Instant};

use crate::Health;

/// A wish from here on is one of an end that has no need.
const SELDOM: Duration = Duration::from_secs(5);
/// What who keeps up with the other end adds.
const KEEPING_UP: Duration = Duration::from_micros(1);

/// How often a path is to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CadencePolicy {
    /// The time between heartbeats while it matters how the path is: whole milliseconds, below 5 s.
    pub full: Duration,
    /// And while it does not; 5 s at least.
    pub idle: Duration,
    /// For so long after it mattered last it goes on.
    pub hold: Duration,
}

/// How often a path is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Seldom.
    Idle,
    /// As often as any other, for the other end needs it.
    KeepingUp,
    /// As often as any other.
    Full,
}

impl Pace {
    /// The word in logs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::KeepingUp => "keeping-up",
            Self::Full => "full",
        }
    }
}

/// What a path is to the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It carries something of it.
    Used,
    /// It would, if the path that carries it fails, which is like that.
    Waiting {
        /// How the path in use is.
        carrier: Health,
    },
}

/// The cadence of one path.
#[derive(Debug)]
pub struct Cadence {
    policy: CadencePolicy,
    pace: Pace,
    /// Until when it mattered last.
    full_until: Instant,
    other: Other,
}

/// What the other end wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// It was never heard to have no need, as one that knows no cadence.
    Unknown,
    Idle,
    Needs,
}

impl Cadence {
    /// Of a path of which nothing is known: it matters how it is.
    pub fn new(policy: CadencePolicy, now: Instant) -> Self {
        let full_until = now + policy.hold;
        Self { policy, pace: Pace::Full, full_until, other: Other::Unknown }
    }

    /// How often it is watched.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// The time between heartbeats that this end wishes.
    pub fn interval(&self) -> Duration {
        match self.pace {
            Pace::Idle => self.policy.idle,
            Pace::KeepingUp => self.policy.full + KEEPING_UP,
            Pace::Full => self.policy.full,
        }
    }

    /// Other limits from now on.
    pub fn change_policy(&mut self, policy: CadencePolicy) {
        self.policy = policy;
    }

    /// The other end, which is up, wishes so much time between heartbeats.
    pub fn hear(&mut self, wished: Duration) {
        let is_own_need = wished.subsec_nanos().is_multiple_of(1_000_000);
        self.other = match self.other {
            _ if wished >= SELDOM => Other::Idle,
            Other::Idle | Other::Needs if is_own_need => Other::Needs,
            Other::Idle | Other::Needs => Other::Idle,
            Other::Unknown => Other::Unknown,
        };
    }

    /// The other end is not up any more.
    pub fn forget(&mut self) {
        self.other = Other::Unknown;
    }

    /// When the pace changes although nothing happens.
    pub fn next_deadline(&self) -> Option<Instant> {
        (self.pace == Pace::Full).then_some(self.full_until)
    }

    /// Looks at how the path is, and at what it is to the office; how often it is to be watched from now
    /// on, if that is something else.
    pub fn look(&mut self, health: Health, role: Role, now: Instant) -> Option<Pace> {
        let matters = match (health, role) {
            (Health::Init | Health::Suspect | Health::Recovering, _) | (_, Role::Used) => true,
            (_, Role::Waiting { carrier }) => carrier != Health::Up,
        };
        if matters {
            self.full_until = now + self.policy.hold;
        }
        let pace = match self.other {
            _ if now < self.full_until => Pace::Full,
            Other::Needs => Pace::KeepingUp,
            Other::Idle | Other::Unknown => Pace::Idle,
        };
        (std::mem::replace(&mut self.pace, pace) != pace).then_some(pace)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::origin;

    const SECS: fn(u64) -> Duration = Duration::from_secs;
    const WELL: Role = Role::Waiting { carrier: Health::Up };
    const POLICY: CadencePolicy = CadencePolicy {
        full: Duration::from_millis(100),
        idle: Duration::from_secs(10),
        hold: Duration::from_secs(30),
    };

    /// One that has been up and idle for a while.
    fn idle() -> (Cadence, Instant) {
        let now = origin();
        let mut cadence = Cadence::new(POLICY, now);
        assert_eq!((cadence.pace(), cadence.look(Health::Up, WELL, now)), (Pace::Full, None));
        let now = now + SECS(30);
        assert_eq!(cadence.look(Health::Up, WELL, now), Some(Pace::Idle));
        assert_eq!((cadence.interval(), cadence.next_deadline()), (SECS(10), None));
        (cadence, now)
    }

    #[test]
    fn a_path_is_watched_at_full_pace_as_soon_as_it_matters_and_half_a_minute_longer() {
        let waiting = |carrier| Role::Waiting { carrier };
        for (health, role, matters) in [
            (Health::Up, WELL, false),
            (Health::Up, waiting(Health::Suspect), true),
            (Health::Up, waiting(Health::Degraded), true),
            (Health::Up, waiting(Health::Down), true),
            (Health::Up, Role::Used, true),
            (Health::Suspect, WELL, true),
            (Health::Recovering, WELL, true),
            (Health::Init, WELL, true),
            (Health::Degraded, WELL, false),
            (Health::Down, WELL, false),
            (Health::Held, WELL, false),
            (Health::Maintenance, WELL, false),
        ] {
            let (mut cadence, now) = idle();
            let pace = cadence.look(health, role, now);
            assert_eq!(pace, matters.then_some(Pace::Full), "{health} {role:?}");
            if matters {
                assert_eq!(cadence.next_deadline(), Some(now + SECS(30)));
                assert_eq!(cadence.look(Health::Up, WELL, now + SECS(29)), None);
                assert_eq!(cadence.look(Health::Up, WELL, now + SECS(30)), Some(Pace::Idle));
            }
        }
    }

    #[test]
    fn an_end_keeps_up_with_one_that_needs_it_and_with_no_other() {
        let (full, keeping_up) = (POLICY.full, POLICY.full + KEEPING_UP);
        for (heard, expected) in [
            (vec![], Pace::Idle),
            (vec![SECS(10)], Pace::Idle),
            (vec![SECS(10), full], Pace::KeepingUp),
            (vec![SECS(10), full, SECS(10)], Pace::Idle),
            (vec![SECS(10), full, keeping_up], Pace::Idle),
            (vec![SECS(10), keeping_up], Pace::Idle),
            // A router that knows no cadence.
            (vec![SECS(1), Duration::from_millis(300)], Pace::Idle),
        ] {
            let (mut cadence, now) = idle();
            heard.iter().for_each(|wished| cadence.hear(*wished));
            cadence.look(Health::Up, WELL, now);
            assert_eq!(cadence.pace(), expected, "{heard:?}");
        }
        let (mut cadence, now) = idle();
        [SECS(10), full].into_iter().for_each(|wished| cadence.hear(wished));
        assert_eq!(cadence.look(Health::Up, WELL, now), Some(Pace::KeepingUp));
        assert_eq!(cadence.interval(), keeping_up);
        cadence.forget();
        assert_eq!(cadence.look(Health::Up, WELL, now), Some(Pace::Idle));
    }

    proptest! {
        #[test]
        fn two_ends_are_fast_while_one_needs_it_and_never_keep_each_other_awake(
            needs in prop::collection::vec((any::<[bool; 2]>(), 1_u64..120), 1..60),
        ) {
            let mut now = origin();
            let mut ends = [Cadence::new(POLICY, now), Cadence::new(POLICY, now)];
            let role = |needs: bool| if needs { Role::Used } else { WELL };
            let quiet = ([false, false], 31);
            let needs = std::iter::once(quiet).chain(needs).chain(std::iter::once(quiet));
            for (needs, seconds) in needs {
                now += SECS(seconds);
                // Until each has heard what the other made of it.
                for _ in 0..3 {
                    let wished = ends.each_ref().map(Cadence::interval);
                    for (index, end) in ends.iter_mut().enumerate() {
                        end.hear(wished[1 - index]);
                        end.look(Health::Up, role(needs[index]), now);
                    }
                }
                let slower = ends.iter().map(Cadence::interval).max().unwrap();
                if needs.contains(&true) {
                    prop_assert!(slower <= POLICY.full + KEEPING_UP, "{ends:?}");
                } else if seconds > 30 {
                    prop_assert_eq!(ends.each_ref().map(Cadence::pace), [Pace::Idle, Pace::Idle]);
                }
            }
        }
    }
}
