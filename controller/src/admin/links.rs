//! What agents tell of the links between offices, as the centre keeps it.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use link::report::{Event, Name};
use serde_json::Value;
use store::{
    LinkEvent, LinkEventTold, LinkEventsQuestion, LinkHistoryQuestion, LinkSite, LinkSpan,
};

use super::AdminApi;
use super::api::{
    LinkBulkRunView, LinkEventView, LinkEventsQuery, LinkHistoryQuery, LinkHistoryView,
    LinkSiteView, List,
};
use super::extract::{Asked, Named};
use super::refusal::Refusal;

/// An agent that was not heard for so long is silent: it speaks every ten seconds.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// Events of one answer.
const MOST_EVENTS: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// Spans of one answer: a month of six paths in quarters of an hour.
const MOST_CELLS: NonZeroU32 = NonZeroU32::new(20_000).expect("not zero");
/// What events of bulk runs are about.
const BULK: &str = "bulk";
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
) -> Result<Json<LinkHistoryView>, Refusal> {
    known(&api, &site).await?;
    let question = question(site, &query, api.clock.now())?;
    let one_more = question.most.saturating_add(1);
    let one_more_of = LinkHistoryQuestion { most: one_more, ..question.clone() };
    let cells = api.store.list_link_history(&one_more_of).await?;
    if cells.len() >= one_more.get() as usize {
        let reason =
            format!("these are more than {MOST_CELLS} spans; ask for longer ones, or less");
        return Err(Refusal::invalid(reason));
    }
    let bulk_runs = bulk_runs(&api, question).await?;
    Ok(Json(LinkHistoryView { items: cells, bulk_runs }))
}

/// The bulk runs of that time, as the events of the office tell of them.
async fn bulk_runs(
    api: &AdminApi,
    LinkHistoryQuestion { site, path, from, until, .. }: LinkHistoryQuestion,
) -> Result<Vec<LinkBulkRunView>, Refusal> {
    let word = BULK.parse().expect("it is a name");
    let question = LinkEventsQuestion { site, word, from, until, most: MOST_EVENTS };
    let told = api.store.list_link_events_with(&question).await?;
    let runs = told.into_iter().filter_map(|told| bulk_run(&told.event));
    let is_asked = |run: &LinkBulkRunView| path.as_ref().is_none_or(|of| of.as_str() == run.path);
    Ok(runs.filter(is_asked).collect())
}

/// What an event says of a bulk run that is over.
fn bulk_run(told: &LinkEvent) -> Option<LinkBulkRunView> {
    let event: Event = serde_json::from_str(&told.line).ok()?;
    let is_over = event.what == BULK && event.to.as_deref() != Some("begins");
    let Event { path, carried_kbit, why, .. } = event;
    let run = LinkBulkRunView { at: told.at, path: path?, carried_kbit, why };
    is_over.then_some(run)
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
            span.ok_or_else(|| Refusal::invalid("span must be 1, 10, 60 or 900"))?
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
