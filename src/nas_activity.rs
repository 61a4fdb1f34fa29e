//! Hands what the RADIUS server has counted to the admin API.

use std::sync::Arc;

use controller::NasActivity;
use controller::admin::api::{Activity, Times};
use domain::NasName;
use radius::Metrics;

/// The counters of the RADIUS server in this process.
pub struct CountedByRadius(pub Arc<Metrics>);

impl NasActivity for CountedByRadius {
    fn of(&self, name: &NasName) -> Option<Activity> {
        let seen = self.0.of_access_point(name)?;
        let unanswered = seen.unanswered_by_reason.into_iter();
        Some(Activity {
            accepted: seen.accepted,
            rejected: seen.rejected,
            recorded: seen.recorded,
            resent: seen.resent,
            unanswered: unanswered.map(|(reason, count)| (reason.to_owned(), count)).collect(),
            access: times(seen.access),
            accounting: times(seen.accounting),
            interim: times(seen.interim),
            without_message_authenticator: times(seen.without_message_authenticator),
            without_class: times(seen.without_class),
            former_secret: times(seen.former_secret),
            clock_ahead_millis: seen.clock_ahead_millis,
        })
    }
}

fn times(seen: radius::Times) -> Times {
    Times { count: seen.count, last: seen.last }
}
