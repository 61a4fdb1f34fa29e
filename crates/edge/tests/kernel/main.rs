//! What the gateway asks of this machine's kernel, told as stories in network namespaces.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

mod admitted;
mod counting;
mod neighbours;
mod netns;
mod shaping;
mod square;
mod switching;
mod unauthenticated;
