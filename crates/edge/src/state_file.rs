//! What outlasts the daemon: who is online, and what is yet to be told.
//!
//! The file is replaced as a whole, so that a power cut leaves the old one or the new one. One
//! that cannot be read is put aside, for a gateway that does not start helps nobody.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::access::SavedSession;
use crate::ledger::Entry;
use crate::timeline::Mark;
use crate::whole_file;

const VERSION: u32 = 1;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SavedState {
    version: u32,
    pub(crate) mark: Mark,
    pub(crate) sessions: Vec<SavedSession>,
    pub(crate) untold: Vec<Entry>,
}

impl SavedState {
    pub(crate) const fn new(mark: Mark, sessions: Vec<SavedSession>, untold: Vec<Entry>) -> Self {
        Self { version: VERSION, mark, sessions, untold }
    }
}

/// The place where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct StateFile(PathBuf);

impl StateFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// What an earlier run has left; `None` when there was none.
    pub(crate) fn load(&self) -> io::Result<Option<SavedState>> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let reason = match serde_json::from_slice::<SavedState>(&text) {
            Ok(state) if state.version == VERSION => return Ok(Some(state)),
            Ok(state) => format!("it is of version {}", state.version),
            Err(error) => error.to_string(),
        };
        let aside = self.beside("damaged");
        fs::rename(&self.0, &aside)?;
        tracing::error!(file = %aside.display(), reason, "edge.state.unreadable: begun anew");
        Ok(None)
    }

    /// Replaces what is kept; it has reached the disk when this returns.
    pub(crate) fn save(&self, state: &SavedState) -> io::Result<()> {
        let text = serde_json::to_vec(state).map_err(io::Error::other)?;
        whole_file::replace(&self.0, &text)
    }

    fn beside(&self, extension: &str) -> PathBuf {
        whole_file::beside(&self.0, extension)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::timeline::Timeline;

    fn state() -> SavedState {
        SavedState::new(Timeline::go_on(None).mark(), Vec::new(), Vec::new())
    }

    #[test]
    fn what_was_saved_last_is_loaded_and_is_for_the_service_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.json");
        let file = StateFile::at(&path);
        assert_eq!(file.load().unwrap(), None);
        let saved = state();
        file.save(&state()).unwrap();
        file.save(&saved).unwrap();
        assert_eq!(file.load().unwrap(), Some(saved));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.json");
        let file = StateFile::at(&path);
        let old =
            serde_json::to_string(&state()).unwrap().replace("\"version\":1", "\"version\":9");
        for text in ["", "{", "{\"version\":1}", &old] {
            fs::write(&path, text).unwrap();
            assert_eq!(file.load().unwrap(), None, "{text}");
            assert!(!path.exists());
            assert_eq!(fs::read_to_string(file.beside("damaged")).unwrap(), text);
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error() {
        let file = StateFile::at(Path::new("/nonexistent/gateway.json"));
        assert_eq!(file.save(&state()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
