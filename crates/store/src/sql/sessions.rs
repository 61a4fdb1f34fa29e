//! Sessions: look-ups, and the closing of those that a silent access point left behind.

use async_trait::async_trait;
use domain::{
    AccountId, GrantId, MacAddress, NasName, OctetBalance, Session, SessionEnd, SessionId,
    SessionState, SiteName, Speed, Timestamp,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe};

use super::SqlStore;
use super::given::{Column, Given};
use super::identification;
use super::pseudonyms::of_devices;
use super::row::{Columns, amount_column, id_column, mac_column};
use crate::{AccountUsage, Change, SessionFilter, Sessions, SessionsFrom, StoreError};

pub(super) const COLUMNS: &str = "id, nas, acct_session_id, device, user_name, address, grant_id, account, \
     started_at, updated_at, uploaded, downloaded, time, ended_at, ended_why, identification, speed";

/// The condition that a session has less because an office needs the network; an index says the same.
const YIELDING: &str = "speed IN ('yielding', 'reduced-yielding')";

/// Stands in for the device of a session whose person was erased.
pub(super) const ERASED_DEVICE: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 0]);

/// How many sessions a list has when nobody says.
const USUAL_LIMIT: u32 = 100;

#[async_trait]
impl Sessions for SqlStore {
    async fn list_sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError> {
        let nas = filter.nas.as_ref().map(|nas| nas.as_str().to_owned());
        let limit = if filter.limit == 0 { USUAL_LIMIT } else { filter.limit };
        let open = if filter.open_only { "ended_at IS NULL AND " } else { "" };
        let devices = filter.device.map(|device| self.device_columns(device)).unwrap_or_default();
        let statement = format!(
            "SELECT {COLUMNS} FROM sessions WHERE {open}($1 IS NULL OR nas = $1){} \
             ORDER BY started_at DESC LIMIT $2",
            of_devices(3, devices.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(nas).bind(i64::from(limit));
        for device in devices {
            query = query.bind(device);
        }
        let rows = query.fetch_all(&self.reader).await?;
        rows.iter().map(session).collect()
    }

    async fn list_sessions_from(&self, from: &SessionsFrom) -> Result<Vec<Session>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM sessions WHERE started_at >= $1 AND started_at < $2 \
             AND (started_at > $1 OR id > $3) ORDER BY started_at, id LIMIT $4"
        );
        let (since, after) = match from.after {
            Some((at, id)) if at >= from.since => (at, id_column(id)),
            Some(_) | None => (from.since, Vec::new()),
        };
        let until = from.until.map_or(i64::MAX, Timestamp::as_millis);
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(since.as_millis())
            .bind(until)
            .bind(after)
            .bind(i64::from(from.limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(session).collect()
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let rows = self.sessions_where("id = $1", |query| query.bind(id_column(id))).await?;
        Ok(rows.into_iter().next())
    }

    async fn find_open_session(
        &self,
        nas: &NasName,
        device: MacAddress,
    ) -> Result<Option<Session>, StoreError> {
        let condition =
            "nas = $1 AND device = $2 AND ended_at IS NULL ORDER BY updated_at DESC LIMIT 1";
        let rows = self.sessions_where(condition, |query| {
            query.bind(nas.as_str().to_owned()).bind(mac_column(device))
        });
        Ok(rows.await?.into_iter().next())
    }

    async fn find_open_session_by_address(
        &self,
        nas: &NasName,
        address: std::net::IpAddr,
    ) -> Result<Option<Session>, StoreError> {
        let condition =
            "nas = $1 AND address = $2 AND ended_at IS NULL ORDER BY updated_at DESC LIMIT 1";
        let rows = self.sessions_where(condition, |query| {
            query.bind(nas.as_str().to_owned()).bind(address.to_string())
        });
        Ok(rows.await?.into_iter().next())
    }

    async fn open_sessions_of_address(
        &self,
        address: std::net::IpAddr,
        most: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let condition = "address = $1 AND ended_at IS NULL ORDER BY updated_at DESC LIMIT $2";
        self.sessions_where(condition, |query| {
            query.bind(address.to_string()).bind(i64::from(most))
        })
        .await
    }

    async fn open_sessions_of_accounts(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Session)>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM sessions \
             WHERE account IN (SELECT wanted FROM given) AND ended_at IS NULL"
        );
        let columns = vec![Column::octets(accounts.iter().copied().map(id_column))];
        let given = Given { dialect: self.dialect, names: "wanted", columns };
        let rows = self.read_given(&given, &statement).await?;
        rows.iter().map(|row| Ok((Columns(row).id("account")?, session(row)?))).collect()
    }

    async fn open_sessions_of_grant(&self, grant: GrantId) -> Result<Vec<Session>, StoreError> {
        self.sessions_where("grant_id = $1 AND ended_at IS NULL", |query| {
            query.bind(id_column(grant))
        })
        .await
    }

    async fn count_open_sessions(&self, site: &SiteName) -> Result<u32, StoreError> {
        let statement = "SELECT COUNT(*) AS open FROM sessions \
             JOIN access_points ON access_points.name = sessions.nas \
             WHERE access_points.site = $1 AND sessions.ended_at IS NULL";
        let row =
            sqlx::query(statement).bind(site.as_str().to_owned()).fetch_one(&self.reader).await?;
        Columns(&row).count("open")
    }

    async fn devices_online_at(&self, site: &SiteName) -> Result<Vec<MacAddress>, StoreError> {
        let statement = "SELECT sessions.device AS device FROM sessions \
             JOIN access_points ON access_points.name = sessions.nas \
             WHERE access_points.site = $1 AND sessions.ended_at IS NULL";
        let rows =
            sqlx::query(statement).bind(site.as_str().to_owned()).fetch_all(&self.reader).await?;
        rows.iter().map(|row| Columns(row).mac("device")).collect()
    }

    async fn list_unyielding(&self, site: &SiteName) -> Result<Vec<Session>, StoreError> {
        let condition = format!(
            "nas IN (SELECT name FROM access_points WHERE site = $1) AND ended_at IS NULL \
             AND NOT ({YIELDING}) ORDER BY uploaded + downloaded DESC"
        );
        self.sessions_where(&condition, |query| query.bind(site.as_str().to_owned())).await
    }

    async fn list_yielding(&self) -> Result<Vec<Session>, StoreError> {
        let condition =
            format!("ended_at IS NULL AND {YIELDING} ORDER BY uploaded + downloaded DESC");
        self.sessions_where(&condition, |query| query).await
    }

    async fn last_report_at(&self, site: &SiteName) -> Result<Option<Timestamp>, StoreError> {
        let statement = "SELECT MAX(updated_at) AS at FROM sessions \
             WHERE nas IN (SELECT name FROM access_points WHERE site = $1) AND ended_at IS NULL";
        let row =
            sqlx::query(statement).bind(site.as_str().to_owned()).fetch_one(&self.reader).await?;
        Columns(&row).optional_time("at")
    }

    async fn accounts_online(&self) -> Result<Vec<AccountId>, StoreError> {
        let statement =
            "SELECT DISTINCT account FROM sessions WHERE ended_at IS NULL AND account IS NOT NULL";
        let rows = sqlx::query(statement).fetch_all(&self.reader).await?;
        rows.iter().map(|row| Columns(row).id("account")).collect()
    }

    async fn octet_balance(
        &self,
        nas: &NasName,
        since: Timestamp,
    ) -> Result<OctetBalance, StoreError> {
        let statement = "SELECT COUNT(*) AS stays, \
             COUNT(CASE WHEN uploaded > downloaded THEN 1 END) AS uploading \
             FROM (SELECT uploaded, downloaded FROM sessions \
             WHERE nas = $1 AND started_at >= $2 AND (uploaded >= $3 OR downloaded >= $3) \
             ORDER BY started_at DESC LIMIT $4) AS latest";
        let row = sqlx::query(statement)
            .bind(nas.as_str().to_owned())
            .bind(since.as_millis())
            .bind(amount_column(OctetBalance::LEAST_OCTETS))
            .bind(i64::from(OctetBalance::MOST_STAYS))
            .fetch_one(&self.reader)
            .await?;
        let columns = Columns(&row);
        Ok(OctetBalance { stays: columns.count("stays")?, uploading: columns.count("uploading")? })
    }

    async fn close_stale_sessions(
        &self,
        silent_since: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        // Looked for without keeping any writer away: mostly there is none.
        let silent =
            "SELECT COUNT(*) AS count FROM sessions WHERE ended_at IS NULL AND updated_at < $1";
        let row =
            sqlx::query(silent).bind(silent_since.as_millis()).fetch_one(&self.reader).await?;
        if Columns(&row).integer("count")? == 0 {
            return Ok(Vec::new());
        }
        let statement = format!(
            "UPDATE sessions SET ended_at = $1, ended_why = $2 \
             WHERE ended_at IS NULL AND updated_at < $3 RETURNING {COLUMNS}"
        );
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(at.as_millis())
            .bind(end_name(SessionEnd::Stale))
            .bind(silent_since.as_millis())
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mut accounts = Vec::new();
        for row in &rows {
            accounts.extend(Columns(row).optional_id("account")?.map(AccountUsage::none));
        }
        if !accounts.is_empty() {
            self.publish(Change::Usage(accounts)).await;
        }
        rows.iter().map(session).collect()
    }

    async fn prune_sessions(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM sessions WHERE ended_at IS NOT NULL AND started_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL AND legal_holds.account = sessions.account)";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

impl SqlStore {
    async fn sessions_where<'q>(
        &self,
        condition: &str,
        bind: impl FnOnce(Query<'q>) -> Query<'q> + Send,
    ) -> Result<Vec<Session>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM sessions WHERE {condition}");
        let rows = bind(sqlx::query(AssertSqlSafe(statement))).fetch_all(&self.reader).await?;
        rows.iter().map(session).collect()
    }
}

/// The end's name in its column.
pub(super) fn end_name(end: SessionEnd) -> String {
    match end {
        SessionEnd::Reported(cause) => format!("reported:{cause}"),
        SessionEnd::NasRestarted => "nas-restarted".to_owned(),
        SessionEnd::Stale => "stale".to_owned(),
    }
}

fn end_of_name(name: &str) -> Option<SessionEnd> {
    match name {
        "nas-restarted" => Some(SessionEnd::NasRestarted),
        "stale" => Some(SessionEnd::Stale),
        other => other.strip_prefix("reported:")?.parse().ok().map(SessionEnd::Reported),
    }
}

pub(super) fn session(row: &AnyRow) -> Result<Session, StoreError> {
    let columns = Columns(row);
    let why = columns.optional_text("ended_why")?;
    let state = match columns.optional_time("ended_at")? {
        None => SessionState::Open,
        Some(at) => {
            let end = why.as_deref().and_then(end_of_name);
            SessionState::Stopped {
                at,
                end: end.ok_or(StoreError::Corrupt { what: "end of a session" })?,
            }
        }
    };
    let address = columns.optional_text("address")?.map(|text| text.parse()).transpose();
    Ok(Session {
        id: columns.id("id")?,
        nas: columns.parsed("nas")?,
        acct_session_id: columns.text("acct_session_id")?,
        device: columns.mac("device")?,
        user_name: columns.text("user_name")?,
        address: address.map_err(|_| StoreError::Corrupt { what: "address" })?,
        grant: columns.optional_id("grant_id")?,
        started_at: columns.time("started_at")?,
        updated_at: columns.time("updated_at")?,
        usage: columns.usage()?,
        state,
        identification: identification::of_column(columns.optional_octets("identification")?)?,
        speed: Speed::from_name(&columns.text("speed")?)
            .ok_or(StoreError::Corrupt { what: "speed of a session" })?,
    })
}
