//! The `[messaging]` section of the configuration file.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::RouteName;
use serde::Deserialize;

use crate::error::MessagingError;
use crate::http::HttpSettings;
use crate::routes::PATIENCE;

/// Routes beyond these would never have their time within the life of a code.
const MOST_ROUTES: usize = 8;
/// A gateway takes no more of them in a second.
const MOST_PER_SECOND: u32 = 1_000;

/// How messages leave the house.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MessagingSettings {
    /// What carries them; default `console`.
    pub transport: TransportKind,
    /// How many are handed over at the same time; 1 to 64, default 8.
    pub concurrency: u32,
    /// How many are begun in a second at most by each route, below the contracted rate; 1 to 1,000,
    /// default 10.
    pub per_second: u32,
    /// After how many seconds the outbox is looked at even if nothing woke us; 1 to 60, default 5.
    pub look_again_seconds: u32,
    /// The HTTP gateway; needed for `transport = "http"`.
    pub http: Option<HttpSettings>,
    /// Several HTTP gateways, the preferred one first; needed for `transport = "routes"`.
    pub routes: Vec<RouteSettings>,
}

/// One of several gateways.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RouteSettings {
    /// What it is called in logs and lists; no default.
    pub name: RouteName,
    /// What it carries; default `sms`.
    #[serde(default)]
    pub channel: Channel,
    /// How many are begun in a second at most; by default that of all routes.
    pub per_second: Option<u32>,
    /// The gateway.
    pub http: HttpSettings,
}

/// What a route carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Text messages.
    #[default]
    Sms,
    /// Messages of WhatsApp, for who asks for that.
    Whatsapp,
}

/// What carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// Prints them to standard output: for demonstrations only.
    Console,
    /// Hands them to an HTTP gateway.
    Http,
    /// Hands them to the first of several HTTP gateways that takes them.
    Routes,
}

impl Default for MessagingSettings {
    fn default() -> Self {
        Self {
            transport: TransportKind::Console,
            concurrency: 8,
            per_second: 10,
            look_again_seconds: 5,
            http: None,
            routes: Vec::new(),
        }
    }
}

impl MessagingSettings {
    /// Checks ranges and templates, without reading any secret.
    ///
    /// # Errors
    /// [`MessagingError::Setting`] names the first setting that is wrong.
    pub fn validate(&self) -> Result<(), MessagingError> {
        for (name, value, most) in [
            ("concurrency", self.concurrency, 64),
            ("per-second", self.per_second, MOST_PER_SECOND),
            ("look-again-seconds", self.look_again_seconds, 60),
        ] {
            if !(1..=most).contains(&value) {
                let reason = format!("is {value}, but must be from 1 to {most}");
                return Err(MessagingError::setting(name, reason));
            }
        }
        if let Some(http) = &self.http {
            http.validate()?;
        }
        match self.transport {
            TransportKind::Http if self.http.is_none() => Err(MessagingError::no_gateway()),
            TransportKind::Routes => self.validate_routes(),
            TransportKind::Console | TransportKind::Http if self.routes.is_empty() => Ok(()),
            TransportKind::Console | TransportKind::Http => {
                Err(MessagingError::setting("transport", "must be `routes` where there are some"))
            }
        }
    }

    fn validate_routes(&self) -> Result<(), MessagingError> {
        let sms = |route: &&RouteSettings| route.channel == Channel::Sms;
        let Some(last) = self.routes.iter().rfind(sms) else {
            return Err(MessagingError::no_routes());
        };
        if self.routes.len() > MOST_ROUTES {
            let reason = format!("are {}, but may be {MOST_ROUTES}", self.routes.len());
            return Err(MessagingError::setting("routes", reason));
        }
        let mut names = BTreeSet::new();
        for route in &self.routes {
            let refuse = |name: &str, reason: String| {
                Err(MessagingError::setting(name, reason).of_route(&route.name))
            };
            if !names.insert(&route.name) {
                return refuse("name", "is there twice".to_owned());
            }
            if let Some(value) = route.per_second
                && !(1..=MOST_PER_SECOND).contains(&value)
            {
                let reason = format!("is {value}, but must be from 1 to {MOST_PER_SECOND}");
                return refuse("per-second", reason);
            }
            let valid = match route.channel {
                Channel::Sms => route.http.validate(),
                Channel::Whatsapp => route.http.validate_without_text(),
            };
            valid.map_err(|error| error.of_route(&route.name))?;
            let gives_way = route.channel == Channel::Sms && route.name != last.name;
            if route.http.timeout() > PATIENCE && gives_way {
                let most = PATIENCE.as_secs();
                let reason = format!("is more than the {most} after which the next route sends");
                return refuse("http.timeout-seconds", reason);
            }
        }
        Ok(())
    }

    /// How long one hand-over may take, waiting for its turn included.
    pub(crate) fn longest_hand_over(&self) -> Duration {
        let route = |per_second: u32, http: &HttpSettings| {
            let turn = u64::from(self.concurrency.div_ceil(per_second.max(1)));
            Duration::from_secs(turn) + http.timeout()
        };
        let single = self.http.iter().map(|http| route(self.per_second, http));
        let several = self.routes.iter();
        let several = several.map(|r| route(r.per_second.unwrap_or(self.per_second), &r.http));
        single.chain(several).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_range_is_named() {
        let check = |toml: &str, expected: Option<&str>| {
            let settings: MessagingSettings = toml::from_str(toml).expect(toml);
            let refusal = settings.validate().err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(refusal, None, "{toml}"),
                Some(part) => assert!(refusal.clone().unwrap().contains(part), "{refusal:?}"),
            }
        };
        check("", None);
        check("concurrency = 0", Some("`messaging.concurrency`"));
        check("per-second = 2000", Some("`messaging.per-second`"));
        check("look-again-seconds = 61", Some("`messaging.look-again-seconds`"));
        check("transport = \"http\"", Some("`messaging.http` is missing"));
        check("[http]\nurl = \"nowhere\"", Some("`messaging.http.url`"));
        let route = |name: &str, more: &str| {
            format!("[[routes]]\nname = \"{name}\"\n{more}http.url = \"https://sms.example/\"\n")
        };
        let routes = |routes: &[String]| format!("transport = \"routes\"\n{}", routes.concat());
        check(&route("a", ""), Some("`messaging.transport` must be `routes`"));
        check(&routes(&[]), Some("`messaging.routes` is missing one"));
        check(&routes(&[route("a", ""), route("b", "per-second = 3\n")]), None);
        check(&routes(&[route("a", ""), route("a", "")]), Some("`messaging.routes.a.name`"));
        check(&routes(&[route("a", "per-second = 0\n")]), Some("`messaging.routes.a.per-second`"));
        check(&routes(&["a"; 9].map(|name| route(name, ""))), Some("are 9, but may be 8"));
        let whatsapp = |text: &str| {
            route("w", &format!("channel = \"whatsapp\"\nhttp.fields.body = \"{text}\"\n"))
        };
        check(&routes(&[route("a", ""), whatsapp("{code}")]), None);
        check(
            &routes(&[route("a", ""), whatsapp("{text}")]),
            Some("`messaging.routes.w.http.fields`"),
        );
        check(&routes(&[whatsapp("{code}")]), Some("`messaging.routes` is missing one"));
        let bad = route("a", "").replace("https://sms.example/", "nowhere");
        check(&routes(&[bad]), Some("`messaging.routes.a.http.url`"));
        let slow = |name: &str| route(name, "http.timeout-seconds = 13\n");
        check(&routes(&[route("a", ""), slow("b")]), None);
        check(&routes(&[slow("a"), route("b", "")]), Some("`messaging.routes.a.http.timeout-"));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<MessagingSettings>("concurency = 3").is_err());
    }
}
