//! What is asked of the store about devices and one-time credentials, for many at a time.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Credential, CredentialId, MacAddress, SiteName, Timestamp};
use store::{CredentialUse, GrantsOf, Question, Store, StoreError, holders_of};

use crate::authorise::Known;

/// What is known of a device at that time.
pub(crate) struct OfDevice(pub(crate) Arc<dyn Store>);

impl Question for OfDevice {
    type Wanted = (MacAddress, Timestamp);
    type Answer = Option<Known>;
    const AT_ONCE: usize = 2;
    const TOGETHER: usize = 64;

    async fn ask(&self, wanted: &[Self::Wanted]) -> Result<Vec<Self::Answer>, StoreError> {
        let devices: Vec<_> = wanted.iter().map(|(device, _)| *device).collect();
        let of = GrantsOf::Devices(&devices);
        let known = known(self.0.as_ref(), of, latest(wanted), |known| known.grant.device).await?;
        Ok(devices.iter().map(|device| known.get(device).cloned()).collect())
    }
}

/// A credential that can be used, and what is known of the device that it lets in.
#[derive(Debug, Clone)]
pub(crate) struct Usable {
    pub(crate) credential: Credential,
    pub(crate) known: Option<Known>,
}

/// The credential of that id, if it can still be used at that time; or why it cannot be read.
pub(crate) struct OfCredential(pub(crate) Arc<dyn Store>);

impl Question for OfCredential {
    type Wanted = (CredentialId, Timestamp);
    type Answer = Result<Option<Usable>, Arc<StoreError>>;
    const AT_ONCE: usize = 2;
    const TOGETHER: usize = 64;

    async fn ask(&self, wanted: &[Self::Wanted]) -> Result<Vec<Self::Answer>, StoreError> {
        let (store, now) = (self.0.as_ref(), latest(wanted));
        let ids: Vec<_> = wanted.iter().map(|(id, _)| *id).collect();
        let credentials = store.find_credentials(&ids, now).await?;
        let grants: Vec<_> = credentials.values().flatten().map(|one| one.grant).collect();
        let known = known(store, GrantsOf::Ids(&grants), now, |known| known.grant.id).await?;
        let usable: HashMap<_, _> = credentials
            .into_iter()
            .map(|(id, found)| {
                let usable = found.map(|credential| {
                    let known = known.get(&credential.grant).cloned();
                    Some(Usable { credential, known })
                });
                (id, usable.map_err(Arc::new))
            })
            .collect();
        Ok(ids.iter().map(|id| usable.get(id).cloned().unwrap_or(Ok(None))).collect())
    }
}

/// The devices that are online at a site.
pub(crate) struct OnlineAt(pub(crate) Arc<dyn Store>);

impl Question for OnlineAt {
    type Wanted = SiteName;
    type Answer = Arc<[MacAddress]>;
    const AT_ONCE: usize = 2;
    const TOGETHER: usize = 64;

    async fn ask(&self, wanted: &[Self::Wanted]) -> Result<Vec<Self::Answer>, StoreError> {
        let mut known: HashMap<&SiteName, Self::Answer> = HashMap::new();
        for site in wanted {
            if !known.contains_key(site) {
                known.insert(site, self.0.devices_online_at(site).await?.into());
            }
        }
        Ok(wanted.iter().filter_map(|site| known.get(site).map(Arc::clone)).collect())
    }
}

/// Whether it was this use, at that time, that used a credential up. All that wait are used up by
/// one commit.
pub(crate) struct UsedUp(pub(crate) Arc<dyn Store>);

impl Question for UsedUp {
    type Wanted = (CredentialUse, Timestamp);
    type Answer = bool;
    const AT_ONCE: usize = 1;
    const TOGETHER: usize = 256;

    async fn ask(&self, wanted: &[Self::Wanted]) -> Result<Vec<Self::Answer>, StoreError> {
        let uses: Vec<_> = wanted.iter().map(|(use_, _)| use_.clone()).collect();
        self.0.consume_credentials(&uses, latest(wanted)).await
    }
}

/// The time by which all are asked about.
fn latest<T>(wanted: &[(T, Timestamp)]) -> Timestamp {
    wanted.iter().map(|(_, at)| *at).max().unwrap_or(Timestamp::from_millis(0))
}

async fn known<Key: std::hash::Hash + Eq>(
    store: &dyn Store,
    of: GrantsOf<'_>,
    now: Timestamp,
    key: impl Fn(&Known) -> Key,
) -> Result<HashMap<Key, Known>, StoreError> {
    let holders = holders_of(store, of, now).await?;
    let known = holders.into_iter().map(|(grant, standing)| Known { grant, standing });
    Ok(known.map(|known| (key(&known), known)).collect())
}

#[cfg(test)]
mod tests {
    use store::{Together, Unanswered};

    use super::*;
    use crate::fixtures::{DEVICE, T0, grant, sign_in};

    #[tokio::test]
    async fn each_of_many_gets_its_own_answer() {
        let store = store::testing::sqlite().await;
        sign_in(&store).await;
        let look_ups = Arc::new(Together::new(OfDevice(store.shared())));
        let strangers = (0..200).map(|number| MacAddress::new([2, 0, 0, 0, 1, number]));
        let mut asked = tokio::task::JoinSet::new();
        for device in strangers.chain([DEVICE; 5]) {
            let look_ups = Arc::clone(&look_ups);
            asked.spawn(async move { (device, look_ups.ask((device, T0)).await) });
        }
        for (device, answer) in asked.join_all().await {
            let known = answer.unwrap().map(|known| known.grant.id);
            assert_eq!(known, (device == DEVICE).then_some(grant().id));
        }
        let last = look_ups.ask((DEVICE, T0)).await.unwrap();
        assert!(last.is_some(), "who comes after a crowd is answered as well");
    }

    #[tokio::test]
    async fn while_the_database_is_away_nobody_uses_up_anything_and_all_are_told_so() {
        let store = store::testing::postgres().await;
        let id = |number: u8| CredentialId::from_bytes([number; 16]);
        for number in 0..40 {
            let credential = Credential {
                id: id(number),
                password: "oneTimePassword".parse().unwrap(),
                grant: grant().id,
                device: DEVICE,
                nas: "gate".parse().unwrap(),
                expires_at: T0 + std::time::Duration::from_secs(90),
            };
            store.add_credential(&credential).await.unwrap();
        }
        let uses = Arc::new(Together::new(UsedUp(store.shared())));
        let use_up = async || {
            let mut asked = tokio::task::JoinSet::new();
            // Each of them twice.
            for number in (0..40).chain(0..40) {
                let uses = Arc::clone(&uses);
                let used = CredentialUse { credential: id(number), nas: "gate".parse().unwrap() };
                asked.spawn(async move { uses.ask((used, T0)).await });
            }
            asked.join_all().await
        };
        store.go_away().await;
        for outcome in use_up().await {
            assert!(matches!(outcome, Err(Unanswered::Failed(_))), "{outcome:?}");
        }
        store.come_back().await;
        let won = use_up().await.into_iter().filter(|outcome| matches!(outcome, Ok(true)));
        assert_eq!(won.count(), 40);
        let again = use_up().await.into_iter().all(|outcome| matches!(outcome, Ok(false)));
        assert!(again, "used up for good");
    }
}
