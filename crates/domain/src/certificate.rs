//! By which certificate a NAS is known when it speaks RADIUS over TLS.
//!
//! Either a name that stands in it, or the certificate itself by its fingerprint. Whether a
//! certificate is genuine is not decided here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const FINGERPRINT: &str = "sha256:";
const FINGERPRINT_DIGITS: usize = 64;
/// The longest name of a host, in characters (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
/// The longest label of such a name.
const LONGEST_LABEL: usize = 63;

/// What tells a NAS's certificate from all others: a dNSName among its subject alternative names,
/// or `sha256:` and the SHA-256 of the whole certificate in hexadecimal digits. Always in lower
/// case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateName(String);

/// Why a text names no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host name, such as gate.park.example, and no sha256: with 64 digits")]
pub struct CertificateNameError(String);

impl CertificateName {
    /// The certificate whose SHA-256 is `digest`.
    #[must_use]
    pub fn of_fingerprint(digest: &[u8; 32]) -> Self {
        let digits = digest.iter().map(|octet| format!("{octet:02x}"));
        Self(digits.fold(FINGERPRINT.to_owned(), |text, digits| text + &digits))
    }

    /// Whether it names one certificate alone.
    #[must_use]
    pub fn is_fingerprint(&self) -> bool {
        self.0.starts_with(FINGERPRINT)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CertificateName {
    type Err = CertificateNameError;

    /// Reads a name; a fingerprint may have colons between its octets, as OpenSSL prints it.
    fn from_str(text: &str) -> Result<Self, CertificateNameError> {
        let lower = text.to_ascii_lowercase();
        let error = || CertificateNameError(text.chars().take(80).collect());
        if let Some(digits) = lower.strip_prefix(FINGERPRINT) {
            let digits = digits.replace(':', "");
            let is_digest = digits.len() == FINGERPRINT_DIGITS
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            return if is_digest {
                Ok(Self(FINGERPRINT.to_owned() + &digits))
            } else {
                Err(error())
            };
        }
        let is_name = lower.len() <= LONGEST_NAME && lower.split('.').all(is_label);
        if is_name { Ok(Self(lower)) } else { Err(error()) }
    }
}

/// Wildcards are no labels: a name stands for one NAS.
fn is_label(label: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(plain)
}

impl TryFrom<String> for CertificateName {
    type Error = CertificateNameError;

    fn try_from(text: String) -> Result<Self, CertificateNameError> {
        text.parse()
    }
}

impl From<CertificateName> for String {
    fn from(name: CertificateName) -> Self {
        name.0
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_named_by_a_host_name_or_a_fingerprint() {
        let digits = "0123456789abcdef".repeat(4);
        let fingerprint = format!("sha256:{digits}");
        let spaced = format!("SHA256:01:23:45:67:89:AB:CD:EF{}", digits.get(16..).unwrap());
        for (text, expected) in [
            ("Gate.Park.Example", Some("gate.park.example")),
            ("gate_1", Some("gate_1")),
            (fingerprint.as_str(), Some(fingerprint.as_str())),
            (spaced.as_str(), Some(fingerprint.as_str())),
            ("sha256:0123", None),
            ("*.park.example", None),
            ("park..example", None),
            ("park example", None),
            ("", None),
        ] {
            let name = text.parse::<CertificateName>().ok();
            assert_eq!(name.as_ref().map(CertificateName::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_digest_becomes_a_fingerprint() {
        let name = CertificateName::of_fingerprint(&[0xab; 32]);
        assert_eq!(Ok(name.clone()), name.as_str().parse());
    }
}
