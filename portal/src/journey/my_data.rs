//! What is kept about a person: shown, brought away, destroyed, and consents taken back.
//!
//! All of it stands behind a code that is sent to the number that signed in, never to another. The
//! code opens the pages for a short time in the browser that brought it, and lets nobody online.

mod extract;

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{
    AccountId, Challenge, ChallengeState, Code, ConsentPurpose, ErasureRequest, Identity,
    PhoneNumber, Purpose, Reference, Verdict,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{
    AccountRecord, Act, Actor, Attempt, AuditEntry, AuditSubject, Begun, Budget, NewChallenge,
    Proof, Sought, Store, StoreError, order_off_account,
};

use super::code::{self, Places};
use super::number::{over_limit, too_many};
use super::{too_busy, unreadable};
use crate::app::{App, Message, Outcome};
use crate::catalogue::{Case, Html, ltr};
use crate::context::Pass;
use crate::failure::Failure;
use crate::owner;
use crate::screen::{MyDataAskScreen, MyDataEraseScreen, MyDataScreen, render};
use crate::visit::Visit;
use crate::{random, sending, wording};

const PLACES: Places = Places {
    folder: "me/",
    code: "me",
    start: "me",
    label: "me-code-label",
    submit: "me-code-submit",
};
/// For how long a code opens the pages.
const OPEN: Duration = Duration::from_secs(10 * 60);

/// Somebody on a device of the person who has a number, but has brought no code yet.
struct Asking {
    account: AccountId,
    phone: PhoneNumber,
}

/// `GET /v/{token}/me`: the page at which asking for one's data really is.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Some(record) = opened(&app, &visit).await? {
        return page(&app, &visit, &record);
    }
    let asking = match find(&app, &visit).await? {
        Ok(asking) => asking,
        Err(page) => return Ok(page),
    };
    match pending(&app, &visit).await? {
        Some(challenge) => code::page(&app, &visit, &challenge, &PLACES).await,
        None => ask(&app, &visit, &asking),
    }
}

/// What is kept about the person whose pages a code has opened.
async fn opened(app: &App, visit: &Visit) -> Result<Option<AccountRecord>, Failure> {
    let pass = visit.context.my_data.filter(|pass| visit.now < pass.until);
    let Some(pass) = pass else { return Ok(None) };
    Ok(app.store.account_record(pass.account).await?)
}

/// Who asks, or the page for whom no code can be sent.
async fn find(app: &App, visit: &Visit) -> Result<Result<Asking, Response>, Failure> {
    let (owner, record) = match owner::find_person(app, visit).await? {
        Ok(person) => person,
        Err(page) => return Ok(Err(page)),
    };
    match record.account.identity {
        Identity::Phone(phone) => Ok(Ok(Asking { account: owner.account, phone })),
        Identity::Voucher(_) | Identity::Claimed(_) => Ok(Err(visit.message(app, &BY_VOUCHER)?)),
    }
}

const BY_VOUCHER: Message<'static> = Message {
    status: StatusCode::OK,
    title: "me-title",
    text: "me-voucher",
    values: &[],
    action: Some(("help", "help-title")),
};

/// The challenge whose code is awaited.
async fn pending(app: &App, visit: &Visit) -> Result<Option<Challenge>, Failure> {
    let open = app.store.find_open_challenge(&visit.my_data()).await?;
    Ok(open.filter(|challenge| challenge.is_alive(&app.policy, visit.now)))
}

fn ask(app: &App, visit: &Visit, asking: &Asking) -> Outcome {
    let words = visit.words(app);
    let notice = match visit.mark("e").as_deref() {
        Some("locked") => Some(words.text("e-code-locked")),
        Some("expired") => Some(words.text("e-code-expired")),
        Some("used") => Some(words.text("e-code-used")),
        _ => None,
    };
    let phone = ltr(asking.phone.masked());
    let screen = MyDataAskScreen {
        frame: visit.frame(app, "me-title", "me"),
        notice: notice.as_deref().map(Html::new),
        sent_to: Html::new(&words.fill("me-code", &[("phone", &phone)])),
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(app))
}

/// `POST /v/{token}/me/send`: sends a code to the number that signed in.
pub(crate) async fn send(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let asking = match find(&app, &visit).await? {
        Ok(asking) => asking,
        Err(page) => return Ok(page),
    };
    if pending(&app, &visit).await?.is_some() {
        return Ok(visit.go("me"));
    }
    let cost = match sending::permit(&app, &visit).await? {
        Ok(cost) => cost,
        Err(page) => return Ok(page),
    };
    let code = random::code()?;
    let form = &app.settings.message_form;
    let text = form.message(&visit.words(&app), Purpose::MyData, &code, None);
    let shared = sending::shared(&app, &visit, &asking.phone, cost);
    let charge = app.charge(None, &asking.phone, &text);
    let limits = app.budgets.sends_at(&visit.site);
    let budget = Budget { limits: &limits, shared: &shared, charge };
    let challenge = Challenge {
        id: random::opaque_id()?,
        binding: visit.my_data(),
        phone: asking.phone,
        language: visit.context.language.clone(),
        agreed: Vec::new(),
        created_at: visit.now,
        sent_at: visit.now,
        sends: 1,
        code_expires_at: app.policy.good_until(visit.now, None),
        attempts: 0,
        state: ChallengeState::Open,
    };
    let new = NewChallenge { challenge, code, link: None, text, visit: None, claim_until: None };
    match app.store.begin_challenge(&new, &budget, &app.policy).await? {
        Begun::Begins | Begun::Claimed(_) | Begun::GoesOn(_) | Begun::Mute(_) => Ok(visit.go("me")),
        Begun::Over(over) => over_limit(&app, &visit, over),
        Begun::Busy(wait) => too_many(&app, &visit, wait),
        Begun::Spent => sending::spent(&app, &visit),
    }
}

/// `POST /v/{token}/me/resend`: sends another code, unless it is too early.
pub(crate) async fn resend(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    if let Err(page) = find(&app, &visit).await? {
        return Ok(page);
    }
    let Some(challenge) = pending(&app, &visit).await? else { return Ok(visit.go("me")) };
    code::send_again(&app, &visit, &challenge, (&PLACES, None)).await
}

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    code: String,
}

/// `POST /v/{token}/me/code`: tries the code; the right one opens the pages.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    visit: Visit,
    form: Result<Form<Typed>, FormRejection>,
) -> Outcome {
    let Form(typed) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&app, &visit, &rejection),
    };
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let asking = match find(&app, &visit).await? {
        Ok(asking) => asking,
        Err(page) => return Ok(page),
    };
    let open = pending(&app, &visit).await?.filter(|open| open.phone == asking.phone);
    let Some(challenge) = open else { return Ok(visit.go("me")) };
    let Ok(code) = typed.code.parse::<Code>() else { return Ok(visit.go("me?e=format")) };
    let attempt =
        Attempt { challenge: Sought::Id(challenge.id), proof: Proof::Code(&code), at: visit.now };
    let store = on_record(&app, &visit, asking.account, Act::AccountShown);
    Ok(match store.verify(&attempt, Purpose::MyData, &app.policy).await? {
        Ok(_) => {
            let pass = Pass { account: asking.account, until: visit.now + OPEN };
            visit.with_pass(&app, pass).go("me")
        }
        Err(Verdict::Wrong { left: 0 } | Verdict::Locked) => visit.go("me?e=locked"),
        Err(Verdict::Wrong { .. }) => visit.go("me?e=wrong"),
        Err(Verdict::Expired) => visit.go("me"),
        Err(Verdict::Used) => visit.go("me?e=used"),
    })
}

/// The store, whose next change is written down as the visitor's own act.
fn on_record(app: &App, visit: &Visit, account: AccountId, act: Act) -> Arc<dyn Store> {
    app.store.on_record(entry(visit, account, act, Map::new()))
}

fn entry(visit: &Visit, account: AccountId, act: Act, detail: Map<String, Value>) -> AuditEntry {
    let subject = AuditSubject::Account(account);
    AuditEntry { at: visit.now, actor: Actor::Visitor, act, subject, detail }
}

fn page(app: &App, visit: &Visit, record: &AccountRecord) -> Outcome {
    let words = visit.words(app);
    let moment = |at| wording::moment(&visit.site.zone, at);
    let count = |n: usize| ltr(n);
    let account = &record.account;
    let rows = [
        ("me-number", ltr(account.identity.masked())),
        ("me-first", moment(account.created_at)),
        ("me-last", moment(account.verified_at)),
        ("devices-title", count(record.devices.len())),
        ("me-stays", count(record.sessions.len())),
    ];
    let row = |(name, value): (&str, String)| (Html::new(&words.text(name)), Html::new(&value));
    let notice =
        (visit.mark("n").as_deref() == Some("withdrawn")).then(|| words.text("me-withdrawn"));
    let until = visit.context.my_data.map_or(visit.now, |pass| pass.until);
    let clock = wording::clock(&visit.site.zone, until);
    let screen = MyDataScreen {
        frame: visit.frame(app, "me-title", "me"),
        notice: notice.as_deref().map(Html::new),
        rows: rows.map(row).into(),
        consents: given(record)
            .map(|purpose| (purpose.as_str(), Html::new(&words.text(name_of(purpose)))))
            .collect(),
        until: Html::new(&words.fill("me-until", &[("clock", &clock)])),
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(app))
}

/// What was agreed to and not taken back.
fn given(record: &AccountRecord) -> impl Iterator<Item = ConsentPurpose> {
    let purposes = [ConsentPurpose::Service, ConsentPurpose::Awareness];
    purposes.into_iter().filter(|purpose| {
        let mut of_it = record.consents.iter().filter(|consent| consent.purpose == *purpose);
        of_it.any(|consent| consent.withdrawn_at.is_none())
    })
}

const fn name_of(purpose: ConsentPurpose) -> &'static str {
    match purpose {
        ConsentPurpose::Service => "terms-title",
        ConsentPurpose::Awareness => "me-awareness",
    }
}

/// `POST /v/{token}/me/download`: everything that is kept, as a file.
pub(crate) async fn download(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let Some(record) = opened(&app, &visit).await? else { return Ok(visit.go("me")) };
    let account = record.account.id;
    let Some(data) = app.store.personal_data(account).await? else { return Ok(visit.go("")) };
    let detail = [("as".to_owned(), "file".into())].into_iter().collect();
    app.store.append_audit(&entry(&visit, account, Act::AccountShown, detail)).await?;
    let file = extract::of(&app, &data).await?;
    let mut response = axum::Json(file).into_response();
    let name = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct TakenBack {
    #[serde(default)]
    purpose: String,
}

/// `POST /v/{token}/me/withdraw`: takes a consent back.
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    visit: Visit,
    form: Result<Form<TakenBack>, FormRejection>,
) -> Outcome {
    let Form(taken_back) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&app, &visit, &rejection),
    };
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let Some(record) = opened(&app, &visit).await? else { return Ok(visit.go("me")) };
    let Ok(purpose) = taken_back.purpose.parse::<ConsentPurpose>() else {
        return Ok(visit.go("me"));
    };
    let account = record.account.id;
    let detail = [("purpose".to_owned(), purpose.as_str().into())].into_iter().collect();
    let store = app.store.on_record(entry(&visit, account, Act::ConsentWithdrawn, detail));
    store.withdraw_consent(account, purpose, visit.now).await?;
    Ok(visit.go("me?n=withdrawn"))
}

/// `GET /v/{token}/me/erase`: asks once more.
pub(crate) async fn confirm(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if opened(&app, &visit).await?.is_none() {
        return Ok(visit.go("me"));
    }
    let screen = MyDataEraseScreen { frame: visit.frame(&app, "me-erase", "me/erase") };
    let language = &visit.context.language;
    render(StatusCode::OK, &screen, language, &visit.form_targets(&app))
}

/// `POST /v/{token}/me/erase`: destroys everything, unless the law keeps it for now.
pub(crate) async fn erase(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let Some(record) = opened(&app, &visit).await? else { return Ok(visit.go("me")) };
    let account = record.account.id;
    let site = visit.site.name.clone();
    let request = ErasureRequest::new(random::reference()?, account, site, visit.now);
    let store = on_record(&app, &visit, account, Act::ErasureRequested);
    let request = store.add_erasure_request(&request).await?;
    let is_held = record.holds.iter().any(|hold| hold.released_at.is_none());
    let page = if !is_held && destroy(&app, &visit, &request).await? { "erased" } else { "kept" };
    Ok(visit.go(&format!("{page}?r={}", request.reference)))
}

/// Destroys everything about a person; returns whether it was, since somebody may hold it meanwhile.
async fn destroy(app: &App, visit: &Visit, request: &ErasureRequest) -> Result<bool, Failure> {
    let account = request.account;
    order_off_account(app.store.as_ref(), account, visit.now).await?;
    let reference = request.reference.to_string();
    let detail = [("request".to_owned(), reference.into())].into_iter().collect();
    let store = app.store.on_record(entry(visit, account, Act::AccountErased, detail));
    match store.erase_account(account, visit.now).await {
        Ok(_) => {
            tracing::info!(account.id = %account, request = %request.reference, "account erased by its owner");
            Ok(true)
        }
        Err(StoreError::Reference { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// `GET /v/{token}/erased`: says that everything is destroyed.
pub(crate) async fn erased(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    told(&app, &visit, "me-erased")
}

/// `GET /v/{token}/kept`: says that the law keeps it for now.
pub(crate) async fn kept(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    told(&app, &visit, "me-kept")
}

/// A page that tells the reference of a request.
fn told(app: &App, visit: &Visit, text: &'static str) -> Outcome {
    let reference = visit.mark("r").and_then(|text| text.parse::<Reference>().ok());
    let Some(reference) = reference else { return Ok(visit.go("")) };
    let words = visit.words(app);
    let days = words.count("days", ErasureRequest::DAYS_TO_ANSWER, Case::Object);
    let message = Message {
        status: StatusCode::OK,
        title: "me-erase",
        text,
        values: &[("ref", &ltr(reference)), ("days", &days)],
        action: None,
    };
    visit.message(app, &message)
}
