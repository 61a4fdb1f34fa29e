//! What comes before a person is erased: whoever is online is told off, while that can be told.

use domain::{
    AccountId, NasOrder, OrderId, OrderKind, OrderProgress, OrderReason, OrderState, Timestamp,
};

use crate::{Store, StoreError};

/// Writes a Disconnect for each open session of an account that is about to be erased; returns how
/// many there are.
///
/// # Errors
/// The store's own failure.
pub async fn order_off_account(
    store: &dyn Store,
    account: AccountId,
    now: Timestamp,
) -> Result<u32, StoreError> {
    let mut sessions = 0;
    for (_, session) in store.open_sessions_of_accounts(&[account]).await? {
        let mut entropy = [0; 10];
        getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
        let order = NasOrder {
            id: OrderId::new(now, entropy),
            nas: session.nas,
            kind: OrderKind::Disconnect,
            device: session.device,
            session: Some(session.id),
            reason: OrderReason::Erased,
            created_at: now,
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 0, next_at: now },
        };
        store.add_order(&order).await?;
        sessions += 1;
    }
    Ok(sessions)
}
