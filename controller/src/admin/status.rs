//! How the service does: figures for people, and a yes or no for monitors.

use axum::Json;
use axum::extract::State;
use domain::Nas;
use store::{Reach, StoreError};

use super::AdminApi;
use super::api::{Counts, Health, JournalStatus, Status};
use super::refusal::Refusal;

pub(super) async fn status(State(api): State<AdminApi>) -> Result<Json<Status>, Refusal> {
    let store = &api.store;
    let access_points = store.list_access_points().await?;
    let is_unprotected = |nas: &&Nas| nas.message_authenticator.leaves_unprotected();
    let unprotected = access_points.iter().filter(is_unprotected).count();
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let journal = api.journal_status().await?;
    Ok(Json(Status {
        version: api.about.version.clone(),
        database: api.about.database.clone(),
        started_at: api.started_at,
        uptime_seconds: api.clock.now().since(api.started_at).as_secs(),
        counts: Counts {
            sites: count(store.list_sites().await?.len()),
            plans: count(store.list_plans().await?.len()),
            access_points: count(access_points.len()),
            unprotected: count(unprotected),
            accounts_online: count(store.accounts_online().await?.len()),
        },
        next_order_at: store.next_order_at(api.clock.now(), &Reach::Everyone).await?,
        next_message_at: store.next_message_at().await?,
        alarms: api.message_alarms().await?,
        journal,
    }))
}

impl AdminApi {
    /// How far the journal of this process has come, if it keeps one.
    pub(super) async fn journal_status(&self) -> Result<Option<JournalStatus>, StoreError> {
        let Some(journal) = &self.about.journal else { return Ok(None) };
        Ok(Some(JournalStatus {
            id: journal.id().to_string(),
            written: journal.end().into(),
            applied: self.store.applied_until(&journal.id()).await?.into(),
        }))
    }
}

/// Well is who reaches the database.
pub(super) async fn health(State(api): State<AdminApi>) -> Result<Json<Health>, Refusal> {
    api.store.list_plans().await?;
    Ok(Json(Health { healthy: true }))
}
