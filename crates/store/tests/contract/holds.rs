//! Legal holds: who is held stays, with all that belongs to the person.

use domain::*;
use store::testing::TestStore;
use store::{OrderFilter, SessionFilter, StoreError};

use crate::fixtures::*;

/// Destroys all that is older than everything in these tests.
async fn prune(store: &TestStore) -> [u64; 5] {
    let later = at(9_000_000);
    let day = Zone::riyadh().day_of(later);
    [
        store.prune_sessions(later).await.unwrap(),
        store.prune_grants(later).await.unwrap(),
        store.prune_usage(day).await.unwrap(),
        store.prune_challenges(later).await.unwrap(),
        store.prune_orders(later).await.unwrap(),
    ]
}

pub async fn who_is_held_stays_with_all_that_belongs_to_the_person(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let account = grant.account;
    let used = usage(60, 10, 100);
    let stop = |report| AccountingEvent::Stopped(report, SessionEnd::Reported(1));
    let reports = [
        record(at(60), 1, AccountingEvent::Interim, used),
        record(at(120), 1, stop, usage(120, 10, 100)),
    ];
    let until = store::JournalPosition { segment: 1, offset: 1 };
    store.apply("j", &reports[..1], until).await.unwrap();
    let (revoked, admin) = (GrantEnd::Revoked, OrderReason::Admin);
    assert!(store.end_grant(grant.id, revoked, admin, at(70)).await.unwrap());
    let until = store::JournalPosition { segment: 1, offset: 2 };
    store.apply("j", &reports[1..], until).await.unwrap();
    let order = store.list_orders(&OrderFilter::latest(1)).await.unwrap().pop().unwrap();
    let done = OrderStep::Done { last: None, at: at(130), outcome: OrderOutcome::Acknowledged };
    assert!(store.advance_order(&order, &done).await.unwrap());

    assert!(store.hold_account(account, "request 12/2026", at(200)).await.unwrap());
    assert!(!store.hold_account(account, "another", at(201)).await.unwrap(), "it is held");
    assert!(!store.hold_account(AccountId::from_bytes([9; 16]), "x", at(201)).await.unwrap());
    assert_eq!(prune(&store).await, [0; 5]);
    assert_eq!(store.list_unused_accounts(at(9_000_000), 10).await.unwrap(), []);
    let refused = store.erase_account(account, at(300)).await;
    assert!(matches!(refused, Err(StoreError::Reference { kind: "account", .. })), "{refused:?}");
    let kept = store.account_record(account).await.unwrap().unwrap();
    assert_eq!((kept.grants.len(), kept.consents.len(), kept.sessions.len()), (1, 1, 1));
    assert_eq!((kept.holds.len(), kept.holds[0].why.as_str()), (1, "request 12/2026"));

    assert!(store.release_account(account, at(400)).await.unwrap());
    assert!(!store.release_account(account, at(401)).await.unwrap());
    let holds = store.list_holds(account).await.unwrap();
    assert_eq!((holds[0].since, holds[0].released_at), (at(200), Some(at(400))));
    assert_eq!(prune(&store).await, [1; 5]);
    assert_eq!(store.list_unused_accounts(at(9_000_000), 10).await.unwrap(), [account]);
    assert!(store.erase_account(account, at(500)).await.unwrap());
    assert_eq!(store.list_holds(account).await.unwrap(), []);
    assert_eq!(store.list_sessions(&SessionFilter::default()).await.unwrap(), []);
}

pub async fn who_is_held_while_being_erased_is_one_or_the_other(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let (held, erased) = tokio::join!(
        store.hold_account(account, "request", at(1)),
        store.erase_account(account, at(1))
    );
    let is_there = store.account_record(account).await.unwrap().is_some();
    assert_eq!(held.unwrap(), is_there);
    assert_eq!(erased.is_ok_and(|erased| erased), !is_there);
}
