//! Certificate, key, CAs and revocation lists: read from files, and read again when they change.
//!
//! Both sides prove themselves, always (RFC 6614 §2.3). Nothing is resumed, so that every
//! connection proves itself anew, and there is no early data. A connection that is open stays so
//! when the files change; a change that cannot be used leaves what was there before.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use certificates::{FileError, Followed, Material, certificates, private_key, validity};
use domain::Timestamp;
use radius_proto::radsec::Version;
use rustls::crypto::ring;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use super::settings::RadsecSettings;

/// Why RADIUS over TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RadsecError {
    /// A file is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// CAs and revocation lists do not go together.
    #[error("the CAs cannot be used: {0}")]
    Ca(#[from] VerifierBuilderError),
}

/// The files, and what a handshake needs of them.
pub(super) type Files = Followed<RadsecSettings>;

/// The octets of all files.
pub struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
    crl: Option<Vec<u8>>,
}

impl Material for RadsecSettings {
    type Contents = Contents;
    type Config = ServerConfig;
    type Error = RadsecError;

    fn read(&self) -> Result<Contents, RadsecError> {
        let file =
            |path: &PathBuf| fs::read(path).map_err(|error| FileError::unusable(path, error));
        Ok(Contents {
            certificate: file(&self.certificate)?,
            key: file(&self.key)?,
            ca: file(&self.ca)?,
            crl: self.crl.as_ref().map(file).transpose()?,
        })
    }

    fn octets(contents: &Contents) -> Vec<&[u8]> {
        let Contents { certificate, key, ca, crl } = contents;
        vec![certificate, key, ca, crl.as_deref().unwrap_or_default()]
    }

    fn build(&self, contents: &Contents) -> Result<ServerConfig, RadsecError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = private_key(&self.key, &contents.key)?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier(self, contents)?)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = Version::ALPN.map(<[u8]>::to_vec).into();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

impl RadsecSettings {
    /// Reads the files as the server would, and says until when which certificates are valid.
    ///
    /// # Errors
    /// What keeps the server, or access points, from using them at `now`.
    pub fn inspect(&self, now: Timestamp) -> Result<String, RadsecError> {
        let contents = self.read()?;
        self.build(&contents)?;
        let own = validity(&self.certificate, &contents.certificate, now)?.text;
        let ca = validity(&self.ca, &contents.ca, now)?.text;
        let crl = if self.crl.is_some() { "with" } else { "without" };
        Ok(format!("certificate until {own}, CA until {ca}, {crl} revocation lists"))
    }
}

fn verifier(
    settings: &RadsecSettings,
    contents: &Contents,
) -> Result<Arc<dyn ClientCertVerifier>, RadsecError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&settings.ca, &contents.ca)? {
        roots.add(certificate).map_err(|error| FileError::unusable(&settings.ca, error))?;
    }
    let provider = Arc::new(ring::default_provider());
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if let (Some(path), Some(octets)) = (&settings.crl, &contents.crl) {
        let lists: Result<Vec<_>, _> =
            CertificateRevocationListDer::pem_slice_iter(octets).collect();
        let lists = lists.map_err(|error| FileError::unusable(path, error))?;
        verifier = verifier.with_crls(lists);
    }
    Ok(verifier.build()?)
}
