//! The visit context: who came from where, carried in the page's own address.
//!
//! The first redirect proves it once; from then on it travels as a token in the path,
//! `base64url(payload || HMAC-SHA-256/128)`, so no cookie and no row is needed. A
//! token is good for 30 minutes and is renewed by the pages that are shown, once a minute at most; the
//! right to have messages sent goes by when the device arrived, which no page renews.

use std::net::IpAddr;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use domain::{AccountId, Language, MacAddress, NasName, Reference, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// For how long a token is good.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// A token that is no older is not renewed.
const FRESH: Duration = Duration::from_secs(60);
/// Longer tokens are never made, so they are not even decoded.
const LONGEST: usize = 1_400;
const TAG: usize = 16;
const NAME: usize = 9;

/// A device at an access point, with what its access point told us about the login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VisitContext {
    /// What the visitor may read to the help desk.
    pub reference: Reference,
    /// When the access point sent the device; no page renews it.
    pub arrived_at: Timestamp,
    pub nas: NasName,
    #[serde(with = "octets")]
    pub device: MacAddress,
    /// The device's address as the access point told it.
    pub address: Option<IpAddr>,
    pub trust: Trust,
    /// The language of the pages.
    pub language: Language,
    pub turn: Option<Turn>,
    /// The page that was wanted when the portal came between; untrusted text.
    pub wanted: Option<String>,
    /// That a code was brought to see what is kept about a person.
    pub my_data: Option<Pass>,
}

/// Whose data may be seen until when, by whoever has the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pass {
    pub account: AccountId,
    pub until: Timestamp,
}

/// How far the device's identity is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trust {
    /// The access point signed it.
    Signed,
    /// It stood in a plain query; enough to get oneself online, not to end what another has.
    Unsigned,
}

/// What one redirect gave for the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// The access point's login page, in full; empty where it has none.
    pub page: String,
    /// What the page must be given back, by the names that the access point uses.
    pub fields: Vec<(String, String)>,
}

impl Turn {
    /// The value of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why a token was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the token is not one of ours")]
    Forged,
    #[error("the token is too old")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    expires_at: Timestamp,
    context: VisitContext,
}

/// Makes and checks tokens with one key.
pub(crate) struct ContextSigner(Hmac<Sha256>);

impl ContextSigner {
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(key.as_slice()).expect("HMAC takes a key of any length"))
    }

    /// A short name of something that is not shown itself, which nobody else can make.
    pub(crate) fn name_of(&self, parts: [&[u8]; 3]) -> String {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.finalize().into_bytes();
        BASE64URL_NOPAD.encode(tag.get(..NAME).unwrap_or(&tag))
    }

    /// The token of `context`, good from `now` on.
    pub(crate) fn seal(&self, context: &VisitContext, now: Timestamp) -> String {
        let payload = Payload { expires_at: now + LIFE, context: context.clone() };
        let mut bytes =
            postcard::to_allocvec(&payload).expect("a context has no value that cannot be written");
        let tag = self.0.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(tag.iter().take(TAG));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The context in a token, and whether the token is to be renewed.
    pub(crate) fn open(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(VisitContext, bool), TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Forged);
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| TokenError::Forged)?;
        let split = bytes.len().checked_sub(TAG).ok_or(TokenError::Forged)?;
        let (payload, tag) = bytes.split_at(split);
        self.0
            .clone()
            .chain_update(payload)
            .verify_truncated_left(tag)
            .map_err(|_| TokenError::Forged)?;
        // A good tag on bytes that do not decode is a token of another version.
        let payload: Payload = postcard::from_bytes(payload).map_err(|_| TokenError::Expired)?;
        if now >= payload.expires_at {
            return Err(TokenError::Expired);
        }
        Ok((payload.context, now + LIFE > payload.expires_at + FRESH))
    }
}

/// Writes a hardware address as its six octets instead of as text.
mod octets {
    use domain::MacAddress;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        mac: &MacAddress,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        mac.octets().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<MacAddress, D::Error> {
        <[u8; 6]>::deserialize(deserializer).map(MacAddress::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn signer(key: u8) -> ContextSigner {
        ContextSigner::new(&Zeroizing::new([key; 32]))
    }

    fn context() -> VisitContext {
        VisitContext {
            reference: "K7M2QX".parse().unwrap(),
            arrived_at: NOW,
            nas: "walkway-gate".parse().unwrap(),
            device: MacAddress::new([2, 0, 0x5e, 0x10, 0, 1]),
            address: Some([10, 1, 0, 7].into()),
            trust: Trust::Signed,
            language: Language::arabic(),
            turn: Some(Turn {
                page: "http://10.1.0.1:3990/".into(),
                fields: vec![("challenge".into(), "07".repeat(16))],
            }),
            wanted: Some("http://example.com/".into()),
            my_data: None,
        }
    }

    #[test]
    fn a_token_brings_its_context_back_for_half_an_hour() {
        let token = signer(1).seal(&context(), NOW);
        assert!(token.len() < 210, "{} characters", token.len());
        let opened = |at| signer(1).open(&token, at);
        assert_eq!(opened(NOW), Ok((context(), false)));
        assert_eq!(opened(NOW + FRESH), Ok((context(), false)));
        assert_eq!(opened(NOW + FRESH + Duration::from_millis(1)), Ok((context(), true)));
        let end = NOW + LIFE;
        assert_eq!(opened(end - Duration::from_millis(1)), Ok((context(), true)));
        assert_eq!(opened(end), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_of_another_key_is_refused() {
        let token = signer(1).seal(&context(), NOW);
        assert_eq!(signer(2).open(&token, NOW), Err(TokenError::Forged));
    }

    proptest! {
        #[test]
        fn a_changed_token_is_refused(at in 0_usize..200, change in 1_u8..=255) {
            let token = signer(1).seal(&context(), NOW);
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= change;
            let changed = BASE64URL_NOPAD.encode(&bytes);
            prop_assert_eq!(signer(1).open(&changed, NOW), Err(TokenError::Forged));
        }

        #[test]
        fn any_text_is_survived(text in ".{0,300}") {
            prop_assert_eq!(signer(1).open(&text, NOW), Err(TokenError::Forged));
        }
    }
}
