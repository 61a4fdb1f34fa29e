use domain::*;
use store::testing::TestStore;
use store::{
    Change, Intent, KnownDevice, KnownPerson, PastStay, SessionFilter, SessionsFrom, Taken,
};

use crate::fixtures::*;

fn person(id: u8, device: Option<KnownDevice>) -> KnownPerson {
    let new_account = AccountId::from_bytes([id; 16]);
    KnownPerson { phone: phone(), new_account, since: at(0), device }
}

fn device(id: u8, until: Option<Timestamp>) -> KnownDevice {
    let grant = until.map(|until| Grant { until, ..sign_in(id, mac(id), at(0)).grant });
    KnownDevice { mac: mac(id), language: Language::arabic(), grant, devices: 2 }
}

fn all() -> SessionFilter {
    SessionFilter::default()
}

pub async fn a_known_person_is_recorded_once_and_nothing_is_overwritten(store: TestStore) {
    set_up(&store).await;
    let known = person(1, Some(device(1, Some(at(1_000)))));
    for (intent, taken) in [
        (Intent::Rehearse, Taken::New),
        (Intent::Rehearse, Taken::New),
        (Intent::Apply, Taken::New),
        (Intent::Apply, Taken::ThereAlready),
        (Intent::Rehearse, Taken::ThereAlready),
    ] {
        assert_eq!(store.record_person(&known, at(10), intent).await.unwrap(), taken);
    }
    let grant = store.find_grant(mac(1)).await.unwrap().unwrap();
    assert_eq!((grant.until, grant.account), (at(1_000), AccountId::from_bytes([1; 16])));
    let account = store.find_account(&phone().into()).await.unwrap().unwrap();
    let record = store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!((record.devices.len(), record.consents.len()), (1, 0));
    // Another grant for the same device, then a device too many, then somebody else's device.
    let longer = person(2, Some(device(1, Some(at(9_000)))));
    let taken = store.record_person(&longer, at(10), Intent::Apply).await.unwrap();
    assert_eq!(taken, Taken::ThereAlready);
    assert_eq!(store.find_grant(mac(1)).await.unwrap().unwrap().until, at(1_000));
    let second = person(2, Some(device(2, Some(at(1_000)))));
    assert_eq!(store.record_person(&second, at(10), Intent::Apply).await.unwrap(), Taken::New);
    let third = person(3, Some(device(3, Some(at(1_000)))));
    let taken = store.record_person(&third, at(10), Intent::Apply).await.unwrap();
    assert_eq!(taken, Taken::TooManyDevices);
    assert!(store.find_grant(mac(3)).await.unwrap().is_none());
    let new_account = AccountId::from_bytes([9; 16]);
    let other = KnownPerson { phone: "966559876543".parse().unwrap(), new_account, ..known };
    let taken = store.record_person(&other, at(10), Intent::Apply).await.unwrap();
    assert_eq!(taken, Taken::DeviceOfAnother);
    assert!(store.find_account(&other.phone.clone().into()).await.unwrap().is_none());
}

pub async fn a_device_that_is_taken_over_is_told_to_everybody(store: TestStore) {
    set_up(&store).await;
    let mut changes = store.changes();
    let known = person(1, Some(device(1, Some(at(1_000)))));
    store.record_person(&known, at(10), Intent::Rehearse).await.unwrap();
    store.record_person(&known, at(10), Intent::Apply).await.unwrap();
    loop {
        if let Some(Change::Grant(device)) = changes.next().await {
            assert_eq!(device, mac(1));
            return;
        }
    }
}

fn stay(number: u8, event: impl FnOnce(SessionReport) -> AccountingEvent, used: Usage) -> PastStay {
    let mut record = record(at(100), number, event, used);
    let (AccountingEvent::Started(report)
    | AccountingEvent::Interim(report)
    | AccountingEvent::Stopped(report, _)) = &mut record.event
    else {
        panic!()
    };
    report.grant = None;
    let going_on_as = going_on_as(number);
    PastStay { record, going_on_as, phone: None }
}

fn going_on_as(number: u8) -> SessionId {
    SessionId::from_bytes([number + 100; 16])
}

fn stopped(report: SessionReport) -> AccountingEvent {
    AccountingEvent::Stopped(report, SessionEnd::Reported(1))
}

pub async fn a_past_stay_counts_once_for_who_owns_the_device_or_the_number(store: TestStore) {
    set_up(&store).await;
    store.record_person(&person(1, Some(device(1, None))), at(0), Intent::Apply).await.unwrap();
    let account = AccountId::from_bytes([1; 16]);
    let day = Zone::riyadh().day_of(T0);
    let stays = [
        stay(1, stopped, usage(60, 10, 100)),
        PastStay { phone: Some(phone()), ..stay(2, stopped, usage(30, 1, 2)) },
        stay(3, stopped, usage(30, 7, 7)),
    ];
    for (intent, taken, used) in [
        (Intent::Rehearse, Taken::New, usage(0, 0, 0)),
        (Intent::Apply, Taken::New, usage(90, 11, 102)),
        (Intent::Apply, Taken::ThereAlready, usage(90, 11, 102)),
    ] {
        assert_eq!(store.record_stays(&stays, intent).await.unwrap(), [taken; 3]);
        assert_eq!(store.usage_of_day(account, day).await.unwrap(), used);
    }
    let sessions = store.list_sessions(&all()).await.unwrap();
    assert_eq!(sessions.len(), 3);
    assert!(sessions.iter().all(|session| session.started_at < at(100) && !session.is_open()));
}

/// The access point goes on reporting to us what it began to tell another server; and that server
/// may be asked again after the stay was over.
pub async fn a_stay_that_goes_on_is_one_stay_here_and_there(store: TestStore) {
    set_up(&store).await;
    store.record_person(&person(1, Some(device(1, None))), at(0), Intent::Apply).await.unwrap();
    let account = AccountId::from_bytes([1; 16]);
    let used = async || store.usage_of_day(account, Zone::riyadh().day_of(T0)).await.unwrap();
    let open = [stay(1, AccountingEvent::Interim, usage(60, 10, 100))];
    assert_eq!(store.record_stays(&open, Intent::Apply).await.unwrap(), [Taken::New]);
    assert_eq!(store.record_stays(&open, Intent::Apply).await.unwrap(), [Taken::ThereAlready]);
    let mut here = record(at(160), 1, AccountingEvent::Interim, usage(120, 20, 200));
    if let AccountingEvent::Interim(report) = &mut here.event {
        report.session = going_on_as(1);
        report.grant = None;
    }
    let until = store::JournalPosition { segment: 1, offset: 9 };
    store.apply("j", &[here], until).await.unwrap();
    assert_eq!(used().await, usage(120, 20, 200));
    let mut over = stay(1, stopped, usage(150, 30, 300));
    over.record.occurred_at = at(190);
    assert_eq!(store.record_stays(&[over.clone()], Intent::Apply).await.unwrap(), [Taken::New]);
    assert_eq!(used().await, usage(150, 30, 300));
    let taken = store.record_stays(&[over], Intent::Apply).await.unwrap();
    assert_eq!(taken, [Taken::ThereAlready]);
    assert_eq!(store.list_sessions(&all()).await.unwrap().len(), 1);
    // The access point counted its session ids from one again long before.
    let mut earlier = stay(1, stopped, usage(10, 5, 5));
    earlier.record.occurred_at = T0 - std::time::Duration::from_secs(86_400);
    assert_eq!(store.record_stays(&[earlier], Intent::Apply).await.unwrap(), [Taken::New]);
    assert_eq!(store.list_sessions(&all()).await.unwrap().len(), 2);
}

pub async fn sessions_are_read_page_after_page_in_the_order_of_their_beginnings(store: TestStore) {
    set_up(&store).await;
    let stays: Vec<_> = (1..=5)
        .map(|number| {
            let mut stay = stay(number, stopped, usage(0, 1, 1));
            // The second and third begin together.
            stay.record.occurred_at = at([50, 20, 20, 10, 40][usize::from(number) - 1]);
            stay
        })
        .collect();
    store.record_stays(&stays, Intent::Apply).await.unwrap();
    let mut read = Vec::new();
    let mut from = SessionsFrom { since: at(15), until: Some(at(50)), after: None, limit: 1 };
    loop {
        let page = store.list_sessions_from(&from).await.unwrap();
        let Some(last) = page.last() else { break };
        from.after = Some((last.started_at, last.id));
        read.extend(page.iter().map(|session| session.device));
    }
    assert_eq!(read, [mac(2), mac(3), mac(5)]);
}
