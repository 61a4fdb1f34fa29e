//! Whether a message may be sent for the device of a visit: it must be there.
//!
//! A signed redirect shows that, for a while. Without a signature anybody can claim a device to be
//! anywhere, so then RADIUS must have been asked about it at the site, or it is online there; where the access points ask
//! about nobody before a login, the claim itself has to do, and costs more of what the access point
//! may have sent.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use axum::response::Response;
use domain::{Busy, EntryRefusal, PhoneNumber, SendRule};
use store::Appearance;

use crate::app::{App, Message, Outcome};
use crate::budget::Sending;
use crate::context::Trust;
use crate::failure::Failure;
use crate::refusals;
use crate::visit::{TOKEN_REFUSED, Visit};

/// What is said while no message goes out.
pub(crate) const DOWN: &str = "e-sms-down";

/// What a message costs whose device is only claimed to be there.
const OF_A_CLAIM: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// What a message costs of what the access point may have sent, or the page that says why none can be
/// sent now; the help desk finds that, too.
pub(crate) async fn permit(
    app: &App,
    visit: &Visit,
) -> Result<Result<NonZeroU32, Response>, Failure> {
    let why = match find_cost(app, visit).await? {
        Ok(cost) => return Ok(Ok(cost)),
        Err(why) => why,
    };
    let page = if why == EntryRefusal::Late { &TOKEN_REFUSED } else { &UNSEEN };
    refusals::note(app, visit, why).await;
    visit.message(app, page).map(Err)
}

async fn find_cost(app: &App, visit: &Visit) -> Result<Result<NonZeroU32, EntryRefusal>, Failure> {
    let (limits, device) = (&app.settings.limits, visit.context.device);
    let is_late = visit.now >= visit.context.arrived_at + limits.send_window();
    if !is_late && visit.context.trust == Trust::Signed {
        return Ok(Ok(NonZeroU32::MIN));
    }
    let is_online = app.store.find_open_session(&visit.nas.name, device).await?.is_some();
    if !is_online && is_late {
        return Ok(Err(EntryRefusal::Late));
    }
    Ok(Ok(match (visit.context.trust, visit.nas.hand_off.sends) {
        _ if is_online => NonZeroU32::MIN,
        (Trust::Signed, _) => NonZeroU32::MIN,
        (Trust::Unsigned, SendRule::Seen) if was_seen(app, visit).await? => NonZeroU32::MIN,
        (Trust::Unsigned, SendRule::Seen) => return Ok(Err(EntryRefusal::Unseen)),
        (Trust::Unsigned, SendRule::Claimed) => OF_A_CLAIM,
    }))
}

/// Takes one more message at `cost` to a number from what all share, when it is called.
pub(crate) fn shared<'a>(
    app: &'a App,
    visit: &'a Visit,
    phone: &PhoneNumber,
    cost: NonZeroU32,
) -> impl Fn() -> Result<(), Busy> + Send + Sync + 'a {
    let (nas, site, country) = (&visit.nas.name, &visit.site, phone.country());
    move || app.budgets.admit_message(&Sending { nas, cost, site, country })
}

/// Whether RADIUS was asked about the device at the site.
async fn was_seen(app: &App, visit: &Visit) -> Result<bool, Failure> {
    let seen = Appearance { device: visit.context.device, site: visit.site.name.clone() };
    Ok(app.store.has_appeared(&seen, visit.now - app.settings.limits.seen()).await?)
}

/// The page for when the money for messages is spent.
pub(crate) fn spent(app: &App, visit: &Visit) -> Outcome {
    visit.message(app, &SPENT)
}

const SPENT: Message<'static> = Message {
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "e-generic-title",
    text: DOWN,
    values: &[],
    action: Some(("voucher", "voucher-have")),
};

const UNSEEN: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "e-unseen-title",
    text: "e-unseen",
    values: &[],
    action: Some(("help", "help-title")),
};
