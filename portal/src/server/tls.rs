//! TLS for the encrypted address: certificate, key and OCSP response from files, which are read
//! again when they change. Connections that are open stay so.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use certificates::ocsp::Good;
use certificates::{
    FileError, Followed, Material, Validity, certificates, names, private_key, validity,
};
use domain::Clock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::settings::{PortalSettings, TlsSettings};

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// The certificate is for other names.
    #[error("{path} is for {names}, but secure-url is for {host}")]
    Name {
        /// The file.
        path: PathBuf,
        /// The names in it.
        names: String,
        /// The name that visitors use.
        host: String,
    },
}

/// The files, and what a handshake needs of them.
pub(crate) type TlsFiles = Followed<Pair>;

/// Where certificate and key are, and the clock by which an OCSP response is outdated.
pub(crate) struct Pair {
    pub settings: TlsSettings,
    pub clock: Arc<dyn Clock>,
}

/// The octets of all files.
pub(crate) struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    /// Empty without one.
    ocsp: Vec<u8>,
}

impl Material for Pair {
    type Contents = Contents;
    type Config = ServerConfig;
    type Error = TlsError;

    fn read(&self) -> Result<Contents, TlsError> {
        let TlsSettings { cert, key, ocsp, .. } = &self.settings;
        let ocsp = ocsp.as_ref().map(file).transpose();
        Ok(Contents {
            cert: file(cert)?,
            key: file(key)?,
            // Whoever fetches it may not have done so yet; visitors need the certificate.
            ocsp: ocsp.unwrap_or_else(without).unwrap_or_default(),
        })
    }

    fn octets(contents: &Contents) -> Vec<&[u8]> {
        let Contents { cert, key, ocsp } = contents;
        vec![cert, key, ocsp]
    }

    fn build(&self, contents: &Contents) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.settings.cert, &contents.cert)?;
        let stapled = self.settings.staple(contents, &chain).unwrap_or_else(without);
        let key = private_key(&self.settings.key, &contents.key)?;
        let bare = CertifiedKey::from_der(chain, key, &provider)?;
        let shown = Shown {
            stapled: stapled.map(|good| {
                let ocsp = Some(contents.ocsp.clone());
                (good, Arc::new(CertifiedKey { ocsp, ..bare.clone() }))
            }),
            bare: Arc::new(bare),
            clock: Arc::clone(&self.clock),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn file(path: &PathBuf) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| FileError::unusable(path, error))
}

/// Goes on without an OCSP response: it only spares phones a question.
fn without<T: Default>(error: FileError) -> T {
    tracing::warn!(%error, "no OCSP response is sent");
    T::default()
}

impl TlsSettings {
    /// What the CA says, if it is to be sent.
    fn staple(
        &self,
        contents: &Contents,
        chain: &[CertificateDer<'_>],
    ) -> Result<Option<Good>, FileError> {
        match (&self.ocsp, chain.first()) {
            (Some(path), Some(own)) if !contents.ocsp.is_empty() => {
                Good::read(path, &contents.ocsp, own).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The certificate that clients are shown, with the OCSP response while it holds.
struct Shown {
    bare: Arc<CertifiedKey>,
    stapled: Option<(Good, Arc<CertifiedKey>)>,
    clock: Arc<dyn Clock>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let stapled = self.stapled.as_ref().filter(|(good, _)| good.holds(self.clock.now()));
        Some(Arc::clone(stapled.map_or(&self.bare, |(_, with)| with)))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("stapled", &self.stapled.is_some()).finish_non_exhaustive()
    }
}

/// What was found out about the files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsReport {
    /// Until when the certificate, and those above it, are valid.
    pub certificate: Validity,
    /// Until when the OCSP response holds, if one is set.
    pub ocsp: Option<Validity>,
}

impl PortalSettings {
    /// Reads the files of TLS as the portal would; `None` if it serves none.
    ///
    /// # Errors
    /// What keeps the portal, or visitors, from using them now.
    pub fn inspect_tls(&self, clock: Arc<dyn Clock>) -> Result<Option<TlsReport>, TlsError> {
        let now = clock.now();
        let Some(settings) = &self.tls else { return Ok(None) };
        let pair = Pair { settings: settings.clone(), clock };
        let contents = pair.read()?;
        pair.build(&contents)?;
        let chain = certificates(&settings.cert, &contents.cert)?;
        self.check_name(settings, &chain)?;
        let certificate = validity(&settings.cert, &contents.cert, now)?;
        let ocsp = match &settings.ocsp {
            Some(path) => {
                file(path)?;
                let good = settings.staple(&contents, &chain)?;
                good.map(|good| good.validity(path, now)).transpose()?
            }
            None => None,
        };
        Ok(Some(TlsReport { certificate, ocsp }))
    }

    fn check_name(
        &self,
        settings: &TlsSettings,
        chain: &[CertificateDer<'_>],
    ) -> Result<(), TlsError> {
        let secure = self.secure_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        let Some(host) = secure.as_ref().and_then(|url| url.host_str()) else { return Ok(()) };
        let names = chain.first().map(names).unwrap_or_default();
        if names.iter().any(|name| is_for(name, host)) {
            return Ok(());
        }
        let (path, names) = (settings.cert.clone(), names.join(", "));
        Err(TlsError::Name { path, names, host: host.to_owned() })
    }
}

/// Whether a certificate's name covers a host; `*` stands for one label (RFC 6125 §6.4.3).
fn is_for(name: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        for (name, host, covered) in [
            ("portal.example", "Portal.Example", true),
            ("*.example", "portal.example", true),
            ("*.example", "a.portal.example", false),
            ("*.example", "example", false),
            ("other.example", "portal.example", false),
        ] {
            assert_eq!(is_for(name, host), covered, "{name} {host}");
        }
    }
}
