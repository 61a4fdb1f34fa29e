//! Errands: what a gateway that asks by itself is to do about a device when it next asks.
//!
//! An errand is done when the gateway's own report shows it, not when it says so: who may see its
//! questions could say so too. Where a link alone opens the way nobody reports anything: there an
//! errand notes for how long it was opened, and a stay is reckoned from that.

use serde::{Deserialize, Serialize};

use crate::{Guest, GuestStanding, MacAddress, Octets, Terms, Timestamp};

/// For how long what has left stays in a report, so that it is counted.
const GONE_FOR_SECS: u64 = 30;

/// What is to be done about a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// It is not to be let through any more.
    Cut,
    /// It is to be let through under these terms.
    Admit(Terms),
    /// It is let through under other terms, which must go before these.
    Renew(Terms),
}

/// An errand that waits to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingErrand {
    /// About which device.
    pub device: MacAddress,
    /// What is to be done.
    pub errand: Errand,
    /// Since when it waits; a later errand about the device takes its place.
    pub left_at: Timestamp,
}

/// What becomes of an errand after a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrandStep {
    /// The gateway is to cut the device off.
    TellCut,
    /// It is to let the device through under these terms.
    TellAdmit(Terms),
    /// It is done.
    Done,
    /// What is left of it.
    GoesOn(Errand),
}

impl Errand {
    /// What becomes of it, now that the gateway says how the device stands.
    #[must_use]
    pub fn after(&self, standing: Option<GuestStanding>) -> ErrandStep {
        let is_admitted = standing == Some(GuestStanding::Admitted);
        match (self, is_admitted) {
            (Self::Cut | Self::Renew(_), true) => ErrandStep::TellCut,
            (Self::Cut, false) | (Self::Admit(_), true) => ErrandStep::Done,
            (Self::Admit(terms), false) => ErrandStep::TellAdmit(terms.clone()),
            (Self::Renew(terms), false) => ErrandStep::GoesOn(Self::Admit(terms.clone())),
        }
    }
}

impl WaitingErrand {
    /// The stay of a device that a link let through, as far as it can be reckoned; `None` once its
    /// time is over.
    #[must_use]
    pub fn reckoned(&self, now: Timestamp) -> Option<Guest> {
        let Errand::Admit(terms) = &self.errand else { return None };
        (now < self.left_at + terms.time).then(|| Guest {
            device: self.device,
            standing: GuestStanding::Admitted,
            since: self.left_at,
            // The redirect named one, but that is anybody's claim.
            address: None,
            uploaded: Octets::new(0),
            downloaded: Octets::new(0),
        })
    }
}

/// What a gateway that asks by itself last said of who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestReport {
    /// When, by its own clock: its reports are in that order.
    pub said_at: Timestamp,
    /// When we heard it.
    pub heard_at: Timestamp,
    /// Who is there.
    pub guests: Vec<Guest>,
    /// Who has just left, and when that was heard.
    pub gone: Vec<(Timestamp, Guest)>,
}

impl GuestReport {
    /// This report after `former`: who left before it is still told for a while.
    #[must_use]
    pub fn after(mut self, former: Option<Self>) -> Self {
        let since = self.heard_at - std::time::Duration::from_secs(GONE_FOR_SECS);
        let former = former.map(|former| former.gone).unwrap_or_default();
        let is_new = |(at, guest): &(Timestamp, Guest)| {
            *at >= since && !self.gone.iter().any(|(_, gone)| gone.device == guest.device)
        };
        let kept: Vec<_> = former.into_iter().filter(is_new).collect();
        self.gone.extend(kept);
        self
    }

    /// How a device stands.
    #[must_use]
    pub fn standing(&self, device: MacAddress) -> Option<GuestStanding> {
        self.guests.iter().find(|guest| guest.device == device).map(|guest| guest.standing)
    }

    /// Everybody of whom something is to be counted, each once.
    #[must_use]
    pub fn into_guests(self) -> Vec<Guest> {
        let Self { mut guests, gone, .. } = self;
        let is_back = |guest: &Guest| guests.iter().any(|other| other.device == guest.device);
        let gone: Vec<_> =
            gone.into_iter().map(|(_, guest)| guest).filter(|guest| !is_back(guest)).collect();
        guests.extend(gone);
        guests
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Plan, Speed};

    fn terms() -> Terms {
        let plan = Plan::visitor("visitor".parse().unwrap());
        Terms {
            speed: Speed::Full,
            rate: plan.rate_at(Speed::Full),
            time: Duration::from_secs(60),
            data: None,
            idle_timeout: plan.idle_timeout,
            interim_interval: plan.interim_interval,
        }
    }

    fn guest(last: u8, standing: GuestStanding) -> Guest {
        Guest {
            device: MacAddress::new([2, 0, 0, 0, 0, last]),
            standing,
            since: Timestamp::from_secs(7),
            address: None,
            uploaded: Octets::new(1),
            downloaded: Octets::new(2),
        }
    }

    #[test]
    fn an_errand_is_done_when_the_report_shows_it() {
        use ErrandStep::{Done, GoesOn, TellAdmit, TellCut};
        use GuestStanding::{Admitted, Caught, Gone};
        for (errand, standing, expected) in [
            (Errand::Cut, Some(Admitted), TellCut),
            (Errand::Cut, Some(Caught), Done),
            (Errand::Cut, None, Done),
            (Errand::Admit(terms()), Some(Admitted), Done),
            (Errand::Admit(terms()), Some(Caught), TellAdmit(terms())),
            (Errand::Admit(terms()), None, TellAdmit(terms())),
            (Errand::Renew(terms()), Some(Admitted), TellCut),
            (Errand::Renew(terms()), Some(Gone), GoesOn(Errand::Admit(terms()))),
        ] {
            assert_eq!(errand.after(standing), expected, "{errand:?} {standing:?}");
        }
    }

    #[test]
    fn what_a_link_opened_is_open_for_its_time() {
        let errand = |errand| WaitingErrand {
            device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            errand,
            left_at: Timestamp::from_secs(7),
        };
        for (errand, at, is_there) in [
            (errand(Errand::Admit(terms())), 7, true),
            (errand(Errand::Admit(terms())), 66, true),
            (errand(Errand::Admit(terms())), 67, false),
            (errand(Errand::Cut), 7, false),
        ] {
            let reckoned = errand.reckoned(Timestamp::from_secs(at));
            let expected = Guest {
                uploaded: Octets::new(0),
                downloaded: Octets::new(0),
                ..guest(1, GuestStanding::Admitted)
            };
            assert_eq!(reckoned, is_there.then_some(expected), "{errand:?} {at}");
        }
    }

    #[test]
    fn who_has_left_is_told_for_a_while_unless_back() {
        let report = |at: i64, guests: Vec<Guest>, gone: Vec<Guest>| {
            let heard_at = Timestamp::from_secs(at);
            let gone = gone.into_iter().map(|guest| (heard_at, guest)).collect();
            GuestReport { said_at: heard_at, heard_at, guests, gone }
        };
        let left = guest(1, GuestStanding::Gone);
        let first = report(100, vec![], vec![left.clone()]).after(None);
        let second = report(130, vec![], vec![]).after(Some(first.clone()));
        assert_eq!(second.clone().into_guests(), std::slice::from_ref(&left));
        let third = report(131, vec![], vec![]).after(Some(second.clone()));
        assert_eq!(third.into_guests(), []);
        let back = guest(1, GuestStanding::Caught);
        let third = report(120, vec![back.clone()], vec![]).after(Some(first));
        assert_eq!(third.standing(back.device), Some(GuestStanding::Caught));
        assert_eq!(third.into_guests(), [back]);
        let again = report(125, vec![], vec![left.clone()]).after(Some(second));
        assert_eq!(again.into_guests(), [left], "once");
    }
}
