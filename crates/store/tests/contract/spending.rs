//! The money for messages: nothing passes its limits, and it is counted by days and months.

use domain::*;
use store::testing::TestStore;
use store::{
    Act, Actor, AnotherCode, AuditEntry, AuditSubject, Begun, Budget, NewChallenge, NotSent,
    SendBlock, SpendingSpan,
};

use crate::fixtures::*;

fn policy() -> ChallengePolicy {
    ChallengePolicy::default()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// A message of 0.30 in two parts, of so much a day and a month.
pub fn charge(when: Timestamp, per_day: &str, per_month: Option<&str>) -> Option<Charge> {
    let limits = SpendingLimits { per_day: money(per_day), per_month: per_month.map(money) };
    let period = SpendingPeriod::at(when);
    Some(Charge { cost: money("0.30"), segments: 2, period, limits })
}

/// A challenge of a device of its own, for a number of its own.
fn ask(id: u8, when: Timestamp) -> NewChallenge {
    let base = new_challenge(id, mac(id), when, "482913");
    let phone = format!("9665512300{id:02}").parse().unwrap();
    NewChallenge { challenge: Challenge { phone, ..base.challenge }, ..base }
}

async fn begin(store: &TestStore, new: &NewChallenge, charge: Option<Charge>) -> Begun {
    let budget = Budget { charge, ..Budget::NONE };
    store.begin_challenge(new, &budget, &policy()).await.unwrap()
}

/// Of the day: spent, messages, parts and how many were refused.
async fn told(store: &TestStore, when: Timestamp) -> (String, u64, u64, u64) {
    let day = store.find_spending(SpendingPeriod::at(when)).await.unwrap().day;
    (day.spent.to_string(), day.messages, day.segments, day.refused)
}

pub async fn no_number_of_beginnings_passes_the_money_of_a_day(store: TestStore) {
    set_up(&store).await;
    let mut devices = tokio::task::JoinSet::new();
    for id in 1..=20 {
        let store = store.shared();
        devices.spawn(async move {
            let budget = Budget { charge: charge(T0, "1.00", None), ..Budget::NONE };
            let begun = store.begin_challenge(&ask(id, T0), &budget, &policy()).await.unwrap();
            (id, begun)
        });
    }
    let outcomes = devices.join_all().await;
    let begun = outcomes.iter().filter(|(_, begun)| *begun == Begun::Begins).count();
    let spent: Vec<u8> =
        outcomes.iter().filter(|(_, begun)| *begun == Begun::Spent).map(|(id, _)| *id).collect();
    assert_eq!((begun, spent.len()), (3, 17), "{outcomes:?}");
    assert_eq!(told(&store, T0).await, ("0.90".to_owned(), 3, 6, 17));
    assert_eq!(store.claim_messages(T0, at(1), 50).await.unwrap().len(), 3);
    for id in spent {
        assert_eq!(store.find_open_challenge(&sign_in_of(mac(id))).await.unwrap(), None);
    }
    // What costs less still goes, and what costs nothing goes ever.
    let cheap = charge(T0, "1.00", None).map(|of| Charge { cost: money("0.10"), ..of });
    assert_eq!(begin(&store, &ask(31, T0), cheap).await, Begun::Begins);
    assert_eq!(begin(&store, &ask(32, T0), cheap).await, Begun::Spent);
    let refused =
        async || store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap().unwrap().refused;
    assert_eq!(refused().await, Some(Refused::First(Counted::Money)), "the help desk finds why");
    assert_eq!(store.count_refused(T0).await.unwrap(), [(Counted::Money, 1)], "one visit");
    assert_eq!(store.count_refused(at(1)).await.unwrap(), []);
    store.hash_addresses(RecordsOfDevices::Visits, at(1), 9).await.unwrap();
    let hashed = store.count_refused(T0).await.unwrap();
    assert_eq!(hashed, [(Counted::Money, 1)], "also without its address");
    assert_eq!(begin(&store, &ask(33, T0), None).await, Begun::Begins);
    assert_eq!(refused().await, None, "what was refused before is over");
}

pub async fn what_could_not_be_written_down_is_given_back(store: TestStore) {
    set_up(&store).await;
    let charge = charge(T0, "1.00", None);
    assert_eq!(begin(&store, &ask(1, T0), charge).await, Begun::Begins);
    // Another device, whose challenge has the id of the first.
    let other = ask(2, T0);
    let id = ask(1, T0).challenge.id;
    let same = NewChallenge { challenge: Challenge { id, ..other.challenge.clone() }, ..other };
    let budget = Budget { charge, ..Budget::NONE };
    let failed = store.begin_challenge(&same, &budget, &policy()).await;
    assert!(failed.is_err(), "{failed:?}");
    is_given_back(&store, ("0.30", 1, 2)).await;
    assert_eq!(begin(&store, &ask(3, T0), charge).await, Begun::Begins);
}

/// Waits until no more than this is spent, for so many messages of so many parts.
async fn is_given_back(store: &TestStore, (spent, messages, parts): (&str, u64, u64)) {
    let is_given_back = async {
        while told(store, T0).await != (spent.to_owned(), messages, parts, 0) {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, is_given_back).await.expect("it is given back");
}

/// That nothing can be sent is told of every number, or it would tell those apart to which nothing is sent.
pub async fn what_nobody_is_sent_has_to_be_paid_for_and_costs_nothing(store: TestStore) {
    set_up(&store).await;
    let target = "96655".parse().unwrap();
    let block = SendBlock { target, reason: "so".to_owned(), at: T0, until: None };
    store.add_send_block(&block).await.unwrap();
    let enough = charge(T0, "0.30", None);
    assert!(matches!(begin(&store, &ask(1, T0), enough).await, Begun::Mute(_)));
    is_given_back(&store, ("0.00", 0, 0)).await;
    let budget = Budget { charge: enough, ..Budget::NONE };
    let another = another_code(1, "222222", at(30));
    assert!(store.send_code_again(&another, &budget, &policy()).await.unwrap().is_ok());
    is_given_back(&store, ("0.00", 0, 0)).await;
    let too_little = charge(T0, "0.20", None);
    assert_eq!(begin(&store, &ask(2, T0), too_little).await, Begun::Spent);
    let budget = Budget { charge: too_little, ..Budget::NONE };
    let another = another_code(1, "333333", at(90));
    let refused = store.send_code_again(&another, &budget, &policy()).await.unwrap();
    assert_eq!(refused.unwrap_err(), NotSent::Spent);
    assert_eq!(told(&store, T0).await, ("0.00".to_owned(), 0, 0, 2));
}

pub async fn another_code_is_paid_for_as_well(store: TestStore) {
    set_up(&store).await;
    let budget = Budget { charge: charge(T0, "0.60", None), ..Budget::NONE };
    store.begin_challenge(&ask(1, T0), &budget, &policy()).await.unwrap();
    let again = async |secs| {
        let visit = ask(1, at(secs)).visit;
        let another = AnotherCode { visit, ..another_code(1, "222222", at(secs)) };
        let sent = store.send_code_again(&another, &budget, &policy()).await.unwrap();
        sent.map(|challenge| challenge.sends)
    };
    assert_eq!(again(10).await.unwrap_err().to_string(), "the next code can be sent in 20 s");
    assert_eq!(again(30).await, Ok(2));
    let visit = async || store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(visit().await.refused, None);
    assert_eq!(again(90).await, Err(NotSent::Spent));
    let VisitRecord { refused, asked_at, .. } = visit().await;
    assert_eq!((refused, asked_at), (Some(Refused::Another(Counted::Money)), at(90)));
    assert_eq!(told(&store, T0).await, ("0.60".to_owned(), 2, 4, 1));
    let open = store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap().unwrap();
    assert_eq!((open.sends, open.sent_at), (2, at(30)), "a refusal changes nothing");
}

pub async fn a_limit_is_changed_while_messages_go(store: TestStore) {
    set_up(&store).await;
    let period = SpendingPeriod::at(T0);
    let limits = charge(T0, "0.30", Some("2.00")).unwrap().limits;
    let mut id = 0;
    let mut next = async |when: Timestamp| {
        id += 1;
        begin(&store, &ask(id, when), charge(when, "0.30", Some("2.00"))).await
    };
    assert_eq!(next(T0).await, Begun::Begins);
    assert_eq!(next(T0).await, Begun::Spent);
    let stopped = async || store.find_spending(period).await.unwrap().stopped;
    assert_eq!(stopped().await, 1);
    let entry = AuditEntry {
        at: T0,
        actor: Actor::Service,
        act: Act::SpendingChanged,
        subject: AuditSubject::None,
        detail: serde_json::Map::new(),
    };
    store.on_record(entry.clone()).raise_spending(money("0.30"), period, limits).await.unwrap();
    assert_eq!(stopped().await, 0, "it tells anew");
    assert_eq!([next(T0).await, next(T0).await], [Begun::Begins, Begun::Spent]);
    let (day, more) = (SpendingSpan::Day, Some(money("0.60")));
    store.on_record(entry).set_spending_limit(day, more, period.day).await.unwrap();
    assert_eq!([next(T0).await, next(T0).await], [Begun::Begins, Begun::Spent]);
    assert_eq!(store.find_spending(period).await.unwrap().set, (more, None));
    store.set_spending_limit(day, None, period.day).await.unwrap();
    assert_eq!(next(T0).await, Begun::Spent, "what is configured holds again");
    assert_eq!(store.list_audit_links(0, 10).await.unwrap().len(), 2);

    // The next day has its own limit, within what is left of the month: 2.30 with what was allowed
    // beyond it, less 0.90.
    let tomorrow = at(86_400);
    assert_eq!([next(tomorrow).await, next(tomorrow).await], [Begun::Begins, Begun::Spent]);
    let on = SpendingPeriod::at(tomorrow);
    store.set_spending_limit(day, Some(money("100")), on.day).await.unwrap();
    for _ in 0..3 {
        assert_eq!(next(tomorrow).await, Begun::Begins);
    }
    assert_eq!(next(tomorrow).await, Begun::Spent);
    let all = store.find_spending(on).await.unwrap();
    assert_eq!((all.day.spent, all.month.spent), (money("1.20"), money("2.10")));
    assert_eq!((all.day.refused, all.month.refused), (2, 6));
    let (month, less) = (SpendingSpan::Month, Some(money("1.00")));
    store.set_spending_limit(month, less, on.day).await.unwrap();
    assert_eq!(next(tomorrow).await, Begun::Spent);
    assert_eq!(store.prune_spending(on.day).await.unwrap(), 1);
    assert_eq!(told(&store, T0).await, ("0.00".to_owned(), 0, 0, 0));
    assert_eq!(store.find_spending(on).await.unwrap().set, (Some(money("100")), less));
}

pub async fn what_no_gateway_took_is_given_back_once(store: TestStore) {
    set_up(&store).await;
    let budget = Budget { charge: charge(T0, "1.00", None), ..Budget::NONE };
    for id in 1..=2 {
        store.begin_challenge(&ask(id, T0), &budget, &policy()).await.unwrap();
    }
    let claimed = store.claim_messages(at(1), at(60), 2).await.unwrap();
    let [first, second] = [claimed[0].id, claimed[1].id];
    for _ in 0..2 {
        store.give_back(first).await.unwrap();
        assert_eq!(told(&store, T0).await, ("0.30".to_owned(), 1, 2, 0));
    }
    // Another route takes it over: for the same code the former price is given back, another code is
    // paid for beside it.
    let elsewhere = |message, code: Option<&str>, cost: &str| store::Elsewhere {
        message,
        reason: "no".to_owned(),
        from: "main".parse().unwrap(),
        to: "second".parse().unwrap(),
        code: code.map(|digits| digits.parse().unwrap()),
        at: at(2),
        charge: charge(T0, "1.00", None).map(|of| Charge { cost: money(cost), ..of }),
    };
    assert!(store.send_elsewhere(&elsewhere(second, None, "0.40")).await.unwrap());
    assert_eq!(told(&store, T0).await, ("0.40".to_owned(), 1, 2, 0));
    let third = store.claim_messages(at(3), at(60), 5).await.unwrap()[0].id;
    assert!(store.send_elsewhere(&elsewhere(third, Some("333333"), "0.50")).await.unwrap());
    assert_eq!(told(&store, T0).await, ("0.90".to_owned(), 2, 4, 0));
    let fourth = store.claim_messages(at(4), at(60), 5).await.unwrap()[0].id;
    let sent = store.send_elsewhere(&elsewhere(fourth, Some("444444"), "0.50")).await.unwrap();
    assert!(!sent, "nothing is left for a third route");
    assert_eq!(told(&store, T0).await, ("0.90".to_owned(), 2, 4, 0));
}

pub async fn what_was_spent_is_told_by_site_and_country(store: TestStore) {
    set_up(&store).await;
    let now = T0;
    let pay = charge(now, "10.00", None);
    for id in 1..=3 {
        begin(&store, &ask(id, now), pay).await;
    }
    let abroad = ask(4, now);
    let phone = "96550000001".parse().unwrap();
    let abroad = NewChallenge { challenge: Challenge { phone, ..abroad.challenge }, ..abroad };
    begin(&store, &abroad, pay).await;
    begin(&store, &ask(5, at(1)), None).await;
    let code = code("482913");
    let challenge = ChallengeId::from_bytes([2; 16]);
    let attempt = store::Attempt {
        challenge: store::Sought::Id(challenge),
        proof: store::Proof::Code(&code),
        at: at(2),
    };
    store.verify(&attempt, Purpose::SignIn, &policy()).await.unwrap().unwrap();
    let parts = store.list_spending_parts(SpendingPeriod::at(now).day).await.unwrap();
    let part = |part: &store::SpendingPart| {
        let country = part.country.map(Country::as_str);
        (part.site.clone().unwrap().to_string(), country, part.spent, part.messages, part.entered)
    };
    let walkway = || "walkway".to_owned();
    assert_eq!(
        parts.iter().map(part).collect::<Vec<_>>(),
        [
            (walkway(), Some("sa"), money("0.90"), 3, 1),
            (walkway(), Some("kw"), money("0.30"), 1, 0),
        ]
    );
}
