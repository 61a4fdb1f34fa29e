//! Where a session's packets go and come from, and which of them are its own (RFC 5881 s3 to s5,
//! RFC 5883 s3 to s5).

use std::net::IpAddr;

use super::super::drop_reason::DropReason;

/// The number that the kernel gave a network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interface(pub u32);

/// Which port a packet came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hops {
    /// That of sessions over one hop.
    Single,
    /// That of sessions over several.
    Multiple,
}

impl Hops {
    /// The UDP port that packets are sent to (RFC 5881 s4, RFC 5883 s5). They are sent from one
    /// between 49152 and 65535.
    pub const fn port(self) -> u16 {
        match self {
            Self::Single => 3784,
            Self::Multiple => 4784,
        }
    }
}

/// How far packets go; they are sent with a time to live of 255 in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// To a neighbour.
    SingleHop {
        /// By that interface.
        interface: Interface,
        /// To that address.
        peer: IpAddr,
    },
    /// Over routers.
    MultiHop {
        /// From that address.
        local: IpAddr,
        /// To that address.
        peer: IpAddr,
        /// With how much of 255 left packets must arrive at least.
        minimum_ttl: u8,
    },
}

/// How a datagram came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// By which interface.
    pub interface: Interface,
    /// From whom.
    pub from: IpAddr,
    /// To which address of this system.
    pub to: IpAddr,
    /// Its time to live, or hop limit, as it was received.
    pub ttl: u8,
    /// To which port.
    pub hops: Hops,
}

/// What finds a session before the other side knows its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Neighbour(Interface, IpAddr),
    Addresses { local: IpAddr, peer: IpAddr },
}

impl Path {
    /// The other side's address.
    pub const fn peer(&self) -> IpAddr {
        match self {
            Self::SingleHop { peer, .. } | Self::MultiHop { peer, .. } => *peer,
        }
    }

    /// Which port its packets go to.
    pub const fn hops(&self) -> Hops {
        match self {
            Self::SingleHop { .. } => Hops::Single,
            Self::MultiHop { .. } => Hops::Multiple,
        }
    }

    pub(super) fn origin(&self) -> Origin {
        // A socket for both families has IPv4 addresses in IPv6 ones.
        match self {
            Self::SingleHop { interface, peer } => {
                Origin::Neighbour(*interface, peer.to_canonical())
            }
            Self::MultiHop { local, peer, .. } => {
                Origin::Addresses { local: local.to_canonical(), peer: peer.to_canonical() }
            }
        }
    }

    /// Whether a packet may have come that way.
    pub(super) fn admit(&self, arrival: &Arrival) -> Result<(), DropReason> {
        let (is_here, least) = match self {
            Self::SingleHop { interface, .. } => (*interface == arrival.interface, u8::MAX),
            Self::MultiHop { minimum_ttl, .. } => (true, *minimum_ttl),
        };
        if !is_here || self.hops() != arrival.hops {
            Err(DropReason::WrongPath)
        } else if arrival.ttl < least {
            Err(DropReason::Ttl)
        } else {
            Ok(())
        }
    }
}

impl Arrival {
    pub(super) fn origin(&self) -> Origin {
        let peer = self.from.to_canonical();
        match self.hops {
            Hops::Single => Origin::Neighbour(self.interface, peer),
            Hops::Multiple => Origin::Addresses { local: self.to.to_canonical(), peer },
        }
    }
}
