//! Many rows in one statement, the same text for both databases but for the places of values.

use std::collections::BTreeSet;

use domain::{AccountId, Day, GrantId, SessionState, Usage};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::fold::Entry;
use crate::StoreError;
use crate::sql::dialect::Dialect;
use crate::sql::identification;
use crate::sql::row::{amount_column, duration_column, id_column, mac_column};
use crate::sql::sessions::{COLUMNS, end_name};

/// Rows in one statement; SQLite takes 32,766 values and a session has seventeen.
pub(super) const ROWS: usize = 500;

/// Rows of `statement IN (values)`, a few hundred values at a time.
pub(super) async fn rows_in(
    transaction: &mut Transaction<'_, Any>,
    dialect: Dialect,
    statement: &str,
    values: BTreeSet<Vec<u8>>,
) -> Result<Vec<AnyRow>, StoreError> {
    let values: Vec<_> = values.into_iter().collect();
    let mut found = Vec::with_capacity(values.len());
    for chunk in values.chunks(ROWS) {
        let text = format!("{statement} IN {}", places(dialect, 1, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in chunk {
            query = query.bind(value.clone());
        }
        found.extend(query.fetch_all(&mut **transaction).await?);
    }
    Ok(found)
}

/// `($1, $2), ($3, $4) …` for so many rows of so many columns.
fn places(dialect: Dialect, rows: usize, columns: usize) -> String {
    let row = |number: usize| {
        let places: Vec<String> =
            (1..=columns).map(|column| dialect.place(number * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

pub(super) async fn write_sessions(
    transaction: &mut Transaction<'_, Any>,
    dialect: Dialect,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO sessions ({COLUMNS}) VALUES {} ON CONFLICT (id) DO UPDATE SET address = excluded.address, \
         grant_id = excluded.grant_id, account = excluded.account, updated_at = excluded.updated_at, \
         uploaded = excluded.uploaded, downloaded = excluded.downloaded, time = excluded.time, \
         ended_at = excluded.ended_at, ended_why = excluded.ended_why, \
         identification = excluded.identification",
        places(dialect, entries.len(), 17)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for entry in entries {
        let session = &entry.session;
        let (ended_at, ended_why) = match session.state {
            SessionState::Open => (None, None),
            SessionState::Stopped { at, end } => (Some(at.as_millis()), Some(end_name(end))),
        };
        query = query
            .bind(id_column(session.id))
            .bind(session.nas.as_str().to_owned())
            .bind(session.acct_session_id.clone())
            .bind(mac_column(session.device))
            .bind(session.user_name.clone())
            .bind(session.address.map(|address| address.to_string()))
            .bind(session.grant.map(id_column))
            .bind(entry.account.map(id_column))
            .bind(session.started_at.as_millis())
            .bind(session.updated_at.as_millis())
            .bind(amount_column(session.usage.uploaded.get()))
            .bind(amount_column(session.usage.downloaded.get()))
            .bind(duration_column(session.usage.time))
            .bind(ended_at)
            .bind(ended_why)
            .bind(identification::column(&session.identification))
            .bind(session.speed.as_str());
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

pub(super) async fn write_days(
    transaction: &mut Transaction<'_, Any>,
    dialect: Dialect,
    days: &[(&(AccountId, Day), &Usage)],
) -> Result<(), StoreError> {
    let [uploaded, downloaded, time] = ["uploaded", "downloaded", "time"]
        .map(|column| sum(&format!("usage_days.{column}"), &format!("excluded.{column}")));
    let statement = format!(
        "INSERT INTO usage_days (account, day, uploaded, downloaded, time) VALUES {} \
         ON CONFLICT (account, day) DO UPDATE SET uploaded = {uploaded}, \
         downloaded = {downloaded}, time = {time}",
        places(dialect, days.len(), 5)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for ((account, day), used) in days {
        query = query
            .bind(id_column(*account))
            .bind(i64::from(day.epoch_days()))
            .bind(amount_column(used.uploaded.get()))
            .bind(amount_column(used.downloaded.get()))
            .bind(duration_column(used.time));
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// Adds usage to grants. Their rows are locked in the order of their ids, as signing in does,
/// so that the two never wait for each other.
pub(super) async fn write_grants(
    transaction: &mut Transaction<'_, Any>,
    dialect: Dialect,
    grants: &[(&GrantId, &Usage)],
) -> Result<(), StoreError> {
    let (ids, lock) = (places(dialect, 1, grants.len()), dialect.for_update());
    let statement = format!("SELECT id FROM grants WHERE id IN {ids} ORDER BY id{lock}");
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (grant, _) in grants {
        query = query.bind(id_column(**grant));
    }
    query.fetch_all(&mut **transaction).await?;
    let statement = format!(
        "UPDATE grants SET uploaded = {}, downloaded = {}, time = {} \
         FROM (VALUES {}) AS used WHERE grants.id = used.column1",
        sum("grants.uploaded", "used.column2"),
        sum("grants.downloaded", "used.column3"),
        sum("grants.time", "used.column4"),
        places(dialect, grants.len(), 4)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (grant, used) in grants {
        query = query
            .bind(id_column(**grant))
            .bind(amount_column(used.uploaded.get()))
            .bind(amount_column(used.downloaded.get()))
            .bind(duration_column(used.time));
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// The sum of two columns that stops at the largest number instead of overflowing, so that a
/// mad counter spoils one total and never a batch.
fn sum(one: &str, other: &str) -> String {
    let most = i64::MAX;
    format!("CASE WHEN {one} > {most} - {other} THEN {most} ELSE {one} + {other} END")
}
