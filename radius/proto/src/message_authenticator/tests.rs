use super::*;
use crate::build::PacketBuilder;
use crate::fixtures::secret;

/// An Access-Request with attributes before and after a right Message-Authenticator.
fn request() -> Vec<u8> {
    let mut parts = PacketBuilder::access_request(Authenticator::new([3; 16]));
    parts.omit_message_authenticator().text(attribute::USER_NAME, "nemo");
    parts.octets(attribute::MESSAGE_AUTHENTICATOR, &[0; 16]).text(attribute::FILTER_ID, "x");
    let mut octets = parts.sign(&secret()).unwrap().to_vec();
    let proof = digest::hmac_md5(&secret(), &[&octets]);
    octets[28..44].copy_from_slice(&proof);
    octets
}

fn verify_octets(octets: &[u8]) -> Result<Presence, MessageAuthenticatorError> {
    verify_request(&Packet::parse(octets).unwrap(), &secret())
}

#[test]
fn it_is_verified_wherever_it_stands() {
    assert_eq!(verify_octets(&request()), Ok(Presence::Verified));
}

#[test]
fn every_octet_of_the_packet_is_covered() {
    for position in (0..request().len()).filter(|position| ![2, 3].contains(position)) {
        let mut octets = request();
        octets[position] ^= 1;
        let Ok(packet) = Packet::parse(&octets) else { continue };
        assert_ne!(verify_request(&packet, &secret()), Ok(Presence::Verified), "{position}");
    }
}

#[test]
fn there_is_exactly_one_of_sixteen_octets() {
    let check = |values: &[&[u8]], expected| {
        let mut parts = PacketBuilder::access_request(Authenticator::ZERO);
        parts.omit_message_authenticator();
        for value in values {
            parts.octets(attribute::MESSAGE_AUTHENTICATOR, value);
        }
        assert_eq!(verify_octets(&parts.sign(&secret()).unwrap()), expected);
    };
    check(&[], Ok(Presence::Absent));
    check(&[&[0; 16]], Err(MessageAuthenticatorError::Mismatch));
    check(&[&[0; 16], &[0; 16]], Err(MessageAuthenticatorError::Repeated));
    check(&[&[0; 15]], Err(MessageAuthenticatorError::Length));
    check(&[&[0; 17]], Err(MessageAuthenticatorError::Length));
    check(&[&[]], Err(MessageAuthenticatorError::Length));
}
