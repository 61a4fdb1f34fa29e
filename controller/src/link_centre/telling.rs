//! People are told of incidents. What is to be sent stands in the conclusion until it was sent, so that a
//! controller that is restarted sends it, with the same key.

use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use store::{LinkConclusion, Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::judging::{TRIES, keep, read};
use crate::alert_channels::{AlertChannels, AlertError, Masked};
use crate::links::alert::{AlertSettings, Message};
use crate::links::wording::Catalogue;
use crate::rounds;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// The part of the controller that tells people.
pub(crate) struct Telling {
    settings: AlertSettings,
    channels: Arc<AlertChannels>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    words: Catalogue,
}

impl Telling {
    pub(crate) fn new(
        settings: AlertSettings,
        channels: Arc<AlertChannels>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, channels, store, clock, words: Catalogue::new() }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        rounds::work(BETWEEN_ROUNDS, stop, "alerts of links are sent later", || self.tell()).await;
    }

    /// Sends what is to be sent, one after the other; returns how many were.
    pub(crate) async fn tell(&self) -> Result<usize, StoreError> {
        let LinkConclusion { state, .. } = self.store.find_link_conclusion().await?;
        let mut sent = 0;
        for message in read(&state)?.alerts.unconfirmed() {
            let outcome = self.send(message).await;
            if let Err(error) = &outcome {
                let (to, channel) = (&message.recipient, &message.channel);
                let error = Masked(&message.to).within(&error.to_string());
                tracing::error!(to, channel, error, "links.alert is not sent");
            }
            self.note(message, outcome.is_ok()).await?;
            sent += usize::from(outcome.is_ok());
        }
        Ok(sent)
    }

    async fn send(&self, message: &Message) -> Result<(), AlertError> {
        let none =
            || AlertError::Never(format!("there is no channel {} any more", message.channel));
        let way = self.settings.way(&message.channel).ok_or_else(none)?;
        self.channels.tell(message, way, self.clock.now()).await
    }

    /// Notes whether a message was sent; if not, it goes by the next way.
    async fn note(&self, message: &Message, is_sent: bool) -> Result<(), StoreError> {
        let key = &message.key;
        for _ in 0..TRIES {
            let LinkConclusion { version, state } = self.store.find_link_conclusion().await?;
            let before = read(&state)?;
            let mut known = before.clone();
            let now = self.clock.now();
            if is_sent {
                known.alerts.sent(key, &self.settings, &self.words, now);
            } else {
                known.alerts.failed(key, &self.settings, &self.words, now);
            }
            if keep(&self.store, version, &before, &known).await? {
                return Ok(());
            }
        }
        // Whoever gets it once more knows it by its key.
        tracing::warn!(key, "links.alert may be sent once more");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::ManualClock;
    use link::report::Epoch;
    use store::{LinkBatch, LinkEvent};
    use tokio::net::UdpSocket;

    use super::*;
    use crate::alert_channels::{self, SyslogProtocol, SyslogSettings};
    use crate::link_centre::{Judging, LinkCentreSettings};
    use crate::stage::NOON;

    fn alerts() -> AlertSettings {
        serde_json::from_str(
            r#"{
                "channels": [{"name": "call", "way": "webhook"}, {"name": "log", "way": "syslog"}],
                "recipients": [{
                    "name": "duty", "language": "en",
                    "addresses": [{"channel": "call", "to": "duty"}, {"channel": "log", "to": "duty"}]
                }]
            }"#,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn an_incident_and_its_end_are_told_once_by_the_way_that_works() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let syslog = SyslogSettings {
            server: server.local_addr().unwrap().to_string(),
            protocol: SyslogProtocol::Udp,
            facility: 16,
            timeout_seconds: 10,
        };
        let settings = alert_channels::AlertSettings { syslog: Some(syslog), ..Default::default() };
        let store = store::testing::sqlite().await;
        let clock = Arc::new(ManualClock::new(NOON));
        let centre = LinkCentreSettings { alerts: alerts(), ..LinkCentreSettings::deaf() };
        let judging = Judging::new(centre, store.shared(), clock.clone());
        let telling = || {
            let channels = AlertChannels::open(&settings).unwrap();
            Telling::new(alerts(), Arc::new(channels), store.shared(), clock.clone())
        };
        let mut octets = [0; 2_048];
        for (number, to, said) in [(1, "down", "hofuf/fibre"), (2, "up", "hofuf/fibre")] {
            let at = clock.now();
            let line = format!(
                r#"{{"number":1,"at":{},"site":"hofuf","what":"path","path":"fibre","to":"{to}","code":"silent"}}"#,
                at.as_millis()
            );
            let (site, epoch) = ("hofuf".parse().unwrap(), Epoch::new(number));
            let batch = LinkBatch { site, epoch, first: 1, is_rest_gone: false, at };
            store.take_link_events(&batch, &[LinkEvent { at, line }]).await.unwrap();
            judging.conclude().await.unwrap();
            clock.advance(Duration::from_secs(10));
            judging.conclude().await.unwrap();
            // There is no webhook, so the log is the next way; another process goes on.
            assert_eq!(telling().tell().await.unwrap(), 0);
            assert_eq!(telling().tell().await.unwrap(), 1);
            let length = server.recv(&mut octets).await.unwrap();
            let text = String::from_utf8_lossy(&octets[..length]).into_owned();
            assert!(text.contains(said), "{text}");
            assert_eq!(telling().tell().await.unwrap(), 0, "once");
        }
    }
}
