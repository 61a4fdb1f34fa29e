//! Where a device stands in its journey, found anew on every request.
//!
//! Nothing is remembered in the browser: a page that was closed opens where the
//! journey really is (messaging facts, §6.1).

use std::time::Duration;

use domain::{
    Assessment, Challenge, Doors, Grant, Remaining, Session, SignIns, Site, Timestamp, Window,
};
use store::{Standing, standing_of};

use crate::app::App;
use crate::failure::Failure;
use crate::visit::Visit;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A step of the journey.
pub(crate) enum Stage {
    /// The site is closed.
    Closed {
        /// When it opens.
        opens_at: Timestamp,
        /// When it closes again.
        closes_at: Timestamp,
    },
    /// As many devices are online as the site takes, or an office leaves no room for more.
    Full,
    /// A number is wanted.
    Number(Occasion),
    /// A code is awaited.
    Code(Box<Challenge>),
    /// Today's allowance is used up; the standing says when it renews.
    UsedUp(Box<Standing>),
    /// The device may be online.
    Granted(Box<Granted>),
}

/// Why a number is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The device has no grant.
    New,
    /// What one stay may use was used; a new code begins a new stay.
    StayUsedUp,
}

/// How fast a device may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as the plan says.
    Full,
    /// Its allowance is used up until then.
    SlowUntil(Timestamp),
    /// The allowance of the stay is used up; a new code begins a new one.
    SlowThisStay,
}

/// A device that may be online.
pub(crate) struct Granted {
    pub grant: Grant,
    pub standing: Standing,
    pub left: Remaining,
    pub pace: Pace,
    /// When the site closes.
    pub closes_at: Option<Timestamp>,
    /// Its open session at this access point.
    pub session: Option<Session>,
}

impl Granted {
    /// What is left of the allowance, until the site closes, or of a permission that ends within a day,
    /// whichever ends first.
    pub(crate) fn until_end(&self, now: Timestamp) -> Remaining {
        let time = [self.closes_at, ends_soon(&self.grant, now)].into_iter().flatten().min();
        self.left.least(Remaining { time: time.map(|at| at.since(now)), data: None })
    }
}

/// When a permission ends, if that is within a day.
pub(crate) fn ends_soon(grant: &Grant, now: Timestamp) -> Option<Timestamp> {
    Some(grant.until).filter(|until| until.since(now) < DAY)
}

/// The step of a visit, for a page that only shows it: of a device that had nothing a moment ago
/// nobody asks again.
pub(crate) async fn glance(app: &App, visit: &Visit) -> Result<Stage, Failure> {
    let (device, site) = (visit.context.device, &visit.site.name);
    let version = app.store.versions().of_device(device);
    let is_open = matches!(visit.site.doors(visit.now), Doors::Open { .. });
    if is_open && app.strangers.knows(device, site, version) {
        return number(app, visit, Occasion::New).await;
    }
    if is_open && app.store.find_at_door(device, site, visit.now).await?.is_stranger {
        app.strangers.remember(device, site, version);
        return number(app, visit, Occasion::New).await;
    }
    find(app, visit).await
}

/// Finds the step at which the visit is.
pub(crate) async fn find(app: &App, visit: &Visit) -> Result<Stage, Failure> {
    let device = visit.context.device;
    let closes_at = match visit.site.doors(visit.now) {
        Doors::Closed { opens_at, closes_at } => return Ok(Stage::Closed { opens_at, closes_at }),
        Doors::Open { until } => until,
    };
    let (grant, challenge) = app.store.find_progress(device, &visit.site.name).await?;
    let challenge = challenge.filter(|challenge| challenge.is_alive(&app.policy, visit.now));
    if let Some(grant) = grant.filter(|grant| grant.holds(visit.now))
        && let Some(standing) = standing_of(app.store.as_ref(), &grant, visit.now).await?
    {
        let (left, pace) = match standing.assessment.at(visit.nas.profile) {
            Assessment::Within(left) => (left, Pace::Full),
            Assessment::Slowed { renews_at, .. } => {
                (Remaining::default(), renews_at.map_or(Pace::SlowThisStay, Pace::SlowUntil))
            }
            Assessment::Exhausted { window: Window::Day, .. } => {
                return Ok(Stage::UsedUp(Box::new(standing)));
            }
            Assessment::Exhausted { window: Window::Session, .. } => {
                return not_signed_in(app, visit, challenge, Occasion::StayUsedUp).await;
            }
        };
        let session = app.store.find_open_session(&visit.nas.name, device).await?;
        let session = session.filter(|session| !was_caught_since(visit, session));
        return Ok(Stage::Granted(Box::new(Granted {
            grant,
            standing,
            left,
            pace,
            closes_at,
            session,
        })));
    }
    not_signed_in(app, visit, challenge, Occasion::New).await
}

/// Whether an access point of which nobody says who is there has caught the device after a session
/// began: then that is over, whatever was reckoned.
fn was_caught_since(visit: &Visit, session: &Session) -> bool {
    visit.nas.hand_off.method.opens_by_link()
        && visit.context.turn.is_some()
        && visit.context.arrived_at > session.started_at
}

/// The step of a device that needs a code.
async fn not_signed_in(
    app: &App,
    visit: &Visit,
    challenge: Option<Challenge>,
    occasion: Occasion,
) -> Result<Stage, Failure> {
    match challenge {
        Some(challenge) => Ok(Stage::Code(Box::new(challenge))),
        None => number(app, visit, occasion).await,
    }
}

/// The step of a device that has nothing yet.
async fn number(app: &App, visit: &Visit, occasion: Occasion) -> Result<Stage, Failure> {
    let is_full = has_no_room(visit) || is_full(app, visit).await?;
    Ok(if is_full { Stage::Full } else { Stage::Number(occasion) })
}

/// Whether an office needs so much of the network that nobody new is let in; who has signed in is.
fn has_no_room(visit: &Visit) -> bool {
    let need = visit.site.office_need(visit.now);
    need.is_some_and(|need| need.sign_ins == SignIns::Stopped)
}

/// Whether the site takes nobody else for now.
pub(crate) async fn is_full(app: &App, visit: &Visit) -> Result<bool, Failure> {
    let Site { name, capacity, .. } = &*visit.site;
    if capacity.is_none() {
        return Ok(false);
    }
    Ok(Site::is_full(*capacity, app.store.count_open_sessions(name).await?))
}
