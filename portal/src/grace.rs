//! A short connection for whoever no code can be sent to (messaging facts, §6.6).
//!
//! While no message goes out, a visitor who types a number is let in for a few minutes, where the
//! municipality has decided so: once a day with a device, on a plan of its own. The number is kept as
//! one that nothing proves, so it opens nobody's account, and the next sign-in needs a code.

use std::time::Duration;

use domain::{Agreed, Claim, Grant, GrantState, Identity, PhoneNumber, PlanName};
use store::SignIn;

use crate::app::App;
use crate::catalogue::{Case, Words};
use crate::failure::Failure;
use crate::random;
use crate::settings::GraceSettings;
use crate::visit::Visit;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// For how long the visit's device would be let in now, if it is.
pub(crate) async fn offer(app: &App, visit: &Visit) -> Result<Option<Duration>, Failure> {
    let Some((plan, lasting)) = plan(app, visit).await? else { return Ok(None) };
    let (device, since) = (visit.context.device, visit.now - DAY);
    let was_let_in = app.store.was_let_in(device, &plan, since).await?;
    Ok((!was_let_in).then_some(lasting))
}

/// Lets the visit's device in on that number, unless it was let in so within a day.
pub(crate) async fn give(
    app: &App,
    visit: &Visit,
    phone: &PhoneNumber,
    agreed: &[Agreed],
) -> Result<Option<Grant>, Failure> {
    let Some((plan, lasting)) = plan(app, visit).await? else { return Ok(None) };
    let grant = Grant {
        id: random::id(visit.now)?,
        account: random::id(visit.now)?,
        device: visit.context.device,
        site: visit.site.name.clone(),
        plan,
        issued_at: visit.now,
        until: visit.now + lasting,
        state: GrantState::Live,
    };
    let sign_in = SignIn {
        identity: Identity::Claimed(Claim { phone: phone.clone(), grant: grant.id }),
        new_account: grant.account,
        language: visit.context.language.clone(),
        grant,
        agreed: agreed.to_vec(),
        devices: 1,
    };
    let let_in = app.store.sign_in_once(&sign_in, &visit.record(), visit.now - DAY).await?;
    Ok(let_in.map(|outcome| outcome.grant))
}

/// For how long a grant lets its device in, if it needed no code.
pub(crate) fn length(app: &App, visit: &Visit, grant: &Grant) -> Option<Duration> {
    let is_grace = of_site(app, visit).is_some_and(|grace| grace.plan == grant.plan);
    is_grace.then(|| grant.until.since(grant.issued_at))
}

/// What the button says that lets a device in for so long.
pub(crate) fn button(words: &Words<'_>, lasting: Duration) -> String {
    let minutes = words.count("minutes", lasting.as_secs() / 60, Case::Object);
    words.fill("grace-btn", &[("t", &minutes)])
}

/// The plan on which devices are let in at the visit's site, and for how long, if they are.
async fn plan(app: &App, visit: &Visit) -> Result<Option<(PlanName, Duration)>, Failure> {
    let Some(grace) = of_site(app, visit) else { return Ok(None) };
    let plan = app.places.plan(app.store.as_ref(), &grace.plan).await?;
    if plan.is_none() {
        tracing::error!(plan = %grace.plan, "nobody is let in without a code: the plan is missing");
    }
    Ok(plan.map(|plan| (plan.name.clone(), grace.lasting())))
}

/// What is set, unless the site lets everybody in on that plan anyway.
fn of_site<'a>(app: &'a App, visit: &Visit) -> Option<&'a GraceSettings> {
    app.settings.grace.as_ref().filter(|grace| grace.plan != visit.site.plan)
}
