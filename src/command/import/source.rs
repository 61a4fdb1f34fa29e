//! Files of another server: read within bounds, with what they include.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::freeradius::conf::{self, Kind, Node, Place};

/// No configuration file is larger, in octets.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;
/// Files that one includes at most, with what these include.
const MOST_FILES: usize = 1_000;
/// How deep files include each other at most.
const DEEPEST: usize = 8;

/// Reads a configuration file with what it includes.
pub fn configuration(path: &Path) -> anyhow::Result<Vec<Node>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let mut reading = Reading { folder, open: Vec::new(), files: 0 };
    reading.file(path)
}

/// The text of a file that is no larger than any of its kind.
pub fn text(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path).with_context(|| cannot_read(path))?.len();
    if size > LARGEST_FILE {
        bail!("{} is larger than any such file: {size} octets", path.display());
    }
    let octets = std::fs::read(path).with_context(|| cannot_read(path))?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

struct Reading {
    /// What `${confdir}` and `${raddbdir}` stand for.
    folder: PathBuf,
    /// The files that are being read, each included by the one before.
    open: Vec<PathBuf>,
    files: usize,
}

impl Reading {
    fn file(&mut self, path: &Path) -> anyhow::Result<Vec<Node>> {
        let real = path.canonicalize().with_context(|| cannot_read(path))?;
        if self.open.contains(&real) {
            bail!("{} includes itself", path.display());
        }
        if self.open.len() >= DEEPEST {
            bail!("{} is included {DEEPEST} files deep", path.display());
        }
        self.files += 1;
        if self.files > MOST_FILES {
            bail!("more than {MOST_FILES} files are included");
        }
        let label: Arc<str> = Arc::from(path.display().to_string());
        let nodes = conf::parse(&label, &text(path)?)?;
        self.open.push(real);
        let expanded = self.expand(nodes, path);
        self.open.pop();
        expanded
    }

    /// Puts what is included in the place of its mention.
    fn expand(&mut self, nodes: Vec<Node>, within: &Path) -> anyhow::Result<Vec<Node>> {
        let mut expanded = Vec::with_capacity(nodes.len());
        for Node { place, kind } in nodes {
            match kind {
                Kind::Pair { .. } => expanded.push(Node { place, kind }),
                Kind::Section { name, second, nodes } => {
                    let nodes = self.expand(nodes, within)?;
                    expanded.push(Node { place, kind: Kind::Section { name, second, nodes } });
                }
                Kind::Include { path, optional } => {
                    let included = self.include(&path, within, &place);
                    let missing = |error: &anyhow::Error| {
                        error
                            .downcast_ref::<std::io::Error>()
                            .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
                    };
                    match included {
                        Ok(nodes) => expanded.extend(nodes),
                        Err(error) if optional && missing(&error) => {}
                        Err(error) => return Err(error.context(format!("{place}"))),
                    }
                }
            }
        }
        Ok(expanded)
    }

    fn include(&mut self, path: &str, within: &Path, place: &Place) -> anyhow::Result<Vec<Node>> {
        let folder = self.folder.display().to_string();
        let path = path.replace("${confdir}", &folder).replace("${raddbdir}", &folder);
        if path.contains("${") || path.contains("$ENV{") {
            bail!("{place} includes {path}, whose variable is not known here");
        }
        let beside = within.parent().unwrap_or(Path::new("."));
        let path = if Path::new(&path).is_absolute() || path.starts_with(&folder) {
            PathBuf::from(&path)
        } else {
            beside.join(&path)
        };
        if !path.is_dir() {
            return self.file(&path);
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&path).with_context(|| cannot_read(&path))? {
            let entry = entry.with_context(|| cannot_read(&path))?.path();
            if entry.is_file() && entry.file_name().is_some_and(is_plain) {
                files.push(entry);
            }
        }
        files.sort();
        let mut nodes = Vec::new();
        for file in files {
            nodes.extend(self.file(&file)?);
        }
        Ok(nodes)
    }
}

/// Whether FreeRADIUS would read a file of that name in a folder that is included.
fn is_plain(name: &OsStr) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_');
    let octets = name.as_encoded_bytes();
    octets.iter().all(plain) && !octets.starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn names(nodes: &[Node]) -> Vec<&str> {
        let mut names = Vec::new();
        for node in nodes {
            if let Kind::Section { second: Some(second), .. } = &node.kind {
                names.push(second.as_str());
            }
        }
        names
    }

    #[test]
    fn what_is_included_stands_in_the_place_of_its_mention() {
        let dir = tempfile::tempdir().unwrap();
        let text = "client a { }\n$INCLUDE more/\n$-INCLUDE nowhere.conf\n\
                    $INCLUDE ${confdir}/last.conf\nclient z { }";
        let path = write(dir.path(), "clients.conf", text);
        write(dir.path(), "more/2.conf", "client c { }\n$INCLUDE inner.inc");
        write(dir.path(), "more/1.conf", "client b { }");
        write(dir.path(), "more/3.conf~", "client backup { }");
        write(dir.path(), "more/inner.inc", "client d { }");
        write(dir.path(), "last.conf", "client e { }");
        // The folder's files are read by name, and one of them is also included by another.
        let nodes = configuration(&path).unwrap();
        assert_eq!(names(&nodes), ["a", "b", "c", "d", "d", "e", "z"]);
        let place = nodes.get(2).unwrap().place.to_string();
        assert!(place.ends_with("more/2.conf:1"), "{place}");
    }

    #[test]
    fn a_loop_a_missing_file_and_an_unknown_variable_are_named() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "b.conf", "\n$INCLUDE a.conf");
        for (text, words) in [
            ("$INCLUDE b.conf", "a.conf includes itself"),
            ("$INCLUDE nowhere.conf", "nowhere.conf"),
            ("$INCLUDE ${sysconfdir}/x", "whose variable is not known here"),
        ] {
            let path = write(dir.path(), "a.conf", text);
            let error = configuration(&path).map(|nodes| nodes.len()).unwrap_err();
            assert!(format!("{error:#}").contains(words), "{error:#}");
            assert!(format!("{error:#}").contains("a.conf:1"), "{error:#}");
        }
        for depth in 0..12 {
            write(dir.path(), &format!("{depth}.conf"), &format!("$INCLUDE {}.conf", depth + 1));
        }
        let error = configuration(&dir.path().join("0.conf")).map(|nodes| nodes.len()).unwrap_err();
        assert!(format!("{error:#}").contains("is included 8 files deep"), "{error:#}");
    }
}
