//! How an access point names a session, as a column: a version octet and postcard's encoding,
//! since the words matter to nobody but the access point; nothing when it said nothing.

use domain::SessionIdentification;

use crate::StoreError;

/// The only version of the column so far.
const VERSION: u8 = 1;

pub(super) fn column(identification: &SessionIdentification) -> Option<Vec<u8>> {
    if *identification == SessionIdentification::default() {
        return None;
    }
    // Writing to memory cannot fail, and the types all have an encoding.
    let octets = postcard::to_extend(identification, vec![VERSION]);
    Some(octets.expect("every identification can be encoded"))
}

pub(super) fn of_column(octets: Option<Vec<u8>>) -> Result<SessionIdentification, StoreError> {
    let Some(octets) = octets else { return Ok(SessionIdentification::default()) };
    let read = match octets.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).ok(),
        _ => None,
    };
    read.ok_or(StoreError::Corrupt { what: "identification of a session" })
}
