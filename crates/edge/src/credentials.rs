//! What the centre has issued to this gateway, as `sabeel --json nas add` prints it.

use std::io;
use std::path::{Path, PathBuf};

use domain::{NasName, Secret};
use serde::Deserialize;

/// By what the centre knows this gateway, and how it trusts it.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    access_point: AccessPoint,
    secret: Secret,
    hand_off_secret: Secret,
}

#[derive(Debug, Clone, Deserialize)]
struct AccessPoint {
    name: NasName,
    portal_path: Secret,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is not what `sabeel --json nas add` prints for the profile `sabeel`: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong; never a value.
        reason: String,
    },
}

impl Credentials {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When there is none, or it is something else.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CredentialsError::Unreadable { path: path.to_owned(), source })?;
        serde_json::from_str(&text).map_err(|error| {
            let reason = error.to_string();
            CredentialsError::Malformed { path: path.to_owned(), reason }
        })
    }

    /// The name of the gateway: NAS-Identifier.
    #[must_use]
    pub const fn name(&self) -> &NasName {
        &self.access_point.name
    }

    /// The secret shared with the RADIUS servers.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What signs the redirect.
    pub(crate) const fn redirect_secret(&self) -> &Secret {
        &self.hand_off_secret
    }

    /// The path segment by which our visitors reach the portal.
    pub(crate) fn portal_path(&self) -> &str {
        self.access_point.portal_path.expose()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn credentials() -> Credentials {
        serde_json::from_str(
            r#"{
                "access_point": {"name": "gate", "portal_path": "abcdefgh", "site": "park"},
                "secret": "shared-secret-of-the-gate",
                "hand_off_secret": "redirect-secret",
                "notes": []
            }"#,
        )
        .unwrap()
    }

    #[test]
    fn what_nas_add_prints_is_understood_and_kept_secret() {
        let credentials = credentials();
        assert_eq!(credentials.name().as_str(), "gate");
        assert_eq!(credentials.portal_path(), "abcdefgh");
        let shown = format!("{credentials:?}");
        for secret in ["shared-secret", "redirect-secret", "abcdefgh"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn another_file_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gate.json");
        assert!(matches!(Credentials::read(&path), Err(CredentialsError::Unreadable { .. })));
        std::fs::write(&path, r#"{"secret": "shared-secret"}"#).unwrap();
        let error = Credentials::read(&path).unwrap_err().to_string();
        assert!(error.contains("access_point") && !error.contains("shared-secret"), "{error}");
    }
}
