//! Requests of persons to have everything about them destroyed, as they travel.

use domain::{AccountId, ErasureRequest, Reference, SiteName, Timestamp};
use serde::{Deserialize, Serialize};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Its name, which the person knows.
    pub reference: Reference,
    /// Whose data.
    pub account: AccountId,
    /// The person with the middle hidden, while anything is kept.
    pub person: Option<String>,
    /// At which site it was made.
    pub site: SiteName,
    /// When.
    pub asked_at: Timestamp,
    /// Until when it must be answered.
    pub due_at: Timestamp,
    /// When everything was destroyed.
    pub done_at: Option<Timestamp>,
    /// Whether a legal hold keeps it from being done.
    pub held: bool,
    /// Whether it should have been answered before.
    pub overdue: bool,
}

impl RequestView {
    /// The request as it stands at `now`, of whom, and whether the person is held.
    #[must_use]
    pub fn new(
        request: ErasureRequest,
        (person, held): (Option<String>, bool),
        now: Timestamp,
    ) -> Self {
        let overdue = request.is_overdue(now);
        let ErasureRequest { reference, account, site, asked_at, due_at, done_at } = request;
        Self { reference, account, person, site, asked_at, due_at, done_at, held, overdue }
    }
}

/// Which requests are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// Also those that are done.
    #[serde(default)]
    pub all: bool,
}
