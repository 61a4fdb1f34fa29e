//! What agents of links are to run by: the last signed policy of each office.

use async_trait::async_trait;
use domain::Timestamp;
use link::report::Name;

use crate::StoreError;

/// Which policy of an office is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPolicyHead {
    /// Whose it is.
    pub site: Name,
    /// Which of theirs.
    pub generation: u64,
    /// When it was published.
    pub published_at: Timestamp,
}

/// A policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPolicy {
    /// Which it is.
    pub head: LinkPolicyHead,
    /// The whole of it with its signature, JSON.
    pub document: String,
}

/// Policies of offices.
#[async_trait]
pub trait LinkPolicies: Send + Sync {
    /// Keeps a policy in place of the last of its office. Nothing is kept, and `false` returned, if that
    /// is of the same generation or a newer one.
    async fn publish_link_policy(&self, policy: &LinkPolicy) -> Result<bool, StoreError>;

    /// The last policy of an office.
    async fn find_link_policy(&self, site: &Name) -> Result<Option<LinkPolicy>, StoreError>;

    /// Which policy is the last of each office, by its name.
    async fn list_link_policies(&self) -> Result<Vec<LinkPolicyHead>, StoreError>;
}
