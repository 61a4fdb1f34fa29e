//! The access points of sites that have opening hours.

use std::collections::HashMap;

use domain::{Doors, NasName, Site, SiteName, Timestamp};
use store::{Store, StoreError};

/// When the sites of access points are open; those that are not there always are.
#[derive(Debug, Default)]
pub(super) struct Gates {
    sites: HashMap<SiteName, Site>,
    of: HashMap<NasName, SiteName>,
}

impl Gates {
    /// Reads them, and no access point as long as no site ever closes.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let sites = store.list_sites().await?.into_iter().filter(|site| !site.hours.are_always());
        let sites: HashMap<_, _> = sites.map(|site| (site.name.clone(), site)).collect();
        if sites.is_empty() {
            return Ok(Self::default());
        }
        let all = store.list_access_points().await?.into_iter();
        let of = all.filter(|nas| sites.contains_key(&nas.site)).map(|nas| (nas.name, nas.site));
        Ok(Self { of: of.collect(), sites })
    }

    /// Whether the site of an access point is open at `now`.
    pub(super) fn doors(&self, nas: &NasName, now: Timestamp) -> Doors {
        let site = self.of.get(nas).and_then(|site| self.sites.get(site));
        site.map_or(Doors::Open { until: None }, |site| site.doors(now))
    }
}
