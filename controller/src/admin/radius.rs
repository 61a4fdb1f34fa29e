//! The RADIUS server as it runs: what comes, and figures.

use axum::Json;
use axum::extract::State;
use store::{Act, AuditSubject, JournalError};

use super::AdminApi;
use super::api::{FailureKind, RadiusStatistics, Tail, TailQuestion, TrailStatus};
use super::extract::Body;
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::tail;
use crate::why::{Records, WhyError};

pub(super) async fn tail(
    State(api): State<AdminApi>,
    by: By,
    Body(question): Body<TailQuestion>,
) -> Result<Json<Tail>, Refusal> {
    let Some(records) = api.about.records.clone() else { return Err(elsewhere(&api).await) };
    api.must_know(question.nas.as_ref()).await?;
    let device = question.device.map(AuditSubject::Device);
    let nas = question.nas.clone().map(AuditSubject::AccessPoint);
    let subject = device.or(nas).unwrap_or(AuditSubject::None);
    api.write_look_down(&by, Note::of(Act::TrafficFollowed).about(subject)).await?;
    let reading = tokio::task::spawn_blocking(move || tail::follow(&records, &question));
    Ok(Json(finished(reading.await)?))
}

pub(super) async fn statistics(
    State(api): State<AdminApi>,
) -> Result<Json<RadiusStatistics>, Refusal> {
    let Some(activity) = &api.about.activity else { return Err(elsewhere(&api).await) };
    let seen = activity.all();
    let trail = match api.about.records.clone() {
        Some(Records { trail, writing: Some(writing), .. }) => {
            let size = tokio::task::spawn_blocking(move || trail.size()).await;
            let (files, octets) = finished(size)?;
            Some(TrailStatus { files, octets, counts: writing.counts() })
        }
        _ => None,
    };
    Ok(Json(RadiusStatistics {
        started_at: api.started_at,
        at: api.clock.now(),
        outcomes: seen.outcomes,
        access_points: seen.access_points,
        trail,
        journal: api.journal_status().await?,
    }))
}

/// RADIUS runs apart: on which machines.
async fn elsewhere(api: &AdminApi) -> Refusal {
    let mut machines: Vec<_> = match api.store.list_radius_servers().await {
        Ok(servers) => servers.into_iter().map(|server| server.machine).collect(),
        Err(error) => return error.into(),
    };
    machines.dedup();
    let place = match machines.as_slice() {
        [] => "on its machine".to_owned(),
        machines => format!("on {}", machines.join(", ")),
    };
    let reason = format!("RADIUS runs in another process, and counts there; ask {place}");
    Refusal::new(FailureKind::Conflict, reason)
}

fn finished<T>(
    read: Result<Result<T, JournalError>, tokio::task::JoinError>,
) -> Result<T, Refusal> {
    let read = read.unwrap_or(Err(JournalError::Closed));
    read.map_err(|error| WhyError::Records(error).into())
}
