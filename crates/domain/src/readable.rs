//! Texts that people read to each other and copy by hand: an alphabet without look-alikes, drawn
//! without favour, and read however they were written down.

use crate::phone::western_digit;

/// Without letters that look like digits or like each other.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

/// Draws letters, each as likely as any other, from fresh random octets; those that would favour
/// some are drawn again.
pub(crate) fn draw<const LENGTH: usize>(mut entropy: impl FnMut() -> u8) -> [u8; LENGTH] {
    let fair = u8::MAX - u8::MAX % 31;
    let mut letter = || loop {
        let octet = entropy();
        if octet < fair {
            return ALPHABET.get(usize::from(octet % 31)).copied().unwrap_or_default();
        }
    };
    std::array::from_fn(|_| letter())
}

/// Reads what somebody wrote down: small letters, digits of all kinds, spaces and dashes; `None` if
/// it has another length or letters that are never drawn.
pub(crate) fn read<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let mut letters = [0; LENGTH];
    let mut given = text.chars().filter(|c| !is_filler(*c));
    for place in &mut letters {
        let letter = given.next()?;
        let letter = western_digit(letter).unwrap_or(letter).to_ascii_uppercase();
        let octet = u8::try_from(letter).ok()?;
        *place = ALPHABET.contains(&octet).then_some(octet)?;
    }
    given.next().is_none().then_some(letters)
}

/// What may stand between letters: spaces, dashes, and marks of direction that nobody sees.
fn is_filler(c: char) -> bool {
    let is_mark =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}') || is_mark
}
