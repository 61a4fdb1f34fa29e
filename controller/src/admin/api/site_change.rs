//! Changes to a site as they travel: what is left out stays as it is.

use std::collections::BTreeMap;

use domain::{
    Colours, Country, DialNumber, GardenHost, HelpNumbers, Language, Logo, Notice, OfficePath,
    OfficeState, OpeningHours, PlanName, RatePair, Site, SiteLimit, TextKey, WebAddress, Zone,
};
use serde::{Deserialize, Serialize};

use super::access_point_change::given;
use super::site::sensible;

/// What to change about a site; `null` takes away what need not be there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSite {
    /// Texts of the title by language; the title stays as it is in other languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub title: BTreeMap<Language, Option<String>>,
    /// Where the site's day begins and ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// What its visitors may use; counts for whoever signs in from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanName>,
    /// Countries whose mobile numbers may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<Country>>,
    /// The page about the place that phones offer.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub venue: Option<Option<WebAddress>>,
    /// Where visitors find help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<ChangeHelp>,
    /// Whether every page says that the service is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<bool>,
    /// Whether many are expected at once, so that more messages may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<bool>,
    /// What every page says at the moment.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub notice: Option<Option<Notice>>,
    /// Its mark: SVG path data in a square of 40 by 40.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub logo: Option<Option<Logo>>,
    /// Its colours.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub colours: Option<Option<Colours>>,
    /// Texts by key and language; with `null` the portal's own is said again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<TextKey, BTreeMap<Language, Option<String>>>,
    /// When it lets visitors online; `[]` for always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<OpeningHours>,
    /// Languages of its pages, its own first; `[]` for all that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<Language>>,
    /// How many devices may be online before the next visitor has to wait.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Option<u32>>,
    /// Hosts that its visitors may reach before they sign in; `[]` for none but the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub garden: Option<Vec<GardenHost>>,
    /// What bounds its messages, by the name of the setting; with `null` what holds for all sites
    /// holds here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<SiteLimit, Option<u32>>,
    /// The office that comes to the path of its visitors, such as `hofuf/radio`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub office: Option<Option<OfficePath>>,
    /// The speed of a device while that office is there, where access points break out by themselves.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub office_speed: Option<Option<RatePair>>,
}

/// What to change about a site's help numbers; `null` leaves the portal's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeHelp {
    /// The municipality's unified number.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub unified: Option<Option<DialNumber>>,
    /// The number for WhatsApp.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<Option<DialNumber>>,
    /// The number for reports to the municipality.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub reports: Option<Option<DialNumber>>,
}

impl ChangeSite {
    /// Changes what is named.
    ///
    /// # Errors
    /// Why the site would make no sense then, in one sentence; it may be changed in part.
    pub(in crate::admin) fn apply(&self, site: &mut Site) -> Result<(), String> {
        for (language, text) in &self.title {
            let title = std::mem::take(&mut site.title);
            site.title = match text {
                Some(text) => title.with(language.clone(), text),
                None => title.without(language),
            };
        }
        replace(&mut site.zone, self.zone.as_ref());
        replace(&mut site.plan, self.plan.as_ref());
        replace(&mut site.countries, self.countries.as_ref());
        replace(&mut site.venue, self.venue.as_ref());
        if let Some(help) = &self.help {
            help.apply(&mut site.help);
        }
        replace(&mut site.trial, self.trial.as_ref());
        replace(&mut site.event, self.event.as_ref());
        replace(&mut site.notice, self.notice.as_ref());
        replace(&mut site.hours, self.hours.as_ref());
        replace(&mut site.languages, self.languages.as_ref());
        replace(&mut site.capacity, self.capacity.as_ref());
        replace(&mut site.garden, self.garden.as_ref());
        replace(&mut site.look.logo, self.logo.as_ref());
        replace(&mut site.look.colours, self.colours.as_ref());
        for (key, texts) in &self.texts {
            for (language, text) in texts {
                match text {
                    Some(text) => site.texts.put(*key, language.clone(), text),
                    None => site.texts.take_away(*key, language),
                }
            }
        }
        for (limit, value) in &self.limits {
            site.limits.put(*limit, *value);
        }
        replace(&mut site.office_speed, self.office_speed.as_ref());
        self.move_beside_office(site);
        sensible(site)
    }

    /// What was heard of one office says nothing of another.
    fn move_beside_office(&self, site: &mut Site) {
        if let Some(office) = self.office.as_ref().filter(|office| **office != site.office) {
            site.office.clone_from(office);
            site.office_state = OfficeState::default();
        }
    }
}

impl ChangeHelp {
    fn apply(&self, help: &mut HelpNumbers) {
        replace(&mut help.unified, self.unified.as_ref());
        replace(&mut help.whatsapp, self.whatsapp.as_ref());
        replace(&mut help.reports, self.reports.as_ref());
    }
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}
