//! The audit log: one chain, whoever writes it, in which each change stands that was made on record.

use domain::*;
use serde_json::{Value, json};
use store::testing::TestStore;
use store::{Act, Actor, AuditEntry, AuditFilter, AuditLog, AuditSubject, Begun, Budget, SqlStore};

use crate::fixtures::*;

fn entry(when: Timestamp, act: Act, subject: AuditSubject) -> AuditEntry {
    let actor = Actor::User { uid: 1000, name: Some("ahmad".into()) };
    AuditEntry { at: when, actor, act, subject, detail: serde_json::Map::new() }
}

fn plan_added(name: &str) -> AuditEntry {
    entry(T0, Act::PlanAdded, AuditSubject::Plan(name.parse().unwrap()))
}

async fn links(store: &TestStore) -> Vec<AuditLink> {
    store.list_audit_links(0, 1_000).await.unwrap()
}

fn walk(links: &[AuditLink]) -> Result<(ChainHead, u64), BrokenChain> {
    let mut walk = ChainWalk::new(None);
    links.iter().try_for_each(|link| walk.take(link))?;
    walk.finish()
}

/// Changes the database behind the back of the store.
async fn behind_its_back(store: &TestStore, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let done = sqlx::query(statement).execute(&raw).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{statement}");
    raw.close().await;
}

pub async fn a_change_and_its_link_come_together_or_not_at_all(store: TestStore) {
    let plan = Plan::visitor("visitor".parse().unwrap());
    store.on_record(plan_added("visitor")).add_plan(&plan).await.unwrap();
    let again = store.on_record(plan_added("visitor"));
    assert!(again.add_plan(&plan).await.is_err(), "the name is taken");
    let other = "other".parse().unwrap();
    let removed = store.on_record(entry(T0, Act::PlanRemoved, AuditSubject::Plan(other)));
    assert!(!removed.remove_plan(&"other".parse().unwrap()).await.unwrap());
    let all = links(&store).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let expected = ("uid 1000 (ahmad)", "plan-added", "plan:visitor", "{}");
    let AuditLink { actor, act, subject, detail, .. } = &all[0];
    assert_eq!((actor.as_str(), act.as_str(), subject.as_str(), detail.as_str()), expected);
    // One link for one act, however many changes it takes.
    again.add_plan(&Plan::visitor("second".parse().unwrap())).await.unwrap();
    again.add_plan(&Plan::visitor("third".parse().unwrap())).await.unwrap();
    assert_eq!(links(&store).await.len(), 2);
    // Who does not ask for a link gets none.
    store.add_plan(&Plan::visitor("fourth".parse().unwrap())).await.unwrap();
    assert_eq!(walk(&links(&store).await).unwrap().1, 2);
}

pub async fn a_code_that_is_asked_for_on_record_is_in_the_log(store: TestStore) {
    set_up(&store).await;
    let sent = store.on_record(entry(T0, Act::CodeSent, AuditSubject::Number(phone())));
    let (new, policy) = (new_challenge(1, mac(1), T0, "482913"), ChallengePolicy::default());
    assert_eq!(sent.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap(), Begun::Begins);
    assert_eq!(links(&store).await.len(), 1);
}

pub async fn a_changed_or_missing_link_is_found(store: TestStore) {
    for name in ["a", "b", "c", "d", "e"] {
        store.append_audit(&plan_added(name)).await.unwrap();
    }
    let all = links(&store).await;
    assert_eq!(walk(&all), Ok((all[4].head(), 5)));
    behind_its_back(&store, "UPDATE audit SET subject = 'plan:x' WHERE number = 4").await;
    assert_eq!(walk(&links(&store).await), Err(BrokenChain::Changed(4)));
    behind_its_back(&store, "UPDATE audit SET at = at + 1 WHERE number = 3").await;
    assert_eq!(walk(&links(&store).await), Err(BrokenChain::Changed(3)));
    behind_its_back(&store, "DELETE FROM audit WHERE number = 2").await;
    assert_eq!(walk(&links(&store).await), Err(BrokenChain::Missing(2)));
    // What follows a broken link is written all the same.
    let link = store.append_audit(&plan_added("f")).await.unwrap();
    assert_eq!((link.number, link.previous), (6, all[4].hash));
}

pub async fn two_processes_make_one_chain(store: TestStore) {
    let other = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let ours = async {
        for number in 0..20 {
            let name = format!("ours{number}");
            let plan = Plan::visitor(name.parse().unwrap());
            store.on_record(plan_added(&name)).add_plan(&plan).await.unwrap();
        }
    };
    let theirs = async {
        for number in 0..20 {
            other.append_audit(&plan_added(&format!("theirs{number}"))).await.unwrap();
        }
    };
    tokio::join!(ours, theirs);
    let all = links(&store).await;
    assert_eq!(walk(&all).unwrap().1, 40);
    assert_eq!(all, other.list_audit_links(0, 1_000).await.unwrap());
    assert_eq!(store.list_audit_links(38, 1).await.unwrap(), all[38..39]);
}

pub async fn persons_are_told_by_account_or_keyed_hash(store: TestStore) {
    let device = "02:00:5e:10:00:01".parse().unwrap();
    for subject in [
        AuditSubject::Number(phone()),
        AuditSubject::Device(device),
        AuditSubject::AcctSessionId("02005e100001-7".into()),
        AuditSubject::Account(AccountId::from_bytes([7; 16])),
    ] {
        store.append_audit(&entry(T0, Act::AccountShown, subject)).await.unwrap();
    }
    let all = links(&store).await;
    // Not less of them, which might stand in a hash.
    for clear in ["551234567", "02:00:5e:10:00:01", "02005e100001"] {
        assert!(!format!("{all:?}").contains(clear), "{clear}");
    }
    let about = |subject| AuditFilter { about: vec![subject], act: None, limit: 10 };
    let found = store.find_audit_links(&about(AuditSubject::Number(phone()))).await.unwrap();
    assert_eq!(found, all[..1]);
    let found = store.find_audit_links(&about(AuditSubject::Device(device))).await.unwrap();
    assert_eq!(found, all[1..2]);
    let both = AuditFilter {
        about: vec![AuditSubject::Number(phone()), AuditSubject::Device(device)],
        act: Some("account-shown".into()),
        limit: 1,
    };
    assert_eq!(store.find_audit_links(&both).await.unwrap(), all[1..2]);
    let none = AuditFilter { act: Some("account-erased".into()), limit: 10, ..both };
    assert_eq!(store.find_audit_links(&none).await.unwrap(), []);
}

pub async fn what_was_destroyed_is_told_with_how_much_it_was(store: TestStore) {
    set_up(&store).await;
    for id in 1..=3 {
        let challenge = new_challenge(id, mac(id), at(u64::from(id)), "482913");
        begin(&store, &challenge).await;
    }
    let subject = AuditSubject::Records("challenges");
    let destroyed = entry(at(9), Act::Destroyed, subject);
    assert_eq!(store.on_record(destroyed.clone()).prune_challenges(at(3)).await.unwrap(), 2);
    assert_eq!(store.on_record(destroyed).prune_challenges(at(3)).await.unwrap(), 0);
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let erased = entry(at(9), Act::AccountErased, AuditSubject::Account(account));
    assert!(store.on_record(erased.clone()).erase_account(account, at(9)).await.unwrap());
    assert!(!store.on_record(erased).erase_account(account, at(9)).await.unwrap());
    let all = links(&store).await;
    let told: Vec<_> = all.iter().map(|link| (link.act.as_str(), link.subject.clone())).collect();
    let expected = [
        ("destroyed", "records:challenges".to_owned()),
        ("account-erased", format!("account:{account}")),
    ];
    assert_eq!(told, expected);
    let detail: Value = serde_json::from_str(&all[0].detail).unwrap();
    assert_eq!(detail, json!({ "count": 2 }));
}

pub async fn old_links_go_and_the_chain_says_so(store: TestStore) {
    assert_eq!(store.shorten_audit(at(10), at(20)).await.unwrap(), 0);
    for (name, when) in [("a", 1), ("b", 2), ("c", 11), ("d", 3)] {
        let link = AuditEntry { at: at(when), ..plan_added(name) };
        store.append_audit(&link).await.unwrap();
    }
    let before = links(&store).await;
    // A link that is old by a clock that went wrong stays with what it stands after.
    assert_eq!(store.shorten_audit(at(10), at(20)).await.unwrap(), 2);
    let left = links(&store).await;
    assert_eq!(left[..2], before[2..]);
    assert_eq!(left[2].act, "audit-shortened");
    assert_eq!(left[2].subject, format!("link:{}", before[1].head()));
    assert_eq!(walk(&left).unwrap().1, 3);
    assert_eq!(walk(&left[1..]), Err(BrokenChain::Missing(3)));
    // All of it may be old: what tells of it stays, and the numbers go on.
    assert_eq!(store.shorten_audit(at(30), at(40)).await.unwrap(), 3);
    let left = links(&store).await;
    assert_eq!((left.len(), left[0].number), (1, 6));
    assert_eq!(walk(&left), Ok((left[0].head(), 1)));
}

pub async fn the_end_of_the_chain_is_held_by_nobody_who_waits(store: TestStore) {
    set_up(&store).await;
    // Changes on record that want the same rows, and others that only append.
    let gate: NasName = "gate".parse().unwrap();
    let change = async |number: u64| {
        let subject = AuditSubject::AccessPoint(gate.clone());
        let on_record = store.on_record(entry(at(number), Act::AccessPointChanged, subject));
        let mut change =
            |nas: &mut Nas| nas.dae_address = format!("10.0.0.1:{number}").parse().ok();
        on_record.change_access_point(&gate, &mut change).await.unwrap();
        store.append_audit(&plan_added(&format!("p{number}"))).await.unwrap();
    };
    tokio::join!(change(1), change(2), change(3), change(4));
    assert_eq!(walk(&links(&store).await).unwrap().1, 8);
}
