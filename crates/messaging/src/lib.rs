//! Messages to telephones: transports, and the courier that empties the outbox.
//!
//! What is said, to whom and how often is decided elsewhere and written into the
//! store's outbox; here it is only carried. No text and no whole number is logged.

mod console;
mod courier;
mod error;
#[cfg(test)]
mod fake_gateway;
mod health;
mod http;
mod notices;
mod places;
mod receipts;
mod routes;
mod settings;
mod transport;

pub use console::ConsoleTransport;
pub use courier::{Courier, Standing};
pub use error::MessagingError;
pub use http::{
    AnswerRules, BasicAuth, Cleartext, Encoding, FieldRule, HttpSettings, HttpTransport, Method,
    SecretSource,
};
pub use http::{IncomingReceipt, ReceiptRules, SignatureKind, SignatureRules};
pub use notices::Notices;
pub use places::Place;
pub use receipts::{ReceiptAnswer, Receipts, UselessReceipts};
pub use routes::RouteStanding;
pub use settings::{Channel, MessagingSettings, MoneySettings, RouteSettings, TransportKind};
pub use transport::{Accepted, Letter, SendError, Transport};
