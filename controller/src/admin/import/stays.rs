//! Stays that another server has recorded, so that history, reports and quotas of the day go on.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{
    AccountingEvent, AccountingRecord, Nas, NasName, NasRange, OctetDirection, SessionEnd,
    SessionId, SessionIdentification, SessionReport, Speed, Timestamp, Usage,
};
use ipnet::IpNet;
use store::{Act, Intent, PastStay, Taken};

use super::within_bounds;
use crate::admin::AdminApi;
use crate::admin::api::{ImportStays, Imported, ImportedStay, Verdict};
use crate::admin::extract::Body;
use crate::admin::record::By;
use crate::admin::refusal::Refusal;

/// Texts of a stay are no longer, in octets (RFC 2865 §5).
const LONGEST_TEXT: usize = 253;

pub(in crate::admin) async fn stays(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<ImportStays>,
) -> Result<Json<Imported>, Refusal> {
    within_bounds(request.stays.len())?;
    let note = (Act::StaysImported, request.stays.len(), request.intent);
    api.write_import_down(&by, note).await?;
    let now = api.clock.now();
    let places = Places {
        access_points: api.store.list_access_points().await?,
        ranges: api.store.list_ranges().await?,
    };
    let read: Vec<Result<PastStay, String>> =
        request.stays.into_iter().map(|stay| past(stay, &places, now)).collect();
    let stays: Vec<PastStay> = read.iter().filter_map(|stay| stay.clone().ok()).collect();
    let taken = if stays.is_empty() {
        Vec::new()
    } else {
        api.store.record_stays(&stays, request.intent).await?
    };
    let count = taken.iter().filter(|taken| **taken == Taken::New).count();
    if request.intent == Intent::Apply && count > 0 {
        tracing::info!(taken = count, "stays imported");
    }
    let mut taken = taken.into_iter();
    let verdict = |stay| match stay {
        Err(reason) => Verdict::Refused { reason },
        Ok(_) => match taken.next() {
            Some(Taken::New) => Verdict::taken(),
            _ => Verdict::ThereAlready,
        },
    };
    Ok(Json(Imported { verdicts: read.into_iter().map(verdict).collect() }))
}

/// Access points by their names and addresses.
struct Places {
    access_points: Vec<Nas>,
    ranges: Vec<NasRange>,
}

impl Places {
    /// Whose stay it was: by name or identifier, else by the narrowest network with the address.
    fn find(&self, name: Option<&str>, address: IpAddr) -> Option<(NasName, OctetDirection)> {
        let named = |nas: &&Nas| {
            let identifier = nas.identifier.as_ref().map(domain::NasIdentifier::as_str);
            name.is_some_and(|name| nas.name.as_str() == name || identifier == Some(name))
        };
        let named = self.access_points.iter().find(named);
        let narrowest =
            |addresses: IpNet| addresses.contains(&address).then(|| addresses.prefix_len());
        let by_address = || {
            self.access_points
                .iter()
                .filter(|nas| narrowest(nas.addresses).is_some())
                .max_by_key(|nas| nas.addresses.prefix_len())
        };
        let to_come = || {
            self.ranges
                .iter()
                .filter(|range| narrowest(range.addresses).is_some())
                .max_by_key(|range| range.addresses.prefix_len())?
                .name_for(address)
                .map(|name| (name, OctetDirection::Standard))
        };
        let found = named.or_else(by_address);
        found.map(|nas| (nas.name.clone(), nas.octet_direction)).or_else(to_come)
    }
}

fn past(stay: ImportedStay, places: &Places, now: Timestamp) -> Result<PastStay, String> {
    let nas = places.find(stay.nas_name.as_deref(), stay.nas_address);
    let (nas, direction) =
        nas.ok_or(format!("no access point or range has the address {}", stay.nas_address))?;
    let (uploaded, downloaded) = match direction {
        OctetDirection::Standard => (stay.input, stay.output),
        OctetDirection::Swapped => (stay.output, stay.input),
    };
    let texts = [&stay.unique_id, &stay.acct_session_id, &stay.user_name];
    if texts.iter().any(|text| text.len() > LONGEST_TEXT) {
        return Err("one of its names is longer than RADIUS allows".to_owned());
    }
    if stay.unique_id.is_empty() || stay.acct_session_id.is_empty() {
        return Err("it has no id".to_owned());
    }
    if stay.last_report_at > now + Duration::from_secs(300) {
        return Err("it lies in the future".to_owned());
    }
    let going_on_as = SessionId::of_stay(&nas, &stay.acct_session_id, stay.device, None);
    let report = SessionReport {
        session: SessionId::of_unique_id(&stay.unique_id),
        acct_session_id: stay.acct_session_id,
        device: stay.device,
        user_name: stay.user_name,
        address: stay.address,
        grant: None,
        usage: Usage { uploaded, downloaded, time: Duration::from_secs(stay.seconds) },
        identification: SessionIdentification {
            nas_address: Some(stay.nas_address),
            calling_station_id: stay.calling_station_id,
            called_station_id: stay.called_station_id,
            ..SessionIdentification::default()
        },
        speed: Speed::Full,
    };
    let event = match stay.terminate_cause {
        None => AccountingEvent::Interim(report),
        Some(cause) => AccountingEvent::Stopped(report, SessionEnd::Reported(cause)),
    };
    let at = stay.last_report_at;
    let record = AccountingRecord { nas, occurred_at: at, received_at: at, event };
    Ok(PastStay { record, going_on_as, phone: stay.phone })
}
