//! A park's visitor on real parts: phones, DHCP, a kernel that lets through, a browser; and the
//! same behind openNDS.
//!
//! `scripts/scene` builds the park in network namespaces of its own.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

#[path = "../pages/chromium.rs"]
mod chromium;
#[path = "../stories/noon.rs"]
mod noon;
mod opennds;
mod scene;
mod visit;
