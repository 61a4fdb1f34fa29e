//! What agents tell of the links between offices, as the centre keeps it.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use link::report::{Cell, Name};
use serde_json::Value;
use store::{LinkEventTold, LinkHistoryQuestion, LinkSite, LinkSpan};

use super::AdminApi;
use super::api::{LinkEventView, LinkEventsQuery, LinkHistoryQuery, LinkSiteView, List};
use super::extract::{Asked, Named};
use super::refusal::Refusal;

/// An agent that was not heard for so long is silent: it speaks every ten seconds.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// Events of one answer.
const MOST_EVENTS: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// Spans of one answer: a month of six paths in quarters of an hour.
const MOST_CELLS: NonZeroU32 = NonZeroU32::new(20_000).expect("not zero");
/// What is asked for without a beginning.
const A_DAY: Duration = Duration::from_secs(86_400);

pub(super) async fn list(State(api): State<AdminApi>) -> Result<Json<List<LinkSiteView>>, Refusal> {
    let now = api.clock.now();
    let sites = api.store.list_link_sites().await?;
    Ok(Json(List { items: sites.into_iter().map(|site| view(site, now)).collect() }))
}

pub(super) async fn events(
    State(api): State<AdminApi>,
    Named(site): Named<Name>,
    Asked(LinkEventsQuery { after, last }): Asked<LinkEventsQuery>,
) -> Result<Json<List<LinkEventView>>, Refusal> {
    known(&api, &site).await?;
    let told = match last.map(|last| last.min(MOST_EVENTS)) {
        Some(last) => api.store.list_last_link_events(&site, last).await?,
        None => api.store.list_link_events(&site, after, MOST_EVENTS).await?,
    };
    Ok(Json(List { items: told.into_iter().map(event).collect() }))
}

pub(super) async fn history(
    State(api): State<AdminApi>,
    Named(site): Named<Name>,
    Asked(query): Asked<LinkHistoryQuery>,
) -> Result<Json<List<Cell>>, Refusal> {
    known(&api, &site).await?;
    let question = question(site, &query, api.clock.now())?;
    let one_more = question.most.saturating_add(1);
    let cells =
        api.store.list_link_history(&LinkHistoryQuestion { most: one_more, ..question }).await?;
    if cells.len() >= one_more.get() as usize {
        let reason =
            format!("these are more than {MOST_CELLS} spans; ask for longer ones, or less");
        return Err(Refusal::invalid(reason));
    }
    Ok(Json(List { items: cells }))
}

async fn known(api: &AdminApi, site: &Name) -> Result<(), Refusal> {
    let sites = api.store.list_link_sites().await?;
    match sites.iter().any(|known| known.name == *site) {
        true => Ok(()),
        false => Err(Refusal::not_found("office that was heard", site)),
    }
}

fn view(site: LinkSite, now: Timestamp) -> LinkSiteView {
    let silence = now.since(site.seen_at);
    let (state, state_at) = site.state.unzip();
    LinkSiteView {
        site: site.name.to_string(),
        first_seen_at: site.first_seen_at,
        seen_at: site.seen_at,
        silent_seconds: (silence >= SILENT_AFTER).then_some(silence.as_secs()),
        missing: site.missing,
        state: state.and_then(|state| serde_json::from_str(&state).ok()),
        state_at,
    }
}

fn event(LinkEventTold { position, taken_at, event }: LinkEventTold) -> LinkEventView {
    let line = serde_json::from_str(&event.line).unwrap_or(Value::String(event.line));
    LinkEventView { position, taken_at, event: line }
}

fn question(
    site: Name,
    query: &LinkHistoryQuery,
    now: Timestamp,
) -> Result<LinkHistoryQuestion, Refusal> {
    let until = query.until.unwrap_or(now);
    let from = query.from.unwrap_or(until - A_DAY);
    let span = match query.span {
        Some(seconds) => {
            let span = LinkSpan::ALL.into_iter().find(|span| span.seconds() == seconds);
            span.ok_or_else(|| Refusal::invalid("span must be 10, 60 or 900"))?
        }
        // The shortest of which a screen is not full twice.
        None => match until.since(from).as_secs() {
            0..=14_400 => LinkSpan::Fine,
            14_401..=90_000 => LinkSpan::Minute,
            _ => LinkSpan::Quarter,
        },
    };
    // The span in which it begins is of interest, too.
    let millis = i64::from(span.seconds()) * 1_000;
    let from = Timestamp::from_millis(from.as_millis().div_euclid(millis) * millis);
    Ok(LinkHistoryQuestion { site, path: query.path.clone(), span, from, until, most: MOST_CELLS })
}
