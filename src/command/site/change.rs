//! `sabeel site set`.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use clap::ValueEnum;
use controller::admin::api::{ChangeHelp, ChangeSite, SiteView};
use domain::{Language, Logo, OpeningHours, Span, TextKey};

use super::show;
use crate::admin_client::AdminClient;
use crate::cli::{Clearable, SetSite};
use crate::output::{self, Format};

/// Changes what is given, and shows what has become of it.
pub(super) async fn set(admin: &AdminClient, format: Format, set: SetSite) -> anyhow::Result<()> {
    let path = format!("/v1/sites/{}", set.name);
    let site: SiteView = admin.patch(&path, &request(set)?).await?;
    output::show(format, &site, &show::fields(&site))
}

fn request(set: SetSite) -> anyhow::Result<ChangeSite> {
    let clear = Clear(set.clear);
    let help = ChangeHelp {
        unified: clear.or(Clearable::Unified, set.unified)?,
        whatsapp: clear.or(Clearable::Whatsapp, set.whatsapp)?,
        reports: clear.or(Clearable::Reports, set.reports)?,
    };
    Ok(ChangeSite {
        title: set.title.into_iter().map(|(language, text)| (language, filled(text))).collect(),
        zone: set.zone,
        plan: set.plan,
        countries: filled_list(set.countries),
        venue: clear.or(Clearable::Venue, set.venue)?,
        help: Some(help).filter(|help| *help != ChangeHelp::default()),
        trial: set.trial,
        event: set.event,
        notice: clear.or(Clearable::Notice, set.notice)?,
        logo: clear.or(Clearable::Logo, set.logo.map(logo).transpose()?)?,
        colours: clear.or(Clearable::Colours, set.colours)?,
        texts: texts(set.text)?,
        languages: clear
            .or(Clearable::Languages, filled_list(set.languages))?
            .map(Option::unwrap_or_default),
        garden: clear
            .or(Clearable::Garden, filled_list(set.garden))?
            .map(Option::unwrap_or_default),
        capacity: clear.or(Clearable::Capacity, set.capacity)?,
        office: clear.or(Clearable::Office, set.office)?,
        office_speed: clear.or(Clearable::OfficeSpeed, set.office_speed)?,
        limits: set.limit.into_iter().collect(),
        hours: hours(clear.or(Clearable::Hours, filled_list(set.hours))?)?,
    })
}

/// No hours are no closing.
fn hours(given: Option<Option<Vec<Span>>>) -> anyhow::Result<Option<OpeningHours>> {
    Ok(given.map(|hours| hours.unwrap_or_default().try_into()).transpose()?)
}

fn logo(given: String) -> anyhow::Result<Logo> {
    Ok(read(given)?.parse()?)
}

fn texts(
    given: Vec<(TextKey, Language, String)>,
) -> anyhow::Result<BTreeMap<TextKey, BTreeMap<Language, Option<String>>>> {
    let mut texts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (key, language, text) in given {
        texts.entry(key).or_default().insert(language, filled(read(text)?));
    }
    Ok(texts)
}

/// What is given, or what is in the file of that name behind `@`; what ends its last line is no
/// part of it.
fn read(given: String) -> anyhow::Result<String> {
    let Some(path) = given.strip_prefix('@') else { return Ok(given) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    Ok(text.trim_end().to_owned())
}

/// What is to be taken away.
struct Clear(Vec<Clearable>);

impl Clear {
    /// A new value, or that there shall be none, or nothing about it.
    fn or<T>(&self, what: Clearable, value: Option<T>) -> anyhow::Result<Option<Option<T>>> {
        match (self.0.contains(&what), value) {
            (true, Some(_)) => {
                let name = what.to_possible_value();
                let name = name.as_ref().map_or("", |name| name.get_name());
                bail!("--{name} gives what --clear {name} takes away")
            }
            (true, None) => Ok(Some(None)),
            (false, value) => Ok(value.map(Some)),
        }
    }
}

/// A list, unless it is empty.
fn filled_list<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// A text, unless it is empty.
fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
