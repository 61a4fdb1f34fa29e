//! Requests of persons to have everything about them destroyed: listed with their due dates, and
//! done once no legal hold stands in the way.

use axum::Json;
use axum::extract::State;
use domain::{ErasureRequest, Reference};
use store::{Act, AuditSubject, RequestFilter, order_off_account};

use super::AdminApi;
use super::api::{FailureKind, List, RequestQuery, RequestView};
use super::extract::{Asked, Named};
use super::record::{By, Note};
use super::refusal::Refusal;

/// As many as are listed.
const MOST: u32 = 1_000;

pub(super) async fn list(
    State(api): State<AdminApi>,
    by: By,
    Asked(query): Asked<RequestQuery>,
) -> Result<Json<List<RequestView>>, Refusal> {
    let note = Note::of(Act::RequestsShown).with("all", query.all);
    api.write_look_down(&by, note).await?;
    let filter = RequestFilter { open_only: !query.all, limit: MOST };
    let mut items = Vec::new();
    for request in api.store.list_erasure_requests(filter).await? {
        items.push(view(&api, request).await?);
    }
    Ok(Json(List { items }))
}

pub(super) async fn done(
    State(api): State<AdminApi>,
    by: By,
    Named(reference): Named<Reference>,
) -> Result<Json<RequestView>, Refusal> {
    let request = find(&api, &reference).await?;
    let conflict = |reason: &str| Refusal::new(FailureKind::Conflict, reason);
    if request.done_at.is_some() {
        return Err(conflict("the request is done already"));
    }
    let (account, now) = (request.account, api.clock.now());
    if is_held(&api, &request).await? {
        return Err(conflict("the person is under a legal hold; release it first"));
    }
    let disconnecting = order_off_account(api.store.as_ref(), account, now).await?;
    let note = Note::of(Act::AccountErased).about(AuditSubject::Account(account));
    let note = note.with("request", reference).with("disconnecting", disconnecting);
    api.on_record(&by, note).erase_account(account, now).await?;
    tracing::info!(account.id = %account, request = %reference, "account erased on request");
    let request = find(&api, &reference).await?;
    Ok(Json(view(&api, request).await?))
}

async fn find(api: &AdminApi, reference: &Reference) -> Result<ErasureRequest, Refusal> {
    let request = api.store.find_erasure_request(reference).await?;
    request.ok_or_else(|| Refusal::not_found("request", reference))
}

async fn is_held(api: &AdminApi, request: &ErasureRequest) -> Result<bool, Refusal> {
    let holds = api.store.list_holds(request.account).await?;
    Ok(holds.iter().any(|hold| hold.released_at.is_none()))
}

async fn view(api: &AdminApi, request: ErasureRequest) -> Result<RequestView, Refusal> {
    let held = is_held(api, &request).await?;
    let record = match request.done_at {
        Some(_) => None,
        None => api.store.account_record(request.account).await?,
    };
    let person = record.map(|record| record.account.identity.masked().to_string());
    Ok(RequestView::new(request, (person, held), api.clock.now()))
}
