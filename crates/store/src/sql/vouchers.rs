//! Vouchers: places are given one at a time, under the lock of their voucher.

use async_trait::async_trait;
use domain::{
    AccountId, BatchName, Grant, GrantEnd, GrantState, OrderReason, Plan, PlanName, Revocation,
    SiteName, Timestamp, Usage, Voucher, VoucherBatch, VoucherCode, VoucherId, VoucherRefusal,
    voucher_grant_until,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::dialect::Dialect;
use super::grants::{self, end_grant_row, grant, order_off};
use super::pseudonyms::places;
use super::row::{Columns, amount_column, duration_column, id_column};
use super::script::Script;
use super::setup::{definition, taken};
use super::visits;
use crate::{
    BatchTold, Change, Revoked, SignIn, SignInOutcome, StoreError, VoucherUse, Vouchers, VouchersOf,
};

const BATCH: &str =
    "name, site, plan, devices, until, lasts, made_at, made_by, reason, revoked_at, revoked_why";
const TOLD: &str = "(SELECT COUNT(*) FROM vouchers WHERE batch = name) AS amount, \
    (SELECT COUNT(*) FROM vouchers WHERE batch = name AND first_used_at IS NOT NULL) AS used, \
    (SELECT COUNT(*) FROM vouchers WHERE batch = name AND revoked_at IS NOT NULL) AS withdrawn";
const VOUCHER: &str = "serial, account, first_used_at, revoked_at, revoked_why, \
    (SELECT COUNT(*) FROM voucher_devices WHERE voucher_devices.batch = vouchers.batch \
     AND voucher_devices.serial = vouchers.serial) AS devices";

#[async_trait]
impl Vouchers for SqlStore {
    async fn add_voucher_batch(
        &self,
        batch: &VoucherBatch,
        codes: &[VoucherCode],
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        self.must_exist(&mut transaction, ("plan", "plans"), batch.plan.as_str()).await?;
        self.must_exist(&mut transaction, ("site", "sites"), batch.site.as_str()).await?;
        let statement = format!(
            "INSERT INTO voucher_batches ({BATCH}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL)"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(batch.name.as_str())
            .bind(batch.site.as_str())
            .bind(batch.plan.as_str())
            .bind(i64::from(batch.devices))
            .bind(batch.until.as_millis())
            .bind(batch.lasts.map(duration_column))
            .bind(batch.made_at.as_millis())
            .bind(batch.made_by.as_str())
            .bind(batch.reason.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, "batch of vouchers", batch.name.as_str()))?;
        for (serial, code) in (1_i64..).zip(codes) {
            sqlx::query("INSERT INTO vouchers (batch, serial, code_hash) VALUES ($1, $2, $3)")
                .bind(batch.name.as_str())
                .bind(serial)
                .bind(self.keys.voucher_hash(code))
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }

    async fn list_voucher_batches(&self) -> Result<Vec<BatchTold>, StoreError> {
        let statement =
            format!("SELECT {BATCH}, {TOLD} FROM voucher_batches ORDER BY made_at DESC, name");
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&self.reader).await?;
        rows.iter().map(told).collect()
    }

    async fn find_voucher_batch(
        &self,
        name: &BatchName,
    ) -> Result<Option<(BatchTold, Vec<Voucher>)>, StoreError> {
        let statement = format!("SELECT {BATCH}, {TOLD} FROM voucher_batches WHERE name = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        let Some(told) = row.as_ref().map(told).transpose()? else { return Ok(None) };
        let statement = format!("SELECT {VOUCHER} FROM vouchers WHERE batch = $1 ORDER BY serial");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_all(&self.reader)
            .await?;
        let vouchers = rows.iter().map(voucher).collect::<Result<_, _>>()?;
        Ok(Some((told, vouchers)))
    }

    async fn use_voucher(
        &self,
        used: &VoucherUse<'_>,
    ) -> Result<Result<SignInOutcome, VoucherRefusal>, StoreError> {
        let mut transaction = self.begin().await?;
        let Some((batch, voucher, account)) = self.locked(&mut transaction, used.code).await?
        else {
            return Ok(Err(VoucherRefusal::Unknown));
        };
        let (site, now) = (&used.visit.site, used.visit.asked_at);
        let ends_at = match batch.admit(&voucher, site, now) {
            Ok(ends_at) => ends_at,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let id = VoucherId { batch: batch.name.clone(), serial: voucher.serial };
        if !self.give_place(&mut transaction, &batch, &voucher, (&id, used)).await? {
            return Ok(Err(VoucherRefusal::Full));
        }
        let plan = find_plan(&mut transaction, &batch.plan).await?;
        let grant = Grant {
            id: used.grant,
            account: used.new_account,
            device: used.visit.device,
            site: site.clone(),
            plan: batch.plan.clone(),
            issued_at: now,
            until: voucher_grant_until(ends_at, &plan, now),
            state: GrantState::Live,
        };
        let sign_in = SignIn {
            identity: id.clone().into(),
            new_account: used.new_account,
            language: used.visit.language.clone(),
            grant,
            agreed: used.agreed.clone(),
            devices: batch.devices,
        };
        let mut script = self.script();
        visits::record(&mut script, used.visit);
        let before = self.used_before(&mut transaction, account, &sign_in.grant).await?;
        let outcome = self.sign_in_within(&mut transaction, &mut script, &sign_in).await?;
        go_on_from(&mut script, &outcome.grant, before);
        script
            .add("UPDATE vouchers SET account = $1, first_used_at = $2 WHERE batch = $3 AND serial = $4")
            .bind(id_column(outcome.grant.account))
            .bind(voucher.first_used_at.unwrap_or(now).as_millis())
            .bind(id.batch.as_str())
            .bind(i64::from(id.serial));
        script.execute(&mut transaction).await?;
        transaction.commit().await?;
        self.publish_sign_in(&outcome).await;
        Ok(Ok(outcome))
    }

    async fn revoke_vouchers(
        &self,
        which: &VouchersOf,
        why: &str,
        at: Timestamp,
    ) -> Result<Option<Revoked>, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let (table, condition, batch, serial) = match which {
            VouchersOf::Batch(name) => ("voucher_batches", "name = $3 AND $4 = 0", name, 0),
            VouchersOf::One(id) => ("vouchers", "batch = $3 AND serial = $4", &id.batch, id.serial),
        };
        let statement = format!(
            "UPDATE {table} SET revoked_at = $1, revoked_why = $2 WHERE {condition} AND revoked_at IS NULL"
        );
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(at.as_millis())
            .bind(why)
            .bind(batch.as_str())
            .bind(i64::from(serial))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        // Signing in and accounting lock grants in the order of their ids too.
        let statement = format!(
            "SELECT {} FROM grants WHERE ended_at IS NULL AND account IN \
             (SELECT account FROM vouchers WHERE batch = $1 AND ($2 = 0 OR serial = $2)) ORDER BY id{}",
            grants::COLUMNS,
            self.dialect.for_update()
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(batch.as_str())
            .bind(i64::from(serial))
            .fetch_all(&mut *transaction)
            .await?;
        let mut devices = Vec::new();
        for row in &rows {
            let grant = grant(row)?;
            end_grant_row(&mut transaction, grant.id, GrantEnd::Revoked, at).await?;
            order_off(&mut transaction, self.dialect, grant.id, OrderReason::Admin, at).await?;
            devices.extend(grant.holds(at).then_some(grant.device));
        }
        self.commit(transaction).await?;
        for device in &devices {
            self.publish(Change::Grant(*device)).await;
        }
        if !rows.is_empty() {
            self.publish(Change::Order).await;
        }
        Ok(Some(Revoked { ended: u32::try_from(devices.len()).unwrap_or(u32::MAX) }))
    }

    async fn prune_vouchers(&self, before: Timestamp) -> Result<u64, StoreError> {
        const OVER: &str = "until < $1 AND NOT EXISTS \
            (SELECT 1 FROM vouchers WHERE vouchers.batch = voucher_batches.name AND account IS NOT NULL)";
        let mut transaction = self.begin().await?;
        for table in ["voucher_devices", "vouchers"] {
            let statement = format!(
                "DELETE FROM {table} WHERE batch IN (SELECT name FROM voucher_batches WHERE {OVER})"
            );
            sqlx::query(AssertSqlSafe(statement))
                .bind(before.as_millis())
                .execute(&mut *transaction)
                .await?;
        }
        let statement = "DELETE FROM voucher_batches WHERE until < $1 \
             AND NOT EXISTS (SELECT 1 FROM vouchers WHERE vouchers.batch = voucher_batches.name)";
        self.destroy(transaction, statement, before.as_millis()).await
    }
}

impl SqlStore {
    /// Refuses what names a plan or site that is not there; it stays until the transaction ends.
    async fn must_exist(
        &self,
        transaction: &mut AnyConnection,
        (kind, table): (&'static str, &str),
        name: &str,
    ) -> Result<(), StoreError> {
        let statement =
            format!("SELECT name FROM {table} WHERE name = $1{}", self.dialect.for_share());
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(name)
            .fetch_optional(&mut *transaction)
            .await?;
        let missing = || StoreError::Reference {
            kind,
            name: name.to_owned(),
            obstacle: "does not exist".into(),
        };
        row.map(drop).ok_or_else(missing)
    }

    /// The voucher of a code with its batch and account; nobody else uses it, and nobody revokes it,
    /// until the transaction ends.
    async fn locked(
        &self,
        transaction: &mut AnyConnection,
        code: &VoucherCode,
    ) -> Result<Option<(VoucherBatch, Voucher, Option<AccountId>)>, StoreError> {
        let hash = self.keys.voucher_hash(code);
        let row = sqlx::query("SELECT batch FROM vouchers WHERE code_hash = $1")
            .bind(hash.clone())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let name: BatchName = Columns(&row).parsed("batch")?;
        // The batch before its vouchers: the order in which revoking locks them.
        let statement = format!(
            "SELECT {BATCH} FROM voucher_batches WHERE name = $1{}",
            self.dialect.for_share()
        );
        let of_batch = sqlx::query(AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let statement = format!(
            "SELECT serial FROM vouchers WHERE code_hash = $1{}",
            self.dialect.for_update()
        );
        let locked = sqlx::query(AssertSqlSafe(statement))
            .bind(hash.clone())
            .fetch_optional(&mut *transaction)
            .await?;
        // Places are counted after the lock: who waited for it sees what the others were given.
        let statement = format!("SELECT {VOUCHER} FROM vouchers WHERE code_hash = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(hash)
            .fetch_optional(&mut *transaction)
            .await?;
        let (Some(of_batch), Some(_), Some(row)) = (of_batch, locked, row) else { return Ok(None) };
        let account = Columns(&row).optional_id("account")?;
        Ok(Some((batch(&of_batch)?, voucher(&row)?, account)))
    }

    /// Gives the device a place unless it has one; `false` if none is left.
    async fn give_place(
        &self,
        transaction: &mut AnyConnection,
        batch: &VoucherBatch,
        voucher: &Voucher,
        (id, used): (&VoucherId, &VoucherUse<'_>),
    ) -> Result<bool, StoreError> {
        let device = self.keys.admitted_hash(id, used.visit.device);
        let statement =
            "SELECT serial FROM voucher_devices WHERE batch = $1 AND serial = $2 AND device = $3";
        let known = sqlx::query(statement)
            .bind(id.batch.as_str())
            .bind(i64::from(id.serial))
            .bind(device.clone())
            .fetch_optional(&mut *transaction)
            .await?;
        if known.is_some() {
            return Ok(true);
        }
        if voucher.devices >= batch.devices {
            return Ok(false);
        }
        sqlx::query("INSERT INTO voucher_devices (batch, serial, device) VALUES ($1, $2, $3)")
            .bind(id.batch.as_str())
            .bind(i64::from(id.serial))
            .bind(device)
            .execute(&mut *transaction)
            .await?;
        Ok(true)
    }

    /// What the device used by its last grant of the voucher's account.
    async fn used_before(
        &self,
        transaction: &mut AnyConnection,
        account: Option<AccountId>,
        grant: &Grant,
    ) -> Result<Usage, StoreError> {
        let Some(account) = account else { return Ok(Usage::default()) };
        let devices = self.device_columns(grant.device);
        let statement = format!(
            "SELECT uploaded, downloaded, time FROM grants WHERE account = $1 AND device IN ({}) \
             ORDER BY issued_at DESC, id DESC LIMIT 1",
            places(2, devices.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(id_column(account));
        for device in devices {
            query = query.bind(device);
        }
        let row = query.fetch_optional(&mut *transaction).await?;
        row.map_or(Ok(Usage::default()), |row| Columns(&row).usage())
    }
}

/// Lets a grant begin with what was used before: the same code again is not another stay.
fn go_on_from(script: &mut Script, grant: &Grant, before: Usage) {
    script
        .add("UPDATE grants SET uploaded = $1, downloaded = $2, time = $3 WHERE id = $4")
        .bind(amount_column(before.uploaded.get()))
        .bind(amount_column(before.downloaded.get()))
        .bind(duration_column(before.time))
        .bind(id_column(grant.id));
}

async fn find_plan(transaction: &mut AnyConnection, name: &PlanName) -> Result<Plan, StoreError> {
    let row = sqlx::query("SELECT definition FROM plans WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
    row.as_ref()
        .map(definition)
        .transpose()?
        .ok_or(StoreError::Corrupt { what: "plan of vouchers" })
}

/// The batch that gives a plan, or that is for a site, so that this cannot be removed; the row of
/// that must be locked.
pub(super) async fn batch_that_needs(
    transaction: &mut AnyConnection,
    column: &'static str,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let statement = format!(
        "SELECT name FROM voucher_batches WHERE {column} = $1 AND revoked_at IS NULL ORDER BY name LIMIT 1"
    );
    let row =
        sqlx::query(AssertSqlSafe(statement)).bind(name).fetch_optional(&mut *transaction).await?;
    row.as_ref().map(|row| Columns(row).text("name")).transpose()
}

/// Waits until nobody uses a voucher of an account.
pub(super) async fn lock_of_account(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    account: AccountId,
) -> Result<(), StoreError> {
    let statement = format!(
        "SELECT serial FROM vouchers WHERE account = $1 ORDER BY batch, serial{}",
        dialect.for_update()
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(id_column(account))
        .fetch_all(&mut *transaction)
        .await?;
    Ok(())
}

/// Takes from a voucher what leads to the person who had it, and lets nobody else begin with it.
pub(super) async fn forget_account(
    transaction: &mut AnyConnection,
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let statement = "DELETE FROM voucher_devices WHERE EXISTS (SELECT 1 FROM vouchers \
         WHERE vouchers.batch = voucher_devices.batch AND vouchers.serial = voucher_devices.serial \
         AND account = $1)";
    sqlx::query(statement).bind(id_column(account)).execute(&mut *transaction).await?;
    let statement = "UPDATE vouchers SET account = NULL, revoked_at = COALESCE(revoked_at, $1), \
         revoked_why = COALESCE(revoked_why, 'its account was erased') WHERE account = $2";
    sqlx::query(statement)
        .bind(at.as_millis())
        .bind(id_column(account))
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

fn revocation(columns: &Columns<'_>) -> Result<Option<Revocation>, StoreError> {
    let Some(at) = columns.optional_time("revoked_at")? else { return Ok(None) };
    let why = columns.optional_text("revoked_why")?;
    Ok(Some(Revocation { at, why: why.unwrap_or_default() }))
}

fn batch(row: &AnyRow) -> Result<VoucherBatch, StoreError> {
    let columns = Columns(row);
    let lasts = columns.optional_integer("lasts")?.map(u64::try_from).transpose();
    let lasts = lasts.map_err(|_| StoreError::Corrupt { what: "lasts" })?;
    Ok(VoucherBatch {
        name: columns.parsed("name")?,
        site: columns.parsed::<SiteName>("site")?,
        plan: columns.parsed("plan")?,
        devices: columns.count("devices")?,
        until: columns.time("until")?,
        lasts: lasts.map(std::time::Duration::from_millis),
        made_at: columns.time("made_at")?,
        made_by: columns.text("made_by")?,
        reason: columns.text("reason")?,
        revoked: revocation(&columns)?,
    })
}

fn told(row: &AnyRow) -> Result<BatchTold, StoreError> {
    let columns = Columns(row);
    Ok(BatchTold {
        batch: batch(row)?,
        vouchers: columns.count("amount")?,
        used: columns.count("used")?,
        revoked: columns.count("withdrawn")?,
    })
}

fn voucher(row: &AnyRow) -> Result<Voucher, StoreError> {
    let columns = Columns(row);
    Ok(Voucher {
        serial: columns.count("serial")?,
        devices: columns.count("devices")?,
        first_used_at: columns.optional_time("first_used_at")?,
        revoked: revocation(&columns)?,
    })
}
