//! The answer to one Access-Request: claim, facts, decision and reply, in this order.
//!
//! It takes a request that the protocol core found authentic and new, and returns octets or
//! silence with the outcome. It knows no sockets, queues or duplicates.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use domain::{Doors, Timestamp};
use radius_proto::server::Role;
use radius_proto::{Code, Packet, PacketBuilder, SharedSecret, SignedPacket, attribute};

use crate::accept::{self, Particulars};
use crate::access_points::{AccessPoint, SecretAge};
use crate::authorise::{Admission, Refusal};
use crate::claim::{self, Claim, Presented};
use crate::crowd::Place;
use crate::eap;
use crate::facts::{Origin, StoreAway};
use crate::look_ups::Usable;
use crate::metrics::Outcome;
use crate::notes::Sender;
use crate::redirect::Redirect;
use crate::shared::Shared;

/// What to do for a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Send an Access-Accept.
    Accept(SignedPacket, Outcome),
    /// Hold an Access-Reject back for a while, then send it.
    Reject(SignedPacket, Refusal),
    /// Stay silent.
    Silence(Outcome),
}

/// Answers the Access-Request in `octets`, which came from `access_point` and was made with its
/// secret of that age. One that proves no secret (PAP without Message-Authenticator) is taken for
/// made with the present one, so a password hidden with the former reads as a wrong one.
pub(crate) async fn answer(
    shared: &Shared,
    access_point: &AccessPoint,
    secret: SecretAge,
    (octets, source): (&[u8], SocketAddr),
) -> Answer {
    let request = Packet::parse(octets).expect("the protocol core has parsed it before");
    let now = shared.clock.now();
    match decide(shared, access_point, (&request, access_point.secret(secret)), now).await {
        Ok(decision) => tell(shared, access_point, secret, (&request, octets, source), decision),
        Err(away) => {
            let error = &away as &dyn Error;
            tracing::debug!(nas = %access_point.nas.name, error, "access.store-away");
            let silence = (Outcome::StoreAway, octets);
            shared.notes.passed((access_point, source), Role::Authentication, silence, now);
            Answer::Silence(Outcome::StoreAway)
        }
    }
}

/// The same, if it needs nothing but memory: for a returning device, which is what most requests
/// are about. `None` if the store must be asked.
pub(crate) fn answer_from_memory(
    shared: &Shared,
    access_point: &AccessPoint,
    secret: SecretAge,
    (octets, source): (&[u8], SocketAddr),
) -> Option<Answer> {
    let request = Packet::parse(octets).expect("the protocol core has parsed it before");
    let claim = claim::read(&request, access_point.secret(secret));
    let now = shared.clock.now();
    let decision = match (claim, closed(access_point, now)) {
        (Err(refusal), _) | (Ok(_), Some(refusal)) => Err(refusal),
        (Ok(Claim::Device(device)), None) => {
            let admission = shared.facts.remembered(device, access_point.nas.profile, now)?;
            match access_point.gate.crowd.place(&admission.grant, now) {
                Place::Free => Ok((admission, Origin::Memory)),
                Place::None => Err(Refusal::Full),
                Place::Unknown => return None,
            }
        }
        (Ok(Claim::Credential(presented)), None) => {
            if !shared.failures.are_too_many(presented.device) {
                return None;
            }
            Err(Refusal::TooManyFailures)
        }
    };
    Some(tell(shared, access_point, secret, (&request, octets, source), decision))
}

/// Writes what was decided into a packet, and into the trail.
fn tell(
    shared: &Shared,
    access_point: &AccessPoint,
    secret: SecretAge,
    (request, octets, source): (&Packet<'_>, &[u8], SocketAddr),
    decision: Decision,
) -> Answer {
    let sender = Sender { nas: &access_point.nas.name, source };
    let now = shared.clock.now();
    let decision =
        decision.map(|(known, origin)| (beside_office(access_point, known, now), origin));
    let closes_at = match access_point.gate.doors(now) {
        Doors::Open { until } => until,
        // It closed since it was asked; what it lets in now ends at once.
        Doors::Closed { .. } => Some(now),
    };
    let redirect = decision.as_ref().err().and_then(|refusal| {
        let portal = shared.portal.get().map(String::as_str);
        Redirect::instead_of(*refusal, &access_point.nas, portal, request, now)
    });
    let reply = match &redirect {
        Some(redirect) => redirected(request, redirect),
        None => reply(shared, access_point, (request, &decision), (closes_at, now)),
    };
    match reply.sign(access_point.secret(secret)) {
        Ok(reply) => match decision {
            Ok((admission, origin)) => {
                let outcome = origin.into();
                let when = (closes_at, now);
                shared.notes.accepted(sender, request, (&admission, outcome), when);
                Answer::Accept(reply, outcome)
            }
            Err(refusal) => {
                shared.notes.refused(sender, request, (refusal, redirect.as_ref()), now);
                match redirect {
                    // The device waits for it to join the network, so it is not held back.
                    Some(_) => Answer::Accept(reply, Outcome::Redirected(refusal)),
                    None => Answer::Reject(reply, refusal),
                }
            }
        },
        Err(error) => {
            tracing::debug!(nas = %access_point.nas.name, %error, "access.unanswerable");
            let silence = (Outcome::Unanswerable, octets);
            shared.notes.passed((access_point, source), Role::Authentication, silence, now);
            Answer::Silence(Outcome::Unanswerable)
        }
    }
}

/// What a device may have while an office needs the network of its site.
fn beside_office(
    access_point: &AccessPoint,
    known: Arc<Admission>,
    now: Timestamp,
) -> Arc<Admission> {
    let most = access_point.gate.most(now).filter(|_| access_point.nas.profile.limits_speed());
    match most {
        None => known,
        Some(most) => {
            let Admission { grant, terms } = (*known).clone();
            Arc::new(Admission { grant, terms: terms.within(Some(most)) })
        }
    }
}

/// What a device is told at a site that is closed.
fn closed(access_point: &AccessPoint, now: Timestamp) -> Option<Refusal> {
    match access_point.gate.doors(now) {
        Doors::Open { .. } => None,
        Doors::Closed { opens_at, closes_at } => {
            let [opens, closes] = [opens_at, closes_at].map(|at| access_point.gate.wall_clock(at));
            Some(Refusal::Closed { opens, closes })
        }
    }
}

type Decision = Result<(Arc<Admission>, Origin), Refusal>;

async fn decide(
    shared: &Shared,
    access_point: &AccessPoint,
    (request, secret): (&Packet<'_>, &SharedSecret),
    now: Timestamp,
) -> Result<Decision, StoreAway> {
    match (claim::read(request, secret), closed(access_point, now)) {
        (Err(refusal), _) | (Ok(_), Some(refusal)) => Ok(Err(refusal)),
        (Ok(Claim::Device(device)), None) => {
            let profile = access_point.nas.profile;
            let mut decision = shared.facts.decide_device(device, profile, now).await?;
            if let Ok((admission, _)) = &decision
                && !shared.facts.has_place(&access_point.gate.crowd, admission, now).await
            {
                decision = Err(Refusal::Full);
            }
            if decision.is_err() {
                shared.seen.note(device, &access_point.nas.site, now);
            }
            Ok(decision)
        }
        (Ok(Claim::Credential(presented)), None) => {
            if shared.failures.are_too_many(presented.device) {
                return Ok(Err(Refusal::TooManyFailures));
            }
            let decision = decide_credential(shared, access_point, &presented, now).await?;
            if let Err(Refusal::NoCredential | Refusal::WrongPassword) = decision {
                shared.failures.count(presented.device);
            }
            Ok(decision)
        }
    }
}

/// The credential is used up last: until the device is sure to be let in, the visitor can try
/// again, and of two access points or retries at the same time one wins.
async fn decide_credential(
    shared: &Shared,
    access_point: &AccessPoint,
    presented: &Presented<'_>,
    now: Timestamp,
) -> Result<Decision, StoreAway> {
    let (nas, profile) = (&access_point.nas.name, access_point.nas.profile);
    let Some(Usable { credential, known }) =
        shared.facts.find_credential(presented.id, now).await?
    else {
        return Ok(Err(Refusal::NoCredential));
    };
    if let Err(refusal) = presented.check(&credential, nas) {
        return Ok(Err(refusal));
    }
    let admission = match shared.facts.decide_known(known, profile, now) {
        Ok(admission) => admission,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !shared.facts.consume(credential.id, nas, now).await? {
        return Ok(Err(Refusal::NoCredential));
    }
    Ok(Ok((admission, Origin::Store)))
}

fn redirected(request: &Packet<'_>, redirect: &Redirect) -> PacketBuilder {
    let mut accept = PacketBuilder::reply_to(request, Code::AccessAccept);
    redirect.write(&mut accept);
    accept
}

fn reply(
    shared: &Shared,
    access_point: &AccessPoint,
    (request, decision): (&Packet<'_>, &Decision),
    (closes_at, now): (Option<Timestamp>, Timestamp),
) -> PacketBuilder {
    match decision {
        Ok((admission, _)) => {
            let mut accept = PacketBuilder::reply_to(request, Code::AccessAccept);
            let account = admission.grant.account;
            let identity = shared.cui.get().and_then(|cui| cui.identity(request, account));
            let token = shared.tokens.next();
            let particulars = Particulars { now, closes_at, token, identity };
            accept::write(&mut accept, admission, access_point.nas.profile, &particulars);
            accept
        }
        Err(refusal) => {
            let mut reject = PacketBuilder::reply_to(request, Code::AccessReject);
            match eap::failure(request) {
                // Beside EAP a Reply-Message is forbidden (RFC 3579 §2.6.5).
                Some(failure) => reject.octets(attribute::EAP_MESSAGE, &failure),
                None => reject.text(attribute::REPLY_MESSAGE, &refusal.reply_message()),
            };
            reject
        }
    }
}

impl From<Origin> for Outcome {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Store => Self::Accepted,
            Origin::Memory => Self::AcceptedFromMemory,
            Origin::MemoryWhileStoreAway => Self::AcceptedWhileStoreAway,
        }
    }
}
