//! What is known in this process of the routes by which messages go; whoever carries them says it.

use domain::RouteName;

/// A route as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteNow {
    /// Its name.
    pub name: RouteName,
    /// Whether it takes no messages and rests.
    pub resting: bool,
    /// Receipts since the start that named no message of the route.
    pub unknown_receipts: u64,
    /// Receipts since the start that were forged or could not be read.
    pub bad_receipts: u64,
}

/// Says how routes stand.
pub trait MessageRoutes: Send + Sync {
    /// All of them, the preferred one first.
    fn list(&self) -> Vec<RouteNow>;
}
