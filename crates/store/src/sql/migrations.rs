//! The schema's history: files of the same number and name for both databases, applied in
//! order, never edited once landed, never undone.

use sqlx::{AnyConnection, Executor, Row};

use super::connections::Connections;
use super::dialect::Dialect;
use crate::StoreError;

/// One step of the schema, in both dialects.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! steps {
    ($($name:literal),+ $(,)?) => {
        &[$(Step {
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

const STEPS: &[Step] = steps![
    "0001_first",
    "0002_once",
    "0003_retention",
    "0004_access_points",
    "0005_accounting",
    "0006_orders",
    "0007_stays",
    "0008_why",
    "0009_apart",
    "0010_erasures",
    "0011_audit",
    "0012_challenges",
    "0013_visits",
    "0014_consents",
    "0015_holds",
    "0016_purposes",
    "0017_vouchers",
    "0018_erasure_requests",
    "0019_appearances",
    "0020_ratings",
    "0021_links",
    "0022_routes",
    "0023_receipts",
    "0024_code_life",
    "0025_other_routes",
    "0026_gateways",
    "0027_budgets",
    "0028_spending",
    "0029_whereabouts",
    "0030_send_blocks",
    "0031_pseudonyms",
    "0032_links_between_offices",
    "0033_maintenance_of_links",
    "0034_refusals",
    "0035_link_policies",
    "0036_yielding",
    "0037_ages",
    "0038_seconds_of_links",
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

/// Applies what is missing, all or nothing; of two processes at the same time one does it.
pub(super) async fn migrate(
    writer: &Connections,
    dialect: Dialect,
) -> Result<Migrated, StoreError> {
    let mut transaction = writer.begin(dialect.begin()).await?;
    if let Some(statement) = dialect.lock_schema() {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)";
    transaction.execute(table).await?;
    let from = version(&mut transaction).await?;
    if from > newest() {
        return Err(StoreError::NewerSchema { found: from, known: newest() });
    }
    for (number, step) in (1_i64..).zip(STEPS).filter(|(number, _)| *number > from) {
        let statements = match dialect {
            Dialect::Sqlite => step.sqlite,
            Dialect::Postgres => step.postgres,
        };
        transaction.execute(sqlx::raw_sql(statements)).await?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Migrated { from, to: newest() })
}

/// Refuses a schema that is older or newer than this program.
pub(super) async fn require_current(writer: &Connections) -> Result<(), StoreError> {
    // A database without the table was never migrated.
    let mut lent = writer.lend().await?;
    let found = version(&mut lent.connection).await.unwrap_or(0);
    let known = newest();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known }),
    }
}

async fn version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM schema_version",
    )
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("version")?)
}
