//! The schema's history: files of the same number and name for both databases, applied in
//! order, never edited once landed, never undone.

use sqlx::{AnyPool, Executor, Row};

use super::dialect::Dialect;
use crate::StoreError;

/// One step of the schema, in both dialects.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: [Step; 2] = [
    Step {
        sqlite: include_str!("../../migrations/sqlite/0001_first.sql"),
        postgres: include_str!("../../migrations/postgres/0001_first.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0002_once.sql"),
        postgres: include_str!("../../migrations/postgres/0002_once.sql"),
    },
];

/// What migrating did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The version found; 0 is an empty database.
    pub from: i64,
    /// The version now.
    pub to: i64,
}

fn newest() -> i64 {
    i64::try_from(STEPS.len()).expect("a handful of steps")
}

/// Applies what is missing, each step in a transaction of its own.
pub(super) async fn migrate(pool: &AnyPool, dialect: Dialect) -> Result<Migrated, StoreError> {
    pool.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let from = version(pool).await?;
    if from > newest() {
        return Err(StoreError::NewerSchema { found: from, known: newest() });
    }
    for (number, step) in (1_i64..).zip(&STEPS).filter(|(number, _)| *number > from) {
        let mut transaction = pool.begin_with(dialect.begin()).await?;
        let statements = match dialect {
            Dialect::Sqlite => step.sqlite,
            Dialect::Postgres => step.postgres,
        };
        transaction.execute(sqlx::raw_sql(statements)).await?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(Migrated { from, to: newest() })
}

/// Refuses a schema that is older or newer than this program.
pub(super) async fn require_current(pool: &AnyPool) -> Result<(), StoreError> {
    // A database without the table was never migrated.
    let found = version(pool).await.unwrap_or(0);
    let known = newest();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known }),
    }
}

async fn version(pool: &AnyPool) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM schema_version",
    )
    .fetch_one(pool)
    .await?;
    Ok(row.try_get("version")?)
}
