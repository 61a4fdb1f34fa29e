//! The agent of a site: a Linux router as the visitors' access server.
//!
//! [`Agent`] joins the parts. Rules are in `access`, which knows neither packet nor kernel;
//! RADIUS, HTTP and netlink are each behind a module of their own.

mod access;
mod advertisement;
mod advertiser;
mod agent;
mod credentials;
mod dynamic_authorization;
mod ledger;
mod moment;
mod netlink;
mod presence;
mod pretend;
mod radius;
mod random;
mod redirector;
mod settings;
mod state_file;
mod timeline;
mod whole_file;

pub mod enforcer;
pub mod interface;
pub mod links;
pub mod neighbour;
pub mod nftables;

pub use agent::{Agent, EdgeError};
pub use credentials::{Credentials, CredentialsError};
pub use settings::{DynamicSettings, EdgeSettings, EnforcerKind, ServerSettings, SettingsError};
