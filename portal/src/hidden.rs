//! What a redirect hides: SmartZone encrypts the device and its address unless it was told not to,
//! and nobody but the controller can say what they are.
//!
//! Anybody can bring any text, and each would be a question to the controller. So answers are
//! remembered, also that there is none; few are waited for at a time, and none for long. Who comes
//! beyond that is not recognised, and comes again. What is revealed is still a claim.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Nas, NasName};
use store::Memory;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::nas::{Arrival, ArrivalError};

/// What an encrypted value begins with.
pub(crate) const MARK: &str = "ENC";
/// Longer ones are not asked about; an address has some 50 characters.
const LONGEST: usize = 128;
/// The device, and its address.
const NAMES: [&str; 2] = ["client_mac", "uip"];
const MOST_REMEMBERED: usize = 20_000;
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// Questions to all controllers at a time.
const AT_ONCE: usize = 16;
/// A browser waits no longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who can ask the controllers of access points what they encrypted.
#[async_trait]
pub trait Controllers: Send + Sync {
    /// What the controller of `nas` encrypted as `hidden`; `None` if it never did.
    ///
    /// # Errors
    /// That it does not say, and why, without a secret.
    async fn decrypt(&self, nas: &Nas, hidden: &str) -> Result<Option<String>, DecryptError>;
}

/// Why a controller did not say what it encrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the controller does not say what it encrypted: {0}")]
pub struct DecryptError(pub String);

/// What controllers said of it.
pub(crate) struct Hidden {
    pub(crate) controllers: Option<Arc<dyn Controllers>>,
    known: Memory<(NasName, String), Option<String>>,
    places: Semaphore,
}

impl Hidden {
    pub(crate) fn new() -> Self {
        let known = Memory::new(MOST_REMEMBERED, REMEMBERED_FOR);
        Self { controllers: None, known, places: Semaphore::new(AT_ONCE) }
    }

    /// Reads a redirect, of which `read` cannot read what is hidden. What goes back to the controller
    /// is as it stood there.
    pub(crate) async fn read(
        &self,
        nas: &Nas,
        query: &str,
        read: impl Fn(&str) -> Result<Arrival, ArrivalError>,
    ) -> Result<Arrival, ArrivalError> {
        let (mut clear, mut hidden) = (Vec::new(), Vec::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            let Some(known) = NAMES.into_iter().find(|known| *known == name) else {
                clear.push((name, value));
                continue;
            };
            if !value.starts_with(MARK) {
                clear.push((name, value));
                continue;
            }
            if hidden.iter().any(|(hidden, _)| *hidden == known) {
                return Err(ArrivalError::Repeated(known));
            }
            let said = self.reveal(nas, &value).await.ok_or(ArrivalError::Encrypted(known))?;
            clear.push((name, said));
            hidden.push((known, value));
        }
        let clear =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(clear).finish();
        let mut arrival = read(&clear)?;
        for (name, value) in arrival.turn.iter_mut().flat_map(|turn| &mut turn.fields) {
            if let Some((_, as_it_stood)) = hidden.iter().find(|(hidden, _)| hidden == name) {
                value.clone_from(as_it_stood);
            }
        }
        Ok(arrival)
    }

    async fn reveal(&self, nas: &Nas, hidden: &str) -> Option<String> {
        let controllers = self.controllers.as_ref()?;
        if hidden.len() > LONGEST || !hidden.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let key = (nas.name.clone(), hidden.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known;
        }
        let _place = self.places.try_acquire().ok()?;
        match timeout(PATIENCE, controllers.decrypt(nas, hidden)).await {
            Ok(Ok(said)) => {
                self.known.insert(key, said.clone());
                said
            }
            Ok(Err(error)) => {
                tracing::debug!(nas = %nas.name, %error, "a device stays hidden");
                None
            }
            Err(_) => {
                tracing::debug!(nas = %nas.name, "a device stays hidden: the controller is slow");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::HandOffMethod;

    use super::*;
    use crate::nas::tests::{NOW, nas};
    use crate::nas::{Redirected, read_arrival};

    const QUERY: &str = "client_mac=ENCa1&uip=ENCb2&proxy=0&url=http://news.example/";

    /// Knows two texts, says nothing of one, and counts how often it was asked.
    #[derive(Default)]
    struct Zone(AtomicUsize);

    #[async_trait]
    impl Controllers for Zone {
        async fn decrypt(&self, _: &Nas, hidden: &str) -> Result<Option<String>, DecryptError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match hidden {
                "ENCa1" => Ok(Some("02:00:5E:10:00:01".to_owned())),
                "ENCb2" => Ok(Some("10.5.0.7".to_owned())),
                "ENCaway" => Err(DecryptError("it is away".to_owned())),
                _ => Ok(None),
            }
        }
    }

    fn hidden(zone: &Arc<Zone>) -> Hidden {
        Hidden { controllers: Some(Arc::clone(zone) as Arc<dyn Controllers>), ..Hidden::new() }
    }

    async fn read(hidden: &Hidden, query: &str) -> Result<Arrival, ArrivalError> {
        let nas = nas(HandOffMethod::SmartZone, None, "10.1.0.1");
        let in_clear = |query: &str| {
            let redirected = Redirected { origins: &[], path: "/n/x/", query, at: NOW };
            read_arrival(&nas, &redirected)
        };
        hidden.read(&nas, query, in_clear).await
    }

    #[tokio::test]
    async fn what_the_controller_reveals_is_read_and_goes_back_as_it_stood() {
        let zone = Arc::new(Zone::default());
        let hidden = hidden(&zone);
        let arrival = read(&hidden, QUERY).await.unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.address, Some([10, 5, 0, 7].into()));
        let turn = arrival.turn.unwrap();
        assert_eq!((turn.find("client_mac"), turn.find("uip")), (Some("ENCa1"), Some("ENCb2")));
        assert_eq!(arrival.wanted.as_deref(), Some("http://news.example/"));
        read(&hidden, QUERY).await.unwrap();
        assert_eq!(zone.0.load(Ordering::Relaxed), 2, "each is asked about once");
        // One of them may stand there in clear.
        let half = read(&hidden, "client_mac=ENCa1&uip=10.5.0.8&proxy=0").await.unwrap();
        assert_eq!(half.turn.unwrap().find("uip"), Some("10.5.0.8"));
    }

    #[tokio::test]
    async fn what_nobody_reveals_is_refused_and_invented_texts_cost_little() {
        let zone = Arc::new(Zone::default());
        let known = hidden(&zone);
        let long = format!("client_mac=ENC{}&uip=ENCb2", "a".repeat(126));
        for (query, asked) in [
            ("client_mac=ENCother&uip=10.5.0.7", 1),
            ("client_mac=ENCother&uip=10.5.0.7", 1),
            ("client_mac=ENCaway&uip=10.5.0.7", 2),
            ("client_mac=ENCaway&uip=10.5.0.7", 3),
            (&long, 3),
            ("client_mac=ENC%27%3B&uip=10.5.0.7", 3),
        ] {
            assert_eq!(read(&known, query).await, Err(ArrivalError::Encrypted("client_mac")));
            assert_eq!(zone.0.load(Ordering::Relaxed), asked, "{query}");
        }
        let twice = read(&known, &format!("{QUERY}&client_mac=ENCa1")).await;
        assert_eq!(twice, Err(ArrivalError::Repeated("client_mac")));

        let all = known.places.try_acquire_many(16).unwrap();
        let late = "client_mac=ENCnew&uip=10.5.0.7";
        let before = zone.0.load(Ordering::Relaxed);
        assert_eq!(read(&known, late).await, Err(ArrivalError::Encrypted("client_mac")));
        assert_eq!(zone.0.load(Ordering::Relaxed), before, "so many are asked already");
        assert!(read(&known, QUERY).await.is_ok(), "what is remembered needs no place");
        drop(all);
        let nobody = Hidden::new();
        assert_eq!(read(&nobody, QUERY).await, Err(ArrivalError::Encrypted("client_mac")));
    }
}
