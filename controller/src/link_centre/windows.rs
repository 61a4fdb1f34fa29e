//! Work on links that people planned, as the store keeps it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::{Timestamp, Zone};
use link::cause::Subject;
use store::{LinkMaintenanceKept, Store, StoreError};

use crate::links::maintenance::{MaintenanceWindow, in_maintenance};

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

#[cfg(test)]
pub(super) mod testing {
    use store::testing::TestStore;

    use super::*;
    use crate::links::span::Span;

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
