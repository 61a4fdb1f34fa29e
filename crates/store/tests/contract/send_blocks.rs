//! Where no messages go: it holds at once, looks like any other answer, and ends.

use domain::*;
use store::testing::TestStore;
use store::{Act, Actor, AuditEntry, AuditSubject, Begun, Budget, NewChallenge, SendBlock};

use crate::fixtures::*;

fn policy() -> ChallengePolicy {
    ChallengePolicy::default()
}

fn ask(id: u8, number: &str, secs: u64) -> NewChallenge {
    let base = new_challenge(id, mac(id), at(secs), "482913");
    let phone = number.parse().unwrap();
    NewChallenge { challenge: Challenge { phone, ..base.challenge }, ..base }
}

async fn begin(store: &TestStore, new: &NewChallenge) -> Begun {
    store.begin_challenge(new, &Budget::NONE, &policy()).await.unwrap()
}

fn is_mute(begun: &Begun) -> bool {
    matches!(begun, Begun::Mute(over) if over.limit.counted == Counted::Blocks)
}

fn target(text: &str) -> BlockTarget {
    text.parse().unwrap()
}

async fn block(store: &TestStore, text: &str, until: Option<u64>) {
    let entry = AuditEntry {
        at: T0,
        actor: Actor::Service,
        act: Act::SendBlockSet,
        subject: AuditSubject::None,
        detail: serde_json::Map::new(),
    };
    let block =
        SendBlock { target: target(text), reason: "so".into(), at: T0, until: until.map(at) };
    store.on_record(entry).add_send_block(&block).await.unwrap();
}

pub async fn a_block_mutes_its_target_and_no_other_until_it_ends(store: TestStore) {
    set_up(&store).await;
    for (row, text, blocked, free) in [
        (0, "965", "96550000001", "97150000001"),
        (1, "96657", "966571234567", "966551234567"),
        (2, "+966551234567", "966551234567", "966551234568"),
    ] {
        let id = 1 + row * 10;
        block(&store, text, Some(60)).await;
        let free = free.replace("97150000001", "971501234567");
        assert!(is_mute(&begin(&store, &ask(id, blocked, 0)).await), "{text}");
        assert_eq!(begin(&store, &ask(id + 1, &free, 0)).await, Begun::Begins, "{text}");
        assert!(is_mute(&begin(&store, &ask(id + 2, blocked, 59)).await), "{text}");
        assert_eq!(begin(&store, &ask(id + 3, blocked, 60)).await, Begun::Begins, "{text}");
        // One that looks as if it had been sent: another code is as mute.
        let again = another_code(id + 2, "222222", at(100));
        block(&store, text, None).await;
        let sent = store.send_code_again(&again, &Budget::NONE, &policy()).await.unwrap();
        assert_eq!(sent.map(|challenge| challenge.sends), Ok(2));
        assert!(store.end_send_block(&target(text), at(200)).await.unwrap());
        assert!(!store.end_send_block(&target(text), at(200)).await.unwrap());
    }
    block(&store, "walkway", None).await;
    assert!(is_mute(&begin(&store, &ask(60, "966551234999", 300)).await));
    let open = store.find_open_challenge(&sign_in_of(mac(60))).await.unwrap();
    assert!(open.is_some(), "it looks like any other");
    let visit = store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(visit.refused, Some(Refused::First(Counted::Blocks)), "the help desk finds why");
    let messages = store.claim_messages(at(600), at(601), 50).await.unwrap();
    assert_eq!(messages.len(), 0, "what is left is too old, and nothing came after");

    let told = store.list_send_blocks(at(150)).await.unwrap();
    assert_eq!(told.len(), 4, "{told:?}");
    let numbers = told.iter().filter(|block| block.target.is_err()).count();
    assert_eq!(numbers, 1, "a number is kept as a hash");
    assert_eq!(store.prune_send_blocks(at(201)).await.unwrap(), 3);
    assert_eq!(store.list_send_blocks(T0).await.unwrap()[0].target, Ok(target("walkway")));
    assert_eq!(store.list_audit_links(0, 50).await.unwrap().len(), 7);
}

pub async fn conversion_is_counted_without_what_may_still_come(store: TestStore) {
    set_up(&store).await;
    for id in 1..=6 {
        begin(&store, &ask(id, &format!("96655123000{id}"), 0)).await;
    }
    begin(&store, &ask(7, "96550000001", 0)).await;
    begin(&store, &ask(8, "966551230008", 400)).await;
    let claimed = store.claim_messages(at(1), at(60), 1).await.unwrap().remove(0);
    let failed = MessageState::Failed { reason: "no".into() };
    store.finish_message(claimed.id, &"main".parse().unwrap(), &failed, at(2)).await.unwrap();
    for id in [5, 6] {
        let code = code("482913");
        let challenge = ChallengeId::from_bytes([id; 16]);
        let attempt = store::Attempt {
            challenge: store::Sought::Id(challenge),
            proof: store::Proof::Code(&code),
            at: at(10),
        };
        store.verify(&attempt, Purpose::SignIn, &policy()).await.unwrap().unwrap();
    }
    let count = async |since: u64, settled: u64| {
        let parts = store.count_conversion(at(since), at(settled)).await.unwrap();
        let mut told: Vec<_> = parts
            .iter()
            .map(|part| {
                let Conversion { sent, entered } = part.conversion;
                (part.country.map(Country::as_str), sent, entered)
            })
            .collect();
        told.sort_unstable();
        told
    };
    let (kw, sa) = (Some("kw"), Some("sa"));
    // Which of them the gateway refused is chance: one that came at the same moment.
    let sent = count(0, 300).await;
    let all: u64 = sent.iter().map(|(_, sent, _)| sent).sum();
    assert_eq!(
        all, 6,
        "seven were sent, one failed, and the eighth may still be entered: {sent:?}"
    );
    assert!(sent.contains(&(sa, 6, 2)) || sent.contains(&(sa, 5, 2)), "{sent:?} {kw:?}");
    assert_eq!(count(0, 400).await.iter().map(|(_, sent, _)| sent).sum::<u64>(), 7);
    assert_eq!(count(400, 400).await, [(sa, 1, 0)]);
    let part = store.count_conversion(at(400), at(400)).await.unwrap().remove(0);
    let prefix = store.find_number_block(&part.block).await.unwrap().unwrap();
    assert_eq!(prefix.as_str(), "96655123");
    assert_eq!(store.find_number_block(&[0; 32]).await.unwrap(), None);
}
