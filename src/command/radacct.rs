//! `sabeel session export`: rows of FreeRADIUS' table `radacct`.
//!
//! Octets are in FreeRADIUS' direction: input is from the visitor. A session that goes on has no
//! `acctstoptime`.

use controller::admin::api::{ExportedSession, SessionPage, SessionStateView};
use domain::{SessionEnd, Timestamp, Zone};

use super::import::cause_name;
use crate::admin_client::AdminClient;
use crate::cli::{SessionExport, TableFormat};
use crate::output;

const COLUMNS: [&str; 19] = [
    "acctsessionid",
    "acctuniqueid",
    "username",
    "realm",
    "nasipaddress",
    "nasportid",
    "acctstarttime",
    "acctupdatetime",
    "acctstoptime",
    "acctsessiontime",
    "acctinputoctets",
    "acctoutputoctets",
    "calledstationid",
    "callingstationid",
    "acctterminatecause",
    "servicetype",
    "framedprotocol",
    "framedipaddress",
    "framedipv6address",
];

/// A column's value.
enum Value {
    /// NULL in every database.
    Null,
    /// An address that is not known: NULL, or an empty text where the column takes no NULL.
    NoAddress,
    Number(u64),
    Text(String),
}

/// Prints the sessions, page after page.
pub async fn export(admin: &AdminClient, wanted: &SessionExport) -> anyhow::Result<()> {
    if wanted.format == TableFormat::Csv {
        output::line(&COLUMNS.join(","))?;
    }
    let mut next = None;
    loop {
        let page: SessionPage = admin.get(&path(wanted, next)).await?;
        let rows = page.items.iter().map(|session| row(session, wanted.format, &wanted.zone));
        print(wanted.format, &rows.collect::<Vec<_>>())?;
        next = page.next_at.zip(page.next_id);
        if next.is_none() {
            return Ok(());
        }
    }
}

fn path(wanted: &SessionExport, next: Option<(Timestamp, domain::SessionId)>) -> String {
    let mut items = Vec::new();
    let mut time = |name: &str, time: Option<Timestamp>| {
        items.extend(time.map(|time| format!("{name}={}", time.as_millis())));
    };
    time("since", wanted.since);
    time("until", wanted.until);
    time("after_at", next.map(|(at, _)| at));
    items.extend(next.map(|(_, id)| format!("after_id={id}")));
    items.extend(wanted.site.as_ref().map(|site| format!("site={site}")));
    format!("/v1/sessions/export?{}", items.join("&"))
}

fn print(format: TableFormat, rows: &[[Value; 19]]) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let written = |row: &[Value; 19]| {
        row.iter().map(|value| write(value, format)).collect::<Vec<_>>().join(",")
    };
    if format == TableFormat::Csv {
        return rows.iter().try_for_each(|row| output::line(&written(row)));
    }
    let (verb, end) = match format {
        TableFormat::Mysql => ("INSERT IGNORE", ";"),
        TableFormat::Postgres | TableFormat::Csv => {
            ("INSERT", "\nON CONFLICT (acctuniqueid) DO NOTHING;")
        }
    };
    let rows: Vec<_> = rows.iter().map(|row| format!("({})", written(row))).collect();
    let (columns, rows) = (COLUMNS.join(", "), rows.join(",\n"));
    output::line(&format!("{verb} INTO radacct ({columns}) VALUES\n{rows}{end}"))
}

fn row(exported: &ExportedSession, format: TableFormat, zone: &Zone) -> [Value; 19] {
    let session = &exported.session;
    let text = |text: Option<String>| Value::Text(text.unwrap_or_default());
    let time = |time| Value::Text(date(time, format, zone));
    let (stopped, end) = match session.state {
        SessionStateView::Open => (None, None),
        SessionStateView::Stopped { at, end } => (Some(at), Some(end)),
    };
    let [v4, v6] = match session.address {
        Some(address) if address.is_ipv4() => [Value::Text(address.to_string()), Value::NoAddress],
        Some(address) => [Value::NoAddress, Value::Text(address.to_string())],
        None => [Value::NoAddress, Value::NoAddress],
    };
    [
        Value::Text(session.acct_session_id.clone()),
        Value::Text(session.id.to_string()),
        Value::Text(exported.user_name.clone()),
        text(None),
        text(Some(
            exported.nas_address.map_or("0.0.0.0".to_owned(), |address| address.to_string()),
        )),
        text(exported.nas_port.clone()),
        time(session.started_at),
        time(session.updated_at),
        stopped.map_or(Value::Null, time),
        Value::Number(session.seconds),
        Value::Number(session.uploaded.get()),
        Value::Number(session.downloaded.get()),
        text(exported.called_station_id.clone()),
        text(exported.calling_station_id.clone().or(Some(session.device.to_string()))),
        text(end.map(cause)),
        text(None),
        text(None),
        v4,
        v6,
    ]
}

/// Date and time; MySQL takes no offset.
fn date(time: Timestamp, format: TableFormat, zone: &Zone) -> String {
    let local = zone.write(time);
    if format == TableFormat::Mysql {
        return local;
    }
    format!("{local}{}", zone.offset(time))
}

fn cause(end: SessionEnd) -> String {
    match end {
        SessionEnd::Reported(0) => String::new(),
        SessionEnd::Reported(cause) => {
            cause_name(cause).map_or_else(|| cause.to_string(), str::to_owned)
        }
        SessionEnd::NasRestarted => "NAS-Reboot".to_owned(),
        SessionEnd::Stale => "Stale-Session".to_owned(),
    }
}

fn write(value: &Value, format: TableFormat) -> String {
    match (value, format) {
        (Value::Number(number), _) => number.to_string(),
        (Value::Null | Value::NoAddress, TableFormat::Csv) => String::new(),
        (Value::NoAddress, TableFormat::Mysql) => "''".to_owned(),
        (Value::Null, _) | (Value::NoAddress, TableFormat::Postgres) => "NULL".to_owned(),
        (Value::Text(text), TableFormat::Csv) if text.is_empty() => text.clone(),
        (Value::Text(text), TableFormat::Csv) => format!("\"{}\"", text.replace('"', "\"\"")),
        (Value::Text(text), TableFormat::Postgres) => {
            format!("'{}'", text.replace('\'', "''").replace('\0', ""))
        }
        (Value::Text(text), TableFormat::Mysql) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_device_chose_stays_a_text() {
        let odd = Value::Text("a'\\\"; DROP".to_owned());
        for (format, written) in [
            (TableFormat::Csv, "\"a'\\\"\"; DROP\""),
            (TableFormat::Postgres, "'a''\\\"; DROP'"),
            (TableFormat::Mysql, "'a''\\\\\"; DROP'"),
        ] {
            assert_eq!(write(&odd, format), written);
        }
    }

    #[test]
    fn a_date_has_its_offset_where_the_database_takes_one() {
        let time = Timestamp::from_secs(1_795_579_810);
        let riyadh = Zone::riyadh();
        assert_eq!(date(time, TableFormat::Postgres, &riyadh), "2026-11-25 07:10:10+03:00");
        assert_eq!(date(time, TableFormat::Mysql, &riyadh), "2026-11-25 07:10:10");
    }
}
