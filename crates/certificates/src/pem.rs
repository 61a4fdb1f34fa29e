//! PEM files: the certificates and the key in them, whose they are and how long they are valid.

use std::path::{Path, PathBuf};

use domain::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is missing, or is not of its kind.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What it says does not hold now.
    #[error("{what} in {path} is valid from {from} until {until}")]
    NotValidNow {
        /// What does not hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// When it begins.
        from: String,
        /// When it ends.
        until: String,
    },
}

impl FileError {
    /// A file that cannot be used for a reason of its own.
    pub fn unusable(path: &Path, reason: impl ToString) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Until when something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    /// Its end.
    pub until: Timestamp,
    /// The same for people.
    pub text: String,
}

/// The certificates in the octets of a PEM file, at least one.
///
/// # Errors
/// There is none, or one is damaged.
pub fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| FileError::unusable(path, error))?;
    if found.is_empty() {
        return Err(FileError::unusable(path, "there is no certificate in it"));
    }
    Ok(found)
}

/// The private key in the octets of a PEM file.
///
/// # Errors
/// There is none, or it is damaged.
pub fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, FileError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| FileError::unusable(path, error))
}

/// Until when all certificates of a file are valid: the earliest end among them.
///
/// # Errors
/// One of them is not valid now, or there is none.
pub fn validity(path: &Path, pem: &[u8], now: Timestamp) -> Result<Validity, FileError> {
    let mut earliest: Option<Validity> = None;
    for der in certificates(path, pem)? {
        let (_, parsed) =
            X509Certificate::from_der(&der).map_err(|error| FileError::unusable(path, error))?;
        let (from, until) = (parsed.validity().not_before, parsed.validity().not_after);
        if !(from.timestamp()..=until.timestamp()).contains(&now.as_secs()) {
            return Err(FileError::NotValidNow {
                what: "a certificate",
                path: path.to_owned(),
                from: from.to_string(),
                until: until.to_string(),
            });
        }
        let end = Timestamp::from_secs(until.timestamp());
        let until = Validity { until: end, text: until.to_string() };
        if earliest.as_ref().is_none_or(|known| until.until < known.until) {
            earliest = Some(until);
        }
    }
    earliest.ok_or_else(|| FileError::unusable(path, "there is no certificate in it"))
}

/// The names for which a certificate may be shown (RFC 6125 §6.4): its DNS names, lower case.
#[must_use]
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(alternative)) = parsed.subject_alternative_name() else { return Vec::new() };
    let names = alternative.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// A time as certificates spell it.
pub(crate) fn text(time: Timestamp) -> String {
    ASN1Time::from_timestamp(time.as_secs()).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTAL: &[u8] = include_bytes!("../tests/data/portal.pem");

    #[test]
    fn a_file_is_valid_while_all_in_it_are() {
        let path = Path::new("portal.pem");
        let at = |seconds| validity(path, PORTAL, Timestamp::from_secs(seconds));
        let until = at(1_800_000_000).unwrap();
        assert!(until.text.contains("2126"), "{until:?}");
        let error = at(1_000_000_000).unwrap_err().to_string();
        assert!(error.contains("portal.pem is valid from Nov 26"), "{error}");
        assert!(validity(path, b"nothing", Timestamp::from_secs(0)).is_err());
    }

    #[test]
    fn a_certificate_is_for_its_alternative_names() {
        let path = Path::new("portal.pem");
        let chain = certificates(path, PORTAL).unwrap();
        assert_eq!(names(&chain[0]), ["portal.example"]);
        assert_eq!(names(&chain[1]), [""; 0]);
        assert!(private_key(path, PORTAL).is_err());
    }
}
