//! An Accounting-Request on its way to the disk, whichever way it came.
//!
//! Reads what it tells and makes its answer ready; and says what an attempt to write means. When
//! to write, and who waits for the answer, is the business of the socket or connection.

use std::error::Error;

use domain::AccountingRecord;
use radius_proto::{Code, Packet, PacketBuilder, SignedPacket};
use store::JournalError;
use tokio::task::JoinError;

use crate::access_points::{AccessPoint, SecretAge};
use crate::metrics::Outcome;
use crate::shared::Shared;
use crate::translate::{self, Unusable};

/// What to do with a request.
pub(crate) enum Received {
    /// Write the record, then send the answer.
    Record(AccountingRecord, SignedPacket),
    /// Send the answer at once, since it tells nothing.
    Unusable(SignedPacket, Unusable),
    /// Stay silent: the answer would not fit into a packet.
    Unanswerable,
}

/// Reads the Accounting-Request in `octets`, which came from `access_point`.
pub(crate) fn receive(
    shared: &Shared,
    access_point: &AccessPoint,
    secret: SecretAge,
    octets: &[u8],
) -> Received {
    let request = Packet::parse(octets).expect("the protocol core has parsed it before");
    let reply = PacketBuilder::reply_to(&request, Code::AccountingResponse);
    let Ok(reply) = reply.sign(access_point.secret(secret)) else { return Received::Unanswerable };
    match translate::record(&request, &access_point.nas, shared.clock.now()) {
        Ok(record) => Received::Record(record, reply),
        Err(reason) => Received::Unusable(reply, reason),
    }
}

/// Notes whether an attempt to write succeeded.
///
/// # Errors
/// What becomes of its requests if it did not.
pub(crate) fn settle(
    shared: &Shared,
    written: Result<Result<(), JournalError>, JoinError>,
) -> Result<(), Outcome> {
    let failure = match written {
        Ok(Ok(())) => {
            shared.recording.succeeded();
            return Ok(());
        }
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn Error, "accounting.not-recorded");
            Outcome::NotRecorded
        }
        Err(error) => {
            tracing::error!(%error, "accounting.panicked");
            Outcome::Panicked
        }
    };
    shared.recording.failed(shared.clock.now());
    Err(failure)
}
