//! The controller: keeps quotas, delivers orders to access points, clears away what is
//! over, and answers the admin API.
//!
//! It meets the other parts only in the store, and speaks to access points only through
//! [`NasControl`].

pub mod admin;
pub mod alert_channels;
mod control;
mod credential;
mod delivery;
mod direction_watch;
mod guest_watch;
mod link_centre;
pub mod links;
mod message_routes;
mod nas_activity;
mod nas_control;
mod nas_test;
mod newcomers;
mod onboarding;
mod quota;
mod random;
mod reaper;
mod report_messages;
mod rounds;
mod settings;
mod site_messages;
#[cfg(test)]
mod stage;
mod support;
mod tail;
mod why;
mod yielding;

pub use control::{Controller, OrderDelivery};
pub use credential::one_time_credential;
pub use link_centre::{LinkCentre, LinkCentreError, LinkCentreSettings};
pub use message_routes::{MessageRoutes, RouteNow};
pub use nas_activity::{Counted, NasActivity};
pub use nas_control::{Delivery, GuestsError, NasControl, Probe, Way};
pub use onboarding::Places;
pub use report_messages::ReportMessages;
pub use settings::{ControllerSettings, RetentionSettings, SettingsError};
pub use site_messages::SiteMessages;
pub use tail::follow;
pub use why::{Records, WhyError, about as asked_about, tell as why};
