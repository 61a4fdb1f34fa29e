//! When a site is open and whom it still takes, for every request of its access points.
//!
//! The rule of the hours is the domain's and looks at a week; here its last answer is kept for as long as it
//! holds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Doors, OpeningHours, RatePair, Site, Timestamp, Zone};

use crate::crowd::Crowd;

/// For how long an answer holds that names no end.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The opening hours of a site, without any always open; and who is online there.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    rule: Option<(OpeningHours, Zone)>,
    last: Mutex<Option<Answer>>,
    pub(crate) crowd: Crowd,
    /// What an office leaves to its devices, and until when.
    office: Option<(RatePair, Timestamp)>,
}

/// What holds from one moment to another.
#[derive(Debug, Clone, Copy)]
struct Answer {
    from: Timestamp,
    until: Timestamp,
    doors: Doors,
}

impl Gate {
    /// The gate of a site, which was `former` before setup was read again.
    pub(crate) fn of(site: &Site, former: Option<&Self>) -> Self {
        let rule = (site.hours.clone(), site.zone.clone());
        let rule = Some(rule).filter(|(hours, _)| !hours.are_always());
        Self {
            rule,
            last: Mutex::default(),
            crowd: Crowd::of(site, former.map(|former| &former.crowd)),
            office: site.beside_office(),
        }
    }

    /// The most that a device may have at `now` because an office needs the network.
    pub(crate) fn most(&self, now: Timestamp) -> Option<RatePair> {
        self.office.filter(|(_, until)| now < *until).map(|(most, _)| most)
    }

    /// What a clock on the site's wall shows.
    pub(crate) fn wall_clock(&self, time: Timestamp) -> (i8, i8) {
        self.rule.as_ref().map_or((0, 0), |(_, zone)| zone.wall_clock(time))
    }

    /// Whether the site is open at `now`.
    pub(crate) fn doors(&self, now: Timestamp) -> Doors {
        let Some((hours, zone)) = &self.rule else { return Doors::Open { until: None } };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Answer { doors, .. }) =
            last.filter(|answer| (answer.from..answer.until).contains(&now))
        {
            return doors;
        }
        let doors = hours.doors(zone, now);
        let until = match doors {
            Doors::Open { until } => until.unwrap_or(now + LONGEST),
            Doors::Closed { opens_at, .. } => opens_at,
        };
        *last = Some(Answer { from: now, until, doors });
        doors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::T0;

    #[test]
    fn an_answer_is_kept_until_it_changes_and_a_clock_that_goes_back_is_asked_anew() {
        // T0 is noon in Riyadh.
        let mut site = Site::new("walkway".parse().unwrap(), "visitor".parse().unwrap());
        assert_eq!(Gate::of(&site, None).doors(T0), Doors::Open { until: None });
        site.hours = vec!["daily 08:00-13:00".parse().unwrap()].try_into().unwrap();
        let gate = Gate::of(&site, None);
        let hour = Duration::from_secs(3_600);
        let is_open = |at| matches!(gate.doors(at), Doors::Open { .. });
        assert!(is_open(T0) && is_open(T0 + hour / 2));
        assert!(!is_open(T0 + hour) && !is_open(T0 + hour * 2));
        assert!(is_open(T0) && is_open(T0 + hour * 20) && !is_open(T0 + hour * 25));
    }
}
