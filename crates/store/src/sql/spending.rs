//! Money: one row a day, which every message that costs something changes before it is written down. So
//! what is spent is exact over all processes.

use async_trait::async_trait;
use domain::{
    Charge, Day, MessageId, Money, SpendingLimits, SpendingPeriod, Timestamp, VisitRecord,
    spending_alarm,
};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, amount_column, id_column};
use super::script::Script;
use super::together::Looking;
use super::visits;
use crate::{Spending, SpendingPart, SpendingSpan, SpendingTold, Spent, StoreError};

/// Spends $2 for $3 parts of $7 messages on day $1, unless that passes a limit: those of $4 a day and $5 a month that
/// begins with day $6, or those that were set. What the other days of the month spent does not
/// change any more.
const SPEND: &str = "INSERT INTO spending (day, spent, messages, segments, refused, stopped, raised, most) \
     SELECT $1, $2, $7, $3, 0, 0, 0, limits.most FROM ( \
         SELECT CASE WHEN by_day < by_month THEN by_day ELSE by_month END AS most FROM ( \
             SELECT COALESCE((SELECT most FROM spending_limits WHERE span = 'day'), $4) AS by_day, \
             COALESCE((SELECT most FROM spending_limits WHERE span = 'month'), $5) \
             + COALESCE((SELECT CAST(SUM(raised - spent) AS BIGINT) FROM spending \
                         WHERE day >= $6 AND day < $1), 0) AS by_month) AS spans) AS limits \
     WHERE $2 <= limits.most + COALESCE((SELECT raised FROM spending WHERE day = $1), 0) \
     ON CONFLICT (day) DO UPDATE SET spent = spending.spent + excluded.spent, \
     messages = spending.messages + excluded.messages, \
     segments = spending.segments + excluded.segments, \
     most = excluded.most WHERE spending.spent + excluded.spent <= excluded.most + spending.raised \
     RETURNING spent, most + raised AS allowed";

/// Writes down that a message was refused on day $1, within $2.
const REFUSE: &str = "INSERT INTO spending (day, spent, messages, segments, refused, stopped, raised, most) \
     VALUES ($1, 0, 0, 0, 1, 1, 0, $2) ON CONFLICT (day) DO UPDATE SET \
     refused = spending.refused + 1, stopped = spending.stopped + 1 RETURNING spent, stopped";

/// Gives back $1 for $2 parts of one message on day $3.
const GIVE_BACK: &str = "UPDATE spending SET spent = spent - $1, segments = segments - $2, \
     messages = messages - 1 WHERE day = $3";

/// What a charge comes to.
pub(super) enum Charged {
    /// It is paid, or costs nothing.
    Paid,
    /// Nothing is left.
    Spent,
}

impl SqlStore {
    /// Charges a message within its transaction: the last thing that this does, since all others
    /// that cost something wait for its end.
    pub(super) async fn charge(
        &self,
        transaction: &mut AnyConnection,
        charge: Option<Charge>,
    ) -> Result<Charged, StoreError> {
        let Some(charge) = charge else { return Ok(Charged::Paid) };
        let mut script = self.script();
        spend(&mut script, charge, 1);
        let found = script.fetch(transaction).await?;
        charged(found.iter().flatten().next(), charge)
    }

    /// Makes a change of these statements if it can be paid for, and none otherwise. What a mute one pays
    /// is given back, for nobody is sent it: it has to be paid all the same, as one that is sent would.
    pub(super) async fn commit_charged(
        &self,
        looking: Looking,
        mut script: Script,
        (charge, mute): (Option<Charge>, bool),
    ) -> Result<Charged, StoreError> {
        let Some(charge) = charge else {
            self.commit_with(looking, script).await?;
            return Ok(Charged::Paid);
        };
        if let Some(till) = &self.till {
            // Neither waits for the other. What cannot be written is given back, and what cannot be paid
            // for is not committed.
            let (receipt, written) = tokio::join!(till.pay(charge), looking.begin_with(script));
            let (Some(receipt), (change, _)) = (receipt?, written?) else {
                return Ok(Charged::Spent);
            };
            // Of a commit that fails nobody knows whether it was made.
            if !mute {
                receipt.keep();
            }
            self.commit(change).await?;
            return Ok(Charged::Paid);
        }
        spend(&mut script, charge, 1);
        if mute {
            give_back(&mut script, charge);
        }
        let (change, found) = looking.begin_with(script).await?;
        let behind = usize::from(mute);
        let paid = found.iter().rev().nth(behind).and_then(|rows| rows.first());
        let charged = charged(paid, charge)?;
        if let Charged::Paid = charged {
            self.commit(change).await?;
        }
        Ok(charged)
    }

    /// Writes down that nothing was left for a message, with the visit that says so; the
    /// first time it is told to everybody.
    pub(super) async fn note_spent(
        &self,
        charge: Option<Charge>,
        visit: Option<&VisitRecord>,
    ) -> Result<(), StoreError> {
        let Some(Charge { period, limits, .. }) = charge else { return Ok(()) };
        let mut script = self.script();
        if let Some(visit) = visit {
            visits::record(&mut script, visit);
        }
        // The last thing here, too.
        script.add(REFUSE).bind(day_column(period.day)).bind(money_column(limits.per_day));
        let found = self.look().await?.commit_with(script).await?;
        let Some(row) = found.last().and_then(|rows| rows.first()) else { return Ok(()) };
        let columns = Columns(row);
        if columns.integer("stopped")? == 1 {
            let spent = money(&columns, "spent")?;
            tracing::error!(
                spending.percent = 100, spending.spent = %spent,
                "the money for messages is spent: none is sent until tomorrow, or until more is allowed"
            );
        }
        Ok(())
    }
}

/// One statement, which finds a row if it is paid: a charge for so many messages.
pub(super) fn spend(script: &mut Script, charge: Charge, messages: u32) {
    let Charge { cost, segments, period, limits } = charge;
    script.pause();
    script
        .add(SPEND)
        .bind(day_column(period.day))
        .bind(money_column(cost))
        .bind(i64::from(segments))
        .bind(money_column(limits.per_day))
        .bind(money_column(limits.per_month.unwrap_or(Money::MAX)))
        .bind(day_column(period.month))
        .bind(i64::from(messages));
}

/// One statement: a charge was for nothing.
pub(super) fn give_back(script: &mut Script, charge: Charge) {
    let (cost, segments, paid_on) = cost_columns(Some(charge));
    script.add(GIVE_BACK).bind(cost).bind(segments).bind(paid_on);
}

/// What the row says that [`spend`] found.
pub(super) fn charged(row: Option<&AnyRow>, charge: Charge) -> Result<Charged, StoreError> {
    let Some(row) = row else { return Ok(Charged::Spent) };
    let columns = Columns(row);
    let (spent, allowed) = (money(&columns, "spent")?, money(&columns, "allowed")?);
    if let Some(percent) = spending_alarm(spent.less(charge.cost), spent, allowed) {
        tracing::warn!(
            spending.percent = percent, spending.spent = %spent, spending.allowed = %allowed,
            "much of the money for messages is spent"
        );
    }
    Ok(Charged::Paid)
}

#[async_trait]
impl Spending for SqlStore {
    async fn find_spending(&self, period: SpendingPeriod) -> Result<SpendingTold, StoreError> {
        let sum = |column: &str, day: &str| {
            format!("CAST(COALESCE(SUM(CASE WHEN {day} THEN {column} ELSE 0 END), 0) AS BIGINT)")
        };
        let (today, month) = ("day = $1", "day >= $2");
        let mut columns = Vec::new();
        for (name, which) in [("day", today), ("month", month)] {
            for column in ["spent", "messages", "segments", "refused"] {
                columns.push(format!("{} AS {name}_{column}", sum(column, which)));
            }
        }
        for column in ["raised", "stopped"] {
            columns.push(format!("{} AS {column}", sum(column, today)));
        }
        let statement = format!(
            "SELECT {}, (SELECT most FROM spending_limits WHERE span = 'day') AS day_most, \
             (SELECT most FROM spending_limits WHERE span = 'month') AS month_most \
             FROM spending WHERE day >= $2 AND day <= $1",
            columns.join(", ")
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(day_column(period.day))
            .bind(day_column(period.month))
            .fetch_one(&self.reader)
            .await?;
        let columns = Columns(&row);
        let set = |name| -> Result<Option<Money>, StoreError> {
            let most = columns.optional_integer(name)?;
            most.map(|most| from_column(most, name)).transpose()
        };
        Ok(SpendingTold {
            day: spent(&columns, ["day_spent", "day_messages", "day_segments", "day_refused"])?,
            month: spent(
                &columns,
                ["month_spent", "month_messages", "month_segments", "month_refused"],
            )?,
            raised: money(&columns, "raised")?,
            set: (set("day_most")?, set("month_most")?),
            stopped: columns.count("stopped")?.into(),
        })
    }

    async fn list_spending_parts(&self, day: Day) -> Result<Vec<SpendingPart>, StoreError> {
        let statement = "SELECT COALESCE(challenges.site, '') AS site, COALESCE(country, '') AS country, \
             CAST(SUM(cost) AS BIGINT) AS spent, COUNT(*) AS messages, \
             COUNT(DISTINCT CASE WHEN challenges.state = 'verified' THEN challenges.id END) AS entered \
             FROM messages LEFT JOIN challenges ON challenges.id = messages.challenge \
             WHERE paid_on = $1 AND messages.id >= $2 GROUP BY COALESCE(challenges.site, ''), COALESCE(country, '') \
             ORDER BY spent DESC, site, country";
        // Ids begin with the time at which they were made, and no day of a city begins earlier.
        let earliest = Timestamp::from_secs((day_column(day) - 1) * 86_400);
        let rows = sqlx::query(statement)
            .bind(day_column(day))
            .bind(id_column(MessageId::new(earliest, [0; 10])))
            .fetch_all(&self.reader)
            .await?;
        let part = |columns: Columns<'_>| {
            let named = |name: &'static str| -> Result<Option<String>, StoreError> {
                Ok(Some(columns.text(name)?).filter(|text| !text.is_empty()))
            };
            let corrupt = |what| StoreError::Corrupt { what };
            let site = named("site")?.map(|site| site.parse().map_err(|_| corrupt("site")));
            let country =
                named("country")?.map(|code| code.parse().map_err(|_| corrupt("country")));
            Ok(SpendingPart {
                site: site.transpose()?,
                country: country.transpose()?,
                spent: money(&columns, "spent")?,
                messages: columns.count("messages")?.into(),
                entered: columns.count("entered")?.into(),
            })
        };
        rows.iter().map(|row| part(Columns(row))).collect()
    }

    async fn set_spending_limit(
        &self,
        span: SpendingSpan,
        most: Option<Money>,
        day: Day,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        match most {
            Some(most) => {
                sqlx::query(
                    "INSERT INTO spending_limits (span, most) VALUES ($1, $2) \
                     ON CONFLICT (span) DO UPDATE SET most = excluded.most",
                )
                .bind(span.as_str())
                .bind(money_column(most))
                .execute(&mut *transaction)
                .await?;
            }
            None => {
                sqlx::query("DELETE FROM spending_limits WHERE span = $1")
                    .bind(span.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        sqlx::query("UPDATE spending SET stopped = 0 WHERE day = $1")
            .bind(day_column(day))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    async fn raise_spending(
        &self,
        by: Money,
        period: SpendingPeriod,
        limits: SpendingLimits,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO spending (day, spent, messages, segments, refused, stopped, raised, most) \
             VALUES ($1, 0, 0, 0, 0, 0, $2, $3) ON CONFLICT (day) DO UPDATE SET \
             raised = spending.raised + excluded.raised, stopped = 0";
        let mut transaction = self.begin().await?;
        sqlx::query(statement)
            .bind(day_column(period.day))
            .bind(money_column(by))
            .bind(money_column(limits.per_day))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    async fn give_back(&self, message: MessageId) -> Result<(), StoreError> {
        let mut transaction = self.begin_together().await?;
        self.give_back_within(&mut transaction, message).await?;
        transaction.commit().await
    }

    async fn prune_spending(&self, before: Day) -> Result<u64, StoreError> {
        let statement = "DELETE FROM spending WHERE day < $1";
        self.destroy(self.begin().await?, statement, day_column(before)).await
    }
}

impl SqlStore {
    /// Gives back what a message was charged, unless that was done.
    pub(super) async fn give_back_within(
        &self,
        transaction: &mut AnyConnection,
        message: MessageId,
    ) -> Result<(), StoreError> {
        let statement = format!(
            "SELECT cost, segments, paid_on FROM messages WHERE id = $1 AND paid_on IS NOT NULL{}",
            self.dialect.for_update()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id_column(message))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(()) };
        let columns = Columns(&row);
        sqlx::query("UPDATE messages SET paid_on = NULL WHERE id = $1")
            .bind(id_column(message))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(GIVE_BACK)
            .bind(columns.integer("cost")?)
            .bind(columns.integer("segments")?)
            .bind(columns.integer("paid_on")?)
            .execute(&mut *transaction)
            .await?;
        Ok(())
    }
}

/// What a message cost, its parts, and on which day that counts, in its columns.
pub(super) fn cost_columns(charge: Option<Charge>) -> (i64, i64, Option<i64>) {
    let cost = charge.map_or(0, |charge| money_column(charge.cost));
    let segments = charge.map_or(0, |charge| charge.segments.into());
    (cost, segments, charge.map(|charge| day_column(charge.period.day)))
}

fn day_column(day: Day) -> i64 {
    day.epoch_days().into()
}

fn money_column(money: Money) -> i64 {
    amount_column(money.min(Money::MAX).as_ten_thousandths())
}

fn money(columns: &Columns<'_>, name: &'static str) -> Result<Money, StoreError> {
    from_column(columns.integer(name)?, name)
}

fn from_column(amount: i64, what: &'static str) -> Result<Money, StoreError> {
    let amount = u64::try_from(amount).map_err(|_| StoreError::Corrupt { what })?;
    Ok(Money::from_ten_thousandths(amount))
}

fn spent(columns: &Columns<'_>, names: [&'static str; 4]) -> Result<Spent, StoreError> {
    let [spent, messages, segments, refused] = names;
    Ok(Spent {
        spent: money(columns, spent)?,
        messages: columns.count(messages)?.into(),
        segments: columns.count(segments)?.into(),
        refused: columns.count(refused)?.into(),
    })
}
