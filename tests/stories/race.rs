//! Several telephones enter one code at the same moment: it is used once, each browser is led on, and
//! whatever was compared is counted. On SQLite at one portal, and on PostgreSQL at two.

use std::path::Path;

use domain::{ChallengeState, MacAddress};
use store::testing::TestStore;
use store::{ChallengeTold, ChallengesOf, Histories, KeyRing, SqlStore, StoreSettings};

use crate::access_point::AccessPoint;
use crate::browser::{Answer, Browser};
use crate::city::City;
use crate::link::{ORIGIN, redirect_of};
use crate::sms_gateway::SmsGateway;
use crate::visit::found_a_park;
use crate::visitor::now;

const ROUNDS: u8 = 16;
/// More browsers than a code has attempts.
const GUESSERS: usize = 7;
const NO_WAITING: [&str; 4] = [
    "portal.limits.held-answers = 0",
    "portal.limits.sends-per-access-point = 1000",
    "portal.limits.sends-per-site = 1000",
    "portal.limits.sends-per-second = 100",
];

/// Where telephones race: a city, its messages, and two doors of it.
pub struct Track {
    pub city: City,
    /// Another portal of the same city.
    other: Option<City>,
    messages: SmsGateway,
    gate: AccessPoint,
    store: SqlStore,
    _database: Option<TestStore>,
}

impl Track {
    /// A city on SQLite, with these lines of configuration.
    pub async fn of_one(settings: &[&str]) -> Self {
        let messages = SmsGateway::open().await;
        let own = messages.settings();
        let own = own.iter().map(String::as_str).chain(NO_WAITING);
        let city = City::begin(&own.chain(settings.iter().copied()).collect::<Vec<_>>()).await;
        let url = format!("sqlite:{}", city.data_dir().join("sabeel.db").display());
        Self::ready((city, None), messages, &StoreSettings { url, ..StoreSettings::default() })
            .await
    }

    /// A city on PostgreSQL whose visitors come to two portals.
    async fn of_two() -> Self {
        let database = store::testing::postgres().await;
        let messages = SmsGateway::open().await;
        let mut own = messages.settings().to_vec();
        own.push(format!("store.url = \"{}\"", database.settings().url));
        let own: Vec<_> = own.iter().map(String::as_str).chain(NO_WAITING).collect();
        let mut city = City::plan(&own);
        city.start_apart().await;
        let mut other = City::plan(&own);
        copy_keys(&city.data_dir(), &other.data_dir());
        other.start_part("portal").await;
        let settings = database.settings().clone();
        let track = Self::ready((city, Some(other)), messages, &settings).await;
        Self { _database: Some(database), ..track }
    }

    async fn ready(
        (city, other): (City, Option<City>),
        messages: SmsGateway,
        settings: &StoreSettings,
    ) -> Self {
        found_a_park(&city).await;
        let gate = AccessPoint::install(&city, "gate", &["--profile", "sabeel"]).await;
        let keys = KeyRing::open_or_create(&city.data_dir().join("keys")).unwrap();
        let store = SqlStore::connect(settings, keys).await.unwrap();
        Self { city, other, messages, gate, store, _database: None }
    }

    /// Two browsers, each at its own door if there are two.
    pub fn browsers(&self) -> [Browser; 2] {
        let portal = self.other.as_ref().map_or(self.city.portal(), City::portal);
        let source = [127, 0, 0, 77].into();
        [Browser::new(self.city.portal()), Browser { source, ..Browser::new(portal) }]
    }

    /// Asks a code for a number; returns the page that waits for it, and the message.
    pub async fn ask(
        &mut self,
        browser: &Browser,
        device: MacAddress,
        phone: &str,
    ) -> (Answer, String) {
        let page = browser.visit(&redirect_of(&self.gate, device)).await;
        let sent = browser.submit(&page, "phone", &[("phone", phone), ("terms", "yes")]).await;
        let page = browser.visit(&sent.location()).await;
        assert_eq!(page.title(), "Enter the code");
        (page, self.messages.next().await.text)
    }

    /// The only challenge of a device.
    async fn challenge(&self, device: MacAddress) -> ChallengeTold {
        let since = now() - std::time::Duration::from_secs(3_600);
        let of = ChallengesOf::Device(device);
        let mut challenges = self.store.list_challenges(&of, since, 10).await.unwrap();
        assert_eq!(challenges.len(), 1, "{challenges:?}");
        challenges.remove(0)
    }

    /// The code was used once, with one message, and gave the device one grant. Of so many who entered it
    /// at the same moment some may have come too late to be compared.
    async fn is_won_once(&self, device: MacAddress, by: u32) {
        let challenge = self.challenge(device).await;
        assert_eq!(challenge.state, ChallengeState::Verified);
        assert!((1..=by).contains(&challenge.attempts), "{challenge:?}");
        assert_eq!(challenge.messages.len(), 1, "{challenge:?}");
        let grants = self.store.list_grants_of_device(device, 10).await.unwrap();
        assert_eq!(grants.len(), 1, "{grants:?}");
    }
}

fn copy_keys(from: &Path, to: &Path) {
    std::fs::create_dir(to.join("keys")).unwrap();
    for entry in std::fs::read_dir(from.join("keys")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join("keys").join(entry.file_name())).unwrap();
    }
}

/// A device and a number of each round, the numbers of different blocks.
fn of_round(round: u8, nth: u8) -> (MacAddress, String) {
    (MacAddress::new([2, 0, 0x5e, 0x20, nth, round]), format!("055{nth}{round:02}1234"))
}

/// The code in a message.
pub fn code_in(message: &str) -> String {
    let mut numbers = message.split(|c: char| !c.is_ascii_digit());
    numbers.find(|digits| digits.len() == 6).unwrap().to_owned()
}

/// Whether the answer to a code says that it let the device in.
pub fn has_won(answer: &Answer) -> bool {
    answer.location().ends_with("/online")
}

/// One device with two browsers, both of which enter the right code.
async fn two_browsers_of_one_device(track: &mut Track) {
    let [first, second] = track.browsers();
    for round in 0..ROUNDS {
        let (device, phone) = of_round(round, 1);
        let (page, message) = track.ask(&first, device, &phone).await;
        let same = second.visit(&redirect_of(&track.gate, device)).await;
        assert_eq!(same.title(), "Enter the code", "no browser begins anew");
        let code = [("code", code_in(&message))];
        let code = code.each_ref().map(|(name, code)| (*name, code.as_str()));
        let answers =
            tokio::join!(first.submit(&page, "code", &code), second.submit(&same, "code", &code));
        let answers = [(&first, answers.0), (&second, answers.1)];
        let winners = answers.iter().filter(|(_, answer)| has_won(answer)).count();
        assert_eq!(winners, 1, "{answers:?}");
        for (browser, answer) in &answers {
            let page = browser.visit(&answer.location()).await;
            assert_eq!((page.status, page.title().as_str()), (200, "Opening the way"));
        }
        track.is_won_once(device, 2).await;
    }
}

/// Two devices that asked for one number, both of which enter the code that was sent for the first.
async fn two_devices_with_one_code(track: &mut Track) {
    let [first, second] = track.browsers();
    for round in 0..ROUNDS {
        let ((device, phone), (thief, _)) = (of_round(round, 2), of_round(round, 3));
        let (page, message) = track.ask(&first, device, &phone).await;
        let (other_page, other_message) = track.ask(&second, thief, &phone).await;
        let code = code_in(&message);
        if code == code_in(&other_message) {
            // As happens in one of a million rounds, which then shows nothing.
            continue;
        }
        let code = [("code", code.as_str())];
        let (right, wrong) = tokio::join!(
            first.submit(&page, "code", &code),
            second.submit(&other_page, "code", &code)
        );
        assert!(has_won(&right), "{right:?}");
        assert!(wrong.location().ends_with("/code?e=wrong"), "{wrong:?}");
        let page = second.visit(&wrong.location()).await;
        assert!(page.shows("The code does not match. 4 attempts left."), "{}", page.body);
        track.is_won_once(device, 1).await;
        let own = track.challenge(thief).await;
        assert_eq!((own.state, own.attempts), (ChallengeState::Open, 1));
        assert_eq!(track.store.list_grants_of_device(thief, 10).await.unwrap(), []);
        let own = code_in(&other_message);
        assert!(has_won(&second.submit(&page, "code", &[("code", &own)]).await), "its own is good");
    }
}

/// One device whose code is guessed by more browsers at once than there are attempts.
async fn more_guesses_than_attempts(track: &mut Track) {
    let doors = track.browsers();
    for round in 0..ROUNDS / 4 {
        let (device, phone) = of_round(round, 4);
        let (page, message) = track.ask(&doors[0], device, &phone).await;
        let code = code_in(&message);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let guess = |door: &Browser| {
            let (door, path) = (door.clone(), format!("{}code", page.base()));
            tokio::spawn(async move { door.post(&path, &[("code", wrong)]).await })
        };
        let guesses: Vec<_> = doors.iter().cycle().take(GUESSERS).map(guess).collect();
        let mut places = Vec::new();
        for guess in guesses {
            let place = guess.await.unwrap().location();
            places.push(place.rsplit('/').next().unwrap().to_owned());
        }
        places.sort_unstable();
        // The last of five is told that it was the last; who comes later, that there is nothing left.
        let wrong = places.iter().filter(|place| *place == "code?e=wrong").count();
        assert_eq!(wrong, 4, "{places:?}");
        assert!(places.iter().all(|place| ["code?e=wrong", "?e=locked", ""].contains(&&**place)));
        let challenge = track.challenge(device).await;
        assert_eq!((challenge.state, challenge.attempts), (ChallengeState::Open, 5));
        let late = doors[1].submit(&page, "code", &[("code", &code)]).await;
        assert!(!has_won(&late), "the right code comes too late: {late:?}");
        assert_eq!(track.store.list_grants_of_device(device, 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn telephones_that_race_for_a_code_use_it_once() {
    let mut track = Track::of_one(&[]).await;
    two_browsers_of_one_device(&mut track).await;
    two_devices_with_one_code(&mut track).await;
    more_guesses_than_attempts(&mut track).await;
}

#[tokio::test]
async fn telephones_that_race_at_two_portals_use_a_code_once() {
    let mut track = Track::of_two().await;
    two_browsers_of_one_device(&mut track).await;
    two_devices_with_one_code(&mut track).await;
    more_guesses_than_attempts(&mut track).await;
}

/// The sheet has the code, another telephone the link of the same message, a third presses it, too.
#[tokio::test]
async fn of_a_code_and_its_link_at_the_same_moment_one_counts() {
    let secure = format!("portal.secure-url = \"{ORIGIN}\"");
    let mut track = Track::of_one(&["portal.message-form = \"link\"", &secure]).await;
    let [sheet, telephone] = track.browsers();
    for round in 0..ROUNDS {
        let (device, phone) = of_round(round, 5);
        let (page, message) = track.ask(&sheet, device, &phone).await;
        let link = message.lines().find_map(|line| line.strip_prefix(ORIGIN)).unwrap().to_owned();
        let code = code_in(message.lines().next().unwrap());
        let code = [("code", code.as_str())];
        let (typed, tapped, again) = tokio::join!(
            sheet.submit(&page, "code", &code),
            telephone.post(&link, &[]),
            telephone.post(&link, &[]),
        );
        for tapped in [tapped, again] {
            let page = telephone.visit(&tapped.location()).await;
            assert_eq!(page.title(), "Login confirmed");
        }
        let page = sheet.visit(&typed.location()).await;
        assert_eq!((page.status, page.title().as_str()), (200, "Opening the way"));
        track.is_won_once(device, 1).await;
    }
}
