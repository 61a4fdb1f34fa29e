//! How lines are now, as agents last told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Timestamp, Zone};
use link::cause::{End, Line, Subject, Topology};
use serde_json::Value;
use store::{LinkSite, Store, StoreError};

use super::reporting::{told_paths, whole};
use super::settings::LinkCentreSettings;
use super::windows;
use crate::links::maintenance::{MaintenanceWindow, in_maintenance};
use crate::links::map::{LineNow, State};

/// Of an agent that was not heard for so long nothing is known: it speaks every ten seconds.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// All lines, and how each of them is.
pub(crate) async fn map(
    store: &Arc<dyn Store>,
    settings: &LinkCentreSettings,
    now: Timestamp,
) -> Result<(Topology, BTreeMap<String, LineNow>), StoreError> {
    let sites = store.list_link_sites().await?;
    let paths = told_paths(&sites);
    let paths = paths.iter().map(|(site, paths)| (site.as_str(), paths.as_slice()));
    let topology = whole(&settings.lines, paths);
    let planned = windows::all(store, now).await?;
    let windows: Vec<_> = planned.into_iter().map(|planned| planned.window).collect();
    let states = lines_now(&topology, &sites, &windows, (&settings.zone, now));
    Ok((topology, states))
}

/// How each line is; one of which nobody speaks is missing.
pub(super) fn lines_now(
    topology: &Topology,
    sites: &[LinkSite],
    windows: &[MaintenanceWindow],
    (zone, now): (&Zone, Timestamp),
) -> BTreeMap<String, LineNow> {
    let worked_on = in_maintenance(windows, zone, now);
    let told: BTreeMap<&str, Value> = sites
        .iter()
        .filter(|site| now.since(site.seen_at) < SILENT_AFTER)
        .filter_map(|site| {
            let (state, _) = site.state.as_ref()?;
            Some((site.name.as_str(), serde_json::from_str(state).ok()?))
        })
        .collect();
    let line_now = |line: &Line| {
        let ends: Vec<_> = line.ends.iter().filter_map(|end| end_now(end, &told)).collect();
        let is_wanted = |subject: &Subject| match subject {
            Subject::Line(name) => *name == line.name,
            Subject::Site(site) => line.touches(site) || line.hub.as_deref() == Some(site),
        };
        let state = match worked_on.iter().any(is_wanted) {
            true => Some(State::Maintenance),
            false => ends.iter().map(|end| end.state).max(),
        };
        let round_trip = ends.iter().find_map(|end| end.round_trip);
        Some((line.name.clone(), LineNow { state: state?, round_trip }))
    };
    topology.lines.iter().filter_map(line_now).collect()
}

fn end_now(end: &End, told: &BTreeMap<&str, Value>) -> Option<LineNow> {
    let paths = told.get(end.site.as_str())?.get("paths")?.as_array()?;
    let path = paths.iter().find(|path| path["name"] == end.path.as_str())?;
    let round_trip = path["round-trip-us"].as_u64().map(Duration::from_micros);
    Some(LineNow { state: state(path["health"].as_str()?), round_trip })
}

/// What a path's word means for whoever looks at the whole.
fn state(health: &str) -> State {
    match health {
        "up" | "suspect" => State::Up,
        "degraded" | "recovering" => State::Degraded,
        "down" | "held" => State::Down,
        "maintenance" => State::Maintenance,
        _ => State::Unknown,
    }
}
