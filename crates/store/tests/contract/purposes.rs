//! Codes of several purposes beside each other.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{AnotherCode, Attempt, Begun, Budget, ChallengesOf, NewChallenge, NotSent, Proof};

use crate::fixtures::*;

const HOUR: u64 = 3_600;

fn policy() -> ChallengePolicy {
    ChallengePolicy::of(Purpose::ReportClose)
}

fn closing(report: &str) -> Binding {
    Binding::ReportClose { report: report.parse().unwrap() }
}

fn my_data() -> Binding {
    Binding::MyData { site: site().name, device: mac(1) }
}

/// A challenge of that binding, whose code is good for as long as its purpose says.
fn new(id: u8, binding: Binding, begun: Timestamp, code_text: &str) -> NewChallenge {
    let base = new_challenge(id, mac(1), begun, code_text);
    let code_expires_at = begun + ChallengePolicy::of(binding.purpose()).code_life;
    let challenge = Challenge { binding, code_expires_at, agreed: Vec::new(), ..base.challenge };
    NewChallenge { challenge, visit: None, ..base }
}

async fn verify(
    store: &TestStore,
    (id, purpose): (u8, Purpose),
    text: &str,
    when: Timestamp,
) -> Result<(), Verdict> {
    let attempt = Attempt {
        challenge: store::Sought::Id(ChallengeId::from_bytes([id; 16])),
        proof: Proof::Code(&code(text)),
        at: when,
    };
    let policy = ChallengePolicy::of(purpose);
    store.verify(&attempt, purpose, &policy).await.unwrap().map(drop)
}

pub async fn a_code_of_one_purpose_is_worthless_for_another(store: TestStore) {
    set_up(&store).await;
    // The same device, number and digits throughout.
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    for (id, binding) in [(2, my_data()), (3, closing("44012345"))] {
        assert_eq!(begin(&store, &new(id, binding, T0, "482913")).await, Begun::Begins);
    }
    let purposes = [(1, Purpose::SignIn), (2, Purpose::MyData), (3, Purpose::ReportClose)];
    for (id, own) in purposes {
        for (_, other) in purposes.into_iter().filter(|(_, purpose)| *purpose != own) {
            let verdict = verify(&store, (id, other), "482913", at(1)).await;
            assert_eq!(verdict, Err(Verdict::Used), "{own:?} as {other:?}");
        }
    }
    for id in [2, 3] {
        let challenge = ChallengeId::from_bytes([id; 16]);
        let attempt = Attempt {
            challenge: store::Sought::Id(challenge),
            proof: Proof::Code(&code("482913")),
            at: at(1),
        };
        let won = store.win(&attempt, &ChallengePolicy::default(), &prize(id, at(1))).await;
        assert_eq!(won.unwrap().map(drop), Err(Verdict::Used), "it lets nobody online");
    }
    assert_eq!(store.find_grant(mac(1)).await.unwrap(), None);
    // None of that was an attempt on a challenge of the right purpose.
    for (id, purpose) in purposes {
        let left = verify(&store, (id, purpose), "000000", at(2)).await;
        assert_eq!(left, Err(Verdict::Wrong { left: 4 }), "{purpose:?}");
        assert_eq!(verify(&store, (id, purpose), "482913", at(2)).await, Ok(()), "{purpose:?}");
    }
}

pub async fn a_hash_is_bound_to_purpose_and_subject(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new(1, closing("44012345"), T0, "482913")).await;
    begin(&store, &new(2, my_data(), T0, "482913")).await;
    // Somebody who can write rows makes of a code one for another report, and one that lets online.
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    for statement in [
        "UPDATE challenges SET subject = '44012346' WHERE purpose = 'report-close'",
        "UPDATE challenges SET purpose = 'sign-in' WHERE purpose = 'my-data'",
    ] {
        let done = sqlx::query(statement).execute(&raw).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    }
    let wrong = Err(Verdict::Wrong { left: 4 });
    assert_eq!(verify(&store, (1, Purpose::ReportClose), "482913", at(1)).await, wrong);
    let challenge = ChallengeId::from_bytes([2; 16]);
    let attempt = Attempt {
        challenge: store::Sought::Id(challenge),
        proof: Proof::Code(&code("482913")),
        at: at(1),
    };
    let won = store.win(&attempt, &ChallengePolicy::default(), &prize(2, at(1))).await;
    assert_eq!(won.unwrap().map(drop), wrong);
}

pub async fn a_report_is_closed_by_its_own_code_once(store: TestStore) {
    set_up(&store).await;
    let (one, other) = (closing("44012345"), closing("44012346"));
    begin(&store, &new(1, one.clone(), T0, "111111")).await;
    begin(&store, &new(2, other.clone(), T0, "222222")).await;
    assert_eq!(store.find_open_challenge(&one).await.unwrap().unwrap().id.to_bytes(), [1; 16]);
    let own = (1, Purpose::ReportClose);
    assert_eq!(verify(&store, own, "222222", at(1)).await, Err(Verdict::Wrong { left: 4 }));
    assert_eq!(verify(&store, own, "111111", at(2)).await, Ok(()));
    assert_eq!(verify(&store, own, "111111", at(3)).await, Err(Verdict::Used));
    assert_eq!(store.find_open_challenge(&one).await.unwrap(), None);
    let report = one.report().unwrap();
    let latest = store.find_latest_challenge(report).await.unwrap().unwrap();
    assert_eq!((latest.state, latest.binding), (ChallengeState::Verified, one.clone()));
    // Closed again under the same number, it is another challenge, and the latest.
    assert_eq!(begin(&store, &new(3, one.clone(), at(2), "333333")).await, Begun::Begins);
    let latest = store.find_latest_challenge(report).await.unwrap().unwrap();
    assert_eq!(latest.id.to_bytes(), [3; 16]);
    // Why a visitor is offline has nothing to do with reports.
    let told = store.list_challenges(&ChallengesOf::Phone(phone()), T0, 10).await.unwrap();
    assert_eq!(told, []);
    assert!(store.find_open_challenge(&other).await.unwrap().is_some());
}

pub async fn a_report_code_lives_for_hours_and_has_its_own_attempts(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(9, mac(1), T0, "482913")).await;
    for (id, report) in [(1, "1"), (2, "2"), (3, "3")] {
        begin(&store, &new(id, closing(report), T0, "111111")).await;
    }
    let own = |id| (id, Purpose::ReportClose);
    assert_eq!(verify(&store, own(1), "111111", at(24 * HOUR - 1)).await, Ok(()));
    assert_eq!(verify(&store, own(2), "111111", at(24 * HOUR)).await, Err(Verdict::Expired));
    for left in (0..5).rev() {
        let verdict = verify(&store, own(3), "000000", at(1)).await;
        assert_eq!(verdict, Err(Verdict::Wrong { left }));
    }
    assert_eq!(verify(&store, own(3), "111111", at(2)).await, Err(Verdict::Locked));
    // Neither the other report nor the visitor with the same number has lost an attempt.
    assert_eq!(
        verify(&store, (9, Purpose::SignIn), "000000", at(2)).await,
        Err(Verdict::Wrong { left: 4 })
    );
}

pub async fn one_challenge_of_a_report_is_open_at_a_time(store: TestStore) {
    set_up(&store).await;
    let mut requests = tokio::task::JoinSet::new();
    for id in 1..=8 {
        let store = store.shared();
        requests.spawn(async move {
            let new = new(id, closing("44012345"), T0, "111111");
            store.begin_challenge(&new, &Budget::NONE, &policy()).await.unwrap()
        });
    }
    let outcomes = requests.join_all().await;
    assert_eq!(outcomes.iter().filter(|begun| **begun == Begun::Begins).count(), 1);
    let open = store.find_open_challenge(&closing("44012345")).await.unwrap().unwrap();
    let again = |when| AnotherCode {
        route: None,
        challenge: open.id,
        code: code("222222"),
        link: None,
        text: SmsText::new("code 222222".into()),
        at: when,
        visit: None,
    };
    let sent = store.send_code_again(&again(at(59)), &Budget::NONE, &policy()).await.unwrap();
    let wait = Duration::from_secs(1);
    assert_eq!(sent, Err(NotSent::Refused(ResendRefusal::CoolingDown { wait })));
    let sent =
        store.send_code_again(&again(at(60)), &Budget::NONE, &policy()).await.unwrap().unwrap();
    assert_eq!((sent.sends, sent.code_expires_at), (2, at(48 * HOUR)));
    // The number was mistyped: the report's code goes to the right one, and the old one is void.
    let mut corrected = new(9, closing("44012345"), at(90), "333333");
    corrected.challenge.phone = "966559876543".parse().unwrap();
    assert_eq!(begin(&store, &corrected).await, Begun::Begins);
    let mistyped = *open.id.to_bytes().first().unwrap();
    let verdict = verify(&store, (mistyped, Purpose::ReportClose), "111111", at(91)).await;
    assert_eq!(verdict, Err(Verdict::Used));
}

pub async fn what_visitors_ask_for_is_counted_together_and_reports_by_themselves(store: TestStore) {
    set_up(&store).await;
    let limit =
        SendLimit { counted: Counted::SendsToNumber, window: Duration::from_secs(86_400), most: 2 };
    let ask = async |new: NewChallenge| {
        store.begin_challenge(&new, &Budget::of(&[limit]), &policy()).await.unwrap()
            == Begun::Begins
    };
    assert!(ask(new_challenge(1, mac(1), T0, "111111")).await);
    assert!(ask(new(2, my_data(), T0, "222222")).await);
    let third = Binding::MyData { site: site().name, device: mac(2) };
    assert!(!ask(new(3, third, T0, "333333")).await, "one more of both together");
    assert!(!ask(new_challenge(4, mac(3), T0, "333333")).await);
    for (id, report, expected) in [(5, "5", true), (6, "6", true), (7, "7", false)] {
        assert_eq!(ask(new(id, closing(report), T0, "444444")).await, expected, "report {report}");
    }
    let device = SendLimit { counted: Counted::SendsOfDevice, ..limit };
    let another = Binding::MyData { site: "park".parse().unwrap(), device: mac(1) };
    let begun = store
        .begin_challenge(&new(8, another, T0, "555555"), &Budget::of(&[device]), &policy())
        .await;
    assert!(matches!(begun.unwrap(), Begun::Over(_)), "the device has had two of both purposes");
}

pub async fn messages_of_940_wait_behind_sign_ins(store: TestStore) {
    set_up(&store).await;
    for (id, report) in [(1, "1"), (2, "2"), (3, "3")] {
        begin(&store, &new(id, closing(report), at(id.into()), "111111")).await;
    }
    assert_eq!(store.count_waiting_messages(Urgency::Ordinary).await.unwrap(), 3);
    begin(&store, &new(8, my_data(), at(10), "888888")).await;
    begin(&store, &new_challenge(9, mac(9), at(11), "999999")).await;
    assert_eq!(store.count_waiting_messages(Urgency::Awaited).await.unwrap(), 2);
    let ahead = async |challenge: u8| {
        store.messages_ahead(ChallengeId::from_bytes([challenge; 16])).await.unwrap()
    };
    assert_eq!((ahead(1).await, ahead(3).await), (Some(0), Some(2)));
    assert_eq!((ahead(8).await, ahead(9).await), (Some(0), Some(1)), "reports are not ahead");
    let mut words = Vec::new();
    for limit in [3, 5] {
        let claimed = store.claim_messages(at(12), at(100), limit).await.unwrap();
        words.extend(claimed.into_iter().map(|message| message.text.expose().to_owned()));
    }
    let order = ["888888", "999999", "111111", "111111", "111111"];
    assert_eq!(words, order.map(|code| format!("code {code}")));
    let told = store.count_waiting_messages(Urgency::Ordinary).await.unwrap();
    assert_eq!(told, 3, "until the gateway has taken them");
    assert_eq!(ahead(9).await, Some(1));
    let taken = store.claim_messages(at(200), at(250), 1).await.unwrap();
    let accepted = MessageState::Accepted { reference: None };
    store.finish_message(taken[0].id, &"main".parse().unwrap(), &accepted, at(201)).await.unwrap();
    assert_eq!((ahead(8).await, ahead(9).await), (None, Some(0)));
}
