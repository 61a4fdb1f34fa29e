use domain::{ControllerApi, HandOff, HandOffMethod, NasProfile, Octets, OrderOutcome, Usage};

use super::*;
use crate::stage::{FakeNas, Stage, mac, nas};

const KNOWN: OrderReason = OrderReason::Known;

/// A watch over the access point `hall`, whose controller sees whom the test says.
struct Hall {
    stage: Stage,
    watch: GuestWatch,
    control: Arc<FakeNas>,
    memory: Memory,
    nas: Nas,
}

impl Hall {
    async fn open(stage: Stage) -> Self {
        let api = ControllerApi {
            url: "https://10.0.0.9:8443".parse().unwrap(),
            site: "default".parse().unwrap(),
            visitor_host: None,
            user: None,
            key: "key".parse().unwrap(),
            certificate: None,
        };
        let method = HandOffMethod::UnifiApi;
        let hall = Nas {
            profile: NasProfile::UnifiApi,
            hand_off: HandOff {
                method,
                secret: None,
                hosts: Vec::new(),
                api: Some(api),
                redirect_acl: None,
                sends: method.usual_sends(),
            },
            ..nas("hall", "10.0.0.9/32")
        };
        stage.store.add_access_point(&hall).await.unwrap();
        let (store, clock) = stage.shared();
        let (control, _) = FakeNas::new([]);
        let watch = GuestWatch::new(store, clock, control.clone());
        Self { stage, watch, control, memory: Memory::default(), nas: hall }
    }

    async fn quiet() -> Self {
        Self::open(Stage::new((None, None), (None, None)).await).await
    }

    /// Lets some seconds go by, and looks at whom the controller sees then.
    async fn look(&mut self, seconds: u64, guests: &[Guest]) {
        self.stage.advance(seconds);
        *self.control.guests.lock().unwrap() = guests.to_vec();
        self.watch.look(&self.nas, &mut self.memory).await.unwrap();
    }

    /// Forgets what it may forget at any time.
    fn forget(&mut self) {
        self.memory = Memory::default();
    }

    /// Octets of each session, the newest first, with an `o` where it is open.
    async fn told(&self) -> String {
        let filter = SessionFilter { limit: 9, ..SessionFilter::default() };
        let sessions = self.stage.store.list_sessions(&filter).await.unwrap();
        let told = |session: &Session| {
            let Usage { uploaded, downloaded, .. } = session.usage;
            let open = if session.is_open() { "o" } else { "" };
            format!("{}/{}{open}", uploaded.get(), downloaded.get())
        };
        sessions.iter().map(told).collect::<Vec<_>>().join(" ")
    }

    async fn used(&self, grant: &Grant) -> u64 {
        self.stage.store.usage_of_grant(grant.id).await.unwrap().total().get()
    }
}

fn guest(device: u8, standing: GuestStanding, since: i64, octets: u64) -> Guest {
    Guest {
        device: mac(device),
        standing,
        since: Timestamp::from_secs(since),
        address: Some([10, 5, 0, device].into()),
        uploaded: Octets::new(octets / 10),
        downloaded: Octets::new(octets),
    }
}

fn admitted(since: i64, octets: u64) -> Guest {
    guest(1, GuestStanding::Admitted, since, octets)
}

fn caught(since: i64, octets: u64) -> Guest {
    guest(1, GuestStanding::Caught, since, octets)
}

#[tokio::test]
async fn what_a_controller_counts_is_counted_once() {
    let mut hall = Hall::quiet().await;
    let phone = hall.stage.sign_in(1, 1).await;
    hall.look(2, &[caught(7, 0)]).await;
    assert_eq!(hall.told().await, "");
    hall.look(2, &[admitted(7, 100)]).await;
    assert_eq!(hall.told().await, "10/100o");
    hall.look(2, &[admitted(7, 1_000)]).await;
    hall.look(0, &[admitted(7, 2_000)]).await;
    assert_eq!(
        hall.told().await,
        "100/1000o",
        "one look a moment, as after a restart of the clock"
    );
    hall.forget();
    hall.look(2, &[admitted(7, 1_000)]).await;
    hall.look(2, &[admitted(7, 2_000)]).await;
    assert_eq!(hall.told().await, "200/2000o");
    assert_eq!(hall.used(&phone).await, 2_200);
    let session =
        hall.stage.store.find_open_session(&hall.nas.name, mac(1)).await.unwrap().unwrap();
    assert_eq!(session.usage.time, Duration::from_secs(6));
    assert_eq!(session.address, Some([10, 5, 0, 1].into()));
    assert_eq!(session.grant, Some(phone.id));
}

#[tokio::test]
async fn another_stay_of_a_device_that_never_left_counts_what_came_since_the_last() {
    let mut hall = Hall::quiet().await;
    let phone = hall.stage.sign_in(1, 1).await;
    hall.look(2, &[admitted(7, 1_000)]).await;
    hall.look(60, &[caught(7, 1_500)]).await;
    assert_eq!(hall.told().await, "150/1500");
    hall.forget();
    hall.look(60, &[admitted(7, 1_600)]).await;
    hall.look(2, &[admitted(7, 2_000)]).await;
    assert_eq!(hall.told().await, "50/500o 150/1500");
    // It left and came back, and the controller counts from zero.
    hall.look(60, &[]).await;
    hall.look(60, &[admitted(190, 30)]).await;
    assert_eq!(hall.told().await, "3/30o 50/500 150/1500");
    // The controller itself began anew.
    hall.look(60, &[admitted(190, 10)]).await;
    assert_eq!(hall.told().await, "1/10o 3/30 50/500 150/1500");
    assert_eq!(hall.used(&phone).await, 2_244);
}

#[tokio::test]
async fn who_has_just_left_is_counted_to_the_last_octet_and_not_let_in_again() {
    let mut hall = Hall::quiet().await;
    let phone = hall.stage.sign_in(1, 1).await;
    hall.look(60, &[admitted(7, 1_000)]).await;
    hall.look(2, &[guest(1, GuestStanding::Gone, 7, 1_500)]).await;
    hall.look(60, &[guest(1, GuestStanding::Gone, 7, 1_500)]).await;
    assert_eq!(hall.told().await, "150/1500");
    assert_eq!(hall.used(&phone).await, 1_650);
    assert!(hall.stage.orders().await.is_empty());
}

#[tokio::test]
async fn a_session_that_uses_nothing_is_reported_before_it_counts_as_stale() {
    let mut hall = Hall::quiet().await;
    hall.stage.sign_in(1, 1).await;
    let updated = async |hall: &Hall| {
        let session = hall.stage.store.find_open_session(&hall.nas.name, mac(1)).await.unwrap();
        session.unwrap().updated_at.since(crate::stage::NOON).as_secs()
    };
    for (seconds, expected) in [(2, 2), (2, 2), (57, 2), (1, 62)] {
        hall.look(seconds, &[admitted(7, 0)]).await;
        assert_eq!(updated(&hall).await, expected);
    }
}

#[tokio::test]
async fn a_controller_that_forgets_is_told_again_and_a_known_device_comes_in_by_itself() {
    let mut hall = Hall::quiet().await;
    hall.stage.sign_in(1, 1).await;
    hall.look(2, &[admitted(7, 0)]).await;
    let order = |outcome: Option<OrderOutcome>| ("hall".to_owned(), KNOWN, outcome);
    hall.look(2, &[caught(7, 0)]).await;
    assert_eq!(hall.stage.orders().await, [order(None)], "it was through before");
    // It takes some time until the controller does what it acknowledged.
    hall.look(2, &[caught(7, 0)]).await;
    assert_eq!(hall.stage.orders().await.len(), 1);
    hall.look(2, &[]).await;
    let first = hall.stage.store.claim_orders(
        hall.stage.clock.now(),
        hall.stage.clock.now(),
        1,
        &store::Reach::Everyone,
    );
    let first = first.await.unwrap().remove(0);
    let done = domain::OrderStep::Done {
        last: None,
        at: hall.stage.clock.now(),
        outcome: OrderOutcome::Acknowledged,
    };
    assert!(hall.stage.store.advance_order(&first, &done).await.unwrap());
    hall.look(3_600, &[caught(99, 0)]).await;
    let expected = [order(Some(OrderOutcome::Acknowledged)), order(None)];
    assert_eq!(hall.stage.orders().await, expected, "it is back, and known");
}

#[tokio::test]
async fn nobody_is_admitted_who_is_unknown_or_has_nothing_left_or_is_just_signing_in() {
    let mut hall = Hall::open(Stage::new((None, None), (None, Some(1_000))).await).await;
    hall.stage.sign_in(1, 1).await;
    hall.look(2, &[caught(7, 0), guest(2, GuestStanding::Caught, 7, 0)]).await;
    assert!(hall.stage.orders().await.is_empty(), "the portal orders it at sign-in");
    hall.look(2, &[admitted(7, 2_000)]).await;
    hall.look(60, &[caught(7, 2_000), guest(2, GuestStanding::Admitted, 7, 9)]).await;
    assert!(hall.stage.orders().await.is_empty(), "nothing is left");
    assert_eq!(hall.told().await, "200/2000", "a stranger was let in by somebody else");
}

#[tokio::test]
async fn counters_that_count_the_other_way_are_turned_round() {
    let mut hall = Hall::quiet().await;
    hall.nas.octet_direction = domain::OctetDirection::Swapped;
    hall.stage.sign_in(1, 1).await;
    hall.look(2, &[admitted(7, 1_000)]).await;
    assert_eq!(hall.told().await, "1000/100o");
}

#[tokio::test]
async fn a_controller_that_does_not_answer_is_asked_ever_more_seldom() {
    let hall = Hall::quiet().await;
    let watch = Arc::new(hall.watch);
    let mut memory = Memory::default();
    let (store, clock) = hall.stage.shared();
    struct Away;
    #[async_trait::async_trait]
    impl NasControl for Away {
        async fn deliver(
            &self,
            _: &Nas,
            _: &NasOrder,
            _: &domain::NasCommand,
            _: Option<&Session>,
        ) -> crate::Delivery {
            crate::Delivery::NoAnswer
        }
        async fn probe(&self, _: &Nas) -> crate::Probe {
            crate::Probe { delivery: crate::Delivery::NoAnswer, way: crate::Way::None }
        }
        async fn guests(&self, _: &Nas) -> Result<Vec<Guest>, GuestsError> {
            Err(GuestsError("away".to_owned()))
        }
    }
    let away = GuestWatch::new(store, clock.clone(), Arc::new(Away));
    let mut pauses = Vec::new();
    for _ in 0..7 {
        away.look_and_note(&hall.nas, &mut memory).await;
        pauses.push(memory.ask_at.unwrap().since(clock.now()).as_secs());
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60]);
    watch.look_and_note(&hall.nas, &mut memory).await;
    assert_eq!((memory.failures, memory.ask_at), (0, None));
}
