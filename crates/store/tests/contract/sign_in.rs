use std::sync::Arc;
use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{
    AnotherCode, Attempt, Begun, Budget, ChallengesOf, CredentialUse, Credentials, DeviceAtDoor,
    Eraser, Erasure, NewChallenge, Prize, Proof, SignIn, Sought, SqlStore, Store, Trail,
    TrailArchive, TrailEvent, TrailKind, TrailSettings, Wanted,
};
use tokio_util::sync::CancellationToken;

use crate::fixtures::*;

fn policy() -> ChallengePolicy {
    ChallengePolicy::default()
}

/// Tries a code; the right one makes a grant with the id of the challenge.
async fn try_code(
    store: &Arc<dyn Store>,
    id: u8,
    text: &str,
    when: Timestamp,
) -> Result<(), Verdict> {
    let attempt = Attempt {
        challenge: Sought::Id(ChallengeId::from_bytes([id; 16])),
        proof: Proof::Code(&code(text)),
        at: when,
    };
    store.win(&attempt, &policy(), &prize(id, when)).await.unwrap().map(drop)
}

/// How many messages were written for a device since then.
async fn sends(store: &TestStore, device: MacAddress, since: Timestamp) -> usize {
    let told = store.list_challenges(&ChallengesOf::Device(device), T0, 10).await.unwrap();
    let messages = told.iter().flat_map(|challenge| &challenge.messages);
    messages.filter(|message| message.created_at >= since).count()
}

pub async fn at_most_five_attempts_are_compared_however_many_come_at_once(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.shared();
        attempts.spawn(async move { try_code(&store, 1, "000000", at(1)).await.unwrap_err() });
    }
    let verdicts = attempts.join_all().await;
    let compared =
        verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Wrong { .. })).count();
    let locked = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Locked)).count();
    assert_eq!((compared, locked), (5, 15));
    assert_eq!(try_code(&store, 1, "482913", at(2)).await, Err(Verdict::Locked));
}

pub async fn a_device_is_let_in_without_a_code_once_however_often_it_asks(store: TestStore) {
    set_up(&store).await;
    let claimed = |id: u8, device, when| {
        let sign_in = sign_in(id, device, when);
        let claim = Claim { phone: phone(), grant: sign_in.grant.id };
        SignIn { identity: Identity::Claimed(claim), devices: 1, ..sign_in }
    };
    let visit = new_challenge(1, mac(1), T0, "482913").visit.unwrap();
    let (plan, day) = ("visitor".parse().unwrap(), Duration::from_secs(86_400));
    assert!(!store.was_let_in(mac(1), &plan, T0 - day).await.unwrap());
    let mut let_in = Vec::new();
    // The first of them make the connections, so only later ones meet.
    for device in (1..=10).rev().map(mac) {
        let mut tasks = tokio::task::JoinSet::new();
        for id in 1..=8 {
            let (id, [.., last]) = (id * 16, device.octets());
            let (store, visit) = (store.shared(), visit.clone());
            let sign_in = claimed(id + last, device, T0);
            let once = async move { store.sign_in_once(&sign_in, &visit, T0 - day).await.unwrap() };
            tasks.spawn(once);
        }
        let_in = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(let_in.len(), 1, "{device}");
    }
    assert_eq!(store.find_grant(mac(1)).await.unwrap(), Some(let_in[0].grant.clone()));
    assert_eq!(store.find_visit(&visit.reference).await.unwrap(), Some(visit.clone()));
    for (plan, was) in [("visitor", true), ("other", false)] {
        let plan = plan.parse().unwrap();
        assert_eq!(store.was_let_in(mac(1), &plan, T0 - day).await.unwrap(), was);
        assert!(!store.was_let_in(mac(1), &plan, T0).await.unwrap());
    }
    // Whoever types the same number shares nothing with the first, nor with whom a code shows to have it.
    let other = store.sign_in_once(&claimed(9, mac(11), T0), &visit, T0 - day).await.unwrap();
    let other = other.unwrap();
    assert_ne!(other.grant.account, let_in[0].grant.account);
    assert_eq!(other.retired.len(), 0);
    assert_eq!(store.find_account(&phone().into()).await.unwrap(), None);
    let claim = Identity::Claimed(Claim { phone: phone(), grant: other.grant.id });
    let known = store.find_account(&claim).await.unwrap().unwrap();
    assert_eq!((known.id, known.identity), (other.grant.account, claim));
    let next = store.sign_in_once(&claimed(10, mac(1), T0 + day), &visit, T0).await.unwrap();
    assert!(next.is_some());
}

pub async fn the_right_code_wins_once(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    assert_eq!(try_code(&store, 1, "482914", at(1)).await, Err(Verdict::Wrong { left: 4 }));
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let store = store.shared();
        attempts.spawn(async move { try_code(&store, 1, "482913", at(2)).await });
    }
    let verdicts = attempts.join_all().await;
    let won = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert_eq!(won, 1, "{verdicts:?}");
    let grant = store.find_grant(mac(1)).await.unwrap().unwrap();
    assert!(grant.holds(at(2)) && grant.site == site().name, "the grant is the challenge's");
    assert_eq!(try_code(&store, 1, "482913", at(3)).await, Err(Verdict::Used));
    assert_eq!(
        try_code(&store, 9, "482913", at(3)).await,
        Err(Verdict::Used),
        "an unknown challenge"
    );
}

pub async fn a_code_and_its_grant_are_one(store: TestStore) {
    set_up(&store).await;
    store.sign_in(&sign_in(7, mac(7), T0)).await.unwrap();
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let challenge = ChallengeId::from_bytes([1; 16]);
    let attempt = Attempt {
        challenge: Sought::Id(challenge),
        proof: Proof::Code(&code("482913")),
        at: at(1),
    };
    // A grant of that id is there already: what the code wins cannot be written.
    assert!(store.win(&attempt, &policy(), &prize(7, at(1))).await.is_err());
    assert_eq!(store.find_grant(mac(1)).await.unwrap(), None);
    assert_eq!(try_code(&store, 1, "482913", at(2)).await, Ok(()), "the code was not used up");
    assert!(store.find_grant(mac(1)).await.unwrap().is_some());
}

pub async fn a_code_is_found_by_what_it_is_bound_to_and_wins_its_credential(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let credential = Credential { grant: GrantId::from_bytes([7; 16]), ..credential(5) };
    let win = async |device: u8, text: &str, when: u64| {
        let binding = Binding::SignIn { site: "walkway".parse().unwrap(), device: mac(device) };
        let (code, challenge) = (code(text), Sought::OpenOf(&binding));
        let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(when) };
        let prize = Prize { credential: Some(credential.clone()), ..prize(7, at(when)) };
        store.win(&attempt, &policy(), &prize).await.unwrap().map(drop)
    };
    let found = async || store.find_credentials(&[credential.id], at(3)).await.unwrap().len();
    assert_eq!(win(2, "482913", 1).await, Err(Verdict::Used), "another device's");
    assert_eq!(win(1, "482914", 1).await, Err(Verdict::Wrong { left: 4 }));
    assert_eq!(found().await, 0);
    assert_eq!(win(1, "482913", 2).await, Ok(()));
    assert_eq!(found().await, 1);
    assert_eq!(win(1, "482913", 3).await, Err(Verdict::Used), "none is open any more");
}

pub async fn a_code_sent_earlier_stays_good_for_its_own_life(store: TestStore) {
    set_up(&store).await;
    for (id, text, when, accepted) in
        [(1, "111111", 200, true), (2, "111111", 301, false), (3, "222222", 301, true)]
    {
        begin(&store, &new_challenge(id, mac(id), T0, "111111")).await;
        let another = another_code(id, "222222", at(40));
        let sent = store.send_code_again(&another, &Budget::NONE, &policy()).await.unwrap();
        assert_eq!(sent.map(|challenge| challenge.sends), Ok(2));
        let verdict = try_code(&store, id, text, at(when)).await;
        assert_eq!(verdict.is_ok(), accepted, "{id}: {verdict:?}");
    }
    begin(&store, &new_challenge(4, mac(4), T0, "111111")).await;
    assert_eq!(try_code(&store, 4, "111111", at(300)).await, Err(Verdict::Expired));
}

pub async fn another_message_waits_for_its_cooldown(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "111111")).await;
    let again = |when: Timestamp| {
        let store = store.shared();
        async move {
            let another = another_code(1, "222222", when);
            store.send_code_again(&another, &Budget::NONE, &policy()).await.unwrap().map(drop)
        }
    };
    let wait = Duration::from_secs(20);
    assert_eq!(again(at(10)).await, Err(ResendRefusal::CoolingDown { wait }.into()));
    let (one, other) = tokio::join!(again(at(30)), again(at(30)));
    assert!(one.is_ok() != other.is_ok(), "of two at once, one sends: {one:?} {other:?}");
    assert_eq!(again(at(90)).await, Ok(()));
    assert_eq!(again(at(299)).await, Err(ResendRefusal::SendsUsedUp.into()));
    assert_eq!(sends(&store, mac(1), T0).await, 3);
}

pub async fn a_challenge_for_another_number_abandons_the_old_one(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "111111")).await;
    let other = to_number(new_challenge(2, mac(1), at(60), "222222"), "966559876543");
    assert_eq!(begin(&store, &other).await, Begun::Begins);
    let open = store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap().unwrap();
    assert_eq!(open, other.challenge);
    assert_eq!(try_code(&store, 1, "111111", at(61)).await, Err(Verdict::Used));
    store.abandon_challenge(open.id).await.unwrap();
    assert_eq!(store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap(), None);
    assert_eq!(store.prune_challenges(at(30)).await.unwrap(), 1);
    let asked = other.visit.as_ref().unwrap();
    let visit = store.find_visit(&asked.reference).await.unwrap();
    assert_eq!(visit, other.visit, "as it was when the last number was typed");
    assert_eq!(store.prune_visits(at(60)).await.unwrap(), 0);
    assert_eq!(store.prune_visits(at(61)).await.unwrap(), 1);
}

pub async fn beginnings_at_the_same_time_send_one_message(store: TestStore) {
    set_up(&store).await;
    let mut taps = tokio::task::JoinSet::new();
    for id in 1..=12 {
        let store = store.shared();
        taps.spawn(async move {
            let new = new_challenge(id, mac(1), T0, "111111");
            store.begin_challenge(&new, &Budget::NONE, &policy()).await.unwrap()
        });
    }
    let outcomes = taps.join_all().await;
    let begun = outcomes.iter().filter(|begun| **begun == Begun::Begins).count();
    let going_on = outcomes.iter().filter(|begun| matches!(begun, Begun::GoesOn(_))).count();
    assert_eq!((begun, going_on), (1, 11));
    assert_eq!(sends(&store, mac(1), T0).await, 1);
    // Past its time the same number begins again.
    assert_eq!(begin(&store, &new_challenge(13, mac(1), at(600), "222222")).await, Begun::Begins);
}

pub async fn no_number_of_beginnings_passes_a_limit(store: TestStore) {
    set_up(&store).await;
    let minute = Duration::from_secs(60);
    let limit = |counted, most| SendLimit { counted, window: minute, most };
    for (counted, most) in [(Counted::ChallengesOfNumber, 3), (Counted::SendsToNumber, 2)] {
        let number = format!("96655000000{most}");
        let mut devices = tokio::task::JoinSet::new();
        for id in 0..9 {
            let store = store.shared();
            let new = to_number(
                new_challenge(most * 10 + id, mac(most * 10 + id), T0, "111111"),
                &number,
            );
            let limits = [limit(counted, most.into())];
            devices.spawn(async move {
                store.begin_challenge(&new, &Budget::of(&limits), &policy()).await.unwrap()
            });
        }
        let outcomes = devices.join_all().await;
        let begun = outcomes.iter().filter(|begun| **begun == Begun::Begins).count();
        assert_eq!(begun, usize::from(most), "{counted:?}: {outcomes:?}");
    }
    // What is counted goes by time, and a refusal tells for how long.
    let of_device = [limit(Counted::SendsOfDevice, 2), limit(Counted::NumbersOfDevice, 1)];
    let ask = async |id: u8, number: &str, secs: u64| {
        let new = to_number(new_challenge(id, mac(9), at(secs), "111111"), number);
        store.begin_challenge(&new, &Budget::of(&of_device), &policy()).await.unwrap()
    };
    assert_eq!(ask(91, "966551111111", 0).await, Begun::Begins);
    let over = |counted, most, wait| {
        Begun::Over(OverLimit { limit: limit(counted, most), wait: Duration::from_secs(wait) })
    };
    assert_eq!(ask(92, "966552222222", 20).await, over(Counted::NumbersOfDevice, 1, 40));
    let open = store.find_open_challenge(&sign_in_of(mac(9))).await.unwrap().unwrap();
    assert_eq!(open.id.to_bytes(), [91; 16], "what is refused gives nothing up");
    let reference = "K7M2QX".parse().unwrap();
    let visit = store.find_visit(&reference).await.unwrap().unwrap();
    let refused = Some(Refused::First(Counted::NumbersOfDevice));
    assert_eq!((visit.asked_at, visit.refused), (at(20), refused));
    let again = async |id: u8, secs: u64| {
        let another = another_code(id, "222222", at(secs));
        store
            .send_code_again(&another, &Budget::of(&of_device), &policy())
            .await
            .unwrap()
            .map(|sent| sent.sends)
    };
    assert_eq!(again(91, 30).await, Ok(2));
    store.abandon_challenge(open.id).await.unwrap();
    assert_eq!(ask(93, "966551111111", 40).await, over(Counted::SendsOfDevice, 2, 20));
    assert_eq!(ask(94, "966551111111", 60).await, Begun::Begins);
    // The number of numbers is no matter of another message to one of them.
    assert_eq!(again(94, 95).await, Ok(2));
}

pub async fn a_visit_keeps_the_first_and_the_last_of_what_was_refused(store: TestStore) {
    set_up(&store).await;
    let reference = "K7M2QX".parse().unwrap();
    let kept = async || store.find_visit(&reference).await.unwrap().unwrap();
    let refusal = |why, secs| Refusal { why, at: at(secs) };
    let (letters, unseen) = (EntryRefusal::Number(PhoneError::Letters), EntryRefusal::Unseen);
    let (first, early) = (Refused::Entry(letters), Refused::Entry(unseen));
    let visit = |secs| VisitRecord {
        asked_at: at(secs),
        ..new_challenge(1, mac(1), T0, "111111").visit.unwrap()
    };
    store.note_refusal(&visit(5), letters).await.unwrap();
    let once = Refusals { count: 1, first: refusal(first, 5), last: refusal(first, 5) };
    let expected = VisitRecord { refused: Some(first), refusals: Some(once), ..visit(5) };
    assert_eq!(kept().await, expected);
    store.note_refusal(&visit(9), unseen).await.unwrap();
    let twice = Refusals { count: 2, last: refusal(early, 9), ..once };
    let expected = VisitRecord { refused: Some(early), refusals: Some(twice), ..visit(9) };
    assert_eq!(kept().await, expected);
    assert_eq!(store.count_refused(T0).await.unwrap(), [], "no message came into question");
    // A number is taken, and its message has a link.
    let link = "abcdefghij".parse::<LinkToken>().unwrap();
    let new = new_challenge(1, mac(1), at(20), "111111");
    let new = NewChallenge { link: Some(link.clone()), visit: Some(visit(20)), ..new };
    assert_eq!(begin(&store, &new).await, Begun::Begins);
    let expected = VisitRecord { refusals: Some(twice), ..visit(20) };
    assert_eq!(kept().await, expected, "what was refused before is still told");
    // What is refused afterwards takes the place of the last, and tells nothing of the number.
    let elsewhere = VisitRecord { nas: "pole".parse().unwrap(), ..visit(30) };
    store.note_refusal(&elsewhere, EntryRefusal::Forms).await.unwrap();
    let last = refusal(Refused::Entry(EntryRefusal::Forms), 30);
    let thrice = Refusals { count: 3, last, ..once };
    assert_eq!(kept().await, VisitRecord { refusals: Some(thrice), ..visit(20) });
    // Whoever claims that the device is elsewhere leads no link there.
    let strange = VisitRecord { reference: "222222".parse().unwrap(), ..elsewhere };
    store.note_refusal(&strange, EntryRefusal::Unseen).await.unwrap();
    let linked = store.find_linked(&link).await.unwrap().unwrap();
    assert_eq!(linked.nas, Some(visit(0).nas));
}

fn to_number(new: NewChallenge, number: &str) -> NewChallenge {
    let phone = number.parse().unwrap();
    NewChallenge { challenge: Challenge { phone, ..new.challenge }, ..new }
}

pub async fn the_oldest_device_gives_way(store: TestStore) {
    set_up(&store).await;
    for id in 1..=3 {
        let outcome = store.sign_in(&sign_in(id, mac(id), at(u64::from(id)))).await.unwrap();
        assert_eq!(outcome.grant.account, AccountId::from_bytes([1; 16]));
        let retired: Vec<_> = outcome.retired.iter().map(|grant| grant.device).collect();
        assert_eq!(retired, if id == 3 { vec![mac(1)] } else { vec![] });
    }
    let retired = store.find_grant(mac(1)).await.unwrap().unwrap();
    assert_eq!(retired.state, GrantState::Ended { at: at(3), why: GrantEnd::DeviceRetired });
    assert!(store.find_grant(mac(2)).await.unwrap().unwrap().holds(at(4)));
    for (grant, gave_way) in [(1, 0), (2, 0), (3, 1)] {
        let counted = store.count_retired(GrantId::from_bytes([grant; 16])).await.unwrap();
        assert_eq!(counted, gave_way, "when grant {grant} was made");
    }
}

pub async fn the_same_number_is_the_same_account(store: TestStore) {
    set_up(&store).await;
    store.sign_in(&sign_in(1, mac(1), at(1))).await.unwrap();
    store.sign_in(&sign_in(2, mac(1), at(50))).await.unwrap();
    let account = store.find_account(&phone().into()).await.unwrap().unwrap();
    assert_eq!((account.created_at, account.verified_at), (at(1), at(50)));
    let record = store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!(record.devices.len(), 1);
    assert_eq!(record.consents.len(), 2);
    assert_eq!(record.grants.len(), 2);
    let replaced = store.find_grant_by_id(GrantId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert_eq!(replaced.state, GrantState::Ended { at: at(50), why: GrantEnd::Replaced });
}

pub async fn a_device_is_a_stranger_until_something_began_for_it(store: TestStore) {
    set_up(&store).await;
    let site = site().name;
    let at_door = async |device, when| store.find_at_door(device, &site, when).await.unwrap();
    let stranger = DeviceAtDoor { language: None, is_stranger: true };
    let version = |device| store.versions().of_device(device);
    let (before, other) = (version(mac(1)), version(mac(2)));
    assert_eq!(at_door(mac(1), T0).await, stranger);
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    assert_ne!(version(mac(1)), before, "whoever remembers it as a stranger knows better");
    assert_eq!(version(mac(2)), other);
    assert_eq!(
        at_door(mac(1), at(1)).await,
        DeviceAtDoor { is_stranger: false, ..stranger.clone() }
    );
    assert_eq!(at_door(mac(2), at(1)).await, stranger);
    let before = version(mac(1));
    try_code(&store, 1, "482913", at(2)).await.unwrap();
    assert_ne!(version(mac(1)), before);
    let language = Some(Language::arabic());
    let owned = DeviceAtDoor { language, is_stranger: false };
    assert_eq!(at_door(mac(1), at(3)).await, owned);
    let until = store.find_grant(mac(1)).await.unwrap().unwrap().until;
    assert_eq!(at_door(mac(1), until).await, DeviceAtDoor { is_stranger: true, ..owned });
}

pub async fn a_credential_is_used_once_and_only_in_time(store: TestStore) {
    set_up(&store).await;
    let credential = credential(5);
    store.add_credential(&credential).await.unwrap();
    let find = async |at| {
        let mut found = store.find_credentials(&[credential.id], at).await.unwrap();
        found.remove(&credential.id).map(|found| found.unwrap())
    };
    let found = find(at(10)).await.unwrap();
    assert_eq!((found.password, found.device), (credential.password.clone(), mac(1)));
    assert!(find(at(90)).await.is_none());
    for (nas, seconds, used) in
        [("other", 10, false), ("gate", 90, false), ("gate", 10, true), ("gate", 11, false)]
    {
        let done = store.consume_credentials(&[used_by(5, nas)], at(seconds)).await.unwrap();
        assert_eq!(done, [used], "{nas} after {seconds} s");
    }
    assert!(find(at(11)).await.is_none());
    let again = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let done = again.consume_credentials(&[used_by(5, "gate")], at(12)).await.unwrap();
    assert_eq!(done, [false], "who starts anew knows what was used");
    assert_eq!(store.prune_credentials(at(100)).await.unwrap(), 1);
}

pub async fn of_many_uses_each_is_settled_by_itself(store: TestStore) {
    set_up(&store).await;
    assert!(store.consume_credentials(&[], at(10)).await.unwrap().is_empty());
    for number in [1, 2, 3, 4, 6] {
        store.add_credential(&credential(number)).await.unwrap();
    }
    store.add_credential(&Credential { expires_at: at(5), ..credential(7) }).await.unwrap();
    assert_eq!(store.consume_credentials(&[used_by(6, "gate")], at(9)).await.unwrap(), [true]);
    let uses = [
        (4, "gate", true),
        (1, "gate", true),
        (9, "gate", false),
        (2, "other", false),
        (1, "gate", false),
        (6, "gate", false),
        (7, "gate", false),
        (3, "other", false),
        (3, "gate", true),
        (3, "gate", false),
        (1, "gate", false),
    ];
    let given: Vec<_> = uses.iter().map(|(number, nas, _)| used_by(*number, nas)).collect();
    let expected: Vec<_> = uses.iter().map(|(.., done)| *done).collect();
    assert_eq!(store.consume_credentials(&given, at(10)).await.unwrap(), expected);
    let ids: Vec<_> = (0..=9).map(|number| credential(number).id).collect();
    let left = store.find_credentials(&ids, at(10)).await.unwrap();
    assert_eq!(left.into_keys().collect::<Vec<_>>(), [credential(2).id]);
}

pub async fn a_credential_wins_once_however_many_servers_use_it_up_together(store: TestStore) {
    set_up(&store).await;
    for number in 0..60 {
        store.add_credential(&credential(number)).await.unwrap();
    }
    let mut servers = tokio::task::JoinSet::new();
    for server in 0..6 {
        let store = store.shared();
        servers.spawn(async move {
            // Overlapping, and each in an order of its own.
            let mut numbers: Vec<u8> = (0..60).collect();
            numbers.rotate_left(server * 10);
            if server % 2 == 1 {
                numbers.reverse();
            }
            let uses: Vec<_> = numbers.iter().map(|number| used_by(*number, "gate")).collect();
            let done = store.consume_credentials(&uses, at(10)).await.unwrap();
            numbers
                .into_iter()
                .zip(done)
                .filter(|(_, done)| *done)
                .map(|(number, _)| number)
                .collect::<Vec<_>>()
        });
    }
    let mut winners: Vec<u8> = servers.join_all().await.into_iter().flatten().collect();
    winners.sort_unstable();
    assert_eq!(winners, (0..60).collect::<Vec<_>>());
}

pub async fn a_credential_that_cannot_be_read_spoils_no_other(store: TestStore) {
    set_up(&store).await;
    for number in [1, 2] {
        store.add_credential(&credential(number)).await.unwrap();
    }
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let damage = "UPDATE credentials SET password = id WHERE id = $1";
    sqlx::query(damage).bind(vec![2_u8; 16]).execute(&pool).await.unwrap();
    let found =
        store.find_credentials(&[credential(1).id, credential(2).id], at(10)).await.unwrap();
    let is_read: Vec<_> = found.values().map(Result::is_ok).collect();
    assert_eq!(is_read, [true, false]);
}

pub async fn of_changes_that_come_together_one_that_fails_spoils_no_other(store: TestStore) {
    set_up(&store).await;
    store.add_credential(&credential(7)).await.unwrap();
    let mut adding = tokio::task::JoinSet::new();
    // Every third is refused, for the number is taken; every fourth is given up at some point.
    for number in 10..90 {
        let id = if number % 3 == 0 { 7 } else { number };
        let shared = store.shared();
        let task =
            adding.spawn(async move { (number, shared.add_credential(&credential(id)).await) });
        if number % 4 == 0 {
            tokio::task::yield_now().await;
            task.abort();
        }
    }
    while let Some(added) = adding.join_next().await {
        match added {
            Ok((number, outcome)) => assert_eq!(outcome.is_ok(), number % 3 != 0, "{number}"),
            Err(error) => assert!(error.is_cancelled()),
        }
    }
    let wanted: Vec<_> = (10..90).map(|number| credential(number).id).collect();
    let found = store.find_credentials(&wanted, at(10)).await.unwrap();
    for number in (10..90).filter(|number| number % 4 != 0) {
        assert_eq!(found.contains_key(&credential(number).id), number % 3 != 0, "{number}");
    }
    // Whoever comes later is not kept waiting by what was given up.
    store.add_credential(&credential(91)).await.unwrap();
}

fn credential(number: u8) -> Credential {
    Credential {
        id: CredentialId::from_bytes([number; 16]),
        password: "oneTimePassword".parse().unwrap(),
        grant: GrantId::from_bytes([1; 16]),
        device: mac(1),
        nas: "gate".parse().unwrap(),
        expires_at: at(90),
    }
}

fn used_by(number: u8, nas: &str) -> CredentialUse {
    CredentialUse { credential: credential(number).id, nas: nas.parse().unwrap() }
}

pub async fn an_erased_person_leaves_nothing_behind(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "111111")).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let report = record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100));
    let until = store::JournalPosition { segment: 1, offset: 10 };
    store.apply("journal", &[report], until).await.unwrap();
    assert!(store.erase_account(grant.account, at(90)).await.unwrap());
    assert!(!store.erase_account(grant.account, at(90)).await.unwrap());
    assert_eq!(store.find_account(&phone().into()).await.unwrap(), None);
    assert_eq!(store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.find_grant(mac(1)).await.unwrap(), None);
    assert_eq!(store.list_challenges(&ChallengesOf::Phone(phone()), T0, 10).await.unwrap(), []);
    assert_eq!(
        store.usage_of_day(grant.account, Zone::riyadh().day_of(at(60))).await.unwrap(),
        Usage::default()
    );
    let session = store.find_session(SessionId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert_eq!((session.device, session.user_name.as_str(), session.address), (mac(0), "", None));
    let erasure = Erasure {
        erased_at: at(90),
        account: grant.account,
        grants: vec![grant.id],
        devices: vec![mac(1)],
    };
    assert_eq!(store.list_erasures(at(90)).await.unwrap(), [erasure]);
    assert_eq!(store.list_erasures(at(91)).await.unwrap(), []);
    assert_eq!(store.prune_erasures(at(90)).await.unwrap(), 0);
    assert_eq!(store.prune_erasures(at(91)).await.unwrap(), 1);
}

pub async fn a_device_that_is_somebody_elses_by_now_is_not_erased(store: TestStore) {
    set_up(&store).await;
    let first = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let mut other = sign_in(2, mac(1), at(10));
    other.identity = "+966557654321".parse().unwrap();
    other.new_account = AccountId::from_bytes([9; 16]);
    let second = store.sign_in(&other).await.unwrap().grant;
    assert_ne!(first.account, second.account);
    store.erase_account(first.account, at(90)).await.unwrap();
    let erasures = store.list_erasures(T0).await.unwrap();
    assert_eq!((&erasures[0].grants[..], &erasures[0].devices[..]), (&[first.id][..], &[][..]));
}

pub async fn a_person_leaves_also_the_trail_of_a_machine_that_was_down(store: TestStore) {
    set_up(&store).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let dir = tempfile::tempdir().unwrap();
    let settings = TrailSettings { min_free_octets: 0, ..TrailSettings::default() };
    let rejected = TrailKind::Rejected { rule: "rejected-no-grant", renews: None };
    let note = |trail: &Trail, device| {
        trail.note(&TrailEvent { device: Some(device), ..TrailEvent::new(T0, rejected) });
    };
    let is_there = |device| {
        let wanted = Wanted { devices: vec![device], ..Wanted::default() };
        let mut found = 0;
        let archive = TrailArchive::new(dir.path());
        archive.search(&wanted, T0, u64::MAX, |_| found += 1).unwrap();
        found > 0
    };
    let trail = Trail::open(dir.path(), &settings).unwrap();
    note(&trail, mac(1));
    note(&trail, mac(2));
    drop(trail);
    // The machine is down.
    store.erase_account(grant.account, at(90)).await.unwrap();
    assert!(is_there(mac(1)));
    // It starts.
    let stop = CancellationToken::new();
    let trail = Trail::open(dir.path(), &settings).unwrap();
    let (all, stopped): (Arc<dyn Store>, _) = (store.shared(), stop.clone());
    let eraser = Eraser::new(trail.clone(), all);
    let erasing = tokio::spawn(async move { eraser.run(stopped).await });
    while is_there(mac(1)) {
        tokio::task::yield_now().await;
    }
    // It runs while the next one is erased.
    let mut other = sign_in(2, mac(3), T0);
    other.identity = "+966557654321".parse().unwrap();
    other.new_account = AccountId::from_bytes([9; 16]);
    let other = store.sign_in(&other).await.unwrap().grant;
    note(&trail, mac(3));
    store.erase_account(other.account, at(95)).await.unwrap();
    while is_there(mac(3)) || trail.counts().written < 1 {
        tokio::task::yield_now().await;
    }
    assert!(is_there(mac(2)));
    stop.cancel();
    erasing.await.unwrap();
}

pub async fn an_erased_persons_session_stays_nameless(store: TestStore) {
    set_up(&store).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let until = |offset| store::JournalPosition { segment: 1, offset };
    let report = |secs| record(at(secs), 1, AccountingEvent::Interim, usage(secs, 10, 100));
    store.apply("j", &[report(60)], until(1)).await.unwrap();
    store.erase_account(grant.account, at(90)).await.unwrap();
    store.apply("j", &[report(120)], until(2)).await.unwrap();
    let session = store.find_session(SessionId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert_eq!((session.device, session.user_name.as_str()), (mac(0), ""));
    assert_eq!((session.address, session.grant), (None, None));
    assert_eq!(session.usage, usage(120, 10, 100));
}

pub async fn a_retired_device_is_forgotten_and_ordered_off(store: TestStore) {
    set_up(&store).await;
    for id in [1, 2] {
        store.sign_in(&sign_in(id, mac(id), at(id.into()))).await.unwrap();
        let started = record(at(5), id, AccountingEvent::Started, usage(0, 0, 0));
        let until = store::JournalPosition { segment: 1, offset: id.into() };
        store.apply("j", &[started], until).await.unwrap();
    }
    let account = AccountId::from_bytes([1; 16]);
    let stranger = AccountId::from_bytes([9; 16]);
    assert!(!store.retire_device(stranger, mac(2), at(6)).await.unwrap());
    assert!(!store.retire_device(account, mac(3), at(6)).await.unwrap());
    assert!(store.retire_device(account, mac(2), at(6)).await.unwrap());
    let grant = store.find_grant(mac(2)).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Ended { at: at(6), why: GrantEnd::GivenUp });
    assert!(store.find_grant(mac(1)).await.unwrap().unwrap().holds(at(6)), "the other stays");
    let orders = store.list_orders(&store::OrderFilter::latest(10)).await.unwrap();
    let told: Vec<_> = orders.iter().map(|order| (order.device, order.reason)).collect();
    assert_eq!(told, [(mac(2), OrderReason::DeviceRetired)]);
    let devices = async || store.account_record(account).await.unwrap().unwrap().devices;
    assert_eq!(devices().await.iter().map(|device| device.mac).collect::<Vec<_>>(), [mac(1)]);
    let retired = store.find_at_door(mac(2), &site().name, at(6)).await.unwrap();
    assert_eq!(retired, DeviceAtDoor { language: None, is_stranger: true });
    assert!(!store.retire_device(account, mac(2), at(7)).await.unwrap(), "it is none any more");
    // Under a legal hold nothing that is known is destroyed, but the device goes offline.
    store.hold_account(account, "letter 7", at(8)).await.unwrap();
    assert!(store.retire_device(account, mac(1), at(9)).await.unwrap());
    assert_eq!(devices().await.len(), 1);
    assert!(!store.find_grant(mac(1)).await.unwrap().unwrap().holds(at(9)));
}

/// Two tokens that differ in their last letter.
const LINKS: [&str; 2] = ["7Q2mZ9xK0a", "7Q2mZ9xK0b"];

/// A challenge whose message carries the first link.
fn with_link(id: u8, begun: Timestamp) -> NewChallenge {
    let link = Some(LINKS[0].parse().unwrap());
    NewChallenge { link, ..new_challenge(id, mac(id), begun, "482913") }
}

/// Follows a link; a good one makes a grant with the id of the challenge.
async fn follow(store: &TestStore, id: u8, link: &str, when: Timestamp) -> Result<(), Verdict> {
    let (challenge, link) = (ChallengeId::from_bytes([id; 16]), link.parse().unwrap());
    let attempt = Attempt { challenge: Sought::Id(challenge), proof: Proof::Link(&link), at: when };
    store.win(&attempt, &policy(), &prize(id, when)).await.unwrap().map(drop)
}

pub async fn looking_at_a_link_uses_nothing_up(store: TestStore) {
    set_up(&store).await;
    let new = with_link(1, T0);
    begin(&store, &new).await;
    let [good, unknown] = LINKS.map(|link| link.parse().unwrap());
    for _ in 0..7 {
        let linked = store.find_linked(&good).await.unwrap().unwrap();
        assert_eq!((&linked.challenge, linked.expires_at), (&new.challenge, at(300)));
        assert_eq!(linked.nas, Some("gate".parse().unwrap()));
    }
    assert_eq!(store.find_linked(&unknown).await.unwrap(), None);
    // The link of the first message goes by that message's own life; that of the second begins when
    // a gateway takes it.
    let another = AnotherCode { link: Some(unknown), ..another_code(1, "222222", at(40)) };
    store.send_code_again(&another, &Budget::NONE, &policy()).await.unwrap().unwrap();
    for (link, until) in LINKS.into_iter().zip([300, 600]) {
        let linked = store.find_linked(&link.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((linked.challenge.code_expires_at, linked.expires_at), (at(600), at(until)));
    }
    assert_eq!(follow(&store, 1, LINKS[0], at(300)).await, Err(Verdict::Wrong { left: 4 }));
    assert_eq!(follow(&store, 1, LINKS[1], at(300)).await, Ok(()));
}

pub async fn a_link_wins_once_and_counts_as_an_attempt(store: TestStore) {
    set_up(&store).await;
    begin(&store, &with_link(1, T0)).await;
    // Codes and links are counted together, whichever is wrong.
    assert_eq!(follow(&store, 1, LINKS[1], at(1)).await, Err(Verdict::Wrong { left: 4 }));
    assert_eq!(try_code(&store, 1, "000000", at(1)).await, Err(Verdict::Wrong { left: 3 }));
    let taps = tokio::join!(
        follow(&store, 1, LINKS[0], at(2)),
        follow(&store, 1, LINKS[0], at(2)),
        try_code(&store, 1, "482913", at(2)),
    );
    let won = [&taps.0, &taps.1, &taps.2].into_iter().filter(|verdict| verdict.is_ok()).count();
    assert_eq!(won, 1, "{taps:?}");
    let grant = store.find_grant(mac(1)).await.unwrap().unwrap();
    assert!(grant.holds(at(2)) && grant.site == site().name, "the grant is the challenge's");
    assert_eq!(follow(&store, 1, LINKS[0], at(3)).await, Err(Verdict::Used));
    let linked = store.find_linked(&LINKS[0].parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(linked.challenge.state, ChallengeState::Verified);

    // Of a challenge without a link none is good, and one whose attempts are used up is locked.
    begin(&store, &new_challenge(2, mac(2), at(1), "482913")).await;
    for left in (0..5).rev() {
        assert_eq!(follow(&store, 2, LINKS[1], at(3)).await, Err(Verdict::Wrong { left }));
    }
    assert_eq!(follow(&store, 2, LINKS[1], at(3)).await, Err(Verdict::Locked));
}

pub async fn links_are_kept_only_as_hashes(store: TestStore) {
    set_up(&store).await;
    begin(&store, &with_link(1, T0)).await;
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let row = sqlx::query("SELECT link_hash FROM challenge_codes").fetch_one(&pool).await.unwrap();
    let kept: Vec<u8> = sqlx::Row::get(&row, "link_hash");
    assert_eq!(kept.len(), 32);
    assert!(!kept.windows(4).any(|part| part == &LINKS[0].as_bytes()[..4]));
    pool.close().await;
}
