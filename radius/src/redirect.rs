//! The redirect by RADIUS: an Access-Accept for a device that may not go online, by which its
//! controller lets it reach the portal and nothing else (Cisco, "Central Web Authentication").
//!
//! Pure. What the address says of the device is signed by the secret that RADIUS and the portal have
//! of the access point, with the time, so that nobody can say it of another device or for ever;
//! `portal/src/nas/cisco_cwa.rs` reads it. Nobody is let in by this: no grant, no place at the site
//! and no credential is taken, and accounting of it is no session (`crate::class`).

use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::{AclName, MacAddress, Nas, Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use radius_proto::vendor::cisco;
use radius_proto::{Packet, PacketBuilder, attribute};
use sha2::Sha256;

use crate::authorise::Refusal;
use crate::{claim, class};

/// After so long the controller asks again, and is given a new address: the portal takes one for
/// five minutes longer.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// Octets of the longest value of a vendor (RFC 2865 §5.26), and so of the longest address.
const LONGEST_URL: usize = 247 - URL.len();
/// The longest audit session id that is taken; Cisco's have 24 or 32 characters.
const LONGEST_SESSION: usize = 64;

/// The audit session id in the address.
pub(crate) const SESSION: &str = "session";

const ACL: &str = "url-redirect-acl=";
const URL: &str = "url-redirect=";
/// What Cisco calls a session before accounting has a name for it.
pub(crate) const AUDIT_SESSION: &str = "audit-session-id=";

/// Where a device is sent, and by which access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    url: String,
    acl: AclName,
}

impl Redirect {
    /// The redirect for the device of `request` that `refusal` keeps out, if its access point knows
    /// such a thing; `portal` is `scheme://host[:port]`.
    pub(crate) fn instead_of(
        refusal: Refusal,
        nas: &Nas,
        portal: Option<&str>,
        request: &Packet<'_>,
        now: Timestamp,
    ) -> Option<Self> {
        if !nas.hand_off.method.redirects_by_radius() || !can_be_told(refusal) {
            return None;
        }
        let (portal, secret) = (portal?, nas.hand_off.secret.as_ref()?);
        let device = claim::device_of(request)?;
        let page = format!("{portal}/n/{}/", nas.portal_path.expose());
        let session = audit_session(request);
        let signed = |session| format!("{page}?{}", query(secret, device, session, now));
        let fits = |url: &String| url.len() <= LONGEST_URL;
        // Without its name the session is found by the device.
        let url = Some(signed(session)).filter(fits).or_else(|| Some(signed("")).filter(fits));
        if url.is_none() {
            tracing::debug!(nas = %nas.name, "the portal's address is too long for a redirect");
        }
        Some(Self { url: url?, acl: nas.hand_off.redirect_acl.clone().unwrap_or_default() })
    }

    /// Appends it to an Access-Accept.
    pub(crate) fn write(&self, accept: &mut PacketBuilder) {
        let seconds = u32::try_from(LIFE.as_secs()).unwrap_or(u32::MAX);
        accept
            .u32(attribute::SESSION_TIMEOUT, seconds)
            .octets(attribute::CLASS, class::WAITING)
            .vendor_text(cisco::AVPAIR, &format!("{ACL}{}", self.acl))
            .vendor_text(cisco::AVPAIR, &format!("{URL}{}", self.url));
    }
}

/// Whether the portal has a page for who is kept out so; everything else is wrong, and stays
/// refused.
const fn can_be_told(refusal: Refusal) -> bool {
    match refusal {
        Refusal::NoGrant | Refusal::UsedUp { .. } | Refusal::Closed { .. } | Refusal::Full => true,
        Refusal::NotUnderstood
        | Refusal::Eap
        | Refusal::WrongPassword
        | Refusal::OtherDevice
        | Refusal::OtherAccessPoint
        | Refusal::NoCredential
        | Refusal::TooManyFailures => false,
    }
}

/// The controller's name for the session, by which it finds that again; empty without one.
fn audit_session<'a>(request: &Packet<'a>) -> &'a str {
    let pairs = request.vendor_attributes().filter(|found| found.id == cisco::AVPAIR);
    let named = pairs
        .filter_map(|pair| pair.value.text())
        .find_map(|text| text.strip_prefix(AUDIT_SESSION));
    let is_plain = |name: &&str| {
        name.len() <= LONGEST_SESSION && name.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    named.filter(is_plain).unwrap_or_default()
}

/// `mac`, `session`, `t` and `sig`: the first half of the HMAC-SHA-256 of `cwa` and the three before
/// it, each on a line, in lower-case hex.
fn query(secret: &Secret, device: MacAddress, session: &str, now: Timestamp) -> String {
    let at = now.as_secs();
    let tag = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update(format!("cwa\n{device}\n{session}\n{at}"))
        .finalize()
        .into_bytes();
    let half = tag.first_chunk::<16>().expect("SHA-256 gives 32 octets");
    format!("mac={device}&{SESSION}={session}&t={at}&sig={}", HEXLOWER.encode(half))
}

#[cfg(test)]
mod tests;
