//! The hand-off: how an access point learns that a device may go online.
//!
//! One that asks by hardware address is told to ask again. One with a login page gets one-time
//! credentials through the browser, by its maker's rules; what is missing for that the browser
//! first fetches from it, and comes back here by itself. Where a link alone opens the way, a note
//! is left of for how long, since nobody else will say that the device is online. Wherever a maker's rules lead, a browser
//! goes only to hosts that the admin has named.

use std::time::Duration;

use axum::http::StatusCode;
use domain::{
    Credential, Errand, Grant, GrantId, MacAddress, NasName, NasOrder, OrderKind, OrderProgress,
    OrderReason, OrderState, Terms, Timestamp, WaitingErrand, Whereabouts,
};
use store::terms_of;
use url::Url;

use crate::app::{App, Message, Outcome, see_other};
use crate::failure::Failure;
use crate::nas::{self, Pass, Way};
use crate::random;
use crate::screen::{Field, HandOffScreen, render_handing_off};
use crate::server::Transport;
use crate::visit::Visit;

/// For how long one-time credentials are good.
const CREDENTIAL_LIFE: Duration = Duration::from_secs(90);

/// A link opens the way for so long at most, and a known device comes for another one then: of what
/// is open for longer there would be no note.
const LONGEST_LINK: Duration = Duration::from_secs(24 * 3_600);

/// New one-time credentials of a grant, for the visit's device at its access point.
pub(crate) fn new_credential(visit: &Visit, grant: GrantId) -> Result<Credential, Failure> {
    Ok(Credential {
        id: random::opaque_id()?,
        password: random::password()?,
        grant,
        device: visit.context.device,
        nas: visit.nas.name.clone(),
        expires_at: visit.now + CREDENTIAL_LIFE,
    })
}

/// Hands the login of `grant` to the visit's access point.
pub(crate) async fn hand_off(app: &App, visit: &Visit, grant: &Grant) -> Outcome {
    hand_off_with(app, visit, grant, None).await
}

/// The same with credentials that were written down with the grant, if some were.
pub(crate) async fn hand_off_with(
    app: &App,
    visit: &Visit,
    grant: &Grant,
    written: Option<Credential>,
) -> Outcome {
    let is_written = written.is_some();
    let credential = match written {
        Some(credential) => credential,
        None => new_credential(visit, grant.id)?,
    };
    let terms = match visit.nas.hand_off.method.opens_by_link() {
        false => None,
        true => match terms_of(app.store.as_ref(), grant.device, &visit.nas, visit.now).await? {
            None => return Ok(visit.go("")),
            Some(terms) => Some(Terms { time: terms.time.min(LONGEST_LINK), ..terms }),
        },
    };
    let page = visit.login_page();
    let pass = Pass {
        page: page.as_ref(),
        turn: visit.context.turn.as_ref(),
        age: visit.now.since(visit.context.arrived_at),
        secret: visit.nas.hand_off.secret.as_ref(),
        credential: &credential,
        time: terms.as_ref().map(|terms| terms.time),
        landing: &visit.address(app, "online"),
        wanted: visit.context.wanted.as_deref(),
    };
    let way = nas::dialect(visit.nas.hand_off.method).way(&pass);
    match way.filter(|way| leads_home(visit, way)) {
        None => visit.message(app, &NO_WAY_BACK),
        Some(Way::AskAgain) => ask_again(app, visit).await,
        Some(Way::Ask(url)) => Ok(see_other(url.as_str())),
        Some(Way::Link(url)) => {
            if !is_written {
                app.store.add_credential(&credential).await?;
            }
            Ok(see_other(url.as_str()))
        }
        Some(Way::Grant(url)) => {
            if let Some(terms) = terms {
                let (device, errand) = (grant.device, Errand::Admit(terms));
                let errand = WaitingErrand { device, errand, left_at: visit.now };
                app.store.leave_errand(&visit.nas.name, &errand).await?;
            }
            Ok(see_other(url.as_str()))
        }
        Some(Way::Form { action, .. }) if must_leave_tls(app, visit, &action) => {
            Ok(see_other(&visit.address_at(&app.settings.public, "go")))
        }
        Some(Way::Form { action, fields }) => {
            if !is_written {
                app.store.add_credential(&credential).await?;
            }
            form(app, visit, action, fields)
        }
    }
}

/// Whether a browser may be sent there.
fn leads_home(visit: &Visit, way: &Way) -> bool {
    match way {
        Way::AskAgain => true,
        Way::Ask(url) | Way::Link(url) | Way::Grant(url) | Way::Form { action: url, .. } => {
            nas::is_allowed(&visit.nas.hand_off, url)
        }
    }
}

/// A browser warns of a form that leads from an encrypted page to a plain one, so such a form
/// stands on a plain page.
fn must_leave_tls(app: &App, visit: &Visit, action: &Url) -> bool {
    visit.transport == Transport::Encrypted
        && action.scheme() == "http"
        && app.settings.public.scheme() == "http"
}

const NO_WAY_BACK: Message<'static> = Message {
    status: StatusCode::BAD_GATEWAY,
    title: "e-refused-title",
    text: "e-refused",
    values: &[],
    action: None,
};

async fn ask_again(app: &App, visit: &Visit) -> Outcome {
    note_whereabouts(app, visit).await?;
    order(app, &visit.nas.name, visit.context.device, visit.now).await?;
    Ok(visit.go("online"))
}

/// Writes down what the redirect said of where the device is, if its controller must be told it
/// again.
pub(crate) async fn note_whereabouts(app: &App, visit: &Visit) -> Result<(), Failure> {
    let Some(turn) = &visit.context.turn else { return Ok(()) };
    if visit.nas.hand_off.method.needs_whereabouts() {
        let (nas, said) = (&visit.nas.name, Whereabouts(turn.fields.clone()));
        app.store.note_whereabouts(nas, visit.context.device, (&said, visit.now)).await?;
    }
    Ok(())
}

/// Has an access point told to ask again about a device that signed in.
pub(crate) async fn order(
    app: &App,
    nas: &NasName,
    device: MacAddress,
    now: Timestamp,
) -> Result<(), Failure> {
    let order = NasOrder {
        id: random::id(now)?,
        nas: nas.clone(),
        kind: OrderKind::Reauthenticate,
        device,
        session: None,
        reason: OrderReason::SignedIn,
        created_at: now,
        progress: OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: now },
    };
    app.store.add_order(&order).await?;
    Ok(())
}

fn form(app: &App, visit: &Visit, action: Url, fields: Vec<(String, String)>) -> Outcome {
    let words = visit.words(app);
    let field = |(name, value): (String, String)| Field { name, value };
    let screen = HandOffScreen {
        frame: visit.frame(app, "waiting-title", ""),
        action: action.into(),
        fields: fields.into_iter().map(field).collect(),
    };
    render_handing_off(&screen, words.language())
}
