//! A session that no access point has: what a probe asks to end, so that nobody is disturbed.
//!
//! It is named by device, session and user, since each maker looks for another of them, and some
//! answer nothing at all if theirs is missing (CoovaChilli without User-Name). Names and device are made
//! by chance for each probe; the device's address is a locally administered one.

use domain::{
    MacAddress, Nas, Session, SessionId, SessionIdentification, SessionState, Speed, Timestamp,
    Usage,
};

/// The session that `chance` gives.
pub(super) fn session(nas: &Nas, now: Timestamp, chance: [u8; 16]) -> Session {
    let [a, b, c, d, e, ..] = chance;
    let device = MacAddress::new([0x02, a, b, c, d, e]);
    let name = format!("sabeel-test-{:032x}", u128::from_be_bytes(chance));
    Session {
        id: SessionId::from_bytes(chance),
        nas: nas.name.clone(),
        acct_session_id: name.clone(),
        device,
        user_name: name,
        address: None,
        grant: None,
        started_at: now,
        updated_at: now,
        usage: Usage::default(),
        state: SessionState::Open,
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    }
}
