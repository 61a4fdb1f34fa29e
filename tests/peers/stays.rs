//! How a visitor proves himself at an access point, and what the city knows of his stays.

use std::time::Duration;

use domain::{Credential, CredentialId, Grant};
use serde_json::Value;
use store::Credentials;

use crate::city::{City, eventually};
use crate::visitor::{now, store};

/// The password of every one-time credential here.
pub const PASSWORD: &str = "k3hV9sQ2";

/// Makes a credential by which the bearer of `grant` gets in once at `nas`, and returns its name.
pub async fn add_credential(city: &City, grant: &Grant, nas: &str, number: u8) -> String {
    let now = now();
    let credential = Credential {
        id: CredentialId::new(now, [number; 10]),
        password: PASSWORD.parse().unwrap(),
        grant: grant.id,
        device: grant.device,
        nas: nas.parse().unwrap(),
        expires_at: now + Duration::from_secs(600),
    };
    let store = store(city).await;
    store.add_credential(&credential).await.unwrap();
    store.close().await;
    credential.id.user_name()
}

/// Waits until the city knows a stay that is as wanted.
pub async fn stay(city: &City, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let sessions = city.json(&["session", "list", "--all"]).await;
        sessions.as_array().unwrap().iter().find(|session| wanted(session)).cloned()
    })
    .await
}
