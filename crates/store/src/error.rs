//! Why the store could not do what was asked.

/// A failure of the store itself; absence is `Option`, a lost race is its own outcome.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A row holds what no version of Sabeel writes.
    #[error("the database holds an invalid {what}")]
    Corrupt {
        /// Which kind of value.
        what: &'static str,
    },
    /// The name is taken.
    #[error("{kind} `{name}` exists already")]
    Exists {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Something else still needs it, or it needs something that is not there.
    #[error("{kind} `{name}` {obstacle}")]
    Reference {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What stands in the way.
        obstacle: String,
    },
    /// The schema was made by a newer version.
    #[error("the database has schema version {found}, but this program knows only up to {known}")]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The schema is older than this program needs.
    #[error("the database has schema version {found} and needs {known}; run `sabeel db migrate`")]
    OlderSchema {
        /// The version found.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// Stored personal data cannot be read with the keys at hand.
    #[error("no key of version {version} to read stored data")]
    MissingKey {
        /// The key version that the data names.
        version: u32,
    },
    /// A key file is missing, unreadable or malformed.
    #[error("key file {path}: {reason}")]
    Keys {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}
