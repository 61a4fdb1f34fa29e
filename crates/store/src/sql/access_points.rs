//! Access points: what may be seen as JSON, what may not sealed beside it.

use async_trait::async_trait;
use domain::{
    AclName, ApiSite, ApiUrl, ApiUser, CertificateName, ControllerApi, FormerSecret, HandOff,
    HandOffMethod, LoginHost, Nas, NasIdentifier, NasName, Secret, SiteName, Timestamp,
    VisitorHost,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use super::setup::{definition, refusal, written};
use crate::contract::NasChange;
use crate::sealed::Seal;
use crate::{AccessPoints, Change, StoreError};

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
        let (visible, secret) = split(nas);
        let mut transaction = self.begin().await?;
        let statement = "INSERT INTO access_points \
             (name, site, addresses, identifier, portal_path_hash, definition, secrets) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(statement)
            .bind(nas.name.as_str())
            .bind(nas.site.as_str())
            .bind(nas.addresses.trunc().to_string())
            .bind(identifier_column(nas))
            .bind(self.keys.path_hash(nas.portal_path.expose()))
            .bind(written(&visible))
            .bind(self.keys.seal(Seal::NasSecrets, &written(&secret)))
            .execute(&mut *transaction)
            .await
            .map_err(|error| obstacle(error, nas))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn change_access_point(
        &self,
        name: &NasName,
        change: NasChange<'_>,
    ) -> Result<Option<Nas>, StoreError> {
        let mut transaction = self.begin().await?;
        let statement = format!(
            "SELECT definition, secrets FROM access_points WHERE name = $1{}",
            self.dialect.for_update()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(before) = row.as_ref().map(|row| self.access_point(row)).transpose()? else {
            return Ok(None);
        };
        let mut nas = before.clone();
        change(&mut nas);
        nas.name = before.name.clone();
        if nas == before {
            return Ok(Some(nas));
        }
        let (visible, secret) = split(&nas);
        let statement = "UPDATE access_points SET site = $2, addresses = $3, identifier = $4, \
             portal_path_hash = $5, definition = $6, secrets = $7 WHERE name = $1";
        sqlx::query(statement)
            .bind(nas.name.as_str())
            .bind(nas.site.as_str())
            .bind(nas.addresses.trunc().to_string())
            .bind(identifier_column(&nas))
            .bind(self.keys.path_hash(nas.portal_path.expose()))
            .bind(written(&visible))
            .bind(self.keys.seal(Seal::NasSecrets, &written(&secret)))
            .execute(&mut *transaction)
            .await
            .map_err(|error| obstacle(error, &nas))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(Some(nas))
    }

    async fn remove_access_point(&self, name: &NasName) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query("DELETE FROM access_points WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(true)
    }
}

/// What may be seen of an access point in the database.
#[derive(Serialize, Deserialize)]
struct Visible {
    name: NasName,
    site: SiteName,
    addresses: ipnet::IpNet,
    #[serde(default)]
    identifier: Option<NasIdentifier>,
    #[serde(default)]
    certificate: Option<CertificateName>,
    /// Until when the former secret verifies, if there is one.
    #[serde(default)]
    former_secret_until: Option<Timestamp>,
    #[serde(default)]
    replaced_at: Option<Timestamp>,
    profile: domain::NasProfile,
    message_authenticator: domain::MessageAuthenticatorRule,
    #[serde(default)]
    proxy_state: domain::ProxyStateRule,
    #[serde(default)]
    status_server: domain::StatusServerRule,
    octet_direction: domain::OctetDirection,
    dae_address: Option<std::net::SocketAddr>,
    /// Not there in what was written when there were two methods, told apart by the hosts.
    #[serde(default)]
    hand_off: Option<HandOffMethod>,
    #[serde(default, alias = "uam_hosts")]
    login_hosts: Option<Vec<LoginHost>>,
    #[serde(default)]
    sends: Option<domain::SendRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api: Option<VisibleApi>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_acl: Option<AclName>,
}

/// A controller's API without its key.
#[derive(Serialize, Deserialize)]
struct VisibleApi {
    url: ApiUrl,
    site: ApiSite,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visitor_host: Option<VisitorHost>,
    #[serde(default)]
    user: Option<ApiUser>,
    #[serde(default)]
    certificate: Option<CertificateName>,
}

impl Visible {
    fn method(&self) -> HandOffMethod {
        self.hand_off.unwrap_or(match self.login_hosts {
            None => HandOffMethod::MacAuthentication,
            Some(_) => HandOffMethod::Uam,
        })
    }
}

/// What may not.
#[derive(Serialize, Deserialize)]
struct Hidden {
    secret: String,
    #[serde(default)]
    former_secret: Option<String>,
    portal_path: String,
    hand_off_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

fn split(nas: &Nas) -> (Visible, Hidden) {
    let visible = Visible {
        name: nas.name.clone(),
        site: nas.site.clone(),
        addresses: nas.addresses,
        identifier: nas.identifier.clone(),
        certificate: nas.certificate.clone(),
        former_secret_until: nas.former_secret.as_ref().map(|former| former.until),
        replaced_at: nas.former_secret.as_ref().and_then(|former| former.replaced_at),
        profile: nas.profile,
        message_authenticator: nas.message_authenticator,
        proxy_state: nas.proxy_state,
        status_server: nas.status_server,
        octet_direction: nas.octet_direction,
        dae_address: nas.dae_address,
        hand_off: Some(nas.hand_off.method),
        login_hosts: Some(nas.hand_off.hosts.clone()),
        api: nas.hand_off.api.as_ref().map(|api| VisibleApi {
            url: api.url.clone(),
            site: api.site.clone(),
            visitor_host: api.visitor_host.clone(),
            user: api.user.clone(),
            certificate: api.certificate.clone(),
        }),
        redirect_acl: nas.hand_off.redirect_acl.clone(),
        sends: Some(nas.hand_off.sends),
    };
    let hidden = Hidden {
        secret: nas.secret.expose().to_owned(),
        former_secret: nas.former_secret.as_ref().map(|former| former.secret.expose().to_owned()),
        portal_path: nas.portal_path.expose().to_owned(),
        hand_off_secret: nas.hand_off.secret.as_ref().map(|secret| secret.expose().to_owned()),
        api_key: nas.hand_off.api.as_ref().map(|api| api.key.expose().to_owned()),
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
        let method = visible.method();
        let hand_off_secret = hidden.hand_off_secret.as_deref().map(secret).transpose()?;
        let api = match (visible.api, &hidden.api_key) {
            (Some(VisibleApi { url, site, visitor_host, user, certificate }), Some(key)) => {
                let key = secret(key)?;
                Some(ControllerApi { url, site, visitor_host, user, key, certificate })
            }
            _ => None,
        };
        let former_secret = match (&hidden.former_secret, visible.former_secret_until) {
            (Some(text), Some(until)) => {
                let replaced_at = visible.replaced_at;
                Some(FormerSecret { secret: secret(text)?, until, replaced_at })
            }
            _ => None,
        };
        Ok(Nas {
            name: visible.name,
            site: visible.site,
            addresses: visible.addresses,
            identifier: visible.identifier,
            certificate: visible.certificate,
            secret: secret(&hidden.secret)?,
            former_secret,
            profile: visible.profile,
            message_authenticator: visible.message_authenticator,
            proxy_state: visible.proxy_state,
            status_server: visible.status_server,
            octet_direction: visible.octet_direction,
            dae_address: visible.dae_address,
            hand_off: HandOff {
                method,
                secret: hand_off_secret,
                hosts: visible.login_hosts.unwrap_or_default(),
                api,
                redirect_acl: visible.redirect_acl,
                sends: visible.sends.unwrap_or(method.usual_sends()),
            },
            portal_path: secret(&hidden.portal_path)?,
        })
    }
}

/// The identifier as a column: no NAS has an empty one, so that stands for none.
fn identifier_column(nas: &Nas) -> &str {
    nas.identifier.as_ref().map_or("", NasIdentifier::as_str)
}

/// What stands in the way of an access point as it would be.
fn obstacle(error: sqlx::Error, nas: &Nas) -> StoreError {
    let site = || StoreError::Reference {
        kind: "site",
        name: nas.site.to_string(),
        obstacle: "does not exist".into(),
    };
    match refusal(error, ("access point", nas.name.as_str()), site) {
        StoreError::Exists { kind, name } => {
            let identifier = nas.identifier.as_ref();
            let identifier =
                identifier.map_or_else(String::new, |own| format!(" and the identifier `{own}`"));
            let addresses = nas.addresses;
            StoreError::Reference {
                kind,
                name,
                obstacle: format!(
                    "has the addresses {addresses}{identifier} or the portal path of another one"
                ),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_of_before_keeps_its_hand_off() {
        let written = |hosts: &str| {
            let text = format!(
                r#"{{"name": "gate", "site": "park", "addresses": "10.0.0.1/32", "profile": "coova",
                "message_authenticator": "learn", "octet_direction": "standard",
                "dae_address": null, "uam_hosts": {hosts}}}"#
            );
            serde_json::from_str::<Visible>(&text).unwrap()
        };
        assert_eq!(written("null").method(), HandOffMethod::MacAuthentication);
        let kiosk = written(r#"["10.1.0.1:3990"]"#);
        assert_eq!(kiosk.method(), HandOffMethod::Uam);
        assert_eq!(kiosk.login_hosts.unwrap(), ["10.1.0.1:3990".parse().unwrap()]);
    }
}
