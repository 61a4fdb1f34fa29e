//! What is known of a device or a credential: from memory, else from the store.
//!
//! It decides where an answer may come from, not what the answer is: that is
//! [`crate::authorise::decide`]. While the store is away, only a device that was let in before
//! is known, and nothing else is said about anybody.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, CredentialId, MacAddress, NasName, NasProfile, Speed, Timestamp};
use store::{CredentialUse, Question, Store, Together, Unanswered};
use tokio_util::sync::CancellationToken;

use crate::authorise::{Admission, Known, Refusal, decide};
use crate::crowd::{Crowd, Place};
use crate::known_grants::{KnownGrants, Young};
use crate::look_ups::{OfCredential, OfDevice, OnlineAt, Usable, UsedUp};
use crate::renewals::Renewals;

/// How long an answer of the store is worth waiting for; access points ask again after that.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where grants are looked up.
pub(crate) struct Facts {
    devices: Together<OfDevice>,
    credentials: Together<OfCredential>,
    uses: Together<UsedUp>,
    crowds: Together<OnlineAt>,
    renewals: Renewals,
    pub(crate) known: KnownGrants,
}

/// Where an admission was known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Store,
    Memory,
    MemoryWhileStoreAway,
}

/// Why the store could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreAway {
    #[error("the store failed")]
    Failed(#[from] Unanswered),
    #[error("the store did not answer within {} s", PATIENCE.as_secs())]
    Late,
}

impl Facts {
    pub(crate) fn new(store: Arc<dyn Store>, known: KnownGrants) -> Self {
        Self {
            devices: Together::new(OfDevice(Arc::clone(&store))),
            credentials: Together::new(OfCredential(Arc::clone(&store))),
            uses: Together::new(UsedUp(Arc::clone(&store))),
            crowds: Together::new(OnlineAt(Arc::clone(&store))),
            renewals: Renewals::new(OfDevice(store)),
            known,
        }
    }

    /// Decides about a device at an access point of that profile.
    ///
    /// # Errors
    /// [`StoreAway`] when nothing can be said about it for now.
    pub(crate) async fn decide_device(
        &self,
        device: MacAddress,
        profile: NasProfile,
        now: Timestamp,
    ) -> Result<Result<(Arc<Admission>, Origin), Refusal>, StoreAway> {
        if let Some(admission) = self.remembered(device, profile, now) {
            return Ok(Ok((admission, Origin::Memory)));
        }
        match in_time(self.devices.ask((device, now))).await {
            Ok(known) => {
                let decision = decide(known, profile, now).map(Arc::new);
                self.learn(device, decision.as_ref().ok(), now);
                Ok(decision.map(|admission| (admission, Origin::Store)))
            }
            Err(away) => {
                match self.known.of_any_age(device, now).filter(|known| fits(known, profile)) {
                    Some(admission) => {
                        tracing::debug!(error = %away, "store.away");
                        Ok(Ok((admission, Origin::MemoryWhileStoreAway)))
                    }
                    None => Err(away),
                }
            }
        }
    }

    /// Whether there is a place for the device of an admission. While the store is away nobody is
    /// turned away for want of one.
    pub(crate) async fn has_place(&self, crowd: &Crowd, known: &Admission, now: Timestamp) -> bool {
        let place = crowd.place(&known.grant, now);
        let (Place::Unknown, Some(site)) = (place, crowd.site()) else {
            return place == Place::Free;
        };
        match in_time(self.crowds.ask(site.clone())).await {
            Ok(online) => {
                crowd.learn(&online, now);
                crowd.place(&known.grant, now) != Place::None
            }
            Err(away) => {
                tracing::debug!(error = %away, "store.away");
                true
            }
        }
    }

    /// What is known of a device and young enough to answer by, at an access point of that profile.
    pub(crate) fn remembered(
        &self,
        device: MacAddress,
        profile: NasProfile,
        now: Timestamp,
    ) -> Option<Arc<Admission>> {
        let Young { admission, is_ageing } = self.known.young(device, now)?;
        if is_ageing {
            self.renewals.want(device, profile);
        }
        fits(&admission, profile).then_some(admission)
    }

    /// Asks again about devices that come often, until `stop` is cancelled.
    pub(crate) async fn renew(&self, clock: &dyn Clock, stop: CancellationToken) {
        let renewing = async {
            loop {
                let wanted = self.renewals.gather().await;
                self.renew_all(&wanted, clock.now()).await;
            }
        };
        stop.run_until_cancelled(renewing).await;
    }

    async fn renew_all(&self, wanted: &[(MacAddress, NasProfile)], now: Timestamp) {
        let devices: Vec<_> = wanted.iter().map(|(device, _)| (*device, now)).collect();
        match tokio::time::timeout(PATIENCE, self.renewals.question.ask(&devices)).await {
            Ok(Ok(answers)) => {
                for ((device, profile), known) in wanted.iter().zip(answers) {
                    let admission = decide(known, *profile, now).ok().map(Arc::new);
                    self.learn(*device, admission.as_ref(), now);
                }
            }
            // Whoever comes next asks, and is told.
            Ok(Err(error)) => tracing::debug!(error = &error as &dyn Error, "store.away"),
            Err(_) => tracing::debug!("store.late"),
        }
    }

    fn learn(&self, device: MacAddress, admission: Option<&Arc<Admission>>, asked_at: Timestamp) {
        match admission {
            Some(admission) => self.known.remember(admission, asked_at),
            None => self.known.forget(device),
        }
    }

    /// The credential of that id, if it can still be used.
    pub(crate) async fn find_credential(
        &self,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Usable>, StoreAway> {
        Ok(in_time(self.credentials.ask((id, now))).await?.map_err(Unanswered::Failed)?)
    }

    /// Decides by what was found with a credential, at an access point of that profile.
    ///
    /// # Errors
    /// Why the device stays out.
    pub(crate) fn decide_known(
        &self,
        known: Option<Known>,
        profile: NasProfile,
        now: Timestamp,
    ) -> Result<Arc<Admission>, Refusal> {
        let decision = decide(known, profile, now).map(Arc::new);
        if let Ok(admission) = &decision {
            self.known.remember(admission, now);
        }
        decision
    }

    /// Uses a credential up; returns whether it was this call that did.
    pub(crate) async fn consume(
        &self,
        credential: CredentialId,
        nas: &NasName,
        now: Timestamp,
    ) -> Result<bool, StoreAway> {
        let used = CredentialUse { credential, nas: nas.clone() };
        in_time(self.uses.ask((used, now))).await
    }
}

/// Whether what was decided for some access point holds at one of that profile, too.
fn fits(admission: &Admission, profile: NasProfile) -> bool {
    admission.terms.speed == Speed::Full || profile.limits_speed()
}

/// Waits for an answer of the store, but not for ever.
async fn in_time<T>(answer: impl Future<Output = Result<T, Unanswered>>) -> Result<T, StoreAway> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreAway::Late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{DEVICE, T0, admission, sign_in};

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    /// What a server knows that let [`DEVICE`] in a moment ago.
    fn facts(store: &store::testing::TestStore) -> Facts {
        let known = KnownGrants::new(100, Duration::from_secs(5));
        known.remember(&Arc::new(admission()), T0);
        Facts::new(store.shared(), known)
    }

    async fn comes_again(facts: &Facts) {
        assert!(facts.remembered(DEVICE, NasProfile::Sabeel, at(4)).is_some());
        let wanted = facts.renewals.gather().await;
        assert_eq!(wanted, [(DEVICE, NasProfile::Sabeel)]);
        facts.renew_all(&wanted, at(4)).await;
    }

    fn is_known(facts: &Facts) -> bool {
        facts.remembered(DEVICE, NasProfile::Sabeel, at(6)).is_some()
    }

    #[tokio::test]
    async fn who_comes_often_stays_known_for_as_long_as_the_grant_is_there() {
        let store = store::testing::sqlite().await;
        let facts_of_one_without_grant = facts(&store);
        comes_again(&facts_of_one_without_grant).await;
        assert!(!is_known(&facts_of_one_without_grant));
        sign_in(&store).await;
        let facts_of_one_who_stays_away = facts(&store);
        assert!(!is_known(&facts_of_one_who_stays_away));
        let facts_of_one_who_comes = facts(&store);
        comes_again(&facts_of_one_who_comes).await;
        assert!(is_known(&facts_of_one_who_comes));
    }
}
