//! Sessions beside an office that needs the network.

use std::time::Duration;

use domain::*;
use store::JournalPosition;
use store::testing::TestStore;

use crate::fixtures::*;

/// Sessions 1 to 4 at the gate of the walkway, and 5 in the park; each used more than the one before.
async fn online(store: &TestStore) {
    set_up(store).await;
    let park = Site { name: "park".parse().unwrap(), ..site() };
    store.add_site(&park).await.unwrap();
    let tent = Nas { site: park.name, ..nas("tent", "10.0.0.2/32") };
    store.add_access_point(&tent).await.unwrap();
    let speeds =
        [Speed::Full, Speed::Reduced, Speed::Yielding, Speed::ReducedYielding, Speed::Yielding];
    let records: Vec<_> = (1..)
        .zip(speeds)
        .map(|(number, speed)| {
            let used = usage(60, u64::from(number), 1_000);
            let event = |report| AccountingEvent::Interim(SessionReport { speed, ..report });
            let name = if number == 5 { "tent" } else { "gate" };
            let record = record(at(u64::from(number)), number, event, used);
            AccountingRecord { nas: name.parse().unwrap(), ..record }
        })
        .collect();
    store.apply("j", &records, JournalPosition { segment: 1, offset: 1 }).await.unwrap();
}

fn numbers(sessions: &[Session]) -> Vec<u8> {
    sessions.iter().map(|session| session.id.to_bytes()[0]).collect()
}

pub async fn sessions_are_found_by_whether_they_yield_those_that_used_most_first(store: TestStore) {
    online(&store).await;
    assert_eq!(numbers(&store.list_unyielding(&site().name).await.unwrap()), [2, 1]);
    assert!(store.list_unyielding(&"park".parse().unwrap()).await.unwrap().is_empty());
    assert_eq!(numbers(&store.list_yielding().await.unwrap()), [5, 4, 3]);
    let end = |report| AccountingEvent::Stopped(report, SessionEnd::Reported(1));
    let ended = [record(at(9), 4, end, usage(61, 9, 9)), record(at(9), 2, end, usage(61, 9, 9))];
    store.apply("j", &ended, JournalPosition { segment: 1, offset: 2 }).await.unwrap();
    assert_eq!(numbers(&store.list_unyielding(&site().name).await.unwrap()), [1]);
    assert_eq!(numbers(&store.list_yielding().await.unwrap()), [5, 3]);
}

pub async fn a_site_was_last_heard_when_any_of_its_open_sessions_was(store: TestStore) {
    online(&store).await;
    assert_eq!(store.last_report_at(&site().name).await.unwrap(), Some(at(4)));
    assert_eq!(store.last_report_at(&"park".parse().unwrap()).await.unwrap(), Some(at(5)));
    store.close_stale_sessions(at(5), at(500)).await.unwrap();
    assert_eq!(store.last_report_at(&site().name).await.unwrap(), None, "nobody is online there");
    assert_eq!(store.last_report_at(&"park".parse().unwrap()).await.unwrap(), Some(at(5)));
}

pub async fn of_two_who_tell_a_site_of_its_office_the_later_state_stays(store: TestStore) {
    set_up(&store).await;
    let name = site().name;
    let state = |generation, until: Option<u64>| OfficeState {
        generation,
        need: until.map(|until| OfficeNeed {
            since: at(0),
            until: at(until),
            sign_ins: SignIns::Stopped,
        }),
    };
    let mut set = |site: &mut Site| site.office = Some("hofuf/radio".parse().unwrap());
    store.change_site(&name, &mut set).await.unwrap();
    let tell = async |told: OfficeState| {
        let mut tell = |site: &mut Site| site.office_state = site.office_state.or_later(told);
        store.change_site(&name, &mut tell).await.unwrap();
    };
    let ((), ()) = tokio::join!(tell(state(7, None)), tell(state(6, Some(900))));
    let kept = store.find_site(&name).await.unwrap().unwrap();
    assert_eq!(kept.office_state, state(7, None), "it has left");
    tell(state(8, Some(900))).await;
    let kept = store.find_site(&name).await.unwrap().unwrap();
    let need = kept.office_need(at(0) + Duration::from_secs(899)).unwrap();
    assert_eq!(need.sign_ins, SignIns::Stopped);
    assert_eq!(kept.office_need(at(900)), None);
}
