//! Accounts: persons, each known by a mobile number, by the voucher that they were given, or by a number
//! that they say is theirs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AccountId, GrantId, PhoneNumber, Timestamp, VoucherId};

/// A person; what they signed in with is all that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// What was verified.
    pub identity: Identity,
    /// When it was first verified.
    pub created_at: Timestamp,
    /// When it was last verified.
    pub verified_at: Timestamp,
}

/// What a person is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// A mobile number that was proven by a code.
    Phone(PhoneNumber),
    /// A voucher; who bears it is not known.
    Voucher(VoucherId),
    /// A mobile number that somebody typed while no code could be sent there; nobody knows whose it is.
    Claimed(Claim),
}

/// A number without proof. Whoever types the same one another time may be somebody else, and shares
/// nothing with the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The number.
    pub phone: PhoneNumber,
    /// What it was typed for.
    pub grant: GrantId,
}

/// What stands before a number that is only claimed.
pub const CLAIMED: &str = "claimed:";

/// Why a text names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "neither the digits of a mobile number, nor a voucher such as fair/17, nor claimed: with digits, @ and \
     a grant"
)]
pub struct IdentityError;

impl Identity {
    /// The identity as text, by which it is kept: digits of a number, the name of a voucher, or
    /// [`CLAIMED`] with digits and the grant. A number is a secret.
    #[must_use]
    pub fn expose(&self) -> String {
        match self {
            Self::Phone(phone) => phone.digits().to_owned(),
            Self::Voucher(voucher) => voucher.to_string(),
            Self::Claimed(Claim { phone, grant }) => format!("{CLAIMED}{}@{grant}", phone.digits()),
        }
    }

    /// The identity for people, without a whole number.
    #[must_use]
    pub const fn masked(&self) -> MaskedIdentity<'_> {
        MaskedIdentity(self)
    }
}

impl From<PhoneNumber> for Identity {
    fn from(phone: PhoneNumber) -> Self {
        Self::Phone(phone)
    }
}

impl From<VoucherId> for Identity {
    fn from(voucher: VoucherId) -> Self {
        Self::Voucher(voucher)
    }
}

/// Reads what [`Identity::expose`] gives; no number has the slash of a voucher, nor a voucher a colon.
impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if let Some((phone, grant)) =
            text.strip_prefix(CLAIMED).and_then(|text| text.split_once('@'))
        {
            let (phone, grant) = (phone.parse().ok(), grant.parse().ok());
            let claim = phone.zip(grant).map(|(phone, grant)| Claim { phone, grant });
            return claim.map(Self::Claimed).ok_or(IdentityError);
        }
        if text.contains('/') {
            return text.parse().map(Self::Voucher).map_err(|_| IdentityError);
        }
        text.parse().map(Self::Phone).map_err(|_| IdentityError)
    }
}

/// An [`Identity`] that may be shown.
pub struct MaskedIdentity<'a>(&'a Identity);

impl fmt::Display for MaskedIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Identity::Phone(phone) => write!(f, "{}", phone.masked()),
            Identity::Voucher(voucher) => write!(f, "voucher {voucher}"),
            Identity::Claimed(claim) => write!(f, "{}, without proof", claim.phone.masked()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_is_known_by_is_told_apart() {
        let phone: PhoneNumber = "966551234567".parse().unwrap();
        let voucher: VoucherId = "966551234567/17".parse().unwrap();
        let grant = GrantId::from_bytes([7; 16]);
        let claimed = Identity::Claimed(Claim { phone: phone.clone(), grant });
        for identity in [Identity::from(phone), Identity::from(voucher), claimed] {
            assert_eq!(identity.expose().parse(), Ok(identity));
        }
        for text in [
            "",
            "fair",
            "fair/",
            "/17",
            "0551234567x",
            "claimed:966551234567",
            "claimed:966551234567@7",
        ] {
            assert_eq!(text.parse::<Identity>(), Err(IdentityError), "{text}");
        }
    }

    #[test]
    fn nobody_is_shown_by_a_whole_number() {
        let phone: PhoneNumber = "966551234567".parse().unwrap();
        let claim = Claim { phone: phone.clone(), grant: GrantId::from_bytes([7; 16]) };
        for identity in [Identity::from(phone), Identity::Claimed(claim)] {
            assert!(!identity.masked().to_string().contains("551234567"));
        }
        let voucher: VoucherId = "fair/17".parse().unwrap();
        assert_eq!(Identity::from(voucher).masked().to_string(), "voucher fair/17");
    }
}
