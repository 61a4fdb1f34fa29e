//! A challenge as its row holds it.

use domain::{Binding, Challenge, ChallengeState, PhoneNumber, Purpose};
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::sealed::Seal;
use crate::sql::SqlStore;
use crate::sql::row::Columns;

impl SqlStore {
    pub(in crate::sql) fn challenge(&self, row: &AnyRow) -> Result<Challenge, StoreError> {
        let columns = Columns(row);
        let phone = self.phone(&columns.octets("phone")?)?;
        let state = ChallengeState::from_name(&columns.text("state")?)
            .ok_or(StoreError::Corrupt { what: "challenge state" })?;
        Ok(Challenge {
            id: columns.id("id")?,
            binding: binding(&columns)?,
            phone,
            language: columns.parsed("language")?,
            agreed: columns.definition("agreed")?,
            created_at: columns.time("created_at")?,
            sent_at: columns.time("sent_at")?,
            sends: columns.count("sends")?,
            code_expires_at: columns.time("code_expires_at")?,
            attempts: columns.count("attempts")?,
            state,
        })
    }

    /// Decrypts a number.
    pub(in crate::sql) fn phone(&self, sealed: &[u8]) -> Result<PhoneNumber, StoreError> {
        let digits: Zeroizing<String> = self.keys.open(Seal::Phone, sealed)?;
        digits.parse().map_err(|_| StoreError::Corrupt { what: "phone" })
    }
}

/// The binding in its columns.
fn binding(columns: &Columns<'_>) -> Result<Binding, StoreError> {
    let purpose = Purpose::from_name(&columns.text("purpose")?)
        .ok_or(StoreError::Corrupt { what: "purpose" })?;
    Ok(match purpose {
        Purpose::SignIn => {
            Binding::SignIn { site: columns.parsed("site")?, device: columns.mac("device")? }
        }
        Purpose::MyData => {
            Binding::MyData { site: columns.parsed("site")?, device: columns.mac("device")? }
        }
        Purpose::ReportClose => Binding::ReportClose { report: columns.parsed("subject")? },
    })
}
