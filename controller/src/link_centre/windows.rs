//! Work on links that people planned, as the store keeps it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::{Timestamp, Zone};
use link::cause::{Subject, Topology};
use link::maintenance::{AHEAD, MOST as MOST_OF_AGENT, Planned, Window};
use link::report::Name;
use store::{LinkMaintenanceKept, Store, StoreError};

use super::settings::{LinkCentreSettings, own_name};
use crate::links::maintenance::{MaintenanceWindow, in_maintenance};
use crate::links::span::Span;

/// The most windows that are looked at: work that is planned, and work of the last months.
const MOST: NonZeroU32 = NonZeroU32::new(10_000).expect("not zero");

/// Work that was planned, with what is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowKept {
    pub(crate) kept: LinkMaintenanceKept,
    pub(crate) window: MaintenanceWindow,
}

impl WindowKept {
    /// What is to be kept of a window.
    pub(crate) fn new(window: MaintenanceWindow, by: &str, now: Timestamp) -> Self {
        let kept = LinkMaintenanceKept {
            number: 0,
            planned_at: now,
            planned_by: by.to_owned(),
            over_at: window.over_at(),
            plan: written(&window),
        };
        Self { kept, window }
    }

    /// The same with a window that was changed.
    pub(crate) fn changed(&self, window: MaintenanceWindow) -> Self {
        let (over_at, plan) = (window.over_at(), written(&window));
        Self { kept: LinkMaintenanceKept { over_at, plan, ..self.kept.clone() }, window }
    }
}

fn written(window: &MaintenanceWindow) -> String {
    serde_json::to_string(window).expect("a window has a form in JSON")
}

/// All work that was not over at a time.
pub(crate) async fn all(
    store: &Arc<dyn Store>,
    since: Timestamp,
) -> Result<Vec<WindowKept>, StoreError> {
    let kept = store.list_link_maintenance(since, MOST).await?;
    let window = |kept: LinkMaintenanceKept| {
        let corrupt = |_| StoreError::Corrupt { what: "work on links" };
        Ok(WindowKept { window: serde_json::from_str(&kept.plan).map_err(corrupt)?, kept })
    };
    kept.into_iter().map(window).collect()
}

/// On what people work now.
pub(super) async fn worked_on(
    store: &Arc<dyn Store>,
    zone: &Zone,
    now: Timestamp,
) -> Result<BTreeSet<Subject>, StoreError> {
    let windows: Vec<_> = all(store, now).await?.into_iter().map(|kept| kept.window).collect();
    Ok(in_maintenance(&windows, zone, now))
}

/// The work of the next weeks on the lines of an office, by the names that its agent has for them, the soonest
/// first. Work on the office as a whole is left out: no other path would be any better.
pub(super) async fn of_agent(
    store: &Arc<dyn Store>,
    settings: &LinkCentreSettings,
    site: &Name,
    now: Timestamp,
) -> Result<Planned, StoreError> {
    let lines = Topology { lines: settings.lines.clone() };
    let period = Span::new(now, now + AHEAD);
    let mut windows = Vec::new();
    for WindowKept { window, .. } in all(store, now).await? {
        let paths: Vec<_> =
            window.subjects.iter().filter_map(|on| path_of(&lines, site, on)).collect();
        if paths.is_empty() {
            continue;
        }
        for span in window.spans(&settings.zone, period).iter() {
            let of_path = |path: &Name| Window {
                path: path.clone(),
                from: millis(span.from),
                until: millis(span.until),
                why: window.name.clone(),
            };
            windows.extend(paths.iter().map(of_path));
        }
    }
    windows.sort_unstable_by_key(|window| (window.from, window.until));
    windows.truncate(MOST_OF_AGENT);
    Ok(Planned { now: millis(now), windows })
}

/// How the agent of a site calls a line, if it is an end of it.
fn path_of(lines: &Topology, site: &Name, on: &Subject) -> Option<Name> {
    let Subject::Line(name) = on else { return None };
    let path = match lines.line(name) {
        Some(line) => line.ends.iter().find(|end| end.site == site.as_str())?.path.as_str(),
        None => name.strip_prefix(&own_name(site.as_str(), ""))?,
    };
    path.parse().ok()
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod testing {
    use store::testing::TestStore;

    use super::*;

    /// Plans work once; returns its number.
    pub(in crate::link_centre) async fn plan(
        store: &TestStore,
        subject: Subject,
        span: Span,
    ) -> u64 {
        let zone = Zone::riyadh();
        let window = MaintenanceWindow::plan("work".into(), vec![subject], span, None, &zone);
        let planned = WindowKept::new(window.unwrap(), "somebody", span.from);
        store.plan_link_maintenance(&planned.kept).await.unwrap()
    }

    /// Ends work.
    pub(in crate::link_centre) async fn cancel(store: &TestStore, number: u64, now: Timestamp) {
        let planned = all(&store.shared(), now).await.unwrap();
        let of = planned.into_iter().find(|planned| planned.kept.number == number).unwrap();
        let window = MaintenanceWindow { cancelled: Some(now), ..of.window.clone() };
        let kept = of.changed(window).kept;
        assert!(store.change_link_maintenance(&kept, &of.kept.plan).await.unwrap());
    }
}
