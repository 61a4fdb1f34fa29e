//! Consent: proof of what a person agreed to, where and in which words.

use serde::Serialize;

use crate::{AccountId, Language, SiteName, Timestamp};

/// That a person accepted the terms of use, kept as proof (PDPL regulations, Art. 11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Who accepted.
    pub account: AccountId,
    /// Which version of the text stood on the page.
    pub terms_version: String,
    /// In which language it was read.
    pub language: Language,
    /// At which site.
    pub site: SiteName,
    /// When.
    pub given_at: Timestamp,
}
