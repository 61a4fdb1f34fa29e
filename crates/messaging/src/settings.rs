//! The `[messaging]` section of the configuration file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{Money, NumberPrefix, Prices, RouteName, SpendingLimits, Tariff};
use serde::Deserialize;

use crate::error::MessagingError;
use crate::http::HttpSettings;
use crate::routes::{self, PATIENCE};

/// Routes beyond these would never have their time within the life of a code.
const MOST_ROUTES: usize = 8;
/// A gateway takes no more of them in a second.
const MOST_PER_SECOND: u32 = 10_000;

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
    /// What messages cost, and what they may cost.
    pub money: MoneySettings,
}

/// What messages cost, and what they may cost, in the currency of the contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MoneySettings {
    /// What all messages of a day in Riyadh may cost; then none is sent. 2,000 by default.
    pub per_day: Money,
    /// What all of a month there may cost; no limit by default.
    pub per_month: Option<Money>,
    /// What one part of a message costs; 0.08 by default.
    pub price: Money,
    /// What one to numbers that begin so costs, where that is something else; none by default.
    pub prices: BTreeMap<NumberPrefix, Money>,
}

impl Default for MoneySettings {
    fn default() -> Self {
        let amount = |text: &str| text.parse().expect("it is an amount");
        Self {
            per_day: amount("2000"),
            per_month: None,
            price: amount("0.08"),
            prices: BTreeMap::new(),
        }
    }
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
    /// What one part of a message costs by it, of WhatsApp one message; by default that of all routes.
    pub price: Option<Money>,
    /// What one to numbers that begin so costs by it; by default that of all routes, if `price` is
    /// not given.
    pub prices: Option<BTreeMap<NumberPrefix, Money>>,
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
            money: MoneySettings::default(),
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

    /// Whether text messages without a code can go by one of the routes.
    pub fn carries_notices(&self) -> bool {
        let sms = |route: &&RouteSettings| route.channel == Channel::Sms;
        match self.transport {
            TransportKind::Console => true,
            TransportKind::Http => self.http.as_ref().is_some_and(HttpSettings::carries_text),
            TransportKind::Routes => {
                self.routes.iter().filter(sms).any(|route| route.http.carries_text())
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

    /// What messages cost by each route; those that are printed cost nothing.
    #[must_use]
    pub fn tariff(&self) -> Tariff {
        let money = &self.money;
        let limits = SpendingLimits { per_day: money.per_day, per_month: money.per_month };
        let of_all = Prices { price: money.price, prices: money.prices.clone() };
        let mut tariff = Tariff { limits, texts: Vec::new(), others: Vec::new() };
        match self.transport {
            TransportKind::Console => {}
            TransportKind::Http => tariff.texts.push((routes::main(), of_all)),
            TransportKind::Routes => {
                for route in &self.routes {
                    let others = || {
                        if route.price.is_some() { BTreeMap::new() } else { of_all.prices.clone() }
                    };
                    let prices = Prices {
                        price: route.price.unwrap_or(of_all.price),
                        prices: route.prices.clone().unwrap_or_else(others),
                    };
                    let routes = match route.channel {
                        Channel::Sms => &mut tariff.texts,
                        Channel::Whatsapp => &mut tariff.others,
                    };
                    routes.push((route.name.clone(), prices));
                }
            }
        }
        tariff
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
        check("per-second = 20000", Some("`messaging.per-second`"));
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
    fn a_route_has_prices_of_its_own_or_those_of_all() {
        let settings = |toml: &str| toml::from_str::<MessagingSettings>(toml).unwrap();
        let toml = r#"
            transport = "routes"
            money = { price = "0.08", prices = { "971" = "0.35" }, per-day = "500", per-month = "9000" }
            [[routes]]
            name = "a"
            http.url = "https://sms.example/"
            [[routes]]
            name = "b"
            price = "0.05"
            http.url = "https://sms.example/"
            [[routes]]
            name = "w"
            channel = "whatsapp"
            prices = { "966" = "0.11" }
            http.url = "https://sms.example/"
        "#;
        let tariff = settings(toml).tariff();
        assert_eq!(tariff.limits.per_day.to_string(), "500.00");
        assert_eq!(tariff.limits.per_month.unwrap().to_string(), "9000.00");
        let told = |routes: &[(RouteName, Prices)]| {
            let price =
                |prices: &Prices, phone: &str| prices.of(&phone.parse().unwrap()).to_string();
            let both = |(name, prices): &(RouteName, Prices)| {
                [name.to_string(), price(prices, "966551234567"), price(prices, "971501234567")]
            };
            routes.iter().map(both).collect::<Vec<_>>()
        };
        assert_eq!(told(&tariff.texts), [["a", "0.08", "0.35"], ["b", "0.05", "0.05"]]);
        assert_eq!(told(&tariff.others), [["w", "0.11", "0.08"]]);
        let http = "transport = \"http\"\nhttp.url = \"https://sms.example/\"";
        assert_eq!(told(&settings(http).tariff().texts), [["main", "0.08", "0.08"]]);
        assert_eq!(told(&settings("").tariff().texts), [["", "", ""]; 0]);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<MessagingSettings>("concurency = 3").is_err());
    }
}
