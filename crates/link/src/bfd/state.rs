//! The states of a session as both sides tell them (RFC 5880 s4.1, s6.2).

use std::fmt;

/// What a side says of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Held down by an administrator, which says nothing about the path.
    AdminDown,
    /// Nothing is heard of the other side, or it does not hear this one.
    Down,
    /// The other side is heard; whether it hears this one is not known yet.
    Init,
    /// Packets arrive both ways.
    Up,
}

impl State {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::AdminDown, Self::Down, Self::Init, Self::Up];

    /// The state with these two bits.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }

    /// Two bits of the packet.
    pub(crate) const fn bits(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1,
            Self::Init => 2,
            Self::Up => 3,
        }
    }

    /// What a side in this state makes of a packet that says `received` (RFC 5880 s6.8.6); absent
    /// where it stays as it is.
    pub const fn after(self, received: Self) -> Option<Self> {
        match (self, received) {
            (Self::Down, Self::Down) => Some(Self::Init),
            (Self::Down, Self::Init) | (Self::Init, Self::Init | Self::Up) => Some(Self::Up),
            (Self::Init | Self::Up, Self::AdminDown) | (Self::Up, Self::Down) => Some(Self::Down),
            (Self::AdminDown, _)
            | (Self::Down, Self::AdminDown | Self::Up)
            | (Self::Init, Self::Down)
            | (Self::Up, Self::Init | Self::Up) => None,
        }
    }

    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminDown => "admin-down",
            Self::Down => "down",
            Self::Init => "init",
            Self::Up => "up",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
