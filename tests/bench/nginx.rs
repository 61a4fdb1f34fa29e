//! nginx as Debian builds it: a redirect for any probe, and the first page from a file. It is what
//! the same answers cost where nobody asks who is there.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::Server;

const CONFIGURATION: &str = include_str!("nginx/nginx.conf");

/// A running server with as many workers as the machine has processors.
pub struct Nginx {
    /// The process, with its workers.
    pub server: Server,
    /// Where any request is redirected.
    pub redirecting: SocketAddr,
    /// Where the page is.
    pub serving: SocketAddr,
    _files: TempDir,
}

impl Nginx {
    /// Starts a server that redirects to `target`, and serves `page`.
    pub fn begin(target: &str, page: &[u8]) -> anyhow::Result<Self> {
        let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let dir = files.path();
        let [redirecting, serving] = [free_tcp_port()?, free_tcp_port()?];
        let configuration = CONFIGURATION
            .replace("{dir}", &dir.display().to_string())
            .replace("{redirecting}", &redirecting.to_string())
            .replace("{serving}", &serving.to_string())
            .replace("{target}", target);
        fs::write(dir.join("nginx.conf"), configuration)?;
        fs::write(dir.join("page"), page)?;
        let log = dir.join("log");
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir).arg("-c").arg(dir.join("nginx.conf"));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
        let server = Server::start(&mut command, &log, "start worker processes")?;
        Ok(Self { server, redirecting, serving, _files: files })
    }
}

/// A port of loopback that nobody has at the moment.
pub fn free_tcp_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
