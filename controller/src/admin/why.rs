//! Why something happened to a person, a device or a session.

use axum::Json;
use axum::extract::State;
use store::Act;

use super::AdminApi;
use super::api::{FailureKind, Story, WhyQuestion};
use super::extract::Body;
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::why::{self, WhyError};

pub(super) async fn why(
    State(api): State<AdminApi>,
    by: By,
    Body(question): Body<WhyQuestion>,
) -> Result<Json<Story>, Refusal> {
    let records = api.about.records.as_ref();
    let now = api.clock.now();
    let story = why::tell(api.store.as_ref(), records, &question, now).await;
    let (subject, asked_by) = why::about(&question.of, story.as_ref().ok());
    let note = Note::of(Act::StoryTold).about(subject).with("asked_by", asked_by);
    api.write_down(&by, note).await?;
    Ok(Json(story?))
}

impl From<WhyError> for Refusal {
    fn from(error: WhyError) -> Self {
        match error {
            WhyError::Store(error) => error.into(),
            WhyError::Unknown(_) => Self::new(FailureKind::NotFound, error.to_string()),
            WhyError::Limit(_) => Self::invalid(error.to_string()),
            WhyError::Records(_) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an admin's request failed"
                );
                Self::new(FailureKind::Internal, error.to_string())
            }
        }
    }
}
