//! Grants: found by device or id, ended once, with the orders that follow.

use async_trait::async_trait;
use domain::{
    Binding, Challenge, Grant, GrantEnd, GrantId, GrantState, MacAddress, NasOrder, OrderId,
    OrderKind, OrderProgress, OrderReason, OrderState, Purpose, SiteName, Timestamp, Usage,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::challenges::find_open;
use super::dialect::Dialect;
use super::orders::insert_order;
use super::row::{Columns, id_column, mac_column};
use super::script::Script;
use super::sessions;
use crate::{Change, Circumstances, DeviceAtDoor, Grants, GrantsOf, StoreError};

pub(super) const COLUMNS: &str = "id, account, device, site, plan, issued_at, until, ended_at, ended_why, uploaded, downloaded, time";

#[async_trait]
impl Grants for SqlStore {
    async fn find_grant(&self, device: MacAddress) -> Result<Option<Grant>, StoreError> {
        let mut script = self.script();
        find_newest(&mut script, device);
        let [grants] = self.read(script).await?;
        grants.first().map(grant).transpose()
    }

    async fn find_grant_by_id(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM grants WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(id))
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(grant).transpose()
    }

    async fn count_retired(&self, grant: GrantId) -> Result<u32, StoreError> {
        let statement = "SELECT COUNT(*) AS retired FROM grants gone \
             JOIN grants made ON made.account = gone.account AND made.issued_at = gone.ended_at \
             WHERE made.id = $1 AND gone.ended_why = $2";
        let row = sqlx::query(statement)
            .bind(id_column(grant))
            .bind(GrantEnd::DeviceRetired.as_str())
            .fetch_one(&self.reader)
            .await?;
        Columns(&row).count("retired")
    }

    async fn end_grant(
        &self,
        id: GrantId,
        why: GrantEnd,
        reason: OrderReason,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !end_grant_row(&mut transaction, id, why, at).await? {
            return Ok(false);
        }
        order_off(&mut transaction, self.dialect, id, reason, at).await?;
        let device = sqlx::query("SELECT device FROM grants WHERE id = $1")
            .bind(id_column(id))
            .fetch_one(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        self.publish(Change::Grant(Columns(&device).mac("device")?)).await;
        self.publish(Change::Order).await;
        Ok(true)
    }

    async fn list_circumstances(
        &self,
        of: GrantsOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Circumstances>, StoreError> {
        self.circumstances(of, now).await
    }

    async fn usage_of_grant(&self, id: GrantId) -> Result<Usage, StoreError> {
        let row = sqlx::query("SELECT uploaded, downloaded, time FROM grants WHERE id = $1")
            .bind(id_column(id))
            .fetch_optional(&self.reader)
            .await?;
        row.map_or(Ok(Usage::default()), |row| Columns(&row).usage())
    }

    async fn find_at_door(
        &self,
        device: MacAddress,
        site: &SiteName,
        now: Timestamp,
    ) -> Result<DeviceAtDoor, StoreError> {
        let statement = "SELECT (SELECT language FROM devices WHERE mac = $1) AS language, \
             (SELECT COUNT(*) FROM grants WHERE device = $1 AND ended_at IS NULL AND until > $2) \
             + (SELECT COUNT(*) FROM challenges WHERE purpose = $3 AND site = $4 AND device = $1 \
             AND subject = '' AND state = 'open') AS begun";
        let row = sqlx::query(statement)
            .bind(mac_column(device))
            .bind(now.as_millis())
            .bind(Purpose::SignIn.as_str())
            .bind(site.as_str())
            .fetch_one(&self.reader)
            .await?;
        let columns = Columns(&row);
        Ok(DeviceAtDoor {
            language: columns.optional_parsed("language")?,
            is_stranger: columns.count("begun")? == 0,
        })
    }

    async fn find_progress(
        &self,
        device: MacAddress,
        site: &SiteName,
    ) -> Result<(Option<Grant>, Option<Challenge>), StoreError> {
        let mut script = self.script();
        find_newest(&mut script, device);
        find_open(&mut script, &Binding::SignIn { site: site.clone(), device });
        let [grants, challenges] = self.read(script).await?;
        let grant = grants.first().map(grant).transpose()?;
        let challenge = challenges.first().map(|row| self.challenge(row)).transpose()?;
        Ok((grant, challenge))
    }

    async fn prune_grants(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM grants WHERE until < $1 AND NOT EXISTS \
             (SELECT 1 FROM sessions WHERE sessions.grant_id = grants.id AND sessions.ended_at IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL AND legal_holds.account = grants.account)";
        let (transaction, _) = self.begin_on_sessions().await?;
        self.destroy(transaction, statement, before.as_millis()).await
    }
}

/// Marks a live grant as ended; returns whether it was live.
pub(super) async fn end_grant_row(
    transaction: &mut AnyConnection,
    id: GrantId,
    why: GrantEnd,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE grants SET ended_at = $1, ended_why = $2 WHERE id = $3 AND ended_at IS NULL",
    )
    .bind(at.as_millis())
    .bind(why.as_str())
    .bind(id_column(id))
    .execute(&mut *transaction)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a Disconnect for each open session of a grant and of its device.
pub(super) async fn order_off(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    id: GrantId,
    reason: OrderReason,
    at: Timestamp,
) -> Result<(), StoreError> {
    let statement = format!(
        "SELECT {} FROM sessions WHERE ended_at IS NULL AND \
         (grant_id = $1 OR device = (SELECT device FROM grants WHERE id = $1)) ORDER BY id",
        sessions::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(id_column(id))
        .fetch_all(&mut *transaction)
        .await?;
    for row in &rows {
        let session = sessions::session(row)?;
        let mut entropy = [0; 10];
        getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
        let order = NasOrder {
            id: OrderId::new(at, entropy),
            nas: session.nas,
            kind: OrderKind::Disconnect,
            device: session.device,
            session: Some(session.id),
            reason,
            created_at: at,
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 0, next_at: at },
        };
        insert_order(transaction, dialect, &order).await?;
    }
    Ok(())
}

/// One statement: the newest grant of a device.
fn find_newest(script: &mut Script, device: MacAddress) {
    let statement = format!(
        "SELECT {COLUMNS} FROM grants WHERE device = $1 ORDER BY issued_at DESC, id DESC LIMIT 1"
    );
    script.add(&statement).bind(mac_column(device));
}

pub(super) fn insert_grant(script: &mut Script, grant: &Grant) {
    script
        .insert(
            "grants (id, account, device, site, plan, issued_at, until)",
            "$1, $2, $3, $4, $5, $6, $7",
            "",
        )
        .bind(id_column(grant.id))
        .bind(id_column(grant.account))
        .bind(mac_column(grant.device))
        .bind(grant.site.as_str())
        .bind(grant.plan.as_str())
        .bind(grant.issued_at.as_millis())
        .bind(grant.until.as_millis());
}

pub(super) fn grant(row: &AnyRow) -> Result<Grant, StoreError> {
    let columns = Columns(row);
    let why = columns.optional_text("ended_why")?;
    let state = match columns.optional_time("ended_at")? {
        None => GrantState::Live,
        Some(at) => {
            let why = why.as_deref().and_then(GrantEnd::from_name);
            GrantState::Ended {
                at,
                why: why.ok_or(StoreError::Corrupt { what: "end of a grant" })?,
            }
        }
    };
    Ok(Grant {
        id: columns.id("id")?,
        account: columns.id("account")?,
        device: columns.mac("device")?,
        site: columns.parsed("site")?,
        plan: columns.parsed("plan")?,
        issued_at: columns.time("issued_at")?,
        until: columns.time("until")?,
        state,
    })
}
