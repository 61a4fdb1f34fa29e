//! The schema: made once, for the service alone, and refused when it is not this program's.

use std::os::unix::fs::PermissionsExt;

use store::testing::TestStore;
use store::{KeyRing, SqlStore, StoreError, StoreSettings};

pub async fn migrating_again_changes_nothing(store: TestStore) {
    let (one, other) =
        tokio::join!(SqlStore::migrate(store.settings()), SqlStore::migrate(store.settings()));
    for migrated in [one.unwrap(), other.unwrap()] {
        assert_eq!(migrated.from, migrated.to);
    }
}

pub async fn another_programs_schema_is_refused(store: TestStore) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let connect = || SqlStore::connect(store.settings(), store.keys().clone());
    sqlx::query("INSERT INTO schema_version (version) VALUES (999)").execute(&pool).await.unwrap();
    assert!(matches!(connect().await, Err(StoreError::NewerSchema { found: 999, .. })));
    let migrated = SqlStore::migrate(store.settings()).await;
    assert!(matches!(migrated, Err(StoreError::NewerSchema { found: 999, .. })));
    sqlx::query("DELETE FROM schema_version WHERE version > 1").execute(&pool).await.unwrap();
    assert!(matches!(connect().await, Err(StoreError::OlderSchema { found: 1, .. })));
    pool.close().await;
}

pub async fn the_file_is_for_the_service_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sabeel.db");
    let settings =
        StoreSettings { url: format!("sqlite:{}", path.display()), ..StoreSettings::default() };
    let migrated = SqlStore::migrate(&settings).await.unwrap();
    assert_eq!(migrated.from, 0);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

pub async fn connecting_makes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sabeel.db");
    let settings =
        StoreSettings { url: format!("sqlite:{}", path.display()), ..StoreSettings::default() };
    let keys = KeyRing::open_or_create(&dir.path().join("keys")).unwrap();
    assert!(SqlStore::connect(&settings, keys).await.is_err());
    assert!(!path.exists());
}

/// How urgent a thread is (nice(2)), by what the kernel tells of it: the 19th field of
/// proc_pid_stat(5), whose second is a name in brackets.
fn niceness(stat: &str) -> i32 {
    let after_name = stat.rsplit(')').next().unwrap();
    after_name.split_whitespace().nth(16).unwrap().parse().unwrap()
}

pub async fn writing_is_less_urgent_than_reading() {
    let store = store::testing::sqlite().await;
    assert!(store.list_plans().await.unwrap().is_empty());
    let own = niceness(&std::fs::read_to_string("/proc/self/stat").unwrap());
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let of_sqlite = stats.filter(|stat| stat.contains("(sqlx-sqlite"));
    let niceness: Vec<i32> = of_sqlite.map(|stat| niceness(&stat)).collect();
    let less_urgent = (own + 10).min(19);
    assert!(niceness.contains(&own) && niceness.contains(&less_urgent), "{own}: {niceness:?}");
}
