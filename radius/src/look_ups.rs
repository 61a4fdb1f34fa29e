//! Questions to the store about devices, asked for many at a time.
//!
//! One question costs nearly as much as one about many. So while questions are under way, what is
//! wanted gathers, and goes with the next one; where little is asked nobody waits for others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{MacAddress, Timestamp};
use store::{GrantsOf, Store, StoreError, holders_of};
use tokio::sync::oneshot;

use crate::authorise::Known;

/// Questions under way at a time.
const AT_ONCE: usize = 2;
/// Devices in one question.
const TOGETHER: usize = 64;

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LookUpError {
    #[error(transparent)]
    Failed(Arc<StoreError>),
    #[error("asking broke down")]
    BrokeDown,
}

/// What is wanted from the store.
#[derive(Clone)]
pub(crate) struct LookUps(Arc<Desk>);

struct Desk {
    store: Arc<dyn Store>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// No more than there are requests in progress.
    wanted: Vec<Wanted>,
    under_way: usize,
}

struct Wanted {
    device: MacAddress,
    now: Timestamp,
    answer: oneshot::Sender<Result<Option<Known>, LookUpError>>,
}

/// Counts among the questions under way until it is dropped, however that comes.
struct UnderWay(Arc<Desk>);

impl LookUps {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(Arc::new(Desk { store, queue: Mutex::default() }))
    }

    /// What the store says of a device at `now`.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(crate) async fn find(
        &self,
        device: MacAddress,
        now: Timestamp,
    ) -> Result<Option<Known>, LookUpError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.0.queue();
            queue.wanted.push(Wanted { device, now, answer });
            if queue.under_way < AT_ONCE {
                queue.under_way += 1;
                tokio::spawn(UnderWay(Arc::clone(&self.0)).ask());
            }
        }
        answered.await.unwrap_or(Err(LookUpError::BrokeDown))
    }
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Asks as long as something is wanted.
    async fn ask(self) {
        loop {
            let wanted: Vec<Wanted> = {
                let mut queue = self.0.queue();
                let most = queue.wanted.len().min(TOGETHER);
                queue.wanted.drain(..most).collect()
            };
            if wanted.is_empty() {
                return;
            }
            self.answer(wanted).await;
        }
    }

    async fn answer(&self, wanted: Vec<Wanted>) {
        let Some(now) = wanted.iter().map(|one| one.now).max() else { return };
        let devices: Vec<_> = wanted.iter().map(|one| one.device).collect();
        let found = holders_of(self.0.store.as_ref(), GrantsOf::Devices(&devices), now).await;
        let known = found.map(|holders| {
            let known = holders.into_iter().map(|(grant, standing)| Known { grant, standing });
            known.map(|known| (known.grant.device, known)).collect::<HashMap<_, _>>()
        });
        let known = known.map_err(|error| LookUpError::Failed(Arc::new(error)));
        for Wanted { device, answer, .. } in wanted {
            let said = known.as_ref().map(|known| known.get(&device).cloned());
            // Who asked may have given up.
            drop(answer.send(said.map_err(LookUpError::clone)));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.under_way -= 1;
        // What came since the last look would wait for the next one to come.
        if !queue.wanted.is_empty() && !std::thread::panicking() {
            queue.under_way += 1;
            tokio::spawn(Self(Arc::clone(&self.0)).ask());
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Language, Localised, Site, Zone};
    use store::SignIn;

    use super::*;
    use crate::fixtures::{DEVICE, T0, grant, plan};

    #[tokio::test]
    async fn each_of_many_gets_its_own_answer() {
        let store = store::testing::sqlite().await;
        let site = Site {
            name: "walkway".parse().unwrap(),
            title: Localised::default(),
            zone: Zone::riyadh(),
            plan: plan().name,
            countries: Vec::new(),
        };
        store.add_plan(&plan()).await.unwrap();
        store.add_site(&site).await.unwrap();
        let sign_in = SignIn {
            phone: "+966501234567".parse().unwrap(),
            new_account: grant().account,
            language: Language::arabic(),
            grant: grant(),
            terms_version: "1".to_owned(),
            devices: 3,
        };
        store.sign_in(&sign_in).await.unwrap();
        let look_ups = LookUps::new(store.shared());
        let strangers = (0..200).map(|number| MacAddress::new([2, 0, 0, 0, 1, number]));
        let mut asked = tokio::task::JoinSet::new();
        for device in strangers.chain([DEVICE; 5]) {
            let look_ups = look_ups.clone();
            asked.spawn(async move { (device, look_ups.find(device, T0).await) });
        }
        for (device, answer) in asked.join_all().await {
            let known = answer.unwrap().map(|known| known.grant.id);
            assert_eq!(known, (device == DEVICE).then_some(grant().id));
        }
        let last = look_ups.find(DEVICE, T0).await.unwrap();
        assert!(last.is_some(), "who comes after a crowd is answered as well");
    }
}
