//! The files of a TLS server: certificates, keys and what a CA says of them, read from disk, and
//! read again when they change.
//!
//! Knows nothing of what is served. RADIUS over TLS and the portal share it.

mod follow;
pub mod ocsp;
mod pem;

pub use follow::{Followed, Material};
pub use pem::{FileError, Validity, certificates, names, private_key, validity};
