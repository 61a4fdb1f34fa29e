//! Times between packets as the wire has them: whole microseconds in 32 bits (RFC 5880 s4.1).

use std::fmt;
use std::time::Duration;

/// A time of whole microseconds, up to some 71 minutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(u32);

impl Interval {
    /// None: in Required Min RX a wish to be sent nothing.
    pub const ZERO: Self = Self(0);
    /// At least so long between packets while the session is not up (RFC 5880 s6.8.3).
    pub const SLOW: Self = Self(1_000_000);

    /// So many microseconds.
    pub const fn from_micros(micros: u32) -> Self {
        Self(micros)
    }

    /// The interval of that length, its fraction of a microsecond cut off; absent where that does not
    /// fit.
    pub fn from_duration(duration: Duration) -> Option<Self> {
        u32::try_from(duration.as_micros()).ok().map(Self)
    }

    /// In microseconds.
    pub const fn micros(self) -> u32 {
        self.0
    }

    /// Whether it is none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// How long it is.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0 as u64)
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.duration().fmt(f)
    }
}
