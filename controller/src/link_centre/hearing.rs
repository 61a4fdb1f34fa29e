//! What an event of an agent says of paths and offices, for whoever looks for causes. Of an event that
//! this version does not know nothing is said.

use link::cause::{Loss, Moment, PathNow, Said, What};
use link::isolation::Verdict;
use link::metered::Thrift;
use link::report::Event;

/// What it says, if it says something of how a path or office is.
pub(super) fn said(event: &Event) -> Option<Said> {
    if event.dry_run && event.what == "site" {
        return None;
    }
    let to = event.to.as_deref().unwrap_or_default();
    let what = match event.what.as_str() {
        "path" => What::Path { path: event.path.clone()?, now: health(to, event.code.as_deref())? },
        "fitness" => {
            What::Path { path: event.path.clone()?, now: fitness(to, event.code.as_deref())? }
        }
        "budget" => What::UsedUp { path: event.path.clone()?, is: to == Thrift::UsedUp.as_str() },
        "isolation" if to == Verdict::Breach.as_str() => What::Breach(true),
        "isolation" if to == Verdict::Safe.as_str() => What::Breach(false),
        _ => return None,
    };
    Some(Said { at: Moment::from_millis(event.at), site: event.site.clone(), what })
}

/// A path that is on trial after a failure is not back yet, and one that is suspected is not gone.
fn health(to: &str, code: Option<&str>) -> Option<PathNow> {
    Some(match to {
        "up" => PathNow::Good,
        "degraded" => PathNow::Bad,
        "held" => PathNow::Lost(Loss::Flapping),
        "maintenance" => PathNow::Lost(match code {
            Some("peer-maintenance") => Loss::PeerMaintenance,
            _ => Loss::Maintenance,
        }),
        "down" => PathNow::Lost(match code {
            Some("peer-down") => Loss::PeerDown,
            Some("carrier-lost") => Loss::CarrierLost,
            Some("peer-maintenance") => Loss::PeerMaintenance,
            _ => Loss::Silent,
        }),
        _ => return None,
    })
}

fn fitness(to: &str, code: Option<&str>) -> Option<PathNow> {
    match to {
        "ready" => Some(PathNow::Fit),
        "unfit" => Some(PathNow::Unfit { is_half_open: code == Some("half-open") }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(what: &str, to: &str, code: &str) -> Event {
        let text = format!(
            r#"{{"number":1,"at":5,"site":"hofuf","what":"{what}","path":"fibre","to":"{to}","code":"{code}"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn events_say_how_paths_are() {
        let lost = |loss| Some(PathNow::Lost(loss));
        for (what, to, code, now) in [
            ("path", "up", "clean", Some(PathNow::Good)),
            ("path", "suspect", "heartbeat-missed", None),
            ("path", "recovering", "heard", None),
            ("path", "degraded", "bad", Some(PathNow::Bad)),
            ("path", "down", "silent", lost(Loss::Silent)),
            ("path", "down", "what comes later", lost(Loss::Silent)),
            ("path", "down", "peer-down", lost(Loss::PeerDown)),
            ("path", "down", "carrier-lost", lost(Loss::CarrierLost)),
            ("path", "held", "flapping", lost(Loss::Flapping)),
            ("path", "maintenance", "maintenance", lost(Loss::Maintenance)),
            ("path", "maintenance", "peer-maintenance", lost(Loss::PeerMaintenance)),
            ("fitness", "ready", "", Some(PathNow::Fit)),
            ("fitness", "stale", "", None),
            ("fitness", "unfit", "half-open", Some(PathNow::Unfit { is_half_open: true })),
            ("fitness", "unfit", "mtu", Some(PathNow::Unfit { is_half_open: false })),
            ("visitors", "up", "", None),
        ] {
            let what_said = now.map(|now| What::Path { path: "fibre".to_owned(), now });
            let said = said(&event(what, to, code)).map(|said| said.what);
            assert_eq!(said, what_said, "{what} {to} {code}");
        }
        for (to, is) in [("used-up", true), ("thin", false), ("within-budget", false)] {
            let used_up = What::UsedUp { path: "fibre".to_owned(), is };
            assert_eq!(said(&event("budget", to, "")).unwrap().what, used_up, "{to}");
        }
        let breach = said(&event("isolation", "breach", "")).unwrap();
        assert_eq!((breach.what, breach.at), (What::Breach(true), Moment::from_millis(5)));
        assert_eq!(said(&event("isolation", "safe", "")).unwrap().what, What::Breach(false));
        assert_eq!(said(&event("isolation", "unknown", "")), None, "it was not tested");
    }
}
