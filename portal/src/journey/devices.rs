//! The devices of a person: which they are, and the way to take one off.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use domain::{Device, Grant, MacAddress, Session, Timestamp};
use serde::Deserialize;
use serde_json::Map;
use store::{AccountRecord, Act, Actor, AuditEntry, AuditSubject};

use super::{too_busy, unreadable};
use crate::app::{App, Outcome};
use crate::catalogue::{Html, ltr};
use crate::owner;
use crate::screen::{DeviceRow, DevicesScreen, render};
use crate::visit::Visit;
use crate::wording;

/// As many as a page has room for.
const ON_A_PAGE: usize = 5;

/// `GET /v/{token}/devices`: the devices, those that were seen last first.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let (owner, record) = match owner::find_person(&app, &visit).await? {
        Ok(person) => person,
        Err(page) => return Ok(page),
    };
    let words = visit.words(&app);
    let page = visit.mark("p").and_then(|page| page.parse::<usize>().ok()).unwrap_or(0);
    let seen = by_last_seen(&record);
    let first = page.saturating_mul(ON_A_PAGE);
    let row = |(device, at): &(MacAddress, Timestamp)| DeviceRow {
        name: Html::new(&ltr(masked(*device))),
        key: key(&app, &owner, *device),
        is_this: *device == visit.context.device,
        seen: Html::new(
            &words.fill("devices-seen", &[("when", &wording::moment(&visit.site.zone, *at))]),
        ),
    };
    let notice = (visit.mark("n").as_deref() == Some("gone")).then(|| words.text("devices-gone"));
    let screen = DevicesScreen {
        frame: visit.frame(&app, "devices-title", "devices"),
        notice: notice.as_deref().map(Html::new),
        devices: seen.iter().skip(first).take(ON_A_PAGE).map(row).collect(),
        next: (seen.len() > first.saturating_add(ON_A_PAGE)).then_some(page.saturating_add(1)),
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(&app))
}

/// The devices with the time at which each was last seen: signed in, or reported to be online.
fn by_last_seen(record: &AccountRecord) -> Vec<(MacAddress, Timestamp)> {
    let reported = |device: &Device| {
        let own = |session: &&Session| session.device == device.mac;
        record.sessions.iter().filter(own).map(|session| session.updated_at).max()
    };
    let last = |device: &Device| device.last_seen.max(reported(device).unwrap_or(device.last_seen));
    let mut seen: Vec<_> = record.devices.iter().map(|device| (device.mac, last(device))).collect();
    seen.sort_by_key(|(device, at)| (std::cmp::Reverse(*at), *device));
    seen
}

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    device: String,
}

/// `POST /v/{token}/devices`: takes another device off.
pub(crate) async fn retire(
    State(app): State<Arc<App>>,
    visit: Visit,
    form: Result<Form<Chosen>, FormRejection>,
) -> Outcome {
    let Form(chosen) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&app, &visit, &rejection),
    };
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let (owner, record) = match owner::find_person(&app, &visit).await? {
        Ok(person) => person,
        Err(page) => return Ok(page),
    };
    let account = owner.account;
    let others = record.devices.iter().map(|device| device.mac);
    let mut others = others.filter(|device| *device != visit.context.device);
    let Some(device) = others.find(|device| key(&app, &owner, *device) == chosen.device) else {
        return Ok(visit.go("devices"));
    };
    let store = app.store.on_record(AuditEntry {
        at: visit.now,
        actor: Actor::Visitor,
        act: Act::DeviceRetired,
        subject: AuditSubject::Account(account),
        detail: Map::new(),
    });
    store.retire_device(account, device, visit.now).await?;
    tracing::debug!(account.id = %account, %device, "a visitor took a device off");
    Ok(visit.go("devices?n=gone"))
}

/// What a form calls a device by.
fn key(app: &App, grant: &Grant, device: MacAddress) -> String {
    app.signer.name_of([b"device", &grant.account.to_bytes(), &device.octets()])
}

/// An address of which its owner can tell the device, and nobody else's page the rest.
pub(super) fn masked(device: MacAddress) -> String {
    let [.., last_but_one, last] = device.octets();
    format!("••:{last_but_one:02x}:{last:02x}")
}
