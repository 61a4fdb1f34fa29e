//! The report of each month, written into a folder and mailed to people once.
//!
//! How far it is stands in the store, so that a controller that is stopped in the middle goes on there,
//! and of two controllers one makes it. What fails is tried again when its claim is over.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::reporting::{Made, make, month, month_before};
use super::settings::{LinkCentreSettings, MonthlySettings};
use crate::alert_channels::{
    Alert, AlertChannels, AlertError, AlertKey, AlertSeverity, Attachment, Masked,
};
use crate::links::report::percent;
use crate::links::wording::{Catalogue, Language};
use crate::rounds;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);
/// For how long one controller has the making of a report to itself, and after which it is tried again.
const CLAIM: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

/// The part of the controller that makes reports.
pub(crate) struct Monthly {
    settings: LinkCentreSettings,
    own: MonthlySettings,
    channels: Arc<AlertChannels>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    words: Catalogue,
}

/// How far a report is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Progress {
    /// In which languages it was written.
    written: BTreeSet<Language>,
    /// Who has it.
    told: BTreeSet<String>,
}

/// Why a report is not done yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MonthlyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder or the disk.
    #[error("cannot write {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The mail.
    #[error("{to} was not told: {reason}")]
    Mail {
        /// Who, masked.
        to: String,
        /// Why, without their whole address.
        reason: String,
    },
}

impl Monthly {
    /// Makes reports, if that is set.
    pub(crate) fn new(
        settings: &LinkCentreSettings,
        channels: Arc<AlertChannels>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let own = settings.report.clone()?;
        let (settings, words) = (settings.clone(), Catalogue::new());
        Some(Self { settings, own, channels, store, clock, words })
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        rounds::work(BETWEEN_ROUNDS, stop, "links.report is tried again later", || self.look())
            .await;
    }

    /// Makes the report that is due, if one is and nobody else makes it; returns of which month.
    pub(crate) async fn look(&self) -> Result<Option<String>, MonthlyError> {
        let (zone, now) = (&self.settings.zone, self.clock.now());
        let name = month_before(zone, now);
        let Some(span) = month(&name, zone, now) else { return Ok(None) };
        if now < span.until + DAY * (self.own.day - 1) {
            return Ok(None);
        }
        // Of a month in which nobody was heard there is nothing to tell.
        let sites = self.store.list_link_sites().await?;
        if !sites.iter().any(|site| site.first_seen_at < span.until) {
            return Ok(None);
        }
        let claimed = self.store.claim_link_report(&name, now, now + CLAIM).await?;
        let Some(progress) = claimed else { return Ok(None) };
        let mut progress: Progress = serde_json::from_str(&progress).unwrap_or_default();
        let made = make(&self.store, &self.settings, span, now).await?;
        for language in &self.own.languages {
            if !progress.written.contains(language) {
                self.write(&name, &made, *language)?;
                progress.written.insert(*language);
                self.note(&name, &progress, None).await?;
            }
        }
        let outcome = self.tell(&name, &made, &mut progress).await;
        let done_at = outcome.is_ok().then(|| self.clock.now());
        self.note(&name, &progress, done_at).await?;
        outcome?;
        tracing::info!(month = name, "links.report is made");
        Ok(Some(name))
    }

    async fn note(
        &self,
        name: &str,
        progress: &Progress,
        done_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let progress = serde_json::to_string(progress).expect("progress has a form in JSON");
        self.store.note_link_report(name, &progress, done_at).await
    }

    /// Writes a page: the whole of it or nothing.
    fn write(&self, name: &str, made: &Made, language: Language) -> Result<(), MonthlyError> {
        let path = self.own.folder.join(file_name(name, language));
        let beside = path.with_extension("html.new");
        let written = write_durably(&beside, &made.page(&self.words, language))
            .and_then(|()| std::fs::rename(&beside, &path));
        written.map_err(|source| {
            std::fs::remove_file(&beside).ok();
            MonthlyError::File { path, source }
        })
    }

    /// Mails it to all who do not have it yet; tries all, and returns why the first was not told.
    async fn tell(
        &self,
        name: &str,
        made: &Made,
        progress: &mut Progress,
    ) -> Result<(), MonthlyError> {
        let mut outcome = Ok(());
        for recipient in &self.own.mail {
            if progress.told.contains(&recipient.to) {
                continue;
            }
            let to = Masked(&recipient.to);
            match self.mail(name, made, (&recipient.to, recipient.language)).await {
                Ok(()) => {
                    progress.told.insert(recipient.to.clone());
                    self.note(name, progress, None).await?;
                }
                Err(AlertError::Never(reason)) => {
                    let reason = to.within(&reason);
                    tracing::error!(%to, reason, "links.report is not mailed");
                    progress.told.insert(recipient.to.clone());
                }
                Err(error) if outcome.is_ok() => {
                    let reason = to.within(&error.to_string());
                    outcome = Err(MonthlyError::Mail { to: to.to_string(), reason });
                }
                Err(_) => {}
            }
        }
        outcome
    }

    async fn mail(
        &self,
        name: &str,
        made: &Made,
        (to, language): (&str, Language),
    ) -> Result<(), AlertError> {
        let none = || AlertError::Never("there is no section [alerts.mail]".to_owned());
        let channel = self.channels.find("mail").ok_or_else(none)?;
        let values = [("city", made.report.city.as_str()), ("month", name)];
        let mut text = self.words.fill(language, "report-mail", &values);
        for (office, figures) in &made.report.offices {
            let available = figures.availability().map_or("–".to_owned(), percent);
            text.push_str(&format!("\n{office}: {available}"));
        }
        let key = format!("link-report-{name}-{}", language.as_str());
        let key: AlertKey = key.parse().expect("a month and a language are a key");
        let (file, page) = (file_name(name, language), made.page(&self.words, language));
        let attachment = Some(Attachment { name: &file, html: &page });
        let (severity, at) = (AlertSeverity::Informational, made.report.made);
        let alert = Alert { recipient: to, text: &text, key: &key, severity, at, attachment };
        channel.send(&alert).await
    }
}

fn file_name(name: &str, language: Language) -> String {
    format!("links-{name}-{}.html", language.as_str())
}

/// Writes a file that is on the disk afterwards.
fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use domain::ManualClock;
    use store::testing::TestStore;

    use super::*;
    use crate::alert_channels::{AlertChannel, AlertSettings};
    use crate::link_centre::settings::ReportMail;
    use crate::stage::LogLines;

    /// A server that takes mail for those, and for others later or never.
    struct Post {
        takes: Vec<&'static str>,
        taken: Arc<Mutex<Vec<(String, String)>>>,
    }

    #[async_trait]
    impl AlertChannel for Post {
        fn name(&self) -> &'static str {
            "mail"
        }

        async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError> {
            let Attachment { name, html } = alert.attachment.unwrap();
            assert!(html.starts_with("<!doctype html>") && alert.text.contains("2026-10"));
            if !self.takes.contains(&alert.recipient) {
                let reason = format!("no such box: <{}>", alert.recipient);
                return Err(match self.takes.is_empty() {
                    true => AlertError::Never(reason),
                    false => AlertError::Later(reason),
                });
            }
            let mail = (alert.recipient.to_owned(), name.to_owned());
            self.taken.lock().unwrap().push(mail);
            Ok(())
        }
    }

    struct City {
        store: TestStore,
        clock: Arc<ManualClock>,
        folder: tempfile::TempDir,
        taken: Arc<Mutex<Vec<(String, String)>>>,
    }

    impl City {
        /// Hofuf was heard in October.
        async fn new() -> Self {
            let store = store::testing::sqlite().await;
            let october: Timestamp = "2026-10-20T00:00:00Z".parse().unwrap();
            let hofuf = "hofuf".parse().unwrap();
            let state = r#"{"paths":[{"name":"fibre"}]}"#;
            store.note_link_state(&hofuf, state, october).await.unwrap();
            let clock = Arc::new(ManualClock::new(october));
            let folder = tempfile::tempdir().unwrap();
            Self { store, clock, folder, taken: Arc::default() }
        }

        fn monthly(&self, takes: &[&'static str]) -> Monthly {
            let mail =
                [("duty@example.com", Language::Arabic), ("head@example.com", Language::English)];
            let mail = mail.map(|(to, language)| ReportMail { to: to.to_owned(), language });
            let report = MonthlySettings {
                folder: self.folder.path().join("reports"),
                day: 2,
                languages: Language::ALL.to_vec(),
                mail: mail.to_vec(),
            };
            let settings =
                LinkCentreSettings { report: Some(report), ..LinkCentreSettings::deaf() };
            let post = Post { takes: takes.to_vec(), taken: self.taken.clone() };
            let none = AlertChannels::open(&AlertSettings::default()).unwrap();
            let channels = Arc::new(none.and(post));
            let (store, clock) = (self.store.shared(), self.clock.clone());
            Monthly::new(&settings, channels, store, clock).unwrap()
        }

        fn go_to(&self, time: &str) {
            let time: Timestamp = time.parse().unwrap();
            self.clock.advance(time.since(self.clock.now()));
        }

        fn files(&self) -> Vec<String> {
            let Ok(files) = std::fs::read_dir(self.folder.path().join("reports")) else {
                return Vec::new();
            };
            let mut files: Vec<_> =
                files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort();
            files
        }

        fn mails(&self) -> Vec<(String, String)> {
            self.taken.lock().unwrap().clone()
        }
    }

    const BOTH: [&str; 2] = ["duty@example.com", "head@example.com"];

    #[tokio::test]
    async fn a_report_is_made_once_after_its_month_and_mailed_to_each_in_their_language() {
        let city = City::new().await;
        let (one, other) = (city.monthly(&BOTH), city.monthly(&BOTH));
        for early in ["2026-10-31T00:00:00Z", "2026-11-01T20:59:59Z"] {
            city.go_to(early);
            assert_eq!(one.look().await.unwrap(), None, "{early}");
        }
        city.go_to("2026-11-01T21:00:00Z");
        let looks = tokio::join!(one.look(), other.look());
        let made = [looks.0.unwrap(), looks.1.unwrap()].into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(made, ["2026-10"]);
        assert_eq!(city.files(), ["links-2026-10-ar.html", "links-2026-10-en.html"]);
        let mail = |to: &str, file: &str| (to.to_owned(), file.to_owned());
        let mails =
            [mail(BOTH[0], "links-2026-10-ar.html"), mail(BOTH[1], "links-2026-10-en.html")];
        assert_eq!(city.mails(), mails);
        city.clock.advance(CLAIM * 2);
        assert_eq!(city.monthly(&BOTH).look().await.unwrap(), None, "it is made");
        assert_eq!(city.mails().len(), 2);
    }

    #[tokio::test]
    async fn who_could_not_be_told_is_told_later_and_nobody_twice() {
        let city = City::new().await;
        city.go_to("2026-11-05T00:00:00Z");
        let error = city.monthly(&BOTH[1..]).look().await.unwrap_err();
        let wanted = "d•••@example.com was not told: no such box: <d•••@example.com>";
        assert!(error.to_string().starts_with(wanted), "{error}");
        assert_eq!(city.monthly(&BOTH).look().await.unwrap(), None, "not yet");
        std::fs::remove_file(city.folder.path().join("reports/links-2026-10-en.html")).unwrap();
        city.clock.advance(CLAIM);
        assert_eq!(city.monthly(&BOTH).look().await.unwrap().as_deref(), Some("2026-10"));
        let told: Vec<_> = city.mails().into_iter().map(|(to, _)| to).collect();
        assert_eq!(told, [BOTH[1], BOTH[0]]);
        assert_eq!(city.files(), ["links-2026-10-ar.html"], "what was written and taken stays so");
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_leaves_no_half_file_and_is_tried_again() {
        let city = City::new().await;
        city.go_to("2026-11-05T00:00:00Z");
        let reports = city.folder.path().join("reports");
        std::fs::create_dir(&reports).unwrap();
        // Nothing can be written over a folder.
        let in_the_way = reports.join("links-2026-10-en.html");
        std::fs::create_dir(&in_the_way).unwrap();
        let error = city.monthly(&BOTH).look().await.unwrap_err();
        assert!(matches!(error, MonthlyError::File { .. }), "{error}");
        assert_eq!(city.files(), ["links-2026-10-ar.html", "links-2026-10-en.html"]);
        assert_eq!(city.mails(), []);
        std::fs::remove_dir(&in_the_way).unwrap();
        city.clock.advance(CLAIM);
        assert!(city.monthly(&BOTH).look().await.unwrap().is_some());
        assert!(in_the_way.is_file());
        assert_eq!(city.mails().len(), 2);
    }

    #[tokio::test]
    async fn a_centre_that_heard_nobody_in_a_month_makes_no_report_of_it() {
        let city = City::new().await;
        let early = "2026-10-05T00:00:00Z".parse().unwrap();
        let city = City { clock: Arc::new(ManualClock::new(early)), ..city };
        assert_eq!(city.monthly(&BOTH).look().await.unwrap(), None);
        assert_eq!(city.files(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn who_will_never_take_it_keeps_nobody_waiting() {
        let city = City::new().await;
        city.go_to("2026-11-05T00:00:00Z");
        let log = LogLines::of_this_thread();
        assert!(city.monthly(&[]).look().await.unwrap().is_some());
        let told = log.with("links.report is not mailed");
        assert_eq!(told.len(), BOTH.len());
        assert!(told[0].contains("no such box: <d•••@example.com>"), "{told:?}");
        assert!(BOTH.iter().all(|whole| !told.concat().contains(whole)), "{told:?}");
        city.clock.advance(CLAIM);
        assert_eq!(city.monthly(&BOTH).look().await.unwrap(), None);
        assert_eq!(city.mails(), []);
    }
}
