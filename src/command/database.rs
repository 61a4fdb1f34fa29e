//! `sabeel db`.

use anyhow::Context;
use serde_json::json;
use store::SqlStore;

use crate::config::Config;
use crate::output::{self, Format};

/// Brings the schema to this program's version.
pub async fn migrate(config: &Config, format: Format) -> anyhow::Result<()> {
    std::fs::create_dir_all(config.data_dir())
        .with_context(|| format!("cannot make {}", config.data_dir().display()))?;
    let migrated =
        SqlStore::migrate(&config.store_settings()).await.context("cannot migrate the database")?;
    let sentence = if migrated.from == migrated.to {
        format!("the schema is of version {} already", migrated.to)
    } else {
        format!("the schema went from version {} to {}", migrated.from, migrated.to)
    };
    output::done(format, &json!({ "from": migrated.from, "to": migrated.to }), &sentence)
}
