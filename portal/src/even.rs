//! Answers about a number take a time that tells nothing of it.
//!
//! A number that is blocked, or whose messages others have had, is answered like any other, but costs
//! less: nothing is handed over to a gateway. So such answers leave at whole steps after their
//! request, and what is left of the difference is within a step (messaging facts, §3.1).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, sleep_until};

use crate::app::App;

/// Holds an answer until the next step.
pub(crate) async fn paced(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let answer = next.run(request).await;
    let took = begun.elapsed();
    if let Some(whole) = whole_steps(took, app.settings.limits.answer_step()) {
        sleep_until(begun + whole).await;
    }
    answer
}

/// The end of the step in which something ended that took so long; `None` without steps.
fn whole_steps(took: Duration, step: Duration) -> Option<Duration> {
    let steps = took.as_nanos().checked_div(step.as_nanos())?;
    Some(step * u32::try_from(steps + 1).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_within_a_step_ends_with_it() {
        const STEP: Duration = Duration::from_millis(10);
        for (took, whole) in [(0, 10), (1, 10), (9_999, 10), (10_000, 20), (25_000, 30)] {
            let whole = Some(Duration::from_millis(whole));
            assert_eq!(whole_steps(Duration::from_micros(took), STEP), whole, "{took}");
        }
        assert_eq!(whole_steps(STEP, Duration::ZERO), None);
    }
}
