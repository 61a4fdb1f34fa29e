//! Vouchers: a code is kept only as a hash, its places are given once, and what is revoked is over.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{OrderFilter, SignInOutcome, Store, StoreError, VoucherUse, VouchersOf};

use crate::fixtures::*;

const CODES: [&str; 3] = ["K7M2QXF4TN", "23456ABCDE", "99999YYYYY"];

fn codes() -> Vec<VoucherCode> {
    CODES.map(|code| code.parse().unwrap()).to_vec()
}

fn batch(name: &str) -> VoucherBatch {
    VoucherBatch {
        name: name.parse().unwrap(),
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        devices: 2,
        until: at(100_000),
        lasts: None,
        made_at: T0,
        made_by: "uid 0 (root)".into(),
        reason: "the autumn fair".into(),
        revoked: None,
    }
}

fn visit(device: MacAddress, site: &str, when: Timestamp) -> VisitRecord {
    let visit = new_challenge(1, device, when, "482913").visit.unwrap();
    VisitRecord { site: site.parse().unwrap(), ..visit }
}

/// A device uses a code; the grant has the number `id`.
async fn uses(
    store: &dyn Store,
    (id, code): (u8, &str),
    visit: &VisitRecord,
) -> Result<SignInOutcome, VoucherRefusal> {
    let used = VoucherUse {
        code: &code.parse().unwrap(),
        visit,
        agreed: vec![agreed(ConsentPurpose::Service)],
        grant: GrantId::from_bytes([id; 16]),
        new_account: AccountId::from_bytes([id; 16]),
    };
    store.use_voucher(&used).await.unwrap()
}

async fn used(
    store: &TestStore,
    id: u8,
    code: &str,
    when: Timestamp,
) -> Result<Grant, VoucherRefusal> {
    let visit = visit(mac(id), "walkway", when);
    uses(&*store.shared(), (id, code), &visit).await.map(|outcome| outcome.grant)
}

async fn fair(store: &TestStore, change: impl FnOnce(&mut VoucherBatch)) {
    set_up(store).await;
    let mut fair = batch("fair");
    change(&mut fair);
    store.add_voucher_batch(&fair, &codes()).await.unwrap();
}

pub async fn a_voucher_lets_in_so_many_devices_and_no_more(store: TestStore) {
    fair(&store, |_| {}).await;
    let first = used(&store, 1, CODES[0], at(1)).await.unwrap();
    let second = used(&store, 2, CODES[0], at(2)).await.unwrap();
    assert_eq!(first.account, second.account, "its devices share one account");
    assert_eq!(used(&store, 3, CODES[0], at(3)).await.unwrap_err(), VoucherRefusal::Full);
    assert!(store.find_grant(mac(3)).await.unwrap().is_none());
    // Who has a place keeps it, also after having left.
    let (left, why) = (GrantEnd::LoggedOut, OrderReason::LoggedOut);
    assert!(store.end_grant(first.id, left, why, at(4)).await.unwrap());
    assert_eq!(used(&store, 3, CODES[0], at(5)).await.unwrap_err(), VoucherRefusal::Full);
    let again =
        uses(&*store.shared(), (4, CODES[0]), &visit(mac(1), "walkway", at(6))).await.unwrap();
    assert!(again.grant.holds(at(6)) && again.retired.is_empty());
    let person = Identity::Voucher("fair/1".parse().unwrap());
    let account = store.find_account(&person).await.unwrap().unwrap();
    assert_eq!((account.id, &account.identity), (first.account, &person));
    let record = store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!((record.devices.len(), record.grants.len(), record.consents.len()), (2, 3, 3));
    let reference = "K7M2QX".parse().unwrap();
    assert_eq!(store.find_visit(&reference).await.unwrap().unwrap().device, mac(1));

    let (told, vouchers) = store.find_voucher_batch(&batch("fair").name).await.unwrap().unwrap();
    assert_eq!((told.vouchers, told.used, told.revoked), (3, 1, 0));
    let expected = Voucher { serial: 1, devices: 2, first_used_at: Some(at(1)), revoked: None };
    assert_eq!(vouchers[0], expected);
    assert_eq!((vouchers[2].serial, vouchers[2].devices), (3, 0));
    assert_eq!(store.list_voucher_batches().await.unwrap(), [told]);
}

pub async fn two_devices_race_for_the_last_place(store: TestStore) {
    fair(&store, |_| {}).await;
    for (round, code) in (0..).zip(CODES) {
        let mut rivals = tokio::task::JoinSet::new();
        for id in 1..=8_u8 {
            let store = store.shared();
            let id = round * 10 + id;
            rivals.spawn(async move {
                let visit = visit(mac(id), "walkway", at(1));
                uses(&*store, (id, code), &visit).await.map(|outcome| outcome.grant.account)
            });
        }
        let outcomes = rivals.join_all().await;
        let accounts: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.ok()).collect();
        assert_eq!(accounts.len(), 2, "{outcomes:?}");
        assert_eq!(accounts[0], accounts[1]);
        let full = |outcome: &&Result<_, _>| **outcome == Err(VoucherRefusal::Full);
        assert_eq!(outcomes.iter().filter(full).count(), 6);
    }
}

pub async fn a_voucher_is_over_with_its_batch_or_with_its_own_time(store: TestStore) {
    fair(&store, |fair| fair.lasts = Some(Duration::from_secs(3_600))).await;
    let first = used(&store, 1, CODES[0], at(100)).await.unwrap();
    assert_eq!(first.until, at(3_700));
    let second = used(&store, 2, CODES[0], at(3_000)).await.unwrap();
    assert_eq!(second.until, at(3_700), "it is one time for all its devices");
    let again = visit(mac(1), "walkway", at(3_700));
    let over = uses(&*store.shared(), (3, CODES[0]), &again).await;
    assert_eq!(over.unwrap_err(), VoucherRefusal::Over);
    assert_eq!(used(&store, 4, CODES[1], at(99_000)).await.unwrap().until, at(100_000));
    assert_eq!(used(&store, 5, CODES[2], at(100_000)).await.unwrap_err(), VoucherRefusal::Over);
}

pub async fn unknown_foreign_and_revoked_codes_have_one_answer(store: TestStore) {
    fair(&store, |_| {}).await;
    let one = VouchersOf::One("fair/2".parse().unwrap());
    assert!(store.revoke_vouchers(&one, "lost", at(1)).await.unwrap().is_some());
    let elsewhere = uses(&*store.shared(), (1, CODES[0]), &visit(mac(1), "mall", at(2))).await;
    let answers = [
        used(&store, 2, "22222AAAAA", at(2)).await.map(|grant| grant.id),
        used(&store, 3, CODES[1], at(2)).await.map(|grant| grant.id),
        elsewhere.map(|outcome| outcome.grant.id),
    ];
    assert_eq!(answers, [Err(VoucherRefusal::Unknown); 3]);
    assert!(used(&store, 4, CODES[0], at(3)).await.is_ok());
}

pub async fn a_revoked_batch_ends_its_grants(store: TestStore) {
    fair(&store, |_| {}).await;
    let of_number = store.sign_in(&sign_in(9, mac(9), T0)).await.unwrap().grant;
    for (id, code) in [(1, CODES[0]), (2, CODES[0]), (3, CODES[1])] {
        used(&store, id, code, at(1)).await.unwrap();
    }
    let position = store::JournalPosition { segment: 1, offset: 1 };
    let begun = [1, 3, 9].map(|id| record(at(60), id, AccountingEvent::Started, usage(0, 0, 0)));
    store.apply("j", &begun, position).await.unwrap();

    let one = VouchersOf::One("fair/2".parse().unwrap());
    let revoked = store.revoke_vouchers(&one, "lost", at(70)).await.unwrap().unwrap();
    assert_eq!(revoked.ended, 1);
    assert_eq!(store.revoke_vouchers(&one, "again", at(71)).await.unwrap(), None);
    let ended = |at| GrantState::Ended { at, why: GrantEnd::Revoked };
    assert_eq!(store.find_grant(mac(3)).await.unwrap().unwrap().state, ended(at(70)));
    assert!(store.find_grant(mac(1)).await.unwrap().unwrap().holds(at(71)));

    let all = VouchersOf::Batch("fair".parse().unwrap());
    assert_eq!(
        store.revoke_vouchers(&all, "the fair is over", at(80)).await.unwrap().unwrap().ended,
        2
    );
    for id in [1, 2] {
        assert_eq!(store.find_grant(mac(id)).await.unwrap().unwrap().state, ended(at(80)));
    }
    assert!(
        store.find_grant(mac(9)).await.unwrap().unwrap() == of_number,
        "nobody else is touched"
    );
    let orders = store.list_orders(&OrderFilter::latest(10)).await.unwrap();
    let mut off: Vec<_> = orders.iter().map(|order| (order.kind, order.device)).collect();
    off.sort_by_key(|(_, device)| *device);
    assert_eq!(off, [(OrderKind::Disconnect, mac(1)), (OrderKind::Disconnect, mac(3))]);
    let missing = VouchersOf::Batch("none".parse().unwrap());
    assert_eq!(store.revoke_vouchers(&missing, "x", at(81)).await.unwrap(), None);
    let (told, vouchers) = store.find_voucher_batch(&batch("fair").name).await.unwrap().unwrap();
    let why = told.batch.revoked.unwrap();
    assert_eq!((why.at, why.why.as_str(), told.revoked), (at(80), "the fair is over", 1));
    assert_eq!(vouchers[1].revoked.as_ref().unwrap().why, "lost");
}

pub async fn who_is_let_in_while_a_batch_is_revoked_is_out_afterwards(store: TestStore) {
    set_up(&store).await;
    for round in 0..5_u8 {
        let name = format!("fair-{round}");
        let code: VoucherCode = format!("K7M2QXF4T{}", round + 2).parse().unwrap();
        store.add_voucher_batch(&batch(&name), std::slice::from_ref(&code)).await.unwrap();
        let id = round * 2 + 1;
        let all = VouchersOf::Batch(name.parse().unwrap());
        let (visit, shared) = (visit(mac(id), "walkway", at(1)), store.shared());
        let (used, revoked) = tokio::join!(
            uses(&*shared, (id, code.expose()), &visit),
            store.revoke_vouchers(&all, "over", at(1))
        );
        let ended = revoked.unwrap().unwrap().ended;
        assert_eq!(ended, u32::from(used.is_ok()));
        let holds =
            store.find_grant(mac(id)).await.unwrap().is_some_and(|grant| grant.holds(at(2)));
        assert!(!holds);
    }
}

pub async fn the_same_code_again_is_not_another_stay(store: TestStore) {
    fair(&store, |_| {}).await;
    let first = used(&store, 1, CODES[0], at(1)).await.unwrap();
    let spent = usage(600, 10, 1_000);
    let position = store::JournalPosition { segment: 1, offset: 1 };
    let reports = [record(at(700), 1, AccountingEvent::Interim, spent)];
    store.apply("j", &reports, position).await.unwrap();
    let again = uses(&*store.shared(), (7, CODES[0]), &visit(mac(1), "walkway", at(800))).await;
    let again = again.unwrap().grant;
    assert_ne!(again.id, first.id);
    assert_eq!(store.usage_of_grant(again.id).await.unwrap(), spent);
    assert_eq!(store.usage_of_day(first.account, Zone::riyadh().day_of(T0)).await.unwrap(), spent);

    let stop = |report| AccountingEvent::Stopped(report, SessionEnd::Reported(1));
    let position = store::JournalPosition { segment: 1, offset: 2 };
    store.apply("j", &[record(at(805), 1, stop, spent)], position).await.unwrap();
    let (revoked, admin) = (GrantEnd::Revoked, OrderReason::Admin);
    assert!(store.end_grant(again.id, revoked, admin, at(810)).await.unwrap());
    let grants = RecordsOfDevices::Grants;
    assert_eq!(store.hash_addresses(grants, at(815), 9).await.unwrap(), 2);
    let later = uses(&*store.shared(), (8, CODES[0]), &visit(mac(1), "walkway", at(820))).await;
    assert_eq!(store.usage_of_grant(later.unwrap().grant.id).await.unwrap(), spent);
}

pub async fn codes_are_kept_only_as_hashes(store: TestStore) {
    fair(&store, |_| {}).await;
    used(&store, 1, CODES[0], at(1)).await.unwrap();
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    for statement in [
        "SELECT code_hash AS kept FROM vouchers",
        "SELECT device AS kept FROM voucher_devices",
        "SELECT identity_hash AS kept FROM accounts",
        "SELECT identity AS kept FROM accounts",
    ] {
        let rows = sqlx::query(statement).fetch_all(&pool).await.unwrap();
        assert!(!rows.is_empty(), "{statement}");
        for row in rows {
            let kept: Vec<u8> = sqlx::Row::get(&row, "kept");
            let has = |clear: &[u8]| kept.windows(clear.len()).any(|part| part == clear);
            let is_clear =
                CODES.iter().any(|code| has(code.as_bytes()) || has(&code.as_bytes()[..5]));
            assert!(!is_clear && !has(&mac(1).octets()) && !has(b"fair"), "{statement}");
        }
    }
    pool.close().await;
}

pub async fn a_batch_is_added_whole_and_keeps_its_plan_and_site(store: TestStore) {
    fair(&store, |_| {}).await;
    let again = store.add_voucher_batch(&batch("fair"), &codes()).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    let none = VoucherBatch { plan: "none".parse().unwrap(), ..batch("wrong") };
    let nowhere = VoucherBatch { site: "none".parse().unwrap(), ..batch("wrong") };
    for wrong in [none, nowhere] {
        let refused = store.add_voucher_batch(&wrong, &codes()).await;
        assert!(matches!(refused, Err(StoreError::Reference { .. })), "{refused:?}");
    }
    // A code that is taken spoils the whole batch.
    assert!(store.add_voucher_batch(&batch("twice"), &codes()).await.is_err());
    assert_eq!(store.list_voucher_batches().await.unwrap().len(), 1);

    let extra = Plan::visitor("extra".parse().unwrap());
    store.add_plan(&extra).await.unwrap();
    let more = VoucherBatch { plan: extra.name.clone(), ..batch("more") };
    store.add_voucher_batch(&more, &[]).await.unwrap();
    let needed = store.remove_plan(&extra.name).await.unwrap_err().to_string();
    assert!(needed.contains("`more`"), "{needed}");
    let needed = store.remove_site(&site().name).await.unwrap_err();
    assert!(matches!(needed, StoreError::Reference { kind: "site", .. }), "{needed:?}");
    let all = VouchersOf::Batch(more.name);
    assert_eq!(store.revoke_vouchers(&all, "x", at(1)).await.unwrap().unwrap().ended, 0);
    assert!(store.remove_plan(&extra.name).await.unwrap());
}

pub async fn an_erased_bearer_leaves_a_voucher_that_is_spent(store: TestStore) {
    fair(&store, |_| {}).await;
    let account = used(&store, 1, CODES[0], at(1)).await.unwrap().account;
    assert!(store.erase_account(account, at(10)).await.unwrap());
    let person = Identity::Voucher("fair/1".parse().unwrap());
    assert_eq!(store.find_account(&person).await.unwrap(), None);
    assert!(store.find_grant(mac(1)).await.unwrap().is_none());
    assert_eq!(used(&store, 2, CODES[0], at(11)).await.unwrap_err(), VoucherRefusal::Unknown);
    let (_, vouchers) = store.find_voucher_batch(&batch("fair").name).await.unwrap().unwrap();
    assert_eq!(vouchers[0].devices, 0, "not even a hash of the device is left");
    assert_eq!(vouchers[0].revoked.as_ref().unwrap().at, at(10));
}

pub async fn a_batch_goes_once_it_is_over_and_nobody_of_it_is_kept(store: TestStore) {
    fair(&store, |_| {}).await;
    let later = VoucherBatch { until: at(900_000), ..batch("later") };
    store.add_voucher_batch(&later, &["YYYYYYYYYY".parse().unwrap()]).await.unwrap();
    let account = used(&store, 1, CODES[0], at(1)).await.unwrap().account;
    assert_eq!(store.prune_vouchers(at(100_000)).await.unwrap(), 0, "not over yet");
    assert_eq!(store.prune_vouchers(at(200_000)).await.unwrap(), 0, "an account is left");
    assert!(store.erase_account(account, at(300_000)).await.unwrap());
    assert_eq!(store.prune_vouchers(at(200_000)).await.unwrap(), 1);
    assert!(store.find_voucher_batch(&batch("fair").name).await.unwrap().is_none());
    // Name and codes are free again.
    store.add_voucher_batch(&batch("fair"), &codes()).await.unwrap();
    assert_eq!(store.list_voucher_batches().await.unwrap().len(), 2);
}
