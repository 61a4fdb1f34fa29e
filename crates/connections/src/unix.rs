//! A Unix socket with a file: one server at a time, for its owner and group only.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// Who may open the socket: its owner and its group.
const MODE: u32 = 0o660;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody listens there already.
    #[error("another server answers on {}", .0.display())]
    Taken(PathBuf),
    /// There is a file that is no socket.
    #[error("{} is not a socket and is left alone", .0.display())]
    NotASocket(PathBuf),
    /// The socket cannot be made.
    #[error("the socket {} cannot be made", .path.display())]
    Failed {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The file of a bound socket; it is removed when this is dropped.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl SocketFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Makes the socket, in place of one that a former server left behind. Needs a tokio runtime.
///
/// # Errors
/// [`SocketError`] if another server answers there or the socket cannot be made.
pub fn bind(path: &Path) -> Result<(UnixListener, SocketFile), SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
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
    Ok((listener, SocketFile(path.to_owned())))
}

/// Makes sure that nothing but a dead socket stands at `path`.
fn make_way(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(failed)?,
    };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::Taken(path.to_owned())),
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
