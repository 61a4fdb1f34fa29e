//! Shows in the store that this server lives and which access points are connected to it, so that
//! orders to them are left to its process (draft-ietf-radext-reverse-coa has no other way).
//!
//! What could not be written is written with the next look. Who dies without a word holds its
//! connections for [`HELD`] at most.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, NasName};
use store::{RadiusServer, ServerId, Store, StoreError};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::connections::Connections;

/// How often the server shows that it lives.
const RENEWED: Duration = Duration::from_secs(5);
/// How long that counts: as long as three times go wrong.
const HELD: Duration = Duration::from_secs(20);

/// What is shown of one server.
pub struct Presence {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    connections: Connections,
    server: ServerId,
    machine: String,
}

impl Presence {
    /// Of `server` on the machine of that name, with its connections.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        connections: Connections,
        (server, machine): (ServerId, String),
    ) -> Self {
        Self { store, clock, connections, server, machine }
    }

    /// Shows it until `stop` is cancelled; afterwards the server holds nothing.
    pub async fn run(self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(RENEWED);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shown = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = looks.tick() => {}
                () = self.connections.changed() => {}
            }
            if let Err(error) = self.show(&mut shown).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "who is connected here is not known to other processes");
            }
        }
        if let Err(error) = self.store.close_radius_server(&self.server, self.clock.now()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "other processes learn a little later that this server ends");
        }
    }

    /// Writes what has changed since; `shown` is what is written already.
    async fn show(&self, shown: &mut Option<BTreeSet<NasName>>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let until = now + HELD;
        let is_known = match shown {
            Some(_) => self.store.renew_radius_server(&self.server, now, until).await?,
            None => false,
        };
        if !is_known {
            let (id, machine) = (self.server.clone(), self.machine.clone());
            let server = RadiusServer { id, machine, seen_at: now, held_until: until };
            self.store.open_radius_server(&server).await?;
            *shown = Some(BTreeSet::new());
        }
        let shown = shown.get_or_insert_default();
        let connected = self.connections.list();
        for nas in shown.difference(&connected).cloned().collect::<Vec<_>>() {
            self.store.leave_connection(&self.server, &nas).await?;
            shown.remove(&nas);
        }
        for nas in connected.difference(shown).cloned().collect::<Vec<_>>() {
            self.store.enter_connection(&self.server, &nas, now).await?;
            shown.insert(nas);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{ManualClock, Timestamp};

    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn gate() -> NasName {
        "gate".parse().unwrap()
    }

    #[tokio::test]
    async fn who_is_connected_is_shown_until_it_leaves_or_the_server_ends() {
        let store = store::testing::sqlite().await;
        let (clock, connections) = (Arc::new(ManualClock::new(T0)), Connections::default());
        let server = ServerId::of_journal("a".into());
        let presence = Presence::new(
            store.shared(),
            clock.clone(),
            connections.clone(),
            (server.clone(), "radius-1".to_owned()),
        );
        let holders = async |at| store.list_holders(&gate(), at).await.unwrap().len();
        let mut shown = None;
        presence.show(&mut shown).await.unwrap();
        assert_eq!(holders(T0).await, 0);
        let (entry, _errands) = connections.enter(&gate(), 8);
        connections.changed().await;
        presence.show(&mut shown).await.unwrap();
        assert_eq!(holders(T0).await, 1);
        // Nobody renews it.
        assert_eq!(holders(T0 + HELD).await, 0);
        clock.advance(HELD);
        presence.show(&mut shown).await.unwrap();
        assert_eq!(holders(T0 + HELD).await, 1);
        // The database was set back meanwhile.
        assert_eq!(store.prune_radius_servers(T0 + HELD * 2).await.unwrap(), 1);
        presence.show(&mut shown).await.unwrap();
        assert_eq!(holders(T0 + HELD).await, 1);
        drop(entry);
        connections.changed().await;
        presence.show(&mut shown).await.unwrap();
        assert_eq!(holders(T0 + HELD).await, 0);
        let (_entry, _errands) = connections.enter(&gate(), 8);
        presence.show(&mut shown).await.unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        presence.run(stop).await;
        assert_eq!(holders(T0 + HELD).await, 0);
        let servers = store.list_radius_servers().await.unwrap();
        assert_eq!(servers.iter().map(|server| &server.id).collect::<Vec<_>>(), [&server]);
    }
}
