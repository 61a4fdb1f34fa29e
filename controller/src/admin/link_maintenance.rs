//! Work on links between offices: planned, listed, and cancelled.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{Timestamp, Zone};
use link::report::Name;
use serde_json::Value;
use store::Act;

use super::AdminApi;
use super::api::{
    CancelLinkMaintenance, FailureKind, LinkMaintenanceQuery, LinkMaintenanceView, List,
    PlanLinkMaintenance,
};
use super::extract::{Asked, Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::link_centre::{LinkCentreSettings, WindowKept, all_windows};
use crate::links::maintenance::{MaintenanceWindow, Repeats, When};
use crate::links::span::Span;

const LONGEST_WHY: usize = 200;
/// The most work that is planned at a time.
const MOST: usize = 1_000;

pub(super) async fn list(
    State(api): State<AdminApi>,
    Asked(LinkMaintenanceQuery { all }): Asked<LinkMaintenanceQuery>,
) -> Result<Json<List<LinkMaintenanceView>>, Refusal> {
    let settings = api.link_settings()?;
    let now = api.clock.now();
    let since = if all { Timestamp::from_millis(0) } else { now };
    let known = all_windows(&api.store, since).await?;
    let items = known.into_iter().map(|known| view(known, &settings.zone, now)).collect();
    Ok(Json(List { items }))
}

pub(super) async fn plan(
    State(api): State<AdminApi>,
    by: By,
    Body(asked): Body<PlanLinkMaintenance>,
) -> Result<(StatusCode, Json<LinkMaintenanceView>), Refusal> {
    let settings = api.link_settings()?;
    let now = api.clock.now();
    let why = asked.why.trim();
    if !(1..=LONGEST_WHY).contains(&why.chars().count()) {
        return Err(Refusal::invalid(format!("why has 1 to {LONGEST_WHY} characters")));
    }
    check(&api, settings, &asked).await?;
    if all_windows(&api.store, now).await?.len() >= MOST {
        let reason = format!("{MOST} are planned already; cancel some");
        return Err(Refusal::new(FailureKind::TooMany, reason));
    }
    let path = asked.path.as_ref().map(Name::as_str);
    let subjects = vec![settings.subject(asked.site.as_str(), path)];
    let (span, last) = (Span::new(asked.from, asked.until), asked.last);
    let repeats = asked.every.map(|every| Repeats { every, last });
    let window = MaintenanceWindow::plan(why.to_owned(), subjects, span, repeats, &settings.zone)
        .map_err(|error| Refusal::invalid(error.to_string()))?;
    let mut known = WindowKept::new(window, &by.to_string(), now);
    let note = Note::of(Act::LinkMaintenancePlanned).with("window", &known.window);
    let store = api.on_record(&by, note);
    known.kept.number = store.plan_link_maintenance(&known.kept).await?;
    tracing::info!(number = known.kept.number, %by, "links.maintenance is planned");
    Ok((StatusCode::CREATED, Json(view(known, &settings.zone, now))))
}

pub(super) async fn cancel(
    State(api): State<AdminApi>,
    by: By,
    Named(number): Named<u64>,
    Body(CancelLinkMaintenance { day }): Body<CancelLinkMaintenance>,
) -> Result<Json<LinkMaintenanceView>, Refusal> {
    let zone = &api.link_settings()?.zone;
    let now = api.clock.now();
    let known = all_windows(&api.store, now).await?;
    let known = known.into_iter().find(|known| known.kept.number == number);
    let known = known.ok_or_else(|| Refusal::not_found("work that is not over", number))?;
    let mut window = known.window.clone();
    match &day {
        None => window.cancelled = Some(now),
        Some(day) => skip(&mut window, day, zone)?,
    }
    let changed = known.changed(window);
    let note = Note::of(Act::LinkMaintenanceChanged).with("number", number).with("day", &day);
    let store = api.on_record(&by, note);
    if !store.change_link_maintenance(&changed.kept, &known.kept.plan).await? {
        return Err(Refusal::new(FailureKind::Conflict, "somebody else has just changed it"));
    }
    tracing::info!(number, %by, "links.maintenance is changed");
    Ok(Json(view(changed, zone, now)))
}

/// Work that comes again does not on one day.
fn skip(window: &mut MaintenanceWindow, day: &str, zone: &Zone) -> Result<(), Refusal> {
    if matches!(window.when, When::Never { .. }) {
        return Err(Refusal::invalid("it does not come again, so it has no other days"));
    }
    if day.len() != "2026-11-27".len() || zone.read(day).is_err() {
        return Err(Refusal::invalid("write a day like 2026-11-27"));
    }
    window.skipped.insert(day.to_owned());
    Ok(())
}

/// Whether there is such an office with such a path.
async fn check(
    api: &AdminApi,
    settings: &LinkCentreSettings,
    asked: &PlanLinkMaintenance,
) -> Result<(), Refusal> {
    let sites = api.store.list_link_sites().await?;
    let heard = sites.iter().find(|site| site.name == asked.site);
    let mut paths: Vec<String> = Vec::new();
    let ends = settings.lines.iter().flat_map(|line| &line.ends);
    let own = ends.filter(|end| end.site == asked.site.as_str());
    paths.extend(own.map(|end| end.path.clone()));
    if heard.is_none() && paths.is_empty() {
        return Err(Refusal::not_found("office", &asked.site));
    }
    let state = heard.and_then(|site| site.state.as_ref());
    let state = state.and_then(|(state, _)| serde_json::from_str::<Value>(state).ok());
    let told = state.as_ref().and_then(|state| state["paths"].as_array());
    let told = told.into_iter().flatten().filter_map(|path| path["name"].as_str());
    paths.extend(told.map(str::to_owned));
    paths.sort_unstable();
    paths.dedup();
    match &asked.path {
        Some(path) if !paths.iter().any(|known| known == path.as_str()) => {
            let reason = format!("{} has no path `{path}`; it has {paths:?}", asked.site);
            Err(Refusal::new(FailureKind::NotFound, reason))
        }
        _ => Ok(()),
    }
}

fn view(known: WindowKept, zone: &Zone, now: Timestamp) -> LinkMaintenanceView {
    let next = known.window.next(zone, now);
    LinkMaintenanceView {
        number: known.kept.number,
        planned_at: known.kept.planned_at,
        planned_by: known.kept.planned_by,
        is_now: next.is_some_and(|span| span.contains(now)),
        next,
        window: known.window,
    }
}

impl AdminApi {
    /// How agents are heard, if they are.
    pub(super) fn link_settings(&self) -> Result<&LinkCentreSettings, Refusal> {
        let nobody = || {
            let reason = "no agents of links are heard here: there is no [controller.links]";
            Refusal::new(FailureKind::Conflict, reason)
        };
        self.about.links.as_deref().ok_or_else(nobody)
    }
}
