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

/// Why there is nothing to write for a request.
pub(crate) enum NoRecord {
    /// It tells nothing; this answer is sent at once, so that the NAS stops repeating it.
    Unusable(SignedPacket, Unusable),
    /// The answer would not fit into a packet.
    Unanswerable,
}

/// What the Accounting-Request in `octets` tells, which came from `access_point` and was made
/// with its secret of that age, and the answer that leaves once that is written.
///
/// # Errors
/// Why there is nothing to write.
pub(crate) fn receive(
    shared: &Shared,
    access_point: &AccessPoint,
    secret: SecretAge,
    octets: &[u8],
) -> Result<(AccountingRecord, SignedPacket), NoRecord> {
    let request = Packet::parse(octets).expect("the protocol core has parsed it before");
    let reply = PacketBuilder::reply_to(&request, Code::AccountingResponse)
        .sign(access_point.secret(secret))
        .map_err(|_| NoRecord::Unanswerable)?;
    match translate::record(&request, &access_point.nas, shared.clock.now()) {
        Ok(record) => Ok((record, reply)),
        Err(reason) => Err(NoRecord::Unusable(reply, reason)),
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
