//! Tells the centre what happened and how each path was, over a connection that this end opens, and asks
//! it for a newer policy and for the work on paths that is planned.
//!
//! The logs on the disk are the queue: the centre says up to which number it has them, and is told what
//! follows, however often the connection, the centre or this agent breaks down in between. The agent goes
//! on without the centre for as long as it must; what is older than the logs keep is told to be gone.

mod exchange;
mod settings;
mod telling;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certificates::Followed;
use link::report::Kind;
use link::sector::ASK_EVERY;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

pub use exchange::CentreError;
pub use settings::CentreSettings;

use exchange::Exchange;
use telling::Telling;

use super::reload::Reloader;
use super::sectors::Sectors;
use super::status::Status;
use super::work::Work;
use crate::random;

/// The centre hears of the agent at least as often, also if nothing happens.
const BEAT: Duration = Duration::from_secs(10);
/// The pause after the first failure; twice as long after each that follows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Certificates that were renewed or revoked count for a new connection.
const LONGEST_CONNECTION: Duration = Duration::from_secs(3_600);

/// What the centre is told.
pub(super) struct Centre {
    site: String,
    settings: CentreSettings,
    files: Arc<Followed<CentreSettings>>,
    events: Telling,
    cells: Telling,
    status: Arc<Mutex<Status>>,
    sectors: Sectors,
    work: Work,
    /// That there is something new in a log.
    written: Arc<Notify>,
}

/// Where events and cells are, and the number of files before the newest of each.
pub(super) struct Logs<'a> {
    pub(super) events: (&'a std::path::Path, u8),
    pub(super) cells: (&'a std::path::Path, u8),
}

impl Centre {
    /// Reads the files of TLS.
    pub(super) fn open(
        site: &str,
        settings: &CentreSettings,
        logs: &Logs<'_>,
        (status, sectors, work): (Arc<Mutex<Status>>, Sectors, Work),
        written: Arc<Notify>,
    ) -> Result<Self, CentreError> {
        Ok(Self {
            site: site.to_owned(),
            files: Arc::new(Followed::open(settings.clone())?),
            settings: settings.clone(),
            events: Telling::new(Kind::Events, logs.events),
            cells: Telling::new(Kind::Cells, logs.cells),
            status,
            sectors,
            work,
            written,
        })
    }

    /// Tells until asked to stop.
    pub(super) async fn run(mut self, reloader: Reloader, stop: CancellationToken) {
        let files = Arc::clone(&self.files);
        let following = files.follow(Duration::from_secs(60), "links.centre", stop.clone());
        let telling = async {
            let mut pause = FIRST_PAUSE;
            let mut said = String::new();
            loop {
                let begun = Instant::now();
                let Err(error) = self.tell(&reloader).await else { continue };
                if begun.elapsed() > BEAT {
                    (pause, said) = (FIRST_PAUSE, String::new());
                }
                let why = error.to_string();
                if why != said {
                    tracing::warn!(error = why, "links.centre is not reached, and tried again");
                    said = why;
                }
                sleep(spread(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        stop.run_until_cancelled(async { tokio::join!(following, telling) }).await;
    }

    /// Tells over one connection, until it is to be another.
    async fn tell(&mut self, reloader: &Reloader) -> Result<(), CentreError> {
        let begun = Instant::now();
        let mut exchange = Exchange::open(&self.settings, self.files.config()).await?;
        for telling in [&mut self.events, &mut self.cells] {
            telling.resume(&mut exchange, &self.site).await?;
        }
        tracing::info!(url = %self.settings.url, "links.centre is reached");
        let mut state_told: Option<Instant> = None;
        let mut is_news = true;
        while begun.elapsed() < LONGEST_CONNECTION {
            // In turns, so that a long history of cells keeps no event waiting.
            let some = self.events.tell(&mut exchange, &self.site).await?;
            let more = self.cells.tell(&mut exchange, &self.site).await?;
            let is_all = !(some || more);
            if state_told.is_none_or(|told| told.elapsed() >= BEAT) || (is_news && is_all) {
                self.tell_state(&mut exchange).await?;
                self.ask_policy(&mut exchange, reloader).await?;
                self.ask_work(&mut exchange).await?;
                (state_told, is_news) = (Some(Instant::now()), false);
            }
            // It answers whom it knows by its state.
            self.ask_turns(&mut exchange).await?;
            if is_all {
                let pause = if self.sectors.is_waiting() { ASK_EVERY } else { BEAT };
                tokio::select! {
                    () = self.written.notified() => is_news = true,
                    () = self.sectors.wished() => {}
                    () = sleep(pause) => {}
                }
            }
        }
        Ok(())
    }

    async fn tell_state(&self, exchange: &mut Exchange) -> Result<(), CentreError> {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.sectors.add_to(&mut status);
        let body = serde_json::to_vec(&status).expect("what is told has a form in JSON");
        exchange.post(&format!("/v1/links/{}/state", self.site), body).await?.taken().map(drop)
    }

    /// Asks whose turn it is on the sectors of paths, and how the others there are.
    async fn ask_turns(&self, exchange: &mut Exchange) -> Result<(), CentreError> {
        for asking in self.sectors.questions(std::time::Instant::now()) {
            let body = serde_json::to_vec(&asking.question).expect("a question has a form in JSON");
            let answer = exchange.post(&format!("/v1/links/{}/sector", self.site), body).await?;
            self.sectors.hear(&asking, answer.turn()?.as_ref());
        }
        Ok(())
    }

    /// Asks for the work that is planned on paths.
    async fn ask_work(&self, exchange: &mut Exchange) -> Result<(), CentreError> {
        let answer = exchange.get(&format!("/v1/links/{}/work", self.site)).await?;
        if let Some(planned) = answer.planned()? {
            self.work.hear(planned, std::time::Instant::now());
        }
        Ok(())
    }

    /// Takes a newer policy, if the centre has one and this agent knows by which key.
    async fn ask_policy(
        &self,
        exchange: &mut Exchange,
        reloader: &Reloader,
    ) -> Result<(), CentreError> {
        let Some(after) = reloader.generation() else { return Ok(()) };
        let path = format!("/v1/links/{}/policy?after={after}", self.site);
        if let Some(offered) = exchange.get(&path).await?.offered()? {
            let reloader = reloader.clone();
            // It is written to the disk.
            let taken = spawn_blocking(move || reloader.offer(offered)).await;
            taken.map_err(std::io::Error::other)?;
        }
        Ok(())
    }
}

/// A time of half to all of a pause, so that agents that lost the centre together come back one by one.
fn spread(pause: Duration) -> Duration {
    let thousandths = u32::try_from(random::number() % 500).unwrap_or_default() + 500;
    pause * thousandths / 1_000
}
