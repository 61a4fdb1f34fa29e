//! Pseudonyms in the place of hardware addresses: put there once what has them is old enough, and
//! looked for wherever something is asked for by a device's address.

use async_trait::async_trait;
use domain::{MacAddress, RecordsOfDevices, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::given::{Column, Given};
use super::identification;
use super::row::{Columns, id_column, mac_column};
use super::sessions::{self, ERASED_DEVICE, session};
use crate::{Pseudonyms, StoreError};

#[async_trait]
impl Pseudonyms for SqlStore {
    async fn hash_addresses(
        &self,
        of: RecordsOfDevices,
        before: Timestamp,
        most: u32,
    ) -> Result<u64, StoreError> {
        let mut transaction = match of {
            RecordsOfDevices::Sessions => self.begin_on_sessions().await?.0,
            _ => self.begin().await?,
        };
        let rows = self.rows_in_clear(&mut transaction, of, (before, most)).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        match of {
            RecordsOfDevices::Sessions => self.conceal_sessions(&mut transaction, &rows).await?,
            _ => self.hash_devices(&mut transaction, of, &rows).await?,
        }
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.commit_counted(transaction, count).await?;
        Ok(count)
    }
}

impl SqlStore {
    /// The columns as which a device may be kept: its address, or what stands for it.
    pub(super) fn device_columns(&self, device: MacAddress) -> Vec<Vec<u8>> {
        self.keys.names_of(device).into_iter().map(mac_column).collect()
    }

    /// Rows that are old enough, the oldest first, locked. Those that somebody else has locked are
    /// the next round's, so that neither waits for the other.
    async fn rows_in_clear(
        &self,
        transaction: &mut AnyConnection,
        of: RecordsOfDevices,
        (before, most): (Timestamp, u32),
    ) -> Result<Vec<AnyRow>, StoreError> {
        let (columns, age, is_over) = what_is_over(of);
        let statement = format!(
            "SELECT {columns} FROM {table} WHERE {age} < $1 AND {clear} AND device <> $2 \
             AND {is_over} ORDER BY {age} LIMIT $3{lock}",
            table = of.as_str(),
            clear = self.dialect.in_clear(),
            lock = self.dialect.for_update_skip_locked(),
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(before.as_millis())
            .bind(mac_column(ERASED_DEVICE))
            .bind(i64::from(most))
            .fetch_all(&mut *transaction)
            .await?;
        Ok(rows)
    }

    /// Puts pseudonyms into rows that were read.
    async fn hash_devices(
        &self,
        transaction: &mut AnyConnection,
        of: RecordsOfDevices,
        rows: &[AnyRow],
    ) -> Result<(), StoreError> {
        let mut hashed = Vec::with_capacity(rows.len());
        for row in rows {
            let pseudonym = self.keys.device_pseudonym(Columns(row).mac("device")?);
            hashed.push(mac_column(pseudonym));
        }
        let (key, keys) = match of {
            RecordsOfDevices::Visits => {
                let keys = rows.iter().map(|row| Columns(row).text("reference"));
                ("reference", Column::texts(keys.collect::<Result<Vec<_>, _>>()?.into_iter()))
            }
            _ => {
                let keys = rows.iter().map(|row| Columns(row).octets("id"));
                ("id", Column::octets(keys.collect::<Result<Vec<_>, _>>()?.into_iter()))
            }
        };
        let table = of.as_str();
        // Nobody else may be kept from beginning anew by one that nobody can go on with.
        let closed = match of {
            RecordsOfDevices::Challenges => {
                ", state = CASE state WHEN 'open' THEN 'abandoned' ELSE state END"
            }
            _ => "",
        };
        let columns = vec![keys, Column::octets(hashed.into_iter())];
        let given = Given { dialect: self.dialect, names: "wanted, hashed", columns };
        let statement = format!(
            "UPDATE {table} SET device = given.hashed{closed} FROM given WHERE {table}.{key} = given.wanted"
        );
        given.execute(transaction, &statement).await
    }

    /// The same for sessions, of which access points tell the address in other words, too.
    async fn conceal_sessions(
        &self,
        transaction: &mut AnyConnection,
        rows: &[AnyRow],
    ) -> Result<(), StoreError> {
        let mut concealed = Vec::with_capacity(rows.len());
        for row in rows {
            let mut session = session(row)?;
            session.conceal(self.keys.device_pseudonym(session.device));
            concealed.push(session);
        }
        let columns = vec![
            Column::octets(concealed.iter().map(|session| id_column(session.id))),
            Column::octets(concealed.iter().map(|session| mac_column(session.device))),
            Column::texts(concealed.iter().map(|session| session.acct_session_id.clone())),
            Column::texts(concealed.iter().map(|session| session.user_name.clone())),
            Column::Texts(
                concealed
                    .iter()
                    .map(|session| session.address.map(|address| address.to_string()))
                    .collect(),
            ),
            Column::Octets(
                concealed
                    .iter()
                    .map(|session| identification::column(&session.identification))
                    .collect(),
            ),
        ];
        let names = "wanted, hashed, called, by_user, placed, identified";
        let given = Given { dialect: self.dialect, names, columns };
        let statement = "UPDATE sessions SET device = given.hashed, \
             acct_session_id = given.called, user_name = given.by_user, address = given.placed, \
             identification = given.identified FROM given WHERE sessions.id = given.wanted";
        given.execute(transaction, statement).await
    }
}

/// The columns that are needed, how old a record is, and that it is over and not held.
const fn what_is_over(of: RecordsOfDevices) -> (&'static str, &'static str, &'static str) {
    match of {
        RecordsOfDevices::Visits => (
            "reference, device",
            "asked_at",
            "NOT EXISTS (SELECT 1 FROM legal_holds \
             JOIN devices ON devices.account = legal_holds.account \
             WHERE released_at IS NULL AND devices.mac = visits.device)",
        ),
        RecordsOfDevices::Challenges => (
            "id, device",
            "created_at",
            "NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL \
             AND legal_holds.phone_hash = challenges.phone_hash)",
        ),
        RecordsOfDevices::Credentials => (
            "id, device",
            "expires_at",
            "NOT EXISTS (SELECT 1 FROM legal_holds \
             JOIN grants ON grants.account = legal_holds.account \
             WHERE released_at IS NULL AND grants.id = credentials.grant_id)",
        ),
        RecordsOfDevices::Orders => (
            "id, device",
            "done_at",
            "done_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM legal_holds \
             JOIN sessions ON sessions.account = legal_holds.account \
             WHERE released_at IS NULL AND sessions.id = orders.session)",
        ),
        RecordsOfDevices::Sessions => (
            sessions::COLUMNS,
            "ended_at",
            "ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM legal_holds \
             WHERE released_at IS NULL AND legal_holds.account = sessions.account)",
        ),
        RecordsOfDevices::Grants => (
            "id, device",
            "COALESCE(ended_at, until)",
            "NOT EXISTS (SELECT 1 FROM sessions \
             WHERE sessions.grant_id = grants.id AND sessions.ended_at IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM legal_holds \
             WHERE released_at IS NULL AND legal_holds.account = grants.account)",
        ),
    }
}

/// That the device is one of so many values from that place on; nothing if there are none. Said so
/// only if it is asked for, an index serves.
pub(super) fn of_devices(first: usize, many: usize) -> String {
    if many == 0 { String::new() } else { format!(" AND device IN ({})", places(first, many)) }
}

/// So many values from that place on.
pub(super) fn places(first: usize, many: usize) -> String {
    let places: Vec<_> = (first..first + many).map(|place| format!("${place}")).collect();
    places.join(", ")
}
