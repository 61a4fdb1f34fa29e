//! Why a side last changed the state of its session (RFC 5880 s4.1).

use std::fmt;

/// The reason for the last change of state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Diagnostic {
    /// None is given.
    #[default]
    None,
    /// Nothing was heard for the detection time.
    ControlDetectionTimeExpired,
    /// Echo packets did not come back.
    EchoFunctionFailed,
    /// The other side said that the session is down.
    NeighborSignaledSessionDown,
    /// Forwarding was started again and may have lost what it knew.
    ForwardingPlaneReset,
    /// The path is known to be down by other means.
    PathDown,
    /// The path that continues this one is down.
    ConcatenatedPathDown,
    /// An administrator holds the session down.
    AdministrativelyDown,
    /// The path that continues this one is down on its way back.
    ReverseConcatenatedPathDown,
    /// A number without a meaning in RFC 5880, up to 31.
    Other(u8),
}

impl Diagnostic {
    /// The five bits that a diagnostic has in a packet.
    const MASK: u8 = 0b1_1111;

    /// The diagnostic with the low five of these bits.
    pub const fn from_bits(bits: u8) -> Self {
        match bits & Self::MASK {
            0 => Self::None,
            1 => Self::ControlDetectionTimeExpired,
            2 => Self::EchoFunctionFailed,
            3 => Self::NeighborSignaledSessionDown,
            4 => Self::ForwardingPlaneReset,
            5 => Self::PathDown,
            6 => Self::ConcatenatedPathDown,
            7 => Self::AdministrativelyDown,
            8 => Self::ReverseConcatenatedPathDown,
            other => Self::Other(other),
        }
    }

    /// Five bits of the packet.
    pub const fn bits(self) -> u8 {
        match self {
            Self::None => 0,
            Self::ControlDetectionTimeExpired => 1,
            Self::EchoFunctionFailed => 2,
            Self::NeighborSignaledSessionDown => 3,
            Self::ForwardingPlaneReset => 4,
            Self::PathDown => 5,
            Self::ConcatenatedPathDown => 6,
            Self::AdministrativelyDown => 7,
            Self::ReverseConcatenatedPathDown => 8,
            Self::Other(other) => other & Self::MASK,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::ControlDetectionTimeExpired => "detection-time-expired",
            Self::EchoFunctionFailed => "echo-failed",
            Self::NeighborSignaledSessionDown => "neighbor-signaled-down",
            Self::ForwardingPlaneReset => "forwarding-plane-reset",
            Self::PathDown => "path-down",
            Self::ConcatenatedPathDown => "concatenated-path-down",
            Self::AdministrativelyDown => "administratively-down",
            Self::ReverseConcatenatedPathDown => "reverse-concatenated-path-down",
            Self::Other(other) => return write!(f, "diagnostic-{other}"),
        })
    }
}
