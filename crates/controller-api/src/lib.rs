//! Clients of the controllers of access points that are not told by RADIUS: each admits a device,
//! takes that back, and says who is there.
//!
//! What a visitor may is decided elsewhere; here it is said in a maker's words.

mod controllers;
mod error;
mod exchange;
mod login;
mod omada;
mod smart_zone;
mod tls;
mod unifi;

pub use controllers::{Controller, Controllers, Who};
pub use error::ApiError;
