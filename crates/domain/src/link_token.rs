//! The token of a one-tap link: what a message carries so that nobody has to type its code.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::text;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The token in a link: ten letters and digits, 59 bits; a secret, never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(Zeroizing<[u8; Self::LENGTH]>);

/// Why a text is no [`LinkToken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link has ten letters and digits")]
pub struct LinkTokenError;

impl LinkToken {
    /// How many characters it has.
    pub const LENGTH: usize = 10;

    /// Draws a token, each as likely as any other, from fresh random octets; those that would favour
    /// some are drawn again.
    #[must_use]
    pub fn draw(mut entropy: impl FnMut() -> u8) -> Self {
        let mut next = || loop {
            let octet = usize::from(entropy());
            let is_fair = octet < 256 - 256 % ALPHABET.len();
            if let Some(letter) = ALPHABET.get(octet % ALPHABET.len()).filter(|_| is_fair) {
                return *letter;
            }
        };
        Self(Zeroizing::new(std::array::from_fn(|_| next())))
    }

    /// The ten characters, for the message and the keyed hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        text::ascii(&self.0[..])
    }
}

impl FromStr for LinkToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        let letters =
            <[u8; Self::LENGTH]>::try_from(text.as_bytes()).map_err(|_| LinkTokenError)?;
        let are_ours = letters.iter().all(|letter| ALPHABET.contains(letter));
        are_ours.then(|| Self(Zeroizing::new(letters))).ok_or(LinkTokenError)
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_drawn_without_favour_and_never_shown_by_accident() {
        let mut octets = [255, 248, 0, 9, 10, 35, 36, 61, 62, 123, 247, 1].into_iter();
        let token = LinkToken::draw(|| octets.next().expect("ten of them are fair"));
        assert_eq!(token.expose(), "09AZaz0zz1");
        assert_eq!(token.expose().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains("09AZ"));
    }

    #[test]
    fn only_ten_letters_and_digits_are_a_token() {
        for text in ["", "09AZaz0zz", "09AZaz0zz12", "09AZaz0zz-", "09AZaz0z٣", "09AZaz0zé"] {
            assert_eq!(text.parse::<LinkToken>(), Err(LinkTokenError), "{text}");
        }
    }
}
