//! Asks for a device by its hardware address, and reads what comes back (RFC 2865 §4).
//!
//! MAC authentication: the address is name and password alike, and Service-Type Call-Check tells
//! the server so. An empty Chargeable-User-Identity asks for one (RFC 4372 §2.1).

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::{MacAddress, Octets};
use radius_proto::dictionary::enumeration::{NasPortType, ServiceType};
use radius_proto::dictionary::vendor::chillispot;
use radius_proto::{Authenticator, Packet, PacketBuilder, SharedSecret, attribute};

use super::identity::Identity;
use crate::access::{Ask, Limits, Opaque, Terms, user_name};

/// The question about a device, not yet signed; `random` has never been used before.
pub(crate) fn build(
    ask: &Ask,
    identity: &Identity,
    secret: &SharedSecret,
    random: Authenticator,
) -> PacketBuilder {
    let name = user_name(ask.device);
    let mut request = PacketBuilder::access_request(random);
    request.text(attribute::USER_NAME, &name);
    request.user_password(name.as_bytes(), secret);
    request.u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
    write_device(&mut request, ask.device, ask.address);
    identity.write(&mut request);
    request.octets(attribute::CHARGEABLE_USER_IDENTITY, &[0]);
    if let Some(state) = &ask.state {
        request.octets(attribute::STATE, state.octets());
    }
    request
}

/// Appends what names the device in every request.
pub(super) fn write_device(request: &mut PacketBuilder, device: MacAddress, address: Ipv4Addr) {
    request.text(attribute::CALLING_STATION_ID, &user_name(device).to_uppercase());
    request.ipv4(attribute::FRAMED_IP_ADDRESS, address);
    request.u32(attribute::NAS_PORT_TYPE, NasPortType::WirelessIeee80211);
}

/// On what terms an Access-Accept lets a device in.
pub(crate) fn terms_of(accept: &Packet<'_>) -> Terms {
    let opaque = |value: radius_proto::Value<'_>| Opaque::new(value.octets());
    Terms {
        limits: limits_of(accept),
        class: accept.find_all(attribute::CLASS).map(opaque).collect(),
        identity: accept.find(attribute::CHARGEABLE_USER_IDENTITY).map(opaque),
        user_name: accept.text(attribute::USER_NAME).map(str::to_owned),
    }
}

/// The limits that a packet names.
pub(crate) fn limits_of(packet: &Packet<'_>) -> Limits {
    let seconds = |kind| packet.u32(kind).map(|seconds| Duration::from_secs(seconds.into()));
    Limits {
        session_timeout: seconds(attribute::SESSION_TIMEOUT),
        idle_timeout: seconds(attribute::IDLE_TIMEOUT),
        max_octets: max_octets(packet),
        interim_interval: seconds(attribute::ACCT_INTERIM_INTERVAL),
    }
}

fn max_octets(packet: &Packet<'_>) -> Option<Octets> {
    let number = |id| packet.find_vendor(id).and_then(radius_proto::Value::u32);
    let low = number(chillispot::MAX_TOTAL_OCTETS)?;
    let high = number(chillispot::MAX_TOTAL_GIGAWORDS).unwrap_or(0);
    Some(Octets::new(u64::from(high) << 32 | u64::from(low)))
}

#[cfg(test)]
mod tests {
    use radius_proto::Code;

    use super::*;

    const SECRET: &str = "shared-secret-of-the-gate";

    fn secret() -> SharedSecret {
        SharedSecret::new(SECRET).unwrap()
    }

    #[test]
    fn a_device_is_asked_about_by_its_hardware_address() {
        let ask = Ask {
            device: MacAddress::new([2, 0, 0x5e, 0xab, 0, 1]),
            address: Ipv4Addr::new(10, 0, 0, 2),
            state: Some(Opaque::new(&[7, 8])),
        };
        let identity = Identity::new("gate".parse().unwrap());
        let random = Authenticator::new([9; 16]);
        let signed = build(&ask, &identity, &secret(), random).sign(&secret()).unwrap();
        let request = Packet::parse(&signed).unwrap();
        assert_eq!(request.text(attribute::USER_NAME), Some("02-00-5e-ab-00-01"));
        assert_eq!(request.text(attribute::CALLING_STATION_ID), Some("02-00-5E-AB-00-01"));
        assert_eq!(request.text(attribute::NAS_IDENTIFIER), Some("gate"));
        assert_eq!(request.u32(attribute::SERVICE_TYPE), Some(10));
        assert_eq!(request.u32(attribute::NAS_PORT_TYPE), Some(19));
        assert_eq!(request.ipv4(attribute::FRAMED_IP_ADDRESS), Some(ask.address));
        assert_eq!(request.octets_of(attribute::CHARGEABLE_USER_IDENTITY), Some(&[0][..]));
        assert_eq!(request.octets_of(attribute::STATE), Some(&[7, 8][..]));
        let first = request.attributes().next().map(|attribute| attribute.kind);
        assert_eq!(first, Some(attribute::MESSAGE_AUTHENTICATOR));
        let hidden = request.octets_of(attribute::USER_PASSWORD).unwrap();
        let password = radius_proto::user_password::reveal(hidden, random, &secret()).unwrap();
        assert!(password.matches(b"02-00-5e-ab-00-01"));
    }

    #[test]
    fn every_limit_of_an_accept_is_read() {
        let request = PacketBuilder::access_request(Authenticator::ZERO).sign(&secret()).unwrap();
        let request = Packet::parse(&request).unwrap();
        let mut accept = PacketBuilder::reply_to(&request, Code::AccessAccept);
        accept.u32(attribute::SESSION_TIMEOUT, 7_200_u32);
        accept.u32(attribute::IDLE_TIMEOUT, 900_u32);
        accept.u32(attribute::ACCT_INTERIM_INTERVAL, 60_u32);
        accept.vendor_u32(chillispot::MAX_TOTAL_OCTETS, 5);
        accept.vendor_u32(chillispot::MAX_TOTAL_GIGAWORDS, 1);
        accept.octets(attribute::CLASS, &[1]).octets(attribute::CLASS, &[2]);
        accept.octets(attribute::CHARGEABLE_USER_IDENTITY, b"who");
        accept.text(attribute::USER_NAME, "visitor");
        let accept = accept.sign(&secret()).unwrap();
        let expected = Terms {
            limits: Limits {
                session_timeout: Some(Duration::from_secs(7_200)),
                idle_timeout: Some(Duration::from_secs(900)),
                max_octets: Some(Octets::new((1 << 32) + 5)),
                interim_interval: Some(Duration::from_secs(60)),
            },
            class: vec![Opaque::new(&[1]), Opaque::new(&[2])],
            identity: Some(Opaque::new(b"who")),
            user_name: Some("visitor".to_owned()),
        };
        assert_eq!(terms_of(&Packet::parse(&accept).unwrap()), expected);
    }
}
