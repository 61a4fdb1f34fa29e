//! Sessions, accounts and orders.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{GrantEnd, NasName, OrderId, OrderKind, OrderReason, Session, SessionId, Terms};
use store::{AccountRecord, Act, AuditSubject, OrderFilter, SessionFilter, order_off_account};

use super::AdminApi;
use super::api::{
    AccountErased, AccountView, Changing, Disconnect, Disconnecting, FailureKind, GrantFate, List,
    OrderFate, OrderQuery, OrderView, Person, SessionDetails, SessionQuery, SessionView,
};
use super::extract::{Asked, Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::quota;

/// How long a list is when nobody says, and at most.
const USUAL_LENGTH: u32 = 100;
const MOST_LENGTH: u32 = 10_000;

pub(super) async fn list_sessions(
    State(api): State<AdminApi>,
    by: By,
    Asked(query): Asked<SessionQuery>,
) -> Result<Json<List<SessionView>>, Refusal> {
    let device = query.device.map(AuditSubject::Device);
    let nas = query.nas.clone().map(AuditSubject::AccessPoint);
    let subject = device.or(nas).unwrap_or(AuditSubject::None);
    let note = Note::of(Act::SessionsShown).about(subject).with("all", query.all);
    let filter = SessionFilter {
        open_only: !query.all,
        nas: query.nas,
        device: query.device,
        limit: length(query.limit)?,
    };
    api.write_look_down(&by, note).await?;
    let sessions = api.store.list_sessions(&filter).await?;
    if sessions.is_empty() {
        api.must_know(filter.nas.as_ref()).await?;
    }
    Ok(Json(List { items: sessions.into_iter().map(SessionView::from).collect() }))
}

pub(super) async fn show_session(
    State(api): State<AdminApi>,
    by: By,
    Named(id): Named<SessionId>,
) -> Result<Json<SessionDetails>, Refusal> {
    let session = api.session(id).await?;
    let note = Note::of(Act::SessionShown).about(AuditSubject::Session(id));
    api.write_down(&by, note).await?;
    let latest = OrderFilter { session: Some(id), ..OrderFilter::latest(1) };
    let order = api.store.list_orders(&latest).await?.pop().map(OrderView::from);
    Ok(Json(SessionDetails {
        speed: session.speed,
        identification: session.identification.clone(),
        session: session.into(),
        order,
    }))
}

pub(super) async fn change(
    State(api): State<AdminApi>,
    by: By,
    Named(id): Named<SessionId>,
) -> Result<(StatusCode, Json<Changing>), Refusal> {
    let session = api.session(id).await?;
    let kind = OrderKind::Change(api.terms(&session).await?.speed);
    let order = quota::order(&session, kind, OrderReason::Admin, api.clock.now());
    let note = Note::of(Act::SessionChanged).about(AuditSubject::Session(id));
    let note = note.with("nas", &session.nas);
    let written = api.on_record(&by, note).add_order(&order).await?;
    tracing::info!(session.id = %id, nas = %session.nas, "limits told again by an admin");
    let order = if written { OrderFate::Written } else { OrderFate::WaitsAlready };
    Ok((StatusCode::ACCEPTED, Json(Changing { session: id, order })))
}

pub(super) async fn disconnect(
    State(api): State<AdminApi>,
    by: By,
    Named(id): Named<SessionId>,
    Body(wish): Body<Disconnect>,
) -> Result<(StatusCode, Json<Disconnecting>), Refusal> {
    let session = api.session(id).await?;
    if !session.is_open() {
        return Err(Refusal::new(FailureKind::Conflict, "the session is over already"));
    }
    let now = api.clock.now();
    let note = Note::of(Act::SessionDisconnected).about(AuditSubject::Session(id));
    let note = note.with("nas", &session.nas).with("grant", wish.grant);
    let store = api.on_record(&by, note);
    if wish.grant == GrantFate::Revoke {
        let Some(grant) = api.store.find_grant(session.device).await? else {
            return Err(Refusal::new(FailureKind::Conflict, "the device has no grant to revoke"));
        };
        store.end_grant(grant.id, GrantEnd::Revoked, OrderReason::Admin, now).await?;
    }
    // A revoked grant has written the order itself; this one is for a grant that was over before.
    let order = quota::disconnect(&session, OrderReason::Admin, now);
    let written = store.add_order(&order).await?;
    tracing::info!(session.id = %id, nas = %session.nas, grant = ?wish.grant, "session cut by an admin");
    let order = match (written, wish.grant) {
        (true, _) | (false, GrantFate::Revoke) => OrderFate::Written,
        (false, GrantFate::Keep) => OrderFate::WaitsAlready,
    };
    Ok((StatusCode::ACCEPTED, Json(Disconnecting { session: id, order, grant: wish.grant })))
}

pub(super) async fn show_account(
    State(api): State<AdminApi>,
    by: By,
    Body(person): Body<Person>,
) -> Result<Json<AccountView>, Refusal> {
    let account = api.account(&person).await;
    let subject = match &account {
        Ok(record) => AuditSubject::Account(record.account.id),
        Err(_) => person.into(),
    };
    api.write_down(&by, Note::of(Act::AccountShown).about(subject)).await?;
    Ok(Json(account?.into()))
}

pub(super) async fn erase_account(
    State(api): State<AdminApi>,
    by: By,
    Body(person): Body<Person>,
) -> Result<Json<AccountErased>, Refusal> {
    let record = api.account(&person).await?;
    if record.holds.iter().any(|hold| hold.released_at.is_none()) {
        let reason = "the person is under a legal hold; release it first";
        return Err(Refusal::new(FailureKind::Conflict, reason));
    }
    let account = record.account.id;
    let now = api.clock.now();
    let disconnecting = order_off_account(api.store.as_ref(), account, now).await?;
    let note = Note::of(Act::AccountErased).about(AuditSubject::Account(account));
    let note = note.with("disconnecting", disconnecting);
    if !api.on_record(&by, note).erase_account(account, now).await? {
        return Err(unknown_person());
    }
    tracing::info!(account.id = %account, disconnecting, "account erased by an admin");
    Ok(Json(AccountErased { account, disconnecting }))
}

pub(super) async fn list_orders(
    State(api): State<AdminApi>,
    by: By,
    Asked(query): Asked<OrderQuery>,
) -> Result<Json<List<OrderView>>, Refusal> {
    let session = query.session.map(AuditSubject::Session);
    let nas = query.nas.clone().map(AuditSubject::AccessPoint);
    let subject = session.or(nas).unwrap_or(AuditSubject::None);
    let note = Note::of(Act::OrdersShown).about(subject).with("waiting", query.waiting);
    let filter = OrderFilter {
        waiting_only: query.waiting,
        nas: query.nas,
        session: query.session,
        device: None,
        limit: length(query.limit)?,
    };
    api.write_look_down(&by, note).await?;
    let orders = api.store.list_orders(&filter).await?;
    if orders.is_empty() {
        api.must_know(filter.nas.as_ref()).await?;
        if let Some(session) = filter.session {
            api.session(session).await?;
        }
    }
    Ok(Json(List { items: orders.into_iter().map(OrderView::from).collect() }))
}

pub(super) async fn show_order(
    State(api): State<AdminApi>,
    by: By,
    Named(id): Named<OrderId>,
) -> Result<Json<OrderView>, Refusal> {
    let order = api.store.find_order(id).await?;
    let order = order.ok_or_else(|| Refusal::not_found("order", id))?;
    api.write_down(&by, Note::of(Act::OrderShown).about(AuditSubject::Order(id))).await?;
    Ok(Json(order.into()))
}

impl AdminApi {
    /// Refuses an access point that there is not, of which a list says nothing; of one that was
    /// removed there may still be something.
    pub(super) async fn must_know(&self, nas: Option<&NasName>) -> Result<(), Refusal> {
        match nas {
            Some(name) if self.store.find_access_point(name).await?.is_none() => {
                Err(Refusal::not_found("access point", name))
            }
            _ => Ok(()),
        }
    }

    async fn session(&self, id: SessionId) -> Result<Session, Refusal> {
        let session = self.store.find_session(id).await?;
        session.ok_or_else(|| Refusal::not_found("session", id))
    }

    /// The present terms of a session that goes on.
    async fn terms(&self, session: &Session) -> Result<Terms, Refusal> {
        let conflict = |reason: &str| Refusal::new(FailureKind::Conflict, reason);
        if !session.is_open() {
            return Err(conflict("the session is over already"));
        }
        let nas = self.store.find_access_point(&session.nas).await?;
        let nas = nas.ok_or_else(|| conflict("the access point was removed"))?;
        let now = self.clock.now();
        let terms = store::terms_of(self.store.as_ref(), session.device, &nas, now).await?;
        terms.ok_or_else(|| {
            conflict("the device has no grant, nothing is left of it, or the site is closed")
        })
    }

    async fn account(&self, person: &Person) -> Result<AccountRecord, Refusal> {
        let account = self.store.find_account(person).await?.ok_or_else(unknown_person)?;
        self.store.account_record(account.id).await?.ok_or_else(unknown_person)
    }
}

pub(super) fn unknown_person() -> Refusal {
    Refusal::new(FailureKind::NotFound, "nothing is kept about that number or voucher")
}

pub(super) fn length(wanted: Option<u32>) -> Result<u32, Refusal> {
    let length = wanted.unwrap_or(USUAL_LENGTH);
    if (1..=MOST_LENGTH).contains(&length) {
        return Ok(length);
    }
    Err(Refusal::invalid(format!("limit is {length}, but must be 1 to {MOST_LENGTH}")))
}
