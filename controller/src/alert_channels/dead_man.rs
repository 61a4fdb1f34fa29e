//! A sign of life to a place outside: while it comes, all is well; when it stays away, that place raises
//! the alarm, which nobody here could do any more.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::settings::DeadManSettings;
use super::{AlertChannelError, broken_exchange, web_client};

/// The longest that one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives signs of life.
#[derive(Debug)]
pub struct DeadMan {
    client: reqwest::Client,
    url: Url,
    every: Duration,
}

impl DeadMan {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// [`AlertChannelError`] when no connections can be made at all.
    pub fn open(settings: &DeadManSettings) -> Result<Self, AlertChannelError> {
        let client = web_client(PATIENCE)
            .map_err(|reason| AlertChannelError::Setting { channel: "dead-man", reason })?;
        let every = Duration::from_secs(settings.every_seconds);
        Ok(Self { client, url: settings.url.clone(), every })
    }

    /// Gives signs until asked to stop, each only while all is well.
    pub async fn run<F>(self, is_well: impl Fn() -> F, stop: CancellationToken)
    where
        F: Future<Output = bool>,
    {
        let mut turns = tokio::time::interval(self.every);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_heard = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = turns.tick() => {}
            }
            let is_alive = is_well().await;
            let outcome =
                if is_alive { self.beat().await } else { Err("the store is away".into()) };
            match &outcome {
                Ok(()) if !is_heard => tracing::info!("alerts.dead-man is heard again"),
                Err(reason) if is_heard => tracing::warn!(reason, "alerts.dead-man is not heard"),
                Ok(()) | Err(_) => {}
            }
            is_heard = outcome.is_ok();
        }
    }

    async fn beat(&self) -> Result<(), String> {
        let answer = self.client.get(self.url.clone()).send().await;
        let answer = answer.map_err(|error| broken_exchange(&error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("the server answers with status {}", answer.status().as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::tests::web;
    use super::*;

    #[tokio::test]
    async fn signs_of_life_are_given_only_while_all_is_well() {
        let (port, mut told) = web(&[200]).await;
        let client = web_client(PATIENCE).unwrap();
        let url = format!("http://127.0.0.1:{port}/alive").parse().unwrap();
        let dead_man = DeadMan { client, url, every: Duration::from_millis(1) };
        let (asked, stop) = (Arc::new(AtomicU32::new(0)), CancellationToken::new());
        let turns = Arc::clone(&asked);
        // Well, not well, and never well again.
        let is_well = move || std::future::ready(turns.fetch_add(1, Ordering::SeqCst) == 0);
        let running = tokio::spawn(dead_man.run(is_well, stop.clone()));
        let (request, _) = told.recv().await.unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/alive"));
        while asked.load(Ordering::SeqCst) < 5 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap();
        assert!(told.try_recv().is_err(), "nothing was said while it was not well");
    }
}
