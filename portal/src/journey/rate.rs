//! What the visitor thinks of the stay: one to five, and a reason if there is one.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use domain::{Rating, Score};
use serde::Deserialize;

use super::{too_busy, unreadable};
use crate::app::{App, Message, Outcome};
use crate::owner;
use crate::screen::{RateScreen, render};
use crate::visit::Visit;

/// `GET /v/{token}/rate`: asks.
pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(page) = owner::find(&app, &visit).await? {
        return Ok(page);
    }
    let screen = RateScreen {
        is_missing: visit.mark("e").as_deref() == Some("score"),
        frame: visit.frame(&app, "rate-title", "rate"),
    };
    render(StatusCode::OK, &screen, &visit.context.language, &visit.form_targets(&app))
}

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    score: String,
    #[serde(default)]
    reason: String,
}

/// `POST /v/{token}/rate`: takes the rating of the stay that goes on. A stay has one.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    visit: Visit,
    form: Result<Form<Typed>, FormRejection>,
) -> Outcome {
    let Form(typed) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&app, &visit, &rejection),
    };
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    if let Err(page) = owner::find(&app, &visit).await? {
        return Ok(page);
    }
    let device = visit.context.device;
    let session = app.store.find_open_session(&visit.nas.name, device).await?;
    let Some(session) = session else { return Ok(visit.go("")) };
    let Some(score) = typed.score.parse().ok().and_then(Score::new) else {
        return Ok(visit.go("rate?e=score"));
    };
    let rating = Rating {
        site: visit.site.name.clone(),
        nas: visit.nas.name.clone(),
        day: visit.site.zone.day_of(visit.now),
        score,
        reason: Rating::reason(&typed.reason),
    };
    app.store.add_rating(&rating, session.id).await?;
    Ok(visit.go("rated"))
}

/// `GET /v/{token}/rated`: thanks.
pub(crate) async fn rated(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let message = Message {
        status: StatusCode::OK,
        title: "rate-title",
        text: "rate-thanks",
        values: &[],
        action: Some(("status", "back")),
    };
    visit.message(&app, &message)
}
