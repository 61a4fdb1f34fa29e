//! Opening the database, and carrying changes between processes that share PostgreSQL.

use std::error::Error;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, Connection, Executor};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::audit::Due;
use super::connections::Connections;
use super::crowd::Crowd;
use super::dialect::{BY_KEYS, Dialect};
use super::given::{Column, Given};
use super::till::Till;
use super::{SqlStore, migrations};
use crate::keys::KeyRing;
use crate::settings::within;
use crate::{Change, ChangeFeed, SettingsError, StoreError};

/// Accounts in one notification, so that it has less than the 8,000 octets that PostgreSQL takes.
const TOLD_AT_ONCE: usize = 60;
/// Accounts that are told one by one; of more it is said that everything may have changed.
const MOST_TOLD: usize = 3_000;

/// How the database is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite:PATH` or `postgres://USER@HOST/DATABASE`. Default: SQLite in the data folder.
    pub url: String,
    /// Connections that read, and for PostgreSQL as many that write and half as many for RADIUS'
    /// questions; it has four more of its own there. 1 to 100. Default 8.
    pub connections: u32,
    /// For how many seconds a call waits for a free connection; 1 to 60. Default 5.
    pub patience_secs: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: String::new(), connections: 8, patience_secs: 5 }
    }
}

impl StoreSettings {
    /// Checks every value against its range; an address that is left out is fine.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if !self.url.is_empty() && Dialect::of_url(&self.url).is_none() {
            return Err(SettingsError::Url);
        }
        within("store.connections", self.connections.into(), 1..=100)?;
        within("store.patience-secs", self.patience_secs, 1..=60)
    }
}

/// The channel that carries changes between processes.
const CHANNEL: &str = "sabeel_changes";

/// Write-ahead log, synced at every commit. A plan never makes an index for itself: for the rows
/// of a batch it would read whole tables to save look-ups.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
     PRAGMA automatic_index = OFF";
/// How much less urgent writing to SQLite is than answering (nice(2)): a tenth of the processor is
/// its own where all is taken.
const NICE: i32 = 10;
/// For the batches of accounting: 64 MB of page cache, and a log that is brought into the file
/// after 64 MB.
const SQLITE_WRITER: &str = "PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 16000";

/// Those who change something together wait no longer for a row that somebody else is changing: then each
/// goes alone, and only who needs it waits for it.
const IMPATIENT: &str = "SET lock_timeout = '250ms'";

/// Changes that other processes are to be told.
#[derive(Debug, Default)]
pub(super) struct Telling {
    untold: std::sync::Mutex<Vec<String>>,
    turn: tokio::sync::Mutex<()>,
    /// What hears of the changes of others.
    listening: OnceLock<AbortHandle>,
}

impl SqlStore {
    /// Opens a database whose schema is of this program's version.
    ///
    /// # Errors
    /// [`StoreError::OlderSchema`] or [`StoreError::NewerSchema`] for another version, else why
    /// the database cannot be used.
    pub async fn connect(settings: &StoreSettings, keys: KeyRing) -> Result<Self, StoreError> {
        let store = Self::open(settings, keys)?;
        migrations::require_current(&store.writer).await?;
        if store.dialect == Dialect::Postgres {
            store.listen(&settings.url).await?;
        }
        Ok(store)
    }

    /// Brings the schema to this program's version; an empty database gets all of it.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] if a newer program made it.
    pub async fn migrate(settings: &StoreSettings) -> Result<migrations::Migrated, StoreError> {
        let dialect = dialect_of(settings)?;
        if dialect == Dialect::Sqlite {
            make_private(&settings.url)?;
        }
        let writer = connections(settings, (dialect, Use::Writing));
        let outcome = migrations::migrate(&writer, dialect).await;
        writer.close().await;
        outcome
    }

    fn open(settings: &StoreSettings, keys: KeyRing) -> Result<Self, StoreError> {
        let dialect = dialect_of(settings)?;
        let writer = connections(settings, (dialect, Use::Writing));
        let reader = connections(settings, (dialect, Use::Reading));
        let by_keys = match dialect {
            Dialect::Sqlite => reader.clone(),
            Dialect::Postgres => connections(settings, (dialect, Use::ReadingByKeys)),
        };
        let mut instance = [0; 8];
        getrandom::fill(&mut instance).expect("the operating system gives random numbers");
        let (feed, known, due) = (ChangeFeed::new(), Arc::default(), Due::default());
        let (line, telling) = (Arc::default(), Arc::default());
        let own = |purpose| match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(connections(settings, (dialect, purpose))),
        };
        let till = own(Use::Paying).map(Till::new);
        let [first_codes, attempts] = [(); 2].map(|()| Crowd::new(own(Use::Gathering)));
        Ok(Self {
            dialect,
            writer,
            reader,
            by_keys,
            keys,
            feed,
            telling,
            known,
            line,
            till,
            first_codes,
            attempts,
            due,
            instance,
        })
    }

    /// Tells of a change, after its commit. A notification that is lost costs other processes
    /// time, never correctness, so its failure is only logged.
    pub(crate) async fn publish(&self, change: Change) {
        self.publish_all([change]).await;
    }

    /// Tells of changes that were committed together.
    pub(crate) async fn publish_all(&self, changes: impl IntoIterator<Item = Change>) {
        let mut told = Vec::new();
        for change in changes {
            match (self.dialect, &change) {
                (Dialect::Sqlite, _) => {}
                (Dialect::Postgres, Change::Usage(all)) if all.len() > MOST_TOLD => {
                    told.push(self.payload(&Change::Missed));
                }
                (Dialect::Postgres, Change::Usage(all)) => {
                    let parts = all.chunks(TOLD_AT_ONCE);
                    told.extend(parts.map(|some| self.payload(&Change::Usage(some.to_vec()))));
                }
                (Dialect::Postgres, change) => told.push(self.payload(change)),
            }
            self.feed.publish(change);
        }
        if let Err(error) = self.notify(told).await {
            tracing::warn!(error = &error as &dyn Error, "cannot tell other processes of changes");
        }
    }

    fn payload(&self, change: &Change) -> String {
        let body = serde_json::to_string(change).unwrap_or_default();
        format!("{} {body}", HEXLOWER.encode(&self.instance))
    }

    /// Tells other processes, by one commit that need not wait for the disk. What comes while others
    /// are being told is told together.
    async fn notify(&self, told: Vec<String>) -> Result<(), StoreError> {
        if told.is_empty() {
            return Ok(());
        }
        let Telling { untold, turn, .. } = &*self.telling;
        let untold = || untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold().extend(told);
        let _turn = turn.lock().await;
        let told = std::mem::take(&mut *untold());
        if told.is_empty() {
            return Ok(());
        }
        let columns = vec![Column::texts(told.into_iter())];
        let given = Given { dialect: self.dialect, names: "payload", columns };
        let statement = format!(
            "SELECT 1 AS sent FROM (SELECT set_config('synchronous_commit', 'off', TRUE), \
             pg_notify('{CHANNEL}', payload) FROM given) AS notified"
        );
        let mut script = self.script();
        given.add_to(&mut script, &statement);
        self.writer.fetch(script).await.map(drop)
    }

    async fn listen(&self, url: &str) -> Result<(), StoreError> {
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        let feed = self.feed.clone();
        let own = HEXLOWER.encode(&self.instance);
        let listening = tokio::spawn(async move {
            loop {
                match listener.try_recv().await {
                    Ok(Some(notification)) => republish(&feed, &own, notification.payload()),
                    Ok(None) => feed.publish(Change::Missed),
                    Err(error) => {
                        tracing::warn!(%error, "changes of other processes are not heard");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        });
        // A store listens once.
        drop(self.telling.listening.set(listening.abort_handle()));
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        if let Some(listening) = self.telling.listening.get() {
            listening.abort();
        }
        if let Some(till) = &self.till {
            till.close().await;
        }
        for crowd in [&self.first_codes, &self.attempts] {
            crowd.close().await;
        }
        self.writer.close().await;
        self.reader.close().await;
        self.by_keys.close().await;
    }
}

/// Makes the file of a new SQLite database readable by the service alone; SQLite gives its other
/// files the same rights. One that is there keeps its own.
fn make_private(url: &str) -> Result<(), StoreError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::Database(sqlx::Error::Io(error)))
        }
        _ => Ok(()),
    }
}

fn republish(feed: &ChangeFeed, own: &str, payload: &str) {
    let Some((sender, body)) = payload.split_once(' ') else { return };
    if sender != own {
        feed.publish(serde_json::from_str(body).unwrap_or(Change::Missed));
    }
}

fn dialect_of(settings: &StoreSettings) -> Result<Dialect, StoreError> {
    Dialect::of_url(&settings.url).ok_or_else(|| {
        StoreError::Database(sqlx::Error::Configuration(
            "the url must begin with sqlite: or postgres:".into(),
        ))
    })
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// For changes; on SQLite there is one.
    Writing,
    /// For look-ups.
    Reading,
    /// For look-ups of many rows by their keys; on PostgreSQL.
    ReadingByKeys,
    /// For changes of many who wait meanwhile; on PostgreSQL.
    Gathering,
    /// For payments, which other commits bring to the disk; on PostgreSQL.
    Paying,
}

/// Where connections lead.
fn address(settings: &StoreSettings, dialect: Dialect) -> String {
    match dialect {
        // The file is made by `make_private` alone, so that it is never readable by others.
        Dialect::Sqlite => format!("{}?mode=rw", settings.url),
        Dialect::Postgres => settings.url.clone(),
    }
}

/// What a new connection is told.
pub(super) async fn prepare(
    connection: &mut AnyConnection,
    (dialect, purpose): (Dialect, Use),
) -> Result<(), sqlx::Error> {
    if dialect == Dialect::Sqlite {
        connection.execute(SQLITE_PRAGMAS).await?;
    }
    match (dialect, purpose) {
        (Dialect::Sqlite, Use::Writing) => connection.execute(SQLITE_WRITER).await?,
        (Dialect::Postgres, Use::Writing | Use::ReadingByKeys) => {
            connection.execute(BY_KEYS).await?
        }
        (Dialect::Postgres, Use::Gathering) => {
            connection.execute(BY_KEYS).await?;
            connection.execute(IMPATIENT).await?
        }
        (Dialect::Postgres, Use::Paying) => {
            connection.execute("SET synchronous_commit = off").await?
        }
        (_, Use::Reading) | (Dialect::Sqlite, _) => return Ok(()),
    };
    Ok(())
}

/// Connections for that purpose: SQLite has one writer, and payments are made one after the other. Who
/// asks about many at once takes few.
fn connections(settings: &StoreSettings, of: (Dialect, Use)) -> Connections {
    let whole = usize::try_from(settings.connections.clamp(1, 100)).unwrap_or(1);
    let most = match of {
        (_, Use::Paying | Use::Gathering) | (Dialect::Sqlite, Use::Writing) => 1,
        (_, Use::Reading) | (Dialect::Postgres, Use::Writing) => whole,
        (_, Use::ReadingByKeys) => whole.div_ceil(2),
    };
    let patience = Duration::from_secs(settings.patience_secs.clamp(1, 60));
    Connections::new(address(settings, of.0), of, most, patience)
}

/// Connects on a thread of low priority, which the thread that SQLite works on inherits: a batch of
/// accounting takes the processor time that those who answer leave.
pub(super) async fn connect_below(url: String) -> Result<AnyConnection, sqlx::Error> {
    let (runtime, (done, connected)) = (Handle::current(), oneshot::channel());
    let connect = move || {
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, "writing is as urgent as answering");
        }
        // Nobody waits any more if the program stops meanwhile.
        drop(done.send(runtime.block_on(AnyConnection::connect(&url))));
    };
    thread::Builder::new().name("connect".to_owned()).spawn(connect).map_err(sqlx::Error::Io)?;
    connected.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}
