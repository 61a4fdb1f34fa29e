//! Alerts as messages of syslog (RFC 5424), by datagrams (RFC 5426) or over connections with the length
//! before each message (RFC 6587 §3.4.1).
//!
//! No server acknowledges them: that it was told means that nothing went wrong on this side.

use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};

use super::settings::{SyslogProtocol, SyslogSettings};
use super::{Alert, AlertChannel, AlertError};

/// What every server takes that keeps to RFC 5424 §6.1.
const LONGEST: usize = 2_048;
/// How long a server has for closing a connection.
const CLOSING: Duration = Duration::from_secs(1);
/// The longest name of a kind of message (RFC 5424 §6).
const LONGEST_KIND: usize = 32;

/// Tells a server of syslog.
#[derive(Debug)]
pub struct Syslog {
    settings: SyslogSettings,
    /// This machine, as it calls itself.
    host: String,
}

impl Syslog {
    /// Connects to nobody yet.
    pub fn open(settings: &SyslogSettings) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = host.map(|name| name.trim().to_owned());
        let host =
            host.filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()));
        Self { settings: settings.clone(), host: host.unwrap_or_else(|| "-".to_owned()) }
    }

    fn message(&self, alert: &Alert<'_>) -> String {
        let priority = u16::from(self.settings.facility) * 8 + u16::from(alert.severity.number());
        let kind = alert.key.as_str();
        let kind = kind.get(..LONGEST_KIND).unwrap_or(kind);
        // One line, for servers that take lines apart.
        let text = alert.text.lines().collect::<Vec<_>>().join("; ");
        // A kind has room for the beginning alone.
        let text = format!("{} {text}", alert.key.as_str());
        let head = format!(
            "<{priority}>1 {} {} sabeel {} {kind} - \u{feff}",
            alert.at,
            self.host,
            std::process::id()
        );
        let room = LONGEST.saturating_sub(head.len());
        head + text.get(..text.floor_char_boundary(room)).unwrap_or_default()
    }

    async fn tell(&self, message: &str) -> std::io::Result<()> {
        let server = &self.settings.server;
        match self.settings.protocol {
            SyslogProtocol::Udp => {
                let to = lookup_host(server).await?.next();
                let to = to.ok_or_else(|| std::io::Error::other("the name has no address"))?;
                let own = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(own).await?;
                socket.send_to(message.as_bytes(), to).await.map(drop)
            }
            SyslogProtocol::Tcp => {
                // One for each alert: of a connection that is old nobody knows whether it is one.
                let mut stream = TcpStream::connect(server).await?;
                let framed = format!("{} {message}", message.len());
                stream.write_all(framed.as_bytes()).await?;
                stream.shutdown().await?;
                // A server that is gone says so now; one that does not close has taken it.
                match tokio::time::timeout(CLOSING, stream.read(&mut [0])).await {
                    Ok(closed) => closed.map(drop),
                    Err(_) => Ok(()),
                }
            }
        }
    }
}

#[async_trait]
impl AlertChannel for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError> {
        let message = self.message(alert);
        let patience = Duration::from_secs(self.settings.timeout_seconds);
        match tokio::time::timeout(patience, self.tell(&message)).await {
            Ok(outcome) => outcome.map_err(|error| AlertError::Later(error.to_string())),
            Err(_) => Err(AlertError::Later("the server did not answer in time".to_owned())),
        }
    }
}
