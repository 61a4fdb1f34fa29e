//! A small disk of a story's own, which can be filled and made larger, without any right on the
//! machine: a file system in memory, in user and mount namespaces that end with the story.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A disk that lasts until it is dropped.
pub struct Disk {
    keeper: Child,
    place: PathBuf,
    target: String,
    /// What it covers, for as long as it is there.
    folder: Option<TempDir>,
}

impl Disk {
    /// A disk of so many megabytes at `place`, seen by whoever comes through the entrance.
    pub fn mount(place: &Path, megabytes: u32) -> Self {
        std::fs::create_dir_all(place).unwrap();
        let commands = format!(
            "mount -t tmpfs -o size={megabytes}m,mode=0700 disk '{}'; echo mounted; exec cat",
            place.display()
        );
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-ec", &commands])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "mounted\n", "this kernel gives no user namespaces");
        let target = keeper.id().to_string();
        Self { keeper, place: place.to_owned(), target, folder: None }
    }

    /// The same, with the folder that it covers.
    pub fn keeping(mut self, folder: TempDir) -> Self {
        self.folder = Some(folder);
        self
    }

    /// The words that bring a command to where the disk is.
    pub fn entrance(&self) -> [&str; 6] {
        ["nsenter", "--target", &self.target, "--user", "--mount", "--preserve-credentials"]
    }

    /// The disk as it is seen from outside.
    pub fn seen_from_outside(&self) -> PathBuf {
        let place = self.place.strip_prefix("/").unwrap();
        Path::new("/proc").join(&self.target).join("root").join(place)
    }

    /// Fills the disk but for so many octets.
    pub fn fill(&self, left: u64) {
        let mut file = File::create(self.seen_from_outside().join("filler")).unwrap();
        let mut filled = 0;
        loop {
            match file.write(&[0; 4_096]) {
                Ok(written) => filled += u64::try_from(written).unwrap(),
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        file.set_len(filled.saturating_sub(left)).unwrap();
    }

    /// Makes the disk larger while it is used.
    pub fn enlarge(&self, megabytes: u32) {
        let [nsenter, words @ ..] = self.entrance();
        let status = Command::new(nsenter)
            .args(words)
            .args(["mount", "-o", &format!("remount,size={megabytes}m")])
            .arg(&self.place)
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.keeper.kill().ok();
        self.keeper.wait().ok();
        drop(self.folder.take());
    }
}
