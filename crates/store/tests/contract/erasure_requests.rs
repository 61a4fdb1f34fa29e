//! What persons ask to have destroyed, and what is told to them before.

use domain::*;
use store::testing::TestStore;
use store::{RequestFilter, order_off_account};

use crate::fixtures::*;

fn request(reference: &str, account: u8, when: Timestamp) -> ErasureRequest {
    let account = AccountId::from_bytes([account; 16]);
    ErasureRequest::new(reference.parse().unwrap(), account, site().name, when)
}

pub async fn one_request_of_a_person_is_open_and_erasing_does_it(store: TestStore) {
    set_up(&store).await;
    store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap();
    let first = request("K7M2QX", 1, at(10));
    assert_eq!(store.add_erasure_request(&first).await.unwrap(), first);
    let again = request("222222", 1, at(20));
    assert_eq!(store.add_erasure_request(&again).await.unwrap(), first, "there is one already");
    let other = request("333333", 2, at(5));
    store.add_erasure_request(&other).await.unwrap();
    let list = async |open_only| {
        let filter = RequestFilter { open_only, limit: 10 };
        store.list_erasure_requests(filter).await.unwrap()
    };
    assert_eq!(list(true).await, [other.clone(), first.clone()], "what is due first comes first");
    let account = first.account;
    store.hold_account(account, "letter 7", at(30)).await.unwrap();
    assert!(store.erase_account(account, at(40)).await.is_err());
    assert_eq!(list(true).await.len(), 2, "what the law holds stays asked for");
    store.release_account(account, at(50)).await.unwrap();
    assert!(store.erase_account(account, at(60)).await.unwrap());
    assert_eq!(list(true).await, std::slice::from_ref(&other));
    let done = ErasureRequest { done_at: Some(at(60)), ..first };
    assert_eq!(list(false).await, [other, done.clone()]);
    let found = store.find_erasure_request(&done.reference).await.unwrap();
    assert_eq!(found, Some(done));
    assert_eq!(store.find_erasure_request(&again.reference).await.unwrap(), None);
    assert_eq!(store.prune_erasure_requests(at(60)).await.unwrap(), 0);
    assert_eq!(store.prune_erasure_requests(at(61)).await.unwrap(), 1);
    assert_eq!(list(false).await.len(), 1, "what is open is never forgotten");
}

pub async fn a_persons_data_is_all_that_is_kept_of_the_person(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    store.sign_in(&sign_in(1, mac(1), at(5))).await.unwrap();
    let started = record(at(5), 1, AccountingEvent::Started, usage(0, 0, 0));
    let interim = record(at(65), 1, AccountingEvent::Interim, usage(60, 100, 2_000));
    let until = store::JournalPosition { segment: 1, offset: 2 };
    store.apply("j", &[started, interim], until).await.unwrap();
    let account = AccountId::from_bytes([1; 16]);
    let data = store.personal_data(account).await.unwrap().unwrap();
    assert_eq!(data.record.devices.len(), 1);
    assert_eq!(data.record.grants.len(), 1);
    assert_eq!(data.record.consents.len(), 1);
    assert_eq!(data.record.sessions.len(), 1);
    let [(day, used)] = data.usage.as_slice() else { panic!("{:?}", data.usage) };
    assert_eq!(*day, Zone::riyadh().day_of(at(65)));
    assert_eq!(*used, usage(60, 100, 2_000));
    assert_eq!(data.visits.len(), 1);
    assert_eq!(data.challenges.len(), 1);
    assert_eq!(data.challenges[0].purpose, Purpose::SignIn);
    let nobody = AccountId::from_bytes([9; 16]);
    assert!(store.personal_data(nobody).await.unwrap().is_none());
    // Who is about to be erased is told off first.
    assert_eq!(order_off_account(store.shared().as_ref(), account, at(70)).await.unwrap(), 1);
    let orders = store.list_orders(&store::OrderFilter::latest(10)).await.unwrap();
    assert_eq!(orders[0].reason, OrderReason::Erased);
}
