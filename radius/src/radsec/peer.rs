//! By which names a certificate can be known.
//!
//! Pure. The certificate was found genuine before; nothing else in it matters, and neither does
//! the address that it came from.

use domain::CertificateName;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The fingerprint of a certificate, then every dNSName among its subject alternative names.
pub(super) fn names(der: &[u8]) -> Vec<CertificateName> {
    let mut names = vec![CertificateName::of_fingerprint(&Sha256::digest(der).into())];
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return names };
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else { return names };
    names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => name.parse().ok(),
        _ => None,
    }));
    names
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_certificate_is_known_by_its_fingerprint_and_its_names() {
        let alternatives = ["Gate.Park.Example", "10.0.0.1", "*.park.example"].map(str::to_owned);
        let params = CertificateParams::new(alternatives).unwrap();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let names = names(certificate.der());
        let fingerprint =
            CertificateName::of_fingerprint(&Sha256::digest(certificate.der()).into());
        assert_eq!(names, [fingerprint, "gate.park.example".parse().unwrap()]);
    }

    #[test]
    fn what_is_no_certificate_has_no_names_but_its_fingerprint() {
        assert_eq!(names(b"no certificate").len(), 1);
    }
}
