//! A packet as text for people: one line for the header, one per value.
//!
//! Nothing secret is in it, and no name but those of this crate's dictionary; whoever wants more
//! asks for the [readings](Packet::readings).

use std::fmt;

use crate::dictionary::Dictionary;
use crate::packet::Packet;
use crate::reading::Secrecy;

/// Displays a packet; see [`Packet::dump`].
#[derive(Clone, Copy, Debug)]
pub struct Dump<'a>(Packet<'a>);

impl<'a> Packet<'a> {
    /// The packet as text over several lines, without anything secret.
    pub fn dump(&self) -> Dump<'a> {
        Dump(*self)
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(packet) = self;
        write!(f, "{} id {} length {}", packet.code(), packet.identifier(), packet.octets())?;
        let readings = packet.readings(&Dictionary::default(), Secrecy::Kept);
        readings.iter().try_for_each(|reading| write!(f, "\n  {reading}"))
    }
}
