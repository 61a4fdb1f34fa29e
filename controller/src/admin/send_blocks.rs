//! Where no messages go, as an admin or the conversion guard wants it.

use axum::Json;
use axum::extract::State;
use domain::BlockTarget;
use store::{Act, AuditSubject, SendBlock, SendBlockTold};

use super::AdminApi;
use super::api::{BlockSends, List, Removed, SendBlockView, UnblockSends};
use super::extract::Body;
use super::record::{By, Note};
use super::refusal::Refusal;

/// Characters of the longest reason.
const LONGEST_REASON: usize = 200;

pub(super) async fn list(
    State(api): State<AdminApi>,
) -> Result<Json<List<SendBlockView>>, Refusal> {
    let blocks = api.store.list_send_blocks(api.clock.now()).await?;
    Ok(Json(List { items: blocks.into_iter().map(view).collect() }))
}

pub(super) async fn set(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<BlockSends>,
) -> Result<Json<SendBlockView>, Refusal> {
    let BlockSends { target, reason, seconds } = request;
    let reason = reason.trim();
    if !(1..=LONGEST_REASON).contains(&reason.chars().count()) {
        let refusal = format!("reason must have 1 to {LONGEST_REASON} characters");
        return Err(Refusal::invalid(refusal));
    }
    if let BlockTarget::Site(site) = &target
        && api.store.find_site(site).await?.is_none()
    {
        return Err(Refusal::not_found("site", site));
    }
    let at = api.clock.now();
    let until = seconds.map(|seconds| at + std::time::Duration::from_secs(seconds));
    let note = about(Act::SendBlockSet, &target).with("reason", reason).with("until", until);
    let block = SendBlock { target, reason: reason.to_owned(), at, until };
    api.on_record(&by, note).add_send_block(&block).await?;
    tracing::info!(block.target = %block.target, "messages are blocked by an admin");
    let SendBlock { target, reason, at, until } = block;
    Ok(Json(view(SendBlockTold { target: Ok(target), reason, at, until })))
}

pub(super) async fn end(
    State(api): State<AdminApi>,
    by: By,
    Body(UnblockSends { target }): Body<UnblockSends>,
) -> Result<Json<Removed>, Refusal> {
    let store = api.on_record(&by, about(Act::SendBlockEnded, &target));
    if !store.end_send_block(&target, api.clock.now()).await? {
        return Err(Refusal::not_found("block of", &target));
    }
    tracing::info!(block.target = %target, "messages are let through again by an admin");
    Ok(Json(Removed { removed: target.to_string() }))
}

/// A note about a target: numbers are told as keyed hashes alone.
fn about(act: Act, target: &BlockTarget) -> Note {
    match target {
        BlockTarget::Number(number) => Note::of(act).about(AuditSubject::Number(number.clone())),
        BlockTarget::Site(site) => Note::of(act).about(AuditSubject::Site(site.clone())),
        BlockTarget::Prefix(prefix) => Note::of(act).with("prefix", prefix),
    }
}

pub(super) fn view(block: SendBlockTold) -> SendBlockView {
    let (kind, target) = match block.target {
        Ok(target @ BlockTarget::Prefix(_)) => ("prefix", target.to_string()),
        Ok(target @ BlockTarget::Number(_)) => ("number", target.to_string()),
        Ok(target @ BlockTarget::Site(_)) => ("site", target.to_string()),
        Err(hash) => ("number", format!("#{hash}")),
    };
    SendBlockView {
        kind: kind.to_owned(),
        target,
        reason: block.reason,
        at: block.at,
        until: block.until,
    }
}
