//! What a server needs where both sides prove themselves, always: its certificate and key, the CAs of its
//! clients, and their revocation lists.
//!
//! Nothing is resumed, so that every connection proves itself anew, and there is no early data. A
//! connection that is open stays so when the files change; a change that cannot be used leaves what was
//! there before.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use domain::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::follow::Material;
use crate::pem::{FileError, certificates, private_key, validity};

/// The files of such a server, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutual {
    /// Its certificate, with those between it and its CA.
    pub certificate: PathBuf,
    /// The key of that.
    pub key: PathBuf,
    /// Who vouches for clients.
    pub ca: PathBuf,
    /// Which certificates of clients are revoked.
    pub crl: Option<PathBuf>,
    /// What is spoken, as clients ask for it (RFC 7301).
    pub protocols: Vec<Vec<u8>>,
}

/// Why they cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MutualError {
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

/// The octets of all files.
pub struct MutualContents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
    crl: Option<Vec<u8>>,
}

impl Material for Mutual {
    type Contents = MutualContents;
    type Config = ServerConfig;
    type Error = MutualError;

    fn read(&self) -> Result<MutualContents, MutualError> {
        let file =
            |path: &PathBuf| fs::read(path).map_err(|error| FileError::unusable(path, error));
        Ok(MutualContents {
            certificate: file(&self.certificate)?,
            key: file(&self.key)?,
            ca: file(&self.ca)?,
            crl: self.crl.as_ref().map(file).transpose()?,
        })
    }

    fn octets(contents: &MutualContents) -> Vec<&[u8]> {
        let MutualContents { certificate, key, ca, crl } = contents;
        vec![certificate, key, ca, crl.as_deref().unwrap_or_default()]
    }

    fn build(&self, contents: &MutualContents) -> Result<ServerConfig, MutualError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = private_key(&self.key, &contents.key)?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(self.verifier(contents)?)
            .with_single_cert(chain, key)?;
        config.alpn_protocols.clone_from(&self.protocols);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

impl Mutual {
    /// Reads the files as the server would, and says until when which certificates are valid.
    ///
    /// # Errors
    /// What keeps the server, or its clients, from using them at `now`.
    pub fn inspect(&self, now: Timestamp) -> Result<String, MutualError> {
        let contents = self.read()?;
        self.build(&contents)?;
        let own = validity(&self.certificate, &contents.certificate, now)?.text;
        let ca = validity(&self.ca, &contents.ca, now)?.text;
        let crl = if self.crl.is_some() { "with" } else { "without" };
        Ok(format!("certificate until {own}, CA until {ca}, {crl} revocation lists"))
    }

    fn verifier(
        &self,
        contents: &MutualContents,
    ) -> Result<Arc<dyn ClientCertVerifier>, MutualError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.ca, &contents.ca)? {
            roots.add(certificate).map_err(|error| FileError::unusable(&self.ca, error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let (Some(path), Some(octets)) = (&self.crl, &contents.crl) {
            let lists: Result<Vec<_>, _> =
                CertificateRevocationListDer::pem_slice_iter(octets).collect();
            let lists = lists.map_err(|error| FileError::unusable(path, error))?;
            verifier = verifier.with_crls(lists);
        }
        Ok(verifier.build()?)
    }
}
