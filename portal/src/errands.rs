//! Gateways that ask by themselves whom to let through: openNDS.
//!
//! openNDS's own script, authmon, fetches grants (`clear`, `list`, `view`) where FAS is at level 3
//! or 4. It shows the hash of the gateway's name, which is derived from the shared secret; what it
//! acknowledges is not believed, since who knows the name could say so too. What the script of
//! `sabeel nas onboard` says is proved by the secret itself: who is there, who has left, and how
//! much they used. An errand is done when such a report shows it, so nothing is lost if an answer
//! is.

mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{ErrandStep, GuestReport, Nas, Secret, Timestamp, WaitingErrand};

use crate::app::{App, Outcome};
use crate::failure::Failure;
use crate::router;
use words::{Question, Telling};

/// A report of some thousand devices is no longer.
pub(crate) const BODY_LIMIT: usize = 256 * 1_024;
/// authmon reads 1,024 characters of an answer, in which that many grants have room.
const GRANTS_AT_A_TIME: usize = 4;
/// More errands are not looked at in one answer; the others follow.
const ERRANDS_AT_A_TIME: u32 = 200;
/// An errand that waits for longer is no longer what its visitor waits for.
const ERRAND_LIFE: Duration = Duration::from_secs(600);
/// A gateway's clock may be off by so much.
const CLOCK_OFF: u64 = 300_000;

/// `POST /n/{portal_path}/`: a gateway's question.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    request: Request,
) -> Outcome {
    let (parts, body) = request.into_parts();
    let place = app.places.with_path(app.store.as_ref(), &path).await?;
    let Some((nas, secret)) = place.as_ref().and_then(|place| asking(&place.nas)) else {
        return router::wrong_method(State(app), parts).await;
    };
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let now = app.now();
    match words::read(&body, secret) {
        Ok(Question::Nothing) => Ok(plain("*".to_owned())),
        Ok(Question::Grants) => Ok(plain(grants(&app, nas, now).await?)),
        Ok(Question::Report(telling)) => report(&app, nas, secret, telling, now).await,
        Err(error) => {
            tracing::info!(nas = %nas.name, %error, "a gateway's question was refused");
            let said = format!("ERROR: {error}\n");
            Ok((StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, TEXT)], said).into_response())
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}

/// The gateway and its secret, if it is one that asks.
fn asking(nas: &Nas) -> Option<(&Nas, &Secret)> {
    let secret = nas.hand_off.secret.as_ref()?;
    nas.hand_off.method.asks_portal().then_some((nas, secret))
}

/// What waits to be told, each with what is to be done by the last report.
async fn waiting(
    app: &App,
    nas: &Nas,
    report: Option<&GuestReport>,
    now: Timestamp,
) -> Result<Vec<(WaitingErrand, ErrandStep)>, Failure> {
    let errands = app.store.list_errands(&nas.name, now - ERRAND_LIFE, ERRANDS_AT_A_TIME).await?;
    let step = |errand: WaitingErrand| {
        let step = errand.errand.after(report.and_then(|report| report.standing(errand.device)));
        (errand, step)
    };
    Ok(errands.into_iter().map(step).collect())
}

/// The records that authmon lets in by.
async fn grants(app: &App, nas: &Nas, now: Timestamp) -> Result<String, Failure> {
    let last = app.store.find_guest_report(&nas.name).await?;
    let (mut told, mut records) = (Vec::new(), String::from("*"));
    for (errand, step) in waiting(app, nas, last.as_ref(), now).await? {
        if let ErrandStep::TellAdmit(terms) = step
            && told.len() < GRANTS_AT_A_TIME
        {
            records.push(' ');
            records.push_str(&words::grant(errand.device, &terms).replace(' ', "%20"));
            told.push(errand);
        }
    }
    app.store.note_told(&nas.name, &told, now).await?;
    Ok(records)
}

/// Takes a report, and answers with what is to be done.
async fn report(
    app: &App,
    nas: &Nas,
    secret: &Secret,
    telling: Telling,
    now: Timestamp,
) -> Outcome {
    let Telling { at, guests, gone, text } = telling;
    let off = at.as_millis().abs_diff(now.as_millis());
    if off > CLOCK_OFF {
        tracing::warn!(nas = %nas.name, seconds = off / 1_000, "the gateway's clock is off");
        let said = "ERROR: the clock is off by more than five minutes\n";
        return Ok((StatusCode::CONFLICT, [(header::CONTENT_TYPE, TEXT)], said).into_response());
    }
    let former = app.store.find_guest_report(&nas.name).await?;
    let gone = gone.into_iter().map(|guest| (now, guest)).collect();
    let report = GuestReport { said_at: at, heard_at: now, guests, gone }.after(former);
    if !app.store.record_guest_report(&nas.name, &report).await? {
        return Ok((StatusCode::CONFLICT, "ERROR: said before\n").into_response());
    }
    let (mut told, mut admitted, mut lines) = (Vec::new(), 0, Vec::new());
    for (errand, mut step) in waiting(app, nas, Some(&report), now).await? {
        if let ErrandStep::GoesOn(next) = &step {
            app.store.advance_errand(&nas.name, &errand, Some(next)).await?;
            step = next.after(report.standing(errand.device));
        }
        match step {
            ErrandStep::TellCut => lines.push(format!("deauth {}", errand.device)),
            ErrandStep::TellAdmit(_) if admitted == GRANTS_AT_A_TIME => continue,
            ErrandStep::TellAdmit(terms) => {
                admitted += 1;
                lines.push(format!("auth {}", words::grant(errand.device, &terms)));
            }
            ErrandStep::Done | ErrandStep::GoesOn(_) => {
                app.store.advance_errand(&nas.name, &errand, None).await?;
                continue;
            }
        }
        told.push(errand);
    }
    app.store.note_told(&nas.name, &told, now).await?;
    let lines = lines.join("\n");
    let proof = words::prove(secret, &format!("answer\n{text}\n{lines}"));
    Ok(plain(format!("{proof}\n{lines}")))
}
