//! What an Access-Request claims: a device by its hardware address, or a one-time credential.
//!
//! Pure. A device's claim is proved here, since its password is the address itself; a
//! credential's proof is kept for when the credential is known. Nothing is looked up.

use domain::{Credential, CredentialId, MacAddress};
use radius_proto::chap::ChapAnswer;
use radius_proto::dictionary::enumeration::ServiceType;
use radius_proto::user_password::{self, Password};
use radius_proto::{Packet, SharedSecret, attribute};

use crate::authorise::Refusal;
use crate::eap;

/// Who wants to be let in.
#[derive(Debug)]
pub(crate) enum Claim<'a> {
    /// A device, proved as far as a hardware address can be (MAC authentication).
    Device(MacAddress),
    /// The bearer of a one-time credential, not yet proved.
    Credential(Presented<'a>),
}

/// A credential as it is presented.
#[derive(Debug)]
pub(crate) struct Presented<'a> {
    /// Which credential.
    pub(crate) id: CredentialId,
    /// The device that presents it.
    pub(crate) device: MacAddress,
    /// The password, in one way or the other.
    proof: Proof<'a>,
}

#[derive(Debug)]
enum Proof<'a> {
    Pap(Password),
    Chap(ChapAnswer<'a>),
    Missing,
}

/// Reads the claim of a request whose password is hidden with `secret`.
///
/// # Errors
/// Why the request cannot be granted, whatever the store says.
pub(crate) fn read<'a>(request: &Packet<'a>, secret: &SharedSecret) -> Result<Claim<'a>, Refusal> {
    if eap::is_asked_for(request) {
        return Err(Refusal::Eap);
    }
    let user_name = request.text(attribute::USER_NAME).unwrap_or_default();
    let calling = match request.text(attribute::CALLING_STATION_ID) {
        Some(text) => Some(text.parse().map_err(|_| Refusal::NotUnderstood)?),
        None => None,
    };
    let proof = Proof::read(request, secret);
    if let Some(id) = CredentialId::of_user_name(user_name) {
        let device = calling.ok_or(Refusal::OtherDevice)?;
        return Ok(Claim::Credential(Presented { id, device, proof }));
    }
    let named: Option<MacAddress> = user_name.parse().ok();
    let device = named.or(calling).ok_or(Refusal::NotUnderstood)?;
    if calling.is_some_and(|calling| calling != device) {
        return Err(Refusal::OtherDevice);
    }
    if asks_without_password(request) || proof.is_of_device(device) {
        return Ok(Claim::Device(device));
    }
    Err(match named {
        Some(_) => Refusal::WrongPassword,
        None => Refusal::NotUnderstood,
    })
}

/// The device that a request names, whether it proves anything or not.
pub(crate) fn device_of(request: &Packet<'_>) -> Option<MacAddress> {
    let named = |kind| request.text(kind).and_then(|text| text.parse().ok());
    named(attribute::CALLING_STATION_ID).or_else(|| named(attribute::USER_NAME))
}

/// Whether the NAS vouches for the address by itself: Call Check (RFC 2865 §5.6), or Authorize
/// Only after a CoA-Request (RFC 5176 §3.2).
fn asks_without_password(request: &Packet<'_>) -> bool {
    let service = request.u32(attribute::SERVICE_TYPE).map(ServiceType::from);
    matches!(service, Some(ServiceType::CallCheck | ServiceType::AuthorizeOnly))
}

impl Presented<'_> {
    /// Whether `credential` may be used here, `nas` being the access point that presents it.
    ///
    /// # Errors
    /// Why not. A wrong password is told first, so that who does not know it learns nothing.
    pub(crate) fn check(
        &self,
        credential: &Credential,
        nas: &domain::NasName,
    ) -> Result<(), Refusal> {
        if !self.proof.matches(credential.password.expose().as_bytes()) {
            return Err(Refusal::WrongPassword);
        }
        if credential.nas != *nas {
            return Err(Refusal::OtherAccessPoint);
        }
        if credential.device != self.device {
            return Err(Refusal::OtherDevice);
        }
        Ok(())
    }
}

impl<'a> Proof<'a> {
    fn read(request: &Packet<'a>, secret: &SharedSecret) -> Self {
        if let Some(answer) = ChapAnswer::from_request(request) {
            return Self::Chap(answer);
        }
        let hidden = request.octets_of(attribute::USER_PASSWORD);
        let revealed = hidden
            .and_then(|hidden| user_password::reveal(hidden, request.authenticator(), secret).ok());
        revealed.map_or(Self::Missing, Self::Pap)
    }

    /// Whether the password is `expected`, compared in constant time.
    fn matches(&self, expected: &[u8]) -> bool {
        match self {
            Self::Pap(password) => password.matches(expected),
            Self::Chap(answer) => answer.matches(expected),
            Self::Missing => false,
        }
    }

    /// Whether the password is the address of `device` in any spelling.
    fn is_of_device(&self, device: MacAddress) -> bool {
        match self {
            Self::Pap(password) => {
                let text = std::str::from_utf8(password.octets()).ok();
                text.and_then(|text| text.parse().ok()) == Some(device)
            }
            Self::Chap(answer) => spellings(device).any(|text| answer.matches(text.as_bytes())),
            Self::Missing => false,
        }
    }
}

/// Every way in which makers write the address: digits in groups, in both letter cases.
fn spellings(device: MacAddress) -> impl Iterator<Item = String> {
    const GROUPINGS: [(usize, &str); 8] =
        [(2, ":"), (2, "-"), (12, ""), (4, "."), (4, "-"), (4, ":"), (6, "-"), (6, ":")];
    let digits: Vec<char> = device.to_string().chars().filter(|c| *c != ':').collect();
    GROUPINGS.into_iter().flat_map(move |(digits_in_group, separator)| {
        let groups: Vec<String> =
            digits.chunks(digits_in_group).map(|group| group.iter().collect()).collect();
        let lower = groups.join(separator);
        [lower.to_ascii_uppercase(), lower]
    })
}

#[cfg(test)]
mod tests;
