//! Accounts: signing in, everything kept about a person, and destroying it.

use async_trait::async_trait;
use domain::{
    Account, AccountId, Day, Device, Grant, GrantEnd, GrantState, Identity, MacAddress,
    OrderReason, PlanName, Timestamp, Usage, VisitRecord,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Executor};

use super::SqlStore;
use super::consents::{self, consent, record_consents};
use super::dialect::Lock;
use super::erasure_requests;
use super::grants::{self, end_grant_row, grant, insert_grant, order_off};
use super::holds::refuse_held;
use super::row::{Columns, id_column, mac_column};
use super::script::Script;
use super::sessions::{self, ERASED_DEVICE};
use super::{visits, vouchers};
use crate::sealed::Seal;
use crate::{
    AccountRecord, Accounts, ChallengesOf, Change, Histories, LegalHolds, PersonalData, SignIn,
    SignInOutcome, StoreError,
};

/// Sessions of a person that are shown, and rows of a kind that are brought at most.
const USUAL_SESSIONS: u32 = 100;
const MOST_ROWS: u32 = 10_000;
const COLUMNS: &str = "id, identity, created_at, verified_at";
/// That an account was not used since `$1`.
const UNUSED: &str = "verified_at < $1 \
     AND NOT EXISTS (SELECT 1 FROM grants WHERE account = accounts.id AND until >= $1) \
     AND NOT EXISTS (SELECT 1 FROM sessions WHERE account = accounts.id \
                     AND (ended_at IS NULL OR updated_at >= $1)) \
     AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL \
                     AND legal_holds.account = accounts.id)";

#[async_trait]
impl Accounts for SqlStore {
    async fn sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError> {
        let mut transaction = self.begin().await?;
        let mut script = self.script();
        let outcome = self.sign_in_within(&mut transaction, &mut script, sign_in).await?;
        script.execute(&mut transaction).await?;
        transaction.commit().await?;
        self.publish_sign_in(&outcome).await;
        Ok(outcome)
    }

    async fn sign_in_once(
        &self,
        sign_in: &SignIn,
        visit: &VisitRecord,
        since: Timestamp,
    ) -> Result<Option<SignInOutcome>, StoreError> {
        let Grant { device, plan, .. } = &sign_in.grant;
        let mut transaction = self.begin().await?;
        if let Some(lock) = self.dialect.lock([Lock::of_device(*device)]) {
            transaction.execute(AssertSqlSafe(lock)).await?;
        }
        let look = self.let_in(*device, plan, since);
        let [found] = look.fetch_each(&mut transaction).await?;
        if !found.is_empty() {
            return Ok(None);
        }
        let mut script = self.script();
        visits::record(&mut script, visit);
        let outcome = self.sign_in_within(&mut transaction, &mut script, sign_in).await?;
        script.execute(&mut transaction).await?;
        transaction.commit().await?;
        self.publish_sign_in(&outcome).await;
        Ok(Some(outcome))
    }

    async fn was_let_in(
        &self,
        device: MacAddress,
        plan: &PlanName,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let [found] = self.read(self.let_in(device, plan, since)).await?;
        Ok(!found.is_empty())
    }

    async fn find_account(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM accounts WHERE identity_hash = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.keys.identity_hash(identity))
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| self.account(row)).transpose()
    }

    async fn account_record(
        &self,
        account: AccountId,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM accounts WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(account))
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        self.record_of(&row, account, USUAL_SESSIONS).await.map(Some)
    }

    async fn personal_data(&self, account: AccountId) -> Result<Option<PersonalData>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM accounts WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(account))
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = self.record_of(&row, account, MOST_ROWS).await?;
        let usage = "SELECT day, uploaded, downloaded, time FROM usage_days WHERE account = $1 \
             ORDER BY day DESC";
        let (of_account, ever) = (ChallengesOf::Account(account), Timestamp::from_millis(0));
        let challenges = self.list_challenges(&of_account, ever, MOST_ROWS).await?;
        Ok(Some(PersonalData {
            usage: self.rows_of(usage.into(), account, usage_of_day).await?,
            visits: self.visits_of(account).await?,
            challenges,
            record,
        }))
    }

    async fn retire_device(
        &self,
        account: AccountId,
        device: MacAddress,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let lock = self.dialect.for_update();
        // Device before grants, grants by id: the order in which signing in locks them.
        let statement = format!("SELECT mac FROM devices WHERE mac = $1 AND account = $2{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(mac_column(device))
            .bind(id_column(account))
            .fetch_optional(&mut *transaction)
            .await?;
        if row.is_none() {
            return Ok(false);
        }
        let statement = format!(
            "SELECT id FROM grants WHERE device = $1 AND account = $2 AND ended_at IS NULL \
             ORDER BY id{lock}"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(mac_column(device))
            .bind(id_column(account))
            .fetch_all(&mut *transaction)
            .await?;
        for row in &rows {
            let grant = Columns(row).id("id")?;
            end_grant_row(&mut transaction, grant, GrantEnd::GivenUp, at).await?;
            let (dialect, reason) = (self.dialect, OrderReason::DeviceRetired);
            order_off(&mut transaction, dialect, grant, reason, at).await?;
        }
        let statement = "DELETE FROM devices WHERE mac = $1 AND NOT EXISTS (SELECT 1 FROM legal_holds \
             WHERE released_at IS NULL AND legal_holds.account = devices.account)";
        sqlx::query(statement).bind(mac_column(device)).execute(&mut *transaction).await?;
        self.commit(transaction).await?;
        self.publish(Change::Grant(device)).await;
        self.publish(Change::Order).await;
        Ok(true)
    }

    async fn usage_of_day(&self, account: AccountId, day: Day) -> Result<Usage, StoreError> {
        let row = sqlx::query(
            "SELECT uploaded, downloaded, time FROM usage_days WHERE account = $1 AND day = $2",
        )
        .bind(id_column(account))
        .bind(i64::from(day.epoch_days()))
        .fetch_optional(&self.reader)
        .await?;
        row.map_or(Ok(Usage::default()), |row| Columns(&row).usage())
    }

    async fn erase_account(&self, account: AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let lock = self.dialect.for_update();
        let row = sqlx::query("SELECT identity_hash FROM accounts WHERE id = $1")
            .bind(id_column(account))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let identity_hash = Columns(&row).octets("identity_hash")?;
        // Challenges and vouchers before the account: the order in which a code that wins locks them.
        // Many of them by their ids, as who writes down what gateways took.
        for table in ["challenges", "messages"] {
            for statement in [
                format!("SELECT id FROM {table} WHERE phone_hash = $1 ORDER BY id{lock}"),
                format!("DELETE FROM {table} WHERE phone_hash = $1"),
            ] {
                let statement = sqlx::query(AssertSqlSafe(statement)).bind(identity_hash.clone());
                statement.execute(&mut *transaction).await?;
            }
        }
        vouchers::lock_of_account(&mut transaction, self.dialect, account).await?;
        let statement = format!("SELECT id FROM accounts WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(account))
            .fetch_optional(&mut *transaction)
            .await?;
        if row.is_none() {
            return Ok(false);
        }
        refuse_held(&mut transaction, account).await?;
        let macs = self.devices_of(&mut transaction, account).await?;
        self.note_erasure(&mut transaction, account, now).await?;
        erasure_requests::finish(&mut transaction, account, now).await?;
        vouchers::forget_account(&mut transaction, account, now).await?;
        self.forget_visits(&mut transaction, &macs).await?;
        // Device before grants, grants by id: the order in which signing in locks them.
        for statement in [
            "DELETE FROM devices WHERE account = $1",
            &format!("SELECT id FROM grants WHERE account = $1 ORDER BY id{lock}"),
            "DELETE FROM credentials WHERE grant_id IN (SELECT id FROM grants WHERE account = $1)",
            "DELETE FROM grants WHERE account = $1",
            "DELETE FROM consents WHERE account = $1",
            "DELETE FROM usage_days WHERE account = $1",
            "DELETE FROM legal_holds WHERE account = $1",
            "DELETE FROM accounts WHERE id = $1",
        ] {
            sqlx::query(AssertSqlSafe(statement))
                .bind(id_column(account))
                .execute(&mut *transaction)
                .await?;
        }
        let statement = "UPDATE sessions SET account = NULL, grant_id = NULL, device = $1, \
                         user_name = '', address = NULL, identification = NULL WHERE account = $2";
        sqlx::query(statement)
            .bind(mac_column(ERASED_DEVICE))
            .bind(id_column(account))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        for mac in macs {
            self.publish(Change::Grant(mac)).await;
        }
        self.publish(Change::Erased).await;
        Ok(true)
    }

    async fn list_unused_accounts(
        &self,
        before: Timestamp,
        most: u32,
    ) -> Result<Vec<AccountId>, StoreError> {
        let statement =
            format!("SELECT id FROM accounts WHERE {UNUSED} ORDER BY verified_at LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(before.as_millis())
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| Columns(row).id("id")).collect()
    }

    async fn part_with_numbers(&self, before: Timestamp) -> Result<u64, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let of_number = format!(
            "{UNUSED} AND identity_hash <> id \
             AND NOT EXISTS (SELECT 1 FROM vouchers WHERE account = accounts.id)"
        );
        // Challenges before accounts: the order in which a code that wins locks them.
        for table in ["challenges", "messages"] {
            let theirs = format!(
                "created_at < $1 AND phone_hash IN \
                 (SELECT identity_hash FROM accounts WHERE {of_number})"
            );
            let lock = self.dialect.for_update();
            for statement in [
                format!("SELECT id FROM {table} WHERE {theirs} ORDER BY id{lock}"),
                format!(
                    "UPDATE {table} SET phone_hash = (SELECT id FROM accounts \
                     WHERE identity_hash = {table}.phone_hash) WHERE {theirs}"
                ),
            ] {
                let statement = sqlx::query(AssertSqlSafe(statement)).bind(before.as_millis());
                statement.execute(&mut *transaction).await?;
            }
        }
        // No number has that hash, which is shorter, and no other account.
        let statement = format!("UPDATE accounts SET identity_hash = id WHERE {of_number}");
        self.destroy(transaction, AssertSqlSafe(statement), before.as_millis()).await
    }

    async fn prune_usage(&self, before: Day) -> Result<u64, StoreError> {
        let statement = "DELETE FROM usage_days WHERE day < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL AND legal_holds.account = usage_days.account)";
        self.destroy(self.begin().await?, statement, i64::from(before.epoch_days())).await
    }
}

impl SqlStore {
    /// Everything that hangs on an account, with so many of its sessions.
    async fn record_of(
        &self,
        row: &AnyRow,
        account: AccountId,
        sessions_at_most: u32,
    ) -> Result<AccountRecord, StoreError> {
        let devices = "SELECT mac, account, language, first_seen, last_seen FROM devices WHERE account = $1 \
                       ORDER BY last_seen DESC";
        let consents = format!(
            "SELECT {} FROM consents WHERE account = $1 ORDER BY given_at DESC, purpose",
            consents::COLUMNS
        );
        let grants = format!(
            "SELECT {} FROM grants WHERE account = $1 ORDER BY issued_at DESC",
            grants::COLUMNS
        );
        let sessions = format!(
            "SELECT {} FROM sessions WHERE account = $1 ORDER BY started_at DESC LIMIT {}",
            sessions::COLUMNS,
            sessions_at_most
        );
        Ok(AccountRecord {
            account: self.account(row)?,
            devices: self.rows_of(devices.into(), account, device).await?,
            grants: self.rows_of(grants, account, grant).await?,
            consents: self.rows_of(consents, account, consent).await?,
            sessions: self.rows_of(sessions, account, sessions::session).await?,
            holds: self.list_holds(account).await?,
        })
    }

    /// Finds a row if the device was let in on that plan since then.
    fn let_in(&self, device: MacAddress, plan: &PlanName, since: Timestamp) -> Script {
        let mut script = self.script();
        script
            .add("SELECT 1 AS one FROM grants WHERE device = $1 AND plan = $2 AND issued_at > $3 LIMIT 1")
            .bind(mac_column(device))
            .bind(plan.as_str().to_owned())
            .bind(since.as_millis());
        script
    }

    /// Makes a grant for an identity, with all that belongs to it; what is only to be written is added
    /// to `script`, which must be done in the same transaction.
    pub(super) async fn sign_in_within(
        &self,
        transaction: &mut AnyConnection,
        script: &mut Script,
        sign_in: &SignIn,
    ) -> Result<SignInOutcome, StoreError> {
        let mut look = self.script();
        self.find_to_sign_in(&mut look, sign_in);
        let found = look.fetch(transaction).await?;
        self.sign_in_with(transaction, script, sign_in, found).await
    }

    /// The same for what [`find_to_sign_in`](Self::find_to_sign_in) found.
    pub(super) async fn sign_in_with(
        &self,
        transaction: &mut AnyConnection,
        script: &mut Script,
        sign_in: &SignIn,
        found: Vec<Vec<AnyRow>>,
    ) -> Result<SignInOutcome, StoreError> {
        let mut found = found.into_iter();
        let account = found.next().unwrap_or_default();
        let account = Columns(account.first().ok_or(sqlx::Error::RowNotFound)?);
        let live = account.count("live")?;
        let account: AccountId = account.id("id")?;
        let grants = match found.next() {
            Some(grants) => grants,
            // Who is made by this very change has no grant that anybody else could have made.
            None if account == sign_in.new_account && live == 0 => Vec::new(),
            None => {
                let mut look = self.script();
                self.find_live(&mut look, sign_in);
                let [grants] = look.fetch_each(transaction).await?;
                grants
            }
        };
        let grants = grants.iter().map(grant).collect::<Result<Vec<_>, _>>()?;
        let granted = Grant { account, ..sign_in.grant.clone() };
        remember_device(script, sign_in, account);
        record_consents(script, sign_in, account);
        let retired = self.make_room(transaction, &granted, grants, sign_in.devices).await?;
        insert_grant(script, &granted);
        Ok(SignInOutcome { grant: granted, retired })
    }

    /// Tells of a grant after its commit.
    pub(super) async fn publish_sign_in(&self, outcome: &SignInOutcome) {
        let grants = outcome.retired.iter().chain([&outcome.grant]);
        let orders = (!outcome.retired.is_empty()).then_some(Change::Order);
        self.publish_all(grants.map(|grant| Change::Grant(grant.device)).chain(orders)).await;
    }

    /// The account of an identity is there from now on, with how many grants are live of the device;
    /// and what [`find_live`](Self::find_live) finds, where that takes no trip of its own. By a statement
    /// of its own it must be: two devices of one person see each other's grants only once the account
    /// is locked.
    pub(super) fn find_to_sign_in(&self, script: &mut Script, sign_in: &SignIn) {
        // Two devices of one person may sign in at the same time: the identity decides.
        let known = "ON CONFLICT (identity_hash) DO UPDATE SET verified_at = excluded.verified_at \
             RETURNING id, (SELECT COUNT(*) FROM grants WHERE device = $5 AND ended_at IS NULL) AS live";
        self.insert_account(script, sign_in, known).bind(mac_column(sign_in.grant.device));
        if script.is_one_trip() {
            self.find_live(script, sign_in);
        }
    }

    /// All that a person gets who was never here, with a device that nobody has a grant of; it fails if
    /// the person is there.
    pub(super) fn take_in(&self, script: &mut Script, sign_in: &SignIn) {
        self.insert_account(script, sign_in, "");
        remember_device(script, sign_in, sign_in.new_account);
        record_consents(script, sign_in, sign_in.new_account);
        insert_grant(script, &sign_in.grant);
    }

    /// One statement of four values: an account, and what is done if the identity has one.
    fn insert_account<'s>(
        &self,
        script: &'s mut Script,
        sign_in: &SignIn,
        known: &str,
    ) -> &'s mut Script {
        let into = "accounts (id, identity, identity_hash, created_at, verified_at)";
        script
            .insert(into, "$1, $2, $3, $4, $4", known)
            .bind(id_column(sign_in.new_account))
            .bind(self.keys.seal(Seal::Phone, &sign_in.identity.expose()))
            .bind(self.keys.identity_hash(&sign_in.identity))
            .bind(sign_in.grant.issued_at.as_millis())
    }

    /// One statement: the grants that are live of the device or the account are locked, in the order of
    /// their ids as rivals for a device and accounting do.
    fn find_live(&self, script: &mut Script, sign_in: &SignIn) {
        let statement = format!(
            "SELECT {} FROM grants WHERE ended_at IS NULL AND (device = $1 OR account = \
             (SELECT id FROM accounts WHERE identity_hash = $2)) ORDER BY id{}",
            grants::COLUMNS,
            self.dialect.for_update()
        );
        script
            .add(&statement)
            .bind(mac_column(sign_in.grant.device))
            .bind(self.keys.identity_hash(&sign_in.identity));
    }

    /// Ends those of the grants that are the device's own, and of the account's the oldest beyond its
    /// number of devices; returns the latter.
    async fn make_room(
        &self,
        transaction: &mut AnyConnection,
        granted: &Grant,
        grants: Vec<Grant>,
        devices: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let now = granted.issued_at;
        let (own, others): (Vec<_>, Vec<_>) =
            grants.into_iter().partition(|grant| grant.device == granted.device);
        if !own.is_empty() {
            let statement = "UPDATE grants SET ended_at = $1, ended_why = $2 WHERE device = $3 AND ended_at IS NULL";
            sqlx::query(statement)
                .bind(now.as_millis())
                .bind(GrantEnd::Replaced.as_str())
                .bind(mac_column(granted.device))
                .execute(&mut *transaction)
                .await?;
        }
        let mut others: Vec<_> = others.into_iter().filter(|grant| grant.until > now).collect();
        others.sort_by_key(|grant| std::cmp::Reverse(grant.issued_at));
        let kept = usize::try_from(devices.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut retired = others.split_off(kept.min(others.len()));
        for grant in &mut retired {
            end_grant_row(transaction, grant.id, GrantEnd::DeviceRetired, now).await?;
            order_off(transaction, self.dialect, grant.id, OrderReason::DeviceRetired, now).await?;
            grant.state = GrantState::Ended { at: now, why: GrantEnd::DeviceRetired };
        }
        Ok(retired)
    }

    async fn devices_of(
        &self,
        transaction: &mut AnyConnection,
        account: AccountId,
    ) -> Result<Vec<MacAddress>, StoreError> {
        let rows = sqlx::query("SELECT mac FROM devices WHERE account = $1")
            .bind(id_column(account))
            .fetch_all(&mut *transaction)
            .await?;
        rows.iter().map(|row| Columns(row).mac("mac")).collect()
    }

    async fn rows_of<T>(
        &self,
        statement: String,
        account: AccountId,
        read: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(account))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Decrypts what an account is known by.
    fn identity(&self, sealed: &[u8]) -> Result<Identity, StoreError> {
        let text = self.keys.open(Seal::Phone, sealed)?;
        text.parse().map_err(|_| StoreError::Corrupt { what: "identity" })
    }

    fn account(&self, row: &AnyRow) -> Result<Account, StoreError> {
        let columns = Columns(row);
        Ok(Account {
            id: columns.id("id")?,
            identity: self.identity(&columns.octets("identity")?)?,
            created_at: columns.time("created_at")?,
            verified_at: columns.time("verified_at")?,
        })
    }
}

fn remember_device(script: &mut Script, sign_in: &SignIn, account: AccountId) {
    let known = "ON CONFLICT (mac) DO UPDATE SET \
         first_seen = CASE WHEN devices.account = excluded.account THEN devices.first_seen \
                           ELSE excluded.first_seen END, \
         account = excluded.account, language = excluded.language, last_seen = excluded.last_seen";
    script
        .insert(
            "devices (mac, account, language, first_seen, last_seen)",
            "$1, $2, $3, $4, $4",
            known,
        )
        .bind(mac_column(sign_in.grant.device))
        .bind(id_column(account))
        .bind(sign_in.language.as_str())
        .bind(sign_in.grant.issued_at.as_millis());
}

fn usage_of_day(row: &AnyRow) -> Result<(Day, Usage), StoreError> {
    let columns = Columns(row);
    let day = i32::try_from(columns.integer("day")?);
    let day = day.map_err(|_| StoreError::Corrupt { what: "day" })?;
    Ok((Day::from_epoch_days(day), columns.usage()?))
}

fn device(row: &AnyRow) -> Result<Device, StoreError> {
    let columns = Columns(row);
    Ok(Device {
        mac: columns.mac("mac")?,
        account: columns.id("account")?,
        language: columns.parsed("language")?,
        first_seen: columns.time("first_seen")?,
        last_seen: columns.time("last_seen")?,
    })
}
