//! The Unix socket of the admin API: one server at a time, for its group only.

use std::io;
use std::path::Path;

use axum::Router;
use connections::unix::{self, SocketError, SocketFile};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::AdminApi;
use super::record::Peer;

/// Why the admin API is not served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The socket broke.
    #[error("the admin API broke off")]
    Serving(#[source] io::Error),
}

/// A bound socket; its file is removed when it is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// Binds `path` and serves `api` there until told to stop.
///
/// # Errors
/// [`AdminError`] if the socket cannot be made or breaks.
pub async fn serve(path: &Path, api: AdminApi, stop: CancellationToken) -> Result<(), AdminError> {
    AdminSocket::bind(path)?.serve(api.router(), stop).await
}

/// Binds `path` and serves there, until told to stop, what only a RADIUS server that runs apart
/// can say: what it sees, decided and counted, and whether an access point is set up well.
///
/// # Errors
/// [`AdminError`] if the socket cannot be made or breaks.
pub async fn serve_radius(
    path: &Path,
    api: AdminApi,
    stop: CancellationToken,
) -> Result<(), AdminError> {
    AdminSocket::bind(path)?.serve(api.radius_router(), stop).await
}

impl AdminSocket {
    /// Makes the socket, in place of one that a former server left behind. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`AdminError`] if another server answers there or the socket cannot be made.
    pub fn bind(path: &Path) -> Result<Self, AdminError> {
        let (listener, file) = unix::bind(path)?;
        Ok(Self { listener, file })
    }

    /// Serves until told to stop; requests on their way are answered first.
    ///
    /// # Errors
    /// [`AdminError::Serving`] if the socket breaks.
    pub(super) async fn serve(
        self,
        router: Router,
        stop: CancellationToken,
    ) -> Result<(), AdminError> {
        let Self { listener, file } = self;
        tracing::info!(socket = %file.path().display(), "admin API is open");
        axum::serve(listener, router.into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(AdminError::Serving)
    }
}
