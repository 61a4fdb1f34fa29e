//! Access points, their sites and plans, remembered until setup changes.

use std::sync::Arc;
use std::time::Duration;

use domain::{Nas, NasName, Plan, PlanName, Secret, Site};
use store::{Memory, Store, StoreError, Version};

const ACCESS_POINTS: usize = 10_000;
const PLANS: usize = 1_000;
/// For how long one is remembered at most, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(60);

/// An access point and its site.
#[derive(Clone)]
pub(crate) struct Place {
    /// The version of setup at which it was looked up, or an older one.
    pub version: Version,
    pub nas: Arc<Nas>,
    /// `None` if it was removed meanwhile.
    pub site: Option<Arc<Site>>,
}

/// Finds access points by name or by their secret path.
pub(crate) struct Places {
    by_name: Memory<NasName, Place>,
    by_path: Memory<String, Place>,
    plans: Memory<PlanName, (Version, Arc<Plan>)>,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            by_name: Memory::new(ACCESS_POINTS, LASTS),
            by_path: Memory::new(ACCESS_POINTS, LASTS),
            plans: Memory::new(PLANS, LASTS),
        }
    }

    /// The access point of that name.
    pub(crate) async fn named(
        &self,
        store: &dyn Store,
        name: &NasName,
    ) -> Result<Option<Place>, StoreError> {
        let version = store.versions().of_setup();
        if let Some(place) = still_good(self.by_name.get(name), version) {
            return Ok(Some(place));
        }
        let place = with_site(store, store.find_access_point(name).await?, version).await?;
        if let Some(place) = &place {
            self.by_name.insert(name.clone(), place.clone());
        }
        Ok(place)
    }

    /// The access point whose visitors come by that path segment.
    pub(crate) async fn with_path(
        &self,
        store: &dyn Store,
        path: &str,
    ) -> Result<Option<Place>, StoreError> {
        let version = store.versions().of_setup();
        if let Some(place) = still_good(self.by_path.get(path), version) {
            return Ok(Some(place));
        }
        let Ok(secret) = path.parse::<Secret>() else { return Ok(None) };
        let nas = store.find_access_point_by_path(&secret).await?;
        let place = with_site(store, nas, version).await?;
        if let Some(place) = &place {
            self.by_path.insert(path.to_owned(), place.clone());
        }
        Ok(place)
    }

    /// The plan of that name.
    pub(crate) async fn plan(
        &self,
        store: &dyn Store,
        name: &PlanName,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let version = store.versions().of_setup();
        if let Some((_, plan)) = self.plans.get(name).filter(|(known, _)| *known == version) {
            return Ok(Some(plan));
        }
        let plan = store.find_plan(name).await?.map(Arc::new);
        if let Some(plan) = &plan {
            self.plans.insert(name.clone(), (version, Arc::clone(plan)));
        }
        Ok(plan)
    }
}

fn still_good(remembered: Option<Place>, version: Version) -> Option<Place> {
    remembered.filter(|place| place.version == version)
}

async fn with_site(
    store: &dyn Store,
    nas: Option<Nas>,
    version: Version,
) -> Result<Option<Place>, StoreError> {
    let Some(nas) = nas else { return Ok(None) };
    let site = store.find_site(&nas.site).await?.map(Arc::new);
    Ok(Some(Place { version, nas: Arc::new(nas), site }))
}
