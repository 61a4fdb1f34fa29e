//! Work that is done again and again for as long as its part runs.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Works in rounds until told to stop, the first of them at once. A round that failed is told of with what
/// that means, and the next one comes in its time.
pub(crate) async fn work<T, E: Error + 'static, F>(
    every: Duration,
    stop: CancellationToken,
    failed: &str,
    round: impl Fn() -> F,
) where
    F: Future<Output = Result<T, E>>,
{
    let mut rounds = tokio::time::interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let working = async {
        loop {
            rounds.tick().await;
            if let Err(error) = round().await {
                let error = &error as &dyn Error;
                tracing::warn!(error, "{failed}");
            }
        }
    };
    stop.run_until_cancelled(working).await;
}
