//! hostapd with what `sabeel nas onboard` prints, and nothing else but its interface; and what
//! `sabeel nas test` says of it.

use std::fs;

use serde_json::Value;

use crate::city::{City, eventually};
use crate::ground::Ground;
use crate::program::{Program, command};
use crate::visitor::found_a_walkway;

/// A city and a hostapd at the same place.
struct Kerb {
    city: City,
    hostapd: Program,
    _ground: Ground,
    _dir: tempfile::TempDir,
}

impl Kerb {
    async fn build() -> Self {
        let ground = Ground::lay("");
        let dir = tempfile::tempdir().unwrap();
        let patience = "radius.dynamic-authorization.patience-ms = 500";
        let mut city = City::plan(&[patience]).within(&ground.entrance());
        city.start().await;
        found_a_walkway(&city).await;
        let new = ["--site", "walkway", "--address", "127.0.0.1", "--profile", "hostapd"];
        let said = city.sabeel(&[&["nas", "onboard", "kerb"], &new[..]].concat()).await;
        assert_eq!(said.code, 0, "{}", said.err);
        let file = dir.path().join("hostapd.conf");
        fs::write(&file, format!("interface=lo\ndriver=none\n{}", said.out)).unwrap();
        let file = file.display().to_string();
        // Its debug file is written line by line, which its standard output is not.
        let words = ["hostapd", "-f", "/dev/stderr", &file];
        let mut hostapd = Program::start(command(&[&ground.entrance()[..], &words].concat()));
        hostapd.says("AP-ENABLED").await;
        Self { city, hostapd, _ground: ground, _dir: dir }
    }

    /// What is known of the access point once its accounting has been heard.
    async fn heard(&self) -> Value {
        eventually("Accounting-On", async || {
            let nas = self.city.json(&["nas", "show", "kerb"]).await;
            (nas["activity"]["accounting"]["count"].as_u64() > Some(0)).then_some(nas)
        })
        .await
    }
}

#[tokio::test]
async fn hostapd_takes_what_is_pasted_is_heard_and_answers() {
    let mut kerb = Kerb::build().await;
    let nas = kerb.heard().await;
    assert_eq!(nas["dae_address"], "127.0.0.1:3799");
    assert_eq!(nas["activity"]["recorded"], 1, "{nas}");
    assert!(!kerb.hostapd.said().contains("errors found"), "{}", kerb.hostapd.said());
    // It has no such session, and says so: the way of orders is open, by what was pasted.
    let said = kerb.city.sabeel(&["nas", "test", "kerb"]).await;
    assert!(said.out.contains("answers at 127.0.0.1:3799: no such session"), "{said:?}");
    assert_eq!(said.code, 0, "{said:?}");
    kerb.city.json(&["nas", "set", "kerb", "--dae", "127.0.0.1:3798"]).await;
    let said = kerb.city.sabeel(&["nas", "test", "kerb"]).await;
    assert!(said.out.contains("no answer at 127.0.0.1:3798"), "{said:?}");
    assert_eq!(said.code, 1, "{said:?}");
    kerb.city.stop().await;
}
