//! Who is thinned out at one socket, and for how long: until little comes through.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;

use super::filter::{self, Origin};

/// How often it is seen who has become quiet.
const PERIOD: Duration = Duration::from_secs(1);
/// Whoever has less than so many let through in a period is quiet: some 2,000 datagrams sent.
const QUIET: u32 = 32;

/// Those thinned out at a socket.
pub(super) struct Thinned {
    socket: Arc<UdpSocket>,
    any: AtomicBool,
    /// With what was let through in this period.
    origins: Mutex<HashMap<Origin, u32>>,
}

impl Thinned {
    pub(super) fn new(socket: Arc<UdpSocket>) -> Self {
        Self { socket, any: AtomicBool::new(false), origins: Mutex::default() }
    }

    /// Whether anybody is thinned out.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Counts a datagram that the filter has let through.
    pub(super) fn let_through(&self, origin: Origin) {
        if let Some(own) = self.origins().get_mut(&origin) {
            *own += 1;
        }
    }

    /// Thins these out too, as far as there is room, until they are quiet.
    pub(super) fn add(this: &Arc<Self>, flooding: &[Origin]) {
        let mut origins = this.origins();
        let was_empty = origins.is_empty();
        for origin in flooding {
            if origins.len() < filter::MOST && !origins.contains_key(origin) {
                tracing::warn!(source = %origin, "radius.flood");
                origins.insert(*origin, QUIET);
            }
        }
        this.tell_the_kernel(&origins);
        if was_empty && !origins.is_empty() {
            let thinned = Arc::clone(this);
            tokio::spawn(async move { while thinned.period_is_over().await {} });
        }
    }

    /// Waits for the end of the period, and lets in who is quiet. Returns whether anybody is left.
    async fn period_is_over(&self) -> bool {
        tokio::time::sleep(PERIOD).await;
        let mut origins = self.origins();
        let before = origins.len();
        origins.retain(|_, let_through| std::mem::take(let_through) >= QUIET);
        if origins.len() < before {
            self.tell_the_kernel(&origins);
        }
        !origins.is_empty()
    }

    fn tell_the_kernel(&self, origins: &HashMap<Origin, u32>) {
        self.any.store(!origins.is_empty(), Ordering::Relaxed);
        let list: Vec<_> = origins.keys().copied().collect();
        if let Err(error) = filter::thin(&self.socket, &list) {
            tracing::warn!(%error, "radius.flood.filter");
        }
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<Origin, u32>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
