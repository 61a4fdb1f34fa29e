//! The routes in their order, and which of them carries a message.
//!
//! A message goes by the first route that takes messages, and no other may take it over before the
//! route had its time. It only ever moves on, so it is written again no more often than there are
//! routes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{RouteName, Timestamp};
use store::OutgoingMessage;
use tokio::time::Instant;

use crate::console::ConsoleTransport;
use crate::error::MessagingError;
use crate::health::{Health, Turn};
use crate::http::HttpTransport;
use crate::settings::{Channel, MessagingSettings, TransportKind};
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
    channel: Channel,
    pub(crate) transport: Arc<dyn Transport>,
    /// Between two messages.
    pace: Duration,
    /// When the next message may go.
    next: Mutex<Instant>,
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
        let single =
            |name, transport| Route::new((name, Channel::Sms), transport, settings.per_second);
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
                    let called = (written.name.clone(), written.channel);
                    Ok(Route::new(called, Arc::new(transport), pace))
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

    /// Whether a route for text messages takes some at `now`.
    pub(crate) fn take_messages(&self, now: Timestamp) -> bool {
        self.0.iter().any(|route| route.channel == Channel::Sms && route.admits(now))
    }

    /// The first route by WhatsApp that takes messages at `now`.
    pub(crate) fn whatsapp(&self, now: Timestamp) -> Option<&RouteName> {
        let is_well = |route: &&Route| route.channel == Channel::Whatsapp && route.admits(now);
        self.0.iter().find(is_well).map(|route| &route.name)
    }

    /// The routes for text messages that say what they are given, those that rest last.
    pub(crate) fn for_notices(&self, now: Timestamp) -> Vec<&Route> {
        let carries =
            |route: &&Route| route.channel == Channel::Sms && route.transport.carries_text();
        let mut routes: Vec<_> = self.0.iter().filter(carries).collect();
        routes.sort_by_key(|route| !route.admits(now));
        routes
    }

    /// The route that takes over from the one that has a message, if one does.
    pub(crate) fn after(&self, message: &OutgoingMessage, now: Timestamp) -> Option<&Route> {
        self.next(self.find(message.route.as_ref())?, now)
    }

    /// By which route a message goes at `now`.
    pub(crate) fn way(&self, message: &OutgoingMessage, now: Timestamp) -> Way<'_> {
        let known = self.find(message.route.as_ref());
        if let (Some(index), Some(since)) = (known, message.tried_since) {
            let route = &self.0[index];
            let next = self.next(index, now);
            let had_its_time = now >= since + PATIENCE || !route.admits(now);
            return match next.filter(|_| had_its_time) {
                Some(next) => Way::Over(route, next),
                None => Way::By(route, next),
            };
        }
        let is_sms = |index: &usize| self.0[*index].channel == Channel::Sms;
        let former = self.find(message.not_by.as_ref()).filter(is_sms);
        let other = former.filter(|_| known.is_none()).and_then(|index| self.next(index, now));
        let preferred = known.or((0..self.0.len()).find(is_sms)).unwrap_or_default();
        let well = Some(&self.0[preferred]).filter(|route| route.admits(now));
        // Where none takes messages the first one tries, for trying is how it is known again.
        let route = other.or(well).or(self.next(preferred, now)).unwrap_or(&self.0[preferred]);
        let next = self.find(Some(&route.name)).and_then(|index| self.next(index, now));
        Way::By(route, next)
    }

    /// The next of the same channel that takes messages.
    fn next(&self, index: usize, now: Timestamp) -> Option<&Route> {
        let channel = self.0.get(index)?.channel;
        let mut later = self.0.get(index + 1..)?.iter();
        later.find(|route| route.channel == channel && route.admits(now))
    }

    fn find(&self, name: Option<&RouteName>) -> Option<usize> {
        self.0.iter().position(|route| Some(&route.name) == name)
    }
}

impl Route {
    fn new(
        (name, channel): (RouteName, Channel),
        transport: Arc<dyn Transport>,
        per_second: u32,
    ) -> Self {
        let pace = Duration::from_secs(1) / per_second.max(1);
        let (next, health) = (Mutex::new(Instant::now()), Mutex::default());
        Self { name, channel, transport, pace, next, health }
    }

    /// Waits for the turn of one more message.
    pub(crate) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + self.pace;
            turn
        };
        tokio::time::sleep_until(turn).await;
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

#[cfg(test)]
mod tests {
    use domain::{MessageClass, MessageId, SmsText};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn routes(names: &[(&str, Channel)]) -> Routes {
        let route = |(name, channel): &(&str, Channel)| {
            Route::new((name.parse().unwrap(), *channel), Arc::new(ConsoleTransport), 1_000)
        };
        Routes(names.iter().map(route).collect())
    }

    fn message(route: Option<&str>, since: Option<i64>, not_by: Option<&str>) -> OutgoingMessage {
        let name = |name: Option<&str>| name.map(|name| name.parse().unwrap());
        OutgoingMessage {
            id: MessageId::from_bytes([1; 16]),
            phone: "966512345678".parse().unwrap(),
            text: SmsText::new(String::new()),
            code: "482913".parse().unwrap(),
            class: MessageClass::Service,
            expires_at: NOW + Duration::from_secs(300),
            attempts: 1,
            route: name(route),
            tried_since: since.map(Timestamp::from_secs),
            not_by: name(not_by),
        }
    }

    /// By which route, and which could be next; or which takes over from which.
    fn way(routes: &Routes, message: &OutgoingMessage) -> String {
        match routes.way(message, NOW) {
            Way::By(route, next) => {
                format!("{}, {}", route.name, next.map_or("-", |next| next.name.as_str()))
            }
            Way::Over(from, to) => format!("{} -> {}", from.name, to.name),
        }
    }

    #[tokio::test]
    async fn a_message_only_moves_on_and_keeps_its_channel() {
        use Channel::{Sms, Whatsapp};
        let all = [("w", Whatsapp), ("a", Sms), ("b", Sms), ("v", Whatsapp), ("c", Sms)];
        for (resting, message, expected) in [
            ("", message(None, None, None), "a, b"),
            ("a", message(None, None, None), "b, c"),
            ("ab", message(None, None, None), "c, -"),
            ("abc", message(None, None, None), "a, -"),
            ("", message(Some("b"), None, None), "b, c"),
            ("b", message(Some("b"), None, None), "c, -"),
            ("", message(Some("a"), Some(989), None), "a, b"),
            ("", message(Some("a"), Some(988), None), "a -> b"),
            ("a", message(Some("a"), Some(999), None), "a -> b"),
            ("b", message(Some("a"), Some(988), None), "a -> c"),
            ("c", message(Some("c"), Some(900), None), "c, -"),
            ("", message(Some("gone"), Some(900), None), "a, b"),
            // Who asks again gets it by another route, if there is one.
            ("", message(None, None, Some("a")), "b, c"),
            ("b", message(None, None, Some("a")), "c, -"),
            ("bc", message(None, None, Some("a")), "a, -"),
            ("", message(None, None, Some("c")), "a, b"),
            // WhatsApp is only for who asks for it.
            ("", message(Some("w"), None, Some("a")), "w, v"),
            ("", message(Some("v"), None, None), "v, -"),
            ("", message(None, None, Some("w")), "a, b"),
        ] {
            let routes = routes(&all);
            for route in routes.0.iter().filter(|route| resting.contains(route.name.as_str())) {
                (0..5).for_each(|_| route.failed(NOW, ""));
            }
            assert_eq!(way(&routes, &message), expected, "{resting} {message:?}");
        }
    }

    #[tokio::test]
    async fn messages_are_taken_while_one_route_for_sms_does() {
        let routes = routes(&[("a", Channel::Sms), ("w", Channel::Whatsapp), ("b", Channel::Sms)]);
        let rest = |index: usize| (0..5).for_each(|_| routes.0[index].failed(NOW, ""));
        rest(0);
        assert!(routes.take_messages(NOW));
        rest(2);
        assert!(!routes.take_messages(NOW));
        assert_eq!(routes.whatsapp(NOW).map(RouteName::as_str), Some("w"));
        rest(1);
        assert_eq!(routes.whatsapp(NOW), None);
        let later = NOW + Duration::from_secs(30);
        assert!(routes.take_messages(later), "whoever comes then may try");
        routes.0[0].answered();
        assert!(routes.take_messages(NOW));
    }
}
