//! Sites, plans and access points: what admins set up. A few hundred rows at most.

use async_trait::async_trait;
use domain::{Nas, NasName, Plan, PlanName, Secret, Site, SiteName};

use crate::StoreError;

/// How a site is to be changed; its name stays whatever is done to it. Called once.
pub type SiteChange<'c> = &'c mut (dyn FnMut(&mut Site) + Send);

/// Sites by name.
#[async_trait]
pub trait Sites: Send + Sync {
    /// Every site, by name.
    async fn list_sites(&self) -> Result<Vec<Site>, StoreError>;

    /// The site of that name.
    async fn find_site(&self, name: &SiteName) -> Result<Option<Site>, StoreError>;

    /// Adds a site whose plan exists.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a taken name, [`StoreError::Reference`] for an unknown plan.
    async fn add_site(&self, site: &Site) -> Result<(), StoreError>;

    /// Changes the site of that name by what it is at that moment; two changes at the same time
    /// both count. Returns what it is then, or `None` if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError::Reference`] for an unknown plan.
    async fn change_site(
        &self,
        name: &SiteName,
        change: SiteChange<'_>,
    ) -> Result<Option<Site>, StoreError>;

    /// Removes a site; returns whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Reference`] while an access point stands there.
    async fn remove_site(&self, name: &SiteName) -> Result<bool, StoreError>;
}

/// Plans by name.
#[async_trait]
pub trait Plans: Send + Sync {
    /// Every plan, by name.
    async fn list_plans(&self) -> Result<Vec<Plan>, StoreError>;

    /// The plan of that name.
    async fn find_plan(&self, name: &PlanName) -> Result<Option<Plan>, StoreError>;

    /// Adds a plan.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a taken name.
    async fn add_plan(&self, plan: &Plan) -> Result<(), StoreError>;

    /// Removes a plan; returns whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Reference`] while a site or a grant that may still hold uses it.
    async fn remove_plan(&self, name: &PlanName) -> Result<bool, StoreError>;
}

/// How an access point is to be changed; its name stays whatever is done to it. Called once.
pub type NasChange<'c> = &'c mut (dyn FnMut(&mut Nas) + Send);

/// Access points by name, address and portal path. Secrets are encrypted at rest.
#[async_trait]
pub trait AccessPoints: Send + Sync {
    /// Every access point, by name.
    async fn list_access_points(&self) -> Result<Vec<Nas>, StoreError>;

    /// The access point of that name.
    async fn find_access_point(&self, name: &NasName) -> Result<Option<Nas>, StoreError>;

    /// The access point whose visitors arrive by that secret path segment.
    async fn find_access_point_by_path(&self, path: &Secret) -> Result<Option<Nas>, StoreError>;

    /// Adds an access point whose site exists.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a taken name or portal path, [`StoreError::Reference`] for an
    /// unknown site or for addresses that are exactly those of another access point with the
    /// same identifier, or of another one without.
    async fn add_access_point(&self, nas: &Nas) -> Result<(), StoreError>;

    /// Changes the access point of that name by what it is at that moment; two changes at the
    /// same time both count. Returns what it is then, or `None` if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError::Reference`] as for [`AccessPoints::add_access_point`].
    async fn change_access_point(
        &self,
        name: &NasName,
        change: NasChange<'_>,
    ) -> Result<Option<Nas>, StoreError>;

    /// Removes an access point; returns whether it was there. Its sessions stay as history.
    async fn remove_access_point(&self, name: &NasName) -> Result<bool, StoreError>;
}
