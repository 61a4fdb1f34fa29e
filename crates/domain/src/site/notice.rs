//! What every visitor of a site must know at the moment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A state of things that every page tells, until it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Offices use the site's network, so visitors have less of it.
    OfficeBackup,
    /// The site's way to the internet is broken.
    InternetDown,
}

/// Why a text is no [`Notice`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a notice is office-backup or internet-down, not `{0}`")]
pub struct NoticeError(String);

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 2] = [Self::OfficeBackup, Self::InternetDown];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfficeBackup => "office-backup",
            Self::InternetDown => "internet-down",
        }
    }
}

impl FromStr for Notice {
    type Err = NoticeError;

    fn from_str(text: &str) -> Result<Self, NoticeError> {
        let known = Self::ALL.into_iter().find(|notice| notice.as_str() == text);
        known.ok_or_else(|| NoticeError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
