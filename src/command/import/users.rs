//! The users of FreeRADIUS' file, with those of what it includes.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;

use super::people::User;
use super::source;
use crate::freeradius::users;

/// Files that one includes at most.
const MOST_FILES: usize = 100;

/// Every entry, in its order: name and user.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, User)>> {
    let mut found = Vec::new();
    let mut files = vec![path.to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        read += 1;
        if read > MOST_FILES {
            bail!("more than {MOST_FILES} files are included, or one includes itself");
        }
        let label: Arc<str> = Arc::from(path.display().to_string());
        let users = users::parse(&label, &source::text(&path)?)?;
        for (place, included) in users.includes {
            if included.contains("${") {
                bail!("{place} includes {included}, whose variable is not known here");
            }
            files.push(path.parent().unwrap_or(Path::new(".")).join(included));
        }
        found.extend(users.entries.into_iter().map(|entry| {
            let place = entry.place.to_string();
            (entry.name, User { place, items: entry.items, ..User::default() })
        }));
    }
    Ok(found)
}
