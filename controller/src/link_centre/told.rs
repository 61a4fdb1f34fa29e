//! All that the agent of a site told of a period, from the store.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::{Timestamp, Zone};
use link::report::{Cell, Event, PREFERRED, Tally};
use serde_json::Value;
use store::{LinkEventTold, LinkHistoryQuestion, LinkSite, LinkSpan, Store, StoreError};

use super::hearing::said;
use crate::links::history::{SiteTold, Told, Word, known};
use crate::links::report::DayQuality;
use crate::links::span::Span;

const EVENTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// Quarters of an hour of the longest month, and some more.
const QUARTERS: NonZeroU32 = NonZeroU32::new(3_000).expect("not zero");
const MINUTES: NonZeroU32 = NonZeroU32::new(15).expect("not zero");
/// How many quarters of a path are looked at minute by minute.
const MOST_LOOKED_AT: usize = 500;

/// How good the paths of a site were, by path and day of the month.
pub(super) type Qualities = BTreeMap<String, BTreeMap<u32, DayQuality>>;

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) zone: &'a Zone,
    pub(super) period: Span,
    pub(super) now: Timestamp,
}

/// What one site told.
pub(super) async fn of_site(
    site: &LinkSite,
    asked: Asked<'_>,
) -> Result<(SiteTold, Qualities), StoreError> {
    let mut told = SiteTold { paths: paths(site), ..SiteTold::default() };
    let mut after = 0;
    while after < site.events {
        let events = asked.store.list_link_events(&site.name, after, EVENTS_AT_ONCE).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        told.told.extend(events.iter().map(word).filter(|told| told.at < asked.now));
    }
    for one in &told.told {
        if let Word::Path { path, .. } = &one.word
            && !told.paths.contains(path)
        {
            told.paths.push(path.clone());
        }
    }
    let mut qualities = Qualities::new();
    for path in told.paths.clone() {
        let (first, cells) = cells(site, &path, asked).await?;
        if let Some(first) = first {
            told.since.insert(path.clone(), first);
        }
        qualities.insert(path.clone(), days(&cells, asked.zone));
        told.known.insert(path, watched(site, &cells, asked).await?);
    }
    Ok((told, qualities))
}

/// The paths of a site as its agent told, the preferred one first.
pub(super) fn paths(site: &LinkSite) -> Vec<String> {
    let state = site.state.as_ref().and_then(|(state, _)| serde_json::from_str(state).ok());
    let state: Value = state.unwrap_or_default();
    if let Some(order) = state.get("order").and_then(Value::as_array).filter(|of| !of.is_empty()) {
        return order.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let paths = state.get("paths").and_then(Value::as_array).into_iter().flatten();
    paths.filter_map(|path| path.get("name")?.as_str()).map(str::to_owned).collect()
}

fn word(kept: &LinkEventTold) -> Told {
    let event = serde_json::from_str::<Event>(&kept.event.line);
    let word = event.map_or(Word::Other, |event| word_of(&event));
    Told { at: kept.event.at, taken_at: kept.taken_at, word }
}

fn word_of(event: &Event) -> Word {
    let to = event.to.as_deref().unwrap_or_default();
    match (event.what.as_str(), &event.path, &event.target, &event.routes) {
        ("began", ..) => Word::Began,
        ("fitness", Some(path), ..) if to == "stale" => Word::Untried { path: path.clone() },
        ("drill", Some(path), ..) => Word::Exercise {
            backup: path.clone(),
            outcome: to.to_owned(),
            said: event.why.clone().unwrap_or_default(),
        },
        ("target", _, Some(target), _) if matches!(to, "up" | "down") => {
            Word::Target { target: target.clone(), answers: to == "up" }
        }
        ("bulk", Some(path), ..) => match event.carried_kbit {
            Some(kbit) => Word::Filled { path: path.clone(), kbit },
            None => Word::Other,
        },
        ("site", path, _, Some([_, rest])) if !event.dry_run => Word::Office {
            path: rest.clone(),
            preferred: match (to, event.code.as_deref()) {
                (_, Some(PREFERRED)) => path.clone(),
                ("primary" | "split", _) => Some(rest.clone()),
                _ => None,
            },
        },
        _ => match said(event).map(|said| said.what) {
            Some(link::cause::What::Path { path, now }) => Word::Path { path, now },
            _ => Word::Other,
        },
    }
}

/// When a path was heard of for the first time, and how it was in the period.
async fn cells(
    site: &LinkSite,
    path: &str,
    asked: Asked<'_>,
) -> Result<(Option<Timestamp>, Vec<Cell>), StoreError> {
    let Ok(path) = path.parse() else { return Ok((None, Vec::new())) };
    let whole = LinkHistoryQuestion {
        site: site.name.clone(),
        path: Some(path),
        span: LinkSpan::Quarter,
        from: Timestamp::from_millis(0),
        until: asked.now,
        most: NonZeroU32::MIN,
    };
    let first = asked.store.list_link_history(&whole).await?;
    let first = first.first().map(|cell| {
        // Of the span in which it began only the end is known.
        known([cell]).iter().next().map_or_else(|| begin_of(cell), |span| span.from)
    });
    let until = asked.period.until.min(asked.now);
    let period = LinkHistoryQuestion { from: asked.period.from, until, most: QUARTERS, ..whole };
    Ok((first, asked.store.list_link_history(&period).await?))
}

fn begin_of(cell: &Cell) -> Timestamp {
    Timestamp::from_millis(i64::try_from(cell.begin).unwrap_or(i64::MAX))
}

/// When a path was watched; a quarter in which it was not all the time is looked at by its minutes, as
/// long as these are kept.
async fn watched(
    site: &LinkSite,
    quarters: &[Cell],
    asked: Asked<'_>,
) -> Result<crate::links::span::Spans, StoreError> {
    let mut cells: Vec<Cell> = Vec::with_capacity(quarters.len());
    let mut looked_at = 0;
    for quarter in quarters {
        let is_whole = quarter.tally.watched >= quarter.span;
        if !is_whole && looked_at < MOST_LOOKED_AT {
            looked_at += 1;
            let from = begin_of(quarter);
            let question = LinkHistoryQuestion {
                site: site.name.clone(),
                path: quarter.path.parse().ok(),
                span: LinkSpan::Minute,
                from,
                until: from + std::time::Duration::from_secs(quarter.span.into()),
                most: MINUTES,
            };
            let minutes = asked.store.list_link_history(&question).await?;
            if !minutes.is_empty() {
                cells.extend(minutes);
                continue;
            }
        }
        cells.push(quarter.clone());
    }
    Ok(known(&cells))
}

/// How good a path was on each day.
fn days(cells: &[Cell], zone: &Zone) -> BTreeMap<u32, DayQuality> {
    let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
    for cell in cells {
        let local = zone.write(begin_of(cell));
        if let Some(day) = local.get(8..10).and_then(|day| day.parse().ok()) {
            tallies.entry(day).or_default().merge(&cell.tally);
        }
    }
    let quality = |(day, tally): (u32, Tally)| {
        let quality = DayQuality::of(&tally.round_trips(), tally.sent.into(), tally.lost.into())?;
        Some((day, quality))
    };
    tallies.into_iter().filter_map(quality).collect()
}
