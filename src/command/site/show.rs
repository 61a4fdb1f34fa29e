//! A site as it is printed.

use controller::admin::api::{RatingsView, SiteView};
use domain::{BitRate, GardenHost, Language, OpeningHours, RatePair, Span};

use crate::command::wording::or_dash;

/// Everything about a site, by name.
pub(super) fn fields(site: &SiteView) -> Vec<(&'static str, String)> {
    let countries: Vec<_> = site.countries.iter().map(|country| country.as_str()).collect();
    let mut fields = vec![("name", site.name.to_string())];
    fields.extend(
        site.title.iter().map(|(language, text)| ("title", format!("{text} ({language})"))),
    );
    fields.extend([
        ("plan", site.plan.to_string()),
        ("zone", site.zone.to_string()),
        ("countries", countries.join(", ")),
        ("venue", or_dash(site.venue.as_ref())),
        ("unified", or_dash(site.help.unified.as_ref())),
        ("whatsapp", or_dash(site.help.whatsapp.as_ref())),
        ("reports", or_dash(site.help.reports.as_ref())),
        ("trial", yes_or_no(site.trial).to_owned()),
        ("event", yes_or_no(site.event).to_owned()),
        ("notice", or_dash(site.notice)),
        ("logo", or_dash(site.look.logo.as_ref())),
        ("colours", or_dash(site.look.colours)),
        ("hours", hours(&site.hours)),
        ("languages", languages(&site.languages)),
        ("capacity", or_dash(site.capacity)),
        ("garden", garden(&site.garden)),
        ("office", office(site)),
        ("yielding", or_dash(site.office_speed.map(rates))),
    ]);
    let limits = site.limits.iter();
    fields.extend(limits.map(|(limit, value)| ("limit", format!("{limit} {value}"))));
    let texts = site.texts.iter();
    fields
        .extend(texts.map(|(key, language, text)| ("text", format!("{key}: {text} ({language})"))));
    fields
}

fn hours(hours: &OpeningHours) -> String {
    match hours.spans() {
        [] => "always".to_owned(),
        spans => spans.iter().map(Span::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn garden(hosts: &[GardenHost]) -> String {
    match hosts {
        [] => "-".to_owned(),
        some => some.iter().map(GardenHost::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn languages(languages: &[Language]) -> String {
    match languages {
        [] => "all".to_owned(),
        some => some.iter().map(Language::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn office(site: &SiteView) -> String {
    let office = or_dash(site.office.as_ref());
    match site.office_since {
        Some(since) => format!("{office}, there since {since}"),
        None => office,
    }
}

fn rates(rates: RatePair) -> String {
    let rate = |rate: Option<BitRate>| rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string());
    format!("{} down, {} up", rate(rates.down), rate(rates.up))
}

const fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// What visitors think of a site.
pub(super) fn ratings(ratings: &RatingsView) -> Vec<(&'static str, String)> {
    let scores =
        (1..).zip(ratings.scores).map(|(score, count): (u8, u64)| format!("{score}: {count}"));
    let mut fields = vec![
        ("ratings", format!("{} in {} day(s)", ratings.count, ratings.days)),
        ("mean", or_dash(ratings.mean.map(|mean| format!("{mean:.2}")))),
        ("4 or 5", or_dash(ratings.good_percent.map(|percent| format!("{percent} %")))),
        ("scores", scores.collect::<Vec<_>>().join(", ")),
    ];
    for reason in &ratings.reasons {
        fields.push(("reason", format!("{} at {}: {}", reason.score, reason.nas, reason.reason)));
    }
    fields
}
