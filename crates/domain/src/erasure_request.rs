//! That a person wants everything destroyed that is kept about the person.

use std::time::Duration;

use crate::{AccountId, Reference, SiteName, Timestamp};

/// A request, from its making until it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Its name, which the visitor knows.
    pub reference: Reference,
    /// Whose data.
    pub account: AccountId,
    /// At which site it was made.
    pub site: SiteName,
    /// When.
    pub asked_at: Timestamp,
    /// Until when it must be answered.
    pub due_at: Timestamp,
    /// When everything was destroyed.
    pub done_at: Option<Timestamp>,
}

impl ErasureRequest {
    /// Within so many days such a request must be answered (Implementing Regulations of the PDPL,
    /// Art. 3).
    pub const DAYS_TO_ANSWER: u64 = 30;

    /// A request that is made now.
    #[must_use]
    pub fn new(
        reference: Reference,
        account: AccountId,
        site: SiteName,
        asked_at: Timestamp,
    ) -> Self {
        let due_at = asked_at + Duration::from_secs(Self::DAYS_TO_ANSWER * 86_400);
        Self { reference, account, site, asked_at, due_at, done_at: None }
    }

    /// Whether it should have been answered before `now`.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.done_at.is_none() && now >= self.due_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_due_after_thirty_days() {
        let asked_at = Timestamp::from_secs(1_795_597_200);
        let account = AccountId::from_bytes([1; 16]);
        let site = "walkway".parse().unwrap();
        let request = ErasureRequest::new("K7M2QX".parse().unwrap(), account, site, asked_at);
        let day = |days: u64| asked_at + Duration::from_secs(days * 86_400);
        assert_eq!(request.due_at, day(30));
        assert!(!request.is_overdue(day(29)) && request.is_overdue(day(30)));
        let done = ErasureRequest { done_at: Some(day(3)), ..request };
        assert!(!done.is_overdue(day(31)));
    }
}
