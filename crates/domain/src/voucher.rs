//! Vouchers: codes on paper that let devices online where no message can, or shall, be sent.
//!
//! Vouchers are made in batches, for one site. One admits so many devices, which share its account,
//! until its batch is over or its own time from its first use. The store makes places and use
//! atomic; the rules are decided here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::{BatchName, Plan, PlanName, SiteName, Timestamp, readable, text};

const LENGTH: usize = 10;
const GROUP: usize = 5;

/// The name of one voucher: its batch and its number in it, which are printed on it and no secret;
/// written `fair/17`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoucherId {
    /// The batch.
    pub batch: BatchName,
    /// The number, from 1.
    pub serial: u32,
}

/// Why a text is no [`VoucherId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a voucher is named by its batch and its number, such as fair/17")]
pub struct VoucherIdError;

impl FromStr for VoucherId {
    type Err = VoucherIdError;

    fn from_str(text: &str) -> Result<Self, VoucherIdError> {
        let (batch, serial) = text.split_once('/').ok_or(VoucherIdError)?;
        let batch = batch.parse().map_err(|_| VoucherIdError)?;
        let is_number = !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_digit());
        let serial = serial.parse().ok().filter(|serial| is_number && *serial > 0);
        Ok(Self { batch, serial: serial.ok_or(VoucherIdError)? })
    }
}

impl fmt::Display for VoucherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.batch, self.serial)
    }
}

impl fmt::Debug for VoucherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for VoucherId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VoucherId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

/// The code on a voucher: ten letters and digits, 49 bits; a secret, never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherCode(Zeroizing<[u8; LENGTH]>);

/// Why a text is no [`VoucherCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a voucher has ten letters and digits, such as K7M2Q-XF4TN; there is no 0, 1, I, O or Z in it"
)]
pub struct VoucherCodeError;

impl VoucherCode {
    /// Draws a code, each as likely as any other, from fresh random octets; those that would favour
    /// some are drawn again.
    #[must_use]
    pub fn draw(entropy: impl FnMut() -> u8) -> Self {
        Self(Zeroizing::new(readable::draw(entropy)))
    }

    /// The ten characters, for the keyed hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        text::ascii(&self.0[..])
    }

    /// The code as it is printed, in two groups.
    #[must_use]
    pub fn printed(&self) -> String {
        let (first, second) = self.expose().split_at(GROUP);
        format!("{first}-{second}")
    }
}

/// Reads what somebody typed: small letters, digits of all kinds, spaces and dashes.
impl FromStr for VoucherCode {
    type Err = VoucherCodeError;

    fn from_str(text: &str) -> Result<Self, VoucherCodeError> {
        readable::read(text).map(|code| Self(Zeroizing::new(code))).ok_or(VoucherCodeError)
    }
}

impl fmt::Debug for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoucherCode(…)")
    }
}

/// Vouchers that were made together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherBatch {
    /// Its name.
    pub name: BatchName,
    /// Where its codes are taken; who is in stays in at every site.
    pub site: SiteName,
    /// The limits of each voucher.
    pub plan: PlanName,
    /// How many devices one voucher admits.
    pub devices: u32,
    /// When all of them are over.
    pub until: Timestamp,
    /// For how long one is good from its first use, if it is over before the batch.
    pub lasts: Option<Duration>,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// Why.
    pub reason: String,
    /// When and why all of it was revoked.
    pub revoked: Option<Revocation>,
}

/// That something was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// One voucher of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Its number in the batch, from 1.
    pub serial: u32,
    /// How many devices it has admitted.
    pub devices: u32,
    /// When it admitted the first.
    pub first_used_at: Option<Timestamp>,
    /// When and why it was revoked by itself.
    pub revoked: Option<Revocation>,
}

/// Why a voucher admits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoucherRefusal {
    /// There is no such code here: none at all, one of another site, or a revoked one.
    Unknown,
    /// Its time is over.
    Over,
    /// It has admitted as many devices as it may.
    Full,
}

impl VoucherBatch {
    /// When a voucher is over that was first used then.
    #[must_use]
    pub fn ends_at(&self, first_used_at: Timestamp) -> Timestamp {
        let own = self.lasts.map(|lasts| first_used_at + lasts);
        own.map_or(self.until, |own| own.min(self.until))
    }

    /// When a voucher is over that is used at `now` at `site`, by its first device or by another.
    ///
    /// # Errors
    /// Why it cannot be used. Whether there is a place left is not looked at.
    pub fn admit(
        &self,
        voucher: &Voucher,
        site: &SiteName,
        now: Timestamp,
    ) -> Result<Timestamp, VoucherRefusal> {
        if self.site != *site || self.revoked.is_some() || voucher.revoked.is_some() {
            return Err(VoucherRefusal::Unknown);
        }
        let ends_at = self.ends_at(voucher.first_used_at.unwrap_or(now));
        if now < ends_at { Ok(ends_at) } else { Err(VoucherRefusal::Over) }
    }
}

/// Until when a device is let in without the code, by a voucher that is over at `ends_at`.
#[must_use]
pub fn voucher_grant_until(ends_at: Timestamp, plan: &Plan, now: Timestamp) -> Timestamp {
    ends_at.min(now + plan.remembered_for)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    fn batch(lasts: Option<u64>) -> VoucherBatch {
        VoucherBatch {
            name: "fair".parse().unwrap(),
            site: "park".parse().unwrap(),
            plan: "visitor".parse().unwrap(),
            devices: 2,
            until: at(1_000),
            lasts: lasts.map(Duration::from_secs),
            made_at: T0,
            made_by: "uid 0 (root)".into(),
            reason: "the fair".into(),
            revoked: None,
        }
    }

    fn voucher(first_used: Option<u64>) -> Voucher {
        Voucher { serial: 17, devices: 0, first_used_at: first_used.map(at), revoked: None }
    }

    #[test]
    fn digits_of_all_kinds_and_lower_case_are_read() {
        let code: VoucherCode = "K7M2Q-XF4TN".parse().unwrap();
        for typed in ["k7m2qxf4tn", " K7M2Q XF4TN ", "k٧m٢q-xf٤tn", "K۷M۲Q–XF۴TN", "K７M2QXF4TN"]
        {
            assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
        }
        for typed in ["", "K7M2QXF4T", "K7M2QXF4TNN", "K7M2QXF4T0", "K7M2QXF4TO", "ك7M2QXF4TN"] {
            assert_eq!(typed.parse::<VoucherCode>(), Err(VoucherCodeError), "{typed}");
        }
    }

    #[test]
    fn a_code_is_drawn_without_favour_printed_in_two_groups_and_never_shown_by_accident() {
        let mut octets = [255, 248, 0, 1, 2, 3, 30, 31, 32, 33, 34, 247].into_iter();
        let code = VoucherCode::draw(|| octets.next().expect("ten of them are fair"));
        assert_eq!(code.printed(), "2345Y-2345Y");
        assert_eq!(code.printed().parse(), Ok(code.clone()));
        assert!(!format!("{code:?}").contains("2345"));
    }

    #[test]
    fn a_voucher_is_named_by_batch_and_number() {
        let id: VoucherId = "fair-2026/17".parse().unwrap();
        assert_eq!(
            (id.batch.as_str(), id.serial, id.to_string().as_str()),
            ("fair-2026", 17, "fair-2026/17")
        );
        for text in ["fair", "fair/", "fair/0", "fair/+1", "Fair/1", "fair/1/2", "fair/99999999999"]
        {
            assert_eq!(text.parse::<VoucherId>(), Err(VoucherIdError), "{text}");
        }
    }

    #[test]
    fn a_voucher_is_good_at_its_site_until_its_time_is_over() {
        let park: SiteName = "park".parse().unwrap();
        for (lasts, first_used, now, expected) in [
            (None, None, 0, Ok(1_000)),
            (None, Some(0), 999, Ok(1_000)),
            (None, None, 1_000, Err(VoucherRefusal::Over)),
            (Some(100), None, 500, Ok(600)),
            (Some(100), Some(450), 549, Ok(550)),
            (Some(100), Some(450), 550, Err(VoucherRefusal::Over)),
            (Some(100), None, 950, Ok(1_000)),
        ] {
            let admitted = batch(lasts).admit(&voucher(first_used), &park, at(now));
            assert_eq!(
                admitted,
                expected.map(at),
                "{lasts:?}, first used {first_used:?}, at {now}"
            );
        }
        let elsewhere = batch(None).admit(&voucher(None), &"mall".parse().unwrap(), T0);
        assert_eq!(elsewhere, Err(VoucherRefusal::Unknown));
        let revoked = Some(Revocation { at: T0, why: "lost".into() });
        let of_batch = VoucherBatch { revoked: revoked.clone(), ..batch(None) };
        assert_eq!(of_batch.admit(&voucher(None), &park, T0), Err(VoucherRefusal::Unknown));
        let own = Voucher { revoked, ..voucher(None) };
        assert_eq!(batch(None).admit(&own, &park, T0), Err(VoucherRefusal::Unknown));
    }

    #[test]
    fn a_device_is_remembered_no_longer_than_its_plan_says() {
        let plan = Plan {
            remembered_for: Duration::from_secs(300),
            ..Plan::visitor("visitor".parse().unwrap())
        };
        assert_eq!(voucher_grant_until(at(1_000), &plan, at(100)), at(400));
        assert_eq!(voucher_grant_until(at(1_000), &plan, at(900)), at(1_000));
    }
}
