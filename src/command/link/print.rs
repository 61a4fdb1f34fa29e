//! Prints a page to a PDF by the Chromium of this machine.

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

/// As it is called by those who package it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Longer than a report takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints an HTML file.
pub async fn to_pdf(page: &Path, pdf: &Path) -> anyhow::Result<()> {
    let chromium = find(std::env::var_os("PATH").unwrap_or_default()).with_context(|| {
        format!("a PDF needs Chromium, and none of {} is here", NAMES.join(", "))
    })?;
    let page = std::fs::canonicalize(page).context("the page is not there")?;
    let profile = std::env::temp_dir().join(format!("sabeel-print-{}", std::process::id()));
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&profile)
        .with_context(|| format!("cannot make {}", profile.display()))?;
    let outcome = print(&chromium, &page, pdf, &profile).await;
    std::fs::remove_dir_all(&profile).ok();
    outcome
}

async fn print(chromium: &Path, page: &Path, pdf: &Path, profile: &Path) -> anyhow::Result<()> {
    let with = |option: &str, path: &Path| {
        let mut option = OsString::from(option);
        option.push(path);
        option
    };
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"])
        .args(["--disable-quic", "--no-pdf-header-footer"])
        .arg(with("--user-data-dir=", profile))
        .arg(with("--print-to-pdf=", pdf))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // It refuses to keep root in its sandbox; the page is ours, and has no script.
    if matches!(controller::admin::this_user(), store::Actor::User { uid: 0, .. }) {
        command.arg("--no-sandbox");
    }
    let output = command.arg(with("file://", page)).output();
    let output = tokio::time::timeout(PATIENCE, output).await.context("Chromium takes too long")?;
    let output = output.with_context(|| format!("cannot run {}", chromium.display()))?;
    if !output.status.success() || !pdf.exists() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("Chromium printed nothing: {}", said.lines().last().unwrap_or("it does not say why"));
    }
    Ok(())
}

/// The first of its names in the folders of a path.
fn find(path: impl AsRef<std::ffi::OsStr>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |of| of.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_by_any_of_its_names_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path()), None);
        let there = folder.path().join("google-chrome");
        std::fs::write(&there, "").unwrap();
        assert_eq!(find(folder.path()), Some(there));
    }
}
