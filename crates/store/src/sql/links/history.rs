//! How paths were, in spans that become longer with age. A cell is added to the longer spans exactly
//! once, by its mark, so that one that comes late is counted, too, when the shorter ones around it are
//! gone.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use link::report::{Cell, Name, Tally};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::tally;
use crate::sql::SqlStore;
use crate::sql::given::{Column, Given};
use crate::sql::row::Columns;
use crate::{LinkBatch, LinkHistoryQuestion, LinkSpan, StoreError};

/// A span of a path.
type Span = (String, LinkSpan, i64);

/// What is kept of it: what it did and was at the end, and when the last of it begins.
type Kept = (Cell, i64);

impl SqlStore {
    pub(super) async fn insert_link_cells(
        &self,
        transaction: &mut AnyConnection,
        (batch, position): (&LinkBatch, i64),
        cells: &[Cell],
    ) -> Result<(), StoreError> {
        let names = "site, path, begin_at, position, taken_at, is_merged, tally, health, readiness";
        let columns = vec![
            Column::texts(cells.iter().map(|_| batch.site.as_str().to_owned())),
            Column::texts(cells.iter().map(|cell| cell.path.clone())),
            Column::numbers(cells.iter().map(begin)),
            Column::numbers(cells.iter().zip(position + 1..).map(|(_, position)| position)),
            Column::numbers(cells.iter().map(|_| batch.at.as_millis())),
            Column::numbers(cells.iter().map(|_| 0)),
            Column::octets(cells.iter().map(|cell| tally::column(&cell.tally))),
            Column::texts(cells.iter().map(|cell| cell.health.clone())),
            Column::Texts(cells.iter().map(|cell| cell.readiness.clone()).collect()),
        ];
        let given = Given { dialect: self.dialect, names, columns };
        let statement = format!("INSERT INTO link_cells ({names}) SELECT {names} FROM given");
        given.execute(transaction, &statement).await?;
        let known = |(_, cell): &(i64, &Cell)| !cell.seconds.is_empty();
        let told: Vec<_> = (position + 1..).zip(cells).filter(known).collect();
        self.insert_link_seconds(transaction, batch, &told).await
    }

    async fn insert_link_seconds(
        &self,
        transaction: &mut AnyConnection,
        batch: &LinkBatch,
        told: &[(i64, &Cell)],
    ) -> Result<(), StoreError> {
        if told.is_empty() {
            return Ok(());
        }
        let names = "site, path, begin_at, position, seconds, health, readiness";
        let columns = vec![
            Column::texts(told.iter().map(|_| batch.site.as_str().to_owned())),
            Column::texts(told.iter().map(|(_, cell)| cell.path.clone())),
            Column::numbers(told.iter().map(|(_, cell)| begin(cell))),
            Column::numbers(told.iter().map(|(position, _)| *position)),
            Column::octets(told.iter().map(|(_, cell)| tally::seconds_column(&cell.seconds))),
            Column::texts(told.iter().map(|(_, cell)| cell.health.clone())),
            Column::Texts(told.iter().map(|(_, cell)| cell.readiness.clone()).collect()),
        ];
        let given = Given { dialect: self.dialect, names, columns };
        let statement = format!("INSERT INTO link_seconds ({names}) SELECT {names} FROM given");
        given.execute(transaction, &statement).await
    }

    pub(super) async fn merge_cells(
        &self,
        site: &Name,
        most: NonZeroU32,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        // Nothing comes meanwhile, so that what is found is all up to the last position.
        let lock =
            format!("SELECT cells FROM link_sites WHERE name = $1{}", self.dialect.for_update());
        sqlx::query(AssertSqlSafe(lock))
            .bind(site.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let statement = "SELECT path, begin_at, position, tally, health, readiness FROM link_cells \
             WHERE site = $1 AND is_merged = 0 ORDER BY position LIMIT $2";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(i64::from(most.get()))
            .fetch_all(&mut *transaction)
            .await?;
        let Some(last) = rows.last() else { return Ok(0) };
        let last = Columns(last).integer("position")?;
        let mut spans = BTreeMap::new();
        for row in &rows {
            let cell = read(row, site, LinkSpan::Fine)?;
            for span in [LinkSpan::Minute, LinkSpan::Quarter] {
                add(&mut spans, span, &cell);
            }
        }
        for ((path, span, begin_at), kept) in &mut spans {
            let known = find_span(&mut transaction, site, (path, *span, *begin_at)).await?;
            if let Some(known) = known {
                join(kept, &known);
            }
            keep_span(&mut transaction, site, (path, *span, *begin_at), kept).await?;
        }
        let statement = "UPDATE link_cells SET is_merged = 1 \
             WHERE site = $1 AND is_merged = 0 AND position <= $2";
        let merged = sqlx::query(statement)
            .bind(site.as_str())
            .bind(last)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(merged.rows_affected())
    }

    pub(super) async fn find_history(
        &self,
        question: &LinkHistoryQuestion,
    ) -> Result<Vec<Cell>, StoreError> {
        let LinkHistoryQuestion { site, path, span, .. } = question;
        let table = table_of(*span);
        let paths = match path {
            Some(path) => vec![path.as_str().to_owned()],
            None => list_paths(&self.reader, site, table).await?,
        };
        let most = question.most.get() as usize;
        let mut cells: Vec<Cell> = Vec::new();
        for path in paths {
            // The index has the path before the time, so each path is a search of its own.
            match span {
                LinkSpan::Second => self.add_seconds(question, &path, &mut cells).await?,
                _ => self.add_history(question, &path, &mut cells).await?,
            }
            if cells.len() >= most {
                cells.truncate(most);
                break;
            }
        }
        Ok(cells)
    }

    async fn add_history(
        &self,
        LinkHistoryQuestion { site, span, from, until, most, .. }: &LinkHistoryQuestion,
        path: &str,
        cells: &mut Vec<Cell>,
    ) -> Result<(), StoreError> {
        let (of_span, order) = match span {
            LinkSpan::Fine => (String::new(), "begin_at, position"),
            _ => (format!(" AND span = {}", span.seconds()), "begin_at"),
        };
        let table = table_of(*span);
        let statement = format!(
            "SELECT path, begin_at, tally, health, readiness FROM {table} WHERE site = $1 \
             AND path = $2 AND begin_at >= $3 AND begin_at < $4{of_span} \
             ORDER BY {order} LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(site.as_str())
            .bind(path)
            .bind(from.as_millis())
            .bind(until.as_millis())
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        for row in &rows {
            let cell = read(row, site, *span)?;
            match cells.last_mut() {
                // A router whose clock is set back has some spans twice.
                Some(before) if (&before.path, before.begin) == (&cell.path, cell.begin) => {
                    before.tally.merge(&cell.tally);
                }
                _ => cells.push(cell),
            }
        }
        Ok(())
    }
}

impl SqlStore {
    /// Those of the spans in which it begins and ends, too.
    async fn add_seconds(
        &self,
        LinkHistoryQuestion { site, from, until, most, .. }: &LinkHistoryQuestion,
        path: &str,
        cells: &mut Vec<Cell>,
    ) -> Result<(), StoreError> {
        let statement = "SELECT path, begin_at, seconds, health, readiness FROM link_seconds \
             WHERE site = $1 AND path = $2 AND begin_at > $3 AND begin_at < $4 \
             ORDER BY begin_at, position LIMIT $5";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(path)
            .bind(from.as_millis() - i64::from(LinkSpan::Fine.seconds()) * 1_000)
            .bind(until.as_millis())
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        let is_asked = |cell: &Cell| (from.as_millis()..until.as_millis()).contains(&begin(cell));
        let first = cells.len();
        for row in &rows {
            let whole = span_of_seconds(row, site)?;
            for second in whole.by_the_second().filter(is_asked) {
                match find_again(cells, &second) {
                    Some(before) => before.tally.merge(&second.tally),
                    None => cells.push(second),
                }
            }
            if cells.len() >= most.get() as usize {
                break;
            }
        }
        if let Some(of_path) = cells.get_mut(first..) {
            of_path.sort_by_key(|cell| cell.begin);
        }
        Ok(())
    }
}

/// The same second among the last of a path: a router whose clock is set back has some twice.
fn find_again<'a>(cells: &'a mut [Cell], second: &Cell) -> Option<&'a mut Cell> {
    let is_same = |cell: &&mut Cell| (&cell.path, cell.begin) == (&second.path, second.begin);
    cells.iter_mut().rev().take(LinkSpan::Fine.seconds() as usize).find(is_same)
}

/// The first path of these cells with which more than `most` of a site would be kept.
pub(super) async fn too_many_paths(
    transaction: &mut AnyConnection,
    site: &Name,
    cells: &[Cell],
    most: NonZeroU32,
) -> Result<Option<String>, StoreError> {
    let mut known = BTreeSet::new();
    for table in ["link_cells", "link_history"] {
        known.extend(list_paths(&mut *transaction, site, table).await?);
    }
    // What is kept already goes on, also where less is allowed than there was.
    let is_too_much = |cell: &&Cell| {
        !known.contains(&cell.path) && {
            known.insert(cell.path.clone());
            known.len() > most.get() as usize
        }
    };
    Ok(cells.iter().find(is_too_much).map(|cell| cell.path.clone()))
}

/// The paths of a site of which a table has something, by name: one look into its index for each.
async fn list_paths<'a>(
    executor: impl sqlx::Executor<'a, Database = sqlx::Any>,
    site: &Name,
    table: &str,
) -> Result<Vec<String>, StoreError> {
    let next = |after: &str| format!("SELECT MIN(path) FROM {table} WHERE site = $1{after}");
    let (first, following) = (next(""), next(" AND path > paths.path"));
    let statement = format!(
        "WITH RECURSIVE paths (path) AS ({first} UNION ALL \
         SELECT ({following}) FROM paths WHERE paths.path IS NOT NULL) \
         SELECT path FROM paths WHERE path IS NOT NULL"
    );
    let rows =
        sqlx::query(AssertSqlSafe(statement)).bind(site.as_str()).fetch_all(executor).await?;
    rows.iter().map(|row| Columns(row).text("path")).collect()
}

fn begin(cell: &Cell) -> i64 {
    i64::try_from(cell.begin).unwrap_or(i64::MAX)
}

const fn table_of(span: LinkSpan) -> &'static str {
    match span {
        LinkSpan::Second => "link_seconds",
        LinkSpan::Fine => "link_cells",
        LinkSpan::Minute | LinkSpan::Quarter => "link_history",
    }
}

/// Adds a cell to the longer span in which it lies.
fn add(spans: &mut BTreeMap<Span, Kept>, span: LinkSpan, cell: &Cell) {
    let millis = i64::from(span.seconds()) * 1_000;
    let begin_at = begin(cell) / millis * millis;
    match spans.entry((cell.path.clone(), span, begin_at)) {
        Entry::Vacant(entry) => {
            entry.insert((cell.clone(), begin(cell)));
        }
        Entry::Occupied(mut entry) => join(entry.get_mut(), &(cell.clone(), begin(cell))),
    }
}

/// Adds what another part of a span did; how a path was is said by the latest part.
fn join((cell, last_at): &mut Kept, (other, other_at): &Kept) {
    cell.tally.merge(&other.tally);
    if other_at > last_at {
        (cell.health, cell.readiness) = (other.health.clone(), other.readiness.clone());
        *last_at = *other_at;
    }
}

async fn find_span(
    transaction: &mut AnyConnection,
    site: &Name,
    (path, span, begin_at): (&str, LinkSpan, i64),
) -> Result<Option<Kept>, StoreError> {
    let statement = "SELECT path, begin_at, last_at, tally, health, readiness FROM link_history \
         WHERE site = $1 AND path = $2 AND span = $3 AND begin_at = $4";
    let row = sqlx::query(statement)
        .bind(site.as_str())
        .bind(path)
        .bind(i64::from(span.seconds()))
        .bind(begin_at)
        .fetch_optional(&mut *transaction)
        .await?;
    let kept = |row: &AnyRow| Ok((read(row, site, span)?, Columns(row).integer("last_at")?));
    row.as_ref().map(kept).transpose()
}

async fn keep_span(
    transaction: &mut AnyConnection,
    site: &Name,
    (path, span, begin_at): (&str, LinkSpan, i64),
    (cell, last_at): &Kept,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO link_history \
         (site, path, span, begin_at, last_at, tally, health, readiness) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (site, path, span, begin_at) \
         DO UPDATE SET last_at = excluded.last_at, tally = excluded.tally, \
         health = excluded.health, readiness = excluded.readiness";
    sqlx::query(statement)
        .bind(site.as_str())
        .bind(path)
        .bind(i64::from(span.seconds()))
        .bind(begin_at)
        .bind(last_at)
        .bind(tally::column(&cell.tally))
        .bind(cell.health.as_str())
        .bind(cell.readiness.clone())
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

fn read(row: &AnyRow, site: &Name, span: LinkSpan) -> Result<Cell, StoreError> {
    let tally = tally::read(&Columns(row).octets("tally")?)?;
    Ok(Cell { tally, ..bare(row, site, span)? })
}

/// The seconds of a span of ten.
fn span_of_seconds(row: &AnyRow, site: &Name) -> Result<Cell, StoreError> {
    let seconds = tally::read_seconds(&Columns(row).octets("seconds")?)?;
    Ok(Cell { seconds, ..bare(row, site, LinkSpan::Fine)? })
}

fn bare(row: &AnyRow, site: &Name, span: LinkSpan) -> Result<Cell, StoreError> {
    let columns = Columns(row);
    let begin = columns.integer("begin_at")?;
    Ok(Cell {
        number: 0,
        begin: u64::try_from(begin).map_err(|_| StoreError::Corrupt { what: "begin_at" })?,
        span: span.seconds(),
        site: site.as_str().to_owned(),
        path: columns.text("path")?,
        tally: Tally::default(),
        health: columns.text("health")?,
        readiness: columns.optional_text("readiness")?,
        seconds: Vec::new(),
    })
}
