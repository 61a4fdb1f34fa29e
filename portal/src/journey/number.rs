//! The first step: the number is typed, the terms are accepted, a challenge begins.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use domain::{
    Agreed, Challenge, ChallengeState, ConsentPurpose, EntryRefusal, OverLimit, PhoneError,
    PhoneNumber, Purpose, Timestamp,
};
use serde::Deserialize;
use store::{Begun, Budget, NewChallenge};

use super::{closed, full, too_busy, unreadable, wait_page};
use crate::app::{App, Outcome};
use crate::catalogue::{Html, Words, ltr};
use crate::failure::Failure;
use crate::hand_off::{hand_off, note_whereabouts};
use crate::refusals::note;
use crate::screen::{PhoneScreen, render};
use crate::stage::{self, Occasion, Stage};
use crate::visit::Visit;
use crate::{consent, grace, random, sending, wording};

/// How a Saudi mobile number looks.
const EXAMPLE: &str = "05XXXXXXXX";
/// From here on a limit is one of the day.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// As many hosts of a garden are shown as services; the rest is what these load.
const SERVICES: usize = 3;
/// As many characters as the field takes.
const LONGEST: usize = 40;

/// `GET /v/{token}/`: the page at which the journey really is.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    match stage::glance(&app, &visit).await? {
        Stage::Granted(granted) if granted.session.is_some() => Ok(visit.go("status")),
        Stage::Granted(_) => Ok(visit.go("go")),
        Stage::Code(_) => Ok(visit.go("code")),
        Stage::UsedUp(_) => Ok(visit.go("status")),
        Stage::Closed { opens_at, closes_at } => {
            note(&app, &visit, EntryRefusal::Closed).await;
            closed(&app, &visit, (opens_at, closes_at))
        }
        Stage::Full => {
            note(&app, &visit, EntryRefusal::Full).await;
            full(&app, &visit)
        }
        Stage::Number(occasion) => {
            let said = in_words(&app, &visit, notice(&app, &visit, occasion)).await?;
            page(&app, &visit, &Typed::default(), said)
        }
    }
}

/// The text of what is to be said above the field.
fn notice(app: &App, visit: &Visit, occasion: Occasion) -> Option<&'static str> {
    match visit.mark("e").as_deref() {
        Some("locked") => Some("e-code-locked"),
        Some("expired") => Some("e-code-expired"),
        Some("used") => Some("e-code-used"),
        _ if occasion == Occasion::StayUsedUp => Some("quota-stay"),
        _ if !app.takes_messages() => Some(sending::DOWN),
        _ => None,
    }
}

/// The same in words, and what the button says then.
async fn in_words(
    app: &App,
    visit: &Visit,
    notice: Option<&'static str>,
) -> Result<Fault, Failure> {
    let words = visit.words(app);
    let offer = match notice {
        Some(sending::DOWN) => grace::offer(app, visit).await?,
        _ => None,
    };
    let notice = match offer {
        Some(lasting) => {
            let lasting = wording::time_left(&words, lasting);
            Some(words.fill("e-sms-down-offer", &[("t", &lasting)]))
        }
        None => notice.map(|key| words.text(key)),
    };
    let send = offer.map(|lasting| grace::button(&words, lasting));
    Ok(Fault { notice, send, ..Fault::default() })
}

/// Whether a visit without marks is shown the page as everybody is who has just arrived.
pub(crate) async fn is_as_first_shown(app: &App, visit: &Visit) -> Result<bool, Failure> {
    let stage = stage::glance(app, visit).await?;
    Ok(matches!(stage, Stage::Number(occasion) if notice(app, visit, occasion).is_none()))
}

/// That page.
pub(crate) fn first_page(app: &App, visit: &Visit) -> Result<String, Failure> {
    Ok(screen(app, visit, &Typed::default(), &Fault::default()).render()?)
}

/// What the form holds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    phone: String,
    terms: Option<String>,
    aware: Option<String>,
}

impl Typed {
    /// What is agreed to by the boxes that are ticked.
    fn purposes(&self, app: &App) -> Vec<ConsentPurpose> {
        let aware = self.aware.is_some() && app.settings.offer_awareness;
        let boxes =
            [(self.terms.is_some(), ConsentPurpose::Service), (aware, ConsentPurpose::Awareness)];
        boxes.into_iter().filter_map(|(ticked, purpose)| ticked.then_some(purpose)).collect()
    }
}

/// What is wrong with the form, in words.
#[derive(Default)]
struct Fault {
    notice: Option<String>,
    send: Option<String>,
    phone: Option<String>,
    terms_missing: bool,
}

impl Fault {
    fn is_none(&self) -> bool {
        self.phone.is_none() && !self.terms_missing
    }
}

/// `POST /v/{token}/phone`: begins a challenge. A second tap on the button finds the challenge
/// of the first one, and nothing is sent twice.
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
    let pending = match stage::glance(&app, &visit).await? {
        Stage::Granted(_) | Stage::UsedUp(_) | Stage::Closed { .. } | Stage::Full => {
            return Ok(visit.go(""));
        }
        Stage::Code(challenge) => Some(challenge),
        Stage::Number(_) => None,
    };
    let words = visit.words(&app);
    let phone = PhoneNumber::parse(&typed.phone, &visit.site.countries);
    let fault = Fault {
        phone: phone.as_ref().err().map(|error| say_phone_error(&words, *error)),
        terms_missing: typed.terms.is_none(),
        ..Fault::default()
    };
    let why =
        phone.as_ref().err().map_or(EntryRefusal::Terms, |error| EntryRefusal::Number(*error));
    let Some(phone) = phone.ok().filter(|_| fault.is_none()) else {
        note(&app, &visit, why).await;
        return page(&app, &visit, &typed, fault);
    };
    let agreed = consent::agreed(&app, &visit, &typed.purposes(&app)).await?;
    if pending.is_some_and(|challenge| challenge.phone == phone && challenge.agreed == agreed) {
        return Ok(visit.go("code"));
    }
    let cost = match sending::permit(&app, &visit).await? {
        Ok(cost) => cost,
        Err(page) => return Ok(page),
    };
    if !app.takes_messages()
        && let Some(grant) = grace::give(&app, &visit, &phone, &agreed).await?
    {
        return hand_off(&app, &visit, &grant).await;
    }
    // The link in the message lets the device in without this visit.
    note_whereabouts(&app, &visit).await?;
    // What began is seen through even if the browser goes away meanwhile.
    let claimed = (phone.clone(), agreed.clone());
    let begun = tokio::spawn(begin(Arc::clone(&app), visit, (phone, cost), agreed));
    let (visit, begun) = begun.await.map_err(Failure::BrokeDown)?;
    match begun? {
        Begun::Begins | Begun::Claimed(_) | Begun::GoesOn(_) | Begun::Mute(_) => {
            Ok(visit.go("code"))
        }
        Begun::Over(over) => over_limit(&app, &visit, over),
        Begun::Busy(wait) => too_many(&app, &visit, wait),
        Begun::Spent => match grace::give(&app, &visit, &claimed.0, &claimed.1).await? {
            Some(grant) => hand_off(&app, &visit, &grant).await,
            None => sending::spent(&app, &visit),
        },
    }
}

/// The page for a device or number that has had its messages.
pub(super) fn over_limit(app: &App, visit: &Visit, over: OverLimit) -> Outcome {
    let text = if over.limit.counted.is_of_number() && over.limit.window >= DAY {
        "e-phone-daily"
    } else {
        "e-wait"
    };
    wait_page(app, visit, text, over.wait)
}

/// The page for when everybody here together has had their messages.
pub(super) fn too_many(app: &App, visit: &Visit, wait: Duration) -> Outcome {
    wait_page(app, visit, "e-busy", wait)
}

/// Begins a challenge for the visit's device, which is returned; hands its message over.
async fn begin(
    app: Arc<App>,
    visit: Visit,
    to: (PhoneNumber, NonZeroU32),
    agreed: Vec<Agreed>,
) -> (Visit, Result<Begun, Failure>) {
    let begun = try_begin(&app, &visit, to, agreed).await;
    (visit, begun)
}

async fn try_begin(
    app: &App,
    visit: &Visit,
    (phone, cost): (PhoneNumber, NonZeroU32),
    agreed: Vec<Agreed>,
) -> Result<Begun, Failure> {
    let code = random::code()?;
    let link = app.draw_link()?;
    let form = &app.settings.message_form;
    let text = form.message(&visit.words(app), Purpose::SignIn, &code, link.as_ref());
    let shared = sending::shared(app, visit, &phone, cost);
    let charge = app.charge(None, &phone, &text);
    let limits = app.budgets.sends_at(&visit.site);
    let budget = Budget { limits: &limits, shared: &shared, charge };
    let challenge = new_challenge(app, visit, phone, agreed)?;
    let place = app.gateways.as_ref().and_then(|gateways| gateways.place());
    let claim_until = place.as_ref().map(|place| visit.now + place.claim);
    let visited = Some(visit.record());
    let new = NewChallenge { challenge, code, link, text, visit: visited, claim_until };
    let begun = app.store.begin_challenge(&new, &budget, &app.policy).await?;
    if let (Begun::Claimed(message), Some(place)) = (&begun, place) {
        (place.hand_over)((**message).clone());
    }
    if matches!(begun, Begun::Begins | Begun::Claimed(_)) {
        tracing::debug!(
            site = %visit.site.name, device = %visit.context.device,
            phone = %new.challenge.phone.masked(), "a challenge begins"
        );
    }
    Ok(begun)
}

fn new_challenge(
    app: &App,
    visit: &Visit,
    phone: PhoneNumber,
    agreed: Vec<Agreed>,
) -> Result<Challenge, Failure> {
    let now: Timestamp = visit.now;
    Ok(Challenge {
        id: random::opaque_id()?,
        binding: visit.sign_in(),
        phone,
        language: visit.context.language.clone(),
        agreed,
        created_at: now,
        sent_at: now,
        sends: 1,
        code_expires_at: app.policy.good_until(now, None),
        attempts: 0,
        state: ChallengeState::Open,
    })
}

fn say_phone_error(words: &Words<'_>, error: PhoneError) -> String {
    match error {
        PhoneError::Empty => words.text("e-phone-empty"),
        PhoneError::Letters => words.text("e-phone-letters"),
        PhoneError::Format => words.fill("e-phone-format", &[("example", &ltr(EXAMPLE))]),
        PhoneError::Landline => words.text("e-phone-landline"),
        PhoneError::CountryNotEnabled => words.text("e-phone-country"),
    }
}

fn page(app: &App, visit: &Visit, typed: &Typed, fault: Fault) -> Outcome {
    let status = if fault.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let screen = screen(app, visit, typed, &fault);
    render(status, &screen, &visit.context.language, &visit.form_targets(app))
}

fn screen<'a>(app: &'a App, visit: &'a Visit, typed: &Typed, fault: &Fault) -> PhoneScreen<'a> {
    let words = visit.words(app);
    PhoneScreen {
        frame: visit.frame(app, "landing-title", ""),
        notice: fault.notice.as_deref().map(Html::new),
        send: Html::new(fault.send.as_deref().unwrap_or(&words.text("phone-send"))),
        hint: Html::new(&words.fill("phone-hint", &[("example", &ltr(EXAMPLE))])),
        phone_error: fault.phone.as_deref().map(Html::new),
        terms_missing: fault.terms_missing,
        typed: typed.phone.chars().take(LONGEST).collect(),
        ticked: typed.terms.is_some(),
        offers_awareness: app.settings.offer_awareness,
        aware: typed.aware.is_some(),
        services: visit.site.garden.get(..SERVICES).unwrap_or(&visit.site.garden),
    }
}
