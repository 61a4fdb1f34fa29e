//! The decision about a device that wants to be online: a pure function of what is known.
//!
//! It does not know where grants are stored, what a NAS can be told, or how a request proved
//! itself; [`crate::claim`] proves, [`crate::facts`] looks up, [`crate::accept`] answers.

use std::time::Duration;

use domain::{Assessment, Grant, NasProfile, Terms, Timestamp};
use store::Standing;

/// What is known about a device.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its newest grant.
    pub(crate) grant: Grant,
    /// How the grant's owner stands; `None` when site or plan were removed.
    pub(crate) standing: Option<Standing>,
}

/// What a device may have, from now on.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// The grant that lets it in.
    pub(crate) grant: Grant,
    /// Under which terms.
    pub(crate) terms: Terms,
}

/// Why a request is answered by an Access-Reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Neither a hardware address nor a one-time credential.
    NotUnderstood,
    /// An EAP conversation, for which no method is offered.
    Eap,
    /// The password is not the right one.
    WrongPassword,
    /// Another device than the one that the user name or credential is for.
    OtherDevice,
    /// Another access point than the one that the credential is for.
    OtherAccessPoint,
    /// No such credential, or it is too old or used.
    NoCredential,
    /// The device has presented too many wrong credentials within a minute.
    TooManyFailures,
    /// The device has no grant that holds.
    NoGrant,
    /// The allowance is used up.
    UsedUp {
        /// Hour and minute of the site's day at which there is something again; `None` when a
        /// new code starts a new stay.
        until: Option<(i8, i8)>,
    },
    /// The site is closed.
    Closed {
        /// Hour and minute of the site's day at which it opens.
        opens: (i8, i8),
        /// Those at which it closes again.
        closes: (i8, i8),
    },
    /// As many devices are online at the site as it takes, and this one is not.
    Full,
}

impl Refusal {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUnderstood => "rejected-not-understood",
            Self::Eap => "rejected-eap",
            Self::WrongPassword => "rejected-wrong-password",
            Self::OtherDevice => "rejected-other-device",
            Self::OtherAccessPoint => "rejected-other-access-point",
            Self::NoCredential => "rejected-no-credential",
            Self::TooManyFailures => "rejected-too-many-failures",
            Self::NoGrant => "rejected-no-grant",
            Self::UsedUp { .. } => "rejected-used-up",
            Self::Closed { .. } => "rejected-closed",
            Self::Full => "rejected-full",
        }
    }

    /// What the visitor may be told (Reply-Message); never anything that the request said.
    pub(crate) fn reply_message(self) -> String {
        match self {
            Self::NotUnderstood
            | Self::Eap
            | Self::WrongPassword
            | Self::OtherDevice
            | Self::OtherAccessPoint
            | Self::NoCredential
            | Self::TooManyFailures => "This login is not valid; please sign in again.".to_owned(),
            Self::NoGrant => "This device is not signed in.".to_owned(),
            Self::UsedUp { until: Some((hour, minute)) } => {
                format!("The allowance is used up until {hour:02}:{minute:02}.")
            }
            Self::UsedUp { until: None } => {
                "The allowance is used up; please sign in again.".to_owned()
            }
            Self::Closed { opens, closes } => format!(
                "The network is open from {:02}:{:02} to {:02}:{:02}.",
                opens.0, opens.1, closes.0, closes.1
            ),
            Self::Full => "The network is full; please try again in a few minutes.".to_owned(),
        }
    }
}

impl Admission {
    /// For how long it lets in at `now`, at a site that closes then. It may have been known for a
    /// while; the grant's end and the site's have not moved meanwhile.
    pub(crate) fn time(&self, closes_at: Option<Timestamp>, now: Timestamp) -> Duration {
        let time = self.terms.time.min(self.grant.until.since(now));
        closes_at.map_or(time, |at| time.min(at.since(now)))
    }
}

/// Decides about a device at an access point of that profile, `None` being a device that never had
/// a grant.
///
/// # Errors
/// Why the device stays out.
pub(crate) fn decide(
    known: Option<Known>,
    profile: NasProfile,
    now: Timestamp,
) -> Result<Admission, Refusal> {
    let Some(Known { grant, standing: Some(standing) }) = known else {
        return Err(Refusal::NoGrant);
    };
    if !grant.holds(now) {
        return Err(Refusal::NoGrant);
    }
    let assessment = standing.assessment.at(profile);
    if let Some(terms) = Terms::of(&grant, &standing.plan, &assessment, now) {
        return Ok(Admission { grant, terms });
    }
    let renews_at = match assessment {
        Assessment::Exhausted { renews_at, .. } => renews_at,
        Assessment::Within(_) | Assessment::Slowed { .. } => None,
    };
    let until = renews_at.map(|at| standing.site.zone.wall_clock(at));
    Err(Refusal::UsedUp { until })
}

#[cfg(test)]
mod tests;
