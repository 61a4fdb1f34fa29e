//! What Sabeel remembers: one trait per aggregate with its contract, on SQLite and
//! PostgreSQL, and the accounting journal.
//!
//! No rule lives here. The rules are in `domain`; the store makes their outcome
//! durable and atomic.

mod contract;
mod error;
mod feed;

pub use contract::{
    AccessPoints, AccountRecord, Accounts, ApplyOutcome, Attempt, Challenges, Credentials, Grants,
    JournalPosition, MessageOutbox, NewChallenge, Orders, OutgoingMessage, Plans, SessionFilter,
    SessionReports, Sessions, SignIn, SignInOutcome, Sites, Store,
};
pub use error::StoreError;
pub use feed::{Change, ChangeFeed, Changes};
