//! What can be set about the way to the centre, and its files of TLS.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use certificates::{FileError, Material, certificates, private_key};
use link::policy::PublicKey;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use url::Url;

use super::super::settings::LinksSettingsError;
use super::exchange::CentreError;
use crate::settings::within;

/// The section `[links.centre]` of the configuration file; without it the centre is told nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CentreSettings {
    /// Where the centre listens for agents of links: `https://`, a host and a port.
    pub url: Url,
    /// PEM file with the CAs by which the centre is known. The system's are never trusted.
    pub ca: PathBuf,
    /// PEM file with the certificate of this agent, whose name (a DNS name) is `site`, and those between
    /// it and its CA.
    pub certificate: PathBuf,
    /// PEM file with the key of that certificate.
    pub key: PathBuf,
    /// The file in which is kept how each path was until the centre has it; default
    /// `/var/lib/sabeel/link-cells.jsonl`.
    #[serde(default = "default_cells")]
    pub cells: PathBuf,
    /// How much of that is kept at most, in MB; 5 to 10,000, default 250: three days of eight paths, two
    /// weeks of two.
    #[serde(default = "default_keep")]
    pub keep_mb: u64,
    /// By which key policies of this office are known: what `sabeel link policy keygen` prints. Without it
    /// nothing is taken from the centre.
    pub policy_key: Option<PublicKey>,
    /// The file in which the last policy is kept; default `/var/lib/sabeel/link-policy.json`.
    #[serde(default = "default_policy")]
    pub policy: PathBuf,
}

impl CentreSettings {
    pub(in crate::links) fn validate(&self) -> Result<(), LinksSettingsError> {
        within("centre.keep-mb", self.keep_mb, 5, 10_000)?;
        let is_plain = matches!(self.url.path(), "" | "/") && self.url.query().is_none();
        let is_open = self.url.username().is_empty() && self.url.password().is_none();
        if self.url.scheme() != "https" || self.url.host_str().is_none() || !(is_plain && is_open) {
            return Err(LinksSettingsError::Url(self.url.to_string()));
        }
        Ok(())
    }
}

fn default_cells() -> PathBuf {
    "/var/lib/sabeel/link-cells.jsonl".into()
}

fn default_policy() -> PathBuf {
    "/var/lib/sabeel/link-policy.json".into()
}

const fn default_keep() -> u64 {
    250
}

/// The octets of all files.
pub struct Contents {
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Material for CentreSettings {
    type Contents = Contents;
    type Config = ClientConfig;
    type Error = CentreError;

    fn read(&self) -> Result<Contents, CentreError> {
        let file =
            |path: &PathBuf| fs::read(path).map_err(|error| FileError::unusable(path, error));
        Ok(Contents {
            ca: file(&self.ca)?,
            certificate: file(&self.certificate)?,
            key: file(&self.key)?,
        })
    }

    fn octets(Contents { ca, certificate, key }: &Contents) -> Vec<&[u8]> {
        vec![ca, certificate, key]
    }

    fn build(&self, contents: &Contents) -> Result<ClientConfig, CentreError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.ca, &contents.ca)? {
            roots.add(certificate).map_err(|error| FileError::unusable(&self.ca, error))?;
        }
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = private_key(&self.key, &contents.key)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}
