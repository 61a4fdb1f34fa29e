//! Visits, by the reference that a visitor knows.

use async_trait::async_trait;
use domain::{
    AccountId, Counted, EntryRefusal, MacAddress, Reference, Refusal, Refusals, Refused, Timestamp,
    VisitRecord,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::given::{Column, Given};
use super::pseudonyms::places;
use super::row::{Columns, id_column, mac_column};
use super::script::Script;
use crate::{StoreError, Visits};

const COLUMNS: &str = "reference, site, nas, device, language, arrived_at, asked_at, refused, refusals, \
                       first_refused, first_refused_at, last_refused, last_refused_at";

#[async_trait]
impl Visits for SqlStore {
    async fn find_visit(&self, reference: &Reference) -> Result<Option<VisitRecord>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM visits WHERE reference = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(reference.to_string())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(visit).transpose()
    }

    async fn note_refusal(&self, visit: &VisitRecord, why: EntryRefusal) -> Result<(), StoreError> {
        let mut script = self.script();
        let refused = Some(Refused::Entry(why));
        write(&mut script, &VisitRecord { refused, ..visit.clone() }, WHAT_WAS_REFUSED);
        self.change(script).await
    }

    async fn count_refused(&self, since: Timestamp) -> Result<Vec<(Counted, u64)>, StoreError> {
        let half = |half| {
            format!(
                "SELECT refused FROM visits WHERE asked_at >= $1 AND {half} \
                 AND refused IS NOT NULL AND NOT refused LIKE 'entry/%'"
            )
        };
        let statement = format!(
            "SELECT refused, COUNT(*) AS amount FROM ({} UNION ALL {}) AS refusals \
             GROUP BY refused ORDER BY refused",
            half(self.dialect.in_clear()),
            half(self.dialect.hashed())
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(since.as_millis());
        let rows = query.fetch_all(&self.reader).await?;
        let mut counted: Vec<(Counted, u64)> = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let amount = columns.count("amount")?;
            let (Refused::First(of) | Refused::Another(of)) = refused(&columns.text("refused")?)?
            else {
                continue;
            };
            match counted.iter_mut().find(|(known, _)| *known == of) {
                Some((_, so_far)) => *so_far += u64::from(amount),
                None => counted.push((of, amount.into())),
            }
        }
        counted.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
        Ok(counted)
    }

    async fn prune_visits(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let held = "SELECT devices.mac AS mac FROM legal_holds \
             JOIN devices ON devices.account = legal_holds.account WHERE released_at IS NULL";
        let held = self.devices_found(sqlx::query(held).fetch_all(&mut *transaction).await?)?;
        let but_held = match held.len() {
            0 => String::new(),
            many => format!(" AND device NOT IN ({})", places(2, many)),
        };
        let mut count = 0;
        for half in [self.dialect.in_clear(), self.dialect.hashed()] {
            let statement = format!("DELETE FROM visits WHERE asked_at < $1 AND {half}{but_held}");
            let mut query = sqlx::query(AssertSqlSafe(statement)).bind(before.as_millis());
            for device in &held {
                query = query.bind(device.clone());
            }
            count += query.execute(&mut *transaction).await?.rows_affected();
        }
        self.commit_counted(transaction, count).await?;
        Ok(count)
    }
}

impl SqlStore {
    /// The visits of an account's devices, also those that have only their pseudonyms.
    pub(super) async fn visits_of(
        &self,
        account: AccountId,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        let devices = sqlx::query("SELECT mac FROM devices WHERE account = $1")
            .bind(id_column(account))
            .fetch_all(&self.reader)
            .await?;
        let columns = vec![Column::octets(self.devices_found(devices)?.into_iter())];
        let given = Given { dialect: self.dialect, names: "wanted", columns };
        let statement =
            format!("SELECT {COLUMNS} FROM visits WHERE device IN (SELECT wanted FROM given)");
        let rows = self.read_given(&given, &statement).await?;
        let mut visits = rows.iter().map(visit).collect::<Result<Vec<_>, _>>()?;
        visits.sort_by_key(|visit| std::cmp::Reverse(visit.asked_at));
        Ok(visits)
    }

    /// Destroys the visits of devices, also those that have only their pseudonyms.
    pub(super) async fn forget_visits(
        &self,
        transaction: &mut AnyConnection,
        devices: &[MacAddress],
    ) -> Result<(), StoreError> {
        let devices = devices.iter().flat_map(|device| self.device_columns(*device));
        let columns = vec![Column::octets(devices)];
        let given = Given { dialect: self.dialect, names: "wanted", columns };
        let statement = "DELETE FROM visits WHERE device IN (SELECT wanted FROM given)";
        given.execute(transaction, statement).await
    }

    /// The columns as which the devices of such rows may be kept.
    fn devices_found(&self, rows: Vec<AnyRow>) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut columns = Vec::new();
        for row in &rows {
            columns.extend(self.device_columns(Columns(row).mac("mac")?));
        }
        Ok(columns)
    }
}

fn visit(row: &AnyRow) -> Result<VisitRecord, StoreError> {
    let columns = Columns(row);
    Ok(VisitRecord {
        reference: columns.parsed("reference")?,
        site: columns.parsed("site")?,
        nas: columns.parsed("nas")?,
        device: columns.mac("device")?,
        language: columns.parsed("language")?,
        arrived_at: columns.time("arrived_at")?,
        asked_at: columns.time("asked_at")?,
        refused: columns.optional_text("refused")?.map(|name| refused(&name)).transpose()?,
        refusals: refusals(&columns)?,
    })
}

fn refusals(columns: &Columns<'_>) -> Result<Option<Refusals>, StoreError> {
    let count = columns.count("refusals")?;
    if count == 0 {
        return Ok(None);
    }
    let refusal = |why: &str, at: &str| {
        Ok::<_, StoreError>(Refusal { why: refused(&columns.text(why)?)?, at: columns.time(at)? })
    };
    let first = refusal("first_refused", "first_refused_at")?;
    Ok(Some(Refusals { count, first, last: refusal("last_refused", "last_refused_at")? }))
}

fn refused(name: &str) -> Result<Refused, StoreError> {
    Refused::from_name(name).ok_or(StoreError::Corrupt { what: "refused" })
}

/// What of a visit becomes as it is written now.
const ALL_OF_IT: &str = "site = excluded.site, nas = excluded.nas, device = excluded.device, \
     language = excluded.language, arrived_at = excluded.arrived_at, asked_at = excluded.asked_at, \
     refused = excluded.refused";
/// The same where no message came into question: what was asked for a message stays, and with it
/// where the device was.
const WHAT_WAS_REFUSED: &str = "asked_at = \
     CASE WHEN visits.refused LIKE 'entry/%' THEN excluded.asked_at ELSE visits.asked_at END, \
     refused = CASE WHEN visits.refused LIKE 'entry/%' THEN excluded.refused ELSE visits.refused END";

/// Writes a visit as it is now. Of two that drew the same reference the later one has it.
pub(super) fn record(script: &mut Script, visit: &VisitRecord) {
    write(script, visit, ALL_OF_IT);
}

fn write(script: &mut Script, visit: &VisitRecord, becomes: &str) {
    let behind = format!(
        "ON CONFLICT (reference) DO UPDATE SET {becomes}, \
         refusals = visits.refusals + excluded.refusals, \
         first_refused = COALESCE(visits.first_refused, excluded.first_refused), \
         first_refused_at = COALESCE(visits.first_refused_at, excluded.first_refused_at), \
         last_refused = COALESCE(excluded.last_refused, visits.last_refused), \
         last_refused_at = COALESCE(excluded.last_refused_at, visits.last_refused_at)"
    );
    let refused_at = visit.refused.map(|_| visit.asked_at.as_millis());
    script
        .insert(
            &format!("visits ({COLUMNS})"),
            "$1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10, $8, $10",
            &behind,
        )
        .bind(visit.reference.to_string())
        .bind(visit.site.as_str())
        .bind(visit.nas.as_str())
        .bind(mac_column(visit.device))
        .bind(visit.language.as_str())
        .bind(visit.arrived_at.as_millis())
        .bind(visit.asked_at.as_millis())
        .bind(visit.refused.map(Refused::name))
        .bind(i64::from(visit.refused.is_some()))
        .bind(refused_at);
}
