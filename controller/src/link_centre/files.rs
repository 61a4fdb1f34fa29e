//! Certificate, key, CAs and revocation lists of the centre, read again when they change. Both sides
//! prove themselves, and nothing is resumed, so that every connection does so anew.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use certificates::{FileError, Material, certificates, private_key};
use rustls::crypto::ring;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use super::settings::LinkCentreSettings;

/// Why agents of links cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum LinkCentreError {
    /// A file is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// CAs and revocation lists do not go together.
    #[error("the CAs cannot be used: {0}")]
    Ca(#[from] VerifierBuilderError),
    /// Somebody else has the address, or it is none of ours.
    #[error("cannot listen on {at}")]
    Address {
        /// Which.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The octets of all files.
pub struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
    crl: Option<Vec<u8>>,
}

impl Material for LinkCentreSettings {
    type Contents = Contents;
    type Config = ServerConfig;
    type Error = LinkCentreError;

    fn read(&self) -> Result<Contents, LinkCentreError> {
        let file =
            |path: &PathBuf| fs::read(path).map_err(|error| FileError::unusable(path, error));
        Ok(Contents {
            certificate: file(&self.certificate)?,
            key: file(&self.key)?,
            ca: file(&self.ca)?,
            crl: self.crl.as_ref().map(file).transpose()?,
        })
    }

    fn octets(Contents { certificate, key, ca, crl }: &Contents) -> Vec<&[u8]> {
        vec![certificate, key, ca, crl.as_deref().unwrap_or_default()]
    }

    fn build(&self, contents: &Contents) -> Result<ServerConfig, LinkCentreError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.ca, &contents.ca)? {
            roots.add(certificate).map_err(|error| FileError::unusable(&self.ca, error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let mut agents =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        if let (Some(path), Some(octets)) = (&self.crl, &contents.crl) {
            let lists: Result<Vec<_>, _> =
                CertificateRevocationListDer::pem_slice_iter(octets).collect();
            let lists = lists.map_err(|error| FileError::unusable(path, error))?;
            agents = agents.with_crls(lists);
        }
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = private_key(&self.key, &contents.key)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(agents.build()?)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}
