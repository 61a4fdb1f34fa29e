//! The Unix socket of the admin API: one server at a time, for its group only.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use axum::Router;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::AdminApi;
use super::record::Peer;

/// Who may open the socket: its owner and its group.
const MODE: u32 = 0o660;

/// Why the admin API is not served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Somebody listens there already.
    #[error("another server answers on {}", .0.display())]
    Taken(PathBuf),
    /// There is a file that is no socket.
    #[error("{} is not a socket and is left alone", .0.display())]
    NotASocket(PathBuf),
    /// The socket cannot be made.
    #[error("the socket {} cannot be made", .path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
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

#[derive(Debug)]
struct SocketFile(PathBuf);

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
        let failed = |source| AdminError::Socket { path: path.to_owned(), source };
        make_way(path)?;
        // Made under another name, so that nobody finds it before it has its mode.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        make_way(&fresh)?;
        remove_if_there(&fresh).map_err(failed)?;
        let listener = UnixListener::bind(&fresh).map_err(failed)?;
        let file = SocketFile(fresh.clone());
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(MODE)).map_err(failed)?;
        std::fs::rename(&fresh, path).map_err(failed)?;
        drop(file);
        Ok(Self { listener, file: SocketFile(path.to_owned()) })
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
        tracing::info!(socket = %file.0.display(), "admin API is open");
        axum::serve(listener, router.into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(AdminError::Serving)
    }
}

/// Makes sure that nothing but a dead socket stands at `path`.
fn make_way(path: &Path) -> Result<(), AdminError> {
    let failed = |source| AdminError::Socket { path: path.to_owned(), source };
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(failed)?,
    };
    if !metadata.file_type().is_socket() {
        return Err(AdminError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(AdminError::Taken(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = remove_if_there(&self.0) {
            tracing::warn!(socket = %self.0.display(), %error, "the socket is left behind");
        }
    }
}
