//! `sabeel import radcheck`: tables, read twice. Users and clients are put together from rows all
//! over the files and are kept; stays are handed over as they are read, and need their owners.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, bail};
use controller::admin::api::{ImportStays, Imported, ImportedStay, MOST_AT_ONCE, Verdict};
use domain::PhoneNumber;
use store::Intent;

use super::clients;
use super::people::{User, number};
use super::report::Report;
use super::takeover::{rules, take_access_points, take_people};
use super::{intent, stays};
use crate::admin_client::AdminClient;
use crate::cli::ImportTables;
use crate::freeradius::conf::{Kind, Node, Place};
use crate::freeradius::tables::{CsvRows, DumpRows, Row, Table, TableError};
use crate::output::Format;

/// Users, groups and clients are kept at most so many.
const MOST_KEPT: usize = 1_000_000;
/// Attributes of one of them.
const MOST_ITEMS: usize = 100;

/// Reads the tables, and hands them over.
pub async fn import(
    admin: &AdminClient,
    format: Format,
    wanted: &ImportTables,
) -> anyhow::Result<()> {
    let mut rules = rules(admin, &wanted.people).await?;
    let mut kept = Kept::default();
    for path in &wanted.files {
        for row in rows(path)? {
            kept.take(path, &row.with_context(|| path.display().to_string())?)?;
        }
    }
    let mut report = Report::new(intent(wanted.people.apply));
    let found = clients::clients(&kept.clients, &wanted.people.site, wanted.approve);
    let to_come = take_access_points(admin, &mut report, found).await?;
    rules.groups = std::mem::take(&mut kept.groups);
    let users: Vec<_> = std::mem::take(&mut kept.users).into_iter().collect();
    take_people(admin, &mut report, &users, &rules).await?;

    let phones: BTreeMap<&str, PhoneNumber> = users
        .iter()
        .filter_map(|(name, user)| Some((name.as_str(), user.mobile.as_deref().and_then(number)?)))
        .collect();
    let phone = |name: &str| number(name).or_else(|| phones.get(name).cloned());
    let mut waiting = Vec::with_capacity(MOST_AT_ONCE);
    for path in &wanted.files {
        for row in rows(path)? {
            let row = row.with_context(|| path.display().to_string())?;
            if row.table != Table::Accounting {
                continue;
            }
            let place = format!("{}:{}", path.display(), row.line);
            let stay = match stays::stay(&row, &rules.zone, phone) {
                Err(reason) => {
                    report.stay(&place, Verdict::Refused { reason });
                    continue;
                }
                Ok(stay) if wanted.since.is_some_and(|since| stay.last_report_at < since) => {
                    let reason = "it was over before --since".to_owned();
                    report.stay(&place, Verdict::Refused { reason });
                    continue;
                }
                Ok(stay) => stay,
            };
            // In a rehearsal its access point is not there yet.
            let comes = |addresses: &ipnet::IpNet| addresses.contains(&stay.nas_address);
            if report.intent() == Intent::Rehearse && to_come.iter().any(comes) {
                report.stay(&place, Verdict::taken());
                continue;
            }
            waiting.push((place, stay));
            if waiting.len() == MOST_AT_ONCE {
                hand_over(admin, &mut report, &mut waiting).await?;
            }
        }
    }
    hand_over(admin, &mut report, &mut waiting).await?;
    report.print(format)
}

async fn hand_over(
    admin: &AdminClient,
    report: &mut Report,
    waiting: &mut Vec<(String, ImportedStay)>,
) -> anyhow::Result<()> {
    let (places, stays): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
    if stays.is_empty() {
        return Ok(());
    }
    let request = ImportStays { intent: report.intent(), stays };
    let answer: Imported = admin.post("/v1/import/stays", &request).await?;
    for (place, verdict) in places.into_iter().zip(answer.verdicts) {
        report.stay(&place, verdict);
    }
    Ok(())
}

/// What rows all over the files say of users, groups and clients.
#[derive(Default)]
struct Kept {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Vec<(String, String)>>,
    clients: Vec<Node>,
}

impl Kept {
    fn take(&mut self, path: &Path, row: &Row) -> anyhow::Result<()> {
        if self.users.len() + self.groups.len() + self.clients.len() > MOST_KEPT {
            bail!(
                "there are more than {MOST_KEPT} users, groups and clients; import them in parts"
            );
        }
        let user = row.get("username").filter(|_| row.table != Table::Accounting);
        match (row.table, user) {
            (Table::Nas, _) => self.clients.extend(client(path, row)),
            (Table::OfGroup, _) => {
                if let Some(group) = row.get("groupname") {
                    keep(self.groups.entry(group.to_owned()).or_default(), row);
                }
            }
            (Table::OfUser, Some(name)) => keep(&mut self.user(path, row, name).items, row),
            (Table::UserGroup, Some(name)) => {
                let group = row.get("groupname").map(str::to_owned);
                let groups = &mut self.user(path, row, name).groups;
                if groups.len() < MOST_ITEMS {
                    groups.extend(group);
                }
            }
            (Table::UserInfo, Some(name)) => {
                let user = self.user(path, row, name);
                user.mobile = row.get("mobilephone").map(str::to_owned);
                user.since = row.get("creationdate").map(str::to_owned);
            }
            (Table::Accounting, _) | (_, None) => {}
        }
        Ok(())
    }

    fn user(&mut self, path: &Path, row: &Row, name: &str) -> &mut User {
        let place = || format!("{}:{}", path.display(), row.line);
        self.users
            .entry(name.to_owned())
            .or_insert_with(|| User { place: place(), ..User::default() })
    }
}

fn keep(items: &mut Vec<(String, String)>, row: &Row) {
    if let (Some(attribute), Some(value)) = (row.get("attribute"), row.get("value"))
        && items.len() < MOST_ITEMS
    {
        items.push((attribute.to_owned(), value.to_owned()));
    }
}

/// A row of `nas` as the section that it would be in `clients.conf`.
fn client(path: &Path, row: &Row) -> Option<Node> {
    let place = Place { file: Arc::from(path.display().to_string()), line: row.line };
    let address = row.get("nasname")?;
    let columns = [
        ("ipaddr", "nasname"),
        ("secret", "secret"),
        ("shortname", "shortname"),
        ("nas_type", "type"),
    ];
    let pair = |(name, column): (&str, &str)| {
        let (name, value) = (name.to_owned(), row.get(column)?.to_owned());
        Some(Node { place: place.clone(), kind: Kind::Pair { name, value } })
    };
    let nodes = columns.into_iter().filter_map(pair).collect();
    let (name, second) = ("client".to_owned(), Some(address.to_owned()));
    Some(Node { place: place.clone(), kind: Kind::Section { name, second, nodes } })
}

/// The rows of a file, whichever kind it is of. A file that cannot be read to its end does not
/// look as if it ended there.
struct Rows {
    rows: Box<dyn Iterator<Item = Result<Row, TableError>>>,
    broken: Rc<RefCell<Option<std::io::Error>>>,
}

impl Iterator for Rows {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next();
        match self.broken.borrow_mut().take() {
            Some(error) => Some(Err(error.into())),
            None => row.map(|row| row.map_err(anyhow::Error::from)),
        }
    }
}

fn rows(path: &Path) -> anyhow::Result<Rows> {
    let cannot_read = || format!("cannot read {}", path.display());
    let mut file =
        BufReader::with_capacity(256 * 1024, File::open(path).with_context(cannot_read)?);
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start).with_context(cannot_read)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        bail!("{} is compressed; unpack it first", path.display());
    }
    if start.starts_with(b"PGDMP") {
        bail!("{} is in PostgreSQL's own format; dump with --format=plain", path.display());
    }
    let is_csv = is_csv(&start);
    let broken = Rc::new(RefCell::new(None));
    let seen = Rc::clone(&broken);
    let rest = file.bytes().map_while(move |octet| match octet {
        Ok(octet) => Some(octet),
        Err(error) => {
            *seen.borrow_mut() = Some(error);
            None
        }
    });
    let octets = start.into_iter().chain(rest);
    let rows: Box<dyn Iterator<Item = _>> =
        if is_csv { Box::new(CsvRows::new(octets)) } else { Box::new(DumpRows::new(octets)) };
    Ok(Rows { rows, broken })
}

/// Whether a file begins with a heading rather than with a statement or comment.
fn is_csv(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start);
    let line = start.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    let first = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let statements = [
        "insert", "replace", "create", "copy", "set", "begin", "start", "lock", "drop", "use",
        "alter",
    ];
    let is_statement = line.starts_with(['-', '/', '#', '\\'])
        || (statements.contains(&first.to_ascii_lowercase().as_str()) && line.contains(' '));
    !is_statement && !line.is_empty()
}
