//! What must hold for any input, one function for each fuzz target.
//!
//! `cargo fuzz run TARGET` looks for inputs that break one; the inputs that it kept are tried again by
//! ordinary tests of the crate above.

mod bfd;

pub use bfd::{bfd_packet, bfd_session};
