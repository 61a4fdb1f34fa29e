use domain::{
    Binding, Challenge, ChallengeId, ChallengeState, Language, MacAddress, ManualClock, Receipt,
    SmsText, SpendingPeriod,
};
use reqwest::header::HeaderMap;
use store::testing::TestStore;
use store::{AnotherCode, MessageTold, NewChallenge};

use super::*;
use crate::fake_gateway::{FakeGateway, Reply};
use crate::{IncomingReceipt, ReceiptAnswer};

const NOON: Timestamp = Timestamp::from_secs(1_795_597_200);
const TEXT: &str = "رمز واي فاي الأحساء 482913\nصالح 5 دقائق، ولا تشاركه مع أحد.";

/// A courier between a store with messages and gateways that answer by a script.
struct Post {
    store: TestStore,
    clock: Arc<ManualClock>,
    gateway: FakeGateway,
    /// The gateway of the second route, if there is one.
    second: Option<FakeGateway>,
    courier: Courier,
}

/// What the settings say of a gateway.
fn section(gateway: &FakeGateway) -> String {
    format!(
        "url = \"http://{}/send\"\ntimeout-seconds = 1\n\
         fields = {{ to = \"{{to}}\", text = \"{{text}}\" }}\n\
         answer.accepted-when = {{ pointer = \"/ok\", equals = [\"true\"] }}\n\
         answer.reference = \"/id\"\n",
        gateway.address
    )
}

/// The secret end of the first gateway's address for receipts.
const END: &str = "0123456789abcdef";

fn write_secret(secret: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), secret).unwrap();
    file
}

impl Post {
    async fn open(replies: impl IntoIterator<Item = Reply>) -> Self {
        let gateway = FakeGateway::start(replies).await;
        let settings =
            format!("transport = \"http\"\nper-second = 1000\n[http]\n{}", section(&gateway));
        Self::with(&settings, gateway, None).await
    }

    /// One with two routes.
    async fn open_two(
        first: impl IntoIterator<Item = Reply>,
        second: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let [first, second] = [FakeGateway::start(first).await, FakeGateway::start(second).await];
        let receipts = write_secret(END);
        let route = |name: &str, gateway| {
            format!("[[routes]]\nname = \"{name}\"\n[routes.http]\n{}", section(gateway))
        };
        let settings = format!(
            "transport = \"routes\"\nper-second = 1000\n{}\
             secrets = {{ end = {{ file = \"{}\" }} }}\n\
             receipts = {{ secret = \"end\", reference = \"id\", state = \"t\", \
             delivered = [\"1\"], undelivered = [\"2\"] }}\n{}",
            route("first", &first),
            receipts.path().display(),
            route("second", &second)
        );
        Self::with(&settings, first, Some(second)).await
    }

    async fn with(settings: &str, gateway: FakeGateway, second: Option<FakeGateway>) -> Self {
        let store = store::testing::sqlite().await;
        let plan = domain::Plan::visitor("visitor".parse().unwrap());
        store.add_plan(&plan).await.unwrap();
        let site = domain::Site::new("walkway".parse().unwrap(), plan.name);
        store.add_site(&site).await.unwrap();
        let clock = Arc::new(ManualClock::new(NOON));
        let settings = toml::from_str(settings).unwrap();
        let courier = Courier::new(&settings, store.shared(), clock.clone()).unwrap();
        Self { store, clock, gateway, second, courier }
    }

    /// What the first gateway tells of a message.
    async fn tell(&self, end: &str, query: &str) -> ReceiptAnswer {
        let headers = HeaderMap::new();
        let incoming = IncomingReceipt { end, query: Some(query), headers: &headers, body: &[] };
        self.courier.receipts().take(&incoming).await.unwrap()
    }

    /// The texts that the second gateway got since it was last looked.
    fn texts_of_second(&mut self) -> Vec<String> {
        let second = self.second.as_mut().expect("there are two");
        std::iter::from_fn(|| second.asked.try_recv().ok())
            .map(|asked| asked.pairs()["text"].clone())
            .collect()
    }

    async fn write(&self, device: u8) -> ChallengeId {
        let tariff = self.courier.standing().tariff().clone();
        write(&self.store, &self.clock, (device, tariff)).await
    }

    /// Sends what is due now, sees it through, and returns how many requests the gateway got.
    async fn send_due(&mut self) -> usize {
        let mut sending = Sending::new();
        self.courier.begin_due(&mut sending).await.unwrap();
        while let Some(done) = sending.join_next().await {
            done.unwrap();
        }
        std::iter::from_fn(|| self.gateway.asked.try_recv().ok()).count()
    }

    /// What the messages of today cost.
    async fn spent(&self) -> String {
        let period = SpendingPeriod::at(self.clock.now());
        self.store.find_spending(period).await.unwrap().day.spent.to_string()
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn state(&self, challenge: ChallengeId) -> MessageState {
        self.told(challenge).await.state
    }

    async fn told(&self, challenge: ChallengeId) -> MessageTold {
        self.store.latest_message(challenge).await.unwrap().expect("there is a message")
    }
}

/// Begins a challenge for a device, whose message is good for five minutes.
async fn write(
    store: &TestStore,
    clock: &ManualClock,
    (device, tariff): (u8, Tariff),
) -> ChallengeId {
    let now = clock.now();
    let new = new_challenge(device, now);
    let charge = tariff.charge(None, &new.challenge.phone, &new.text, now);
    let budget = store::Budget { charge, ..store::Budget::NONE };
    store.begin_challenge(&new, &budget, &domain::ChallengePolicy::default()).await.unwrap();
    new.challenge.id
}

fn new_challenge(device: u8, now: Timestamp) -> NewChallenge {
    let challenge = Challenge {
        id: ChallengeId::from_bytes([device; 16]),
        binding: Binding::SignIn {
            site: "walkway".parse().unwrap(),
            device: MacAddress::new([2, 0, 0, 0, 0, device]),
        },
        phone: "966512345678".parse().unwrap(),
        language: Language::arabic(),
        agreed: Vec::new(),
        created_at: now,
        sent_at: now,
        sends: 1,
        code_expires_at: now + Duration::from_secs(300),
        attempts: 0,
        state: ChallengeState::Open,
    };
    NewChallenge {
        challenge,
        code: "482913".parse().unwrap(),
        link: None,
        text: SmsText::new(TEXT.to_owned()),
        visit: None,
        claim_until: None,
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::Status(status, body.to_owned())
}

fn taken(reference: &str) -> Reply {
    reply(200, &format!(r#"{{"ok":true,"id":"{reference}"}}"#))
}

fn accepted(reference: &str) -> MessageState {
    MessageState::Accepted { reference: Some(reference.to_owned()) }
}

#[tokio::test]
async fn a_message_wakes_the_courier_and_arrives_as_it_was_written() {
    let Post { store, clock, mut gateway, courier, .. } = Post::open([taken("m-1")]).await;
    let tariff = courier.standing().tariff().clone();
    let stop = CancellationToken::new();
    let running = tokio::spawn(courier.run(stop.clone()));
    let challenge = write(&store, &clock, (1, tariff)).await;
    let asked = gateway.next_asked().await;
    assert_eq!(asked.pairs()["text"], TEXT);
    assert_eq!(asked.pairs()["to"], "966512345678");
    stop.cancel();
    running.await.unwrap();
    let told = store.latest_message(challenge).await.unwrap().unwrap();
    assert_eq!(told.state, accepted("m-1"), "what is on its way is seen through");
}

#[tokio::test]
async fn a_message_that_is_handed_over_is_sent_although_nobody_may_claim_it() {
    let Post { store, clock, mut gateway, courier, .. } = Post::open([taken("m-1")]).await;
    let standing = courier.standing();
    let place = standing.place().expect("nobody waits");
    let claim_until = Some(clock.now() + place.claim());
    let new = NewChallenge { claim_until, ..new_challenge(1, clock.now()) };
    let (budget, policy) = (store::Budget::NONE, domain::ChallengePolicy::default());
    let begun = store.begin_challenge(&new, &budget, &policy).await.unwrap();
    let store::Begun::Claimed(message) = begun else { panic!("{begun:?}") };
    let stop = CancellationToken::new();
    let running = tokio::spawn(courier.run(stop.clone()));
    stop.cancel();
    place.hand_over(*message);
    assert_eq!(gateway.next_asked().await.pairs()["text"], TEXT);
    running.await.unwrap();
    let told = store.latest_message(new.challenge.id).await.unwrap().unwrap();
    assert_eq!(told.state, accepted("m-1"), "who has a place is waited for");
    assert!(standing.place().is_none(), "nobody takes messages any more");
}

#[tokio::test]
async fn a_gateway_in_trouble_is_asked_again_until_it_takes_the_message() {
    let mut post = Post::open([reply(500, ""), reply(503, "busy"), taken("m-2")]).await;
    let challenge = post.write(1).await;
    for (seconds, expected) in [(0, 1), (1, 0), (1, 1), (3, 0), (1, 1), (30, 0)] {
        post.advance(seconds);
        assert_eq!(post.send_due().await, expected, "{seconds} s later");
    }
    assert_eq!(post.state(challenge).await, accepted("m-2"));
}

#[tokio::test]
async fn a_refusal_is_final_and_costs_nothing() {
    for (answer, reason) in [
        (reply(400, "bad number 966512345678"), "the gateway answered 400"),
        (reply(200, r#"{"ok":false}"#), "the gateway answered 200"),
    ] {
        let mut post = Post::open([answer]).await;
        let challenge = post.write(1).await;
        assert_eq!(post.spent().await, "0.08");
        assert_eq!(post.send_due().await, 1);
        let expected = MessageState::Failed { reason: reason.to_owned() };
        assert_eq!(post.state(challenge).await, expected);
        assert_eq!(post.spent().await, "0.00");
        post.advance(60);
        assert_eq!(post.send_due().await, 0);
    }
}

#[tokio::test]
async fn a_slow_gateway_keeps_no_other_message_waiting() {
    let mut post = Post::open([Reply::Never, taken("m-3")]).await;
    let challenges = [post.write(1).await, post.write(2).await];
    assert_eq!(post.send_due().await, 2);
    let mut states = Vec::new();
    for challenge in challenges {
        states.push(post.state(challenge).await);
    }
    assert!(
        states.contains(&accepted("m-3")) && states.contains(&MessageState::Waiting),
        "{states:?}"
    );
}

#[tokio::test]
async fn a_message_that_comes_too_late_is_not_sent() {
    let mut post = Post::open([]).await;
    let challenge = post.write(1).await;
    post.advance(301);
    assert_eq!(post.send_due().await, 0);
    assert!(matches!(post.state(challenge).await, MessageState::Failed { .. }));

    let challenge = post.write(2).await;
    post.advance(299);
    assert_eq!(post.send_due().await, 1);
    assert!(matches!(post.state(challenge).await, MessageState::Failed { .. }), "no try is left");
}

#[tokio::test]
async fn a_message_that_a_crash_left_behind_is_sent_when_its_claim_is_over() {
    let mut post = Post::open([taken("m-4")]).await;
    let challenge = post.write(1).await;
    let now = post.clock.now();
    let claimed = post.store.claim_messages(now, now + post.courier.claim, 8).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let claim = post.courier.claim.as_secs();
    for (seconds, expected) in [(0, 0), (claim - 1, 0), (1, 1)] {
        post.advance(seconds);
        assert_eq!(post.send_due().await, expected, "{seconds} s later");
    }
    assert_eq!(post.state(challenge).await, accepted("m-4"));
}

#[tokio::test]
async fn a_silent_route_gives_way_after_twelve_seconds() {
    let silence = std::iter::repeat_n(reply(503, "no bind"), 9);
    let mut post = Post::open_two(silence, [taken("m-5")]).await;
    let challenge = post.write(1).await;
    // Tried at once, after 2 s and after 4 s more; the next try would come too late.
    for (seconds, expected) in [(0, 1), (2, 1), (4, 1), (5, 0)] {
        post.advance(seconds);
        assert_eq!(post.send_due().await, expected, "{seconds} s later");
        assert_eq!(post.texts_of_second(), [""; 0]);
    }
    post.advance(1);
    assert_eq!(post.send_due().await, 0, "it is handed on");
    assert!(post.told(challenge).await.rerouted);
    assert_eq!(post.send_due().await, 0);
    let texts = post.texts_of_second();
    assert_eq!(texts.len(), 1);
    let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    assert_eq!(words(&texts[0]), words(TEXT));
    assert_ne!(texts[0], TEXT, "the first one may be on its way, so the code is another");
    let told = post.told(challenge).await;
    assert_eq!((told.state, told.route), (accepted("m-5"), Some("second".parse().unwrap())));
}

#[tokio::test]
async fn a_route_that_does_not_answer_at_all_gives_way_too() {
    let mut post = Post::open_two([Reply::Never], [taken("m-6")]).await;
    let challenge = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    post.advance(12);
    for _ in 0..2 {
        assert_eq!(post.send_due().await, 0);
    }
    assert_ne!(post.texts_of_second(), [TEXT]);
    assert_eq!(post.state(challenge).await, accepted("m-6"));
}

#[tokio::test]
async fn a_route_that_refuses_gives_way_at_once_with_the_same_code() {
    let mut post = Post::open_two([reply(401, "")], [taken("m-7")]).await;
    let challenge = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    assert_eq!(post.send_due().await, 0);
    assert_eq!(post.texts_of_second(), [TEXT]);
    assert_eq!(post.state(challenge).await, accepted("m-7"));
    assert_eq!(post.spent().await, "0.08", "what nobody took costs nothing");
}

#[tokio::test]
async fn a_message_that_every_route_refuses_has_failed() {
    let mut post = Post::open_two([reply(400, "")], [reply(403, "")]).await;
    let challenge = post.write(1).await;
    for _ in 0..3 {
        post.send_due().await;
    }
    let reason = "the gateway answered 403".to_owned();
    assert_eq!(post.state(challenge).await, MessageState::Failed { reason });
    assert_eq!(post.texts_of_second(), [TEXT]);
}

#[tokio::test]
async fn a_route_that_fails_rests_and_is_tried_by_one_message_afterwards() {
    let failures = std::iter::repeat_n(reply(503, ""), 5);
    let taken_by_second = (0..9).map(|n| taken(&format!("s-{n}")));
    let mut post = Post::open_two(failures.chain([taken("f-1")]), taken_by_second).await;
    for device in 1..=5 {
        post.write(device).await;
    }
    assert_eq!(post.send_due().await, 5, "five failures");
    let challenge = post.write(6).await;
    assert_eq!(post.send_due().await, 0, "it rests");
    assert_eq!(post.texts_of_second(), [TEXT], "others go by the second at once");
    assert_eq!(post.told(challenge).await.route, Some("second".parse().unwrap()));

    // What it was trying is not left with it, and gets another code.
    post.advance(2);
    post.send_due().await;
    assert_eq!(post.send_due().await, 0);
    let texts = post.texts_of_second();
    assert!(texts.len() == 5 && !texts.contains(&TEXT.to_owned()), "{texts:?}");

    post.advance(28);
    let challenge = post.write(7).await;
    post.advance(1);
    post.write(8).await;
    assert_eq!(post.send_due().await, 1, "one message tries it");
    assert_eq!(post.state(challenge).await, accepted("f-1"));
    assert_eq!(post.texts_of_second(), [TEXT]);
}

#[tokio::test]
async fn where_no_route_takes_messages_the_first_is_tried_on() {
    let failures = || std::iter::repeat_n(reply(503, ""), 40);
    let mut post = Post::open_two(failures(), failures()).await;
    for device in 1..=6 {
        post.write(device).await;
    }
    let mut tries = [0, 0];
    for _ in 0..60 {
        tries[0] += post.send_due().await;
        tries[1] += post.texts_of_second().len();
        post.advance(2);
    }
    assert!(tries[0] >= 6 && tries[1] > 20, "nothing waits for a rest to be over: {tries:?}");
}

#[tokio::test]
async fn a_route_that_gives_receipts_is_missed_after_25() {
    let taken_by_first = ["f-1", "f-2"].map(taken);
    let mut post = Post::open_two(taken_by_first, [taken("s-1")]).await;
    let arrived = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    assert_eq!(post.tell(END, "id=f-1&t=1").await, ReceiptAnswer::Taken);
    assert_eq!(post.told(arrived).await.receipt, Some((Receipt::Delivered, post.clock.now())));

    let lost = post.write(2).await;
    assert_eq!(post.send_due().await, 1);
    post.advance(24);
    assert_eq!(post.send_due().await, 0);
    assert_eq!(post.state(lost).await, accepted("f-2"), "it may still come");
    post.advance(1);
    for _ in 0..2 {
        assert_eq!(post.send_due().await, 0);
    }
    let texts = post.texts_of_second();
    assert!(texts.len() == 1 && texts[0] != TEXT, "another code: {texts:?}");
    let told = post.told(lost).await;
    assert!(told.rerouted && told.state == accepted("s-1"));
    // The first one comes after all, and both codes are good.
    assert_eq!(post.tell(END, "id=f-2&t=1").await, ReceiptAnswer::Taken);
    assert_eq!(post.told(arrived).await.state, accepted("f-1"));
    post.advance(60);
    assert_eq!(post.send_due().await, 0);
    assert_eq!(post.texts_of_second(), [""; 0], "nothing is sent a third time");
}

#[tokio::test]
async fn a_route_that_never_gave_a_receipt_is_not_missed() {
    let mut post = Post::open_two([taken("f-1")], [taken("s-1")]).await;
    let challenge = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    post.advance(60);
    for _ in 0..2 {
        assert_eq!(post.send_due().await, 0);
    }
    assert_eq!(post.texts_of_second(), [""; 0]);
    assert_eq!(post.state(challenge).await, accepted("f-1"));
}

#[tokio::test]
async fn a_message_that_did_not_arrive_is_sent_by_the_next_route_at_once() {
    let mut post = Post::open_two([taken("f-1")], [taken("s-1")]).await;
    let challenge = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    assert_eq!(post.tell(END, "id=f-1&t=2").await, ReceiptAnswer::Taken);
    for _ in 0..2 {
        assert_eq!(post.send_due().await, 0);
    }
    assert_eq!(post.texts_of_second().len(), 1);
    assert_eq!(post.state(challenge).await, accepted("s-1"));
}

#[tokio::test]
async fn receipts_may_come_first_twice_or_forged() {
    let mut post = Post::open_two([taken("f-1")], []).await;
    let challenge = post.write(1).await;
    assert_eq!(post.tell("0123456789abcdeg", "id=f-1&t=1").await, ReceiptAnswer::NoSuchAddress);
    assert_eq!(post.tell(END, "id=f-1").await, ReceiptAnswer::Unreadable);
    assert_eq!(post.tell(END, "id=f-1&t=8").await, ReceiptAnswer::Taken, "on its way");
    assert_eq!(post.tell(END, "id=f-9&t=1").await, ReceiptAnswer::Taken, "nobody sent that");
    assert_eq!(post.tell(END, "id=f-1&t=1").await, ReceiptAnswer::Taken, "before the answer");
    let early = post.clock.now();
    assert_eq!(post.told(challenge).await.receipt, None);
    post.advance(3);
    assert_eq!(post.send_due().await, 1);
    let receipt = Some((Receipt::Delivered, early));
    assert_eq!(post.told(challenge).await.receipt, receipt);
    for late in ["id=f-1&t=1", "id=f-1&t=8", "id=f-1&t=2"] {
        post.advance(1);
        assert_eq!(post.tell(END, late).await, ReceiptAnswer::Taken);
        assert_eq!(post.told(challenge).await.receipt, receipt, "{late}");
    }
}

#[tokio::test]
async fn who_asks_again_gets_it_by_another_route() {
    let mut post = Post::open_two([taken("f-1")], [taken("s-1")]).await;
    let challenge = post.write(1).await;
    assert_eq!(post.send_due().await, 1);
    post.advance(30);
    let another = AnotherCode {
        challenge,
        code: "071155".parse().unwrap(),
        text: SmsText::new("071155".to_owned()),
        link: None,
        route: None,
        at: post.clock.now(),
        visit: None,
    };
    let policy = domain::ChallengePolicy::default();
    post.store.send_code_again(&another, &store::Budget::NONE, &policy).await.unwrap().unwrap();
    assert_eq!(post.send_due().await, 0);
    assert_eq!(post.texts_of_second(), ["071155"]);
}
