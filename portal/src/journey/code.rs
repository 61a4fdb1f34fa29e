//! The second step: the code comes back, is asked for again, or the number is changed.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use domain::{
    Challenge, Code, Doors, EntryRefusal, Grant, GrantState, Language, MacAddress, MessageState,
    Purpose, ResendRefusal, RouteName, Site, Timestamp, Verdict,
};
use serde::Deserialize;
use store::{AnotherCode, Attempt, Budget, MessageTold, NotSent, Prize, Proof, Sought};

use super::number::{over_limit, too_many};
use super::{too_busy, unreadable};
use crate::app::{App, Outcome};
use crate::catalogue::{Case, Html, ltr};
use crate::failure::Failure;
use crate::hand_off::{hand_off, hand_off_with, new_credential};
use crate::refusals::note;
use crate::screen::{CodeScreen, render};
use crate::stage::{self, Stage};
use crate::visit::Visit;
use crate::{grace, random, sending, wording};

/// A gateway usually has a message within that time.
const USUAL_DELAY: Duration = Duration::from_secs(10);
/// So many messages that wait ahead are worth a word.
const CROWD: u32 = 50;

/// `GET /v/{token}/code`: waits for the code. Showing the page never sends one.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    page(&app, &visit, &challenge, &SIGN_IN).await
}

/// Where the forms of a code lead, and the page of the code itself.
pub(super) struct Places {
    /// What stands before the forms' own names.
    pub folder: &'static str,
    /// The page of the code.
    pub code: &'static str,
    /// The page at which it begins.
    pub start: &'static str,
    /// What the code's field and its button are called.
    pub label: &'static str,
    pub submit: &'static str,
}

const SIGN_IN: Places =
    Places { folder: "", code: "code", start: "", label: "code-label", submit: "code-submit" };

/// The page that waits for a code.
pub(super) async fn page(
    app: &App,
    visit: &Visit,
    challenge: &Challenge,
    places: &Places,
) -> Outcome {
    let words = visit.words(app);
    let phone = ltr(challenge.phone.masked());
    let message = app.store.latest_message(challenge.id).await?;
    let waits = message.as_ref().is_some_and(|told| told.state == MessageState::Waiting);
    let (wait, may_resend) = match challenge.may_resend(&app.policy, visit.now) {
        Ok(()) => (None, true),
        Err(ResendRefusal::CoolingDown { wait }) => (Some(wait), true),
        Err(ResendRefusal::SendsUsedUp | ResendRefusal::Over) => (None, false),
    };
    let delay = find_delay(app, visit, challenge).await?;
    // Another message would only wait behind the one that waits already.
    let held_up = delay.is_some();
    let is_sign_in = challenge.binding.purpose() == Purpose::SignIn;
    let by_whatsapp = may_resend && is_sign_in && app.whatsapp().is_some();
    let is_over = !challenge.is_pending(&app.policy, visit.now);
    let until = (!is_over && !held_up).then(|| {
        // Its life begins when it is taken, which is not before now.
        let at_least = app.policy.good_until(challenge.created_at, Some(visit.now));
        let until = if waits { at_least } else { challenge.code_expires_at };
        let clock = wording::clock(&visit.site.zone, until);
        Html::new(&words.fill("code-until", &[("clock", &clock)]))
    });
    let rerouted = message.as_ref().is_some_and(|told| told.rerouted);
    let notice = match (delay, visit.mark("n").as_deref()) {
        (Some(_), _) if !app.takes_messages() => Some(words.text(sending::DOWN)),
        (Some(delay), _) => Some(delay),
        (None, _) if rerouted => Some(words.text("resend-route")),
        (None, Some("sent")) => Some(words.text("resend-done")),
        (None, _) => None,
    };
    let grace = match is_sign_in && held_up && !app.takes_messages() {
        true => grace::offer(app, visit).await?,
        false => None,
    };
    // Nothing was sent yet while a message waits.
    let sent = if held_up && !is_over { "code-sending" } else { "code-sent" };
    let screen = CodeScreen {
        frame: visit.frame(app, "code-title", places.code),
        folder: places.folder,
        label: Html::new(&words.text(places.label)),
        submit: Html::new(&words.text(places.submit)),
        sent: Html::new(&words.fill(sent, &[("phone", &phone)])),
        until,
        notice: notice.as_deref().map(Html::new),
        is_over,
        error: find_error(app, visit, challenge, message.as_ref()).as_deref().map(Html::new),
        wait: wait.map(|wait| {
            Html::new(&words.fill("resend-wait", &[("t", &wording::wait(&words, wait))]))
        }),
        wait_seconds: wait.map_or(0, wording::whole_seconds),
        may_resend: may_resend && !held_up,
        may_look_again: held_up,
        by_whatsapp,
        grace: grace.map(|lasting| Html::new(&grace::button(&words, lasting))),
        may_change: is_sign_in,
        may_tap: app.settings.message_form.has_links() && is_sign_in,
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(app))
}

/// What the page must say about the last attempt, the code's age or the message's fate.
fn find_error(
    app: &App,
    visit: &Visit,
    challenge: &Challenge,
    message: Option<&MessageTold>,
) -> Option<String> {
    let words = visit.words(app);
    let left = u64::from(app.policy.attempts.saturating_sub(challenge.attempts));
    match visit.mark("e").as_deref() {
        Some("wrong") => {
            let attempts = words.count("attempts", left, Case::Subject);
            Some(words.fill("e-code-wrong", &[("attempts", &attempts)]))
        }
        Some("format") => Some(words.text("e-code-format")),
        Some("sends") => Some(words.text("e-sends")),
        _ if !challenge.is_pending(&app.policy, visit.now) => Some(words.text("e-code-expired")),
        _ => match message.map(|told| &told.state) {
            Some(MessageState::Failed { .. }) => {
                let phone = ltr(challenge.phone.masked());
                Some(words.fill("e-sms-failed", &[("phone", &phone)]))
            }
            Some(MessageState::Accepted { .. } | MessageState::Waiting) | None => None,
        },
    }
}

/// What to say of a message that waits for longer than usual, or behind many others.
async fn find_delay(
    app: &App,
    visit: &Visit,
    challenge: &Challenge,
) -> Result<Option<String>, Failure> {
    let ahead = app.store.messages_ahead(challenge.id).await?;
    let is_late = visit.now.since(challenge.sent_at) >= USUAL_DELAY;
    let place = ahead.filter(|ahead| is_late || *ahead >= CROWD).map(|ahead| ltr(ahead + 1));
    Ok(place.map(|place| visit.words(app).fill("e-sms-slow", &[("pos", &place)])))
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
        note(&app, &visit, EntryRefusal::Forms).await;
        return too_busy(&app, &visit, wait);
    }
    if matches!(visit.site.doors(visit.now), Doors::Closed { .. }) {
        return Ok(visit.go(""));
    }
    let Ok(code) = typed.code.parse::<Code>() else { return Ok(visit.go("code?e=format")) };
    let binding = visit.sign_in();
    let attempt =
        Attempt { challenge: Sought::OpenOf(&binding), proof: Proof::Code(&code), at: visit.now };
    let Visit { site, context, now, .. } = &visit;
    let mut prize = find_prize(&app, site, context.device, &context.language, *now).await?;
    if visit.nas.hand_off.method.has_login_page() {
        prize.credential = Some(new_credential(&visit, prize.grant.id)?);
    }
    Ok(match app.store.win(&attempt, &app.policy, &prize).await? {
        Ok(outcome) => {
            tracing::debug!(
                site = %outcome.grant.site, device = %outcome.grant.device,
                grant = %outcome.grant.id, retired = outcome.retired.len(), "a device signed in"
            );
            return hand_off_with(&app, &visit, &outcome.grant, prize.credential).await;
        }
        Err(Verdict::Wrong { left: 0 } | Verdict::Locked) => visit.go("?e=locked"),
        Err(Verdict::Wrong { .. }) => visit.go("code?e=wrong"),
        Err(Verdict::Expired) => visit.go("code"),
        Err(Verdict::Used) => visit.go("?e=used"),
    })
}

/// What the right code wins for a device at a site.
pub(super) async fn find_prize(
    app: &App,
    site: &Site,
    device: MacAddress,
    language: &Language,
    now: Timestamp,
) -> Result<Prize, Failure> {
    let plan = app.places.plan(app.store.as_ref(), &site.plan).await?;
    let plan = plan.ok_or_else(|| Failure::PlanGone(site.plan.clone()))?;
    let grant = Grant {
        id: random::id(now)?,
        account: random::id(now)?,
        device,
        site: site.name.clone(),
        plan: plan.name.clone(),
        issued_at: now,
        until: now + plan.remembered_for,
        state: GrantState::Live,
    };
    let language = language.clone();
    Ok(Prize { grant, language, devices: plan.devices, credential: None })
}

/// What the form for another code holds.
#[derive(Default, Deserialize)]
pub(crate) struct Again {
    by: Option<String>,
}

/// `POST /v/{token}/resend`: sends another code, unless it is too early, or the last one still waits.
pub(crate) async fn resend(
    State(app): State<Arc<App>>,
    visit: Visit,
    form: Result<Form<Again>, FormRejection>,
) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        note(&app, &visit, EntryRefusal::Forms).await;
        return too_busy(&app, &visit, wait);
    }
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    let asked = form.map(|Form(again)| again).unwrap_or_default().by;
    let route = asked.filter(|by| by == "whatsapp").and_then(|_| app.whatsapp());
    send_again(&app, &visit, &challenge, (&SIGN_IN, route)).await
}

/// Sends another code for a challenge, by that route if one is asked for, unless it is too early, a
/// limit is reached, or the last one still waits.
pub(super) async fn send_again(
    app: &App,
    visit: &Visit,
    challenge: &Challenge,
    (places, route): (&Places, Option<RouteName>),
) -> Outcome {
    let last = app.store.latest_message(challenge.id).await?;
    if route.is_none() && last.is_some_and(|told| told.state == MessageState::Waiting) {
        return Ok(visit.go(places.code));
    }
    let cost = match sending::permit(app, visit).await? {
        Ok(cost) => cost,
        Err(page) => return Ok(page),
    };
    let shared = sending::shared(app, visit, &challenge.phone, cost);
    let code = random::code()?;
    let purpose = challenge.binding.purpose();
    let has_link = purpose == Purpose::SignIn && route.is_none();
    let link = if has_link { app.draw_link()? } else { None };
    let form = &app.settings.message_form;
    let text = form.message(&visit.words(app), purpose, &code, link.as_ref());
    let charge = app.charge(route.as_ref(), &challenge.phone, &text);
    let limits = app.budgets.sends_at(&visit.site);
    let budget = Budget { limits: &limits, shared: &shared, charge };
    let visited = (purpose == Purpose::SignIn).then(|| visit.record());
    let another = AnotherCode {
        challenge: challenge.id,
        code,
        link,
        text,
        route,
        at: visit.now,
        visit: visited,
    };
    let sent = app.store.send_code_again(&another, &budget, &app.policy).await?;
    let Places { code, start, .. } = places;
    Ok(match sent {
        Ok(_) => visit.go(&format!("{code}?n=sent")),
        // The page itself says for how long to wait.
        Err(NotSent::Refused(ResendRefusal::CoolingDown { .. })) => visit.go(code),
        Err(NotSent::Refused(ResendRefusal::SendsUsedUp)) => visit.go(&format!("{code}?e=sends")),
        Err(NotSent::Refused(ResendRefusal::Over)) => visit.go(&format!("{start}?e=expired")),
        Err(NotSent::Over(over)) => return over_limit(app, visit, over),
        Err(NotSent::Busy(wait)) => return too_many(app, visit, wait),
        Err(NotSent::Spent) => return sending::spent(app, visit),
    })
}

/// `POST /v/{token}/grace`: lets the device in for a while, since no code comes.
pub(crate) async fn go_without(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        note(&app, &visit, EntryRefusal::Forms).await;
        return too_busy(&app, &visit, wait);
    }
    let Stage::Code(challenge) = stage::find(&app, &visit).await? else {
        return Ok(visit.go(""));
    };
    if app.takes_messages() {
        return Ok(visit.go("code"));
    }
    if let Err(page) = sending::permit(&app, &visit).await? {
        return Ok(page);
    }
    match grace::give(&app, &visit, &challenge.phone, &challenge.agreed).await? {
        Some(grant) => hand_off(&app, &visit, &grant).await,
        None => Ok(visit.go("code")),
    }
}

/// `POST /v/{token}/change`: gives the challenge up, so that another number can be typed.
pub(crate) async fn change(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    let open = app.store.find_open_challenge(&visit.sign_in()).await?;
    if let Some(challenge) = open {
        app.store.abandon_challenge(challenge.id).await?;
    }
    Ok(visit.go(""))
}
