//! How long a text message is: in which alphabet it travels, and in how many parts.

/// The letters of a text message (3GPP TS 23.038 §6.2.1); each takes one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Letters behind an escape (§6.2.1.1); each takes two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The alphabet of a message; one letter outside of the first moves the whole to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsAlphabet {
    /// The default alphabet of GSM, counted in septets.
    Gsm7,
    /// UTF-16, counted in its units; Arabic always is.
    Ucs2,
}

/// How long a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsLength {
    /// In which alphabet it travels.
    pub alphabet: SmsAlphabet,
    /// How many septets or UTF-16 units it has.
    pub units: usize,
    /// In how many parts it is sent, and paid for.
    pub segments: usize,
}

impl SmsAlphabet {
    /// The most units of a message in one part: 140 octets.
    #[must_use]
    pub const fn units_of_one(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// The most units of each part of several, which begin with a header of six octets
    /// (3GPP TS 23.040 §9.2.3.24.1).
    const fn units_of_part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    /// The units of a letter, if the alphabet has it.
    fn units_of(self, letter: char) -> Option<usize> {
        match self {
            Self::Gsm7 if BASIC.contains(letter) => Some(1),
            Self::Gsm7 => EXTENSION.contains(letter).then_some(2),
            Self::Ucs2 => Some(letter.len_utf16()),
        }
    }
}

impl SmsLength {
    /// The length of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let fits = |alphabet: SmsAlphabet| text.chars().all(|c| alphabet.units_of(c).is_some());
        let alphabet = if fits(SmsAlphabet::Gsm7) { SmsAlphabet::Gsm7 } else { SmsAlphabet::Ucs2 };
        let letters = || text.chars().filter_map(|letter| alphabet.units_of(letter));
        let units = letters().sum();
        let segments =
            if units <= alphabet.units_of_one() { 1 } else { parts(letters(), alphabet) };
        Self { alphabet, units, segments }
    }
}

/// In how many parts the letters go, none of which is cut in two.
fn parts(letters: impl Iterator<Item = usize>, alphabet: SmsAlphabet) -> usize {
    let (mut parts, mut filled) = (1, 0);
    for units in letters {
        if filled + units > alphabet.units_of_part() {
            parts += 1;
            filled = 0;
        }
        filled += units;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_as_it_travels() {
        use SmsAlphabet::{Gsm7, Ucs2};
        for (text, alphabet, units, segments) in [
            (String::new(), Gsm7, 0, 1),
            ("a".repeat(160), Gsm7, 160, 1),
            ("a".repeat(161), Gsm7, 161, 2),
            ("€".repeat(80), Gsm7, 160, 1),
            // The escape and its letter stay together: 76 signs of the euro and one unit free.
            ("€".repeat(153), Gsm7, 306, 3),
            ("ر".repeat(70), Ucs2, 70, 1),
            ("ر".repeat(71), Ucs2, 71, 2),
            ("ر".repeat(135), Ucs2, 135, 3),
            // A letter of two units.
            ("😀".repeat(35), Ucs2, 70, 1),
            ("😀".repeat(36), Ucs2, 72, 2),
            // One letter that is missing moves all.
            (format!("{}ç", "a".repeat(70)), Ucs2, 71, 2),
        ] {
            assert_eq!(SmsLength::of(&text), SmsLength { alphabet, units, segments }, "{text}");
        }
    }

    #[test]
    fn every_letter_of_the_alphabet_is_there_once() {
        let mut letters: Vec<char> = BASIC.chars().chain(EXTENSION.chars()).collect();
        assert_eq!(letters.len(), 127 + 10, "the escape itself is no letter");
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 127 + 10);
    }
}
