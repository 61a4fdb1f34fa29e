use domain::{Plan, SessionEnd, SessionState};
use store::SessionFilter;

use super::*;
use crate::quota::disconnect;
use crate::stage::{NOON, Stage};

fn reaper(stage: &Stage) -> Reaper {
    let (store, clock) = stage.shared();
    Reaper::new(ControllerSettings::default(), store, clock)
}

#[tokio::test]
async fn a_session_is_over_once_three_reports_are_missing() {
    let stage = Stage::new((None, None), (None, None)).await;
    let slow = Plan {
        interim_interval: Duration::from_secs(100),
        ..Plan::visitor("slow".parse().unwrap())
    };
    stage.store.add_plan(&slow).await.unwrap();
    let (silent, lively) = (stage.sign_in(1, 1).await, stage.sign_in(2, 2).await);
    let session = stage.report("gate", &silent, 0, 0).await;
    stage.advance(200);
    stage.report("gate", &lively, 200, 0).await;
    let reaper = reaper(&stage);
    for (seconds, expected) in [(0, 0), (99, 0), (2, 1), (1, 0)] {
        stage.advance(seconds);
        let closed = reaper.close_silent_sessions(NOON).await.unwrap();
        assert_eq!(closed, expected, "{seconds} s later");
    }
    let session = stage.store.find_session(session).await.unwrap().unwrap();
    assert!(matches!(session.state, SessionState::Stopped { end: SessionEnd::Stale, .. }));
}

#[tokio::test]
async fn nothing_is_closed_before_reports_could_come_in_after_a_start() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 0, 0).await;
    stage.advance(86_400);
    let started_at = stage.clock.now();
    let reaper = reaper(&stage);
    for (seconds, expected) in [(0, 0), (179, 0), (1, 1)] {
        stage.advance(seconds);
        assert_eq!(reaper.close_silent_sessions(started_at).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn what_is_over_is_destroyed_after_its_time() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phone = stage.sign_in(1, 1).await;
    let id = stage.report("gate", &phone, 60, 0).await;
    let session = stage.store.find_session(id).await.unwrap().unwrap();
    let now = stage.clock.now();
    let order = disconnect(&session, domain::OrderReason::Admin, now);
    stage.store.add_order(&order).await.unwrap();
    let outcome = domain::OrderOutcome::Acknowledged;
    let step = domain::OrderStep::Done { last: None, at: now, outcome };
    assert!(stage.store.advance_order(&order, &step).await.unwrap());
    stage.stop("gate", &phone, 60, 0).await;

    let reaper = reaper(&stage);
    assert_eq!(reaper.prune().await.unwrap(), Pruned::default());
    stage.advance(91 * 86_400);
    assert_eq!(reaper.prune().await.unwrap(), Pruned { orders: 1, ..Pruned::default() });
    stage.advance(275 * 86_400);
    let expected = Pruned { sessions: 1, usage: 1, numbers: 1, ..Pruned::default() };
    assert_eq!(reaper.prune().await.unwrap(), expected);
    assert_eq!(stage.store.list_sessions(&SessionFilter::default()).await.unwrap(), []);
    stage.advance(30 * 86_400);
    let expected = Pruned { grants: 1, accounts: 1, ..Pruned::default() };
    assert_eq!(reaper.prune().await.unwrap(), expected);
    assert!(stage.store.account_record(phone.account).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_of_vouchers_goes_after_its_days_and_that_is_written_down() {
    let stage = Stage::new((None, None), (None, None)).await;
    let batch = domain::VoucherBatch {
        name: "fair".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        devices: 1,
        until: NOON + days(1),
        lasts: None,
        made_at: NOON,
        made_by: "uid 0 (root)".into(),
        reason: "the fair".into(),
        revoked: None,
    };
    stage.store.add_voucher_batch(&batch, &["K7M2QXF4TN".parse().unwrap()]).await.unwrap();
    let reaper = reaper(&stage);
    stage.advance(91 * 86_400);
    assert_eq!(reaper.prune().await.unwrap(), Pruned::default());
    stage.advance(1);
    assert_eq!(reaper.prune().await.unwrap(), Pruned { vouchers: 1, ..Pruned::default() });
    let links = stage.store.list_audit_links(0, 100).await.unwrap();
    let told: Vec<_> =
        links.iter().map(|link| (link.act.as_str(), link.subject.as_str())).collect();
    assert_eq!(told, [("destroyed", "records:voucher-batches")]);
}

#[tokio::test]
async fn every_destruction_is_written_down() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 0).await;
    stage.stop("gate", &phone, 60, 0).await;
    let reaper = reaper(&stage);
    assert_eq!(reaper.prune().await.unwrap(), Pruned::default());
    assert_eq!(stage.store.list_audit_links(0, 100).await.unwrap(), [], "nothing was destroyed");
    stage.advance(400 * 86_400);
    let pruned = reaper.prune().await.unwrap();
    assert_eq!((pruned.sessions, pruned.usage, pruned.grants, pruned.accounts), (1, 1, 1, 1));

    let links = stage.store.list_audit_links(0, 100).await.unwrap();
    let account = format!("account:{}", phone.account);
    let expected = [
        ("destroyed", "records:sessions", 365, true),
        ("destroyed", "records:grants", 365, true),
        ("destroyed", "records:usage", 365, true),
        ("account-erased", account.as_str(), 365, false),
    ];
    assert_eq!(links.len(), expected.len(), "{links:?}");
    for (link, (act, subject, days_kept, is_counted)) in links.iter().zip(expected) {
        assert_eq!((link.actor.as_str(), link.act.as_str()), ("sabeel", act));
        assert_eq!(link.subject, subject);
        let detail: serde_json::Value = serde_json::from_str(&link.detail).unwrap();
        let before = stage.clock.now() - days(days_kept);
        assert_eq!(detail["before"], before.to_string(), "{link:?}");
        assert_eq!(detail["count"].as_u64(), is_counted.then_some(1), "{link:?}");
    }

    stage.advance(600 * 86_400);
    assert_eq!(reaper.prune().await.unwrap().links, 4);
    let links = stage.store.list_audit_links(0, 100).await.unwrap();
    let acts: Vec<_> = links.iter().map(|link| link.act.as_str()).collect();
    assert!(acts.contains(&"audit-shortened"), "{acts:?}");
    let mut walk = domain::ChainWalk::new(None);
    links.iter().for_each(|link| walk.take(link).unwrap());
    walk.finish().unwrap();
}

#[tokio::test]
async fn hardware_addresses_of_what_is_over_are_hashed_after_their_days_and_that_is_written_down() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phones = [stage.sign_in(1, 1).await, stage.sign_in(2, 2).await];
    for phone in &phones {
        stage.report("gate", phone, 60, 0).await;
        stage.stop("gate", phone, 60, 0).await;
    }
    let is_hashed = || async {
        let sessions = stage.store.list_sessions(&SessionFilter::default()).await.unwrap();
        sessions.iter().map(|session| session.device.is_pseudonym()).collect::<Vec<_>>()
    };
    let reaper = reaper(&stage);
    stage.advance(30 * 86_400);
    assert_eq!(reaper.hash_addresses(1).await.unwrap(), 0);
    assert_eq!(is_hashed().await, [false; 2]);
    assert_eq!(stage.store.list_audit_links(0, 100).await.unwrap(), [], "nothing was hashed");
    stage.advance(1);
    assert_eq!(reaper.hash_addresses(1).await.unwrap(), 2, "as often as it takes");
    assert_eq!(is_hashed().await, [true; 2]);
    assert_eq!(reaper.hash_addresses(1).await.unwrap(), 0);
    let permissions = stage.store.list_grants_of_device(phones[0].device, 9).await.unwrap();
    assert_eq!(permissions, [phones[0].clone()], "a permission has days of its own");

    let links = stage.store.list_audit_links(0, 100).await.unwrap();
    assert_eq!(links.len(), 2);
    for link in &links {
        assert_eq!((link.actor.as_str(), link.act.as_str()), ("sabeel", "addresses-hashed"));
        assert_eq!(link.subject, "records:sessions");
        let detail: serde_json::Value = serde_json::from_str(&link.detail).unwrap();
        let before = stage.clock.now() - days(30);
        assert_eq!(detail, serde_json::json!({ "before": before.to_string(), "count": 1 }));
    }
    stage.advance(30 * 86_400);
    assert_eq!(reaper.hash_addresses(2).await.unwrap(), 2, "the time of the permissions");
    assert!(stage.store.find_grant(phones[0].device).await.unwrap().is_none());
}

#[tokio::test]
async fn what_the_law_held_is_destroyed_once_it_is_released() {
    let stage = Stage::new((None, None), (None, None)).await;
    let grant = stage.sign_in(1, 1).await;
    stage.report("gate", &grant, 60, 0).await;
    let (site, now) = ("walkway".parse().unwrap(), stage.clock.now());
    let reference = "K7M2QX".parse().unwrap();
    let request = domain::ErasureRequest::new(reference, grant.account, site, now);
    stage.store.add_erasure_request(&request).await.unwrap();
    stage.store.hold_account(grant.account, "letter 7", now).await.unwrap();
    let reaper = reaper(&stage);
    assert_eq!(reaper.prune().await.unwrap().accounts, 0);
    assert!(stage.store.account_record(grant.account).await.unwrap().is_some());
    stage.store.release_account(grant.account, now).await.unwrap();
    assert_eq!(reaper.prune().await.unwrap().accounts, 1);
    assert!(stage.store.account_record(grant.account).await.unwrap().is_none());
    let request = stage.store.find_erasure_request(&reference).await.unwrap().unwrap();
    assert_eq!(request.done_at, Some(now));
    assert_eq!(stage.orders().await.len(), 1, "the session is ended");
}
