//! The hand-off: how an access point learns that a device may go online.
//!
//! One that asks by hardware address is told to ask again. A UAM one gets one-time
//! credentials through the browser; when its challenge is too old to answer, the
//! browser first fetches a new one from it, and comes back here by itself.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use domain::{
    Credential, Grant, HandOff, NasOrder, OrderKind, OrderProgress, OrderReason, OrderState, Secret,
};

use crate::app::{App, Message, Outcome, see_other};
use crate::failure::Failure;
use crate::nas::uam;
use crate::random;
use crate::visit::Visit;

/// For how long one-time credentials are good.
const CREDENTIAL_LIFE: Duration = Duration::from_secs(90);

/// Hands the login of `grant` to the visit's access point.
pub(crate) async fn hand_off(app: &App, visit: &Visit, grant: &Grant) -> Outcome {
    match &visit.nas.hand_off {
        HandOff::MacAuthentication { .. } => {
            let order = NasOrder {
                id: random::id(visit.now)?,
                nas: visit.nas.name.clone(),
                kind: OrderKind::Reauthenticate,
                device: visit.context.device,
                session: None,
                reason: OrderReason::SignedIn,
                created_at: visit.now,
                progress: OrderProgress::default(),
                state: OrderState::Waiting { attempts: 0, next_at: visit.now },
            };
            app.store.add_order(&order).await?;
            Ok(visit.go("online"))
        }
        HandOff::Uam { secret, .. } => match visit.login_host() {
            Some(host) => Ok(log_on(app, visit, grant, &host, secret.as_ref()).await?),
            None => visit.message(app, &NO_WAY_BACK),
        },
    }
}

const NO_WAY_BACK: Message<'static> = Message {
    status: StatusCode::BAD_GATEWAY,
    title: "e-refused-title",
    text: "e-refused",
    values: &[],
    action: None,
};

async fn log_on(
    app: &App,
    visit: &Visit,
    grant: &Grant,
    host: &str,
    secret: Option<&Secret>,
) -> Result<Response, Failure> {
    let turn = visit.context.uam.as_ref();
    let Some(challenge) = turn.and_then(|turn| turn.fresh_challenge(visit.now)) else {
        return Ok(see_other(&format!("http://{host}/prelogin")));
    };
    let credential = Credential {
        id: random::opaque_id()?,
        password: random::password()?,
        grant: grant.id,
        device: visit.context.device,
        nas: visit.nas.name.clone(),
        expires_at: visit.now + CREDENTIAL_LIFE,
    };
    app.store.add_credential(&credential).await?;
    let wanted = visit.context.wanted.as_deref();
    Ok(see_other(&uam::logon_url(host, challenge, secret, &credential, wanted)))
}
