//! The captive portal: from a phone that has just joined to one that is online.
//!
//! An access point redirects the browser to `/n/{portal_path}/`; the query is read once
//! (`nas`) and becomes a signed token in the page's own address (`context`). Each
//! request finds anew at which `stage` the device is, and answers with one page
//! (`screen`). What is remembered is in the store. The portal never speaks RADIUS.

mod app;
mod budget;
mod capport;
mod catalogue;
mod consent;
mod context;
mod conversion;
mod errands;
mod even;
mod failure;
mod first_page;
mod gateways;
mod grace;
mod guard;
mod hand_off;
mod held;
mod hidden;
mod journey;
mod message;
mod nas;
mod owner;
mod picture;
mod places;
mod portal;
mod presence;
mod probe;
mod random;
mod redirects;
mod refusals;
mod router;
mod screen;
mod sending;
mod server;
mod settings;
mod sheet;
mod stage;
mod strangers;
mod visit;
mod weighted;
mod wispr;
mod wording;

pub use budget::Budgets;
pub use gateways::{MessageGateways, MessagePlace, ReceiptAnswer, ReceiptTold};
pub use hidden::{Controllers, DecryptError};
pub use message::{MessageForm, Messages, TooLong};
pub use portal::{Portal, PortalError};
pub use server::{TlsError, TlsReport};
pub use settings::{
    GraceSettings, HelpSettings, LimitSettings, PortalSettings, SettingsError, TlsSettings,
};
pub use sheet::{SheetError, VoucherSheet};
