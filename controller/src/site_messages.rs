//! Whether messages stay one each with what a site calls its network; whoever has a catalogue knows.

use domain::SiteTexts;

/// Looks at the messages that a site's visitors are sent.
pub trait SiteMessages: Send + Sync {
    /// Whether each goes out as one, in every language in which the site names its network.
    ///
    /// # Errors
    /// Which one does not, in one clause.
    fn check(&self, texts: &SiteTexts) -> Result<(), String>;
}
