//! A visit: a device that its access point sent to the portal, to sign in.

use crate::{
    Counted, Language, MacAddress, NasName, PhoneError, Reference, SiteName, Timestamp,
    VoucherRefusal,
};

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
    /// When a number was typed last, or another message asked for that was refused; if it never came
    /// to that, when something was refused last.
    pub asked_at: Timestamp,
    /// Why nothing came of that.
    pub refused: Option<Refused>,
    /// All that was refused so far. The store counts it: of what is written it looks at `refused`.
    pub refusals: Option<Refusals>,
}

/// What was refused in a visit: of however many the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusals {
    /// How many.
    pub count: u32,
    /// The first.
    pub first: Refusal,
    /// The last, which may be the first.
    pub last: Refusal,
}

/// Something that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: Refused,
    /// When.
    pub at: Timestamp,
}

/// Why nothing came of what a visitor asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refused {
    /// There had been too much for the first message of a sign-in.
    First(Counted),
    /// There had been too much for another message, after some were sent.
    Another(Counted),
    /// No message came into question.
    Entry(EntryRefusal),
}

/// Why no message, or nothing for a voucher, came into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryRefusal {
    /// What was typed is no number that a message can go to.
    Number(PhoneError),
    /// The terms were not accepted.
    Terms,
    /// The site was closed.
    Closed,
    /// As many devices were online as the site takes.
    Full,
    /// Nothing showed that the device was at the site.
    Unseen,
    /// The device had come too long ago.
    Late,
    /// The device, or all together, sent too many forms.
    Forms,
    /// What was typed is no code of a voucher.
    VoucherFormat,
    /// The voucher gave nothing.
    Voucher(VoucherRefusal),
    /// Too many vouchers were tried.
    VoucherTries,
}

impl Refused {
    const ANOTHER: &str = "another/";
    /// With what the names of [`Refused::Entry`] begin in the store.
    pub const ENTRY: &str = "entry/";

    /// The name in the store.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::First(counted) => counted.as_str().to_owned(),
            Self::Another(counted) => format!("{}{}", Self::ANOTHER, counted.as_str()),
            Self::Entry(why) => format!("{}{}", Self::ENTRY, why.as_str()),
        }
    }

    /// What has that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(why) = name.strip_prefix(Self::ENTRY) {
            return EntryRefusal::from_name(why).map(Self::Entry);
        }
        match name.strip_prefix(Self::ANOTHER) {
            Some(counted) => Counted::from_name(counted).map(Self::Another),
            None => Counted::from_name(name).map(Self::First),
        }
    }
}

impl EntryRefusal {
    /// Every one.
    pub const ALL: [Self; 16] = [
        Self::Number(PhoneError::Empty),
        Self::Number(PhoneError::Letters),
        Self::Number(PhoneError::Format),
        Self::Number(PhoneError::Landline),
        Self::Number(PhoneError::CountryNotEnabled),
        Self::Terms,
        Self::Closed,
        Self::Full,
        Self::Unseen,
        Self::Late,
        Self::Forms,
        Self::VoucherFormat,
        Self::Voucher(VoucherRefusal::Unknown),
        Self::Voucher(VoucherRefusal::Over),
        Self::Voucher(VoucherRefusal::Full),
        Self::VoucherTries,
    ];

    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number(PhoneError::Empty) => "number-empty",
            Self::Number(PhoneError::Letters) => "number-letters",
            Self::Number(PhoneError::Format) => "number-format",
            Self::Number(PhoneError::Landline) => "number-landline",
            Self::Number(PhoneError::CountryNotEnabled) => "number-country",
            Self::Terms => "terms",
            Self::Closed => "closed",
            Self::Full => "full",
            Self::Unseen => "unseen",
            Self::Late => "late",
            Self::Forms => "forms",
            Self::VoucherFormat => "voucher-format",
            Self::Voucher(VoucherRefusal::Unknown) => "voucher-unknown",
            Self::Voucher(VoucherRefusal::Over) => "voucher-over",
            Self::Voucher(VoucherRefusal::Full) => "voucher-full",
            Self::VoucherTries => "voucher-tries",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_something_was_refused_is_found_by_its_name() {
        let unsent =
            Counted::ALL.into_iter().flat_map(|of| [Refused::First(of), Refused::Another(of)]);
        let all: Vec<_> = unsent.chain(EntryRefusal::ALL.into_iter().map(Refused::Entry)).collect();
        for refused in &all {
            assert_eq!(Refused::from_name(&refused.name()), Some(*refused));
        }
        assert_eq!(all.len(), 40);
        for unknown in ["another/", "entry/", "entry/money", "terms"] {
            assert_eq!(Refused::from_name(unknown), None, "{unknown}");
        }
        assert_eq!(Refused::First(Counted::Money).name(), "money", "as it was written before");
    }
}
