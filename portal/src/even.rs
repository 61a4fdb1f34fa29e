//! Answers about a number take a time that tells nothing of it.
//!
//! A number that is blocked, or whose messages others have had, is answered like any other, but costs
//! less: nothing is handed over to a gateway. So such answers leave at whole steps after their
//! request (messaging facts, §3.1). What else is done meanwhile still holds up whoever is woken then, for
//! some hundredths of a millisecond; that is lost in up to half a step more, by chance.

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
        sleep_until(begun + whole + by_chance(app.settings.limits.answer_step() / 2)).await;
    }
    answer
}

/// Any part of that span; nothing of it where there are no random numbers.
fn by_chance(most: Duration) -> Duration {
    most.mul_f64(f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX))
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

    #[test]
    fn what_is_left_to_chance_is_no_more_than_asked() {
        const MOST: Duration = Duration::from_millis(5);
        let spans: Vec<_> = (0..1_000).map(|_| by_chance(MOST)).collect();
        assert!(spans.iter().all(|span| *span <= MOST));
        // Of a thousand none is in the first tenth once in some 10^45 times.
        assert!(spans.iter().any(|span| *span < MOST / 10));
        assert!(spans.iter().any(|span| *span > MOST - MOST / 10));
    }
}
