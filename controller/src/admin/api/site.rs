//! Sites as they travel.

use domain::{Country, Localised, PlanName, Site, SiteName, Zone};
use serde::{Deserialize, Serialize};

/// A place with visitors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteView {
    /// The site's name.
    pub name: SiteName,
    /// What visitors read, by language: `{"ar": "الممشى", "en": "Walkway"}`.
    pub title: Localised,
    /// Where the site's day begins and ends, such as `Asia/Riyadh`.
    pub zone: Zone,
    /// What its visitors may use.
    pub plan: PlanName,
    /// Countries whose mobile numbers may sign in: `sa`, `ae`, `kw`, `bh`, `qa`, `om`.
    pub countries: Vec<Country>,
}

impl From<Site> for SiteView {
    fn from(site: Site) -> Self {
        let Site { name, title, zone, plan, countries } = site;
        Self { name, title, zone, plan, countries }
    }
}

impl TryFrom<SiteView> for Site {
    type Error = String;

    fn try_from(view: SiteView) -> Result<Self, String> {
        let SiteView { name, title, zone, plan, countries } = view;
        if title.iter().next().is_none() || title.iter().any(|(_, text)| text.trim().is_empty()) {
            return Err("title has no text in one of its languages".to_owned());
        }
        if countries.is_empty() {
            return Err("countries is empty, so nobody could sign in".to_owned());
        }
        Ok(Self { name, title, zone, plan, countries })
    }
}
