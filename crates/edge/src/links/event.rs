//! What happened to the links of an office, in the words in which it is written down and told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use link::carry::Judgement;
use link::guard::{Crowding, GuardReason, SignIns, Wanted};
use link::path::{Change, Why};
pub use link::report::Event;
use link::report::PREFERRED;
use link::site::{Decision, Reason};
use link::{Fault, PathNumber};

use super::settings::SwitchMode;
use super::trial::{Bulked, News};

/// Something that is to be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The agent began to watch.
    Began,
    /// It goes on with a section that was changed.
    Reloaded,
    /// A path is another one now.
    Path {
        /// Which one.
        number: PathNumber,
        /// How.
        change: Change,
    },
    /// The office is connected otherwise.
    Site {
        /// How.
        decision: Decision,
        /// How long it took to move routes; `None` where none were to be moved.
        took: Option<Duration>,
    },
    /// Visitors have another share of a path.
    Shared {
        /// Which path.
        number: PathNumber,
        /// What they have.
        wanted: Wanted,
    },
    /// It was found whether a path would carry the office.
    Fitness {
        /// Which path.
        number: PathNumber,
        /// What was found.
        judgement: Judgement,
    },
    /// A bulk run began, is over, or was given up.
    Bulk {
        /// Over which path.
        number: PathNumber,
        /// What became of it.
        news: News,
    },
    /// Routes could not be moved.
    Stuck {
        /// Where they were to go.
        to: PathNumber,
    },
}

/// By which words events tell of an office and its paths.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub site: String,
    pub paths: Vec<String>,
    pub mode: SwitchMode,
}

impl Words {
    pub(super) fn path(&self, number: PathNumber) -> String {
        let name = self.paths.get(usize::from(number.index()));
        name.cloned().unwrap_or_else(|| number.to_string())
    }

    /// An event of that kind of which nothing else is said yet.
    pub(super) fn blank(&self, what: &str, at: SystemTime) -> Event {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Event {
            number: 0,
            at: u64::try_from(at).unwrap_or(u64::MAX),
            site: self.site.clone(),
            what: what.to_owned(),
            path: None,
            target: None,
            from: None,
            to: None,
            why: None,
            code: None,
            routes: None,
            clamped: None,
            took_us: None,
            carried_kbit: None,
            dry_run: self.mode == SwitchMode::DryRun,
        }
    }

    /// The event without its number.
    pub(super) fn event(&self, what: &What, at: SystemTime) -> Event {
        let blank = self.blank("", at);
        match what {
            What::Began => Event { what: "began".to_owned(), ..blank },
            What::Reloaded => Event { what: "reloaded".to_owned(), ..blank },
            What::Path { number, change } => Event {
                what: "path".to_owned(),
                path: Some(self.path(*number)),
                from: Some(change.from.to_string()),
                to: Some(change.to.to_string()),
                why: Some(told(change.why)),
                code: Some(code(change.why).to_owned()),
                ..blank
            },
            What::Site { decision, took } => Event {
                what: "site".to_owned(),
                path: subject(decision.reason).map(|number| self.path(number)),
                from: Some(decision.from.as_str().to_owned()),
                to: Some(decision.to.as_str().to_owned()),
                why: Some(reason(decision.reason).to_owned()),
                code: matches!(decision.reason, Reason::Preferred(_)).then(|| PREFERRED.to_owned()),
                routes: Some(
                    [decision.routes.protected, decision.routes.all].map(|path| self.path(path)),
                ),
                clamped: decision.clamped.map(|path| self.path(path)),
                took_us: took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
                ..blank
            },
            What::Shared { number, wanted } => Event {
                what: "visitors".to_owned(),
                path: Some(self.path(*number)),
                to: Some(share(wanted)),
                why: Some(crowding(wanted.reason).to_owned()),
                code: Some(sign_ins(wanted.sign_ins).to_owned()),
                ..blank
            },
            What::Fitness { number, judgement } => Event {
                what: "fitness".to_owned(),
                path: Some(self.path(*number)),
                to: Some(fitness(*judgement).to_owned()),
                why: Some(judged(*judgement)),
                code: match judgement {
                    Judgement::Unfit(reason) => Some(reason.as_str().to_owned()),
                    _ => None,
                },
                ..blank
            },
            What::Bulk { number, news } => {
                let path = Some(self.path(*number));
                let (to, why) = bulk(news);
                let carried_kbit = match news {
                    News::Over(bulked) => bulked.kbit(),
                    News::Begins | News::Off(_) => None,
                };
                let to = Some(to.to_owned());
                Event { what: "bulk".to_owned(), path, to, why, carried_kbit, ..blank }
            }
            What::Stuck { to } => {
                Event { what: "stuck".to_owned(), path: Some(self.path(*to)), ..blank }
            }
        }
    }
}

/// What made a path what it is, in words.
fn told(why: Why) -> String {
    match why {
        Why::Heard => "the other end is heard".to_owned(),
        Why::NeverHeard => "the other end was never heard".to_owned(),
        Why::HeartbeatMissed => "a heartbeat is late".to_owned(),
        Why::Silent => "nothing is heard".to_owned(),
        Why::TooFew => "too few of its targets answer".to_owned(),
        Why::PeerDown => "the other end hears nothing of us".to_owned(),
        Why::PeerTold => "the other end lost it and said so by another path".to_owned(),
        Why::CarrierLost => "the device has no carrier".to_owned(),
        Why::Bad(Fault::Loss { per_mille }) => {
            format!("{}.{} % are lost", per_mille / 10, per_mille % 10)
        }
        Why::Bad(Fault::Delay { seen, usual }) => {
            format!("round trips take {} ms instead of {}", seen.as_millis(), usual.as_millis())
        }
        Why::Bad(Fault::Jitter(jitter)) => {
            format!("round trips differ by {} ms", jitter.as_millis())
        }
        Why::Bad(Fault::Voice(mos)) => format!("voices would come with a score of {mos}"),
        Why::Clean => "it is good for long enough".to_owned(),
        Why::Flapping => "it failed too often".to_owned(),
        Why::Released => "it has not failed for long enough".to_owned(),
        Why::Maintenance => "people took it out".to_owned(),
        Why::Work => "work on it was planned".to_owned(),
        Why::PeerMaintenance => "people took it out at the other end".to_owned(),
        Why::MaintenanceOver => "its maintenance is over".to_owned(),
    }
}

/// Whether a path would carry the office, in one word.
pub(super) const fn fitness(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Ready => "ready",
        Judgement::Stale => "stale",
        Judgement::Unfit(_) => "unfit",
    }
}

/// Why it would or would not.
fn judged(judgement: Judgement) -> String {
    match judgement {
        Judgement::Ready => "it carried a trial".to_owned(),
        Judgement::Stale => "it was not tried for long".to_owned(),
        Judgement::Unfit(reason) => reason.to_string(),
    }
}

/// What made a path what it is, in one word.
const fn code(why: Why) -> &'static str {
    match why {
        Why::Heard => "heard",
        Why::NeverHeard => "never-heard",
        Why::HeartbeatMissed => "heartbeat-missed",
        Why::Silent => "silent",
        Why::PeerDown => "peer-down",
        Why::PeerTold => "peer-told",
        Why::CarrierLost => "carrier-lost",
        Why::TooFew => "too-few",
        Why::Bad(_) => "bad",
        Why::Clean => "clean",
        Why::Flapping => "flapping",
        Why::Released => "released",
        Why::Maintenance | Why::Work => "maintenance",
        Why::PeerMaintenance => "peer-maintenance",
        Why::MaintenanceOver => "maintenance-over",
    }
}

/// What became of a bulk run, in one word and in many.
fn bulk(news: &News) -> (&'static str, Option<String>) {
    let Bulked { up: Some(up), down: Some(down), round_trip_us, .. } = (match news {
        News::Begins => return ("begins", None),
        News::Off(why) => return ("off", Some((*why).to_owned())),
        News::Over(bulked) => bulked,
    }) else {
        return ("over", None);
    };
    let tenths = |loss: u16| format!("{}.{} %", loss / 10, loss % 10);
    let late = round_trip_us.map(|us| format!(", round trips up to {} ms", us / 1_000));
    let why = format!(
        "{} there and {} back, {} and {} lost{}",
        up.rate,
        down.rate,
        tenths(up.loss),
        tenths(down.loss),
        late.unwrap_or_default()
    );
    ("over", Some(why))
}

/// What visitors have, in words.
fn share(wanted: &Wanted) -> String {
    let Some(ceil) = wanted.ceil else { return "all that is left".to_owned() };
    let most = format!("{} kbit/s", ceil.bits_per_second() / 1_000);
    match wanted.sign_ins {
        SignIns::Open => most,
        SignIns::Stopped => format!("{most}, and nobody new"),
    }
}

/// Whether more of them may come, in one word.
const fn sign_ins(sign_ins: SignIns) -> &'static str {
    match sign_ins {
        SignIns::Open => link::report::OPEN,
        SignIns::Stopped => link::report::STOPPED,
    }
}

/// What made visitors' share what it is, in words.
const fn crowding(reason: GuardReason) -> &'static str {
    match reason {
        GuardReason::Free => "no office needs the path",
        GuardReason::OfficeCame => "an office needs the path",
        GuardReason::Crowded(Crowding::Delay) => "round trips of the office take long",
        GuardReason::Crowded(Crowding::Loss) => "packets of the office are lost",
        GuardReason::Crowded(Crowding::Busy) => "the office fills the path",
        GuardReason::Clean => "the office has not felt them for a while",
        GuardReason::Restoring => "the office is gone",
    }
}

/// What made an office change, in words.
const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Failed(_) => "the path carries nothing",
        Reason::Bad(_) => "the path is bad",
        Reason::Maintenance(_) => "maintenance: people work on the path",
        Reason::AllDown => "no path carries anything",
        Reason::Back(_) => "the path carries again",
        Reason::Clean(_) => "the path is good again",
        Reason::TrialFailed(_) => "the path was not good after all",
        Reason::Proven(_) => "the path was shown to carry all",
        Reason::Settled(_) => "visitors have the path back",
        Reason::Preferred(_) => "the path is preferred from now on",
        Reason::Locked => "people pinned it",
        Reason::Unlocked => "the pin is gone",
    }
}

const fn subject(reason: Reason) -> Option<PathNumber> {
    match reason {
        Reason::Failed(path)
        | Reason::Bad(path)
        | Reason::Maintenance(path)
        | Reason::Back(path)
        | Reason::Clean(path)
        | Reason::TrialFailed(path)
        | Reason::Proven(path)
        | Reason::Settled(path)
        | Reason::Preferred(path) => Some(path),
        Reason::AllDown | Reason::Locked | Reason::Unlocked => None,
    }
}

#[cfg(test)]
mod tests {
    use link::Health;

    use super::*;

    fn words() -> Words {
        Words {
            site: "hofuf".to_owned(),
            paths: vec!["fibre".to_owned(), "radio".to_owned()],
            mode: SwitchMode::Switch,
        }
    }

    fn down() -> Event {
        let change = Change { from: Health::Up, to: Health::Down, why: Why::Silent };
        let what = What::Path { number: PathNumber::PRIMARY, change };
        words().event(&what, UNIX_EPOCH + Duration::from_millis(1_500))
    }

    #[test]
    fn what_visitors_have_is_told_with_whether_more_may_come() {
        for (sign_ins, code) in [(SignIns::Open, "open"), (SignIns::Stopped, "stopped")] {
            let reason = GuardReason::Crowded(Crowding::Loss);
            let wanted = Wanted { ceil: None, reason, sign_ins };
            let what = What::Shared { number: PathNumber::new(1), wanted };
            let event = words().event(&what, UNIX_EPOCH);
            assert_eq!((event.path.as_deref(), event.code.as_deref()), (Some("radio"), Some(code)));
        }
    }

    #[test]
    fn an_event_says_what_happened_in_one_line() {
        let told = serde_json::to_string(&down()).unwrap();
        let line = r#"{"number":0,"at":1500,"site":"hofuf","what":"path","path":"fibre","from":"up","to":"down","why":"nothing is heard","code":"silent"}"#;
        assert_eq!(told, line);
    }
}
