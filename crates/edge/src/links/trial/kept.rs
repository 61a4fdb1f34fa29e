//! What each path carried to the end in its last bulk run, on the router's disk: nights are far apart, and an
//! agent that starts again knows what the last one showed, and that it was.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use link::PathNumber;
use serde::{Deserialize, Serialize};

use super::bulk::{Bulked, unix};
use crate::links::settings::LinksSettings;
use crate::links::status::SustainedStatus;
use crate::whole_file::{self, beside};

/// What is kept, and where.
#[derive(Debug)]
pub(in crate::links) struct Carried {
    file: PathBuf,
    kept: Vec<Kept>,
}

/// What a path carried, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kept {
    path: String,
    carried: SustainedStatus,
}

impl Carried {
    /// What was kept of the paths of an office; nothing of a file that cannot be read, which is told.
    pub(in crate::links) fn open(settings: &LinksSettings) -> Self {
        let file = beside(&settings.event_log, "carried");
        let mut kept = read(&file).unwrap_or_else(|error| {
            tracing::error!(file = %file.display(), %error, "links.carried begins anew");
            Vec::new()
        });
        kept.retain(|kept| settings.paths.iter().any(|path| path.name == kept.path));
        Self { file, kept }
    }

    /// What a path carried, and how long ago.
    pub(in crate::links) fn of(&self, path: &str) -> Option<(Bulked, Duration)> {
        let kept = self.kept.iter().find(|kept| kept.path == path)?;
        // A clock that was set back makes nothing old.
        let age = Duration::from_secs(unix().saturating_sub(kept.carried.at));
        Some((kept.carried.bulked(), age))
    }

    /// The same of each path of a section.
    pub(in crate::links) fn each<'a>(
        &'a self,
        settings: &'a LinksSettings,
    ) -> impl Iterator<Item = (PathNumber, Bulked, Duration)> + 'a {
        let numbered = (0..).map(PathNumber::new).zip(&settings.paths);
        numbered.filter_map(|(number, path)| {
            let (bulked, age) = self.of(&path.name)?;
            Some((number, bulked, age))
        })
    }

    /// Keeps what a path carried instead of what it carried before.
    pub(super) fn keep(&mut self, path: &str, bulked: &Bulked) {
        let Some(carried) = SustainedStatus::of(bulked) else { return };
        self.kept.retain(|kept| kept.path != path);
        self.kept.push(Kept { path: path.to_owned(), carried });
        let octets = serde_json::to_vec(&self.kept).unwrap_or_default();
        if let Err(error) = whole_file::replace(&self.file, &octets) {
            tracing::error!(file = %self.file.display(), %error, "links.carried is not kept");
        }
    }
}

fn read(file: &Path) -> io::Result<Vec<Kept>> {
    match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        outcome => Ok(serde_json::from_slice(&outcome?)?),
    }
}

#[cfg(test)]
mod tests {
    use link::capacity::BitRate;
    use link::capacity::bulk::Sustained;

    use super::*;

    fn section(dir: &Path) -> LinksSettings {
        let text = format!(
            "site = \"hofuf\"\noffices = [\"10.2.0.0/16\"]\nevent-log = \"{}/links.jsonl\"\n\
             [[paths]]\nname = \"fibre\"\ndevice = \"fib0\"\nlocal = \"192.0.2.1\"\npeer = \"192.0.2.2\"\n\
             [[paths]]\nname = \"radio\"\ndevice = \"rad0\"\nlocal = \"192.0.3.1\"\npeer = \"192.0.3.2\"\n",
            dir.display()
        );
        toml::from_str(&text).unwrap()
    }

    fn bulked(megabits: u64, at: u64) -> Bulked {
        let carried = |megabits| {
            Some(Sustained { rate: BitRate::from_megabits_per_second(megabits), loss: 4 })
        };
        let (up, down) = (carried(megabits), carried(megabits + 1));
        Bulked { up, down, round_trip_us: Some(7_000), at }
    }

    #[test]
    fn the_last_run_of_each_path_is_known_after_a_restart_with_its_age() {
        let dir = tempfile::tempdir().unwrap();
        let section = section(dir.path());
        let mut carried = Carried::open(&section);
        assert_eq!(carried.each(&section).count(), 0);
        let [first, second] = [bulked(4, unix() - 90_000), bulked(5, unix() - 3_600)];
        carried.keep("radio", &first);
        carried.keep("radio", &second);
        carried.keep("fibre", &Bulked { up: None, ..first });
        // One that the clock says is yet to come is of now.
        carried.keep("fibre", &bulked(9, unix() + 1_000));
        let again = Carried::open(&section);
        let found: Vec<_> = again.each(&section).collect();
        let [(fibre, _, new), (radio, of_radio, old)] = found[..] else { panic!("{found:?}") };
        assert_eq!((fibre.index(), new, radio.index()), (0, Duration::ZERO, 1));
        assert_eq!(of_radio, second);
        assert!((3_600..3_700).contains(&old.as_secs()), "{old:?}");
        // A path that is not there any more is forgotten, and so is what nobody understands.
        let mut other = section.clone();
        other.paths.truncate(1);
        assert_eq!(Carried::open(&other).of("radio"), None);
        std::fs::write(&again.file, "?").unwrap();
        assert_eq!(Carried::open(&section).of("radio"), None);
    }
}
