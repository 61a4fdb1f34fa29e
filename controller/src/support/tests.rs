use std::net::IpAddr;

use domain::{
    Clock, EntryRefusal, GrantEnd, GrantId, MacAddress, OrderProgress, OrderReason, SessionEnd,
    SessionId, SessionIdentification, Speed, Usage,
};
use store::MessageTold;

use super::*;
use crate::stage::{NOON, Stage, mac};

fn at(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

fn device() -> MacAddress {
    mac(1)
}

/// A sign-in in which everything went well: typed after 10 s, entered after 30, online after 40.
fn facts() -> Facts {
    let grant = Grant {
        id: GrantId::from_bytes([1; 16]),
        account: domain::AccountId::from_bytes([1; 16]),
        device: device(),
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        issued_at: at(30),
        until: at(86_400),
        state: GrantState::Live,
    };
    let session = Session {
        id: SessionId::from_bytes([1; 16]),
        nas: "gate".parse().unwrap(),
        acct_session_id: "s1".into(),
        device: device(),
        user_name: "visitor".into(),
        address: Some(IpAddr::from([10, 1, 0, 7])),
        grant: Some(grant.id),
        started_at: at(40),
        updated_at: at(300),
        usage: Usage {
            uploaded: domain::Octets::new(1_000),
            downloaded: domain::Octets::new(9_000),
            time: Duration::from_secs(260),
        },
        state: SessionState::Open,
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    };
    Facts {
        visit: visit(),
        challenge: Some(challenge(ChallengeState::Verified, 1)),
        order: Some(order(OrderState::Acknowledged { at: at(31), check_at: at(90) })),
        credentials: Vec::new(),
        instead: None,
        grant: Some(grant),
        session: Some(session),
    }
}

fn visit() -> VisitRecord {
    VisitRecord {
        reference: "K7M2QX".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        nas: "gate".parse().unwrap(),
        device: device(),
        language: domain::Language::arabic(),
        arrived_at: at(0),
        asked_at: at(10),
        refused: None,
        refusals: None,
    }
}

fn challenge(state: ChallengeState, attempts: u32) -> ChallengeTold {
    ChallengeTold {
        id: domain::ChallengeId::from_bytes([1; 16]),
        purpose: Purpose::SignIn,
        site: "walkway".parse().unwrap(),
        device: device(),
        created_at: at(10),
        code_expires_at: at(310),
        attempts,
        state,
        messages: vec![message(MessageState::Accepted { reference: Some("m-1".into()) })],
    }
}

fn message(state: MessageState) -> MessageTold {
    let done_at = (state != MessageState::Waiting).then_some(at(12));
    MessageTold {
        route: None,
        rerouted: false,
        receipt: None,
        created_at: at(10),
        done_at,
        attempts: 1,
        state,
    }
}

fn order(state: OrderState) -> NasOrder {
    NasOrder {
        id: domain::OrderId::from_bytes([1; 16]),
        nas: "gate".parse().unwrap(),
        kind: OrderKind::Reauthenticate,
        device: device(),
        session: None,
        reason: OrderReason::SignedIn,
        created_at: at(30),
        progress: OrderProgress::default(),
        state,
    }
}

fn credential(used_at: Option<Timestamp>) -> CredentialTold {
    let nas = "gate".parse().unwrap();
    let grant = GrantId::from_bytes([1; 16]);
    CredentialTold { grant, device: device(), nas, expires_at: at(120), used_at }
}

/// The stage at which it stopped after ten minutes, whether it may still come, and what is said.
fn stopped(facts: &Facts, now: u64) -> Option<(SignInStage, StageState, String)> {
    let stages = judge(facts, &ChallengePolicy::default(), at(now));
    assert_eq!(stages.len(), 8);
    let stop = stages.iter().position(|told| told.state != StageState::Done)?;
    let (before, after) = stages.split_at(stop);
    assert!(before.iter().all(|told| told.state == StageState::Done));
    let [told, beyond @ ..] = after else { panic!("{stages:?}") };
    assert!(beyond.iter().all(|told| told.state == StageState::NotReached && told.text.is_empty()));
    assert_ne!(told.state, StageState::NotReached);
    Some((told.stage, told.state, told.text.clone()))
}

#[test]
fn who_is_online_came_through_all_stages() {
    assert_eq!(stopped(&facts(), 600), None);
    let by_credential =
        Facts { order: None, credentials: vec![credential(Some(at(31)))], ..facts() };
    assert_eq!(stopped(&by_credential, 600), None);
    // A device may be asked about by itself before the order reaches its access point.
    let without_order = Facts { order: None, ..facts() };
    assert_eq!(stopped(&without_order, 600), None);
}

#[test]
fn the_first_stage_that_failed_is_named() {
    use SignInStage::{Code, HandOff, Message, Number, Permission, Session as Begun, Traffic};
    let check = |change: &dyn Fn(&mut Facts), stage, text: &str| {
        let mut facts = facts();
        change(&mut facts);
        let (stopped_at, state, words) = stopped(&facts, 3_000).expect(text);
        assert_eq!((stopped_at, state), (stage, StageState::Failed), "{text}");
        assert!(words.contains(text), "{words} does not say: {text}");
    };
    let messages = |state: MessageState| {
        move |facts: &mut Facts| {
            facts.challenge.as_mut().unwrap().messages = vec![message(state.clone())];
        }
    };
    let code = |state, attempts| {
        move |facts: &mut Facts| {
            facts.challenge = Some(challenge(state, attempts));
            facts.grant = None;
        }
    };
    let unseen = |order_state: OrderState| {
        move |facts: &mut Facts| {
            facts.order = Some(order(order_state));
            facts.session = None;
        }
    };
    check(
        &|facts| facts.visit.refused = Some(Refused::First(Counted::SendsToNumber)),
        Number,
        "of the day",
    );
    check(
        &|facts| facts.visit.refused = Some(Refused::First(Counted::Money)),
        Number,
        "money for messages",
    );
    let kept_out = |why, facts: &mut Facts| {
        (facts.visit.refused, facts.challenge) = (Some(Refused::Entry(why)), None);
    };
    check(&|facts| kept_out(EntryRefusal::Unseen, facts), Number, "RADIUS was not asked");
    let given_up = |facts: &mut Facts| {
        kept_out(EntryRefusal::Terms, facts);
        code(ChallengeState::Abandoned, 1)(facts);
    };
    check(&given_up, Number, "the terms were not accepted");
    check(&|facts| facts.challenge = None, Number, "no longer kept");
    let failed = MessageState::Failed { reason: "no route".into() };
    check(&messages(failed), Message, "not taken by the gateway: no route");
    check(&messages(MessageState::Waiting), Message, "waits for the gateway");
    let lost = |facts: &mut Facts| {
        code(ChallengeState::Open, 0)(facts);
        let taken = message(MessageState::Accepted { reference: None });
        let receipt = Some((Receipt::Undelivered, at(15)));
        facts.challenge.as_mut().unwrap().messages = vec![MessageTold { receipt, ..taken }];
    };
    check(&lost, Message, "1 sent; taken by the gateway; not delivered");
    check(&code(ChallengeState::Open, 0), Code, "no code was entered, and it ran out");
    check(&code(ChallengeState::Open, 5), Code, "locked: 5 wrong codes");
    check(&code(ChallengeState::Abandoned, 1), Code, "given up for another number");
    let no_other = |facts: &mut Facts| {
        code(ChallengeState::Open, 0)(facts);
        facts.visit.refused = Some(Refused::Another(Counted::SendsOfSite));
        facts.visit.asked_at = at(60);
    };
    check(&no_other, Code, "ran out; no other message was sent: the site had all its messages");
    let not_delivered = |facts: &mut Facts| {
        lost(facts);
        facts.visit.refused = Some(Refused::Another(Counted::Money));
    };
    check(&not_delivered, Message, "not delivered; no other message was sent: the money");
    let ended = GrantState::Ended { at: at(200), why: GrantEnd::Revoked };
    check(&|facts| facts.grant.as_mut().unwrap().state = ended, Permission, "revoked");
    let silent = OrderState::Waiting { attempts: 3, next_at: at(4_000) };
    check(&unseen(silent), HandOff, "no answer from the access point, tried 3 times");
    let refused = OrderState::Done { at: at(35), outcome: domain::OrderOutcome::Refused(503) };
    check(&unseen(refused), HandOff, "Error-Cause 503");
    let unused = |facts: &mut Facts| {
        facts.credentials = vec![credential(None)];
        facts.session = None;
    };
    check(&unused, HandOff, "which was not used");
    check(&|facts| facts.session = None, Begun, "reported no session");
    let idle = |facts: &mut Facts| facts.session.as_mut().unwrap().usage = Usage::default();
    check(&idle, Traffic, "no octet was reported");
    let over = |facts: &mut Facts| {
        idle(facts);
        let end = SessionEnd::Reported(1);
        facts.session.as_mut().unwrap().state = SessionState::Stopped { at: at(50), end };
    };
    check(&over, Traffic, "no octet was reported");
}

#[test]
fn a_message_that_was_refused_is_over_once_another_was_sent() {
    let mut facts = facts();
    facts.challenge = Some(challenge(ChallengeState::Open, 0));
    facts.grant = None;
    facts.visit.refused = Some(Refused::Another(Counted::Money));
    facts.visit.asked_at = at(60);
    assert_eq!(unsent_since(&facts), Some(Counted::Money));
    let later = MessageTold { created_at: at(90), ..message(MessageState::Waiting) };
    facts.challenge.as_mut().unwrap().messages.push(later);
    assert_eq!(unsent_since(&facts), None);
}

#[test]
fn who_has_a_code_came_further_than_what_is_refused_beside_it() {
    let mut facts = facts();
    facts.visit.refused = Some(Refused::Entry(EntryRefusal::Terms));
    assert_eq!(stopped(&facts, 600), None);
}

#[test]
fn who_came_without_a_code_needed_no_message() {
    for (instead, typed) in [
        ("fair/17", "voucher fair/17 typed"),
        (
            "claimed:966512345601@0190b5f0c2d84a6b9f3e7d1c5a8b2e40",
            "number typed while no message could be sent, kept as \
             claimed:NUMBER@0190b5f0c2d84a6b9f3e7d1c5a8b2e40",
        ),
    ] {
        let instead = Some(instead.parse().unwrap());
        let facts = Facts { challenge: None, instead, ..facts() };
        assert_eq!(stopped(&facts, 600), None);
        let stages = judge(&facts, &ChallengePolicy::default(), at(600));
        let texts: Vec<_> = stages.iter().take(4).skip(1).map(|told| told.text.as_str()).collect();
        assert_eq!(texts, [typed, "not needed", "not needed"]);
    }
}

#[test]
fn what_may_still_come_is_waited_for() {
    let mut facts = facts();
    facts.challenge = Some(challenge(ChallengeState::Open, 2));
    facts.grant = None;
    let words = "2 wrong codes were entered".to_owned();
    assert_eq!(stopped(&facts, 60), Some((SignInStage::Code, StageState::Waiting, words)));
    facts.challenge.as_mut().unwrap().messages = vec![message(MessageState::Waiting)];
    let (stage, state, _) = stopped(&facts, 60).unwrap();
    assert_eq!((stage, state), (SignInStage::Message, StageState::Waiting));
}

#[tokio::test]
async fn a_reference_leads_to_the_sign_in_and_tells_neither_number_nor_code() {
    let city = Stage::new((None, None), (None, None)).await;
    let now = city.clock.now();
    let new = store::NewChallenge {
        challenge: domain::Challenge {
            id: domain::ChallengeId::from_bytes([1; 16]),
            binding: domain::Binding::SignIn { site: "walkway".parse().unwrap(), device: device() },
            phone: "966512345601".parse().unwrap(),
            language: domain::Language::arabic(),
            agreed: Vec::new(),
            created_at: now,
            sent_at: now,
            sends: 1,
            code_expires_at: now + Duration::from_secs(300),
            attempts: 0,
            state: ChallengeState::Open,
        },
        code: "482913".parse().unwrap(),
        link: None,
        text: domain::SmsText::new("482913".into()),
        visit: Some(VisitRecord { asked_at: now, arrived_at: now, ..visit() }),
        claim_until: None,
    };
    city.store
        .begin_challenge(&new, &store::Budget::NONE, &ChallengePolicy::default())
        .await
        .unwrap();
    let reference = "K7M2QX".parse().unwrap();
    let told = tell(city.store.as_ref(), &reference, now).await.unwrap().unwrap();
    assert_eq!(told.stopped_at, Some(SignInStage::Message));
    city.advance(20);
    let grant = city.sign_in(1, 1).await;
    city.report("gate", &grant, 5, 1_000).await;
    let later = city.clock.now();
    let told = tell(city.store.as_ref(), &reference, later).await.unwrap().unwrap();
    let words = format!("{told:?}");
    // A code is as short as what may stand within an identifier.
    let mut apart = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    assert!(!words.contains("12345601") && apart.all(|word| word != "482913"), "{words}");
    let message = city.store.claim_messages(later, later, 1).await.unwrap().remove(0);
    let taken = MessageState::Accepted { reference: None };
    city.store.finish_message(message.id, &"main".parse().unwrap(), &taken, later).await.unwrap();
    let told = tell(city.store.as_ref(), &reference, later).await.unwrap().unwrap();
    assert_eq!(told.stopped_at, Some(SignInStage::Code), "that code was not the one entered");
    let early = VisitRecord { reference: "333333".parse().unwrap(), ..visit() };
    city.store.note_refusal(&early, EntryRefusal::Full).await.unwrap();
    let told = tell(city.store.as_ref(), &early.reference, later).await.unwrap().unwrap();
    let refusals = told.refusals.unwrap();
    assert_eq!((refusals.count, refusals.first.at), (1, early.asked_at));
    assert!(refusals.last.text.contains("as the site takes"), "{}", refusals.last.text);
    let unknown = tell(city.store.as_ref(), &"222222".parse().unwrap(), later).await.unwrap();
    assert_eq!(unknown, None);
}
