//! Why messaging cannot start.

use domain::RouteName;

/// A reason that an admin can act on; no secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    /// A setting is out of range or contradicts another.
    #[error("`messaging.{name}` {reason}")]
    Setting {
        /// The setting as it is written in the file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A secret's file cannot be read.
    #[error("the file {path} of secret `{name}` cannot be read")]
    SecretFile {
        /// The secret's name in the settings.
        name: String,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A secret's environment variable is not set.
    #[error("the environment variable {variable} of secret `{name}` is not set")]
    SecretVariable {
        /// The secret's name in the settings.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The HTTP client cannot be made, for want of root certificates for example.
    #[error("the HTTP client cannot be made")]
    Client(#[from] reqwest::Error),
}

impl MessagingError {
    /// The same of a setting in a route's section.
    pub(crate) fn of_route(self, route: &RouteName) -> Self {
        match self {
            Self::Setting { name, reason } => {
                Self::Setting { name: format!("routes.{route}.{name}"), reason }
            }
            other => other,
        }
    }

    pub(crate) fn setting(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Setting { name: name.into(), reason: reason.into() }
    }

    pub(crate) fn no_gateway() -> Self {
        Self::setting("http", "is missing, but the transport is `http`")
    }

    pub(crate) fn no_route_for_notices() -> Self {
        Self::setting("http", "has no {text}, so that it carries codes and nothing else")
    }

    pub(crate) fn no_routes() -> Self {
        Self::setting("routes", "is missing one for SMS, but the transport is `routes`")
    }
}
