//! What a batch writes: sessions, days and grants, each kind in as few statements as can be.
//!
//! A session that goes on changes its counters alone, and these stand in no index: that is most
//! of what accounting tells.

use std::collections::BTreeMap;

use domain::{AccountId, Day, GrantId, SessionState, Usage};
use sqlx::AnyConnection;

use super::fold::Entry;
use crate::StoreError;
use crate::sql::dialect::Dialect;
use crate::sql::given::{Column, Given};
use crate::sql::identification;
use crate::sql::row::{amount_column, duration_column, id_column, mac_column};
use crate::sql::sessions::{COLUMNS, end_name};

/// Writes the counters of sessions that go on.
pub(super) async fn write_counters(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let names = "id, updated_at, uploaded, downloaded, time";
    let given = Given { dialect, names, columns: counters(entries) };
    let statement = "UPDATE sessions SET updated_at = given.updated_at, \
         uploaded = given.uploaded, downloaded = given.downloaded, time = given.time \
         FROM given WHERE sessions.id = given.id";
    given.execute(transaction, statement).await
}

/// Writes counters and end of sessions that are over.
pub(super) async fn write_ends(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let names = "id, updated_at, uploaded, downloaded, time, ended_at, ended_why";
    let mut columns = counters(entries);
    columns.extend(ends(entries));
    let statement = "UPDATE sessions SET updated_at = given.updated_at, \
         uploaded = given.uploaded, downloaded = given.downloaded, time = given.time, \
         ended_at = given.ended_at, ended_why = given.ended_why \
         FROM given WHERE sessions.id = given.id";
    Given { dialect, names, columns }.execute(transaction, statement).await
}

/// Writes sessions that are new, or changed in any other way.
pub(super) async fn write_sessions(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let sessions = || entries.iter().map(|entry| &entry.session);
    let mut columns = vec![
        Column::octets(sessions().map(|session| id_column(session.id))),
        Column::texts(sessions().map(|session| session.nas.as_str().to_owned())),
        Column::texts(sessions().map(|session| session.acct_session_id.clone())),
        Column::octets(sessions().map(|session| mac_column(session.device))),
        Column::texts(sessions().map(|session| session.user_name.clone())),
        Column::Texts(
            sessions().map(|session| session.address.map(|address| address.to_string())).collect(),
        ),
        Column::Octets(sessions().map(|session| session.grant.map(id_column)).collect()),
        Column::Octets(entries.iter().map(|entry| entry.account.map(id_column)).collect()),
        Column::numbers(sessions().map(|session| session.started_at.as_millis())),
    ];
    columns.extend(counters(entries).into_iter().skip(1));
    columns.extend(ends(entries));
    columns.push(Column::Octets(
        sessions().map(|session| identification::column(&session.identification)).collect(),
    ));
    columns.push(Column::texts(sessions().map(|session| session.speed.as_str().to_owned())));
    let given = Given { dialect, names: COLUMNS, columns };
    let statement = format!(
        "INSERT INTO sessions ({COLUMNS}) SELECT {COLUMNS} FROM given WHERE TRUE \
         ON CONFLICT (id) DO UPDATE SET address = excluded.address, \
         grant_id = excluded.grant_id, account = excluded.account, updated_at = excluded.updated_at, \
         uploaded = excluded.uploaded, downloaded = excluded.downloaded, time = excluded.time, \
         ended_at = excluded.ended_at, ended_why = excluded.ended_why, \
         identification = excluded.identification"
    );
    given.execute(transaction, &statement).await
}

/// Writes the devices of sessions that are kept already, and what their access points call them.
pub(super) async fn write_devices(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let sessions = || entries.iter().map(|entry| &entry.session);
    let columns = vec![
        Column::octets(sessions().map(|session| id_column(session.id))),
        Column::octets(sessions().map(|session| mac_column(session.device))),
        Column::texts(sessions().map(|session| session.acct_session_id.clone())),
        Column::texts(sessions().map(|session| session.user_name.clone())),
    ];
    let given = Given { dialect, names: "wanted, known, called, by_user", columns };
    let statement = "UPDATE sessions SET device = given.known, acct_session_id = given.called, \
         user_name = given.by_user FROM given WHERE sessions.id = given.wanted";
    given.execute(transaction, statement).await
}

/// The columns `id, updated_at, uploaded, downloaded, time`.
fn counters(entries: &[&Entry]) -> Vec<Column> {
    let sessions = || entries.iter().map(|entry| &entry.session);
    let mut columns = vec![
        Column::octets(sessions().map(|session| id_column(session.id))),
        Column::numbers(sessions().map(|session| session.updated_at.as_millis())),
    ];
    columns.extend(usage(sessions().map(|session| session.usage)));
    columns
}

/// The columns `ended_at, ended_why`.
fn ends(entries: &[&Entry]) -> [Column; 2] {
    let end = |entry: &&Entry| match entry.session.state {
        SessionState::Open => (None, None),
        SessionState::Stopped { at, end } => (Some(at.as_millis()), Some(end_name(end))),
    };
    let (ended_at, ended_why) = entries.iter().map(end).unzip();
    [Column::Numbers(ended_at), Column::Texts(ended_why)]
}

/// The columns `uploaded, downloaded, time`.
fn usage(used: impl Iterator<Item = Usage> + Clone) -> [Column; 3] {
    [
        Column::numbers(used.clone().map(|used| amount_column(used.uploaded.get()))),
        Column::numbers(used.clone().map(|used| amount_column(used.downloaded.get()))),
        Column::numbers(used.map(|used| duration_column(used.time))),
    ]
}

/// Adds usage to persons and days.
pub(super) async fn write_days(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    days: &BTreeMap<(AccountId, Day), Usage>,
) -> Result<(), StoreError> {
    let names = "account, day, uploaded, downloaded, time";
    let mut columns = vec![
        Column::octets(days.keys().map(|(account, _)| id_column(*account))),
        Column::numbers(days.keys().map(|(_, day)| i64::from(day.epoch_days()))),
    ];
    columns.extend(usage(days.values().copied()));
    let [uploaded, downloaded, time] = ["uploaded", "downloaded", "time"]
        .map(|column| sum(&format!("usage_days.{column}"), &format!("excluded.{column}")));
    let statement = format!(
        "INSERT INTO usage_days ({names}) SELECT {names} FROM given WHERE TRUE \
         ON CONFLICT (account, day) DO UPDATE SET uploaded = {uploaded}, \
         downloaded = {downloaded}, time = {time}"
    );
    Given { dialect, names, columns }.execute(transaction, &statement).await
}

/// Adds usage to grants, in the order of their ids. Where others write at the same time, that is
/// the order in which signing in locks them, so that the two never wait for each other: the plan
/// that is kept for batches ([`Dialect::begin_by_keys`]) goes row by row.
pub(super) async fn write_grants(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    grants: &BTreeMap<GrantId, Usage>,
) -> Result<(), StoreError> {
    let mut columns = vec![Column::octets(grants.keys().map(|grant| id_column(*grant)))];
    columns.extend(usage(grants.values().copied()));
    let given = Given { dialect, names: "id, uploaded, downloaded, time", columns };
    let [uploaded, downloaded, time] = ["uploaded", "downloaded", "time"]
        .map(|column| sum(&format!("grants.{column}"), &format!("given.{column}")));
    let statement = format!(
        "UPDATE grants SET uploaded = {uploaded}, downloaded = {downloaded}, time = {time} \
         FROM given WHERE grants.id = given.id"
    );
    given.execute(transaction, &statement).await
}

/// The sum of two columns that stops at the largest number instead of overflowing, so that a
/// mad counter spoils one total and never a batch.
fn sum(one: &str, other: &str) -> String {
    let most = i64::MAX;
    format!("CASE WHEN {one} > {most} - {other} THEN {most} ELSE {one} + {other} END")
}
