//! Reading requests: axum's extractors with our own refusals.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::api::FailureKind;
use super::refusal::Refusal;

/// The body, as JSON.
pub(super) struct Body<T>(pub T);

/// What stands after the `?`.
pub(super) struct Asked<T>(pub T);

/// The name or id in the path.
pub(super) struct Named<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = axum::Json::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value)).map_err(|error| malformed(error.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value)).map_err(|error| malformed(error.body_text()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Path::from_request_parts(parts, state).await;
        read.map(|Path(value)| Self(value)).map_err(|error| malformed(error.body_text()))
    }
}

fn malformed(reason: String) -> Refusal {
    Refusal::new(FailureKind::Malformed, reason)
}
