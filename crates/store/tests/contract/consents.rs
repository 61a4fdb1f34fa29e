//! Consents: each purpose by itself, in words that stay, until they are taken back.

use domain::*;
use store::testing::TestStore;
use store::{Act, Actor, Attempt, AuditEntry, AuditSubject, Begun, OrderFilter, Proof, SignIn};

use crate::fixtures::*;

const PURPOSES: [ConsentPurpose; 2] = [ConsentPurpose::Service, ConsentPurpose::Awareness];

async fn consents(store: &TestStore, account: AccountId) -> Vec<Consent> {
    store.account_record(account).await.unwrap().unwrap().consents
}

/// Which purposes a person agrees to now.
async fn holding(store: &TestStore, account: AccountId) -> Vec<ConsentPurpose> {
    let consents = consents(store, account).await;
    let holding = consents.iter().filter(|consent| consent.withdrawn_at.is_none());
    holding.map(|consent| consent.purpose).collect()
}

pub async fn each_purpose_is_its_own_consent(store: TestStore) {
    set_up(&store).await;
    let mut new = new_challenge(1, mac(1), T0, "482913");
    new.challenge.agreed = PURPOSES.map(agreed).to_vec();
    new.challenge.agreed[1].language = Language::english();
    assert_eq!(begin(&store, &new).await, Begun::Begins);
    assert!(store.find_account(&phone().into()).await.unwrap().is_none(), "nothing is proven");
    let attempt = Attempt {
        challenge: store::Sought::Id(new.challenge.id),
        proof: Proof::Code(&code("482913")),
        at: at(9),
    };
    let won = store.win(&attempt, &ChallengePolicy::default(), &prize(1, at(9))).await.unwrap();
    let account = won.unwrap().grant.account;
    let expected = |purpose, language| {
        let Agreed { purpose, version, wording, .. } = agreed(purpose);
        Consent {
            account,
            purpose,
            version,
            wording: Some(wording),
            language,
            site: site().name,
            channel: ConsentChannel::Portal,
            given_at: at(9),
            withdrawn_at: None,
        }
    };
    let [service, awareness] = PURPOSES;
    let all = [expected(awareness, Language::english()), expected(service, Language::arabic())];
    assert_eq!(consents(&store, account).await, all);
}

pub async fn what_is_ticked_last_counts(store: TestStore) {
    set_up(&store).await;
    let mut new = new_challenge(1, mac(1), T0, "482913");
    new.challenge.agreed = PURPOSES.map(agreed).to_vec();
    begin(&store, &new).await;
    let again = new_challenge(2, mac(1), at(5), "111111");
    let Begun::GoesOn(open) = begin(&store, &again).await else { panic!("it goes on") };
    assert_eq!((open.id, &open.agreed), (new.challenge.id, &again.challenge.agreed));
    let found = store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap().unwrap();
    assert_eq!(found.agreed, again.challenge.agreed);
}

pub async fn a_wording_is_kept_once_and_found_by_its_hash(store: TestStore) {
    let words = "أوافق على شروط الاستخدام\nأقرأ \u{2066}https\u{2069}\n";
    let hash = store.keep_wording(words, T0).await.unwrap();
    assert_eq!(store.keep_wording(words, at(1)).await.unwrap(), hash);
    assert_eq!(store.find_wording(hash).await.unwrap().as_deref(), Some(words));
    assert_eq!(store.find_wording(WordingHash::of("other")).await.unwrap(), None);
}

pub async fn what_is_taken_back_stays_as_proof_and_ends_at_once(store: TestStore) {
    set_up(&store).await;
    let mut person = sign_in(1, mac(1), T0);
    person.agreed = PURPOSES.map(agreed).to_vec();
    let grant = store.sign_in(&person).await.unwrap().grant;
    let account = grant.account;
    let report = record(at(60), 1, AccountingEvent::Started, usage(0, 0, 0));
    let until = store::JournalPosition { segment: 1, offset: 1 };
    store.apply("j", &[report], until).await.unwrap();
    let [service, awareness] = PURPOSES;

    let entry = |at| AuditEntry {
        at,
        actor: Actor::Service,
        act: Act::ConsentWithdrawn,
        subject: AuditSubject::Account(account),
        detail: serde_json::Map::new(),
    };
    let on_record = store.on_record(entry(at(70)));
    assert_eq!(on_record.withdraw_consent(account, awareness, at(70)).await.unwrap(), 1);
    assert_eq!(holding(&store, account).await, [service]);
    assert!(store.find_grant(mac(1)).await.unwrap().unwrap().holds(at(71)), "it goes on");
    let on_record = store.on_record(entry(at(80)));
    assert_eq!(on_record.withdraw_consent(account, awareness, at(80)).await.unwrap(), 0);
    assert_eq!(store.list_audit_links(0, 10).await.unwrap().len(), 1);
    let kept = consents(&store, account).await;
    assert_eq!((kept.len(), kept[0].withdrawn_at), (2, Some(at(70))));

    assert_eq!(store.withdraw_consent(account, service, at(90)).await.unwrap(), 1);
    let ended = store.find_grant(mac(1)).await.unwrap().unwrap();
    let revoked = GrantState::Ended { at: at(90), why: GrantEnd::Revoked };
    assert_eq!(ended.state, revoked);
    let orders = store.list_orders(&OrderFilter::latest(10)).await.unwrap();
    assert_eq!(orders.len(), 1, "the session is ordered off");

    // Who agrees anew gives a new consent, and the old one stays withdrawn.
    store.sign_in(&sign_in(2, mac(1), at(100))).await.unwrap();
    assert_eq!(holding(&store, account).await, [service]);
    assert_eq!(consents(&store, account).await.len(), 3);
}

pub async fn consents_are_read_person_after_person(store: TestStore) {
    set_up(&store).await;
    let mut expected = Vec::new();
    for id in 1..=5_u8 {
        let person = SignIn {
            identity: format!("96655123456{id}").parse().unwrap(),
            agreed: PURPOSES.map(agreed).to_vec(),
            ..sign_in(id, mac(id), at(u64::from(id)))
        };
        expected.push(store.sign_in(&person).await.unwrap().grant.account);
    }
    let (mut after, mut read) = (None, Vec::new());
    loop {
        let page = store.list_consents(after, 2).await.unwrap();
        assert!(page.consents.len() <= 4);
        read.extend(page.consents.into_iter().map(|consent| consent.account));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    let twice: Vec<_> = expected.into_iter().flat_map(|account| [account; 2]).collect();
    assert_eq!(read, twice);
}
