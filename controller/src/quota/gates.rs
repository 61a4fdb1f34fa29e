//! The access points of sites that have opening hours, or an office that needs their network.

use std::collections::HashMap;

use domain::{Doors, Nas, NasName, RatePair, Site, SiteName, Timestamp};
use store::{Store, StoreError, most_at};

/// When the sites of access points are open, and what they leave to visitors; those that are not there
/// always are, and leave all.
#[derive(Debug, Default)]
pub(super) struct Gates {
    sites: HashMap<SiteName, Site>,
    of: HashMap<NasName, Nas>,
}

impl Gates {
    /// Reads them, and no access point as long as no site ever closes or yields.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let sites = store
            .list_sites()
            .await?
            .into_iter()
            .filter(|site| !site.hours.are_always() || site.office_speed.is_some());
        let sites: HashMap<_, _> = sites.map(|site| (site.name.clone(), site)).collect();
        if sites.is_empty() {
            return Ok(Self::default());
        }
        let all = store.list_access_points().await?.into_iter();
        let of = all.filter(|nas| sites.contains_key(&nas.site)).map(|nas| (nas.name.clone(), nas));
        Ok(Self { of: of.collect(), sites })
    }

    /// Whether the site of an access point is open at `now`.
    pub(super) fn doors(&self, nas: &NasName, now: Timestamp) -> Doors {
        let site = self.site(nas).map(|(_, site)| site);
        site.map_or(Doors::Open { until: None }, |site| site.doors(now))
    }

    /// The most that a device may have at an access point at `now` because an office needs the network.
    pub(super) fn most(&self, nas: &NasName, now: Timestamp) -> Option<RatePair> {
        self.site(nas).and_then(|(nas, site)| most_at(Some(site), nas, now))
    }

    fn site(&self, nas: &NasName) -> Option<(&Nas, &Site)> {
        let nas = self.of.get(nas)?;
        Some((nas, self.sites.get(&nas.site)?))
    }
}
