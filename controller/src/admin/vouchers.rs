//! Vouchers: made, shown and revoked. Their codes leave once, in the answer to whoever makes them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{BatchName, VoucherBatch, VoucherId};
use store::{Act, AuditSubject, BatchTold, VouchersOf};

use super::AdminApi;
use super::api::{
    AddVouchers, BatchShown, BatchView, FailureKind, List, RevokeVouchers, VoucherView,
    VouchersAdded, VouchersRevoked,
};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::random;

/// Vouchers of one batch.
const MOST: u32 = 2_000;
const MOST_DEVICES: u32 = 50;
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// Characters of the longest reason.
const LONGEST_REASON: usize = 200;
/// As many digits are a number that somebody can dial.
const DIALLED: usize = 7;

pub(super) async fn list(State(api): State<AdminApi>) -> Result<Json<List<BatchView>>, Refusal> {
    let batches = api.store.list_voucher_batches().await?;
    Ok(Json(List { items: batches.into_iter().map(BatchView::from).collect() }))
}

pub(super) async fn show(
    State(api): State<AdminApi>,
    Named(name): Named<BatchName>,
) -> Result<Json<BatchShown>, Refusal> {
    let found = api.store.find_voucher_batch(&name).await?;
    let (told, vouchers) = found.ok_or_else(|| unknown(&name))?;
    let items =
        vouchers.into_iter().map(|voucher| VoucherView::new(&told.batch, voucher)).collect();
    Ok(Json(BatchShown { batch: told.into(), items }))
}

pub(super) async fn add(
    State(api): State<AdminApi>,
    by: By,
    Body(wanted): Body<AddVouchers>,
) -> Result<(StatusCode, Json<VouchersAdded>), Refusal> {
    let count = wanted.count;
    let batch = checked(&api, &by, wanted)?;
    let note = Note::of(Act::VouchersMade).about(AuditSubject::VoucherBatch(batch.name.clone()));
    let note = note
        .with("reason", &batch.reason)
        .with("count", count)
        .with("site", &batch.site)
        .with("plan", &batch.plan)
        .with("devices", batch.devices)
        .with("until", batch.until.to_string())
        .with("lasts_seconds", batch.lasts.map(|lasts| lasts.as_secs()));
    let codes: Vec<_> = (0..count).map(|_| random::voucher_code()).collect();
    api.on_record(&by, note).add_voucher_batch(&batch, &codes).await?;
    tracing::info!(voucher.batch = %batch.name, count, "vouchers made");
    let codes = codes.iter().map(domain::VoucherCode::printed).collect();
    let page = api.about.places.voucher_page();
    let batch = BatchTold { batch, vouchers: count, used: 0, revoked: 0 }.into();
    Ok((StatusCode::CREATED, Json(VouchersAdded { batch, codes, page })))
}

pub(super) async fn revoke_batch(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<BatchName>,
    Body(RevokeVouchers { reason }): Body<RevokeVouchers>,
) -> Result<Json<VouchersRevoked>, Refusal> {
    let (told, _) = api.store.find_voucher_batch(&name).await?.ok_or_else(|| unknown(&name))?;
    let name = told.batch.name;
    let subject = AuditSubject::VoucherBatch(name.clone());
    revoke(&api, &by, (VouchersOf::Batch(name.clone()), subject, name.to_string()), &reason).await
}

pub(super) async fn revoke_one(
    State(api): State<AdminApi>,
    by: By,
    Named((batch, serial)): Named<(BatchName, u32)>,
    Body(RevokeVouchers { reason }): Body<RevokeVouchers>,
) -> Result<Json<VouchersRevoked>, Refusal> {
    let id = VoucherId { batch, serial };
    let found = api.store.find_voucher_batch(&id.batch).await?;
    let (_, vouchers) = found.ok_or_else(|| unknown(&id.batch))?;
    if !vouchers.iter().any(|voucher| voucher.serial == serial) {
        return Err(Refusal::not_found("voucher", &id));
    }
    let subject = AuditSubject::Voucher(id.clone());
    revoke(&api, &by, (VouchersOf::One(id.clone()), subject, id.to_string()), &reason).await
}

async fn revoke(
    api: &AdminApi,
    by: &By,
    (which, subject, revoked): (VouchersOf, AuditSubject, String),
    reason: &str,
) -> Result<Json<VouchersRevoked>, Refusal> {
    let reason = checked_reason(reason)?;
    let note = Note::of(Act::VouchersRevoked).about(subject).with("reason", &reason);
    let done = api.on_record(by, note).revoke_vouchers(&which, &reason, api.clock.now()).await?;
    let conflict = || Refusal::new(FailureKind::Conflict, format!("{revoked} is revoked already"));
    let ended = done.ok_or_else(conflict)?.ended;
    tracing::info!(voucher = revoked, ended, "vouchers revoked");
    Ok(Json(VouchersRevoked { revoked, ended }))
}

/// The batch that is wanted, if it can be.
fn checked(api: &AdminApi, by: &By, wanted: AddVouchers) -> Result<VoucherBatch, Refusal> {
    let now = api.clock.now();
    let within = |name: &str, value: u64, least: u64, most: u64| {
        let refusal =
            || Refusal::invalid(format!("{name} is {value}, but must be {least} to {most}"));
        (least..=most).contains(&value).then_some(()).ok_or_else(refusal)
    };
    within("count", wanted.count.into(), 1, MOST.into())?;
    within("devices", wanted.devices.into(), 1, MOST_DEVICES.into())?;
    if let Some(seconds) = wanted.lasts_seconds {
        within("lasts_seconds", seconds, SHORTEST.as_secs(), LONGEST.as_secs())?;
    }
    if wanted.until <= now {
        return Err(Refusal::invalid("until lies in the past: nobody could use the vouchers"));
    }
    if wanted.until > now + LONGEST * 3 {
        return Err(Refusal::invalid("until lies more than three years ahead"));
    }
    Ok(VoucherBatch {
        name: wanted.name,
        site: wanted.site,
        plan: wanted.plan,
        devices: wanted.devices,
        until: wanted.until,
        lasts: wanted.lasts_seconds.map(Duration::from_secs),
        made_at: now,
        made_by: by.to_string(),
        reason: checked_reason(&wanted.reason)?,
        revoked: None,
    })
}

/// A reason that the audit log may keep: it must lead to nobody by a number.
fn checked_reason(reason: &str) -> Result<String, Refusal> {
    let reason = reason.trim();
    if !(1..=LONGEST_REASON).contains(&reason.chars().count()) {
        let text = format!("reason must have 1 to {LONGEST_REASON} characters");
        return Err(Refusal::invalid(text));
    }
    let is_filler = |c: char| matches!(c, ' ' | '-' | '(' | ')');
    let mut digits = 0;
    for c in reason.chars().filter(|c| !is_filler(*c)) {
        digits = if c.is_numeric() { digits + 1 } else { 0 };
        if digits >= DIALLED {
            let text =
                "reason has a number that could be dialled, which the audit log must not keep";
            return Err(Refusal::invalid(text));
        }
    }
    Ok(reason.to_owned())
}

fn unknown(name: &BatchName) -> Refusal {
    Refusal::not_found("batch of vouchers", name)
}
