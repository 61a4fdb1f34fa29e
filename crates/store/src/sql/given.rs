//! Many rows in one statement: `WITH given (columns) AS (values)` and then what is done with them.
//!
//! PostgreSQL is given an array for each column, which costs it less than a value for each place;
//! SQLite has no arrays. Its rows come by powers of two, so that few statements have to be prepared.

use std::fmt::Write;
use std::ops::Range;

use data_encoding::HEXLOWER;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::StoreError;
use crate::sql::dialect::Dialect;
use crate::sql::script::Script;

/// The most rows of one statement; SQLite takes 32,766 values.
const MOST_ROWS: usize = 512;

/// The values of one column.
pub(super) enum Column {
    Octets(Vec<Option<Vec<u8>>>),
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
}

/// Rows, column by column, all columns of the same length.
pub(super) struct Given<'n> {
    pub(super) dialect: Dialect,
    /// The names of the columns, separated by commas.
    pub(super) names: &'n str,
    pub(super) columns: Vec<Column>,
}

impl Given<'_> {
    /// Does `statement`, which finds the rows as `given`.
    pub(super) async fn execute(
        &self,
        connection: &mut AnyConnection,
        statement: &str,
    ) -> Result<(), StoreError> {
        self.fetch(connection, statement).await.map(drop)
    }

    /// What `statement` finds, which knows the rows as `given`.
    pub(super) async fn fetch(
        &self,
        connection: &mut AnyConnection,
        statement: &str,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let mut found = Vec::new();
        for rows in self.portions() {
            let mut script = Script::new(self.dialect);
            self.add_portion(&mut script, statement, rows);
            found.extend(script.fetch(connection).await?.into_iter().flatten());
        }
        Ok(found)
    }

    /// Adds `statement`, which knows the rows as `given`, to a script.
    pub(super) fn add_to(&self, script: &mut Script, statement: &str) {
        for rows in self.portions() {
            self.add_portion(script, statement, rows);
        }
    }

    /// Which rows go into each statement.
    fn portions(&self) -> Vec<Range<usize>> {
        let rows = self.columns.first().map_or(0, Column::len);
        match self.dialect {
            Dialect::Postgres => (rows > 0).then_some(0..rows).into_iter().collect(),
            Dialect::Sqlite => powers_of_two(rows),
        }
    }

    fn text(&self, statement: &str, rows: usize) -> String {
        let source = match self.dialect {
            Dialect::Postgres => {
                let column = |(column, number): (&Column, usize)| {
                    format!("CAST(${number} AS {}[])", column.postgres_type())
                };
                let arrays: Vec<_> = self.columns.iter().zip(1..).map(column).collect();
                format!("SELECT * FROM UNNEST({})", arrays.join(", "))
            }
            Dialect::Sqlite => {
                let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
                format!("VALUES {}", vec![row; rows].join(", "))
            }
        };
        format!("WITH given ({}) AS ({source}) {statement}", self.names)
    }

    fn add_portion(&self, script: &mut Script, statement: &str, rows: Range<usize>) {
        script.add(&self.text(statement, rows.len()));
        match self.dialect {
            Dialect::Postgres => {
                for column in &self.columns {
                    script.bind(column.array());
                }
            }
            Dialect::Sqlite => {
                for row in rows {
                    for column in &self.columns {
                        column.bind(script, row);
                    }
                }
            }
        }
    }
}

impl Column {
    /// Octets of every row.
    pub(super) fn octets(values: impl Iterator<Item = Vec<u8>>) -> Self {
        Self::Octets(values.map(Some).collect())
    }

    /// A number of every row.
    pub(super) fn numbers(values: impl Iterator<Item = i64>) -> Self {
        Self::Numbers(values.map(Some).collect())
    }

    /// A text of every row.
    pub(super) fn texts(values: impl Iterator<Item = String>) -> Self {
        Self::Texts(values.map(Some).collect())
    }

    fn len(&self) -> usize {
        match self {
            Self::Octets(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    const fn postgres_type(&self) -> &'static str {
        match self {
            Self::Octets(_) => "BYTEA",
            Self::Numbers(_) => "BIGINT",
            Self::Texts(_) => "TEXT",
        }
    }

    fn bind(&self, script: &mut Script, row: usize) {
        match self {
            Self::Octets(values) => script.bind(values.get(row).cloned().flatten()),
            Self::Numbers(values) => script.bind(values.get(row).copied().flatten()),
            Self::Texts(values) => script.bind(values.get(row).cloned().flatten()),
        };
    }

    /// The column as PostgreSQL writes an array.
    fn array(&self) -> String {
        let mut text = String::with_capacity(2 + 24 * self.len());
        text.push('{');
        match self {
            Self::Octets(values) => append(&mut text, values, |text, octets| {
                text.push_str("\"\\\\x");
                HEXLOWER.encode_append(octets, text);
                text.push('"');
            }),
            Self::Numbers(values) => append(&mut text, values, |text, number| {
                write!(text, "{number}").expect("a text takes all");
            }),
            Self::Texts(values) => append(&mut text, values, |text, value| {
                text.push('"');
                for letter in value.chars() {
                    if matches!(letter, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(letter);
                }
                text.push('"');
            }),
        }
        text.push('}');
        text
    }
}

fn append<T>(text: &mut String, values: &[Option<T>], write: impl Fn(&mut String, &T)) {
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        match value {
            Some(value) => write(text, value),
            None => text.push_str("NULL"),
        }
    }
}

/// The last one again up to a power of two, for statements that do not mind: one row more costs less
/// than one statement more.
pub(super) fn round<T: Clone>(mut rows: Vec<T>) -> Vec<T> {
    if let Some(last) = rows.last().cloned() {
        rows.resize(rows.len().next_power_of_two(), last);
    }
    rows
}

/// Ranges that cover so many rows: as many of the largest as fit, then smaller ones.
fn powers_of_two(rows: usize) -> Vec<Range<usize>> {
    let mut portions = Vec::new();
    let mut done = 0;
    while done < rows {
        let left = (rows - done).min(MOST_ROWS);
        let portion = 1 << left.ilog2();
        portions.push(done..done + portion);
        done += portion;
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_sqlite_come_by_powers_of_two() {
        assert_eq!(powers_of_two(0), []);
        assert_eq!(powers_of_two(5), [0..4, 4..5]);
        assert_eq!(powers_of_two(1_025), [0..512, 512..1_024, 1_024..1_025]);
    }

    #[test]
    fn an_array_is_written_as_postgresql_reads_it() {
        let octets = Column::Octets(vec![Some(vec![0, 255]), None]);
        assert_eq!(octets.array(), r#"{"\\x00ff",NULL}"#);
        assert_eq!(Column::numbers([1, -2].into_iter()).array(), "{1,-2}");
        let texts = ["a,b", "{\"\\", "NULL", ""].map(str::to_owned);
        assert_eq!(Column::texts(texts.into_iter()).array(), r#"{"a,b","{\"\\","NULL",""}"#);
    }
}
