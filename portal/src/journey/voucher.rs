//! The other first step: a voucher instead of a number. Nothing is sent, so it works when messages
//! do not. Looking at the page uses nothing up; only the form does.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Form};
use domain::{ConsentPurpose, EntryRefusal, VoucherCode, VoucherRefusal};
use serde::Deserialize;
use store::VoucherUse;

use super::arrive;
use super::number::too_many;
use super::{too_busy, unreadable};
use crate::app::{App, Message, Outcome, mark, see_other};
use crate::catalogue::{Html, ltr};
use crate::hand_off::hand_off;
use crate::refusals::note;
use crate::screen::{VoucherScreen, render};
use crate::stage::{self, Stage};
use crate::visit::{Peer, Visit};
use crate::{consent, random};

/// How a code looks.
const EXAMPLE: &str = "K7M2Q-XF4TN";
/// As many characters as the field takes.
const LONGEST: usize = 40;

/// What the form holds.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    code: String,
    terms: Option<String>,
}

/// What is wrong with the form.
#[derive(Default)]
struct Fault {
    /// The key of the words about the code.
    code: Option<&'static str>,
    terms_missing: bool,
}

/// `GET /v/{token}/voucher`: asks for the code; one that was scanned stands there already.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if !may_be_used(&stage::find(&app, &visit).await?) {
        return Ok(visit.go(""));
    }
    let code = visit.mark("code").unwrap_or_default();
    page(&app, &visit, &Typed { code, terms: None }, &Fault::default())
}

/// `POST /v/{token}/voucher`: lets the device online.
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
        note(&app, &visit, EntryRefusal::Forms).await;
        return too_busy(&app, &visit, wait);
    }
    if !may_be_used(&stage::find(&app, &visit).await?) {
        return Ok(visit.go(""));
    }
    let code = typed.code.parse::<VoucherCode>();
    let fault = Fault {
        code: code.is_err().then_some("e-voucher-format"),
        terms_missing: typed.terms.is_none(),
    };
    let why = if code.is_err() { EntryRefusal::VoucherFormat } else { EntryRefusal::Terms };
    let (Ok(code), false) = (code, typed.terms.is_none()) else {
        note(&app, &visit, why).await;
        return page(&app, &visit, &typed, &fault);
    };
    if let Err(wait) = app.budgets.admit_voucher_of(visit.context.device) {
        note(&app, &visit, EntryRefusal::VoucherTries).await;
        return too_busy(&app, &visit, wait);
    }
    if let Err(wait) = app.budgets.admit_voucher_at(&visit.site.name) {
        note(&app, &visit, EntryRefusal::VoucherTries).await;
        return too_many(&app, &visit, wait);
    }
    let used = VoucherUse {
        code: &code,
        visit: &visit.record(),
        agreed: consent::agreed(&app, &visit, &[ConsentPurpose::Service]).await?,
        grant: random::id(visit.now)?,
        new_account: random::id(visit.now)?,
    };
    match app.store.use_voucher(&used).await? {
        Ok(outcome) => {
            tracing::debug!(
                site = %outcome.grant.site, device = %outcome.grant.device,
                grant = %outcome.grant.id, "a device signed in by a voucher"
            );
            hand_off(&app, &visit, &outcome.grant).await
        }
        Err(refusal) => {
            note(&app, &visit, EntryRefusal::Voucher(refusal)).await;
            let code = Some(match refusal {
                VoucherRefusal::Unknown => "e-voucher-unknown",
                VoucherRefusal::Over => "e-voucher-over",
                VoucherRefusal::Full => "e-voucher-full",
            });
            page(&app, &visit, &typed, &Fault { code, terms_missing: false })
        }
    }
}

/// `GET /voucher` without a token, as a voucher's picture says it: who is known by address goes on
/// with the visit, everybody else to where the gateway redirects them back from.
pub(crate) async fn at_the_door(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let language = app.language_of(&headers, query.as_deref());
    let code = mark(query.as_deref(), "code").unwrap_or_default();
    if let Some(token) = arrive::known_by_address(&app, peer, &language).await? {
        return Ok(see_other(&format!("/v/{token}/{}", page_of(&code))));
    }
    if let Some(entry) = arrive::way_back(&app, &headers) {
        let mut entry = entry.clone();
        entry.query_pairs_mut().append_pair(CARRIED, &shown(&code));
        return Ok(arrive::to_entry(&entry));
    }
    let example =
        code.parse::<VoucherCode>().map_or_else(|_| EXAMPLE.to_owned(), |code| code.printed());
    let message = Message {
        status: StatusCode::OK,
        title: "connect-title",
        text: "voucher-connect",
        values: &[("code", &ltr(example))],
        action: None,
    };
    app.message(&language, &message)
}

/// By which name a code comes back with the page that was wanted.
const CARRIED: &str = "voucher";

/// The voucher's page below a visit's token, if `wanted` is the page that a code was sent on to.
pub(crate) fn carried(app: &App, wanted: Option<&str>) -> Option<String> {
    let (wanted, entry) = (url::Url::parse(wanted?).ok()?, app.settings.entry.as_ref()?);
    let is_entry = wanted.host_str() == entry.host_str()
        && wanted.port_or_known_default() == entry.port_or_known_default();
    mark(wanted.query(), CARRIED).filter(|_| is_entry).map(|code| page_of(&code))
}

/// The page with a code in its field.
fn page_of(code: &str) -> String {
    format!("voucher?{}", query_of(&shown(code)))
}

fn query_of(code: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("code", code).finish()
}

/// A code as it stands on the voucher, or what was typed instead, as much as the field takes.
fn shown(code: &str) -> String {
    match code.parse::<VoucherCode>() {
        Ok(code) => code.printed(),
        Err(_) => code.chars().take(LONGEST).collect(),
    }
}

/// Whether a voucher gives the device something that it has not.
const fn may_be_used(stage: &Stage) -> bool {
    matches!(stage, Stage::Number(_) | Stage::Code(_))
}

fn page(app: &App, visit: &Visit, typed: &Typed, fault: &Fault) -> Outcome {
    let words = visit.words(app);
    let is_good = fault.code.is_none() && !fault.terms_missing;
    let status = if is_good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let example = ltr(EXAMPLE);
    let mut frame = visit.frame(app, "voucher-title", "voucher");
    let typed_code = shown(&typed.code);
    if !typed_code.is_empty() {
        frame.keep = format!("&{}", query_of(&typed_code));
    }
    let screen = VoucherScreen {
        frame,
        hint: Html::new(&words.fill("voucher-hint", &[("example", &example)])),
        error: fault.code.map(|key| Html::new(&words.fill(key, &[("example", &example)]))),
        terms_missing: fault.terms_missing,
        typed: typed_code,
        ticked: typed.terms.is_some(),
    };
    render(status, &screen, words.language(), &visit.form_targets(app))
}
