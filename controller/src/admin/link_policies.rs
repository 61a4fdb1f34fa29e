//! Policies of offices, signed elsewhere: they are kept here for their agents, and cannot be made here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use link::policy::SignedPolicy;
use link::report::Name;
use store::{Act, LinkPolicy, LinkPolicyHead, StoreError};

use super::AdminApi;
use super::api::{FailureKind, LinkPolicyView, List, SignedPolicyView};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;

pub(super) async fn list(
    State(api): State<AdminApi>,
) -> Result<Json<List<LinkPolicyView>>, Refusal> {
    let heads = api.store.list_link_policies().await?;
    Ok(Json(List { items: heads.into_iter().map(view).collect() }))
}

pub(super) async fn show(
    State(api): State<AdminApi>,
    Named(site): Named<Name>,
) -> Result<Json<SignedPolicyView>, Refusal> {
    let kept = api.store.find_link_policy(&site).await?;
    let LinkPolicy { head, document } =
        kept.ok_or_else(|| Refusal::not_found("policy of an office", &site))?;
    let signed = serde_json::from_str(&document);
    let signed = signed.map_err(|_| StoreError::Corrupt { what: "policy of links" })?;
    Ok(Json(SignedPolicyView { published_at: head.published_at, signed }))
}

pub(super) async fn publish(
    State(api): State<AdminApi>,
    by: By,
    Body(signed): Body<SignedPolicy>,
) -> Result<(StatusCode, Json<LinkPolicyView>), Refusal> {
    signed.check().map_err(|error| Refusal::invalid(error.to_string()))?;
    let (site, generation) = (signed.site.clone(), signed.generation);
    let head = LinkPolicyHead { site: site.clone(), generation, published_at: api.clock.now() };
    let document = serde_json::to_string(&signed).expect("a policy has a form in JSON");
    let record = Note::of(Act::LinkPolicyPublished)
        .with("site", &site)
        .with("generation", generation)
        .with("key", signed.key);
    let store = api.on_record(&by, record);
    if !store.publish_link_policy(&LinkPolicy { head: head.clone(), document }).await? {
        let reason = format!("{site} has a policy of generation {generation} or a newer one");
        return Err(Refusal::new(FailureKind::Conflict, reason));
    }
    tracing::info!(%site, generation, "links.policy is published");
    Ok((StatusCode::CREATED, Json(view(head))))
}

fn view(head: LinkPolicyHead) -> LinkPolicyView {
    let LinkPolicyHead { site, generation, published_at } = head;
    LinkPolicyView { site, generation, published_at }
}
