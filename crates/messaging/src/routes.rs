//! The routes in their order, and which of them carries a message.
//!
//! A message goes by the first route that takes messages, and no other may take it over before the
//! route had its time. It only ever moves on, so it is written again no more often than there are
//! routes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{RouteName, Timestamp};
use store::OutgoingMessage;
use tokio::time::{Interval, MissedTickBehavior};

use crate::console::ConsoleTransport;
use crate::error::MessagingError;
use crate::health::{Health, Turn};
use crate::http::HttpTransport;
use crate::settings::{MessagingSettings, TransportKind};
use crate::transport::Transport;

/// A route that has not taken a message by then gives way to the next.
pub(crate) const PATIENCE: Duration = Duration::from_secs(12);

/// What the route is called where there is only one.
pub(crate) fn main() -> RouteName {
    "main".parse().expect("it is a name")
}

/// One way to telephones.
pub(crate) struct Route {
    pub(crate) name: RouteName,
    pub(crate) transport: Arc<dyn Transport>,
    pace: tokio::sync::Mutex<Interval>,
    health: Mutex<Health>,
}

/// How a route stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStanding {
    /// Its name.
    pub name: RouteName,
    /// Whether it takes no messages and rests.
    pub resting: bool,
}

/// What is to be done with a message now.
pub(crate) enum Way<'a> {
    /// This route tries; the other could be next.
    By(&'a Route, Option<&'a Route>),
    /// The first had its time; the second takes over.
    Over(&'a Route, &'a Route),
}

/// All of them, the preferred one first; at least one.
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// Makes the routes of the settings; reads their secrets.
    pub(crate) fn open(settings: &MessagingSettings) -> Result<Self, MessagingError> {
        let single = |name, transport| Route::new(name, transport, settings.per_second);
        let routes = match (settings.transport, &settings.http) {
            (TransportKind::Console, _) => {
                let name = "console".parse().expect("it is a name");
                vec![single(name, Arc::new(ConsoleTransport))]
            }
            (TransportKind::Http, Some(http)) => {
                vec![single(main(), Arc::new(HttpTransport::new(http)?))]
            }
            (TransportKind::Http, None) => return Err(MessagingError::no_gateway()),
            (TransportKind::Routes, _) => {
                let route = |written: &crate::RouteSettings| {
                    let transport = HttpTransport::new(&written.http)
                        .map_err(|error| error.of_route(&written.name))?;
                    let pace = written.per_second.unwrap_or(settings.per_second);
                    Ok(Route::new(written.name.clone(), Arc::new(transport), pace))
                };
                settings.routes.iter().map(route).collect::<Result<_, MessagingError>>()?
            }
        };
        if routes.is_empty() { Err(MessagingError::no_routes()) } else { Ok(Self(routes)) }
    }

    /// How each stands, in their order.
    pub(crate) fn standing(&self) -> Vec<RouteStanding> {
        let standing = |route: &Route| RouteStanding {
            name: route.name.clone(),
            resting: route.health().is_resting(),
        };
        self.0.iter().map(standing).collect()
    }

    /// The route that takes over from the one that has a message, if one does.
    pub(crate) fn after(&self, message: &OutgoingMessage, now: Timestamp) -> Option<&Route> {
        let named = message.route.as_ref()?;
        let index = self.0.iter().position(|route| route.name == *named)?;
        self.0.get(index + 1..)?.iter().find(|route| route.admits(now))
    }

    /// By which route a message goes at `now`.
    pub(crate) fn way(&self, message: &OutgoingMessage, now: Timestamp) -> Way<'_> {
        let named = message.route.as_ref();
        let known = named.and_then(|name| self.0.iter().position(|route| route.name == *name));
        let first = known.unwrap_or(0);
        let admits = |index: &usize| self.0[*index].admits(now);
        let after = |index: usize| (index + 1..self.0.len()).find(admits).map(|i| &self.0[i]);
        if let (Some(index), Some(since)) = (known, message.tried_since) {
            let route = &self.0[index];
            let had_its_time = now >= since + PATIENCE || !route.admits(now);
            return match after(index).filter(|_| had_its_time) {
                Some(next) => Way::Over(route, next),
                None => Way::By(route, after(index)),
            };
        }
        // Where none takes messages the first one tries, for trying is how it is known again.
        let index = (first..self.0.len()).find(admits).unwrap_or(first);
        Way::By(&self.0[index], after(index))
    }
}

impl Route {
    fn new(name: RouteName, transport: Arc<dyn Transport>, per_second: u32) -> Self {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (pace, health) = (tokio::sync::Mutex::new(pace), Mutex::default());
        Self { name, transport, pace, health }
    }

    /// Waits for the turn of one more message.
    pub(crate) async fn turn(&self) {
        self.pace.lock().await.tick().await;
    }

    fn admits(&self, now: Timestamp) -> bool {
        self.health().admits(now)
    }

    /// A message goes this way.
    pub(crate) fn begin(&self, now: Timestamp) {
        self.health().begin(now);
    }

    /// The gateway answered.
    pub(crate) fn answered(&self) {
        if self.health().answered() == Turn::Recovered {
            tracing::info!(route = %self.name, "a route takes messages again");
        }
    }

    /// It did not answer, or is in trouble.
    pub(crate) fn failed(&self, now: Timestamp, reason: &str) {
        if self.health().failed(now) == Turn::Rests {
            tracing::warn!(route = %self.name, reason, "a route takes no messages and rests");
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        // Whatever panicked meanwhile, a health is whole at every moment.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
