//! The `[portal]` section: what is written, and the check that makes it usable.
//!
//! [`PortalSettings`] is the written form. [`PortalSettings::resolve`] is the only
//! way on: it parses every address once and names the first thing that is wrong.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::{GardenHost, PlanName, Site, SiteLimit};
use serde::Deserialize;
use url::Url;

use crate::catalogue::Catalogue;
use crate::message::{Form, MessageForm, TooLong};

/// No visitor looks at a page for longer that does not come.
const LONGEST_HOLD: Duration = Duration::from_secs(20);

/// Host names beside those of the portal's own addresses.
const MOST_HOST_NAMES: usize = 10;

/// How the portal listens, and what it tells visitors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PortalSettings {
    /// Where plain HTTP is served; `[::]:8080` by default, port 0 for any free one.
    pub listen: SocketAddr,
    /// A second, encrypted address; none by default. RFC 8908 clients need one.
    pub tls: Option<TlsSettings>,
    /// How visitors reach `listen`: scheme, host and port without a path;
    /// `http://127.0.0.1:8080` by default.
    pub public_url: String,
    /// How visitors reach the encrypted address: an https URL without a path; none by default.
    pub secure_url: Option<String>,
    /// Where a browser that came without context is sent, so that a gateway redirects it back
    /// with one; an http URL, none by default.
    pub entry_url: Option<String>,
    /// Other host names under which a device that is online finds its status, such as one that is
    /// easy to remember; none by default, at most 10.
    pub host_names: Vec<String>,
    /// The page about the venue that phones offer after sign-in (RFC 8908 §5); an https URL, none
    /// by default.
    pub venue_info_url: Option<String>,
    /// Which version of the terms of use visitors accept; `1` by default, 1 to 40 characters.
    pub terms_version: String,
    /// For how many months number, device address and connection times are kept, as the terms
    /// say; 12 by default, 1 to 60.
    pub retention_months: u8,
    /// Whether the first page offers the municipality's awareness messages, by an unticked box of
    /// their own; yes by default.
    pub offer_awareness: bool,
    /// How the message with a visitor's code is worded: `plain`, `bound` to the portal's host, or
    /// with a `link`; `plain` by default.
    pub message_form: MessageForm,
    /// A short connection for visitors to whom no code can be sent; none by default.
    pub grace: Option<GraceSettings>,
    /// Where visitors find help.
    pub help: HelpSettings,
    /// What one visitor, and all together, may ask of the portal.
    pub limits: LimitSettings,
}

/// The encrypted address.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TlsSettings {
    /// Where TLS is served, such as `[::]:8443`.
    pub listen: SocketAddr,
    /// The certificate chain in PEM, leaf first.
    pub cert: PathBuf,
    /// The private key in PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// What the CA says of the certificate, in DER (OCSP), sent along with it while it holds; none
    /// by default.
    #[serde(default)]
    pub ocsp: Option<PathBuf>,
    /// How often the files are looked at for changes, in seconds; 30 by default, 1 to 86,400.
    #[serde(default = "half_a_minute")]
    pub reload_seconds: u64,
}

const fn half_a_minute() -> u64 {
    30
}

/// What a visitor gets who types a number while no message goes out, once a day with a device.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GraceSettings {
    /// The plan, which should be slow; not the plan of a site.
    pub plan: PlanName,
    /// For how many minutes; 10 by default, 1 to 120.
    #[serde(default = "ten_minutes")]
    pub minutes: u64,
}

const fn ten_minutes() -> u64 {
    10
}

impl GraceSettings {
    pub(crate) const fn lasting(&self) -> Duration {
        Duration::from_secs(self.minutes * 60)
    }
}

/// Telephone numbers that are shown as text; an empty one is left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HelpSettings {
    /// The municipality's unified number; empty by default.
    pub unified: String,
    /// The number for WhatsApp; empty by default.
    pub whatsapp: String,
    /// The number for reports to the municipality, such as 940; empty by default.
    pub reports: String,
}

/// Bounds on connections and requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Connections at the same time; 4096 by default, at least 1.
    pub connections: u32,
    /// Connections of one source address (of one /64 in IPv6) at the same time; 256 by default,
    /// since a gateway with address translation is one source. At least 1.
    pub connections_per_source: u32,
    /// Seconds for the request's head to arrive, also on an idle connection; 10 by default, 1 to 120.
    pub header_seconds: u64,
    /// Seconds for a request's body and our answer together; 20 by default, 1 to 300.
    pub request_seconds: u64,
    /// Seconds that one connection may last; 120 by default, 10 to 3600.
    pub connection_seconds: u64,
    /// Seconds that open requests get to finish when the portal stops; 10 by default, 0 to 300.
    pub drain_seconds: u64,
    /// Forms that all devices together may send in a second; 200 by default, at least 1.
    pub posts_per_second: u32,
    /// Forms that one device may send at once; after that one every three seconds. 10 by default,
    /// at least 1.
    pub posts_per_device: u32,
    /// Challenges for one number in 15 minutes; 3 by default, at least 1.
    pub challenges_per_quarter_hour: u32,
    /// Challenges for one number in 24 hours; 6 by default, at least 1.
    pub challenges_per_day: u32,
    /// Messages on behalf of one device in an hour; 6 by default, at least 1.
    pub sends_per_hour: u32,
    /// Different numbers that one device may ask codes for in 24 hours; 3 by default, at least 1.
    pub numbers_per_device: u32,
    /// Messages to one number in 24 hours; 10 by default, at least 1.
    pub sends_per_day: u32,
    /// For how many minutes after an access point sent a device messages may be sent for it; then
    /// the device must be sent again. 30 by default, 5 to 1440.
    pub send_window_minutes: u64,
    /// For how many hours after RADIUS was asked about a device it counts as being at the site, where
    /// the redirect is not signed; 12 by default, 1 to 24.
    pub seen_hours: u64,
    /// Messages on behalf of all devices at one access point in a minute; 30 by default, at least 1.
    pub sends_per_access_point: u32,
    /// Messages on behalf of all devices at one site in a minute; 120 by default, at least 1.
    pub sends_per_site: u32,
    /// Messages to numbers that differ in their last four digits alone, in ten minutes, but at sites
    /// where many are expected; 20 by default, at least 1.
    pub sends_per_block: u32,
    /// Messages of all sites in a second, with a minute's worth at once; what `messaging.per-second`
    /// is. Each other country of the Gulf has 15 percent of it. 10 by default, 1 to 10,000.
    pub sends_per_second: u32,
    /// Messages to a block of numbers or another country, or of a site, in an hour, before it follows
    /// anything from how many of their codes are entered; 20 by default, at least 1.
    pub conversion_least: u32,
    /// Percent of those codes that must be entered; if fewer are, none is sent there for an hour. 20 by
    /// default, 0 to 100; 0 never blocks anything.
    pub conversion_percent: u32,
    /// Links of messages that may be opened from one source address (one /64 in IPv6) in a minute,
    /// good or not; 300 by default, since a mobile network is few sources. At least 1.
    pub links_per_source: u32,
    /// Vouchers that one device may try at once; after that as many an hour, evenly. 10 by default,
    /// at least 1.
    pub vouchers_per_device: u32,
    /// Vouchers that may be tried at one site in a minute, right or wrong; 300 by default, at least 1.
    pub vouchers_per_site: u32,
    /// Vouchers that may be tried at all sites together in a second; 20 by default, at least 1.
    pub vouchers_per_second: u32,
    /// Answers that are held back at the same time until an access point has let the device in;
    /// whoever gets none is shown a page with a link. 1024 by default, 0 holds none back.
    pub held_answers: u32,
    /// Answers about a number and its code leave at whole steps of so many milliseconds after their
    /// request, and up to half a step more by chance, so that their time tells nothing of the number; 10 by default, 0 to 1000. With 0 they
    /// leave at once.
    pub answer_step_ms: u64,
}

/// What is wrong in the `[portal]` section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A URL is not usable.
    #[error("portal.{key} must be {wanted}, not `{given}`")]
    Url {
        /// Which setting.
        key: &'static str,
        /// What would be understood.
        wanted: &'static str,
        /// What was written.
        given: String,
    },
    /// A host name is not usable.
    #[error(
        "portal.host-names must be at most {MOST_HOST_NAMES} names like wifi.example, in lower case; `{0}` is not"
    )]
    HostName(String),
    /// A number is out of its range.
    #[error("portal.{key} must be between {least} and {most}, not {given}")]
    Range {
        /// Which setting.
        key: &'static str,
        /// The smallest value.
        least: u64,
        /// The largest value.
        most: u64,
        /// What was written.
        given: u64,
    },
    /// The version of the terms cannot be kept.
    #[error("portal.terms-version must have 1 to 40 characters")]
    TermsVersion,
    /// A code would not go into one message.
    #[error(transparent)]
    Message(#[from] TooLong),
    /// Phones would compare the last line of a message with no address of ours.
    #[error(
        "portal.message-form = \"bound\" needs portal.secure-url, or a portal.public-url that is https, without a port"
    )]
    BoundForm,
    /// A link would lead nowhere, or in clear.
    #[error(
        "portal.message-form = \"link\" needs portal.secure-url, or a portal.public-url that is https"
    )]
    LinkForm,
    /// The time that the terms promise is out of range.
    #[error("portal.retention-months must be between 1 and 60, not {0}")]
    Retention(u8),
}

/// The settings, each of them usable.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub public: Url,
    pub secure: Option<Url>,
    pub entry: Option<Url>,
    /// The origins of `public` and `secure`, as the end of a CSP `form-action`.
    pub form_targets: String,
    pub host_names: Vec<String>,
    pub venue: Option<Url>,
    pub terms_version: String,
    pub retention_months: u8,
    pub offer_awareness: bool,
    pub message_form: Form,
    pub grace: Option<GraceSettings>,
    pub help: HelpSettings,
    pub limits: LimitSettings,
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0; 16], 8080)),
            tls: None,
            public_url: "http://127.0.0.1:8080".to_owned(),
            secure_url: None,
            entry_url: None,
            host_names: Vec::new(),
            venue_info_url: None,
            terms_version: "1".to_owned(),
            retention_months: 12,
            offer_awareness: true,
            message_form: MessageForm::default(),
            grace: None,
            help: HelpSettings::default(),
            limits: LimitSettings::default(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_source: 256,
            header_seconds: 10,
            request_seconds: 20,
            connection_seconds: 120,
            drain_seconds: 10,
            posts_per_second: 200,
            posts_per_device: 10,
            challenges_per_quarter_hour: 3,
            challenges_per_day: 6,
            sends_per_hour: 6,
            numbers_per_device: 3,
            sends_per_day: 10,
            send_window_minutes: 30,
            seen_hours: 12,
            sends_per_access_point: 30,
            sends_per_site: 120,
            sends_per_block: 20,
            sends_per_second: 10,
            conversion_least: 20,
            conversion_percent: 20,
            links_per_source: 300,
            vouchers_per_device: 10,
            vouchers_per_site: 300,
            vouchers_per_second: 20,
            held_answers: 1_024,
            answer_step_ms: 10,
        }
    }
}

impl PortalSettings {
    /// Checks everything that can be checked without a socket or a file.
    ///
    /// # Errors
    /// The first setting that is wrong, in the order of the section.
    pub fn validate(&self) -> Result<(), SettingsError> {
        Ok(self.resolve()?.message_form.check_all(&Catalogue::new())?)
    }

    pub(crate) fn resolve(&self) -> Result<Resolved, SettingsError> {
        let optional = |key, wanted, schemes, text: &Option<String>| {
            text.as_deref().map(|text| page(key, wanted, schemes, text)).transpose()
        };
        let public = origin("public-url", &["http", "https"], &self.public_url)?;
        let secure = self.secure_url.as_deref();
        let secure = secure.map(|text| origin("secure-url", &["https"], text)).transpose()?;
        let encrypted = secure.as_ref().or(Some(&public).filter(|url| url.scheme() == "https"));
        let own = [Some(&public), secure.as_ref()].into_iter().flatten();
        let resolved = Resolved {
            form_targets: own
                .map(|url| format!(" {}", url.origin().ascii_serialization()))
                .collect(),
            message_form: Form::new(self.message_form, encrypted)?,
            public,
            secure,
            entry: optional("entry-url", "an http URL", &["http"], &self.entry_url)?,
            host_names: self.host_names.clone(),
            venue: optional("venue-info-url", "an https URL", &["https"], &self.venue_info_url)?,
            terms_version: self.terms_version.clone(),
            retention_months: self.retention_months,
            offer_awareness: self.offer_awareness,
            grace: self.grace.clone(),
            help: self.help.clone(),
            limits: self.limits.clone(),
        };
        if self.terms_version.is_empty() || self.terms_version.chars().count() > 40 {
            return Err(SettingsError::TermsVersion);
        }
        if !(1..=60).contains(&self.retention_months) {
            return Err(SettingsError::Retention(self.retention_months));
        }
        check_host_names(&self.host_names)?;
        self.limits.check()?;
        if let Some(grace) = &self.grace {
            within("grace.minutes", grace.minutes, 1, 120)?;
        }
        if let Some(tls) = &self.tls {
            within("tls.reload-seconds", tls.reload_seconds, 1, 86_400)?;
        }
        Ok(resolved)
    }
}

impl LimitSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let most = u64::from(u32::MAX);
        for (key, given, least, most) in [
            ("limits.connections", self.connections.into(), 1, 1_000_000),
            ("limits.connections-per-source", self.connections_per_source.into(), 1, 1_000_000),
            ("limits.header-seconds", self.header_seconds, 1, 120),
            ("limits.request-seconds", self.request_seconds, 1, 300),
            ("limits.connection-seconds", self.connection_seconds, 10, 3_600),
            ("limits.drain-seconds", self.drain_seconds, 0, 300),
            ("limits.posts-per-second", self.posts_per_second.into(), 1, most),
            ("limits.posts-per-device", self.posts_per_device.into(), 1, most),
            (
                "limits.challenges-per-quarter-hour",
                self.challenges_per_quarter_hour.into(),
                1,
                most,
            ),
            ("limits.challenges-per-day", self.challenges_per_day.into(), 1, most),
            ("limits.sends-per-hour", self.sends_per_hour.into(), 1, most),
            ("limits.numbers-per-device", self.numbers_per_device.into(), 1, most),
            ("limits.sends-per-day", self.sends_per_day.into(), 1, most),
            ("limits.send-window-minutes", self.send_window_minutes, 5, 1_440),
            ("limits.seen-hours", self.seen_hours, 1, 24),
            ("limits.sends-per-access-point", self.sends_per_access_point.into(), 1, most),
            ("limits.sends-per-site", self.sends_per_site.into(), 1, most),
            ("limits.sends-per-block", self.sends_per_block.into(), 1, most),
            ("limits.conversion-least", self.conversion_least.into(), 1, most),
            ("limits.conversion-percent", self.conversion_percent.into(), 0, 100),
            ("limits.sends-per-second", self.sends_per_second.into(), 1, 10_000),
            ("limits.links-per-source", self.links_per_source.into(), 1, most),
            ("limits.vouchers-per-device", self.vouchers_per_device.into(), 1, most),
            ("limits.vouchers-per-site", self.vouchers_per_site.into(), 1, most),
            ("limits.vouchers-per-second", self.vouchers_per_second.into(), 1, most),
            ("limits.held-answers", self.held_answers.into(), 0, 100_000),
            ("limits.answer-step-ms", self.answer_step_ms, 0, 1_000),
        ] {
            within(key, given, least, most)?;
        }
        Ok(())
    }

    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }

    /// What holds at a site: its own, or else what holds for all.
    pub(crate) fn at(&self, site: &Site) -> Self {
        let own = |limit, of_all| site.limits.or(limit, of_all);
        Self {
            sends_per_site: own(SiteLimit::SendsPerSite, self.sends_per_site),
            sends_per_access_point: own(
                SiteLimit::SendsPerAccessPoint,
                self.sends_per_access_point,
            ),
            sends_per_hour: own(SiteLimit::SendsPerHour, self.sends_per_hour),
            numbers_per_device: own(SiteLimit::NumbersPerDevice, self.numbers_per_device),
            challenges_per_quarter_hour: own(
                SiteLimit::ChallengesPerQuarterHour,
                self.challenges_per_quarter_hour,
            ),
            challenges_per_day: own(SiteLimit::ChallengesPerDay, self.challenges_per_day),
            sends_per_day: own(SiteLimit::SendsPerDay, self.sends_per_day),
            sends_per_block: own(SiteLimit::SendsPerBlock, self.sends_per_block),
            conversion_least: own(SiteLimit::ConversionLeast, self.conversion_least),
            conversion_percent: own(SiteLimit::ConversionPercent, self.conversion_percent),
            ..self.clone()
        }
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// For how long an answer may be held back: less than it may take as a whole.
    pub(crate) fn hold(&self) -> Duration {
        (self.request_timeout() * 3 / 4).min(LONGEST_HOLD)
    }

    pub(crate) fn answer_step(&self) -> Duration {
        Duration::from_millis(self.answer_step_ms)
    }

    pub(crate) fn connection_life(&self) -> Duration {
        Duration::from_secs(self.connection_seconds)
    }

    pub(crate) fn send_window(&self) -> Duration {
        Duration::from_secs(60 * self.send_window_minutes)
    }

    pub(crate) fn seen(&self) -> Duration {
        Duration::from_secs(self.seen_hours * 3_600)
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// Refuses what is no host name, and more names than are needed.
fn check_host_names(names: &[String]) -> Result<(), SettingsError> {
    let refuse = |name: &String| SettingsError::HostName(name.chars().take(80).collect());
    if let Some(beyond) = names.get(MOST_HOST_NAMES) {
        return Err(refuse(beyond));
    }
    let wrong = names.iter().find(|name| name.parse::<GardenHost>().is_err());
    wrong.map_or(Ok(()), |name| Err(refuse(name)))
}

fn within(key: &'static str, given: u64, least: u64, most: u64) -> Result<(), SettingsError> {
    let is_within = (least..=most).contains(&given);
    is_within.then_some(()).ok_or(SettingsError::Range { key, least, most, given })
}

/// A URL of one of `schemes` with a host.
fn page(
    key: &'static str,
    wanted: &'static str,
    schemes: &[&str],
    text: &str,
) -> Result<Url, SettingsError> {
    let refuse = || SettingsError::Url { key, wanted, given: text.chars().take(80).collect() };
    let url = Url::parse(text).map_err(|_| refuse())?;
    let usable = schemes.contains(&url.scheme())
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    usable.then_some(url).ok_or_else(refuse)
}

/// A URL that ends with its host and port.
fn origin(key: &'static str, schemes: &[&str], text: &str) -> Result<Url, SettingsError> {
    let wanted = if schemes.contains(&"http") {
        "an http or https URL without a path"
    } else {
        "an https URL without a path"
    };
    let url = page(key, wanted, schemes, text)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(SettingsError::Url { key, wanted, given: text.chars().take(80).collect() });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(PortalSettings::default().validate(), Ok(()));
    }

    #[test]
    fn the_first_wrong_setting_is_named() {
        let check = |change: fn(&mut PortalSettings), named: &str| {
            let mut settings = PortalSettings::default();
            change(&mut settings);
            let reason = settings.validate().expect_err(named).to_string();
            assert!(reason.contains(named), "{reason}");
        };
        check(|s| s.public_url = "portal.example".into(), "public-url");
        check(|s| s.public_url = "http://portal.example/x".into(), "public-url");
        check(|s| s.public_url = "ftp://portal.example".into(), "public-url");
        check(|s| s.secure_url = Some("http://portal.example".into()), "secure-url");
        check(|s| s.entry_url = Some("https://enter.example/".into()), "entry-url");
        check(|s| s.host_names = vec!["WiFi.example".into()], "host-names");
        check(|s| s.host_names = vec!["http://wifi.example".into()], "host-names");
        check(|s| s.host_names = vec!["wifi.example".into(); 11], "host-names");
        check(|s| s.venue_info_url = Some("http://park.example/".into()), "venue-info-url");
        check(|s| s.message_form = MessageForm::Link, "message-form");
        check(
            |s| {
                s.message_form = MessageForm::Bound;
                s.secure_url = Some("https://portal.example:8443".into());
            },
            "message-form",
        );
        check(|s| s.terms_version = String::new(), "terms-version");
        check(|s| s.retention_months = 0, "retention-months");
        check(|s| s.limits.connections = 0, "connections");
        check(|s| s.limits.header_seconds = 1_000, "header-seconds");
    }
}
