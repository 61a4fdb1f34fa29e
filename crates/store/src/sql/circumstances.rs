//! What the standing of grants' holders follows from, in one question: returning devices are
//! answered from it, and each further question costs nearly as much as one about many.

use std::collections::BTreeMap;

use domain::{GrantId, Plan, SessionId, Site, Timestamp, Usage};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::given::{Column, Given, round};
use super::grants::grant;
use super::row::{Columns, id_column, mac_column};
use crate::{Circumstances, GrantsOf, OpenStay, StoreError};

/// A row for each day of usage and each open session, or one without either.
const QUESTION: &str = "SELECT grants.id AS id, grants.account AS account, grants.device AS device, \
     grants.site AS site, grants.plan AS plan, grants.issued_at AS issued_at, \
     grants.until AS until, grants.ended_at AS ended_at, grants.ended_why AS ended_why, \
     grants.uploaded AS uploaded, grants.downloaded AS downloaded, grants.time AS time, \
     sites.definition AS site_definition, plans.definition AS plan_definition, \
     days.day AS day, days.uploaded AS day_uploaded, days.downloaded AS day_downloaded, \
     days.time AS day_time, stays.id AS stay, stays.grant_id AS stay_grant, \
     stays.updated_at AS stay_updated_at FROM given JOIN grants ON grants.id = {grant} \
     LEFT JOIN sites ON sites.name = grants.site LEFT JOIN plans ON plans.name = grants.plan \
     LEFT JOIN usage_days AS days ON days.account = grants.account AND days.day BETWEEN {first_day} AND {last_day} \
     LEFT JOIN sessions AS stays ON stays.account = grants.account AND stays.ended_at IS NULL";

/// The newest grant of a device.
const NEWEST: &str = "(SELECT newest.id FROM grants AS newest WHERE newest.device = given.wanted \
     ORDER BY newest.issued_at DESC, newest.id DESC LIMIT 1)";

impl SqlStore {
    pub(super) async fn circumstances(
        &self,
        of: GrantsOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Circumstances>, StoreError> {
        let (grant, keys) = match of {
            GrantsOf::Ids(ids) => ("given.wanted", ids.iter().copied().map(id_column).collect()),
            GrantsOf::Devices(devices) => {
                (NEWEST, devices.iter().copied().map(mac_column).collect::<Vec<_>>())
            }
        };
        // The site's day is known only with its zone; it is the day of UTC or one beside it.
        let day = now.as_millis().div_euclid(86_400_000);
        let question = QUESTION
            .replace("{grant}", grant)
            .replace("{first_day}", &(day - 1).to_string())
            .replace("{last_day}", &(day + 1).to_string());
        let columns = vec![Column::octets(round(keys).into_iter())];
        let given = Given { dialect: self.dialect, names: "wanted", columns };
        let rows = self.read_given(&given, &question).await?;
        let mut by_grant: BTreeMap<GrantId, Vec<&AnyRow>> = BTreeMap::new();
        for row in &rows {
            by_grant.entry(Columns(row).id("id")?).or_default().push(row);
        }
        by_grant.values().map(|rows| circumstances(rows, now)).collect()
    }
}

/// What the rows of one grant say.
fn circumstances(rows: &[&AnyRow], now: Timestamp) -> Result<Circumstances, StoreError> {
    let first = rows.first().ok_or(StoreError::Corrupt { what: "grant" })?;
    let (grant, rules) = (grant(first)?, rules(first)?);
    let used_today = match &rules {
        Some((site, _)) => used_on_day(rows, site, now)?,
        None => Usage::default(),
    };
    Ok(Circumstances {
        used_by_grant: Columns(first).usage()?,
        used_today,
        open_stays: open_stays(rows)?,
        grant,
        rules,
    })
}

fn rules(row: &AnyRow) -> Result<Option<(Site, Plan)>, StoreError> {
    let columns = Columns(row);
    let are_there = columns.optional_text("site_definition")?.is_some()
        && columns.optional_text("plan_definition")?.is_some();
    if !are_there {
        return Ok(None);
    }
    Ok(Some((columns.definition("site_definition")?, columns.definition("plan_definition")?)))
}

fn used_on_day(rows: &[&AnyRow], site: &Site, now: Timestamp) -> Result<Usage, StoreError> {
    let today = i64::from(site.zone.day_of(now).epoch_days());
    for row in rows {
        if Columns(row).optional_integer("day")? == Some(today) {
            return Columns(row).usage_of("day_uploaded", "day_downloaded", "day_time");
        }
    }
    Ok(Usage::default())
}

fn open_stays(rows: &[&AnyRow]) -> Result<Vec<OpenStay>, StoreError> {
    let mut stays: BTreeMap<SessionId, OpenStay> = BTreeMap::new();
    for row in rows {
        let columns = Columns(row);
        let Some(id) = columns.optional_id("stay")? else { break };
        let stay = OpenStay {
            grant: columns.optional_id("stay_grant")?,
            updated_at: columns.time("stay_updated_at")?,
        };
        stays.insert(id, stay);
    }
    Ok(stays.into_values().collect())
}
