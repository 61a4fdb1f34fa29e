//! The first page as whoever has typed nothing sees it, remembered with gaps.
//!
//! It is the page that a crowd of phones asks for at once, and it is the same for all of them at
//! one site, in one language, and with one login page to go back to, but for the token of the visit.

use std::sync::Arc;
use std::time::Duration;

use domain::{Language, SiteName};
use store::{Memory, Version};

use crate::server::Prepared;

/// Sites, languages, and login pages.
const PAGES: usize = 1_000;
/// For how long one is remembered at most, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(60);

/// What makes one page another one, the token aside: last where its forms may lead.
pub(crate) type Kind = (SiteName, Language, String);

/// The pages that were shown.
pub(crate) struct FirstPages(Memory<Kind, (Version, Arc<Prepared>)>);

impl FirstPages {
    pub(crate) fn new() -> Self {
        Self(Memory::new(PAGES, LASTS))
    }

    /// The page, if it was shown at that version of setup.
    pub(crate) fn get(&self, kind: &Kind, version: Version) -> Option<Arc<Prepared>> {
        self.0.get(kind).filter(|(of, _)| *of == version).map(|(_, page)| page)
    }

    /// Remembers the page as it is at that version of setup.
    pub(crate) fn insert(&self, kind: Kind, version: Version, page: Arc<Prepared>) {
        self.0.insert(kind, (version, page));
    }
}
