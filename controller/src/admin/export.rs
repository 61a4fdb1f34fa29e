//! Sessions for other systems, page after page.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use domain::{NasName, SiteName, Timestamp};
use store::{Act, AuditSubject, SessionsFrom};

use super::AdminApi;
use super::api::{ExportQuery, ExportedSession, FailureKind, SessionPage};
use super::extract::Asked;
use super::record::{By, Note};
use super::refusal::Refusal;

/// Sessions on one page.
const PAGE: u32 = 1_000;

pub(super) async fn sessions(
    State(api): State<AdminApi>,
    by: By,
    Asked(query): Asked<ExportQuery>,
) -> Result<Json<SessionPage>, Refusal> {
    let after = match (query.after_at, query.after_id) {
        (Some(at), Some(id)) => Some((at, id)),
        (None, None) => None,
        _ => {
            let reason = "after_at and after_id belong together";
            return Err(Refusal::new(FailureKind::Invalid, reason));
        }
    };
    if let Some(site) = &query.site
        && api.store.find_site(site).await?.is_none()
    {
        return Err(Refusal::not_found("site", site));
    }
    // Not the page: who reads on is written down once.
    let subject = query.site.clone().map_or(AuditSubject::None, AuditSubject::Site);
    let note = Note::of(Act::SessionsExported).about(subject);
    let note = note.with("since", query.since).with("until", query.until);
    api.write_look_down(&by, note).await?;
    let access_points = api.store.list_access_points().await?;
    let places: BTreeMap<NasName, (SiteName, IpAddr)> =
        access_points.into_iter().map(|nas| (nas.name, (nas.site, nas.addresses.addr()))).collect();
    let since = query.since.unwrap_or(Timestamp::from_millis(i64::MIN));
    let from = SessionsFrom { since, until: query.until, after, limit: PAGE };
    let sessions = api.store.list_sessions_from(&from).await?;
    let is_full = sessions.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = sessions.last().filter(|_| is_full).map(|last| (last.started_at, last.id));
    let items = sessions.into_iter().filter_map(|session| {
        let place = places.get(&session.nas);
        let is_there = |site: &SiteName| place.is_some_and(|(stands, _)| stands == site);
        let wanted = query.site.as_ref().is_none_or(is_there);
        wanted.then(|| ExportedSession::new(session, place.map(|(_, address)| *address)))
    });
    let items = items.collect();
    let (next_at, next_id) = next.unzip();
    Ok(Json(SessionPage { items, next_at, next_id }))
}
