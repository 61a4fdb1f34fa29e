//! Everything that is kept about a person, as a file that people and programs can read.
//!
//! Times are in UTC. Why a legal hold is there is not the person's to read; that it is, is.

use std::collections::BTreeMap;

use domain::{
    Consent, Day, GrantState, NasOrder, Octets, Refusal, Refused, SessionState, Timestamp, Usage,
    WordingHash,
};
use serde_json::{Value, json};
use store::{ChallengeTold, OrderFilter, PersonalData};

use crate::app::App;
use crate::failure::Failure;

/// Orders to access points that are told of a device.
const MOST_ORDERS: u32 = 1_000;

pub(super) async fn of(app: &App, data: &PersonalData) -> Result<Value, Failure> {
    let record = &data.record;
    let wordings = wordings(app, &record.consents).await?;
    let mut orders = Vec::new();
    for device in &record.devices {
        let of_device =
            OrderFilter { device: Some(device.mac), ..OrderFilter::latest(MOST_ORDERS) };
        orders.extend(app.store.list_orders(&of_device).await?);
    }
    let is_held = record.holds.iter().any(|hold| hold.released_at.is_none());
    Ok(json!({
        "number": record.account.identity.expose(),
        "first_verified": time(record.account.created_at),
        "last_verified": time(record.account.verified_at),
        "devices": record.devices.iter().map(|device| json!({
            "address": device.mac.to_string(),
            "language": device.language.as_str(),
            "first_signed_in": time(device.first_seen),
            "last_signed_in": time(device.last_seen),
        })).collect::<Vec<_>>(),
        "permissions": record.grants.iter().map(|grant| json!({
            "device": grant.device.to_string(),
            "site": grant.site.as_str(),
            "plan": grant.plan.as_str(),
            "from": time(grant.issued_at),
            "until": time(grant.until),
            "ended": match &grant.state {
                GrantState::Live => Value::Null,
                GrantState::Ended { at, why } => json!({"at": time(*at), "why": why.as_str()}),
            },
        })).collect::<Vec<_>>(),
        "consents": record.consents.iter().map(|consent| json!({
            "to": consent.purpose.as_str(),
            "version": consent.version,
            "words": consent.wording.and_then(|hash| wordings.get(&hash)),
            "language": consent.language.as_str(),
            "site": consent.site.as_str(),
            "by": consent.channel.as_str(),
            "given": time(consent.given_at),
            "taken_back": consent.withdrawn_at.map(time),
        })).collect::<Vec<_>>(),
        "stays": record.sessions.iter().map(|session| json!({
            "device": session.device.to_string(),
            "access_point": session.nas.as_str(),
            "name_there": session.acct_session_id,
            "user_name_there": session.user_name,
            "address": session.address.map(|address| address.to_string()),
            "from": time(session.started_at),
            "last_report": time(session.updated_at),
            "until": match &session.state {
                SessionState::Open => None,
                SessionState::Stopped { at, .. } => Some(time(*at)),
            },
            "used": usage(session.usage),
        })).collect::<Vec<_>>(),
        "usage_by_day": data.usage.iter().map(|(day, used)| json!({
            "day": date(*day),
            "used": usage(*used),
        })).collect::<Vec<_>>(),
        "codes": data.challenges.iter().map(code).collect::<Vec<_>>(),
        "visits": data.visits.iter().map(|visit| json!({
            "reference": visit.reference.to_string(),
            "site": visit.site.as_str(),
            "access_point": visit.nas.as_str(),
            "device": visit.device.to_string(),
            "language": visit.language.as_str(),
            "arrived": time(visit.arrived_at),
            "number_typed": match visit.refused {
                Some(Refused::Entry(_)) => None,
                Some(Refused::First(_) | Refused::Another(_)) | None => Some(time(visit.asked_at)),
            },
            "refused": visit.refusals.map(|refusals| json!({
                "times": refusals.count,
                "first": refusal(refusals.first),
                "last": refusal(refusals.last),
            })),
        })).collect::<Vec<_>>(),
        "orders": orders.iter().map(order).collect::<Vec<_>>(),
        "held_by_law": is_held,
    }))
}

/// The words of consents, as far as they are kept.
async fn wordings(
    app: &App,
    consents: &[Consent],
) -> Result<BTreeMap<WordingHash, String>, Failure> {
    let mut wordings = BTreeMap::new();
    for hash in consents.iter().filter_map(|consent| consent.wording) {
        if !wordings.contains_key(&hash)
            && let Some(words) = app.store.find_wording(hash).await?
        {
            wordings.insert(hash, words);
        }
    }
    Ok(wordings)
}

fn code(told: &ChallengeTold) -> Value {
    json!({
        "for": told.purpose.as_str(),
        "site": told.site.as_str(),
        "device": told.device.to_string(),
        "asked": time(told.created_at),
        "attempts": told.attempts,
        "state": told.state.as_str(),
        "messages_sent": told.messages.iter().map(|message| time(message.created_at)).collect::<Vec<_>>(),
    })
}

fn order(order: &NasOrder) -> Value {
    json!({
        "access_point": order.nas.as_str(),
        "device": order.device.to_string(),
        "why": order.reason.as_str(),
        "at": time(order.created_at),
    })
}

fn refusal(refusal: Refusal) -> Value {
    json!({ "at": time(refusal.at), "why": refusal.why.name() })
}

fn time(at: Timestamp) -> String {
    at.to_string()
}

fn date(day: Day) -> String {
    let midnight = i64::from(day.epoch_days()) * 86_400_000;
    let text = Timestamp::from_millis(midnight).to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

fn usage(used: Usage) -> Value {
    let octets = |amount: Octets| amount.get();
    json!({
        "uploaded_octets": octets(used.uploaded),
        "downloaded_octets": octets(used.downloaded),
        "seconds": used.time.as_secs(),
    })
}
