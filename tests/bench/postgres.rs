//! A PostgreSQL of the bench's own, with Debian's settings: what it commits is on the disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::process::Server;

/// A running server, reached by its Unix socket.
pub struct Postgres {
    /// The process, with those that it starts for each connection.
    pub server: Server,
    /// Where its only database is.
    pub url: String,
    _files: TempDir,
}

impl Postgres {
    /// Makes an empty database under `dir`, and starts a server on it.
    pub fn begin(dir: &Path) -> anyhow::Result<Self> {
        let files = TempDir::new_in(dir)?;
        let bin = binaries()?;
        let data = files.path().join("data");
        if is_root()? {
            let (user, group) = owner()?;
            fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755))?;
            chown(files.path(), Some(user), Some(group))?;
        }
        let initdb = as_owner(&bin.join("initdb"))?
            .args(["--auth=trust", "--username=postgres", "-D"])
            .arg(&data)
            .output()?;
        ensure!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let log = files.path().join("log");
        let mut command = as_owner(&bin.join("postgres"))?;
        command.arg("-D").arg(&data).arg("-k").arg(files.path());
        command.args(["-c", "listen_addresses=", "-c", "max_connections=100"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let server = Server::start(&mut command, &log, "ready to accept connections")?;
        let host = files.path().display().to_string().replace('/', "%2F");
        let url = format!("postgres://postgres@{host}/postgres");
        Ok(Self { server, url, _files: files })
    }
}

/// Where Debian keeps PostgreSQL's programs.
fn binaries() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.context("PostgreSQL is missing; `make bench` installs it")?;
    let mut found: Vec<PathBuf> =
        versions.map(|version| Ok(version?.path().join("bin"))).collect::<anyhow::Result<_>>()?;
    found.sort();
    found.pop().context("PostgreSQL is missing; `make bench` installs it")
}

/// PostgreSQL refuses to run as root.
fn as_owner(program: &Path) -> anyhow::Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command.current_dir("/");
    Ok(command)
}

fn is_root() -> anyhow::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

fn owner() -> anyhow::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.first() == Some(&"postgres"))
        .find_map(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))
        .context("there is no user `postgres`")
}
