//! Values hidden behind a salt: Tunnel-Password and Microsoft's keys.
//!
//! RFC 2868 s3.5 and RFC 2548 s2.4.2: two octets of salt, then the length of the value, the value
//! and zeroes, hidden by a chain of MD5 blocks that starts from the authenticator of the request
//! and the salt. Only a length that cannot be tells a wrong secret.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::authenticator::Authenticator;
use crate::digest;
use crate::secret::SharedSecret;
use crate::user_password::Password;

/// The longest value that fits an attribute when hidden, in octets.
pub const MAX_SALTED_OCTETS: usize = 239;

const BLOCK: usize = 16;

/// The two octets that make equal values look different; the first bit is always set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt([u8; 2]);

impl Salt {
    /// A salt of two octets; within one packet no two may be the same.
    pub const fn new([high, low]: [u8; 2]) -> Self {
        Self([high | 0x80, low])
    }
}

/// Why a value can be neither hidden nor revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SaltedError {
    /// What was received is not a salt and blocks of sixteen octets.
    #[error("the hidden value has {length} octets, not 2 and some times 16")]
    HiddenLength {
        /// Octets received.
        length: usize,
    },
    /// The length inside is larger than what is there: another secret, or another request.
    #[error("the shared secret does not reveal the value")]
    WrongSecret,
    /// The value to hide is longer than [`MAX_SALTED_OCTETS`].
    #[error("the value has {length} octets, more than {MAX_SALTED_OCTETS}")]
    TooLong {
        /// Octets given.
        length: usize,
    },
}

/// Hides a value for a reply to the request that carried the authenticator `request`.
pub fn hide(
    clear: &[u8],
    salt: Salt,
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<Vec<u8>, SaltedError> {
    let length = clear.len();
    let too_long = SaltedError::TooLong { length };
    let octet = u8::try_from(length).map_err(|_| too_long)?;
    if length > MAX_SALTED_OCTETS {
        return Err(too_long);
    }
    let mut padded = Zeroizing::new(vec![0; (length + 1).next_multiple_of(BLOCK)]);
    for (to, from) in padded.iter_mut().zip(std::iter::once(&octet).chain(clear)) {
        *to = *from;
    }
    let mut hidden = salt.0.to_vec();
    let mut chain = first_block(salt, request, secret);
    for clear in padded.as_chunks::<BLOCK>().0 {
        for (octet, clear) in chain.iter_mut().zip(clear) {
            *octet ^= clear;
        }
        hidden.extend_from_slice(chain.as_slice());
        chain = Zeroizing::new(digest::md5(&[secret.octets(), chain.as_slice()]));
    }
    Ok(hidden)
}

/// Reveals what [`hide`] made: the value without its length and zeroes.
pub fn reveal(
    hidden: &[u8],
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<Password, SaltedError> {
    let wrong_length = SaltedError::HiddenLength { length: hidden.len() };
    let (salt, octets) = hidden.split_first_chunk::<2>().ok_or(wrong_length)?;
    let (blocks, rest) = octets.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(wrong_length);
    }
    let mut clear = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut chain = first_block(Salt(*salt), request, secret);
    for block in blocks {
        clear.extend(block.iter().zip(chain.iter()).map(|(hidden, chain)| hidden ^ chain));
        chain = Zeroizing::new(digest::md5(&[secret.octets(), block]));
    }
    let value = clear.split_first().and_then(|(&length, rest)| rest.get(..length.into()));
    value.map(Password::new).ok_or(SaltedError::WrongSecret)
}

fn first_block(
    Salt(salt): Salt,
    request: Authenticator,
    secret: &SharedSecret,
) -> Zeroizing<[u8; BLOCK]> {
    Zeroizing::new(digest::md5(&[secret.octets(), request.octets(), &salt]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::secret;

    fn request() -> Authenticator {
        Authenticator::new([9; 16])
    }

    #[test]
    fn a_salt_has_its_first_bit_set() {
        assert_eq!(Salt::new([0, 7]), Salt::new([0x80, 7]));
        let hidden = hide(b"", Salt::new([0x01, 7]), request(), &secret()).unwrap();
        assert_eq!(hidden[..2], [0x81, 7]);
    }

    #[test]
    fn hidden_lengths_outside_the_rfc_are_refused() {
        for length in [0, 1, 2, 3, 17, 19, 33] {
            let error = reveal(&vec![0; length], request(), &secret()).unwrap_err();
            assert_eq!(error, SaltedError::HiddenLength { length });
        }
        let error = hide(&[1; 240], Salt::new([1, 2]), request(), &secret()).unwrap_err();
        assert_eq!(error, SaltedError::TooLong { length: 240 });
    }

    #[test]
    fn a_length_that_cannot_be_tells_a_wrong_secret() {
        let wrong = SharedSecret::new("xyzzy5462").unwrap();
        let hidden = hide(b"key", Salt::new([1, 2]), request(), &secret()).unwrap();
        assert_eq!(reveal(&hidden, request(), &wrong).unwrap_err(), SaltedError::WrongSecret);
    }

    proptest! {
        #[test]
        fn what_was_hidden_is_revealed(
            clear in proptest::collection::vec(any::<u8>(), 0..=MAX_SALTED_OCTETS),
            salt in any::<[u8; 2]>(),
            request in any::<[u8; 16]>(),
        ) {
            let request = Authenticator::new(request);
            let hidden = hide(&clear, Salt::new(salt), request, &secret()).unwrap();
            prop_assert_eq!(hidden.len() % 16, 2);
            prop_assert!(hidden.len() <= 250);
            prop_assert!(reveal(&hidden, request, &secret()).unwrap().matches(&clear));
        }
    }
}
