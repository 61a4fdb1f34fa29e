//! Stays that another server has recorded, folded in like any other report.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use domain::{AccountId, AccountingEvent, AccountingRecord, MacAddress, SessionReport, Timestamp};
use sqlx::AnyConnection;

use super::fold::Fold;
use crate::contract::{Intent, PastStay, Taken};
use crate::sql::SqlStore;
use crate::sql::given::{Column, Given};
use crate::sql::row::{Columns, mac_column};
use crate::{Change, StoreError};

/// Two servers that heard of the beginning of one stay agree about it to such a span.
const SAME_BEGINNING: Duration = Duration::from_secs(60);

impl SqlStore {
    pub(in crate::sql) async fn apply_past(
        &self,
        stays: &[PastStay],
        intent: Intent,
    ) -> Result<Vec<Taken>, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let mut fold = Fold::load(&mut transaction, self.dialect, HashMap::new(), &[]).await?;
        let ids = stays.iter().flat_map(|stay| {
            stay.record.report().map(|report| report.session).into_iter().chain([stay.going_on_as])
        });
        fold.read_stays(&mut transaction, ids.collect()).await?;
        let owners = self.owners(&mut transaction, stays).await?;
        let mut outcomes = Vec::with_capacity(stays.len());
        for stay in stays {
            let record = placed(&fold, stay);
            fold.own(owners.of(self, stay));
            let repeated = fold.repeated();
            fold.take(&mut transaction, &record).await?;
            let is_new = fold.repeated() == repeated;
            outcomes.push(if is_new { Taken::New } else { Taken::ThereAlready });
        }
        if intent == Intent::Rehearse {
            transaction.rollback().await?;
            return Ok(outcomes);
        }
        fold.write(&mut transaction).await?;
        transaction.commit().await?;
        let (outcome, _) = fold.finish();
        if !outcome.accounts.is_empty() {
            self.publish(Change::Usage(outcome.accounts)).await;
        }
        Ok(outcomes)
    }

    async fn owners(
        &self,
        transaction: &mut AnyConnection,
        stays: &[PastStay],
    ) -> Result<Owners, StoreError> {
        let mut owners = Owners::default();
        let phones: BTreeSet<_> = stays
            .iter()
            .filter_map(|stay| stay.phone.as_ref().map(|phone| self.keys.phone_hash(phone)))
            .collect();
        let columns = vec![Column::octets(phones.into_iter())];
        let given = Given { dialect: self.dialect, names: "hash", columns };
        let statement = "SELECT id, identity_hash FROM accounts \
             WHERE identity_hash IN (SELECT hash FROM given)";
        for row in given.fetch(transaction, statement).await? {
            let hash = Columns(&row).octets("identity_hash")?;
            owners.by_phone.insert(hash, Columns(&row).id("id")?);
        }
        let devices: BTreeSet<_> =
            stays.iter().filter_map(|stay| Some(stay.record.report()?.device)).collect();
        let columns = vec![Column::octets(devices.into_iter().map(mac_column))];
        let given = Given { dialect: self.dialect, names: "mac", columns };
        let statement = "SELECT mac, account FROM devices WHERE mac IN (SELECT mac FROM given)";
        for row in given.fetch(transaction, statement).await? {
            owners.by_device.insert(Columns(&row).mac("mac")?, Columns(&row).id("account")?);
        }
        Ok(owners)
    }
}

/// Accounts by what stays say of them.
#[derive(Default)]
struct Owners {
    by_phone: BTreeMap<Vec<u8>, AccountId>,
    by_device: BTreeMap<MacAddress, AccountId>,
}

impl Owners {
    fn of(&self, store: &SqlStore, stay: &PastStay) -> Option<AccountId> {
        let phone = stay.phone.as_ref().map(|phone| store.keys.phone_hash(phone));
        let by_phone = phone.and_then(|hash| self.by_phone.get(&hash));
        let device = stay.record.report()?.device;
        by_phone.or_else(|| self.by_device.get(&device)).copied()
    }
}

/// The record under the id by which the stay is kept. A stay that goes on is kept as reports will
/// name it from now on, and is found there; the other server's key is for all else.
fn placed(fold: &Fold, stay: &PastStay) -> AccountingRecord {
    let mut record = stay.record.clone();
    let goes_on = matches!(record.event, AccountingEvent::Interim(_));
    let at = record.occurred_at;
    let Some(report) = report_mut(&mut record) else { return record };
    if fold.beginnings(report.session).is_empty() {
        let began = at - report.usage.time;
        let here = fold.beginnings(stay.going_on_as);
        let is_same =
            |other: &Timestamp| other.since(began).max(began.since(*other)) <= SAME_BEGINNING;
        let is_latest = || here.iter().all(|other| *other < began);
        if here.iter().any(is_same) || (goes_on && is_latest()) {
            report.session = stay.going_on_as;
        }
    }
    record
}

fn report_mut(record: &mut AccountingRecord) -> Option<&mut SessionReport> {
    match &mut record.event {
        AccountingEvent::Started(report)
        | AccountingEvent::Interim(report)
        | AccountingEvent::Stopped(report, _) => Some(report),
        AccountingEvent::NasStarted | AccountingEvent::NasStopped | AccountingEvent::Waiting(_) => {
            None
        }
    }
}
