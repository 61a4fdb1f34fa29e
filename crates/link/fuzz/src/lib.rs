//! What must hold for any input, one function for each fuzz target.
//!
//! `cargo fuzz run TARGET` looks for inputs that break one; the inputs that it kept are tried again by
//! ordinary tests of the crate above.

mod bfd;
mod carry;
mod path_mtu;
mod proof;
mod stamp;
mod train;

pub use bfd::{bfd_packet, bfd_session};
pub use carry::{carry_confirmation, carry_run};
pub use path_mtu::path_mtu;
pub use stamp::{stamp_reflector, stamp_session};
pub use train::{train_estimate, train_packet};
