//! The audit log: links are appended one at a time, last in the transaction of what they tell of,
//! so that nobody waits for rows while holding the end of the chain.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{AuditLink, ChainHead, LinkHash, Timestamp, shortening_subject};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, SqlSafeStr};

use super::SqlStore;
use super::row::{Columns, amount_column};
use super::script::Script;
use super::together::{Looking, Together};
use super::transaction::Transaction;
use crate::{Act, Actor, AuditEntry, AuditFilter, AuditLog, AuditSubject, StoreError};

const COLUMNS: &str = "number, at, actor, act, subject, detail, previous, hash";

/// An entry that waits for the change that it tells of.
#[derive(Clone, Default)]
pub(super) struct Due(Option<Arc<Mutex<Option<AuditEntry>>>>);

impl Due {
    /// This entry, for the next change.
    pub(super) fn of(entry: AuditEntry) -> Self {
        Self(Some(Arc::new(Mutex::new(Some(entry)))))
    }

    /// Whether the next change is written into the log.
    pub(super) fn is_open(&self) -> bool {
        self.entry().is_some()
    }

    fn entry(&self) -> Option<AuditEntry> {
        self.0.as_ref().and_then(|due| lock(due).clone())
    }

    fn settle(&self) {
        if let Some(due) = &self.0 {
            lock(due).take();
        }
    }
}

fn lock(due: &Mutex<Option<AuditEntry>>) -> MutexGuard<'_, Option<AuditEntry>> {
    due.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl AuditLog for SqlStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditLink, StoreError> {
        let mut transaction = self.begin().await?;
        let link = self.append_link(&mut transaction, entry).await?;
        transaction.commit().await?;
        tell(&link);
        Ok(link)
    }

    async fn list_audit_links(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError> {
        let statement =
            format!("SELECT {COLUMNS} FROM audit WHERE number > $1 ORDER BY number LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(amount_column(after))
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(link).collect()
    }

    async fn find_audit_links(&self, filter: &AuditFilter) -> Result<Vec<AuditLink>, StoreError> {
        let mut statement = format!("SELECT {COLUMNS} FROM audit WHERE TRUE");
        let mut values = Vec::new();
        if !filter.about.is_empty() {
            statement.push_str(" AND subject IN (");
            for about in &filter.about {
                let comma = if values.is_empty() { "" } else { ", " };
                values.push(self.subject_column(about));
                // Writing to a string cannot fail.
                let _ = write!(statement, "{comma}${}", values.len());
            }
            statement.push(')');
        }
        if let Some(act) = &filter.act {
            values.push(act.clone());
            let _ = write!(statement, " AND act = ${}", values.len());
        }
        let _ = write!(statement, " ORDER BY number DESC LIMIT ${}", values.len() + 1);
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = query.bind(value);
        }
        let rows = query.bind(i64::from(filter.limit)).fetch_all(&self.reader).await?;
        rows.iter().map(link).collect()
    }

    async fn shorten_audit(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        self.hold_end(&mut transaction).await?;
        // Only what no newer link that is to stay comes before.
        let statement = format!(
            "SELECT {COLUMNS} FROM audit WHERE at < $1 AND number < \
             (SELECT COALESCE(MIN(number), $2) FROM audit WHERE at >= $1) \
             ORDER BY number DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(before.as_millis())
            .bind(i64::MAX)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(0) };
        let last = link(&row)?.head();
        // The link that tells of it follows the newest one, so that one must still be there.
        let entry = AuditEntry {
            at: now,
            actor: Actor::Service,
            act: Act::AuditShortened,
            subject: AuditSubject::LinksUntil(last),
            detail: [("before".to_owned(), before.to_string().into())].into_iter().collect(),
        };
        let link = self.append_link(&mut transaction, &entry).await?;
        let done = sqlx::query("DELETE FROM audit WHERE number <= $1")
            .bind(amount_column(last.number))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        tell(&link);
        Ok(done.rows_affected())
    }
}

impl SqlStore {
    /// Commits a change, with the link that tells of it if it is done on record.
    pub(super) async fn commit(&self, change: impl Into<Together>) -> Result<(), StoreError> {
        let mut transaction = change.into();
        let Some(entry) = self.due.entry() else { return transaction.commit().await };
        let link = self.append_link(&mut transaction, &entry).await?;
        transaction.commit().await?;
        self.due.settle();
        tell(&link);
        Ok(())
    }

    /// Makes a change of these statements, and commits it as [`commit`](Self::commit) does.
    pub(super) async fn commit_with(
        &self,
        looking: Looking,
        script: Script,
    ) -> Result<(), StoreError> {
        if self.due.entry().is_none() {
            return looking.commit_with(script).await.map(drop);
        }
        let mut change = looking.begin().await?;
        script.execute(&mut change).await?;
        self.commit(change).await
    }

    /// Destroys by a statement with one value what is older than that, and commits it with the link
    /// that tells of it; returns how many rows.
    pub(super) async fn destroy(
        &self,
        mut transaction: Transaction,
        statement: impl SqlSafeStr + Send,
        before: i64,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(statement).bind(before).execute(&mut *transaction).await?;
        let count = done.rows_affected();
        self.commit_counted(transaction, count).await?;
        Ok(count)
    }

    /// Commits what was done to so many rows because of their age, with the link that tells of it
    /// unless there were none.
    pub(super) async fn commit_counted(
        &self,
        mut transaction: Transaction,
        count: u64,
    ) -> Result<(), StoreError> {
        let Some(mut entry) = self.due.entry().filter(|_| count > 0) else {
            return Ok(transaction.commit().await?);
        };
        entry.detail.insert("count".to_owned(), count.into());
        let link = self.append_link(&mut transaction, &entry).await?;
        transaction.commit().await?;
        self.due.settle();
        tell(&link);
        Ok(())
    }

    /// Must be the last that a transaction does: until its end nobody else appends.
    async fn append_link(
        &self,
        transaction: &mut AnyConnection,
        entry: &AuditEntry,
    ) -> Result<AuditLink, StoreError> {
        self.hold_end(transaction).await?;
        let statement = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
        let row = sqlx::query(statement).fetch_optional(&mut *transaction).await?;
        let head = row.as_ref().map_or(Ok(ChainHead::EMPTY), head)?;
        let AuditEntry { at, actor, act, subject, detail } = entry;
        let link = AuditLink {
            number: head.number + 1,
            at: *at,
            actor: actor.to_string(),
            act: act.as_str().to_owned(),
            subject: self.subject_column(subject),
            detail: serde_json::Value::Object(detail.clone()).to_string(),
            previous: head.hash,
            hash: LinkHash::NONE,
        }
        .sealed();
        let statement =
            format!("INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
        sqlx::query(AssertSqlSafe(statement))
            .bind(amount_column(link.number))
            .bind(link.at.as_millis())
            .bind(link.actor.as_str())
            .bind(link.act.as_str())
            .bind(link.subject.as_str())
            .bind(link.detail.as_str())
            .bind(link.previous.to_bytes().to_vec())
            .bind(link.hash.to_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        Ok(link)
    }

    /// Lets nobody else append until the end of the transaction.
    async fn hold_end(&self, transaction: &mut AnyConnection) -> Result<(), StoreError> {
        if let Some(statement) = self.dialect.lock_audit() {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        Ok(())
    }

    fn subject_column(&self, subject: &AuditSubject) -> String {
        match subject {
            AuditSubject::None => String::new(),
            AuditSubject::Account(id) => format!("account:{id}"),
            AuditSubject::Number(phone) => {
                format!("number:{}", self.keys.pseudonym("number", phone.digits().as_bytes()))
            }
            AuditSubject::Voucher(id) => format!("voucher:{id}"),
            AuditSubject::VoucherBatch(name) => format!("voucher-batch:{name}"),
            AuditSubject::Device(mac) => {
                format!("device:{}", self.keys.pseudonym("device", &mac.octets()))
            }
            AuditSubject::Session(id) => format!("session:{id}"),
            AuditSubject::AcctSessionId(name) => {
                let hash = self.keys.pseudonym("acct-session-id", name.as_bytes());
                format!("acct-session-id:{hash}")
            }
            AuditSubject::Order(id) => format!("order:{id}"),
            AuditSubject::Plan(name) => format!("plan:{name}"),
            AuditSubject::Site(name) => format!("site:{name}"),
            AuditSubject::AccessPoint(name) => format!("access-point:{name}"),
            AuditSubject::Address(address) => format!("address:{address}"),
            AuditSubject::Range(name) => format!("range:{name}"),
            AuditSubject::Report(report) => format!("report:{report}"),
            AuditSubject::Records(kind) => format!("records:{kind}"),
            AuditSubject::LinksUntil(head) => shortening_subject(*head),
            AuditSubject::Kept(text) => text.clone(),
        }
    }
}

/// Says the new head: who keeps the log elsewhere can tell a chain that was written anew.
fn tell(link: &AuditLink) {
    tracing::info!(audit.head = %link.head(), act = link.act, "written into the audit log");
}

fn link(row: &AnyRow) -> Result<AuditLink, StoreError> {
    let columns = Columns(row);
    let ChainHead { number, hash } = head(row)?;
    Ok(AuditLink {
        number,
        at: columns.time("at")?,
        actor: columns.text("actor")?,
        act: columns.text("act")?,
        subject: columns.text("subject")?,
        detail: columns.text("detail")?,
        previous: hash_of(&columns, "previous")?,
        hash,
    })
}

fn head(row: &AnyRow) -> Result<ChainHead, StoreError> {
    let columns = Columns(row);
    let number = u64::try_from(columns.integer("number")?);
    let number = number.map_err(|_| StoreError::Corrupt { what: "number of a link" })?;
    Ok(ChainHead { number, hash: hash_of(&columns, "hash")? })
}

fn hash_of(columns: &Columns<'_>, name: &'static str) -> Result<LinkHash, StoreError> {
    let octets = <[u8; 32]>::try_from(columns.octets(name)?);
    // What is no hash is the hash of nothing, so whoever walks along the chain names the link.
    Ok(octets.map_or(LinkHash::NONE, LinkHash::from_bytes))
}
