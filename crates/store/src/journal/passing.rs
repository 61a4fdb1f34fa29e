//! What the segment is about that is being applied, gathered in passing: so that it need not be
//! read once more when it is finished.

use super::{Stretch, archive};
use crate::JournalPosition;
use crate::key_filter::Gathered;

/// What one segment is about, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Passing(Option<(u64, Gathered)>);

impl Passing {
    /// Takes what was read from `from` on; the same may come twice. Of a segment that was begun
    /// before, nothing is gathered.
    pub(crate) fn note(&mut self, from: JournalPosition, stretch: &Stretch) {
        let Stretch { records, next, .. } = stretch;
        if records.is_empty() {
            return;
        }
        let read = if next.offset == 0 { next.segment.saturating_sub(1) } else { next.segment };
        if from <= (JournalPosition { segment: read, offset: 0 }) {
            self.0 = Some((read, Gathered::default()));
        }
        match &mut self.0 {
            Some((segment, gathered)) if *segment == read => {
                for record in records {
                    gathered.add(record.received_at, archive::keys(record));
                }
            }
            _ => self.0 = None,
        }
    }

    /// Hands over what was gathered of a segment, if that is all of it.
    pub(crate) fn take(&mut self, finished: u64) -> Option<Gathered> {
        let (_, gathered) = self.0.take_if(|(segment, _)| *segment == finished)?;
        Some(gathered)
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccountingEvent, AccountingRecord, MacAddress, SessionId, Timestamp};
    use domain::{SessionIdentification, SessionReport, Speed, Usage};

    use super::*;
    use crate::journal::{self, Journal, JournalSettings, segment};
    use crate::key_filter::KeyFilter;

    fn record(number: u32) -> AccountingRecord {
        let [_, a, b, c] = number.to_be_bytes();
        let report = SessionReport {
            session: SessionId::from_bytes([a, b, c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            acct_session_id: format!("{number:08x}"),
            device: MacAddress::new([2, 0, 0, a, b, c]),
            user_name: String::new(),
            address: None,
            grant: None,
            usage: Usage::default(),
            identification: SessionIdentification::default(),
            speed: Speed::Full,
        };
        let at = Timestamp::from_millis(i64::from(number));
        let event = AccountingEvent::Interim(report);
        AccountingRecord { nas: "gate".parse().unwrap(), occurred_at: at, received_at: at, event }
    }

    #[tokio::test]
    async fn what_is_gathered_in_passing_is_what_reading_again_gives() {
        let dir = tempfile::tempdir().unwrap();
        let settings = JournalSettings { segment_octets: 1_000_000, ..Default::default() };
        let journal = Journal::open(dir.path(), &settings).unwrap();
        for part in 0..30 {
            let records = (0..1_000).map(|number| record(part * 1_000 + number)).collect();
            journal.append(records).await.unwrap();
        }
        let mut passing = Passing::default();
        let mut finished = 0;
        let mut position = JournalPosition::default();
        while position < journal.end() {
            let stretch = journal.read_from(position, 700).unwrap();
            passing.note(position, &stretch);
            // A batch that the database did not take comes again.
            passing.note(position, &stretch);
            if stretch.next.segment > position.segment.max(1) {
                let number = stretch.next.segment - 1;
                let gathered = passing.take(number).unwrap().finish();
                journal::index(dir.path(), number, None).unwrap();
                let path = segment::filter_path(&segment::path(dir.path(), number));
                assert_eq!(KeyFilter::read(&path), Some(gathered), "segment {number}");
                finished += 1;
            }
            position = stretch.next;
        }
        assert!(finished >= 2, "{finished}");
    }

    #[test]
    fn a_segment_that_was_begun_before_is_left_to_be_read() {
        let stretch = |next| Stretch { records: vec![record(1)], next, damaged: 0 };
        let at = |segment, offset| JournalPosition { segment, offset };
        let mut passing = Passing::default();
        passing.note(at(3, 500), &stretch(at(4, 0)));
        assert!(passing.take(3).is_none());
        passing.note(at(4, 0), &stretch(at(4, 100)));
        assert!(passing.take(3).is_none());
        passing.note(at(4, 100), &stretch(at(5, 0)));
        assert!(passing.take(4).is_some());
        assert!(passing.take(4).is_none());
    }
}
