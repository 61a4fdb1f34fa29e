//! BFD with that of others: FRR's bfdd and BIRD, which must be installed; `scripts/install test` does it.
//!
//! They and we stand in network namespaces of our own, with a wire between them and a way over a router.
//! No test waits for a time to pass; all wait for what must happen.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]
#![allow(
    clippy::disallowed_methods,
    reason = "a shell around the core reads the clock and runs threads"
)]

mod agent;
mod bird;
mod crowd;
mod frr;
mod ground;
mod shell;
mod two_hundred;
mod with_bird;
mod with_frr;

use std::time::{Duration, Instant};

/// How long something that must happen may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until there is something to see.
fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    look_every(Duration::from_millis(20), what, look)
}

/// Looks as often as that.
fn look_every<T>(pause: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "no {what} within {PATIENCE:?}");
        std::thread::park_timeout(pause);
    }
}
