//! The configuration file: one TOML file, one section per part.
//!
//! Two stages: what was written, checked by each part's own settings, and the paths
//! that follow from `data-dir` where none was written.

use std::path::{Path, PathBuf};

use controller::ControllerSettings;
use controller::alert_channels::AlertSettings;
use edge::EdgeSettings;
use edge::links::LinksSettings;
use messaging::MessagingSettings;
use portal::PortalSettings;
use radius::RadiusSettings;
use serde::Deserialize;
use store::{JournalSettings, StoreSettings, TrailSettings};

use crate::alert_channels;

/// Where the configuration is looked for when none is named.
const USUAL_PLACE: &str = "/etc/sabeel/sabeel.toml";

/// The whole configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Where database, keys and journal live. Default `/var/lib/sabeel`.
    pub data_dir: DataDir,
    /// The admin interface's Unix socket. Default `admin.sock` in `data-dir`.
    pub admin_socket: Option<PathBuf>,
    /// The database.
    pub store: StoreSettings,
    /// The accounting journal.
    pub journal: JournalSettings,
    /// What RADIUS decided and why.
    pub trail: TrailSettings,
    /// The RADIUS server.
    pub radius: RadiusSettings,
    /// The captive portal.
    pub portal: PortalSettings,
    /// Quotas, orders and retention.
    pub controller: ControllerSettings,
    /// How alerts reach people and systems outside.
    pub alerts: AlertSettings,
    /// How codes reach telephones.
    pub messaging: MessagingSettings,
    /// The gateway of a site, for `sabeel edge`.
    pub edge: Option<EdgeSettings>,
    /// The links of an office, for `sabeel edge`.
    pub links: Option<LinksSettings>,
}

/// The folder that holds everything which must survive.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct DataDir(PathBuf);

impl Default for DataDir {
    fn default() -> Self {
        Self(PathBuf::from("/var/lib/sabeel"))
    }
}

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what the configuration allows.
    #[error("{path}: {reason}")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong, with its place.
        reason: String,
    },
    /// Parts are to run on their own, on a database that cannot be shared.
    #[error("parts on their own meet in PostgreSQL; set [store] url, or run `sabeel serve`")]
    Embedded,
}

impl Config {
    /// Reads `named`, else the usual place, else takes the defaults.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match named {
            Some(path) => path,
            None if Path::new(USUAL_PLACE).exists() => Path::new(USUAL_PLACE),
            None => return Self::default().checked("built-in defaults"),
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the text of the file at `path`.
    pub fn parse(text: &str, path: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Invalid {
            path: path.to_owned(),
            reason: with_nearest_key(&error.to_string()),
        })?;
        config.checked(path)
    }

    /// Whether those who are told of incidents can be told.
    fn check_link_alerts(&self) -> Result<(), String> {
        let Some(links) = &self.controller.links else { return Ok(()) };
        links.alerts.validate().map_err(|error| error.to_string())?;
        match links.alerts.channels.iter().find(|channel| !self.alerts.has(channel.way)) {
            Some(channel) => Err(format!(
                "channel `{}` has no section of [alerts] that it goes by",
                channel.name
            )),
            None if alert_channels::is_sms_used(self) && !self.messaging.carries_notices() => {
                Err("has a channel of way `sms`, but no gateway of [messaging] carries {text}"
                    .to_owned())
            }
            None if self.alerts.mail.is_none()
                && links.report.as_ref().is_some_and(|report| !report.mail.is_empty()) =>
            {
                Err("reports go by mail, and there is no section [alerts.mail]".to_owned())
            }
            None => Ok(()),
        }
    }

    fn checked(self, path: &str) -> Result<Self, ConfigError> {
        let invalid = |section: &str, reason: String| ConfigError::Invalid {
            path: path.to_owned(),
            reason: format!("[{section}] {reason}"),
        };
        self.store.validate().map_err(|error| invalid("store", error.to_string()))?;
        self.journal.validate().map_err(|error| invalid("journal", error.to_string()))?;
        self.trail.validate().map_err(|error| invalid("trail", error.to_string()))?;
        self.radius.validate().map_err(|error| invalid("radius", error.to_string()))?;
        self.portal.validate().map_err(|error| invalid("portal", error.to_string()))?;
        self.controller.validate().map_err(|error| invalid("controller", error.to_string()))?;
        self.alerts.validate().map_err(|error| invalid("alerts", error.to_string()))?;
        self.check_link_alerts().map_err(|reason| invalid("controller.links.alerts", reason))?;
        let (known, kept) = (self.controller.retention.erasure_days, self.trail.keep_days);
        if known <= kept {
            let reason = format!(
                "retention.erasure-days is {known}, but a trail is kept for {kept} days and a part \
                 of one, and who was erased must be known for longer"
            );
            return Err(invalid("controller", reason));
        }
        self.messaging.validate().map_err(|error| invalid("messaging", error.to_string()))?;
        if let Some(edge) = &self.edge {
            edge.validate().map_err(|error| invalid("edge", error.to_string()))?;
        }
        if let Some(links) = &self.links {
            links.validate().map_err(|error| invalid("links", error.to_string()))?;
        }
        Ok(self)
    }

    /// The database to use: the one set, else SQLite in the data folder.
    pub fn store_settings(&self) -> StoreSettings {
        let mut settings = self.store.clone();
        if settings.url.is_empty() {
            settings.url = format!("sqlite:{}", self.data_dir.0.join("sabeel.db").display());
        }
        settings
    }

    /// Whether the database is embedded, which means that one process does everything.
    pub fn is_embedded(&self) -> bool {
        self.store_settings().url.starts_with("sqlite:")
    }

    /// The folder of the keys to personal data.
    pub fn keys_dir(&self) -> PathBuf {
        self.data_dir.0.join("keys")
    }

    /// The folder of the accounting journal.
    pub fn journal_dir(&self) -> PathBuf {
        self.data_dir.0.join("journal")
    }

    /// The folder of the trail.
    pub fn trail_dir(&self) -> PathBuf {
        self.data_dir.0.join("trail")
    }

    /// The folder that holds everything which must survive.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir.0
    }

    /// The admin interface's Unix socket.
    pub fn admin_socket(&self) -> PathBuf {
        self.admin_socket.clone().unwrap_or_else(|| self.data_dir.0.join("admin.sock"))
    }

    /// The socket of a RADIUS server that runs apart, beside the admin interface's.
    pub fn radius_socket(&self) -> PathBuf {
        self.admin_socket().with_file_name("radius.sock")
    }
}

/// Adds the known key that looks most like the unknown one to an error about it.
fn with_nearest_key(error: &str) -> String {
    let quoted: Vec<&str> = error.split('`').skip(1).step_by(2).collect();
    let is_about_key = error.contains("unknown field");
    let Some((unknown, known)) = quoted.split_first().filter(|_| is_about_key) else {
        return error.trim_end().to_owned();
    };
    let nearest = known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(unknown, key), key))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    match nearest {
        Some((_, key)) => format!("{}\ndid you mean `{key}`?", error.trim_end()),
        None => error.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_valid_configuration() {
        let config = Config::parse("", "test").expect("defaults");
        assert!(config.is_embedded());
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = Config::parse("data-dri = \"/tmp\"", "test").unwrap_err().to_string();
        assert!(error.contains("did you mean `data-dir`?"), "{error}");
    }

    #[test]
    fn who_is_told_by_text_message_has_a_number_and_a_gateway_that_says_what_it_is_given() {
        let links = r#"
            [controller.links]
            listen = "127.0.0.1:0"
            certificate = "centre.pem"
            key = "centre.key"
            ca = "ca.pem"
            [[controller.links.alerts.channels]]
            name = "text"
            way = "sms"
            [[controller.links.alerts.recipients]]
            name = "duty"
            addresses = [{ channel = "text", to = "TO" }]
        "#;
        let gateway = |field: &str| {
            format!(
                r#"
                [messaging]
                transport = "http"
                [messaging.http]
                url = "http://127.0.0.1:9/"
                method = "get"
                encoding = "query"
                fields = {{ to = "{{to}}", said = "{{{field}}}" }}
                "#
            )
        };
        for (to, gateway, refusal) in [
            ("+966512345678", String::new(), None),
            ("+966512345678", gateway("text"), None),
            ("+966512345678", gateway("code"), Some("no gateway of [messaging] carries {text}")),
            ("duty@example.com", gateway("text"), Some("`duty@example.com` for a number")),
        ] {
            let outcome = Config::parse(&(links.replace("TO", to) + &gateway), "test");
            let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error.is_empty(), refusal.is_none(), "{to}: {error}");
            assert!(error.contains(refusal.unwrap_or_default()), "{to}: {error}");
        }
    }

    #[test]
    fn a_wrong_value_names_its_place() {
        let error = Config::parse("[portal]\nlisten = 3", "my.toml").unwrap_err().to_string();
        assert!(error.contains("my.toml") && error.contains("line 2"), "{error}");
    }
}
