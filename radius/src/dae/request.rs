//! What a Disconnect- or CoA-Request says: which session or device, and when (RFC 5176 §3).
//!
//! Pure. Everything by which makers look a session up is in it, since each of them wants
//! another of the attributes. Message-Authenticator and the signature are the builder's.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use domain::{MacAddress, Nas, NasOrder, OrderKind, Session, Timestamp};
use radius_proto::dictionary::enumeration::ServiceType;
use radius_proto::{PacketBuilder, attribute};

/// What differs between two requests that say the same.
#[derive(Debug, Clone)]
pub(super) struct Particulars {
    /// The present time; the NAS refuses what is too old.
    pub(super) now: Timestamp,
    /// Sixteen octets that nobody can guess, which the NAS repeats when it asks again.
    pub(super) state: [u8; 16],
    /// Whether the NAS is called by its name.
    pub(super) naming: Naming,
}

/// Whether the NAS is called by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By NAS-Identifier.
    Named,
    /// Not at all, for a NAS that knows itself under another name.
    Unnamed,
}

/// Writes a request.
pub(super) fn build(
    nas: &Nas,
    order: &NasOrder,
    session: Option<&Session>,
    particulars: &Particulars,
) -> PacketBuilder {
    let mut request = match order.kind {
        OrderKind::Disconnect => PacketBuilder::disconnect_request(),
        OrderKind::Reauthenticate => PacketBuilder::coa_request(),
    };
    if particulars.naming == Naming::Named {
        request.text(attribute::NAS_IDENTIFIER, nas.name.as_str());
    }
    if order.kind == OrderKind::Reauthenticate {
        request
            .u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly)
            .octets(attribute::STATE, &particulars.state);
    }
    request.text(attribute::CALLING_STATION_ID, &calling_station_id(order.device));
    if let Some(session) = session {
        write_session(&mut request, session);
    }
    request.time(attribute::EVENT_TIMESTAMP, system_time(particulars.now));
    request
}

fn write_session(request: &mut PacketBuilder, session: &Session) {
    request
        .text(attribute::ACCT_SESSION_ID, &session.acct_session_id)
        .text(attribute::USER_NAME, &session.user_name);
    match session.address {
        Some(IpAddr::V4(address)) => request.ipv4(attribute::FRAMED_IP_ADDRESS, address),
        Some(IpAddr::V6(address)) => request.ipv6(attribute::FRAMED_IPV6_ADDRESS, address),
        None => request,
    };
}

/// The spelling of RFC 3580 §3.21: upper case with dashes.
fn calling_station_id(device: MacAddress) -> String {
    device.to_string().to_ascii_uppercase().replace(':', "-")
}

fn system_time(at: Timestamp) -> SystemTime {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

#[cfg(test)]
mod tests;
