//! What an unknown sender in a declared range says about itself.
//!
//! Pure. Nothing is answered or processed: an admin, or the range's rule, decides by what is read
//! here. Only the secret is ever proved; everything else is the sender's claim.

use domain::{Introduction, SecretProof};
use radius_proto::message_authenticator::{self, Presence};
use radius_proto::{Code, Packet, SharedSecret, VendorId, attribute, authenticator};

/// Characters that are kept of a claim.
const LONGEST: usize = 80;

/// Makers by the number of their attributes (IANA, private enterprise numbers).
const MAKERS: [(u32, &str); 12] = [
    (9, "Cisco"),
    (11, "HP"),
    (2_011, "Huawei"),
    (11_863, "TP-Link"),
    (12_356, "Fortinet"),
    (14_179, "Cisco Airespace"),
    (14_559, "CoovaChilli"),
    (14_823, "Aruba"),
    (14_988, "MikroTik"),
    (17_713, "Cambium"),
    (25_053, "Ruckus"),
    (29_671, "Meraki"),
];

/// Reads a datagram, if it is a request that access points send.
pub(crate) fn read(datagram: &[u8], secret: &SharedSecret) -> Option<Introduction> {
    let packet = Packet::parse(datagram).ok()?;
    let proof = match packet.code() {
        Code::AccountingRequest => match authenticator::verify_request(&packet, secret) {
            Ok(()) => SecretProof::Proved,
            Err(_) => SecretProof::Refuted,
        },
        Code::AccessRequest | Code::StatusServer => {
            match message_authenticator::verify_request(&packet, secret) {
                Ok(Presence::Verified) => SecretProof::Proved,
                Ok(Presence::Absent) => SecretProof::None,
                Err(_) => SecretProof::Refuted,
            }
        }
        _ => return None,
    };
    Some(Introduction {
        identifier: packet.text(attribute::NAS_IDENTIFIER).and_then(|text| text.parse().ok()),
        called_station: packet.text(attribute::CALLED_STATION_ID).map(short),
        port_type: packet.u32(attribute::NAS_PORT_TYPE),
        vendor: packet.vendor_attributes().find_map(|found| maker(found.id.vendor)),
        secret: proof,
        message_authenticator: packet.find(attribute::MESSAGE_AUTHENTICATOR).is_some(),
    })
}

fn maker(vendor: VendorId) -> Option<String> {
    let known = MAKERS.iter().find(|(number, _)| *number == vendor.0);
    known.map(|(_, name)| (*name).to_owned())
}

/// The beginning of a claim, as it can be printed.
fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use radius_proto::{PacketBuilder, vendor};

    use super::*;
    use crate::fixtures::{access_request, secret};

    #[test]
    fn a_sender_is_known_by_what_it_says_and_what_it_proves() {
        let other = SharedSecret::new("another secret").unwrap();
        let access = access_request(|request| {
            request
                .text(attribute::NAS_IDENTIFIER, "pole 7")
                .text(attribute::CALLED_STATION_ID, "02-00-00-00-00-01:City")
                .u32(attribute::NAS_PORT_TYPE, 19_u32)
                .vendor_text(vendor::mikrotik::RATE_LIMIT, "1/1");
        });
        let expected = Introduction {
            identifier: Some("pole 7".parse().unwrap()),
            called_station: Some("02-00-00-00-00-01:City".into()),
            port_type: Some(19),
            vendor: Some("MikroTik".into()),
            secret: SecretProof::Proved,
            message_authenticator: true,
        };
        assert_eq!(read(&access, &secret()), Some(expected.clone()));
        let refuted = Introduction { secret: SecretProof::Refuted, ..expected };
        assert_eq!(read(&access, &other), Some(refuted));
        let report = PacketBuilder::accounting_request().sign(&secret()).unwrap().to_vec();
        for (secret, proof) in [(secret(), SecretProof::Proved), (other, SecretProof::Refuted)] {
            assert_eq!(read(&report, &secret).unwrap().secret, proof);
        }
        let order = PacketBuilder::disconnect_request().sign(&secret()).unwrap().to_vec();
        assert_eq!(read(&order, &secret()), None);
        assert_eq!(read(b"no packet", &secret()), None);
    }
}
