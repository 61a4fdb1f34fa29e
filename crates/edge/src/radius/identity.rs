//! How this gateway names itself, and whether others mean it.

use domain::NasName;
use radius_proto::{Packet, PacketBuilder, attribute};

/// The gateway's name towards RADIUS servers.
#[derive(Debug, Clone)]
pub(crate) struct Identity(NasName);

impl Identity {
    /// The gateway that the centre knows by this name.
    pub(crate) const fn new(name: NasName) -> Self {
        Self(name)
    }

    /// Appends the name.
    pub(crate) fn write(&self, request: &mut PacketBuilder) {
        request.text(attribute::NAS_IDENTIFIER, self.0.as_str());
    }

    /// Whether a request means this gateway; one that names none does (RFC 5176 §3).
    pub(crate) fn is_meant_by(&self, request: &Packet<'_>) -> bool {
        request.find_all(attribute::NAS_IDENTIFIER).all(|name| name.text() == Some(self.0.as_str()))
    }
}
