//! Sites: the places where visitors are, each with its own day and face.

mod garden;
mod help;
mod hours;
mod limits;
mod look;
mod notice;
mod office;
mod texts;
mod web_address;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::garden::{GardenHost, GardenHostError};
pub use self::help::{DialNumber, DialNumberError, HelpNumbers};
pub use self::hours::{Doors, HoursError, OpeningHours, Span};
pub use self::limits::{SiteLimit, SiteLimitError, SiteLimits};
pub use self::look::{Colour, ColourError, Colours, Logo, LogoError, Look};
pub use self::notice::{Notice, NoticeError};
pub use self::office::{OfficeNeed, OfficePath, OfficePathError, OfficeState, SignIns};
pub use self::texts::{SiteTexts, TextError, TextKey, is_showable};
pub use self::web_address::{WebAddress, WebAddressError};
use crate::phone::Country;
use crate::{
    Day, Language, Localised, PlanName, RatePair, SiteName, Timestamp, TimestampError, text,
};

/// A place with visitors: a walkway, a park, a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The admin's name for the site.
    pub name: SiteName,
    /// What visitors read.
    pub title: Localised,
    /// Where the site's day begins and ends.
    pub zone: Zone,
    /// What visitors of the site may use.
    pub plan: PlanName,
    /// Countries whose mobile numbers may sign in here.
    pub countries: Vec<Country>,
    /// The page about the place that phones offer; the portal's own without one.
    #[serde(default)]
    pub venue: Option<WebAddress>,
    /// Where its visitors find help.
    #[serde(default)]
    pub help: HelpNumbers,
    /// Whether the service is on trial here, as every page says then.
    #[serde(default)]
    pub trial: bool,
    /// Whether many are expected at once, so that more messages may be sent.
    #[serde(default)]
    pub event: bool,
    /// What every visitor must know at the moment.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// How its pages look.
    #[serde(default)]
    pub look: Look,
    /// What its pages say in words of their own.
    #[serde(default)]
    pub texts: SiteTexts,
    /// When it lets visitors online.
    #[serde(default)]
    pub hours: OpeningHours,
    /// Languages of its pages, its own first; without one, every language that there is.
    #[serde(default)]
    pub languages: Vec<Language>,
    /// How many devices may be online before the next visitor has to wait; `None` is no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Hosts that its visitors may reach before they sign in, besides the portal.
    #[serde(default)]
    pub garden: Vec<GardenHost>,
    /// What bounds its messages, where it is not what holds for all sites.
    #[serde(default)]
    pub limits: SiteLimits,
    /// The office that comes to the path of its visitors when its own fails.
    #[serde(default)]
    pub office: Option<OfficePath>,
    /// The speed of a device while that office is there, where access points break out by themselves
    /// over the same radio; without one, only the routers at both ends of the path make room.
    #[serde(default)]
    pub office_speed: Option<RatePair>,
    /// How it is with that office, as the controller heard; no admin sets it.
    #[serde(default)]
    pub office_state: OfficeState,
}

impl Site {
    /// For so long a place is kept for who has just signed in, and began while there was one.
    pub const PLACE_KEPT: Duration = Duration::from_secs(120);

    /// A site of which nothing more is said: in Riyadh's time, for Saudi numbers, titled by its
    /// name.
    #[must_use]
    pub fn new(name: SiteName, plan: PlanName) -> Self {
        Self {
            title: Localised::default().with(Language::english(), name.as_str()),
            name,
            zone: Zone::riyadh(),
            plan,
            countries: vec![Country::SaudiArabia],
            venue: None,
            help: HelpNumbers::default(),
            trial: false,
            event: false,
            notice: None,
            look: Look::default(),
            texts: SiteTexts::default(),
            hours: OpeningHours::default(),
            languages: Vec::new(),
            capacity: None,
            garden: Vec::new(),
            limits: SiteLimits::default(),
            office: None,
            office_speed: None,
            office_state: OfficeState::default(),
        }
    }

    /// Whether a site of that capacity takes nobody else while so many are online there.
    #[must_use]
    pub fn is_full(capacity: Option<u32>, online: u32) -> bool {
        capacity.is_some_and(|capacity| online >= capacity)
    }

    /// What its office needs of its visitors' path at `now`, if it is there.
    #[must_use]
    pub fn office_need(&self, now: Timestamp) -> Option<OfficeNeed> {
        self.office.as_ref().and_then(|_| self.office_state.at(now))
    }

    /// The most that a device may have at `now` because the office is there.
    #[must_use]
    pub fn most_beside_office(&self, now: Timestamp) -> Option<RatePair> {
        let (most, until) = self.beside_office()?;
        (now < until).then_some(most)
    }

    /// The same, and until when it holds should nobody say so again.
    #[must_use]
    pub fn beside_office(&self) -> Option<(RatePair, Timestamp)> {
        let need = self.office.as_ref().and(self.office_state.need)?;
        Some((self.office_speed?, need.until))
    }

    /// Whether it is open at `now`.
    #[must_use]
    pub fn doors(&self, now: Timestamp) -> Doors {
        self.hours.doors(&self.zone, now)
    }
}

/// A time zone by its IANA name.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Why a text is no [`Zone`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known time zone; write it like Asia/Riyadh")]
pub struct ZoneError(String);

impl Zone {
    /// The zone of Saudi Arabia, the default.
    #[must_use]
    pub fn riyadh() -> Self {
        Self(TimeZone::get("Asia/Riyadh").expect("the zone database is compiled in"))
    }

    /// The calendar day at `time`.
    #[must_use]
    pub fn day_of(&self, time: Timestamp) -> Day {
        let date = self.civil(time).date();
        let days = date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
        Day::from_epoch_days(i32::try_from(days).expect("a calendar date is within i32 days"))
    }

    /// The first day of the month at `time`.
    #[must_use]
    pub fn first_of_month(&self, time: Timestamp) -> Day {
        let past = self.civil(time).date().day() - 1;
        Day::from_epoch_days(self.day_of(time).epoch_days() - i32::from(past))
    }

    /// The moment at which the day after the one of `time` begins.
    #[must_use]
    pub fn next_day_start(&self, time: Timestamp) -> Timestamp {
        let next = self.civil(time).date().tomorrow().unwrap_or(Date::MAX);
        next.to_zoned_datetime(self.0.clone())
            .map_or(time, |zoned| Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    /// The day so many days after the one of `time`.
    fn date_near(&self, time: Timestamp, days: i32) -> Date {
        self.civil(time).date().saturating_add(jiff::Span::new().days(days))
    }

    /// The moment so many minutes of the wall clock after a day's beginning; where clocks are put
    /// forward over it, so much later.
    fn moment(&self, date: Date, minutes: u16) -> Timestamp {
        let time = date.at(0, 0, 0, 0).saturating_add(jiff::Span::new().minutes(minutes));
        let moment = self.0.to_timestamp(time);
        moment.map_or(Timestamp::from_millis(i64::MAX), |moment| {
            Timestamp::from_millis(moment.as_millisecond())
        })
    }

    /// Universal time, for what has no place.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The hour and minute that a clock on the site's wall shows at `time`.
    #[must_use]
    pub fn wall_clock(&self, time: Timestamp) -> (i8, i8) {
        let civil = self.civil(time);
        (civil.hour(), civil.minute())
    }

    /// Date and time to the millisecond as the site's clocks show them, such as
    /// `2026-11-26 00:00:00.000`.
    #[must_use]
    pub fn local(&self, time: Timestamp) -> String {
        self.civil(time).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
    }

    /// The moment of a date and time as databases write them, such as `2026-11-24 07:10:10`: of this
    /// zone, unless an offset follows (`2026-11-24 04:10:10+00`).
    ///
    /// # Errors
    /// [`TimestampError`] for anything else.
    pub fn read(&self, text: &str) -> Result<Timestamp, TimestampError> {
        let text = text.trim();
        let moment = |time: jiff::Timestamp| Timestamp::from_millis(time.as_millisecond());
        let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
        if let Some(at) = time.find(['+', '-', 'Z']) {
            let (clock, offset) = time.split_at(at);
            let minutes = if matches!(offset.len(), 3) { ":00" } else { "" };
            let whole = format!("{date}T{clock}{offset}{minutes}");
            return whole.parse().map(moment).map_err(|_| TimestampError);
        }
        let civil: jiff::civil::DateTime =
            format!("{date}T{time}").parse().map_err(|_| TimestampError)?;
        self.0.to_timestamp(civil).map(moment).map_err(|_| TimestampError)
    }

    /// Date and time in this zone as databases write them, to the second.
    #[must_use]
    pub fn write(&self, time: Timestamp) -> String {
        self.civil(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// How far clocks of this zone are ahead of UTC at `time`, such as `+03:00`.
    #[must_use]
    pub fn offset(&self, time: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default();
        let minutes = self.0.to_offset(moment).seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }

    fn civil(&self, time: Timestamp) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or(
            if time.as_millis() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX },
        );
        self.0.to_datetime(instant)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        TimeZone::get(text).map(Self).map_err(|_| ZoneError(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_sites_own_midnight() {
        let zone = Zone::riyadh();
        // 2026-11-24T20:59:59Z is 23:59:59 in Riyadh, which has no summer time.
        let before = Timestamp::from_secs(1_795_553_999);
        let after = Timestamp::from_secs(1_795_554_000);
        assert_eq!(zone.day_of(before).epoch_days() + 1, zone.day_of(after).epoch_days());
        assert_eq!(zone.next_day_start(before), after);
        assert_eq!(zone.wall_clock(after), (0, 0));
        assert_eq!(zone.local(after), "2026-11-25 00:00:00.000");
    }

    #[test]
    fn a_day_with_a_clock_change_is_as_long_as_it_is() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        // 2026-03-29 has 23 hours there; it begins at 2026-03-28T23:00:00Z.
        let start = Timestamp::from_secs(1_774_738_800);
        assert_eq!(zone.next_day_start(start).since(start).as_secs(), 23 * 3_600);
    }

    #[test]
    fn a_date_of_a_database_is_of_the_zone_unless_it_says_otherwise() {
        let moment = Timestamp::from_secs(1_795_579_810);
        for text in [
            "2026-11-25 07:10:10",
            "2026-11-25T07:10:10",
            " 2026-11-25 07:10:10.000000 ",
            "2026-11-25 04:10:10+00",
            "2026-11-25 04:10:10+00:00",
            "2026-11-25T04:10:10Z",
            "2026-11-25 01:10:10-03",
        ] {
            assert_eq!(Zone::riyadh().read(text), Ok(moment), "{text}");
        }
        assert_eq!(Zone::riyadh().write(moment), "2026-11-25 07:10:10");
        let midnight = Zone::riyadh().read("2026-11-25").unwrap();
        assert_eq!(Zone::riyadh().write(midnight), "2026-11-25 00:00:00");
        for text in ["", "0000-00-00 00:00:00", "2026-13-01 00:00:00", "yesterday", "1 2+3", "-"] {
            assert!(Zone::riyadh().read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_is_refused_by_name() {
        assert!("Asia/Alhasa".parse::<Zone>().unwrap_err().to_string().contains("Asia/Alhasa"));
    }
}
