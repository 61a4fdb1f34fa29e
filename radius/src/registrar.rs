//! Writes down what packets tell about access points, beside the sockets.
//!
//! Sockets hand notices over without waiting; when the queue is full a notice is lost, and told
//! again by a later packet. The store tells every other server.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use domain::{Clock, Nas, NasName, NasRange, PendingNas, PendingState};
use radius_proto::SharedSecret;
use store::{Sighting, Store};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::introduction;

/// Notices that may wait.
const QUEUE: usize = 256;
/// Unknown senders that are remembered.
const MOST_PENDING: u32 = 1_000;

/// What a packet told about an access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It sends Message-Authenticator, so that can be required of it.
    SendsMessageAuthenticator(NasName),
    /// It uses the new one of two secrets.
    UsesNewSecret(NasName),
    /// An unknown sender in a declared range has sent these octets.
    Stranger {
        /// Where from.
        source: IpAddr,
        /// The range.
        range: Arc<NasRange>,
        /// The datagram.
        octets: Vec<u8>,
    },
}

/// Where sockets leave their notices.
#[derive(Debug, Clone)]
pub(crate) struct Notices(mpsc::Sender<Notice>);

impl Notices {
    /// Leaves a notice, if there is room.
    pub(crate) fn leave(&self, notice: Notice) {
        if self.0.try_send(notice).is_err() {
            tracing::debug!("radius.notice-lost");
        }
    }
}

/// The writer of notices.
pub(crate) struct Registrar {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Only [`Registrar::run`] takes it, for as long as it runs.
    notices: Mutex<mpsc::Receiver<Notice>>,
}

impl Registrar {
    /// A registrar, and where its notices are left.
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> (Self, Notices) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { store, clock, notices: Mutex::new(receiver) }, Notices(sender))
    }

    /// Writes down what is left until `stop` is cancelled.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut notices = self.notices.lock().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                notice = notices.recv() => match notice {
                    Some(notice) => self.write(notice).await,
                    None => return,
                },
            }
        }
    }

    async fn write(&self, notice: Notice) {
        let now = self.clock.now();
        match notice {
            Notice::SendsMessageAuthenticator(name) => {
                self.change(&name, &mut Nas::sends_message_authenticator).await;
                tracing::info!(nas = %name, "message-authenticator is required from now on");
            }
            Notice::UsesNewSecret(name) => {
                self.change(&name, &mut |nas: &mut Nas| nas.uses_new_secret(now)).await;
                tracing::info!(nas = %name, "the new secret is in use");
            }
            Notice::Stranger { source, range, octets } => {
                self.record(source, &range, &octets).await;
            }
        }
    }

    async fn record(&self, source: IpAddr, range: &NasRange, octets: &[u8]) {
        let secret = SharedSecret::new(range.secret.expose())
            .expect("a secret of the domain is never empty");
        let Some(said) = introduction::read(octets, &secret) else { return };
        let now = self.clock.now();
        let seen = PendingNas {
            address: source,
            range: range.name.clone(),
            said,
            first_seen: now,
            last_seen: now,
            state: PendingState::Waiting,
        };
        match self.store.record_pending(&seen, MOST_PENDING).await {
            Ok(Sighting::Kept) => {}
            Ok(Sighting::NotKept) => {
                tracing::warn!(%source, range = %range.name, "radius.too-many-pending");
            }
            Err(error) => {
                tracing::warn!(%source, error = &error as &dyn Error, "radius.not-noted");
            }
        }
    }

    async fn change(&self, name: &NasName, change: store::NasChange<'_>) {
        if let Err(error) = self.store.change_access_point(name, change).await {
            tracing::warn!(nas = %name, error = &error as &dyn Error, "radius.not-noted");
        }
    }
}
