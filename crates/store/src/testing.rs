//! Stores for tests: a fresh SQLite database each, or a fresh database on a PostgreSQL that is
//! started for the test process and ends with it.

use std::ops::Deref;
use std::sync::Arc;

use crate::{KeyRing, SqlStore, Store, StoreSettings};

/// A store of its own, removed when dropped.
pub struct TestStore {
    store: Arc<dyn Store>,
    settings: StoreSettings,
    keys: KeyRing,
    _dir: tempfile::TempDir,
}

impl TestStore {
    /// The store, to hand on.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Lets nobody reach the database any more, and ends whatever reaches it now.
    ///
    /// # Panics
    /// If it is not on PostgreSQL.
    pub async fn go_away(&self) {
        postgres::server().shut_out(&self.settings.url).await;
    }

    /// Lets the database be reached again.
    ///
    /// # Panics
    /// If it is not on PostgreSQL.
    pub async fn come_back(&self) {
        postgres::server().let_in(&self.settings.url).await;
    }

    /// Keeps all waiting that is asked of the database, until what is returned is dropped.
    ///
    /// # Panics
    /// If it is not on PostgreSQL.
    pub async fn hold(&self) -> Held {
        Held { _connection: postgres::server().hold(&self.settings.url).await }
    }

    /// Has all noted that is told to the database by whoever connects to it later.
    ///
    /// # Panics
    /// If it is not on PostgreSQL.
    pub async fn watch(&self) {
        postgres::server().watch(&self.settings.url).await;
    }

    /// What was told to the database since then by who is connected to it: a text for each trip.
    ///
    /// # Panics
    /// If it is not on PostgreSQL.
    pub async fn told(&self) -> Vec<String> {
        postgres::server().told(&self.settings.url).await
    }

    /// How to connect to it again.
    #[must_use]
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }
}

/// A database of which all that is asked waits.
#[must_use]
pub struct Held {
    _connection: sqlx::PgConnection,
}

impl Deref for TestStore {
    type Target = Arc<dyn Store>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

/// A fresh SQLite store.
///
/// # Panics
/// If it cannot be made.
pub async fn sqlite() -> TestStore {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", dir.path().join("sabeel.db").display());
    open(dir, url).await
}

async fn open(dir: tempfile::TempDir, url: String) -> TestStore {
    let settings = StoreSettings { url, ..StoreSettings::default() };
    let keys = KeyRing::open_or_create(&dir.path().join("keys")).expect("keys");
    SqlStore::migrate(&settings).await.expect("a migrated database");
    let store = SqlStore::connect(&settings, keys.clone()).await.expect("a database");
    TestStore { store: Arc::new(store), settings, keys, _dir: dir }
}

/// A fresh database on a PostgreSQL of this test process's own.
///
/// # Panics
/// If PostgreSQL is not installed or does not start: a missing database is a failed set-up.
pub async fn postgres() -> TestStore {
    let server = postgres::server();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let url = server.new_database();
    open(dir, url).await
}

mod postgres;
