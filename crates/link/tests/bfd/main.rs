//! BFD: packets on the wire, every transition of a session, many sessions, and what holds of any two.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod authentication;
mod corpus;

mod one_session;
mod poll_sequence;
mod sessions;
mod two_ends;

mod wire;
mod world;
