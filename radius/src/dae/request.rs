//! What a Disconnect- or CoA-Request says: which session or device, what to do, and when (RFC
//! 5176 §3).
//!
//! Pure. Everything by which makers look a session up is in it, as the access point spelled it
//! itself, since each of them wants another of the attributes; [`super::manner`] has who gets
//! less. Message-Authenticator and the signature are the builder's.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use domain::{
    AskingAgain, MacAddress, Nas, NasCommand, Session, SessionIdentification, Timestamp,
    Whereabouts,
};
use radius_proto::dictionary::enumeration::ServiceType;
use radius_proto::{AttributeType, PacketBuilder, attribute, vendor::cisco};

use super::manner::{Extent, Manner, Naming, Proof};
use crate::{redirect, terms};

/// The command by which Cisco's controllers ask about a session again ("RADIUS Change of
/// Authorization", session reauthentication).
const CISCO_REAUTHENTICATE: &str = "subscriber:command=reauthenticate";
/// By the method that let it in before, which is its hardware address.
const CISCO_BY_THE_LAST: &str = "subscriber:reauthenticate-type=last";

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub struct DaeSubject<'a> {
    /// Who is told.
    pub nas: &'a Nas,
    /// About which device.
    pub device: MacAddress,
    /// Its session, if it has one there.
    pub session: Option<&'a Session>,
    /// What the redirect said of where it is, for a device without a session.
    pub place: Option<&'a Whereabouts>,
}

impl<'a> DaeSubject<'a> {
    /// A device of which nothing else is known.
    #[must_use]
    pub const fn of(nas: &'a Nas, device: MacAddress) -> Self {
        Self { nas, device, session: None, place: None }
    }
}

/// What differs between two requests that say the same.
#[derive(Debug, Clone)]
pub(super) struct Particulars {
    /// The present time; the NAS refuses what is too old.
    pub(super) now: Timestamp,
    /// Sixteen octets that nobody can guess, which the NAS repeats when it asks again.
    pub(super) state: [u8; 16],
    /// How the NAS is spoken to.
    pub(super) manner: Manner,
}

/// Writes a request.
pub(super) fn build(
    subject: DaeSubject<'_>,
    command: &NasCommand,
    particulars: &Particulars,
) -> PacketBuilder {
    let mut request = match command {
        NasCommand::Disconnect => PacketBuilder::disconnect_request(),
        NasCommand::Reauthenticate | NasCommand::Change(_) => PacketBuilder::coa_request(),
    };
    let manner = particulars.manner;
    if manner.naming == Naming::Named {
        write_nas(&mut request, subject);
    }
    write_session(&mut request, subject, manner.extent);
    match command {
        NasCommand::Disconnect => {}
        NasCommand::Reauthenticate => match subject.nas.profile.asking_again() {
            AskingAgain::AuthorizeOnly | AskingAgain::IsTold | AskingAgain::Never => {
                request
                    .u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly)
                    .octets(attribute::STATE, &particulars.state);
            }
            AskingAgain::CiscoCommand => {
                request.vendor_text(cisco::AVPAIR, CISCO_REAUTHENTICATE);
                if subject.nas.hand_off.method.redirects_by_radius() {
                    request.vendor_text(cisco::AVPAIR, CISCO_BY_THE_LAST);
                }
            }
        },
        NasCommand::Change(to) => {
            let (nas, now) = (subject.nas, particulars.now);
            match subject.session {
                Some(session) => {
                    terms::write_change(&mut request, to, nas.profile, session, now);
                }
                None => terms::write(&mut request, to, nas.profile),
            }
        }
    }
    match manner.proof {
        Proof::Whole => request.time(attribute::EVENT_TIMESTAMP, system_time(particulars.now)),
        Proof::Least => request.omit_message_authenticator(),
    };
    request
}

/// The NAS as it calls itself, or as the admin does if it never said.
fn write_nas(request: &mut PacketBuilder, subject: DaeSubject<'_>) {
    let said = subject.session.map(|session| &session.identification);
    let (identifier, address) =
        said.map_or((None, None), |said| (said.nas_identifier.as_deref(), said.nas_address));
    match address {
        Some(IpAddr::V4(address)) => request.ipv4(attribute::NAS_IP_ADDRESS, address),
        Some(IpAddr::V6(address)) => request.ipv6(attribute::NAS_IPV6_ADDRESS, address),
        None => request,
    };
    match (identifier, address) {
        (Some(identifier), _) => request.text(attribute::NAS_IDENTIFIER, identifier),
        (None, None) => request.text(attribute::NAS_IDENTIFIER, subject.nas.name.as_str()),
        (None, Some(_)) => request,
    };
}

fn write_session(request: &mut PacketBuilder, subject: DaeSubject<'_>, extent: Extent) {
    let Some(session) = subject.session else {
        request.text(attribute::CALLING_STATION_ID, &calling_station_id(subject.device));
        let session = subject.place.and_then(|place| place.find(redirect::SESSION));
        if let Some(session) = session.filter(|session| !session.is_empty()) {
            let named = format!("{}{session}", redirect::AUDIT_SESSION);
            request.vendor_text(cisco::AVPAIR, &named);
        }
        return;
    };
    let said = &session.identification;
    let usual = || calling_station_id(subject.device);
    let spelled = said.calling_station_id.clone().unwrap_or_else(usual);
    request.text(attribute::CALLING_STATION_ID, &spelled);
    request.text(attribute::ACCT_SESSION_ID, &session.acct_session_id);
    if extent == Extent::Least {
        return;
    }
    request.text(attribute::USER_NAME, &session.user_name);
    optional_text(request, attribute::ACCT_MULTI_SESSION_ID, said.acct_multi_session_id.as_deref());
    optional_text(
        request,
        attribute::CHARGEABLE_USER_IDENTITY,
        said.chargeable_user_identity.as_deref(),
    );
    if extent == Extent::Whole {
        write_place(request, session, said);
    }
}

/// Where the session is, and what the NAS was given to repeat.
fn write_place(request: &mut PacketBuilder, session: &Session, said: &SessionIdentification) {
    match session.address {
        Some(IpAddr::V4(address)) => request.ipv4(attribute::FRAMED_IP_ADDRESS, address),
        Some(IpAddr::V6(_)) | None => request,
    };
    let ipv6 = said.ipv6_address.or(match session.address {
        Some(IpAddr::V6(address)) => Some(address),
        Some(IpAddr::V4(_)) | None => None,
    });
    if let Some(address) = ipv6 {
        request.ipv6(attribute::FRAMED_IPV6_ADDRESS, address);
    }
    if let Some(port) = said.nas_port {
        request.u32(attribute::NAS_PORT, port);
    }
    optional_text(request, attribute::NAS_PORT_ID, said.nas_port_id.as_deref());
    optional_text(request, attribute::CALLED_STATION_ID, said.called_station_id.as_deref());
    for class in &said.class {
        request.octets(attribute::CLASS, class);
    }
}

fn optional_text(request: &mut PacketBuilder, kind: AttributeType, text: Option<&str>) {
    if let Some(text) = text {
        request.text(kind, text);
    }
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
