//! Hands what the RADIUS server has counted to the admin API.

use std::sync::Arc;

use controller::admin::api::{Activity, Times};
use controller::{Counted, NasActivity};
use domain::NasName;
use radius::{Metrics, NasStatistics, Statistics};

/// The counters of the RADIUS server in this process.
pub struct CountedByRadius(pub Arc<Metrics>);

impl NasActivity for CountedByRadius {
    fn of(&self, name: &NasName) -> Option<Activity> {
        self.0.of_access_point(name).map(activity)
    }

    fn all(&self) -> Counted {
        let Statistics { outcomes, access_points } = self.0.snapshot();
        Counted {
            outcomes: outcomes
                .into_iter()
                .map(|(label, count)| (label.to_owned(), count))
                .collect(),
            access_points: access_points
                .into_iter()
                .map(|(name, seen)| (name, activity(seen)))
                .collect(),
        }
    }
}

fn activity(seen: NasStatistics) -> Activity {
    let unanswered = seen.unanswered_by_reason.into_iter();
    Activity {
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
    }
}

fn times(seen: radius::Times) -> Times {
    Times { count: seen.count, last: seen.last }
}
