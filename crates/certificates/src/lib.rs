//! The files of a TLS server: certificates, keys and what a CA says of them, read from disk, and
//! read again when they change.
//!
//! Knows nothing of what is served. RADIUS over TLS, the portal and the centre of links share it.

mod follow;
mod mutual;
pub mod ocsp;
mod pem;

pub use follow::{Followed, Material};
pub use mutual::{Mutual, MutualError};
pub use pem::{FileError, Validity, certificates, names, private_key, validity};
