//! What waits to be sent on one connection, and since when the peer reads nothing of it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// Octets on their way. Who fills it looks at [`Outbox::len`] first.
#[derive(Default)]
pub(super) struct Outbox {
    octets: Vec<u8>,
    sent: usize,
    /// When something was sent last, or was there to be sent; absent when all is on its way.
    waiting_since: Option<Instant>,
}

impl Outbox {
    /// Appends a packet.
    pub(super) fn push(&mut self, packet: &[u8]) {
        self.octets.extend_from_slice(packet);
        self.waiting_since.get_or_insert_with(Instant::now);
    }

    /// Octets not yet sent.
    pub(super) fn len(&self) -> usize {
        self.octets.len() - self.sent
    }

    /// Whether [`Outbox::send`] has something to do.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting_since.is_some()
    }

    /// When the peer has read nothing for `patience`, if something waits.
    pub(super) fn overdue_at(&self, patience: Duration) -> Option<Instant> {
        self.waiting_since.map(|since| since + patience)
    }

    /// Sends some of it; may be given up at any moment without harm.
    pub(super) async fn send(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let rest = self.octets.get(self.sent..).unwrap_or_default();
        if rest.is_empty() {
            to.flush().await?;
            self.waiting_since = None;
            return Ok(());
        }
        match to.write(rest).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => self.sent += written,
        }
        if self.len() == 0 {
            self.octets.clear();
            self.sent = 0;
        }
        self.waiting_since = Some(Instant::now());
        Ok(())
    }
}
