//! The third step: the access point opens the way, and the visitor sees what is left.
//!
//! The answer to the right code leads here, and is held back until the way is open.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use domain::{Assessment, Octets, Remaining, Site, Timestamp};
use store::{Change, Standing};
use tokio::time::{Instant, timeout_at};

use super::{full, too_busy};
use crate::app::{App, Message, Outcome};
use crate::catalogue::{Case, Html, ltr};
use crate::failure::Failure;
use crate::hand_off::hand_off;
use crate::screen::{Gauge, Link, OnlineScreen, render};
use crate::stage::{self, Granted, Pace, Stage};
use crate::visit::Visit;
use crate::{grace, wording};

/// Who is let in so soon after the code was right has come by it.
const JUST_SIGNED_IN: Duration = Duration::from_secs(300);
/// With so little time left a visitor is warned, whatever the plan allows.
const LITTLE_TIME: Duration = Duration::from_secs(600);

/// `GET /v/{token}/go`: hands a live grant to the access point, with no code.
pub(crate) async fn go(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    match stage::find(&app, &visit).await? {
        Stage::Granted(granted) if granted.session.is_none() => {
            if stage::is_full(&app, &visit).await? {
                return full(&app, &visit);
            }
            hand_off(&app, &visit, &granted.grant).await
        }
        Stage::Granted(_) => Ok(visit.go("online")),
        Stage::UsedUp(_) => Ok(visit.go("status")),
        Stage::Number(_) | Stage::Code(_) | Stage::Closed { .. } | Stage::Full => Ok(visit.go("")),
    }
}

/// `GET /v/{token}/online`: waits for the session that the access point reports, then says that
/// the way is open.
pub(crate) async fn online(State(app): State<Arc<App>>, mut visit: Visit) -> Outcome {
    match when_let_in(&app, &mut visit).await? {
        Waited::NoMore(Stage::Granted(granted)) => {
            page(&app, &visit, &granted, Place::Online).await
        }
        Waited::NoMore(Stage::UsedUp(_)) => Ok(visit.go("status")),
        Waited::NoMore(_) => Ok(visit.go("")),
        Waited::InVain => visit.message(&app, &LATE),
        Waited::NotAtAll => visit.message(&app, &BEING_LET_IN),
    }
}

/// How waiting for a session ended.
enum Waited {
    /// There is one, or the device is at another step.
    NoMore(Stage),
    /// None came in time.
    InVain,
    /// The answer may not be held back.
    NotAtAll,
}

/// Waits until the device is let in, for as long as an answer may be held back.
async fn when_let_in(app: &App, visit: &mut Visit) -> Result<Waited, Failure> {
    // From before the first look, so that nothing happens in between.
    let mut changes = app.store.changes();
    let deadline = Instant::now() + app.settings.limits.hold();
    let mut account = match stage::find(app, visit).await? {
        Stage::Granted(granted) if granted.session.is_none() => granted.grant.account,
        stage => return Ok(Waited::NoMore(stage)),
    };
    let device = visit.context.device;
    let Some(place) = app.held.take(device) else { return Ok(Waited::NotAtAll) };
    loop {
        let change = tokio::select! {
            change = timeout_at(deadline, changes.next()) => change,
            () = place.lost() => return Ok(Waited::NotAtAll),
        };
        let is_ours = match change {
            Err(_) => return Ok(Waited::InVain),
            Ok(None) => return Ok(Waited::NotAtAll),
            Ok(Some(Change::Usage(accounts))) => accounts.iter().any(|one| one.account == account),
            Ok(Some(Change::Grant(changed))) => changed == device,
            Ok(Some(Change::Setup | Change::Erased | Change::Missed)) => true,
            Ok(Some(_)) => false,
        };
        if !is_ours {
            continue;
        }
        visit.now = app.now();
        account = match stage::find(app, visit).await? {
            Stage::Granted(granted) if granted.session.is_none() => granted.grant.account,
            stage => return Ok(Waited::NoMore(stage)),
        };
    }
}

const BEING_LET_IN: Message<'static> = Message {
    status: StatusCode::OK,
    title: "waiting-title",
    text: "waiting-body",
    values: &[],
    action: Some(("online", "status-again")),
};

const LATE: Message<'static> = Message {
    status: StatusCode::OK,
    title: "late-title",
    text: "late-body",
    values: &[],
    action: Some(("go", "again")),
};

/// `GET /v/{token}/status`: what is left, when it renews, and the way to end it.
pub(crate) async fn status(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    match stage::find(&app, &visit).await? {
        Stage::Granted(granted) if granted.session.is_some() => {
            page(&app, &visit, &granted, Place::Status).await
        }
        Stage::UsedUp(standing) => used_up(&app, &visit, &standing),
        Stage::Granted(_)
        | Stage::Number(_)
        | Stage::Code(_)
        | Stage::Closed { .. }
        | Stage::Full => Ok(visit.go("")),
    }
}

/// The two pages of a device that is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Right after signing in.
    Online,
    /// Later.
    Status,
}

async fn page(app: &App, visit: &Visit, granted: &Granted, place: Place) -> Outcome {
    let words = visit.words(app);
    let (title, here, both, unlimited, lead) = match place {
        Place::Online => ("ok-title", "online", "both-of-day", "ok-unlimited", "ok-body"),
        Place::Status => ("status-title", "status", "both-left", "status-unlimited", "status-left"),
    };
    let site = &granted.standing.site;
    let left = wording::allowance(&words, both, &granted.until_end(visit.now));
    let grace = grace::length(app, visit, &granted.grant);
    let lead = match (granted.pace, left) {
        (Pace::Full, _)
            if place == Place::Online
                && let Some(whole) = grace =>
        {
            words.fill("e-sms-down-grace", &[("t", &wording::time_left(&words, whole))])
        }
        (Pace::SlowUntil(until), _) => {
            let clock = wording::clock(&site.zone, until);
            words.fill("quota-speed", &[("clock", &clock)])
        }
        (Pace::SlowThisStay, _) => words.text("quota-stay"),
        (Pace::Full, Some(allowance)) => words.fill(lead, &[("allowance", &allowance)]),
        (Pace::Full, None) => words.text(unlimited),
    };
    let limited = granted.left.time.is_some() || granted.left.data.is_some();
    let remembered = Duration::from_secs(86_400).max(granted.grant.until.since(visit.now));
    let days = words.count("days", remembered.as_secs().div_ceil(86_400), Case::Object);
    let frame = visit.frame(app, title, here);
    let screen = OnlineScreen {
        frame,
        lead: Html::new(&lead),
        notices: notices(app, visit, granted, place).await?,
        gauges: gauges(app, visit, granted),
        renews: (place == Place::Status && limited).then(|| {
            let clock = next_day(site, visit.now);
            Html::new(&words.fill("status-renews", &[("clock", &clock)]))
        }),
        device: (place == Place::Online && grace.is_none())
            .then(|| Html::new(&words.fill("ok-device", &[("days", &days)]))),
        onward: onward(app, visit, place),
        is_owners: place == Place::Status
            && granted.session.as_ref().is_some_and(|session| visit.may_end(session)),
        may_end: granted.session.as_ref().is_some_and(|session| visit.may_end(session)),
    };
    render(StatusCode::OK, &screen, words.language(), &visit.form_targets(app))
}

/// What a visitor should know at that place besides what is left.
async fn notices(
    app: &App,
    visit: &Visit,
    granted: &Granted,
    place: Place,
) -> Result<Vec<Html>, Failure> {
    let words = visit.words(app);
    let (grant, plan) = (&granted.grant, &granted.standing.plan);
    if place == Place::Status {
        let scarce = wording::allowance(&words, "both-of-day", &scarce(granted));
        let warning = scarce.map(|left| words.fill("quota-warn", &[("left", &left)]));
        return Ok(warning.iter().map(|text| Html::new(text)).collect());
    }
    let began = granted.session.as_ref().map(|session| session.started_at);
    let is_known = began.is_some_and(|began| began.since(grant.issued_at) > JUST_SIGNED_IN);
    let known = is_known.then(|| words.text("landing-known"));
    let retired = !is_known && app.store.count_retired(grant.id).await? > 0;
    let retired = retired.then(|| words.fill("e-devices", &[("n", &ltr(plan.devices))]));
    Ok(known.into_iter().chain(retired).map(|text| Html::new(&text)).collect())
}

/// What is left of the allowances of which little is left.
fn scarce(granted: &Granted) -> Remaining {
    let (plan, left) = (&granted.standing.plan, &granted.left);
    let is_little = |left: u64, limits: [Option<u64>; 2]| {
        limits.into_iter().flatten().min().is_some_and(|whole| left <= whole / 10)
    };
    let time = [plan.per_day.time, plan.per_session.time].map(|limit| limit.map(|t| t.as_secs()));
    let data = [plan.per_day.data, plan.per_session.data].map(|limit| limit.map(Octets::get));
    Remaining {
        time: left.time.filter(|left| *left <= LITTLE_TIME || is_little(left.as_secs(), time)),
        data: left.data.filter(|left| is_little(left.get(), data)),
    }
}

/// Bars for the allowances that the plan limits.
fn gauges(app: &App, visit: &Visit, granted: &Granted) -> Vec<Gauge> {
    let words = visit.words(app);
    let (plan, left) = (&granted.standing.plan, granted.until_end(visit.now));
    let gauge = |label: &str, value: String, left: u64, whole: Option<u64>| {
        let whole = whole.unwrap_or(left).max(1);
        let percent = left.saturating_mul(100).checked_div(whole).unwrap_or(0).min(100);
        Gauge { label: Html::new(&words.text(label)), value: Html::new(&value), percent }
    };
    let time = left.time.map(|left| {
        let limits = [plan.per_day.time, plan.per_session.time];
        let whole = limits.into_iter().flatten().min().map(|limit| limit.as_secs());
        gauge("time-label", wording::time_left(&words, left), left.as_secs(), whole)
    });
    let data = left.data.map(|left| {
        let limits = [plan.per_day.data, plan.per_session.data];
        let whole = limits.into_iter().flatten().min().map(|limit| limit.get() / 1_000);
        gauge("data-label", wording::data_left(&words, left), left.get() / 1_000, whole)
    });
    time.into_iter().chain(data).collect()
}

/// The way to the page that was wanted, right after signing in.
fn onward(app: &App, visit: &Visit, place: Place) -> Option<Link> {
    let wanted = visit.context.wanted.as_ref().filter(|_| place == Place::Online)?;
    let host = url::Url::parse(wanted).ok()?.host_str()?.to_owned();
    if crate::probe::is_probe_host(&host) {
        return None;
    }
    let label = visit.words(app).fill("ok-onward", &[("host", &ltr(host))]);
    Some(Link { href: wanted.clone(), label: Html::new(&label) })
}

fn next_day(site: &Site, now: Timestamp) -> String {
    wording::clock(&site.zone, site.zone.next_day_start(now))
}

fn used_up(app: &App, visit: &Visit, standing: &Standing) -> Outcome {
    let renews_at = match standing.assessment {
        Assessment::Slowed { renews_at: Some(at), .. }
        | Assessment::Exhausted { renews_at: Some(at), .. } => at,
        Assessment::Exhausted { .. } | Assessment::Slowed { .. } | Assessment::Within(_) => {
            visit.now
        }
    };
    let clock = wording::clock(&standing.site.zone, renews_at);
    let message = Message {
        status: StatusCode::OK,
        title: "quota-title",
        text: if standing.site.garden.is_empty() { "quota-body" } else { "quota-body-services" },
        values: &[("clock", &clock)],
        action: Some(("me", "me-title")),
    };
    visit.message(app, &message)
}
