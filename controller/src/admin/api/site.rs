//! Sites as they travel.

use domain::{
    Country, GardenHost, HelpNumbers, Language, Localised, Look, Notice, OfficePath, OfficeState,
    OpeningHours, PlanName, RatePair, Site, SiteLimits, SiteName, SiteTexts, Timestamp, WebAddress,
    Zone, is_showable,
};
use serde::{Deserialize, Serialize};

/// As many characters of a title as a page has room for.
const LONGEST_TITLE: usize = 60;

/// As many languages as a page has room to offer.
const MOST_LANGUAGES: usize = 6;

/// As many hosts as access points take without trouble.
const LARGEST_GARDEN: usize = 16;

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
    /// The page about the place that phones offer (RFC 8908); without one, the portal's.
    #[serde(default)]
    pub venue: Option<WebAddress>,
    /// Where visitors find help; a number that is not given is the portal's.
    #[serde(default)]
    pub help: HelpNumbers,
    /// Whether every page says that the service is on trial.
    #[serde(default)]
    pub trial: bool,
    /// Whether many are expected at once, so that more messages may be sent.
    #[serde(default)]
    pub event: bool,
    /// What every page says at the moment: `office-backup` or `internet-down`.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// Its mark, as SVG path data in a square of 40 by 40, and its colours, as `#rrggbb`.
    #[serde(default)]
    pub look: Look,
    /// Texts in words of its own, by key and language.
    #[serde(default)]
    pub texts: SiteTexts,
    /// When it lets visitors online, such as `["sun-thu 16:00-01:00"]`; always if there is none.
    #[serde(default)]
    pub hours: OpeningHours,
    /// Languages of its pages, its own first, such as `["ar", "en"]`; all that there are if there
    /// is none.
    #[serde(default)]
    pub languages: Vec<Language>,
    /// How many devices may be online before the next visitor has to wait; `null` is no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Hosts that its visitors may reach before they sign in, besides the portal.
    #[serde(default)]
    pub garden: Vec<GardenHost>,
    /// What bounds its messages, by the name of the setting, where that is not what holds for all
    /// sites: `{"sends-per-site": 300}`.
    #[serde(default)]
    pub limits: SiteLimits,
    /// The office that comes to the path of its visitors, such as `hofuf/radio`.
    #[serde(default)]
    pub office: Option<OfficePath>,
    /// The speed of a device while that office is there, where access points break out by themselves.
    #[serde(default)]
    pub office_speed: Option<RatePair>,
    /// Since when that office has been there; nobody sets it.
    #[serde(default)]
    pub office_since: Option<Timestamp>,
}

impl From<Site> for SiteView {
    fn from(site: Site) -> Self {
        Self {
            name: site.name,
            title: site.title,
            zone: site.zone,
            plan: site.plan,
            countries: site.countries,
            venue: site.venue,
            help: site.help,
            trial: site.trial,
            event: site.event,
            notice: site.notice,
            look: site.look,
            texts: site.texts,
            hours: site.hours,
            languages: site.languages,
            capacity: site.capacity,
            garden: site.garden,
            limits: site.limits,
            office_since: site.office_state.need.map(|need| need.since),
            office: site.office,
            office_speed: site.office_speed,
        }
    }
}

impl TryFrom<SiteView> for Site {
    type Error = String;

    fn try_from(view: SiteView) -> Result<Self, String> {
        let site = Self {
            name: view.name,
            title: view.title,
            zone: view.zone,
            plan: view.plan,
            countries: view.countries,
            venue: view.venue,
            help: view.help,
            trial: view.trial,
            event: view.event,
            notice: view.notice,
            look: view.look,
            texts: view.texts,
            hours: view.hours,
            languages: view.languages,
            capacity: view.capacity,
            garden: view.garden,
            limits: view.limits,
            office: view.office,
            office_speed: view.office_speed,
            office_state: OfficeState::default(),
        };
        sensible(&site)?;
        Ok(site)
    }
}

/// Whether a site as it would be has what its pages need, and no more than they have room for.
pub(super) fn sensible(site: &Site) -> Result<(), String> {
    let mut titles = site.title.iter().map(|(_, text)| text).peekable();
    if titles.peek().is_none() {
        return Err("title has no text in any language".to_owned());
    }
    let fits = |text: &str| {
        (1..=LONGEST_TITLE).contains(&text.trim().chars().count()) && is_showable(text)
    };
    if !titles.all(fits) {
        return Err(format!(
            "title needs 1 to {LONGEST_TITLE} characters in each language, and no marks of direction"
        ));
    }
    if site.capacity == Some(0) {
        return Err("capacity is 0, so nobody could be online".to_owned());
    }
    let mut languages = site.languages.clone();
    languages.sort_unstable();
    languages.dedup();
    if languages.len() != site.languages.len() || languages.len() > MOST_LANGUAGES {
        return Err(format!("languages has one twice, or more than {MOST_LANGUAGES}"));
    }
    if site.garden.len() > LARGEST_GARDEN {
        return Err(format!("garden has more than {LARGEST_GARDEN} hosts"));
    }
    site.texts.check().map_err(|error| error.to_string())?;
    site.limits.check().map_err(|error| error.to_string())?;
    let speed = site.office_speed;
    if speed.is_some_and(|speed| speed.down.is_none() && speed.up.is_none()) {
        return Err("office_speed names no speed".to_owned());
    }
    if site.office_speed.is_some() && site.office.is_none() {
        return Err("office_speed needs an office beside which it counts".to_owned());
    }
    if site.countries.is_empty() {
        return Err("countries is empty, so nobody could sign in".to_owned());
    }
    Ok(())
}
