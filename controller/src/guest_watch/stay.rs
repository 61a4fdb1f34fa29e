//! Stays of a controller's guests, as accounting would tell them. Pure.
//!
//! A controller counts since the device came, over several of our stays. So a stay is named by
//! since when the device is there and what had been counted by then: whoever looks next, after a
//! restart too, knows from the name what the counters of this stay are.

use std::time::Duration;

use domain::{
    AccountingEvent, Grant, Guest, Nas, OctetDirection, Octets, Session, SessionEnd, SessionId,
    SessionIdentification, SessionReport, Speed, Timestamp, Usage,
};
use sha2::{Digest, Sha256};

/// A stay that nothing was used in is reported all the same after so long.
const SILENT: Duration = Duration::from_secs(60);
/// Acct-Terminate-Cause of who is gone: Lost Carrier (RFC 2866 §5.10).
const LOST_CARRIER: u32 = 2;
/// Of who is there and not let through any more: NAS Request.
const NAS_REQUEST: u32 = 10;

/// What had been counted of a guest when a stay began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Base {
    since: Timestamp,
    uploaded: Octets,
    downloaded: Octets,
}

impl Base {
    /// Nothing, of who came then.
    const fn none(since: Timestamp) -> Self {
        Self { since, uploaded: Octets::new(0), downloaded: Octets::new(0) }
    }

    fn name(self) -> String {
        format!("{}-{}-{}", self.since.as_millis(), self.uploaded.get(), self.downloaded.get())
    }

    fn of(session: &Session) -> Option<Self> {
        let mut parts = session.acct_session_id.split('-');
        let since = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let uploaded = Octets::new(parts.next()?.parse().ok()?);
        let downloaded = Octets::new(parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { since, uploaded, downloaded })
    }

    /// What had been counted when `session` was last reported.
    fn after(session: &Session) -> Option<Self> {
        let Self { since, uploaded, downloaded } = Self::of(session)?;
        let Usage { uploaded: up, downloaded: down, .. } = session.usage;
        Some(Self { since, uploaded: uploaded + up, downloaded: downloaded + down })
    }

    /// Whether the guest's counters have gone on from there.
    fn leads_to(self, guest: &Guest) -> bool {
        self.since == guest.since
            && self.uploaded <= guest.uploaded
            && self.downloaded <= guest.downloaded
    }
}

/// A guest whose counters count as the admin says that its controller's do.
pub(super) fn directed(nas: &Nas, guest: Guest) -> Guest {
    let Guest { uploaded, downloaded, .. } = guest;
    match nas.octet_direction {
        OctetDirection::Standard => guest,
        OctetDirection::Swapped => Guest { uploaded: downloaded, downloaded: uploaded, ..guest },
    }
}

/// The first report of a guest that was let in; `last` is the device's last session there.
pub(super) fn begin(
    nas: &Nas,
    last: Option<&Session>,
    guest: &Guest,
    (grant, speed): (&Grant, Speed),
) -> AccountingEvent {
    let counted = last.and_then(Base::after).filter(|base| base.leads_to(guest));
    let base = counted.unwrap_or(Base::none(guest.since));
    AccountingEvent::Started(SessionReport {
        session: id(nas, guest, base, last),
        acct_session_id: base.name(),
        device: guest.device,
        user_name: guest.device.to_string(),
        address: guest.address,
        grant: Some(grant.id),
        usage: usage(base, guest, Duration::ZERO),
        identification: SessionIdentification::default(),
        speed,
    })
}

/// What there is to report of a stay that goes on; another one begins where the controller counts
/// from zero again.
pub(super) fn go_on(
    nas: &Nas,
    session: &Session,
    guest: &Guest,
    now: Timestamp,
) -> Vec<AccountingEvent> {
    let time = now.since(session.started_at);
    let goes_on = Base::after(session).is_some_and(|counted| counted.leads_to(guest));
    if let (true, Some(base)) = (goes_on, Base::of(session)) {
        let used = usage(base, guest, time);
        let is_more = used.total() > session.usage.total();
        let is_due = now >= session.updated_at + SILENT;
        let has_moved = guest.address.is_some() && guest.address != session.address;
        if !(is_more || is_due || has_moved) {
            return Vec::new();
        }
        return vec![AccountingEvent::Interim(report(session, Some(guest), used))];
    }
    let ended = end(session, None, now);
    let base = Base::none(guest.since);
    let next = SessionReport {
        session: id(nas, guest, base, Some(session)),
        acct_session_id: base.name(),
        ..report(session, Some(guest), usage(base, guest, Duration::ZERO))
    };
    vec![ended, AccountingEvent::Started(next)]
}

/// The last report of a stay, whose device is gone or is not let through any more.
pub(super) fn end(session: &Session, guest: Option<&Guest>, now: Timestamp) -> AccountingEvent {
    let time = now.since(session.started_at);
    let counted =
        guest.filter(|guest| Base::after(session).is_some_and(|base| base.leads_to(guest)));
    let used = match (counted, Base::of(session)) {
        (Some(guest), Some(base)) => usage(base, guest, time),
        _ => Usage { time, ..session.usage },
    };
    let cause = if guest.is_some() { NAS_REQUEST } else { LOST_CARRIER };
    AccountingEvent::Stopped(report(session, guest, used), SessionEnd::Reported(cause))
}

fn report(session: &Session, guest: Option<&Guest>, usage: Usage) -> SessionReport {
    SessionReport {
        session: session.id,
        acct_session_id: session.acct_session_id.clone(),
        device: session.device,
        user_name: session.user_name.clone(),
        address: guest.and_then(|guest| guest.address),
        grant: session.grant,
        usage,
        identification: SessionIdentification::default(),
        speed: session.speed,
    }
}

fn usage(base: Base, guest: &Guest, time: Duration) -> Usage {
    Usage {
        uploaded: guest.uploaded.saturating_sub(base.uploaded),
        downloaded: guest.downloaded.saturating_sub(base.downloaded),
        time,
    }
}

/// The same for every process of ours that sees the stay begin after `last`.
fn id(nas: &Nas, guest: &Guest, base: Base, last: Option<&Session>) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(b"guest");
    hash.update(nas.name.as_str());
    hash.update(guest.device.octets());
    hash.update(base.name());
    hash.update(last.map_or([0; 16], |last| last.id.to_bytes()));
    let digest: [u8; 32] = hash.finalize().into();
    SessionId::from_bytes(*digest.first_chunk().expect("SHA-256 gives 32 octets"))
}
