//! The loop of one accounting socket: many records, one write to disk, then the answers.
//!
//! An Accounting-Response leaves only after its record is in the journal (RFC 2866 §4.1). While
//! one batch is being written the next one gathers; with the most batches under way requests
//! wait for their turn in bounded number.

use std::collections::HashMap;
use std::sync::Arc;

use domain::AccountingRecord;
use radius_proto::SignedPacket;
use radius_proto::server::Role;
use store::JournalError;
use tokio::net::UdpSocket;
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio_util::sync::CancellationToken;

use crate::metrics::Outcome;
use crate::port::{Asker, Port, Taken};
use crate::record::{self, NoRecord};
use crate::shared::Shared;

/// Batches that are written at a time.
const BATCHES: usize = 4;

/// Serves one socket until it is told to stop.
pub(crate) async fn serve(socket: Arc<UdpSocket>, shared: Arc<Shared>, stop: CancellationToken) {
    let mut desk = Desk {
        port: Port::new(socket, Role::Accounting, shared),
        writes: JoinSet::new(),
        replies: HashMap::new(),
    };
    let socket = Arc::clone(&desk.port.socket);
    let shared = Arc::clone(&desk.port.shared);
    loop {
        let may_write = desk.writes.len() < BATCHES;
        let _behind = (!may_write && desk.port.waiting() > 0).then(|| shared.backlog.enter());
        tokio::select! {
            () = stop.cancelled() => return,
            Some(done) = desk.writes.join_next_with_id() => desk.finish(done),
            ready = socket.readable() => match ready {
                Ok(()) => desk.port.fill(),
                Err(error) => tracing::warn!(%error, "radius.socket"),
            },
            () = yield_now(), if may_write && desk.port.waiting() > 0 => desk.take_batch(),
        }
        desk.port.flush();
    }
}

struct Desk {
    port: Port,
    writes: JoinSet<Result<(), JournalError>>,
    /// What is sent once each write is done.
    replies: HashMap<Id, Vec<Reply>>,
}

struct Reply {
    asker: Asker,
    packet: SignedPacket,
}

impl Desk {
    /// Takes what is ready, up to a batch, and begins to write it.
    fn take_batch(&mut self) {
        let mut records = Vec::new();
        let mut replies = Vec::new();
        for _ in 0..self.port.shared.settings.accounting_batch {
            match self.port.take(|_, _| true) {
                Taken::Nothing => break,
                Taken::Settled => {}
                Taken::Request(octets, asker) => {
                    if let Some((record, reply)) = self.translate(&octets, asker) {
                        records.push(record);
                        replies.push(reply);
                    }
                }
            }
        }
        if records.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.port.shared);
        let write = self.writes.spawn(async move { shared.journal.append(records).await });
        self.replies.insert(write.id(), replies);
    }

    /// What a request tells, with its reply; one that tells nothing is answered at once.
    fn translate(&mut self, octets: &[u8], asker: Asker) -> Option<(AccountingRecord, Reply)> {
        match record::receive(&self.port.shared, &asker.access_point, asker.secret, octets) {
            Ok((record, packet)) => Some((record, Reply { asker, packet })),
            Err(NoRecord::Unusable(packet, reason)) => {
                self.port.warn(&asker, reason.as_str());
                self.port.note(&asker, Outcome::Unusable(reason), octets);
                self.port.reply(asker, packet, Outcome::Unusable(reason));
                None
            }
            Err(NoRecord::Unanswerable) => {
                self.port.note(&asker, Outcome::Unanswerable, octets);
                self.port.stay_silent(&asker, Outcome::Unanswerable);
                None
            }
        }
    }

    fn finish(&mut self, done: Result<(Id, Result<(), JournalError>), JoinError>) {
        let (id, written) = match done {
            Ok((id, written)) => (id, Ok(written)),
            Err(error) => (error.id(), Err(error)),
        };
        let settled = record::settle(&self.port.shared, written);
        for Reply { asker, packet } in self.replies.remove(&id).unwrap_or_default() {
            match settled {
                Ok(()) => self.port.reply(asker, packet, Outcome::Recorded),
                Err(outcome) => {
                    self.port.note(&asker, outcome, &[]);
                    self.port.stay_silent(&asker, outcome);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
