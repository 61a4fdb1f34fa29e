//! Fresh random values from the operating system.

use domain::{Code, Id, LinkToken, Reference, Secret, Timestamp};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

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

/// The token of a one-tap link.
pub(crate) fn link() -> Result<LinkToken, getrandom::Error> {
    let mut octets = [0; 64];
    getrandom::fill(&mut octets)?;
    // Of 64 octets ten are fair but for once in some 10^69 times; then a letter comes again.
    let mut octets = octets.into_iter().cycle();
    Ok(LinkToken::draw(|| octets.next().unwrap_or_default()))
}

/// A password of 24 letters and digits, 142 bits.
pub(crate) fn password() -> Result<Secret, getrandom::Error> {
    let text = text_of(ALPHABET, 24)?;
    Ok(text.parse().expect("24 characters are not empty"))
}

/// The reference of a visit, or of a page that failed.
pub(crate) fn reference() -> Result<Reference, getrandom::Error> {
    let mut octets = [0; 64];
    getrandom::fill(&mut octets)?;
    // Of 64 octets six are fair but for once in some 10^78 times; then a letter comes again.
    let mut octets = octets.into_iter().cycle();
    Ok(Reference::draw(|| octets.next().unwrap_or_default()))
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
    fn references_differ() {
        assert_ne!(reference().unwrap(), reference().unwrap());
    }
}
