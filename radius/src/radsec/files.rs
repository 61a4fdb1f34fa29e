//! Certificate, key, CAs and revocation lists: read from files, and read again when they change.
//!
//! Both sides prove themselves, always (RFC 6614 §2.3). Nothing is resumed, so that every
//! connection proves itself anew, and there is no early data. A connection that is open stays so
//! when the files change; a change that cannot be used leaves what was there before.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::Timestamp;
use radius_proto::radsec::Version;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::settings::RadsecSettings;

/// Why RADIUS over TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RadsecError {
    /// A file is missing, or is no PEM file of its kind.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate is not valid now.
    #[error("a certificate in {path} is valid from {from} until {until}")]
    NotValidNow {
        /// The file.
        path: PathBuf,
        /// When it begins.
        from: String,
        /// When it ends.
        until: String,
    },
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// CAs and revocation lists do not go together.
    #[error("the CAs cannot be used: {0}")]
    Ca(#[from] VerifierBuilderError),
}

/// The octets of all files.
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
    crl: Option<Vec<u8>>,
}

/// What a handshake needs, as it is now.
pub(super) struct Files {
    settings: RadsecSettings,
    config: ArcSwap<ServerConfig>,
    /// Of the files when they were looked at last, usable or not.
    digest: Mutex<[u8; 32]>,
}

impl Files {
    /// Reads the files.
    pub(super) fn open(settings: &RadsecSettings) -> Result<Self, RadsecError> {
        let contents = read(settings)?;
        Ok(Self {
            settings: settings.clone(),
            config: ArcSwap::from_pointee(config(settings, &contents)?),
            digest: Mutex::new(contents.digest()),
        })
    }

    /// What the next handshake uses.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Looks at the files now and then until `stop` is cancelled.
    pub(super) async fn follow(&self, stop: CancellationToken) {
        let every = Duration::from_secs(self.settings.reload_seconds);
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            match self.reload() {
                Ok(true) => tracing::info!("certificates of RADIUS/TLS are read again"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "radsec.files: the former stay in use"),
            }
        }
    }

    /// Takes the files into use if they changed; returns whether they did.
    fn reload(&self) -> Result<bool, RadsecError> {
        let contents = read(&self.settings)?;
        let digest = contents.digest();
        let mut known = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == digest {
            return Ok(false);
        }
        *known = digest;
        self.config.store(Arc::new(config(&self.settings, &contents)?));
        Ok(true)
    }
}

impl RadsecSettings {
    /// Reads the files as the server would, and says until when which certificates are valid.
    ///
    /// # Errors
    /// What keeps the server, or access points, from using them at `now`.
    pub fn inspect(&self, now: Timestamp) -> Result<String, RadsecError> {
        let contents = read(self)?;
        config(self, &contents)?;
        let own = validity(&self.certificate, &contents.certificate, now)?;
        let ca = validity(&self.ca, &contents.ca, now)?;
        let crl = if self.crl.is_some() { "with" } else { "without" };
        Ok(format!("certificate until {own}, CA until {ca}, {crl} revocation lists"))
    }
}

impl Contents {
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let crl = self.crl.as_deref().unwrap_or_default();
        for file in [&self.certificate, &self.key, &self.ca, crl] {
            hash.update(Sha256::digest(file));
        }
        hash.finalize().into()
    }
}

fn read(settings: &RadsecSettings) -> Result<Contents, RadsecError> {
    let file = |path: &PathBuf| fs::read(path).map_err(|error| unusable(path, error.to_string()));
    Ok(Contents {
        certificate: file(&settings.certificate)?,
        key: file(&settings.key)?,
        ca: file(&settings.ca)?,
        crl: settings.crl.as_ref().map(file).transpose()?,
    })
}

fn config(settings: &RadsecSettings, contents: &Contents) -> Result<ServerConfig, RadsecError> {
    let chain = certificates(&settings.certificate, &contents.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&contents.key)
        .map_err(|error| unusable(&settings.key, error.to_string()))?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier(settings, contents)?)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = Version::ALPN.map(<[u8]>::to_vec).into();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn verifier(
    settings: &RadsecSettings,
    contents: &Contents,
) -> Result<Arc<dyn ClientCertVerifier>, RadsecError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&settings.ca, &contents.ca)? {
        roots.add(certificate).map_err(|error| unusable(&settings.ca, error.to_string()))?;
    }
    let provider = Arc::new(ring::default_provider());
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if let (Some(path), Some(octets)) = (&settings.crl, &contents.crl) {
        let lists: Result<Vec<_>, _> =
            CertificateRevocationListDer::pem_slice_iter(octets).collect();
        let lists = lists.map_err(|error| unusable(path, error.to_string()))?;
        verifier = verifier.with_crls(lists);
    }
    Ok(verifier.build()?)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, RadsecError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| unusable(path, error.to_string()))?;
    if found.is_empty() {
        return Err(unusable(path, "there is no certificate in it".to_owned()));
    }
    Ok(found)
}

/// Until when the certificates of a file are valid: the earliest end among them.
fn validity(path: &Path, pem: &[u8], now: Timestamp) -> Result<String, RadsecError> {
    let mut earliest: Option<(i64, String)> = None;
    for der in certificates(path, pem)? {
        let (_, parsed) =
            X509Certificate::from_der(&der).map_err(|error| unusable(path, error.to_string()))?;
        let validity = parsed.validity();
        let (from, until) = (validity.not_before, validity.not_after);
        let now = now.as_millis() / 1_000;
        if !(from.timestamp()..=until.timestamp()).contains(&now) {
            let (from, until) = (from.to_string(), until.to_string());
            return Err(RadsecError::NotValidNow { path: path.to_owned(), from, until });
        }
        if earliest.as_ref().is_none_or(|(end, _)| until.timestamp() < *end) {
            earliest = Some((until.timestamp(), until.to_string()));
        }
    }
    Ok(earliest.map(|(_, until)| until).unwrap_or_default())
}

fn unusable(path: &Path, reason: String) -> RadsecError {
    RadsecError::File { path: path.to_owned(), reason }
}
