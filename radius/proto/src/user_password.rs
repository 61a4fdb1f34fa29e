//! Hiding and revealing User-Password (RFC 2865 s5.2).
//!
//! The hiding is a stream of MD5 blocks, without a check of its own: a wrong secret reveals
//! other octets, not an error. Only a Message-Authenticator can tell a wrong secret.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::authenticator::Authenticator;
use crate::digest;
use crate::secret::SharedSecret;

/// The longest password, in octets.
pub const MAX_PASSWORD_OCTETS: usize = 128;

const BLOCK: usize = 16;

/// A revealed password, wiped when dropped and absent from `Debug`.
pub struct Password(Zeroizing<Vec<u8>>);

/// Why a User-Password can be neither hidden nor revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UserPasswordError {
    /// The hidden value is not 16 to 128 octets in steps of 16.
    #[error("the hidden password has {length} octets, not 16 to 128 in steps of 16")]
    HiddenLength {
        /// Octets received.
        length: usize,
    },
    /// The password to hide is longer than [`MAX_PASSWORD_OCTETS`].
    #[error("the password has {length} octets, more than 128")]
    TooLong {
        /// Octets given.
        length: usize,
    },
}

impl Password {
    /// Keeps the octets of a revealed value.
    pub(crate) fn new(octets: &[u8]) -> Self {
        Self(Zeroizing::new(octets.to_vec()))
    }

    /// Whether the password is `candidate`, compared in constant time for equal lengths.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.0.ct_eq(candidate).into()
    }

    /// The password's octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Hides a password for the request that carries the authenticator `request`.
pub fn hide(
    password: &[u8],
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<Vec<u8>, UserPasswordError> {
    let length = password.len();
    if length > MAX_PASSWORD_OCTETS {
        return Err(UserPasswordError::TooLong { length });
    }
    let padded = length.next_multiple_of(BLOCK).max(BLOCK);
    let mut hidden = Vec::with_capacity(padded);
    let mut chain = *request.octets();
    for block in 0..padded / BLOCK {
        let mut pad = digest::md5(&[secret.octets(), &chain]);
        for (octet, clear) in pad.iter_mut().zip(password.iter().skip(block * BLOCK)) {
            *octet ^= clear;
        }
        hidden.extend_from_slice(&pad);
        chain = pad;
    }
    Ok(hidden)
}

/// Reveals a hidden password; the NUL padding at its end is cut, NULs inside stay.
pub fn reveal(
    hidden: &[u8],
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<Password, UserPasswordError> {
    let length = hidden.len();
    let (blocks, rest) = hidden.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() || length > MAX_PASSWORD_OCTETS {
        return Err(UserPasswordError::HiddenLength { length });
    }
    let mut clear = Zeroizing::new(Vec::with_capacity(length));
    let mut chain = request.octets();
    for block in blocks {
        let pad = Zeroizing::new(digest::md5(&[secret.octets(), chain]));
        clear.extend(block.iter().zip(pad.iter()).map(|(hidden, pad)| hidden ^ pad));
        chain = block;
    }
    let end = clear.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    clear.truncate(end);
    Ok(Password(clear))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::secret;

    #[test]
    fn hidden_lengths_outside_the_rfc_are_refused() {
        for length in [0, 1, 15, 17, 127, 129, 144] {
            let error = reveal(&vec![0; length], Authenticator::ZERO, &secret()).unwrap_err();
            assert_eq!(error, UserPasswordError::HiddenLength { length });
        }
        let error = hide(&[b'a'; 129], Authenticator::ZERO, &secret()).unwrap_err();
        assert_eq!(error, UserPasswordError::TooLong { length: 129 });
    }

    #[test]
    fn a_nul_inside_the_password_does_not_end_it() {
        let hidden = hide(b"a\0b", Authenticator::ZERO, &secret()).unwrap();
        let password = reveal(&hidden, Authenticator::ZERO, &secret()).unwrap();
        assert!(password.matches(b"a\0b"));
        assert!(!password.matches(b"a"));
    }

    #[test]
    fn debug_output_hides_the_password() {
        let hidden = hide(b"arctangent", Authenticator::ZERO, &secret()).unwrap();
        let password = reveal(&hidden, Authenticator::ZERO, &secret()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }

    proptest! {
        #[test]
        fn what_was_hidden_is_revealed(
            password in proptest::collection::vec(1u8..=255, 0..=128),
            request in any::<[u8; 16]>(),
        ) {
            let request = Authenticator::new(request);
            let hidden = hide(&password, request, &secret()).unwrap();
            prop_assert_eq!(hidden.len() % 16, 0);
            prop_assert!(reveal(&hidden, request, &secret()).unwrap().matches(&password));
        }
    }
}
