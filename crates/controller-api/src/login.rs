//! A login to a controller: made when it is first needed, kept as long as it is taken, and after a
//! refusal not tried again for a while, since controllers lock out who insists.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::ApiError;

/// A password that was refused is not tried again before that.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// By what right the next request is made.
#[derive(Debug, Clone)]
pub(crate) enum Login<Right> {
    None,
    /// The password was refused.
    Refused {
        until: Instant,
    },
    Done(Right),
}

impl<Right: Clone> Login<Right> {
    /// The present right, or the one that `log_in` brings; and whether it is new.
    pub(crate) async fn right(
        &mut self,
        log_in: impl Future<Output = Result<Right, ApiError>>,
    ) -> Result<(Right, bool), ApiError> {
        match self {
            Self::Done(right) => return Ok((right.clone(), false)),
            Self::Refused { until } if Instant::now() < *until => {
                return Err(ApiError::KeyRefused);
            }
            Self::None | Self::Refused { .. } => {}
        }
        let right = log_in.await;
        *self = match &right {
            Ok(right) => Self::Done(right.clone()),
            Err(ApiError::KeyRefused) => Self::Refused { until: Instant::now() + REFUSED_FOR },
            Err(_) => Self::None,
        };
        right.map(|right| (right, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody may try to log in.
    async fn needless() -> Result<u8, ApiError> {
        panic!("logged in without need")
    }

    #[tokio::test]
    async fn a_login_is_made_once_and_a_refused_password_is_not_tried_again_at_once() {
        let mut login = Login::None;
        let unreachable = login.right(async { Err(ApiError::Unreachable) }).await;
        assert!(matches!(unreachable, Err(ApiError::Unreachable)));
        assert!(matches!(login.right(async { Ok(7) }).await, Ok((7, true))));
        assert!(matches!(login.right(needless()).await, Ok((7, false))));

        login = Login::None;
        for tried in [true, false] {
            let log_in = async {
                assert!(tried, "tried again at once");
                Err(ApiError::KeyRefused)
            };
            assert!(matches!(login.right(log_in).await, Err(ApiError::KeyRefused)));
        }
        login = Login::Refused { until: Instant::now() };
        assert!(matches!(login.right(async { Ok(8) }).await, Ok((8, true))));
    }
}
