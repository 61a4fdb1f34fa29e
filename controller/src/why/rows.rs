//! Rows of the database as steps, in words.

use domain::{
    ChallengeState, Grant, GrantEnd, GrantState, MessageState, NasOrder, OrderOutcome, OrderState,
    OrderTry, Purpose, Receipt, Session, SessionState,
};
use store::{ChallengeTold, CredentialTold, Store, StoreError};

use super::told::{answered, ended, tried_as};
use super::{MOST_ROWS, Recorded, Scene};
use crate::admin::api::{Mark, Step, StepKind};

/// What the rows say beyond what was recorded.
pub(super) async fn steps(
    store: &dyn Store,
    scene: &Scene,
    recorded: &mut Recorded,
) -> Result<Vec<Step>, StoreError> {
    let mut steps: Vec<Step> = scene.challenges.iter().flat_map(challenge).collect();
    for grant in scene.grants.iter().take(usize::try_from(MOST_ROWS).unwrap_or(usize::MAX)) {
        steps.extend(permission(grant));
        // Most are old, and their credentials long gone.
        if grant.until >= scene.since {
            let used = store.list_credentials_of_grant(grant.id, MOST_ROWS).await?;
            steps.extend(used.iter().filter_map(credential));
        }
    }
    for session in &scene.sessions {
        if !recorded.starts.contains(&session.id) {
            steps.push(begun(session));
        }
        if !recorded.stops.contains(&session.id) {
            steps.extend(over(session));
        }
    }
    for order in &scene.orders {
        steps.push(wanted(order));
        let tries = store.list_order_tries(order.id, MOST_ROWS).await?;
        if !tries.is_empty() {
            // The trail of this machine tells those that were made here.
            recorded
                .steps
                .retain(|step| step.kind != StepKind::Told || step.order != Some(order.id));
            steps.extend(tries.iter().map(|tried| told(order, tried)));
        }
        steps.extend(outcome(order));
    }
    Ok(steps)
}

fn challenge(told: &ChallengeTold) -> Vec<Step> {
    let tried = match told.attempts {
        0 => "no code entered".to_owned(),
        1 => "1 code entered".to_owned(),
        attempts => format!("{attempts} codes entered"),
    };
    let (mark, state) = match told.state {
        ChallengeState::Verified => (Mark::Good, "then verified"),
        ChallengeState::Open => (Mark::Plain, "not verified"),
        ChallengeState::Abandoned => (Mark::Plain, "given up for another"),
    };
    let step = |at, kind, mark, text| Step {
        at,
        kind,
        mark,
        nas: None,
        device: Some(told.device),
        session: None,
        order: None,
        text,
    };
    let begun = match told.purpose {
        Purpose::SignIn => "number entered",
        Purpose::MyData => "own data asked for",
        Purpose::ReportClose => "report closed",
    };
    let text = format!("{begun} at {}: {tried}, {state}", told.site);
    let mut steps = vec![step(told.created_at, StepKind::Challenge, mark, text)];
    for message in &told.messages {
        let by = message.route.as_ref().map(|name| format!(" by route {name}"));
        let by = by.unwrap_or_default();
        let (mark, text) = match &message.state {
            MessageState::Waiting => {
                (Mark::Bad, format!("message waits{by}, tried {} times", message.attempts))
            }
            MessageState::Accepted { .. } => (Mark::Good, format!("message taken{by}")),
            MessageState::Failed { reason } => {
                (Mark::Bad, format!("message not taken{by}: {reason}"))
            }
        };
        let at = message.done_at.unwrap_or(message.created_at);
        steps.push(step(at, StepKind::Message, mark, text));
        if let Some((receipt, at)) = message.receipt {
            let (mark, text) = match receipt {
                Receipt::Delivered => (Mark::Good, "message delivered, says the gateway"),
                Receipt::Undelivered => (Mark::Bad, "message not delivered, says the gateway"),
            };
            steps.push(step(at, StepKind::Message, mark, text.to_owned()));
        }
    }
    steps
}

fn permission(grant: &Grant) -> Vec<Step> {
    let step = |at, kind, mark, text| Step {
        at,
        kind,
        mark,
        nas: None,
        device: Some(grant.device),
        session: None,
        order: None,
        text,
    };
    let text =
        format!("permission at {} on plan {}, until {}", grant.site, grant.plan, grant.until);
    let mut steps = vec![step(grant.issued_at, StepKind::Grant, Mark::Good, text)];
    if let GrantState::Ended { at, why } = grant.state {
        let (mark, words) = match why {
            GrantEnd::LoggedOut => (Mark::Plain, "the visitor logged out"),
            GrantEnd::Replaced => (Mark::Plain, "the device signed in anew"),
            GrantEnd::DeviceRetired => (Mark::Bad, "the person has too many newer devices"),
            GrantEnd::GivenUp => (Mark::Plain, "its owner took the device off"),
            GrantEnd::SessionUsedUp => (Mark::Bad, "the allowance is used up"),
            GrantEnd::Revoked => (Mark::Bad, "an admin took it back"),
        };
        let text = format!("permission over: {words} ({})", why.as_str());
        steps.push(step(at, StepKind::GrantEnd, mark, text));
    }
    steps
}

fn credential(told: &CredentialTold) -> Option<Step> {
    Some(Step {
        at: told.used_at?,
        kind: StepKind::Credential,
        mark: Mark::Good,
        nas: Some(told.nas.clone()),
        device: Some(told.device),
        session: None,
        order: None,
        text: "one-time login used".to_owned(),
    })
}

fn begun(session: &Session) -> Step {
    Step {
        at: session.started_at,
        kind: StepKind::Start,
        mark: Mark::Good,
        nas: Some(session.nas.clone()),
        device: Some(session.device),
        session: Some(session.id),
        order: None,
        text: "session begins, as the database has it".to_owned(),
    }
}

fn over(session: &Session) -> Option<Step> {
    let SessionState::Stopped { at, end } = session.state else { return None };
    let usage = &session.usage;
    let text = format!(
        "session over, as the database has it: {}, {} s, {} up, {} down",
        ended(end),
        usage.time.as_secs(),
        usage.uploaded,
        usage.downloaded
    );
    Some(Step { at, kind: StepKind::Stop, mark: Mark::Plain, text, ..begun(session) })
}

fn wanted(order: &NasOrder) -> Step {
    let speed = order.kind.speed().map(|speed| format!(" to {} speed", speed.as_str()));
    Step {
        at: order.created_at,
        kind: StepKind::Order,
        mark: Mark::Plain,
        nas: Some(order.nas.clone()),
        device: Some(order.device),
        session: order.session,
        order: Some(order.id),
        text: format!(
            "order: {}{}, because of {}",
            order.kind.as_str(),
            speed.unwrap_or_default(),
            order.reason.as_str()
        ),
    }
}

fn told(order: &NasOrder, tried: &OrderTry) -> Step {
    let (mark, text) = tried_as(tried.method.as_str(), tried.answer);
    Step { at: tried.at, kind: StepKind::Told, mark, text, ..wanted(order) }
}

fn outcome(order: &NasOrder) -> Option<Step> {
    let wanted = wanted(order);
    let (at, mark, words) = match order.state {
        OrderState::Waiting { attempts: 0, .. } => return None,
        OrderState::Waiting { attempts, next_at } => {
            let last = order.progress.answer;
            let last = last.map_or_else(|| "under way".to_owned(), |answer| answered(Some(answer)));
            (next_at, Mark::Bad, format!("{last}, tried {attempts} times, tried again now"))
        }
        OrderState::Acknowledged { at, .. } => {
            (at, Mark::Plain, "acknowledged, not yet seen in accounting".to_owned())
        }
        OrderState::Done { at, outcome } => {
            let (mark, words) = ending(outcome);
            (at, mark, words)
        }
    };
    let text = format!("{}: {words}", order.kind.as_str());
    Some(Step { at, kind: StepKind::OrderEnd, mark, text, ..wanted })
}

pub(crate) fn ending(outcome: OrderOutcome) -> (Mark, String) {
    let (mark, words) = match outcome {
        OrderOutcome::Enforced => (Mark::Plain, "enforced, as accounting shows"),
        OrderOutcome::Acknowledged => (Mark::Plain, "acknowledged"),
        OrderOutcome::Ignored => (Mark::Bad, "acknowledged, but the session went on"),
        OrderOutcome::Refused(cause) => {
            return (Mark::Bad, format!("refused in every way, Error-Cause {cause}"));
        }
        OrderOutcome::Overtaken => (Mark::Plain, "overtaken: the session ended before"),
        OrderOutcome::Superseded => (Mark::Plain, "superseded by a later order"),
        OrderOutcome::Undeliverable => (Mark::Bad, "given up: the access point was not reached"),
    };
    (mark, words.to_owned())
}
