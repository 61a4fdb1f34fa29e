//! What RADIUS writes into the trail: each decision about access, and what else became of the
//! packets of an access point, as often as a reader needs it.
//!
//! Passwords, user names and attributes of others never get there. A packet that proved nothing
//! is noted with the device that it names, which its reader is told.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use domain::{NasName, Terms, Timestamp};
use radius_proto::server::Role;
use radius_proto::{Packet, attribute};
use store::{Given, Trail, TrailEvent, TrailKind, TrailPort};

use crate::access_points::AccessPoint;
use crate::authorise::{Admission, Refusal};
use crate::claim;
use crate::metrics::Outcome;
use crate::redirect::Redirect;

/// Packets of one access point that are noted in a second beside decisions; a flood of them would
/// tell the same again and again.
const PASSED_A_SECOND: u32 = 20;

/// The way to the trail; without one, nothing is noted.
#[derive(Debug, Default)]
pub(crate) struct Notes(OnceLock<Trail>);

/// What an access point may still have done for it within a second.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    second: AtomicI64,
    spent: AtomicU32,
}

impl Budget {
    /// Whether it is one of the first `most` of this second.
    pub(crate) fn allows(&self, most: u32, now: Timestamp) -> bool {
        let second = now.as_secs();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.spent.store(0, Ordering::Relaxed);
        }
        self.spent.fetch_add(1, Ordering::Relaxed) < most
    }
}

/// Where an Access-Request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) nas: &'a NasName,
    pub(crate) source: SocketAddr,
}

impl Notes {
    /// Notes into `trail` from now on.
    pub(crate) fn write_into(&self, trail: Trail) {
        self.0.get_or_init(|| trail);
    }

    /// An Access-Request was answered by an Accept.
    pub(crate) fn accepted(
        &self,
        sender: Sender<'_>,
        request: &Packet<'_>,
        (admission, outcome): (&Admission, Outcome),
        (closes_at, now): (Option<Timestamp>, Timestamp),
    ) {
        let Some(trail) = self.0.get() else { return };
        let Admission { grant, terms } = admission;
        let given = given(terms, admission.time(closes_at, now));
        let what = TrailKind::Accepted { outcome: outcome.as_str(), given };
        trail.note(&TrailEvent {
            device: Some(grant.device),
            account: Some(grant.account),
            grant: Some(grant.id),
            ..of(sender, Some(request), TrailEvent::new(now, what))
        });
    }

    /// An Access-Request was answered by a Reject, or by a redirect instead of one.
    pub(crate) fn refused(
        &self,
        sender: Sender<'_>,
        request: &Packet<'_>,
        (refusal, redirect): (Refusal, Option<&Redirect>),
        now: Timestamp,
    ) {
        let Some(trail) = self.0.get() else { return };
        let renews = match refusal {
            Refusal::UsedUp { until } => until,
            Refusal::Closed { opens, .. } => Some(opens),
            _ => None,
        };
        let rule = refusal.as_str();
        let what = match redirect {
            None => TrailKind::Rejected { rule, renews },
            Some(_) => TrailKind::Redirected { rule, renews },
        };
        let event = of(sender, Some(request), TrailEvent::new(now, what));
        trail.note(&TrailEvent { device: claim::device_of(request), ..event });
    }

    /// A packet of an access point got no answer, or the same as before; `octets` may be empty.
    pub(crate) fn passed(
        &self,
        (access_point, source): (&AccessPoint, SocketAddr),
        role: Role,
        (outcome, octets): (Outcome, &[u8]),
        now: Timestamp,
    ) {
        let Some(trail) = self.0.get() else { return };
        if !access_point.counters.noted.allows(PASSED_A_SECOND, now) {
            trail.leave_out();
            return;
        }
        let sender = Sender { nas: &access_point.nas.name, source };
        let packet = Packet::parse(octets).ok();
        let what = TrailKind::Passed { port: port(role), reason: outcome.as_str() };
        let event = of(sender, packet.as_ref(), TrailEvent::new(now, what));
        let device = packet.as_ref().and_then(claim::device_of);
        trail.note(&TrailEvent { device, ..event });
    }

    /// A packet came from somebody who is no access point.
    pub(crate) fn stranger(&self, source: SocketAddr, role: Role, reason: &str, now: Timestamp) {
        let Some(trail) = self.0.get() else { return };
        let what = TrailKind::Passed { port: port(role), reason };
        trail.note(&TrailEvent { source: Some(source), ..TrailEvent::new(now, what) });
    }
}

fn of<'a>(
    sender: Sender<'a>,
    packet: Option<&Packet<'a>>,
    event: TrailEvent<'a>,
) -> TrailEvent<'a> {
    TrailEvent {
        nas: Some(sender.nas.as_str()),
        source: Some(sender.source),
        acct_session_id: packet.and_then(|packet| packet.text(attribute::ACCT_SESSION_ID)),
        ..event
    }
}

/// The terms as [`crate::accept`] writes them.
fn given(terms: &Terms, time: Duration) -> Given {
    Given {
        seconds: time.as_secs().max(1),
        octets: terms.data.map(domain::Octets::get),
        down: terms.rate.down.map(domain::BitRate::bits_per_second),
        up: terms.rate.up.map(domain::BitRate::bits_per_second),
        speed: terms.speed,
    }
}

const fn port(role: Role) -> TrailPort {
    match role {
        Role::Authentication => TrailPort::Authentication,
        Role::Accounting => TrailPort::Accounting,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use radius_proto::DropReason;
    use store::{JournalPosition, TrailArchive, TrailSettings};

    use super::*;
    use crate::fixtures::{DEVICE, T0, access_request, admission, inside, nas};
    use crate::settings::RadiusSettings;

    #[tokio::test]
    async fn decisions_are_noted_all_and_a_flood_of_drops_is_not() {
        let inside = inside(RadiusSettings::default()).await;
        let dir = tempfile::tempdir().unwrap();
        let trail = Trail::open(dir.path(), &TrailSettings::default()).unwrap();
        let notes = Notes::default();
        notes.write_into(trail.clone());
        let source: SocketAddr = "127.0.0.1:40000".parse().unwrap();
        let octets = access_request(|request| {
            request
                .text(attribute::USER_NAME, "somebody@example.com")
                .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C")
                .text(attribute::ACCT_SESSION_ID, "5C1");
        });
        let request = Packet::parse(&octets).unwrap();
        let name = nas().name;
        let sender = Sender { nas: &name, source };
        for _ in 0..100 {
            let accepted = (&admission(), Outcome::AcceptedFromMemory);
            notes.accepted(sender, &request, accepted, (None, T0));
        }
        let refusal = Refusal::UsedUp { until: Some((0, 30)) };
        notes.refused(sender, &request, (refusal, None), T0);
        let table = inside.shared.access_points.load();
        let access_point = Arc::clone(table.find(source.ip(), &octets).unwrap());
        let dropped = Outcome::Dropped(DropReason::UnknownClient);
        for later in [0, 0, 1] {
            let now = T0 + Duration::from_secs(later);
            for _ in 0..1_000 {
                notes.passed((&access_point, source), Role::Accounting, (dropped, &octets), now);
            }
        }
        drop(notes);
        assert_eq!(trail.counts().limited, 3_000 - 40);
        drop(trail);

        let (mut accepted, mut passed, mut others) = (0, 0, Vec::new());
        let content = std::fs::read(dir.path().join("0000000000000001.trail")).unwrap();
        assert!(!content.windows(8).any(|words| words == b"somebody"));
        TrailArchive::new(dir.path())
            .follow(JournalPosition::default(), |event| match event.what {
                TrailKind::Accepted { given, .. } => {
                    assert_eq!(event.grant, Some(admission().grant.id));
                    assert_eq!((given.seconds, given.octets), (3_600, Some(5_000_000_000)));
                    accepted += 1;
                }
                TrailKind::Passed { port, reason } => {
                    assert_eq!((port, reason), (TrailPort::Accounting, dropped.as_str()));
                    assert_eq!((event.device, event.acct_session_id), (Some(DEVICE), Some("5C1")));
                    passed += 1;
                }
                TrailKind::Rejected { rule, renews } => {
                    assert_eq!(event.device, Some(DEVICE));
                    others.push((rule.to_owned(), renews));
                }
                TrailKind::NotKept { .. } => {}
                TrailKind::Told { .. } => panic!("nobody was told anything"),
                TrailKind::Redirected { .. } => panic!("nobody was sent anywhere"),
            })
            .unwrap();
        assert_eq!((accepted, passed), (100, 40));
        assert_eq!(others, [("rejected-used-up".to_owned(), Some((0, 30)))]);
    }
}
