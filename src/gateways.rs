//! Hands the portal and the admin API what they need of those who carry messages.

use std::sync::Arc;

use async_trait::async_trait;
use controller::{MessageRoutes, RouteNow};
use domain::{Charge, PhoneNumber, RouteName, SmsText, Timestamp};
use messaging::{IncomingReceipt, Receipts, Standing};
use portal::{MessageGateways, MessagePlace, ReceiptAnswer, ReceiptTold};

/// The gateways of the courier in this process.
pub struct OfCourier {
    /// How the routes stand.
    pub standing: Standing,
    /// Where receipts are taken.
    pub receipts: Arc<Receipts>,
}

#[async_trait]
impl MessageGateways for OfCourier {
    fn take_messages(&self, now: Timestamp) -> bool {
        self.standing.takes_messages(now)
    }

    fn whatsapp(&self, now: Timestamp) -> Option<RouteName> {
        self.standing.whatsapp(now)
    }

    fn charge(
        &self,
        route: Option<&RouteName>,
        phone: &PhoneNumber,
        text: &SmsText,
        now: Timestamp,
    ) -> Option<Charge> {
        self.standing.tariff().charge(route, phone, text, now)
    }

    fn place(&self) -> Option<MessagePlace> {
        let place = self.standing.place()?;
        let claim = place.claim();
        Some(MessagePlace { claim, hand_over: Box::new(|message| place.hand_over(message)) })
    }

    async fn take_receipt(&self, receipt: &ReceiptTold<'_>) -> ReceiptAnswer {
        let ReceiptTold { end, query, headers, body } = *receipt;
        match self.receipts.take(&IncomingReceipt { end, query, headers, body }).await {
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

/// The routes of the courier in this process.
pub struct RoutesOfCourier(pub Standing);

impl MessageRoutes for RoutesOfCourier {
    fn list(&self) -> Vec<RouteNow> {
        let routes = self.0.of_routes().into_iter();
        routes
            .map(|(route, useless)| RouteNow {
                name: route.name,
                resting: route.resting,
                unknown_receipts: useless.unknown,
                bad_receipts: useless.forged + useless.unreadable,
            })
            .collect()
    }
}
