//! Reads what a Disconnect-Request or CoA-Request asks for (RFC 5176).
//!
//! Attributes that name a session select; those of the dictionary that neither select nor limit
//! ask for what this gateway cannot do, and are refused by Error-Cause 401. Of others nothing is
//! known, so that nothing can be promised about them: a vendor's are ignored (RFC 5176 §3).

use radius_proto::dae::Change;
use radius_proto::dictionary::enumeration::{ErrorCause, ServiceType};
use radius_proto::{AttributeType, Packet, attribute};

use super::access_request::limits_of;
use super::identity::Identity;
use crate::access::{Limits, Opaque, Target};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// End the session.
    Disconnect,
    /// Change these limits.
    Change(Limits),
    /// Ask about the device again, under this State.
    AuthorizeOnly(Opaque),
}

/// What names a session, protects the packet or tells when it was sent.
const SELECTING: [AttributeType; 9] = [
    attribute::USER_NAME,
    attribute::ACCT_SESSION_ID,
    attribute::CALLING_STATION_ID,
    attribute::FRAMED_IP_ADDRESS,
    attribute::NAS_IDENTIFIER,
    attribute::NAS_IP_ADDRESS,
    attribute::CHARGEABLE_USER_IDENTITY,
    attribute::CLASS,
    attribute::NAS_PORT_TYPE,
];
const CARRYING: [AttributeType; 4] = [
    attribute::MESSAGE_AUTHENTICATOR,
    attribute::EVENT_TIMESTAMP,
    attribute::PROXY_STATE,
    attribute::VENDOR_SPECIFIC,
];
const CHANGING: [AttributeType; 5] = [
    attribute::SESSION_TIMEOUT,
    attribute::IDLE_TIMEOUT,
    attribute::ACCT_INTERIM_INTERVAL,
    attribute::SERVICE_TYPE,
    attribute::STATE,
];

/// Whom and what a request means, or why it cannot be done.
pub(crate) fn read(
    request: &Packet<'_>,
    change: Change,
    identity: &Identity,
) -> Result<(Target, Wish), ErrorCause> {
    if !identity.is_meant_by(request) {
        return Err(ErrorCause::NasIdentificationMismatch);
    }
    let changing: &[AttributeType] = match change {
        Change::Disconnect => &[],
        Change::Authorization => &CHANGING,
    };
    let is_known = |kind| [&SELECTING[..], &CARRYING, changing].iter().any(|k| k.contains(&kind));
    if !request.attributes().all(|attribute| is_known(attribute.kind)) {
        return Err(ErrorCause::UnsupportedAttribute);
    }
    Ok((target(request)?, wish(request, change)?))
}

fn target(request: &Packet<'_>) -> Result<Target, ErrorCause> {
    let device = request.text(attribute::CALLING_STATION_ID).map(str::parse).transpose();
    Ok(Target {
        session: request.text(attribute::ACCT_SESSION_ID).map(str::to_owned),
        device: device.map_err(|_| ErrorCause::InvalidAttributeValue)?,
        user_name: request.text(attribute::USER_NAME).map(str::to_owned),
        address: request.ipv4(attribute::FRAMED_IP_ADDRESS),
    })
}

fn wish(request: &Packet<'_>, change: Change) -> Result<Wish, ErrorCause> {
    if change == Change::Disconnect {
        return Ok(Wish::Disconnect);
    }
    let service = request.u32(attribute::SERVICE_TYPE).map(ServiceType::from);
    match (service, request.octets_of(attribute::STATE)) {
        (None, None) => Ok(Wish::Change(limits_of(request))),
        (Some(ServiceType::AuthorizeOnly), Some(state)) => {
            Ok(Wish::AuthorizeOnly(Opaque::new(state)))
        }
        (Some(ServiceType::AuthorizeOnly), None) => Err(ErrorCause::MissingAttribute),
        (Some(_), _) => Err(ErrorCause::UnsupportedService),
        (None, Some(_)) => Err(ErrorCause::InvalidRequest),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use domain::{MacAddress, Octets};
    use radius_proto::vendor::chillispot;
    use radius_proto::{PacketBuilder, SharedSecret};

    use super::*;

    type Outcome = Result<(Target, Wish), ErrorCause>;

    fn check(change: Change, fill: fn(&mut PacketBuilder), expected: Outcome) {
        let mut builder = match change {
            Change::Disconnect => PacketBuilder::disconnect_request(),
            Change::Authorization => PacketBuilder::coa_request(),
        };
        fill(&mut builder);
        check_builder(&builder, change, expected);
    }

    fn check_builder(builder: &PacketBuilder, change: Change, expected: Outcome) {
        let signed = builder.sign(&SharedSecret::new("secret").unwrap()).unwrap();
        let packet = Packet::parse(&signed).unwrap();
        let identity = Identity::new("gate".parse().unwrap());
        assert_eq!(read(&packet, change, &identity), expected, "{}", packet.dump());
    }

    fn named() -> Target {
        Target {
            session: Some("1".to_owned()),
            device: Some(MacAddress::new([2, 0, 0, 0, 0, 1])),
            user_name: None,
            address: Some(Ipv4Addr::new(10, 0, 0, 2)),
        }
    }

    fn name(request: &mut PacketBuilder) {
        request.text(attribute::ACCT_SESSION_ID, "1");
        request.text(attribute::CALLING_STATION_ID, "02-00-00-00-00-01");
        request.ipv4(attribute::FRAMED_IP_ADDRESS, Ipv4Addr::new(10, 0, 0, 2));
        request.text(attribute::NAS_IDENTIFIER, "gate");
    }

    #[test]
    fn a_disconnect_names_a_session_and_nothing_else() {
        check(Change::Disconnect, name, Ok((named(), Wish::Disconnect)));
        check(Change::Disconnect, |_| {}, Ok((Target::default(), Wish::Disconnect)));
        let with_timeout = |r: &mut PacketBuilder| {
            name(r);
            r.u32(attribute::SESSION_TIMEOUT, 1_u32);
        };
        check(Change::Disconnect, with_timeout, Err(ErrorCause::UnsupportedAttribute));
    }

    #[test]
    fn a_change_names_limits_or_asks_for_a_question() {
        let limited = |r: &mut PacketBuilder| {
            name(r);
            r.u32(attribute::SESSION_TIMEOUT, 60_u32);
            r.vendor_u32(chillispot::MAX_TOTAL_OCTETS, 1);
            r.vendor_u32(chillispot::MAX_TOTAL_GIGAWORDS, 2);
        };
        let limits = Limits {
            session_timeout: Some(Duration::from_secs(60)),
            max_octets: Some(Octets::new((2 << 32) + 1)),
            ..Limits::default()
        };
        check(Change::Authorization, limited, Ok((named(), Wish::Change(limits))));
        let asked = |r: &mut PacketBuilder| {
            name(r);
            r.u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly);
            r.octets(attribute::STATE, &[7]);
        };
        let wish = Wish::AuthorizeOnly(Opaque::new(&[7]));
        check(Change::Authorization, asked, Ok((named(), wish)));
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_cause() {
        let refused = |fill, cause| check(Change::Authorization, fill, Err(cause));
        let text = |kind, value: &str, cause| {
            let mut request = PacketBuilder::coa_request();
            request.text(kind, value);
            check_builder(&request, Change::Authorization, Err(cause));
        };
        text(attribute::NAS_IDENTIFIER, "other", ErrorCause::NasIdentificationMismatch);
        text(attribute::CALLING_STATION_ID, "nobody", ErrorCause::InvalidAttributeValue);
        text(attribute::FILTER_ID, "slow", ErrorCause::UnsupportedAttribute);
        let stateless = |r: &mut PacketBuilder| {
            r.u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly);
        };
        refused(stateless, ErrorCause::MissingAttribute);
        let served = |r: &mut PacketBuilder| {
            r.u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
        };
        refused(served, ErrorCause::UnsupportedService);
        let stated = |r: &mut PacketBuilder| {
            r.octets(attribute::STATE, &[1]);
        };
        refused(stated, ErrorCause::InvalidRequest);
    }
}
