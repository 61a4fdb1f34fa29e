//! A visitor who is signed in already, and where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{AccountId, Grant, GrantId, GrantState, MacAddress, Timestamp};
use store::{Accounts, KeyRing, SignIn, SqlStore, StoreSettings};

use crate::city::City;

/// Adds a site with a plan of 1 GB and two hours a day.
pub async fn found_a_walkway(city: &City) {
    let day = ["--day-data", "1GB", "--day-minutes", "120"];
    let speed = ["--down", "10Mbit/s", "--up", "5Mbit/s"];
    city.json(&[&["plan", "add", "visitor"], &day[..], &speed].concat()).await;
    let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
    city.json(&[&["site", "add", "walkway", "--plan", "visitor"], &titles[..]].concat()).await;
}

/// Adds an access point to the walkway, and returns its secret.
pub async fn add_access_point(city: &City, name: &str, more: &[&str]) -> String {
    let words = ["nas", "add", name, "--site", "walkway"];
    let added = city.json(&[&words, more].concat()).await;
    added["secret"].as_str().unwrap().to_owned()
}

/// Signs a device in for a day.
pub async fn sign_in(city: &City, device: MacAddress) -> Grant {
    let now = now();
    let account = AccountId::new(now, [1; 10]);
    let grant = Grant {
        id: GrantId::new(now, [2; 10]),
        account,
        device,
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        issued_at: now,
        until: now + Duration::from_secs(86_400),
        state: GrantState::Live,
    };
    let sign_in = SignIn {
        identity: "+966551234567".parse().unwrap(),
        new_account: account,
        language: "ar".parse().unwrap(),
        grant,
        agreed: Vec::new(),
        devices: 3,
    };
    let store = store(city).await;
    let grant = store.sign_in(&sign_in).await.unwrap().grant;
    store.close().await;
    grant
}

/// Open for as short as possible, beside the running server.
pub async fn store(city: &City) -> SqlStore {
    let url = format!("sqlite:{}", city.data_dir().join("sabeel.db").display());
    let settings = StoreSettings { url, ..StoreSettings::default() };
    let keys = KeyRing::open_or_create(&city.data_dir().join("keys")).unwrap();
    SqlStore::connect(&settings, keys).await.unwrap()
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}
