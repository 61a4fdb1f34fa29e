//! The keys to personal data: made at first run, kept in files that only the service reads.
//!
//! `data.key` encrypts, `lookup.key` makes numbers findable, `pepper.key` hashes codes. A
//! file holds one `version:hex` line per key; the highest version writes, all of them read.
//! The file is made whole under another name first, so a crash leaves no half of one.

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::StoreError;

/// The files of the keys that encrypt, find and hash.
const FILES: [&str; 3] = ["data.key", "lookup.key", "pepper.key"];

/// A 256-bit key.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Every key of the installation; cheap to clone, never shown.
#[derive(Clone)]
pub struct KeyRing(Arc<Keys>);

struct Keys {
    data: Versions,
    lookup: Versions,
    pepper: Versions,
}

/// The versions of one key, ascending; never empty.
pub(crate) struct Versions(Vec<(u32, Key)>);

impl KeyRing {
    /// Reads the keys in `dir`, and makes what is missing.
    ///
    /// # Errors
    /// [`StoreError::Keys`] if a file can be read by others, is malformed or cannot be made.
    pub fn open_or_create(dir: &Path) -> Result<Self, StoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| refuse(dir, error))?;
        for name in FILES {
            let path = dir.join(name);
            if !path.exists() {
                create(&path)?;
            }
        }
        Self::open_existing(dir)
    }

    /// Reads the keys in `dir`, and makes nothing.
    ///
    /// # Errors
    /// [`StoreError::Keys`] if a file is missing, can be read by others or is malformed.
    pub fn open_existing(dir: &Path) -> Result<Self, StoreError> {
        let [data, lookup, pepper] = FILES.map(|name| read(&dir.join(name)));
        Ok(Self(Arc::new(Keys { data: data?, lookup: lookup?, pepper: pepper? })))
    }

    /// A key for another purpose, the same as long as the keys stay.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let (_, newest) = self.0.data.newest();
        keyed_hash(newest, &[b"derive", purpose.as_bytes()])
    }

    pub(crate) fn data(&self) -> &Versions {
        &self.0.data
    }

    pub(crate) fn lookup(&self) -> &Versions {
        &self.0.lookup
    }

    pub(crate) fn pepper(&self) -> &Versions {
        &self.0.pepper
    }
}

impl Versions {
    /// The key that writes, with its version.
    pub(crate) fn newest(&self) -> (u32, &Key) {
        let (version, key) = self.0.last().expect("a key file has at least one key");
        (*version, key)
    }

    /// Every version, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().rev().map(|(_, key)| key)
    }

    /// The key of that version.
    pub(crate) fn find(&self, wanted: u32) -> Option<&Key> {
        self.0.iter().find(|(version, _)| *version == wanted).map(|(_, key)| key)
    }
}

/// HMAC-SHA-256 over parts that cannot run into each other: each is preceded by its length.
pub(crate) fn keyed_hash(key: &Key, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn read(path: &Path) -> Result<Versions, StoreError> {
    let mode = fs::metadata(path).map_err(|error| refuse(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refuse(path, "it can be read by others; make it 0600"));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| refuse(path, error))?);
    let mut versions = text
        .lines()
        .map(|line| parse(line).ok_or_else(|| refuse(path, "a line is not `version:hex`")))
        .collect::<Result<Vec<_>, _>>()?;
    versions.sort_by_key(|(version, _)| *version);
    if versions.is_empty() {
        return Err(refuse(path, "it holds no key"));
    }
    Ok(Versions(versions))
}

fn create(path: &Path) -> Result<(), StoreError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| refuse(path, error))?;
    let line = Zeroizing::new(format!("1:{}\n", HEXLOWER.encode(key.as_slice())));
    let unfinished = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|error| refuse(path, error))
}

fn parse(line: &str) -> Option<(u32, Key)> {
    let (version, hex) = line.split_once(':')?;
    let bytes = Zeroizing::new(HEXLOWER.decode(hex.trim().as_bytes()).ok()?);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).ok()?;
    Some((version.parse().ok()?, Zeroizing::new(key)))
}

fn refuse(path: &Path, reason: impl fmt::Display) -> StoreError {
    StoreError::Keys { path: path.display().to_string(), reason: reason.to_string() }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_makes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let error = KeyRing::open_existing(dir.path()).unwrap_err().to_string();
        assert!(error.contains("data.key"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn keys_stay_the_same_and_are_the_services_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = KeyRing::open_or_create(dir.path()).unwrap();
        let again = KeyRing::open_or_create(dir.path()).unwrap();
        assert_eq!(first.derive("portal context"), again.derive("portal context"));
        assert_ne!(first.derive("portal context"), first.derive("another"));
        let mode = fs::metadata(dir.path().join("data.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        KeyRing::open_or_create(dir.path()).unwrap();
        let path = dir.path().join("pepper.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = KeyRing::open_or_create(dir.path()).unwrap_err().to_string();
        assert!(error.contains("pepper.key") && error.contains("0600"), "{error}");
    }
}
