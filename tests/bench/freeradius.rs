//! FreeRADIUS as Debian builds it, with nothing switched on but what the figures compare.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use radius_proto::SharedSecret;
use tempfile::TempDir;

use crate::city::{SECRET, free_udp_port};
use crate::process::Server;
use crate::radius_load::{MessageAuthenticator, Target};
use crate::visitors::{self, DEVICES, Login};

const CONFIGURATION: &str = include_str!("freeradius/radiusd.conf");
const QUERIES: &str = include_str!("freeradius/queries.conf");
const SCHEMA: &str = include_str!("freeradius/schema.sql");

/// What an Access-Accept carries: as many attributes of the same lengths as Sabeel's.
const TERMS: [(&str, &str); 6] = [
    ("Session-Timeout", "3600"),
    ("Idle-Timeout", "900"),
    ("Acct-Interim-Interval", "60"),
    ("Class", "0x01000102030405060708090a0b0c0d0e0f0001020304050607"),
    ("WISPr-Bandwidth-Max-Up", "5000000"),
    ("WISPr-Bandwidth-Max-Down", "10000000"),
];

/// A running server, with a port for each way of doing its work.
pub struct FreeRadius {
    /// The process.
    pub server: Server,
    /// Passwords from a users file, in memory.
    pub users_file: Target,
    /// One-time passwords from SQLite.
    pub one_time: Target,
    /// Accounting into a detail file.
    pub detail: Target,
    /// Accounting into SQLite.
    pub sql: Target,
    _files: TempDir,
}

impl FreeRadius {
    /// Writes the configuration with the same visitors as the city's, and starts the server.
    pub fn begin(logins: &[Login]) -> anyhow::Result<Self> {
        let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let dir = files.path();
        let [users_file, one_time, detail, sql] =
            [free_udp_port()?, free_udp_port()?, free_udp_port()?, free_udp_port()?];
        let filled = |text: &str| {
            text.replace("{dir}", &dir.display().to_string())
                .replace("{secret}", SECRET)
                .replace("{authentication}", &users_file.port().to_string())
                .replace("{one_time}", &one_time.port().to_string())
                .replace("{detail}", &detail.port().to_string())
                .replace("{sql}", &sql.port().to_string())
        };
        fs::write(dir.join("radiusd.conf"), filled(CONFIGURATION))?;
        fs::write(dir.join("queries.conf"), QUERIES)?;
        fs::write(dir.join("dictionary"), "")?;
        fs::write(dir.join("users"), users()?)?;
        fs::write(dir.join("schema.sql"), format!("{SCHEMA}{}", one_time_passwords(logins)?))?;
        let server = start(dir)?;
        Ok(Self {
            server,
            users_file: target(users_file)?,
            one_time: target(one_time)?,
            detail: target(detail)?,
            sql: target(sql)?,
            _files: files,
        })
    }
}

fn start(dir: &Path) -> anyhow::Result<Server> {
    let log = dir.join("radius.log");
    let mut command = Command::new("freeradius");
    command.arg("-f").arg("-d").arg(dir).arg("-l").arg(&log);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Server::start(&mut command, &log, "Ready to process requests")
}

fn target(server: SocketAddr) -> anyhow::Result<Target> {
    let secret = SharedSecret::new(SECRET)?;
    Ok(Target { server, secret, message_authenticator: MessageAuthenticator::Optional })
}

/// The users file: every device with its address for a password.
fn users() -> anyhow::Result<String> {
    let terms = TERMS.map(|(name, value)| format!("{name} := {value}")).join(",\n\t");
    let mut text = String::new();
    for number in 0..DEVICES {
        let device = visitors::spelled(visitors::device(number));
        writeln!(text, "{device} Cleartext-Password := \"{device}\"\n\t{terms}\n")?;
    }
    Ok(text)
}

/// The statements that add every one-time password with its terms, one statement a line.
fn one_time_passwords(logins: &[Login]) -> anyhow::Result<String> {
    let mut text = "BEGIN;\n".to_owned();
    for Login { id, password } in logins {
        let name = id.user_name();
        let check = format!("('{name}', 'Cleartext-Password', ':=', '{password}')");
        writeln!(text, "INSERT INTO radcheck (username, attribute, op, value) VALUES {check};")?;
        let terms = TERMS.map(|(term, value)| format!("('{name}', '{term}', ':=', '{value}')"));
        let terms = terms.join(", ");
        writeln!(text, "INSERT INTO radreply (username, attribute, op, value) VALUES {terms};")?;
    }
    writeln!(text, "COMMIT;")?;
    Ok(text)
}
