//! What sends the probes of a path: how often, how long they are, and when one is lost.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use link::Key;
use link::stamp::sender::{self, Reflection, Sender, Sizes};
use link::stamp::{ErrorEstimate, Format, SessionId};

use crate::links::settings::PathSettings;

/// After which time a probe is lost.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The lengths of probes, in turn: those of voice, and as long as a path that is fit has to carry.
pub(super) const PROBE_SIZES: Sizes = Sizes::Alternating([64, 1_400]);

/// What sends the probes of a path, if there are any.
pub(super) fn prober(
    of: &PathSettings,
    key: Option<&Key>,
    session: SessionId,
    now: Instant,
) -> Option<Sender> {
    let interval = of.probe_interval()?;
    let within_timeout = PROBE_TIMEOUT.as_nanos() / interval.as_nanos();
    let remembered = usize::try_from(within_timeout).unwrap_or(100) * 4 + 16;
    let settings = sender::Settings {
        session,
        key: key.cloned(),
        reflection: Reflection::Stateful,
        interval,
        sizes: PROBE_SIZES,
        timeout: PROBE_TIMEOUT,
        remembered: NonZeroUsize::new(remembered).unwrap_or(NonZeroUsize::MIN),
    };
    let error = ErrorEstimate::unsynchronised(Format::Ntp, Duration::from_secs(1));
    Some(Sender::new(settings, error, now))
}
