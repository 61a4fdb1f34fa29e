use domain::*;
use store::testing::TestStore;
use store::{Attempt, ChallengesOf, CredentialUse, OrderFilter, Proof, SessionFilter};

use crate::fixtures::*;

pub async fn what_happened_is_told_without_numbers_and_codes(store: TestStore) {
    set_up(&store).await;
    let policy = ChallengePolicy::default();
    begin(&store, &new_challenge(1, mac(1), T0, "123456")).await;
    let attempt = async |code: Code| {
        let attempt = Attempt {
            challenge: store::Sought::Id(ChallengeId::from_bytes([1; 16])),
            proof: Proof::Code(&code),
            at: at(9),
        };
        store.win(&attempt, &policy, &prize(1, at(9))).await.unwrap()
    };
    assert!(attempt(code("654321")).await.is_err());
    let first = attempt(code("123456")).await.unwrap().grant;
    let message = store.claim_messages(at(1), at(30), 1).await.unwrap().pop().unwrap();
    let accepted = MessageState::Accepted { reference: Some("r1".into()) };
    store.finish_message(message.id, &"main".parse().unwrap(), &accepted, at(2)).await.unwrap();
    begin(&store, &new_challenge(2, mac(2), at(60), "111111")).await;

    let of_phone = ChallengesOf::Phone(phone());
    let told = store.list_challenges(&of_phone, T0, 10).await.unwrap();
    let ids: Vec<_> = told.iter().map(|challenge| challenge.id.to_bytes()[0]).collect();
    assert_eq!(ids, [2, 1], "newest first");
    assert_eq!(store.list_challenges(&of_phone, at(1), 10).await.unwrap().len(), 1);
    assert_eq!(store.list_challenges(&of_phone, T0, 1).await.unwrap().len(), 1);
    let told = store.list_challenges(&ChallengesOf::Device(mac(1)), T0, 10).await.unwrap();
    let [challenge] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((challenge.state, challenge.attempts), (ChallengeState::Verified, 2));
    let [sent] = challenge.messages.as_slice() else { panic!("{challenge:?}") };
    assert_eq!((sent.created_at, sent.done_at, &sent.state), (T0, Some(at(2)), &accepted));
    let words = format!("{challenge:?}");
    assert!(!words.contains("551234567") && !words.contains("123456"), "{words}");

    let second = store.sign_in(&sign_in(3, mac(1), at(20))).await.unwrap().grant;
    let grants = store.list_grants_of_device(mac(1), 10).await.unwrap();
    assert_eq!(grants.iter().map(|grant| grant.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(store.list_grants_of_device(mac(1), 1).await.unwrap(), grants[..1]);
    let credential = Credential {
        id: CredentialId::from_bytes([5; 16]),
        password: "a password of ours".parse().unwrap(),
        grant: second.id,
        device: mac(1),
        nas: "gate".parse().unwrap(),
        expires_at: at(100),
    };
    store.add_credential(&credential).await.unwrap();
    let used = CredentialUse { credential: credential.id, nas: credential.nas };
    store.consume_credentials(&[used], at(25)).await.unwrap();
    let used = store.list_credentials_of_grant(second.id, 10).await.unwrap();
    assert_eq!(used.iter().map(|told| told.used_at).collect::<Vec<_>>(), [Some(at(25))]);
    assert!(store.list_credentials_of_grant(first.id, 10).await.unwrap().is_empty());
}

pub async fn a_session_is_found_by_the_access_points_name_and_a_device_everywhere(
    store: TestStore,
) {
    set_up(&store).await;
    for (number, session) in [(1, 1), (2, 2)] {
        let report = record(at(60), session, AccountingEvent::Started, usage(0, 0, 0));
        let until = store::JournalPosition { segment: 1, offset: number };
        store.apply("a", &[report], until).await.unwrap();
    }
    let found = store.list_sessions_called("s2", 10).await.unwrap();
    assert_eq!(found.iter().map(|session| session.device).collect::<Vec<_>>(), [mac(2)]);
    assert!(store.list_sessions_called("s3", 10).await.unwrap().is_empty());
    let of_device = SessionFilter { device: Some(mac(1)), ..SessionFilter::default() };
    assert_eq!(store.list_sessions(&of_device).await.unwrap().len(), 1);
    for (id, device) in [(1, mac(1)), (2, mac(2))] {
        let order = NasOrder {
            id: OrderId::from_bytes([id; 16]),
            nas: "gate".parse().unwrap(),
            kind: OrderKind::Disconnect,
            device,
            session: None,
            reason: OrderReason::Admin,
            created_at: at(70),
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 0, next_at: at(70) },
        };
        assert!(store.add_order(&order).await.unwrap());
    }
    let of_device = OrderFilter { device: Some(mac(2)), ..OrderFilter::latest(10) };
    let orders = store.list_orders(&of_device).await.unwrap();
    assert_eq!(orders.iter().map(|order| order.device).collect::<Vec<_>>(), [mac(2)]);
}
