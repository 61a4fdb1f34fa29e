//! What agents tell of the links between offices. Whoever writes for a site holds its row until the
//! commit, so positions of a site are committed in their order and a log is continued by one at a time.

mod history;
mod tally;

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;
use link::report::{Cell, Epoch, Kind, Name};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use history::too_many_paths;

use super::SqlStore;
use super::given::{Column, Given};
use super::row::{Columns, amount_column};
use crate::{
    LinkBatch, LinkEvent, LinkEventTold, LinkEventsQuestion, LinkHistoryQuestion, LinkReports,
    LinkSite, LinkSpan, LinkTaken, StoreError,
};

/// Where the next line of a batch goes.
struct Place {
    /// So many of the batch are kept already.
    known: usize,
    /// The position of the last before it, of all that is kept of the site.
    position: i64,
}

/// What is known of a log.
struct Log {
    last: u64,
    missing: u64,
}

impl SqlStore {
    /// Notes that a site is heard, and holds its row.
    async fn hear_link_site(
        &self,
        transaction: &mut AnyConnection,
        site: &Name,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO link_sites (name, first_seen_at, seen_at, events, cells) \
             VALUES ($1, $2, $2, 0, 0) ON CONFLICT (name) DO UPDATE SET \
             seen_at = CASE WHEN excluded.seen_at > link_sites.seen_at THEN excluded.seen_at \
             ELSE link_sites.seen_at END";
        sqlx::query(statement)
            .bind(site.as_str())
            .bind(at.as_millis())
            .execute(&mut *transaction)
            .await?;
        Ok(())
    }

    async fn find_log(
        &self,
        transaction: &mut AnyConnection,
        (site, kind, epoch): (&Name, Kind, Epoch),
    ) -> Result<Option<Log>, StoreError> {
        let statement =
            "SELECT last, missing FROM link_logs WHERE site = $1 AND kind = $2 AND epoch = $3";
        let row = sqlx::query(statement)
            .bind(site.as_str())
            .bind(kind.as_str())
            .bind(epoch.to_string())
            .fetch_optional(&mut *transaction)
            .await?;
        let log = |row: &AnyRow| {
            let columns = Columns(row);
            Ok(Log { last: amount(columns, "last")?, missing: amount(Columns(row), "missing")? })
        };
        row.as_ref().map(log).transpose()
    }

    /// Finds where a batch of so many lines goes, and moves the ends of its log and site behind it.
    async fn place_link_batch(
        &self,
        transaction: &mut AnyConnection,
        (batch, kind): (&LinkBatch, Kind),
        count: usize,
    ) -> Result<Result<Place, LinkTaken>, StoreError> {
        self.hear_link_site(transaction, &batch.site, batch.at).await?;
        let log = self.find_log(transaction, (&batch.site, kind, batch.epoch)).await?;
        let last = log.as_ref().map_or(0, |log| log.last);
        let between = batch.first.saturating_sub(last + 1);
        if between > 0 && !batch.is_rest_gone {
            return Ok(Err(LinkTaken::Gap(last)));
        }
        let end = batch.first.saturating_sub(1).saturating_add(count as u64);
        if end <= last {
            return Ok(Err(LinkTaken::UpTo(last)));
        }
        // Of a log that is new here nobody knows what came before.
        let missing = log.map_or(0, |log| log.missing.saturating_add(between));
        let known = usize::try_from((last + 1).saturating_sub(batch.first)).unwrap_or(count);
        let statement = "INSERT INTO link_logs (site, kind, epoch, begun_at, last, missing) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (site, kind, epoch) \
             DO UPDATE SET last = excluded.last, missing = excluded.missing";
        sqlx::query(statement)
            .bind(batch.site.as_str())
            .bind(kind.as_str())
            .bind(batch.epoch.to_string())
            .bind(batch.at.as_millis())
            .bind(amount_column(end))
            .bind(amount_column(missing))
            .execute(&mut *transaction)
            .await?;
        let taken = i64::try_from(count - known).unwrap_or(i64::MAX);
        let statement = match kind {
            Kind::Events => {
                "UPDATE link_sites SET events = events + $2 WHERE name = $1 RETURNING events AS position"
            }
            Kind::Cells => {
                "UPDATE link_sites SET cells = cells + $2 WHERE name = $1 RETURNING cells AS position"
            }
        };
        let row = sqlx::query(statement)
            .bind(batch.site.as_str())
            .bind(taken)
            .fetch_one(&mut *transaction)
            .await?;
        let position = Columns(&row).integer("position")?.saturating_sub(taken);
        Ok(Ok(Place { known, position }))
    }
}

#[async_trait]
impl LinkReports for SqlStore {
    async fn find_link_position(
        &self,
        site: &Name,
        kind: Kind,
        epoch: Epoch,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        self.hear_link_site(&mut transaction, site, at).await?;
        let log = self.find_log(&mut transaction, (site, kind, epoch)).await?;
        transaction.commit().await?;
        Ok(log.map_or(0, |log| log.last))
    }

    async fn take_link_events(
        &self,
        batch: &LinkBatch,
        events: &[LinkEvent],
    ) -> Result<LinkTaken, StoreError> {
        let mut transaction = self.begin().await?;
        let of = (batch, Kind::Events);
        let placed = self.place_link_batch(&mut transaction, of, events.len()).await?;
        let Place { known, position } = match placed {
            Ok(place) => place,
            Err(taken) => {
                transaction.commit().await?;
                return Ok(taken);
            }
        };
        let fresh = events.get(known..).unwrap_or_default();
        let names = "site, position, at, taken_at, line";
        let columns = vec![
            Column::texts(fresh.iter().map(|_| batch.site.as_str().to_owned())),
            Column::numbers(fresh.iter().zip(position + 1..).map(|(_, position)| position)),
            Column::numbers(fresh.iter().map(|event| event.at.as_millis())),
            Column::numbers(fresh.iter().map(|_| batch.at.as_millis())),
            Column::texts(fresh.iter().map(|event| event.line.clone())),
        ];
        let given = Given { dialect: self.dialect, names, columns };
        let statement = format!("INSERT INTO link_events ({names}) SELECT {names} FROM given");
        given.execute(&mut transaction, &statement).await?;
        transaction.commit().await?;
        Ok(LinkTaken::UpTo(end_of(batch, events.len())))
    }

    async fn take_link_cells(
        &self,
        batch: &LinkBatch,
        cells: &[Cell],
        most: NonZeroU32,
    ) -> Result<LinkTaken, StoreError> {
        let mut transaction = self.begin().await?;
        let of = (batch, Kind::Cells);
        let placed = self.place_link_batch(&mut transaction, of, cells.len()).await?;
        match placed {
            Ok(Place { known, position }) => {
                let fresh = cells.get(known..).unwrap_or_default();
                if let Some(path) =
                    too_many_paths(&mut transaction, &batch.site, fresh, most).await?
                {
                    return Ok(LinkTaken::TooManyPaths(path));
                }
                self.insert_link_cells(&mut transaction, (batch, position), fresh).await?;
            }
            Err(taken) => {
                transaction.commit().await?;
                return Ok(taken);
            }
        }
        transaction.commit().await?;
        Ok(LinkTaken::UpTo(end_of(batch, cells.len())))
    }

    async fn note_link_state(
        &self,
        site: &Name,
        state: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        self.hear_link_site(&mut transaction, site, at).await?;
        sqlx::query("UPDATE link_sites SET state = $2, state_at = $3 WHERE name = $1")
            .bind(site.as_str())
            .bind(state)
            .bind(at.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn list_link_sites(&self) -> Result<Vec<LinkSite>, StoreError> {
        let statement = "SELECT name, first_seen_at, seen_at, state, state_at, events, \
             CAST((SELECT COALESCE(SUM(missing), 0) FROM link_logs WHERE site = name) AS BIGINT) \
             AS missing FROM link_sites ORDER BY name";
        let rows = sqlx::query(statement).fetch_all(&self.reader).await?;
        let site = |row: &AnyRow| {
            let columns = Columns(row);
            let state = columns.optional_text("state")?.zip(columns.optional_time("state_at")?);
            Ok(LinkSite {
                name: columns.parsed("name")?,
                first_seen_at: columns.time("first_seen_at")?,
                seen_at: columns.time("seen_at")?,
                state,
                events: amount(Columns(row), "events")?,
                missing: amount(columns, "missing")?,
            })
        };
        rows.iter().map(site).collect()
    }

    async fn list_link_events(
        &self,
        site: &Name,
        after: u64,
        most: NonZeroU32,
    ) -> Result<Vec<LinkEventTold>, StoreError> {
        let statement = "SELECT position, at, taken_at, line FROM link_events \
             WHERE site = $1 AND position > $2 ORDER BY position LIMIT $3";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(amount_column(after))
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(event).collect()
    }

    async fn list_last_link_events(
        &self,
        site: &Name,
        most: NonZeroU32,
    ) -> Result<Vec<LinkEventTold>, StoreError> {
        let statement = "SELECT position, at, taken_at, line FROM link_events \
             WHERE site = $1 ORDER BY position DESC LIMIT $2";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().rev().map(event).collect()
    }

    async fn list_link_events_with(
        &self,
        LinkEventsQuestion { site, word, from, until, most }: &LinkEventsQuestion,
    ) -> Result<Vec<LinkEventTold>, StoreError> {
        let statement = "SELECT position, at, taken_at, line FROM link_events \
             WHERE site = $1 AND at >= $2 AND at < $3 AND line LIKE $4 \
             ORDER BY position DESC LIMIT $5";
        // A name has none of the characters that stand for others.
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(from.as_millis())
            .bind(until.as_millis())
            .bind(format!("%\"{word}\"%"))
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().rev().map(event).collect()
    }

    async fn list_link_history(
        &self,
        question: &LinkHistoryQuestion,
    ) -> Result<Vec<Cell>, StoreError> {
        self.find_history(question).await
    }

    async fn merge_link_cells(&self, site: &Name, most: NonZeroU32) -> Result<u64, StoreError> {
        self.merge_cells(site, most).await
    }

    async fn prune_link_history(
        &self,
        span: LinkSpan,
        before: Timestamp,
        most: NonZeroU32,
    ) -> Result<u64, StoreError> {
        let (table, key, kind) = match span {
            LinkSpan::Second => {
                ("link_seconds", "site, path, begin_at, position", "1 = 1".to_owned())
            }
            LinkSpan::Fine => {
                ("link_cells", "site, path, begin_at, position", "is_merged = 1".to_owned())
            }
            LinkSpan::Minute | LinkSpan::Quarter => {
                ("link_history", "site, path, span, begin_at", format!("span = {}", span.seconds()))
            }
        };
        let statement = format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE begin_at < $1 AND {kind} LIMIT {most})"
        );
        self.destroy(self.begin().await?, AssertSqlSafe(statement), before.as_millis()).await
    }

    async fn prune_link_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM link_events WHERE taken_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }

    async fn prune_link_sites(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM link_sites WHERE seen_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

/// The number of the last line of a batch.
fn end_of(batch: &LinkBatch, count: usize) -> u64 {
    batch.first.saturating_sub(1).saturating_add(count as u64)
}

fn event(row: &AnyRow) -> Result<LinkEventTold, StoreError> {
    let columns = Columns(row);
    Ok(LinkEventTold {
        taken_at: columns.time("taken_at")?,
        event: LinkEvent { at: columns.time("at")?, line: columns.text("line")? },
        position: amount(columns, "position")?,
    })
}

fn amount(columns: Columns<'_>, name: &'static str) -> Result<u64, StoreError> {
    u64::try_from(columns.integer(name)?).map_err(|_| StoreError::Corrupt { what: name })
}
