//! A visit: a device that its access point sent to the portal, to sign in.

use crate::{Language, MacAddress, NasName, Reference, SiteName, Timestamp, Unsent};

/// What is kept of a visit, so that the help desk can find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRecord {
    /// Its name.
    pub reference: Reference,
    /// At which site.
    pub site: SiteName,
    /// At which access point.
    pub nas: NasName,
    /// Which device.
    pub device: MacAddress,
    /// The language of the pages.
    pub language: Language,
    /// When the access point sent it.
    pub arrived_at: Timestamp,
    /// When a number was typed last, or another message asked for that was refused.
    pub asked_at: Timestamp,
    /// Of what there had been too much then, so that nothing was sent.
    pub refused: Option<Unsent>,
}
