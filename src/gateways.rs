//! Hands the portal what it needs of those who carry messages.

use std::sync::Arc;

use async_trait::async_trait;
use messaging::{IncomingReceipt, Receipts};
use portal::{MessageGateways, ReceiptAnswer, ReceiptTold};

/// The gateways of the courier in this process.
pub struct OfCourier(pub Arc<Receipts>);

#[async_trait]
impl MessageGateways for OfCourier {
    async fn take_receipt(&self, receipt: &ReceiptTold<'_>) -> ReceiptAnswer {
        let ReceiptTold { end, query, headers, body } = *receipt;
        match self.0.take(&IncomingReceipt { end, query, headers, body }).await {
            Ok(messaging::ReceiptAnswer::Taken) => ReceiptAnswer::Taken,
            Ok(messaging::ReceiptAnswer::NoSuchAddress) => ReceiptAnswer::NoSuchAddress,
            Ok(messaging::ReceiptAnswer::Forged) => ReceiptAnswer::Forged,
            Ok(messaging::ReceiptAnswer::Unreadable) => ReceiptAnswer::Unreadable,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a receipt could not be written down");
                ReceiptAnswer::NotNow
            }
        }
    }
}
