//! The RADIUS server: sockets, decisions and accounting around the core of `radius-proto`,
//! over UDP and TLS, and the client that tells access points to end or renew a session.

mod accept;
mod access_points;
mod accounting;
mod answer;
mod appearances;
mod authentication;
mod authorise;
mod batch;
mod claim;
mod class;
mod crowd;
mod cui;
mod dae;
mod direction;
mod eap;
mod facts;
mod failures;
mod fair_queue;
#[cfg(test)]
mod fixtures;
mod flood;
mod follower;
mod gate;
mod introduction;
mod known_grants;
mod look_ups;
mod metrics;
mod nas_counters;
mod notes;
mod port;
mod precedence;
mod profile;
mod radsec;
mod random;
mod ranges;
mod record;
mod recording;
mod redirect;
mod registrar;
mod renewals;
mod server;
mod settings;
mod shared;
mod socket;
mod terms;
mod translate;

pub use authorise::Refusal;
pub use dae::{DaeClient, DaeOutcome, DaeSubject};
pub use metrics::{Metrics, Outcome, Statistics};
pub use nas_counters::{NasStatistics, Times};
pub use radsec::{Connections, Presence, RadsecSettings};
pub use server::{LocalAddresses, Radius, RadiusError};
pub use settings::{DaeSettings, RadiusSettings, SettingsError};
pub use translate::Unusable;
