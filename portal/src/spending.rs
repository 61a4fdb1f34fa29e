//! What messages cost today, and that they stop once the day's money is spent.
//!
//! What was sent is counted by the store, over all processes; nothing is added up in a row that every
//! sign-in would wait for. A process looks every other second, and adds what it sent itself since.

use std::time::{Duration, Instant};

use domain::{Country, Money, Spending, Timestamp, Zone};
use store::{Store, StoreError};
use tokio::sync::Mutex;

/// For how long a count is taken as it is.
const FRESH: Duration = Duration::from_secs(2);
/// Of how much of the day's money an alarm tells.
const ALARMS: [u64; 3] = [50, 80, 100];

/// Keeps an eye on the day's money.
pub(crate) struct Purse {
    spending: Spending,
    /// Days begin where the city is.
    zone: Zone,
    today: Mutex<Today>,
}

/// What is known of today.
#[derive(Default)]
struct Today {
    since: Timestamp,
    counted_at: Option<Instant>,
    counted: Money,
    /// What this process sent since.
    own: Money,
    /// The last alarm.
    told: u64,
}

impl Purse {
    pub(crate) fn new(spending: Spending) -> Self {
        Self { spending, zone: Zone::riyadh(), today: Mutex::default() }
    }

    /// Whether the day's money is spent.
    pub(crate) async fn is_empty(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(per_day) = self.spending.per_day else { return Ok(false) };
        let mut today = self.today.lock().await;
        let since = self.zone.day_start(now);
        if today.since != since {
            *today = Today { since, ..Today::default() };
        }
        if today.counted_at.is_none_or(|at| at.elapsed() >= FRESH) {
            today.counted = self.spending.cost(&store.count_sends(since).await?);
            (today.own, today.counted_at) = (Money::default(), Some(Instant::now()));
        }
        let spent = today.counted.plus(today.own);
        let percent = spent.percent_of(per_day);
        let alarm = ALARMS.into_iter().rev().find(|alarm| percent >= *alarm).unwrap_or(0);
        if alarm > today.told {
            today.told = alarm;
            tell(alarm, spent, per_day);
        }
        Ok(spent >= per_day)
    }

    /// Counts a message that was sent just now.
    pub(crate) async fn take(&self, country: Option<Country>) {
        let price = self.spending.price_of(country.unwrap_or(Country::SaudiArabia));
        let mut today = self.today.lock().await;
        today.own = today.own.plus(price);
    }
}

fn tell(percent: u64, spent: Money, per_day: Money) {
    let (spent, per_day) = (tracing::field::display(spent), tracing::field::display(per_day));
    if percent >= 100 {
        tracing::error!(
            spending.percent = percent, spending.spent = spent, spending.per_day = per_day,
            "the day's money for messages is spent: no codes are sent until tomorrow"
        );
    } else {
        tracing::warn!(
            spending.percent = percent, spending.spent = spent, spending.per_day = per_day,
            "much of the day's money for messages is spent"
        );
    }
}
