//! Support: how far the sign-in of one visit came, and at which stage it stopped.
//!
//! What is known is gathered from rows; the judgement is a pure function of it.

mod refusal;

use std::time::Duration;

use domain::{
    ChallengePolicy, ChallengeState, Counted, Grant, GrantState, Identity, MessageState, NasOrder,
    OrderKind, OrderState, Purpose, Receipt, Reference, Refused, Session, SessionState, Timestamp,
    VisitRecord, Zone,
};
use store::{
    ChallengeTold, ChallengesOf, CredentialTold, MessageTold, OrderFilter, SessionFilter, Store,
    StoreError,
};

use crate::admin::api::{Mark, Progress, SignInStage, StageState, StageTold};
use crate::why::{ending, known_without_code};

pub(crate) use self::refusal::too_much;
use self::refusal::{kept_out, relief, way_in};

/// What should follow at once is waited for so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Access points report usage every few minutes.
const UNTIL_TRAFFIC: Duration = Duration::from_secs(15 * 60);
/// Rows of a kind that are looked at.
const MOST_ROWS: u32 = 50;

/// What is known of a sign-in.
struct Facts {
    visit: VisitRecord,
    challenge: Option<ChallengeTold>,
    grant: Option<Grant>,
    /// By what it was given, if that needed no code.
    instead: Option<Identity>,
    credentials: Vec<CredentialTold>,
    /// That the access point ask again, the latest.
    order: Option<NasOrder>,
    session: Option<Session>,
}

/// Tells how far the sign-in came; `None` if nobody knows of such a visit.
///
/// # Errors
/// The database failed.
pub(crate) async fn tell(
    store: &dyn Store,
    reference: &Reference,
    now: Timestamp,
) -> Result<Option<Progress>, StoreError> {
    let Some(visit) = store.find_visit(reference).await? else { return Ok(None) };
    let zone = store.find_site(&visit.site).await?.map_or_else(Zone::riyadh, |site| site.zone);
    let facts = gather(store, visit).await?;
    let stages = judge(&facts, &ChallengePolicy::default(), now);
    let stopped = stages.iter().find(|told| told.state != StageState::Done).map(|told| told.stage);
    let (other, visit) = (unsent_since(&facts), facts.visit);
    let refusals = visit.refusals;
    Ok(Some(Progress {
        advice: stopped.map(|stage| match (stage, other) {
            (SignInStage::Message | SignInStage::Code, Some(counted)) => relief(counted).to_owned(),
            _ => advice(stage, &visit),
        }),
        reference: visit.reference,
        site: visit.site,
        nas: visit.nas,
        device: visit.device,
        language: visit.language,
        zone,
        stages,
        stopped_at: stopped,
        refusals: refusals.map(refusal::told),
    }))
}

/// Reads what belongs to the visit: the latest challenge of its device until the number was typed,
/// and the first of everything that followed.
async fn gather(store: &dyn Store, visit: VisitRecord) -> Result<Facts, StoreError> {
    let mut facts = Facts {
        challenge: None,
        grant: None,
        instead: None,
        credentials: Vec::new(),
        order: None,
        session: None,
        visit,
    };
    let (visit, policy) = (&facts.visit, ChallengePolicy::default());
    // A challenge of an earlier visit may have gone on in this one.
    let since = visit.arrived_at - policy.challenge_life;
    let of_device = ChallengesOf::Device(visit.device);
    let challenges = store.list_challenges(&of_device, since, MOST_ROWS).await?;
    facts.challenge = challenges.into_iter().find(|told| {
        told.purpose == Purpose::SignIn
            && told.site == visit.site
            && told.created_at <= visit.asked_at
    });
    let begun = facts.challenge.as_ref().map_or(visit.arrived_at, |told| told.created_at);
    let grants = store.list_grants_of_device(visit.device, MOST_ROWS).await?;
    let grant = grants.into_iter().rfind(|grant| grant.issued_at >= begun);
    if let Some(grant) = &grant {
        facts.instead = known_without_code(store, grant.account).await?;
    }
    // What was given before the visit is none of it.
    facts.grant = grant.filter(|_| facts.challenge.is_some() || facts.instead.is_some());
    let Some(grant) = &facts.grant else { return Ok(facts) };
    facts.credentials = store.list_credentials_of_grant(grant.id, MOST_ROWS).await?;
    let orders = OrderFilter {
        device: Some(visit.device),
        nas: Some(visit.nas.clone()),
        ..OrderFilter::latest(MOST_ROWS)
    };
    facts.order = store.list_orders(&orders).await?.into_iter().find(|order| {
        order.kind == OrderKind::Reauthenticate && order.created_at >= grant.issued_at
    });
    let sessions =
        SessionFilter { device: Some(visit.device), limit: MOST_ROWS, ..SessionFilter::default() };
    let was_then = |session: &Session| match session.state {
        SessionState::Open => true,
        SessionState::Stopped { at, .. } => at >= grant.issued_at,
    };
    facts.session = store.list_sessions(&sessions).await?.into_iter().rfind(was_then);
    Ok(facts)
}

/// All stages in their order; those after one that is not done were not reached.
fn judge(facts: &Facts, policy: &ChallengePolicy, now: Timestamp) -> Vec<StageTold> {
    let judges: [(SignInStage, Judge); 8] = [
        (SignInStage::Page, page),
        (SignInStage::Number, number),
        (SignInStage::Message, message),
        (SignInStage::Code, code),
        (SignInStage::Permission, permission),
        (SignInStage::HandOff, hand_off),
        (SignInStage::Session, session),
        (SignInStage::Traffic, traffic),
    ];
    // Who is online came through all that nobody told us about.
    let is_online = session(facts, policy, now).state == StageState::Done;
    let mut reached = true;
    let told = |(stage, judge): (SignInStage, Judge)| {
        let mut judged = judge(facts, policy, now);
        if is_online && stage == SignInStage::HandOff && judged.state != StageState::Done {
            judged = needless();
        }
        if let Some(counted) = unsent_since(facts)
            && matches!(stage, SignInStage::Message | SignInStage::Code)
            && judged.state != StageState::Done
        {
            judged.text =
                format!("{}; no other message was sent: {}", judged.text, too_much(counted));
        }
        if !reached {
            judged = Judged { state: StageState::NotReached, at: None, text: String::new() };
        }
        reached &= judged.state == StageState::Done;
        StageTold { stage, state: judged.state, at: judged.at, text: judged.text }
    };
    judges.into_iter().map(told).collect()
}

type Judge = fn(&Facts, &ChallengePolicy, Timestamp) -> Judged;

/// How one stage stands.
struct Judged {
    state: StageState,
    at: Option<Timestamp>,
    text: String,
}

fn done(at: Timestamp, text: String) -> Judged {
    Judged { state: StageState::Done, at: Some(at), text }
}

fn needless() -> Judged {
    Judged { state: StageState::Done, at: None, text: "not needed".to_owned() }
}

fn failed(at: Timestamp, text: String) -> Judged {
    Judged { state: StageState::Failed, at: Some(at), text }
}

/// Something that is missing: it may come within `patience`, later it has failed.
fn missing(
    since: Timestamp,
    patience: Duration,
    now: Timestamp,
    text: impl Into<String>,
) -> Judged {
    let state = if now.since(since) < patience { StageState::Waiting } else { StageState::Failed };
    Judged { state, at: Some(since), text: text.into() }
}

fn page(facts: &Facts, _: &ChallengePolicy, _: Timestamp) -> Judged {
    done(facts.visit.arrived_at, "sent to the portal, and had its page".to_owned())
}

fn number(facts: &Facts, policy: &ChallengePolicy, now: Timestamp) -> Judged {
    if let (Some(identity), Some(grant)) = (&facts.instead, &facts.grant) {
        let text = match identity {
            Identity::Claimed(claim) => format!(
                "number typed while no message could be sent, kept as claimed:NUMBER@{}",
                claim.grant
            ),
            Identity::Voucher(_) | Identity::Phone(_) => format!("{} typed", identity.masked()),
        };
        return done(grant.issued_at, text);
    }
    let asked_at = facts.visit.asked_at;
    let goes_on = |told: &&ChallengeTold| told.state != ChallengeState::Abandoned;
    match (facts.visit.refused, &facts.challenge) {
        (Some(Refused::First(counted)), _) => failed(asked_at, too_much(counted).to_owned()),
        // One of an earlier visit may go on, whatever is refused in this one.
        (Some(Refused::Entry(why)), challenge) if challenge.as_ref().filter(goes_on).is_none() => {
            failed(asked_at, kept_out(why).to_owned())
        }
        (_, Some(challenge)) => {
            done(challenge.created_at, "number typed, code asked for".to_owned())
        }
        (_, None) => {
            missing(asked_at, policy.challenge_life, now, "the code asked for is no longer kept")
        }
    }
}

/// For want of what the visitor got no other message, if that was the last thing asked for.
fn unsent_since(facts: &Facts) -> Option<Counted> {
    let Some(Refused::Another(counted)) = facts.visit.refused else { return None };
    let messages = facts.challenge.as_ref().map_or(&[][..], |told| &told.messages);
    let is_last = |told: &MessageTold| told.created_at <= facts.visit.asked_at;
    messages.iter().all(is_last).then_some(counted)
}

fn message(facts: &Facts, _: &ChallengePolicy, now: Timestamp) -> Judged {
    if facts.instead.is_some() {
        return needless();
    }
    let messages = facts.challenge.as_ref().map_or(&[][..], |told| &told.messages);
    let arrived = messages.iter().find(|told| received(told) == Some(Receipt::Delivered));
    let taken = |told: &&MessageTold| {
        matches!(told.state, MessageState::Accepted { .. }) && received(told).is_none()
    };
    let taken = messages.iter().find(taken);
    let Some(message) = arrived.or(taken).or(messages.last()) else {
        return failed(facts.visit.asked_at, "no message is kept".to_owned());
    };
    let at = message.done_at.unwrap_or(message.created_at);
    let by = message
        .route
        .as_ref()
        .map_or_else(|| " by the gateway".to_owned(), |name| format!(" by route {name}"));
    match &message.state {
        MessageState::Accepted { reference } => {
            let named = reference.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
            let asked = messages.iter().filter(|told| !told.rerouted).count();
            let text = format!("{asked} sent; taken{by}{named}");
            match message.receipt {
                Some((Receipt::Delivered, at)) => done(at, format!("{text}; delivered")),
                Some((Receipt::Undelivered, at)) if was_entered(facts) => {
                    done(at, format!("{text}; not delivered, says the gateway"))
                }
                Some((Receipt::Undelivered, at)) => failed(at, format!("{text}; not delivered")),
                None => done(at, text),
            }
        }
        MessageState::Failed { reason } => failed(at, format!("not taken{by}: {reason}")),
        MessageState::Waiting => {
            let text = format!("waits for the gateway, tried {} times", message.attempts);
            missing(message.created_at, PATIENCE, now, text)
        }
    }
}

/// Whether a code of the challenge arrived, whatever gateways say.
fn was_entered(facts: &Facts) -> bool {
    facts.challenge.as_ref().is_some_and(|told| told.state == ChallengeState::Verified)
}

/// What its gateway told in the end of a message.
fn received(told: &MessageTold) -> Option<Receipt> {
    told.receipt.map(|(receipt, _)| receipt)
}

fn code(facts: &Facts, policy: &ChallengePolicy, now: Timestamp) -> Judged {
    if facts.instead.is_some() {
        return needless();
    }
    let Some(challenge) = &facts.challenge else {
        return failed(facts.visit.asked_at, "nothing is kept".to_owned());
    };
    let tried = match challenge.attempts {
        0 => "no code was entered".to_owned(),
        1 => "one wrong code was entered".to_owned(),
        attempts => format!("{attempts} wrong codes were entered"),
    };
    match challenge.state {
        ChallengeState::Verified => {
            let at = facts.grant.as_ref().map_or(challenge.created_at, |grant| grant.issued_at);
            done(at, format!("right at attempt {}", challenge.attempts))
        }
        ChallengeState::Abandoned => {
            failed(challenge.created_at, format!("given up for another number; {tried}"))
        }
        ChallengeState::Open if challenge.attempts >= policy.attempts => {
            failed(challenge.created_at, format!("locked: {tried}"))
        }
        ChallengeState::Open => {
            let life = challenge.code_expires_at.since(challenge.created_at);
            let over = if now < challenge.code_expires_at { "" } else { ", and it ran out" };
            missing(challenge.created_at, life, now, format!("{tried}{over}"))
        }
    }
}

fn permission(facts: &Facts, _: &ChallengePolicy, now: Timestamp) -> Judged {
    let Some(grant) = &facts.grant else {
        return failed(facts.visit.asked_at, "no permission is kept".to_owned());
    };
    match grant.state {
        GrantState::Ended { at, why } => failed(at, format!("ended: {}", why.as_str())),
        GrantState::Live if !grant.holds(now) => failed(grant.until, "its time is over".to_owned()),
        GrantState::Live => done(grant.issued_at, format!("plan {}", grant.plan)),
    }
}

fn hand_off(facts: &Facts, _: &ChallengePolicy, now: Timestamp) -> Judged {
    let since = facts.grant.as_ref().map_or(facts.visit.asked_at, |grant| grant.issued_at);
    if let Some(used_at) = facts.credentials.iter().filter_map(|told| told.used_at).min() {
        return done(used_at, "one-time login used".to_owned());
    }
    if !facts.credentials.is_empty() {
        return missing(since, PATIENCE, now, "one-time login given, which was not used");
    }
    let Some(order) = &facts.order else {
        return missing(since, PATIENCE, now, "the access point was not told");
    };
    match order.state {
        OrderState::Acknowledged { at, .. } => done(at, "told to ask again".to_owned()),
        OrderState::Done { at, outcome } => {
            let (mark, words) = ending(outcome);
            let judged = if mark == Mark::Bad { failed } else { done };
            judged(at, format!("told to ask again: {words}"))
        }
        OrderState::Waiting { attempts, .. } => {
            let text = format!("no answer from the access point, tried {attempts} times");
            missing(order.created_at, PATIENCE, now, text)
        }
    }
}

fn session(facts: &Facts, _: &ChallengePolicy, now: Timestamp) -> Judged {
    let since = facts.grant.as_ref().map_or(facts.visit.asked_at, |grant| grant.issued_at);
    match &facts.session {
        Some(session) => done(session.started_at, format!("session {}", session.id)),
        None => missing(since, PATIENCE, now, "the access point reported no session"),
    }
}

fn traffic(facts: &Facts, _: &ChallengePolicy, now: Timestamp) -> Judged {
    let Some(session) = &facts.session else {
        return failed(facts.visit.asked_at, "no session is kept".to_owned());
    };
    let octets = session.usage.total();
    if octets.get() > 0 {
        return done(session.updated_at, format!("{octets} so far"));
    }
    let text = "no octet was reported";
    match session.state {
        SessionState::Open => missing(session.started_at, UNTIL_TRAFFIC, now, text),
        SessionState::Stopped { at, .. } => failed(at, text.to_owned()),
    }
}

/// What to do about a stage that is not done.
fn advice(stage: SignInStage, visit: &VisitRecord) -> String {
    match stage {
        SignInStage::Page => "ask the visitor to open the Wi-Fi page again".to_owned(),
        SignInStage::Number => match visit.refused {
            Some(Refused::Entry(why)) => way_in(why, visit),
            Some(Refused::First(counted) | Refused::Another(counted)) => relief(counted).to_owned(),
            None => relief(Counted::ChallengesOfNumber).to_owned(),
        },
        SignInStage::Message => {
            "look at the SMS gateway: `sabeel doctor`, and the log of messaging".to_owned()
        }
        SignInStage::Code => {
            "the message was taken by the gateway: check the number and its signal, then resend"
                .to_owned()
        }
        SignInStage::Permission => "let the visitor sign in again".to_owned(),
        SignInStage::HandOff => {
            format!("the access point did not take it: `sabeel nas test {}`", visit.nas)
        }
        SignInStage::Session | SignInStage::Traffic => {
            format!("see what RADIUS says: `sabeel why {}`", visit.device)
        }
    }
}

#[cfg(test)]
mod tests;
