//! Refusals: an HTTP status with the failure in JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::StoreError;

use super::api::{Failure, FailureKind};

/// Why a request is not carried out.
#[derive(Debug)]
pub(super) struct Refusal(Failure);

impl Refusal {
    pub(super) fn new(error: FailureKind, reason: impl Into<String>) -> Self {
        Self(Failure { error, reason: reason.into() })
    }

    pub(super) fn not_found(kind: &str, name: impl std::fmt::Display) -> Self {
        Self::new(FailureKind::NotFound, format!("there is no {kind} `{name}`"))
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, reason)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Exists { .. } => FailureKind::Exists,
            StoreError::Reference { .. } => FailureKind::Conflict,
            StoreError::Database(_) => FailureKind::StoreUnavailable,
            StoreError::Corrupt { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::OlderSchema { .. }
            | StoreError::MissingKey { .. }
            | StoreError::Keys { .. } => FailureKind::Internal,
        };
        if matches!(kind, FailureKind::StoreUnavailable | FailureKind::Internal) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an admin's request failed");
        }
        Self::new(kind, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.error {
            FailureKind::Malformed => StatusCode::BAD_REQUEST,
            FailureKind::NotFound => StatusCode::NOT_FOUND,
            FailureKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            FailureKind::Exists | FailureKind::Conflict => StatusCode::CONFLICT,
            FailureKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            FailureKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            FailureKind::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            FailureKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(self.0)).into_response()
    }
}
