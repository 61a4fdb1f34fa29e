//! Trail and journal as they grow, by a cursor that who follows brings along: no connection stays
//! open, and nothing is remembered for anybody.

use domain::{AccountingRecord, MacAddress};
use store::{JournalError, JournalPosition, is_about};

use crate::admin::api::{Cursor, JournalPlace, Tail, TailQuestion};
use crate::why::{Records, of_event, of_record};

/// Reports that are told at once.
const MOST_REPORTS: usize = 1_000;

/// Reads what came after the cursor; from the end on, if there is none. Blocks for the disk.
///
/// # Errors
/// [`JournalError::Disk`] if a file cannot be read.
pub fn follow(records: &Records, question: &TailQuestion) -> Result<Tail, JournalError> {
    let Records { trail, journal, .. } = records;
    let Some(Cursor { trail: seen, journal: read }) = question.after else {
        let after = Cursor { trail: trail.end()?.into(), journal: journal.end()?.into() };
        return Ok(Tail { after, more: false, steps: Vec::new() });
    };
    let (nas, device) = (question.nas.as_ref(), question.device);
    let mut steps = Vec::new();
    let (seen, more) = trail.follow(position(seen), |event| {
        if is_about(event, nas, device) {
            steps.push(of_event(event));
        }
    })?;
    let mut reports = 0;
    let read = journal.follow(position(read), MOST_REPORTS, |record| {
        reports += 1;
        let is_of_nas = nas.is_none_or(|nas| record.nas == *nas);
        if is_of_nas && device.is_none_or(|device| device_of(&record) == Some(device)) {
            steps.push(of_record(&record));
        }
    })?;
    steps.sort_by_key(|step| (step.at, step.kind));
    let after = Cursor { trail: seen.into(), journal: read.into() };
    Ok(Tail { after, more: more || reports == MOST_REPORTS, steps })
}

fn device_of(record: &AccountingRecord) -> Option<MacAddress> {
    of_record(record).device
}

const fn position(place: JournalPlace) -> JournalPosition {
    JournalPosition { segment: place.segment, offset: place.offset }
}

#[cfg(test)]
mod tests;
