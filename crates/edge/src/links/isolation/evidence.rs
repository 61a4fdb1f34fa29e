//! What is kept of a breach, for whoever has to find out how it came about and since when.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use serde::Serialize;

use super::settings::{Attempt, IsolationSettings};
use super::station::Reached;

/// Files that are kept; the oldest go.
const FILES: usize = 100;
/// Octets that are kept of what a program says.
const LONGEST: usize = 256 * 1_024;

/// One breach, as it was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Evidence {
    /// In milliseconds of Unix time.
    at: u64,
    reached: String,
    from: String,
    hardware_address: String,
    device: String,
    /// The frame that came back, from its hardware addresses on.
    frame: String,
    /// How the router would pass such a packet on.
    route: String,
    /// Its rules with their counters.
    rules: String,
    /// What each device has counted.
    devices: String,
}

/// Keeps what is known of a breach: in which file.
pub(super) fn keep(
    settings: &IsolationSettings,
    attempt: Attempt,
    reached: &Reached,
    at: u64,
) -> io::Result<PathBuf> {
    let from = settings.stand(attempt).map_or(String::new(), |stand| stand.from.to_string());
    let to = attempt.address.to_string();
    let device = settings.device.to_string();
    let evidence = Evidence {
        at,
        reached: attempt.to_string(),
        hardware_address: settings.hardware_address.to_string(),
        frame: HEXLOWER.encode(&reached.frame),
        route: said("ip", &["route", "get", &to, "from", &from, "iif", &device]),
        rules: said("nft", &["list", "ruleset"]),
        devices: fs::read_to_string("/proc/net/dev").unwrap_or_default(),
        from,
        device,
    };
    write(&settings.evidence, &evidence)
}

fn write(dir: &Path, evidence: &Evidence) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut names = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    names.retain(|entry| entry.path().extension().is_some_and(|kind| kind == "json"));
    // Names begin with the time, in as many digits for all.
    names.sort_by_key(fs::DirEntry::file_name);
    let excess = (names.len() + 1).saturating_sub(FILES);
    for entry in names.into_iter().take(excess) {
        fs::remove_file(entry.path())?;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let what: String = evidence.reached.chars().map(plain).collect();
    let path = dir.join(format!("{:014}-{what}.json", evidence.at));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    serde_json::to_writer_pretty(&mut file, evidence)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    Ok(path)
}

/// What a program of the system says, if it is there.
fn said(program: &str, words: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(program)
        .args(words)
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => {
            let mut all = output.stdout;
            all.extend(output.stderr);
            all.truncate(LONGEST);
            String::from_utf8_lossy(&all).into_owned()
        }
        Err(error) => format!("{program}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_hundred_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let evidence = |at| Evidence {
            at,
            reached: "tcp 10.2.0.10:445".to_owned(),
            from: String::new(),
            hardware_address: String::new(),
            device: String::new(),
            frame: String::new(),
            route: String::new(),
            rules: String::new(),
            devices: String::new(),
        };
        let under = dir.path().join("breaches");
        let mut last = PathBuf::new();
        for at in 0..105 {
            last = write(&under, &evidence(at)).unwrap();
        }
        assert_eq!(last, under.join("00000000000104-tcp-10.2.0.10-445.json"));
        let mut names: Vec<_> =
            fs::read_dir(&under).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 100);
        assert_eq!(names[0], "00000000000005-tcp-10.2.0.10-445.json");
    }
}
