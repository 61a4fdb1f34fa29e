//! Whether a message may be sent for the device of a visit: it must be there.
//!
//! A signed redirect shows that, for a while. Without a signature anybody can claim a device to be
//! anywhere, so then RADIUS must have been asked about it at the site, or it is online there; where the access points ask
//! about nobody before a login, the claim itself has to do, and costs more of what the access point
//! may have sent.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use axum::response::Response;
use domain::SendRule;
use store::Appearance;

use crate::app::{App, Message};
use crate::context::Trust;
use crate::failure::Failure;
use crate::journey::number::too_many;
use crate::visit::{TOKEN_REFUSED, Visit};

/// What a message costs whose device is only claimed to be there.
const OF_A_CLAIM: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// The page that says why no message can be sent now, if none can.
pub(crate) async fn obstacle(app: &App, visit: &Visit) -> Result<Option<Response>, Failure> {
    let (limits, device) = (&app.settings.limits, visit.context.device);
    let is_online = app.store.find_open_session(&visit.nas.name, device).await?.is_some();
    if !is_online && visit.now >= visit.context.arrived_at + limits.send_window() {
        return visit.message(app, &TOKEN_REFUSED).map(Some);
    }
    let cost = match (visit.context.trust, visit.nas.hand_off.sends) {
        _ if is_online => NonZeroU32::MIN,
        (Trust::Signed, _) => NonZeroU32::MIN,
        (Trust::Unsigned, SendRule::Seen) if was_seen(app, visit).await? => NonZeroU32::MIN,
        (Trust::Unsigned, SendRule::Seen) => return visit.message(app, &UNSEEN).map(Some),
        (Trust::Unsigned, SendRule::Claimed) => OF_A_CLAIM,
    };
    match app.budgets.admit_message(&visit.nas.name, &visit.site.name, cost) {
        Ok(()) => Ok(None),
        Err(wait) => too_many(app, visit, wait).map(Some),
    }
}

/// Whether RADIUS was asked about the device at the site.
async fn was_seen(app: &App, visit: &Visit) -> Result<bool, Failure> {
    let seen = Appearance { device: visit.context.device, site: visit.site.name.clone() };
    Ok(app.store.has_appeared(&seen, visit.now - app.settings.limits.seen()).await?)
}

const UNSEEN: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "e-unseen-title",
    text: "e-unseen",
    values: &[],
    action: Some(("help", "help-title")),
};
