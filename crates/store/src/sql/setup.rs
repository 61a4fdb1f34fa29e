//! Sites, plans and access points.

use async_trait::async_trait;
use domain::{HandOff, Nas, NasName, Plan, PlanName, Secret, Site, SiteName};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use crate::sealed::Seal;
use crate::{AccessPoints, Change, Plans, Sites, StoreError};

#[async_trait]
impl Sites for SqlStore {
    async fn list_sites(&self) -> Result<Vec<Site>, StoreError> {
        let rows = sqlx::query("SELECT definition FROM sites ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(definition).collect()
    }

    async fn find_site(&self, name: &SiteName) -> Result<Option<Site>, StoreError> {
        let row = sqlx::query("SELECT definition FROM sites WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(definition).transpose()
    }

    async fn add_site(&self, site: &Site) -> Result<(), StoreError> {
        let obstacle = || StoreError::Reference {
            kind: "plan",
            name: site.plan.to_string(),
            obstacle: "does not exist".into(),
        };
        sqlx::query("INSERT INTO sites (name, plan, zone, definition) VALUES ($1, $2, $3, $4)")
            .bind(site.name.as_str())
            .bind(site.plan.as_str())
            .bind(site.zone.to_string())
            .bind(written(site))
            .execute(&self.writer)
            .await
            .map_err(|error| refusal(error, ("site", site.name.as_str()), obstacle))?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn remove_site(&self, name: &SiteName) -> Result<bool, StoreError> {
        let obstacle = || StoreError::Reference {
            kind: "site",
            name: name.to_string(),
            obstacle: "still has access points".into(),
        };
        let done = sqlx::query("DELETE FROM sites WHERE name = $1")
            .bind(name.as_str())
            .execute(&self.writer)
            .await
            .map_err(|error| refusal(error, ("site", name.as_str()), obstacle))?;
        self.publish(Change::Setup).await;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl Plans for SqlStore {
    async fn list_plans(&self) -> Result<Vec<Plan>, StoreError> {
        let rows = sqlx::query("SELECT definition FROM plans ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(definition).collect()
    }

    async fn find_plan(&self, name: &PlanName) -> Result<Option<Plan>, StoreError> {
        let row = sqlx::query("SELECT definition FROM plans WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(definition).transpose()
    }

    async fn add_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO plans (name, definition) VALUES ($1, $2)")
            .bind(plan.name.as_str())
            .bind(written(plan))
            .execute(&self.writer)
            .await
            .map_err(|error| taken(error, "plan", plan.name.as_str()))?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn remove_plan(&self, name: &PlanName) -> Result<bool, StoreError> {
        let in_use = |obstacle: &str| StoreError::Reference {
            kind: "plan",
            name: name.to_string(),
            obstacle: obstacle.into(),
        };
        // A grant keeps its plan's name only; it may hold until its time is over.
        let granted =
            sqlx::query("SELECT id FROM grants WHERE plan = $1 AND ended_at IS NULL LIMIT 1")
                .bind(name.as_str())
                .fetch_optional(&self.reader)
                .await?;
        if granted.is_some() {
            return Err(in_use("is still granted to visitors"));
        }
        let done = sqlx::query("DELETE FROM plans WHERE name = $1")
            .bind(name.as_str())
            .execute(&self.writer)
            .await
            .map_err(|error| {
                refusal(error, ("plan", name.as_str()), || in_use("is still used by a site"))
            })?;
        self.publish(Change::Setup).await;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl AccessPoints for SqlStore {
    async fn list_access_points(&self) -> Result<Vec<Nas>, StoreError> {
        let rows = sqlx::query("SELECT definition, secrets FROM access_points ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| self.access_point(row)).collect()
    }

    async fn find_access_point(&self, name: &NasName) -> Result<Option<Nas>, StoreError> {
        let row = sqlx::query("SELECT definition, secrets FROM access_points WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| self.access_point(row)).transpose()
    }

    async fn find_access_point_by_path(&self, path: &Secret) -> Result<Option<Nas>, StoreError> {
        let row = sqlx::query(
            "SELECT definition, secrets FROM access_points WHERE portal_path_hash = $1",
        )
        .bind(self.keys.path_hash(path.expose()))
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(|row| self.access_point(row)).transpose()
    }

    async fn add_access_point(&self, nas: &Nas) -> Result<(), StoreError> {
        if self.find_access_point(&nas.name).await?.is_some() {
            return Err(StoreError::Exists { kind: "access point", name: nas.name.to_string() });
        }
        let obstacle = || StoreError::Reference {
            kind: "site",
            name: nas.site.to_string(),
            obstacle: "does not exist".into(),
        };
        let (visible, secret) = split(nas);
        let statement = "INSERT INTO access_points (name, site, addresses, portal_path_hash, definition, secrets) \
                         VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(statement)
            .bind(nas.name.as_str())
            .bind(nas.site.as_str())
            .bind(nas.addresses.trunc().to_string())
            .bind(self.keys.path_hash(nas.portal_path.expose()))
            .bind(written(&visible))
            .bind(self.keys.seal(Seal::NasSecrets, &written(&secret)))
            .execute(&self.writer)
            .await
            .map_err(|error| match taken(error, "access point", nas.name.as_str()) {
                StoreError::Exists { kind, name } => StoreError::Reference {
                    kind,
                    name,
                    obstacle: format!(
                        "has the addresses {} or the portal path of another one",
                        nas.addresses
                    ),
                },
                StoreError::Database(error) => {
                    refusal(error, ("access point", nas.name.as_str()), obstacle)
                }
                other => other,
            })?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn remove_access_point(&self, name: &NasName) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM access_points WHERE name = $1")
            .bind(name.as_str())
            .execute(&self.writer)
            .await?;
        self.publish(Change::Setup).await;
        Ok(done.rows_affected() == 1)
    }
}

/// What may be seen of an access point in the database.
#[derive(Serialize, Deserialize)]
struct Visible {
    name: NasName,
    site: SiteName,
    addresses: ipnet::IpNet,
    #[serde(default)]
    certificate: Option<domain::CertificateName>,
    profile: domain::NasProfile,
    message_authenticator: domain::MessageAuthenticatorRule,
    octet_direction: domain::OctetDirection,
    dae_address: Option<std::net::SocketAddr>,
    /// The hosts of its login page; `None` for MAC authentication.
    uam_hosts: Option<Vec<String>>,
}

/// What may not.
#[derive(Serialize, Deserialize)]
struct Hidden {
    secret: String,
    portal_path: String,
    hand_off_secret: Option<String>,
}

fn split(nas: &Nas) -> (Visible, Hidden) {
    let (uam_hosts, hand_off_secret) = match &nas.hand_off {
        HandOff::MacAuthentication { redirect_secret } => (None, redirect_secret),
        HandOff::Uam { secret, hosts } => (Some(hosts.clone()), secret),
    };
    let visible = Visible {
        name: nas.name.clone(),
        site: nas.site.clone(),
        addresses: nas.addresses,
        certificate: nas.certificate.clone(),
        profile: nas.profile,
        message_authenticator: nas.message_authenticator,
        octet_direction: nas.octet_direction,
        dae_address: nas.dae_address,
        uam_hosts,
    };
    let hidden = Hidden {
        secret: nas.secret.expose().to_owned(),
        portal_path: nas.portal_path.expose().to_owned(),
        hand_off_secret: hand_off_secret.as_ref().map(|secret| secret.expose().to_owned()),
    };
    (visible, hidden)
}

impl SqlStore {
    fn access_point(&self, row: &AnyRow) -> Result<Nas, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "access point" };
        let visible: Visible = definition(row)?;
        let hidden = self.keys.open(Seal::NasSecrets, &Columns(row).octets("secrets")?)?;
        let hidden: Hidden = serde_json::from_str(&hidden).map_err(|_| corrupt())?;
        let secret = |text: &str| text.parse::<Secret>().map_err(|_| corrupt());
        let hand_off_secret = hidden.hand_off_secret.as_deref().map(secret).transpose()?;
        Ok(Nas {
            name: visible.name,
            site: visible.site,
            addresses: visible.addresses,
            certificate: visible.certificate,
            secret: secret(&hidden.secret)?,
            profile: visible.profile,
            message_authenticator: visible.message_authenticator,
            octet_direction: visible.octet_direction,
            dae_address: visible.dae_address,
            hand_off: match visible.uam_hosts {
                None => HandOff::MacAuthentication { redirect_secret: hand_off_secret },
                Some(hosts) => HandOff::Uam { secret: hand_off_secret, hosts },
            },
            portal_path: secret(&hidden.portal_path)?,
        })
    }
}

fn definition<T: serde::de::DeserializeOwned>(row: &AnyRow) -> Result<T, StoreError> {
    Columns(row).definition("definition")
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("values with text keys can be written as JSON")
}

/// A taken name, where the database says that it is one.
fn taken(error: sqlx::Error, kind: &'static str, name: &str) -> StoreError {
    let unique =
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    if unique { StoreError::Exists { kind, name: name.to_owned() } } else { error.into() }
}

/// A taken name, or what a broken reference means here.
fn refusal(
    error: sqlx::Error,
    (kind, name): (&'static str, &str),
    obstacle: impl Fn() -> StoreError,
) -> StoreError {
    let reference =
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
    if reference { obstacle() } else { taken(error, kind, name) }
}
