//! The second step: the code comes back, is asked for again, or the number is changed.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use domain::{AccountId, Challenge, Code, Grant, GrantState, MessageState, ResendRefusal, Verdict};
use serde::Deserialize;
use store::{Attempt, SignIn};

use super::number::over_budget;
use super::{too_busy, unreadable};
use crate::app::{App, Outcome};
use crate::catalogue::{Case, Html, ltr};
use crate::failure::Failure;
use crate::hand_off::hand_off;
use crate::screen::{CodeScreen, render};
use crate::stage::{self, Stage};
use crate::visit::Visit;
use crate::{random, wording};

/// `GET /v/{token}/code`: waits for the code. Showing the page never sends one.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    let words = visit.words(&app);
    let phone = ltr(challenge.phone.masked());
    let (wait, may_resend) = match challenge.may_resend(&app.policy, visit.now) {
        Ok(()) => (None, true),
        Err(ResendRefusal::CoolingDown { wait }) => (Some(wait), true),
        Err(ResendRefusal::SendsUsedUp | ResendRefusal::Over) => (None, false),
    };
    let notice = (visit.mark("n").as_deref() == Some("sent")).then(|| words.text("resend-done"));
    let screen = CodeScreen {
        frame: visit.frame(&app, "code-title", "code"),
        sent: Html::new(&words.fill("code-sent", &[("phone", &phone)])),
        notice: notice.as_deref().map(Html::new),
        error: find_error(&app, &visit, &challenge).await?.as_deref().map(Html::new),
        wait: wait.map(|wait| {
            Html::new(&words.fill("resend-wait", &[("t", &wording::wait(&words, wait))]))
        }),
        wait_seconds: wait.map_or(0, wording::whole_seconds),
        may_resend,
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(&app))
}

/// What the page must say about the last attempt, the code's age or the message's fate.
async fn find_error(
    app: &App,
    visit: &Visit,
    challenge: &Challenge,
) -> Result<Option<String>, Failure> {
    let words = visit.words(app);
    let left = u64::from(app.policy.attempts.saturating_sub(challenge.attempts));
    Ok(match visit.mark("e").as_deref() {
        Some("wrong") => {
            let attempts = words.count("attempts", left, Case::Subject);
            Some(words.fill("e-code-wrong", &[("attempts", &attempts)]))
        }
        Some("format") => Some(words.text("e-code-format")),
        Some("sends") => Some(words.text("e-sends")),
        _ if !challenge.is_pending(&app.policy, visit.now) => Some(words.text("e-code-expired")),
        _ => match app.store.message_state(challenge.id).await? {
            Some(MessageState::Failed { .. }) => {
                let phone = ltr(challenge.phone.masked());
                Some(words.fill("e-sms-failed", &[("phone", &phone)]))
            }
            _ => None,
        },
    })
}

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    code: String,
}

/// `POST /v/{token}/code`: tries the code; the right one lets the device online.
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
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    let Ok(code) = typed.code.parse::<Code>() else { return Ok(visit.go("code?e=format")) };
    let attempt = Attempt { challenge: challenge.id, code: &code, at: visit.now };
    let verdict = app.store.try_code(&attempt, &app.policy).await?;
    Ok(match verdict {
        Verdict::Accepted(challenge) => {
            let grant = sign_in(&app, &visit, challenge).await?;
            return hand_off(&app, &visit, &grant).await;
        }
        Verdict::Wrong { left: 0 } | Verdict::Locked => visit.go("?e=locked"),
        Verdict::Wrong { .. } => visit.go("code?e=wrong"),
        Verdict::Expired => visit.go("code"),
        Verdict::Used => visit.go("?e=used"),
    })
}

/// Makes the grant of a won challenge.
async fn sign_in(app: &App, visit: &Visit, challenge: Challenge) -> Result<Grant, Failure> {
    let plan = app.store.find_plan(&visit.site.plan).await?;
    let plan = plan.ok_or_else(|| Failure::PlanGone(visit.site.plan.clone()))?;
    let account: AccountId = random::id(visit.now)?;
    let grant = Grant {
        id: random::id(visit.now)?,
        account,
        device: challenge.device,
        site: challenge.site,
        plan: plan.name,
        issued_at: visit.now,
        until: visit.now + plan.remembered_for,
        state: GrantState::Live,
    };
    let outcome = app
        .store
        .sign_in(&SignIn {
            phone: challenge.phone,
            new_account: account,
            language: visit.context.language.clone(),
            grant,
            terms_version: challenge.terms_version,
            devices: plan.devices,
        })
        .await?;
    tracing::debug!(
        site = %outcome.grant.site, device = %outcome.grant.device, grant = %outcome.grant.id,
        retired = outcome.retired.len(), "a device signed in"
    );
    Ok(outcome.grant)
}

/// `POST /v/{token}/resend`: sends another code, unless it is too early.
pub(crate) async fn resend(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    let (store, device) = (app.store.as_ref(), visit.context.device);
    if let Err(over) = app.budgets.check_device(store, device, visit.now).await? {
        return over_budget(&app, &visit, over);
    }
    let code = random::code()?;
    let text = visit.words(&app).code_message(code.expose());
    let sent = store.send_code_again(challenge.id, &code, &text, &app.policy, visit.now).await?;
    Ok(match sent {
        Ok(_) => visit.go("code?n=sent"),
        // The page itself says for how long to wait.
        Err(ResendRefusal::CoolingDown { .. }) => visit.go("code"),
        Err(ResendRefusal::SendsUsedUp) => visit.go("code?e=sends"),
        Err(ResendRefusal::Over) => visit.go("?e=expired"),
    })
}

/// `POST /v/{token}/change`: gives the challenge up, so that another number can be typed.
pub(crate) async fn change(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let open = app.store.find_open_challenge(&visit.site.name, visit.context.device).await?;
    if let Some(challenge) = open {
        app.store.abandon_challenge(challenge.id).await?;
    }
    Ok(visit.go(""))
}
