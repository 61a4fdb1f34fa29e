use domain::{
    Binding, Challenge, ChallengeId, ChallengeState, Code, Language, MacAddress, ManualClock,
    SmsText,
};
use store::NewChallenge;
use store::testing::TestStore;

use super::*;
use crate::fake_gateway::{FakeGateway, Reply};

const NOON: Timestamp = Timestamp::from_secs(1_795_597_200);
const TEXT: &str = "رمز واي فاي الأحساء 482913\nصالح 5 دقائق، ولا تشاركه مع أحد.";

/// A courier between a store with messages and a gateway that answers by a script.
struct Post {
    store: TestStore,
    clock: Arc<ManualClock>,
    gateway: FakeGateway,
    courier: Courier,
}

impl Post {
    async fn open(replies: impl IntoIterator<Item = Reply>) -> Self {
        let store = store::testing::sqlite().await;
        let plan = domain::Plan::visitor("visitor".parse().unwrap());
        store.add_plan(&plan).await.unwrap();
        let site = domain::Site::new("walkway".parse().unwrap(), plan.name);
        store.add_site(&site).await.unwrap();
        let clock = Arc::new(ManualClock::new(NOON));
        let gateway = FakeGateway::start(replies).await;
        let settings = format!(
            "transport = \"http\"\nper-second = 1000\n\
             [http]\nurl = \"http://{}/send\"\ntimeout-seconds = 1\n\
             [http.fields]\nto = \"{{to}}\"\ntext = \"{{text}}\"\n\
             [http.answer]\naccepted-when = {{ pointer = \"/ok\", equals = [\"true\"] }}\n\
             reference = \"/id\"",
            gateway.address
        );
        let settings = toml::from_str(&settings).unwrap();
        let courier = Courier::new(&settings, store.shared(), clock.clone()).unwrap();
        Self { store, clock, gateway, courier }
    }

    async fn write(&self, device: u8) -> ChallengeId {
        write(&self.store, &self.clock, device).await
    }

    /// Sends what is due now, sees it through, and returns how many requests the gateway got.
    async fn send_due(&mut self) -> usize {
        let mut sending = JoinSet::new();
        self.courier.begin_due(&mut sending).await.unwrap();
        while let Some(done) = sending.join_next().await {
            done.unwrap();
        }
        std::iter::from_fn(|| self.gateway.asked.try_recv().ok()).count()
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn state(&self, challenge: ChallengeId) -> MessageState {
        self.store.message_state(challenge).await.unwrap().expect("there is a message")
    }
}

/// Begins a challenge for a device, whose message is good for five minutes.
async fn write(store: &TestStore, clock: &ManualClock, device: u8) -> ChallengeId {
    let now = clock.now();
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
    let id = challenge.id;
    let code: Code = "482913".parse().unwrap();
    let new = NewChallenge {
        challenge,
        code,
        link: None,
        text: SmsText::new(TEXT.to_owned()),
        visit: None,
    };
    store.begin_challenge(&new, &[], &domain::ChallengePolicy::default()).await.unwrap();
    id
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
    let Post { store, clock, mut gateway, courier } = Post::open([taken("m-1")]).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(courier.run(stop.clone()));
    let challenge = write(&store, &clock, 1).await;
    let asked = gateway.next_asked().await;
    assert_eq!(asked.pairs()["text"], TEXT);
    assert_eq!(asked.pairs()["to"], "966512345678");
    stop.cancel();
    running.await.unwrap();
    let state = store.message_state(challenge).await.unwrap();
    assert_eq!(state, Some(accepted("m-1")), "what is on its way is seen through");
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
async fn a_refusal_is_final() {
    for (answer, reason) in [
        (reply(400, "bad number 966512345678"), "the gateway answered 400"),
        (reply(200, r#"{"ok":false}"#), "the gateway answered 200"),
    ] {
        let mut post = Post::open([answer]).await;
        let challenge = post.write(1).await;
        assert_eq!(post.send_due().await, 1);
        let expected = MessageState::Failed { reason: reason.to_owned() };
        assert_eq!(post.state(challenge).await, expected);
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
