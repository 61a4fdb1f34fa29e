//! Chargeable-User-Identity: who a visitor is, without saying who (RFC 4372).
//!
//! A keyed hash over the account, different for every operator that names itself
//! (Operator-Name, RFC 5580), so that it is stable within one network and no two networks can
//! compare their visitors.

use std::fmt;

use domain::AccountId;
use hmac::{Hmac, KeyInit, Mac};
use radius_proto::{Packet, attribute};
use sha2::Sha256;

/// The key that turns accounts into identities; the same for every server of a city.
pub(crate) struct CuiKey(Hmac<Sha256>);

impl CuiKey {
    /// Takes 32 secret octets.
    pub(crate) fn new(octets: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(octets).expect("HMAC takes keys of any length"))
    }

    /// The identity to answer with, if the request asks for one (RFC 4372 §2.1: it does so by
    /// an attribute of its own, usually a single NUL).
    pub(crate) fn identity(&self, request: &Packet<'_>, account: AccountId) -> Option<String> {
        request.find(attribute::CHARGEABLE_USER_IDENTITY)?;
        let mut mac = self.0.clone();
        mac.update(request.octets_of(attribute::OPERATOR_NAME).unwrap_or_default());
        mac.update(&[0]);
        mac.update(&account.to_bytes());
        let digest = mac.finalize().into_bytes();
        let half = digest.first_chunk::<16>().expect("SHA-256 gives 32 octets");
        Some(data_encoding::HEXLOWER.encode(half))
    }
}

impl fmt::Debug for CuiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CuiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use radius_proto::{Authenticator, PacketBuilder, SharedSecret};

    use super::*;

    fn identity(attributes: impl FnOnce(&mut PacketBuilder), account: u8) -> Option<String> {
        let mut request = PacketBuilder::access_request(Authenticator::new([1; 16]));
        attributes(&mut request);
        let octets = request.sign(&SharedSecret::new("xyzzy5461").unwrap()).unwrap();
        let request = Packet::parse(&octets).unwrap();
        CuiKey::new(&[3; 32]).identity(&request, AccountId::from_bytes([account; 16]))
    }

    fn nul(request: &mut PacketBuilder) {
        request.octets(attribute::CHARGEABLE_USER_IDENTITY, &[0]);
    }

    #[test]
    fn an_identity_is_stable_within_one_network_and_given_only_when_asked_for() {
        let asked = identity(nul, 7).unwrap();
        assert_eq!(asked.len(), 32);
        assert_eq!(identity(nul, 7), Some(asked.clone()));
        assert_ne!(identity(nul, 8), Some(asked.clone()));
        let elsewhere = identity(
            |request| {
                nul(request);
                request.text(attribute::OPERATOR_NAME, "1alahsa.gov.sa");
            },
            7,
        );
        assert_ne!(elsewhere, Some(asked));
        assert_eq!(identity(|_| {}, 7), None);
    }
}
