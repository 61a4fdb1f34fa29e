//! Identifiers of things that Sabeel itself creates.
//!
//! 128 bits: 48 bits of milliseconds, then 80 random bits given by the caller, so
//! that ids sort by age and cannot be guessed. Written as 32 lower-case hex digits.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD_NOCASE, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{MacAddress, NasName, Timestamp, text};

/// An identifier of one kind of thing; ids of different kinds never mix.
pub struct Id<Kind>(u128, PhantomData<fn() -> Kind>);

/// Marker types for [`Id`].
pub mod kind {
    /// A person, known by a telephone number.
    pub enum Account {}
    /// One run of entering a one-time code.
    pub enum Challenge {}
    /// A one-time credential handed to an access point.
    pub enum Credential {}
    /// Permission for one device to be online.
    pub enum Grant {}
    /// A text message to be sent.
    pub enum Message {}
    /// A Disconnect or CoA to be delivered to an access point.
    pub enum Order {}
    /// One stay of one device at one access point.
    pub enum Session {}
}

/// Identifies an [`crate::Account`].
pub type AccountId = Id<kind::Account>;
/// Identifies a [`crate::Challenge`].
pub type ChallengeId = Id<kind::Challenge>;
/// Identifies a [`crate::Credential`].
pub type CredentialId = Id<kind::Credential>;
/// Identifies a [`crate::Grant`].
pub type GrantId = Id<kind::Grant>;
/// Identifies a text message.
pub type MessageId = Id<kind::Message>;
/// Identifies a [`crate::NasOrder`].
pub type OrderId = Id<kind::Order>;
/// Identifies a [`crate::Session`].
pub type SessionId = Id<kind::Session>;

/// Why a text is not an [`Id`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct IdError;

impl<Kind> Id<Kind> {
    /// Makes an id from the time of creation and 80 random bits.
    #[must_use]
    pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let millis = now.as_millis().to_be_bytes();
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes[6..].copy_from_slice(&entropy);
        Self::from_bytes(bytes)
    }

    /// Rebuilds an id from its 16 bytes, big-endian.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes), PhantomData)
    }

    /// The 16 bytes of the id, big-endian.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    fn spelled(self) -> [u8; 32] {
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&self.to_bytes(), &mut digits);
        digits
    }
}

impl CredentialId {
    /// The user name of the credential: 26 letters and digits, since some controllers take no more
    /// than 31.
    #[must_use]
    pub fn user_name(self) -> String {
        BASE32_NOPAD_NOCASE.encode(&self.to_bytes()).to_ascii_lowercase()
    }

    /// The credential of that user name.
    #[must_use]
    pub fn of_user_name(name: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = BASE32_NOPAD_NOCASE.decode_len(name.len()).ok()?;
        if length != bytes.len() {
            return None;
        }
        BASE32_NOPAD_NOCASE.decode_mut(name.as_bytes(), &mut bytes).ok()?;
        Some(Self::from_bytes(bytes))
    }
}

impl SessionId {
    /// The id of a stay as its access point names it: the same for every report of one stay, and
    /// different for any other, even where the access point counts its session ids from one again
    /// after a restart, as long as a Class of ours tells them apart.
    #[must_use]
    pub fn of_stay(
        nas: &NasName,
        acct_session_id: &str,
        device: MacAddress,
        class: Option<&[u8]>,
    ) -> Self {
        let mut hash = Sha256::new();
        for part in [nas.as_str().as_bytes(), acct_session_id.as_bytes(), &device.octets()] {
            hash.update(part);
            hash.update([0]);
        }
        if let Some(class) = class {
            hash.update(class);
        }
        Self::first_half(hash)
    }

    /// The id of a stay that another server knows by a key of its own (FreeRADIUS' acctuniqueid);
    /// a key of 32 hexadecimal digits is the id.
    #[must_use]
    pub fn of_unique_id(key: &str) -> Self {
        key.parse().unwrap_or_else(|_| {
            let mut hash = Sha256::new();
            hash.update(b"acctuniqueid\0");
            hash.update(key.as_bytes());
            Self::first_half(hash)
        })
    }

    fn first_half(hash: Sha256) -> Self {
        let digest: [u8; 32] = hash.finalize().into();
        let half = digest.first_chunk::<16>().expect("SHA-256 gives 32 octets");
        Self::from_bytes(*half)
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> std::hash::Hash for Id<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text::ascii(&self.spelled()))
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> FromStr for Id<Kind> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 16];
        let length = HEXLOWER_PERMISSIVE.decode_len(text.len()).map_err(|_| IdError)?;
        if length != bytes.len() {
            return Err(IdError);
        }
        HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| IdError)?;
        Ok(Self::from_bytes(bytes))
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text::ascii(&self.spelled()))
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_age_and_survive_their_text_form() {
        let older = SessionId::new(Timestamp::from_millis(1_000), [0xff; 10]);
        let newer = SessionId::new(Timestamp::from_millis(1_001), [0; 10]);
        assert!(older < newer);
        assert_eq!(newer.to_string().parse(), Ok(newer));
        assert_eq!(SessionId::from_bytes(newer.to_bytes()), newer);
    }

    #[test]
    fn a_stay_has_one_id_and_another_servers_key_is_kept() {
        let nas = "gate".parse().unwrap();
        let device = MacAddress::new([2, 0, 0, 0, 0, 1]);
        let id = SessionId::of_stay(&nas, "5C1", device, None);
        assert_eq!(SessionId::of_stay(&nas, "5C1", device, None), id);
        for (name, class) in [("5C2", None), ("5C1", Some(&b"x"[..])), ("5C", None)] {
            assert_ne!(SessionId::of_stay(&nas, name, device, class), id);
        }
        assert_eq!(SessionId::of_unique_id(&id.to_string()), id);
        assert_eq!(SessionId::of_unique_id("a1"), SessionId::of_unique_id("a1"));
        assert_ne!(SessionId::of_unique_id("a1"), SessionId::of_unique_id("a2"));
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in
            ["", "12", "+0000000000000000000000000000001", "g0000000000000000000000000000000"]
        {
            assert_eq!(text.parse::<SessionId>(), Err(IdError), "{text}");
        }
    }

    #[test]
    fn a_user_name_has_31_characters_at_most_and_leads_back() {
        for bytes in [[0; 16], [255; 16], [7; 16]] {
            let id = CredentialId::from_bytes(bytes);
            let name = id.user_name();
            assert!(name.len() <= 31 && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
            assert_eq!(CredentialId::of_user_name(&name), Some(id));
            assert_eq!(CredentialId::of_user_name(&name.to_uppercase()), Some(id));
        }
        for name in ["", "ahmad", "02-00-5e-10-00-01", "00000000000000000000000000000000"] {
            assert_eq!(CredentialId::of_user_name(name), None, "{name}");
        }
    }
}
