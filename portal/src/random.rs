//! Fresh random values from the operating system.

use domain::{Code, Id, Secret, Timestamp};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Without letters that look like digits, since a visitor reads it over the telephone.
const READABLE: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

/// A new id made at `now`.
pub(crate) fn id<Kind>(now: Timestamp) -> Result<Id<Kind>, getrandom::Error> {
    let mut entropy = [0; 10];
    getrandom::fill(&mut entropy)?;
    Ok(Id::new(now, entropy))
}

/// An id of 128 random bits, for names that must not tell their age.
pub(crate) fn opaque_id<Kind>() -> Result<Id<Kind>, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Id::from_bytes(bytes))
}

/// A one-time code.
pub(crate) fn code() -> Result<Code, getrandom::Error> {
    let mut failure = None;
    let code = Code::draw(|| {
        getrandom::u32().unwrap_or_else(|error| {
            failure = Some(error);
            0
        })
    });
    failure.map_or(Ok(code), Err)
}

/// A password of 24 letters and digits, 142 bits.
pub(crate) fn password() -> Result<Secret, getrandom::Error> {
    let text = text_of(ALPHABET, 24)?;
    Ok(text.parse().expect("24 characters are not empty"))
}

/// A reference of six characters that ties a visitor's page to a line in the log.
pub(crate) fn reference() -> String {
    text_of(READABLE, 6).unwrap_or_else(|_| "------".to_owned())
}

/// Characters of `alphabet`, each as likely as any other.
fn text_of(alphabet: &[u8], length: usize) -> Result<String, getrandom::Error> {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let fitting = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let characters = fitting.filter_map(|byte| alphabet.get(byte % alphabet.len()));
        text.extend(characters.take(length - text.len()).map(|byte| char::from(*byte)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_every_controller() {
        let password = password().unwrap();
        assert_eq!(password.expose().len(), 24);
        assert!(password.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(password, super::password().unwrap());
    }

    #[test]
    fn a_reference_has_six_readable_characters() {
        let reference = reference();
        assert_eq!(reference.len(), 6);
        assert!(reference.bytes().all(|b| READABLE.contains(&b)), "{reference}");
    }
}
