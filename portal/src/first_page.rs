//! The first page as whoever has typed nothing sees it, remembered in pieces.
//!
//! It is the page that a crowd of phones asks for at once, and it is the same for all of them at
//! one site and in one language, but for the token of the visit.

use std::sync::Arc;
use std::time::Duration;

use domain::{Language, SiteName};
use store::{Memory, Version};

use crate::failure::Failure;

/// Sites and languages.
const PAGES: usize = 1_000;
/// For how long one is remembered at most, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(60);

/// What makes one page another one, the token aside.
type Kind = (SiteName, Language);
/// What stands before, between and after the tokens.
type Pieces = Arc<[String]>;

/// The pages that were shown.
pub(crate) struct FirstPages(Memory<Kind, (Version, Pieces)>);

impl FirstPages {
    pub(crate) fn new() -> Self {
        Self(Memory::new(PAGES, LASTS))
    }

    /// The page with that token at that version of setup; `make` makes it if it was not shown yet.
    pub(crate) fn page(
        &self,
        kind: Kind,
        version: Version,
        token: &str,
        make: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure> {
        if let Some((of, pieces)) = self.0.get(&kind)
            && of == version
        {
            return Ok(pieces.join(token));
        }
        let page = make()?;
        let pieces: Pieces = page.split(token).map(str::to_owned).collect();
        self.0.insert(kind, (version, pieces));
        Ok(page)
    }
}
