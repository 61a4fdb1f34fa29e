//! Requests of persons to have everything about them destroyed.

use async_trait::async_trait;
use domain::{ErasureRequest, Reference, Timestamp};

use crate::StoreError;

/// Which requests are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFilter {
    /// Only those that are not done.
    pub open_only: bool,
    /// At most this many.
    pub limit: u32,
}

/// Requests by their reference. One is done by [`crate::Accounts::erase_account`], whoever calls it.
#[async_trait]
pub trait ErasureRequests: Send + Sync {
    /// Writes a request down, unless the person has one that is not done; returns the one that is.
    async fn add_erasure_request(
        &self,
        request: &ErasureRequest,
    ) -> Result<ErasureRequest, StoreError>;

    /// The request of that reference.
    async fn find_erasure_request(
        &self,
        reference: &Reference,
    ) -> Result<Option<ErasureRequest>, StoreError>;

    /// Requests, those that are due first come first.
    async fn list_erasure_requests(
        &self,
        filter: RequestFilter,
    ) -> Result<Vec<ErasureRequest>, StoreError>;

    /// Destroys requests that were done before `before`; returns how many.
    async fn prune_erasure_requests(&self, before: Timestamp) -> Result<u64, StoreError>;
}
