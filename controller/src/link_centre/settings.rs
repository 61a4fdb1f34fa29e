//! What can be set about where agents of links tell what they see.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use certificates::Mutual;
use domain::Zone;
use link::cause::{Line, Subject, Topology};
use serde::Deserialize;

use crate::links::alert::AlertSettings;
use crate::links::incident::IncidentSettings;
use crate::links::wording::Language;
use crate::settings::{SettingsError, within};

/// The section `[controller.links]` of the configuration file; without it nobody listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkCentreSettings {
    /// Where agents arrive.
    pub listen: SocketAddr,
    /// PEM file with the centre's certificate, for the name in the agents' `url`, and those between it
    /// and its CA.
    pub certificate: PathBuf,
    /// PEM file with the key of that certificate.
    pub key: PathBuf,
    /// PEM file with the CAs whose certificates agents may bring. The system's are never trusted.
    pub ca: PathBuf,
    /// PEM file with a revocation list of each of those CAs; by default nothing is revoked.
    pub crl: Option<PathBuf>,
    /// Connections at a time, a quarter of them from one address; 16 to 65,536, default 1,024.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// Paths of one site, by all names that it ever had in what is kept; 8 to 1,000, default 32.
    #[serde(default = "default_paths")]
    pub paths_per_site: NonZeroU32,
    /// Whose links these are, as reports call it; nothing by default.
    #[serde(default)]
    pub city: String,
    /// By whose clocks months begin, work comes again and nights are quiet; default `Asia/Riyadh`.
    #[serde(default = "Zone::riyadh")]
    pub zone: Zone,
    /// For how long something is the matter before there is an incident.
    #[serde(default)]
    pub incidents: IncidentSettings,
    /// Who is told of incidents.
    #[serde(default)]
    pub alerts: AlertSettings,
    /// Which paths of two agents are the two ends of one line, and what lines share; a path that is not
    /// among them is a line by itself.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Services of offices that targets ask for, of which reports tell.
    #[serde(default)]
    pub services: Vec<ServiceSettings>,
    /// Where the report of each month goes; none is made by itself without it.
    pub report: Option<MonthlySettings>,
}

/// `[controller.links.report]`: the report of each month.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MonthlySettings {
    /// The folder into which it is written.
    pub folder: PathBuf,
    /// On which day of the next month; 1 to 28, default 2, by when agents that were cut off have told
    /// what they saw.
    #[serde(default = "default_day")]
    pub day: u32,
    /// In which languages; default both.
    #[serde(default = "default_languages")]
    pub languages: Vec<Language>,
    /// Who has it by mail, through `[alerts.mail]`; nobody by default.
    #[serde(default)]
    pub mail: Vec<ReportMail>,
}

/// `[[controller.links.report.mail]]`: somebody who has the report by mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReportMail {
    /// The address.
    pub to: String,
    /// `ar` or `en`; default `ar`.
    #[serde(default)]
    pub language: Language,
}

/// `[[controller.links.services]]`: what an office reaches by its links.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceSettings {
    /// What people call it.
    pub name: String,
    /// The `site` of the agent that asks for it.
    pub site: String,
    /// Names of targets of that agent; it is there while one of them answers.
    pub targets: Vec<String>,
}

impl LinkCentreSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first that is outside.
    pub(crate) fn validate(&self) -> Result<(), SettingsError> {
        let connections = u32::try_from(self.connections).unwrap_or(u32::MAX);
        within("links.connections", connections, 16..=65_536)?;
        within("links.paths-per-site", self.paths_per_site.get(), 8..=1_000)?;
        let lines = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        within("links.lines", lines, 0..=10_000)?;
        let services = u32::try_from(self.services.len()).unwrap_or(u32::MAX);
        within("links.services", services, 0..=1_000)?;
        for service in &self.services {
            let targets = u32::try_from(service.targets.len()).unwrap_or(u32::MAX);
            within("links.services.targets", targets, 1..=16)?;
            let of_site = self.services.iter().filter(|other| other.site == service.site).count();
            let of_site = u32::try_from(of_site).unwrap_or(u32::MAX);
            within("links.services of one site", of_site, 1..=64)?;
        }
        if let Some(report) = &self.report {
            within("links.report.day", report.day, 1..=28)?;
            let mails = u32::try_from(report.mail.len()).unwrap_or(u32::MAX);
            within("links.report.mail", mails, 0..=100)?;
        }
        self.incidents.validate()
    }

    /// What proves who is who.
    pub(super) fn files(&self) -> Mutual {
        Mutual {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            ca: self.ca.clone(),
            crl: self.crl.clone(),
            protocols: vec![b"http/1.1".to_vec()],
        }
    }

    /// The office, or the line that its agent calls so.
    pub(crate) fn subject(&self, site: &str, path: Option<&str>) -> Subject {
        let Some(path) = path else { return Subject::Site(site.to_owned()) };
        let lines = Topology { lines: self.lines.clone() };
        let line = lines.of_end(site, path);
        Subject::Line(line.map_or_else(|| own_name(site, path), |line| line.name.clone()))
    }

    /// Settings of a centre that hears nobody.
    #[cfg(test)]
    pub(crate) fn deaf() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            certificate: "".into(),
            key: "".into(),
            ca: "".into(),
            crl: None,
            connections: 16,
            paths_per_site: default_paths(),
            city: String::new(),
            zone: Zone::riyadh(),
            incidents: IncidentSettings::default(),
            alerts: AlertSettings::default(),
            lines: Vec::new(),
            services: Vec::new(),
            report: None,
        }
    }
}

/// What a line is called that is in none of the settings.
pub(super) fn own_name(site: &str, path: &str) -> String {
    format!("{site}/{path}")
}

const fn default_day() -> u32 {
    2
}

fn default_languages() -> Vec<Language> {
    Language::ALL.to_vec()
}

const fn default_paths() -> NonZeroU32 {
    NonZeroU32::new(32).expect("not zero")
}

const fn default_connections() -> usize {
    1_024
}
