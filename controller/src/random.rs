//! What must not be guessed: ids of orders, and the secrets made for access points.

use domain::{Code, Id, OrderId, Secret, Timestamp, VoucherCode};

const LETTERS_AND_DIGITS: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A new order's id.
pub(crate) fn order_id(now: Timestamp) -> OrderId {
    OrderId::new(now, octets())
}

/// A secret of `length` letters and digits, each drawn evenly.
pub(crate) fn secret(length: usize) -> Secret {
    let mut text = String::new();
    while text.len() < length {
        let fresh: [u8; 64] = octets();
        // 62 × 4 octets are fair; the remaining values would favour the first letters.
        let fair = fresh.into_iter().filter(|octet| *octet < 62 * 4);
        let letters = fair.filter_map(|octet| LETTERS_AND_DIGITS.get(usize::from(octet % 62)));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    text.parse().expect("it has at least one letter")
}

/// A RADIUS secret: 32 letters and digits, some 190 bits.
pub(crate) fn radius_secret() -> Secret {
    secret(32)
}

/// A portal path: 20 letters and digits.
pub(crate) fn portal_path() -> Secret {
    secret(20)
}

/// A one-time code.
pub(crate) fn code() -> Code {
    Code::draw(|| u32::from_be_bytes(octets()))
}

/// An id of 128 random bits, for what must not tell its age.
pub(crate) fn opaque_id<Kind>() -> Id<Kind> {
    Id::from_bytes(octets())
}

/// The code of a voucher.
pub(crate) fn voucher_code() -> VoucherCode {
    VoucherCode::draw(|| {
        let [octet] = octets();
        octet
    })
}

/// What makes an id that nobody can guess.
pub(crate) fn entropy() -> [u8; 10] {
    octets()
}

fn octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).expect("the operating system has a random source");
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_their_length_and_differ() {
        for length in [1, 16, 32, 100] {
            let secret = secret(length);
            assert_eq!(secret.expose().len(), length);
            assert!(secret.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        assert_ne!(secret(32), secret(32));
    }
}
