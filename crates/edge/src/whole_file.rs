//! Files that are replaced as a whole, so that a power cut or a full disk leaves the old one or the new.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Replaces what is in a file, which the service alone can read; it has reached the disk afterwards.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let fresh = beside(path, "new");
    let written = write(&fresh, octets).and_then(|()| fs::rename(&fresh, path));
    if let Err(error) = written {
        // What a full disk has of it is in the way of others.
        drop(fs::remove_file(&fresh));
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The file beside it whose name has this behind it.
pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        replace(&path, b"old").unwrap();
        // A folder in the way is a disk that takes nothing.
        fs::create_dir(beside(&path, "new")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        fs::remove_dir(beside(&path, "new")).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(!beside(&path, "new").exists());
    }
}
