//! Tells the admin of access points that seem to count upload as download.
//!
//! What such an access point reports is charged all the same, since both directions count; but
//! whoever reads the numbers reads them the wrong way round.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, NasName, Timestamp};
use store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::rounds;

/// How often stays are looked at.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(3_600);
/// Stays that began longer ago say nothing about how an access point counts now.
const LATELY: Duration = Duration::from_secs(7 * 86_400);

/// Looks at what access points count.
pub(crate) struct DirectionWatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Who was told of already.
    told: Mutex<BTreeSet<NasName>>,
}

impl DirectionWatch {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, told: Mutex::default() }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        rounds::work(BETWEEN_ROUNDS, stop, "octets could not be looked at", || self.look()).await;
    }

    /// Tells of each access point once, as long as it stays so; returns those that were told of.
    pub(crate) async fn look(&self) -> Result<Vec<NasName>, StoreError> {
        let since = lately(self.clock.now());
        let mut told = self.told.lock().await;
        let mut new = Vec::new();
        for nas in self.store.list_access_points().await? {
            let balance = self.store.octet_balance(&nas.name, since).await?;
            if !balance.looks_swapped() {
                told.remove(&nas.name);
            } else if told.insert(nas.name.clone()) {
                tracing::warn!(
                    nas = %nas.name,
                    stays = balance.stays,
                    uploading = balance.uploading,
                    "nas.octets-look-swapped"
                );
                new.push(nas.name);
            }
        }
        Ok(new)
    }
}

/// Since when stays tell how an access point counts at `now`.
pub(crate) fn lately(now: Timestamp) -> Timestamp {
    now - LATELY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;

    #[tokio::test]
    async fn an_access_point_that_seems_to_count_the_wrong_way_is_told_of_once() {
        let stage = Stage::new((None, None), (None, None)).await;
        let (store, clock) = stage.shared();
        let watch = DirectionWatch::new(store, clock);
        for number in 1..=20 {
            assert!(watch.look().await.unwrap().is_empty(), "{number}");
            let phone = stage.sign_in(number, number).await;
            stage.report_upload("gate", &phone, 5 << 20).await;
        }
        assert_eq!(watch.look().await.unwrap(), ["gate".parse().unwrap()]);
        assert!(watch.look().await.unwrap().is_empty());
    }
}
