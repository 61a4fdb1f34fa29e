//! hostapd as an access point: a port that opens by 802.1X, is accounted for, and is closed when
//! the city says so. FreeRADIUS ends EAP-TTLS and asks the city about the name inside.
//!
//! hostapd's driver for wires counts no octets, so that only time can be compared. What the port
//! would block is not the kernel's business there either: a port is open or closed to 802.1X.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use domain::MacAddress;
use serde_json::Value;

use crate::city::{City, eventually};
use crate::freeradius::{AUTHENTICATION_PORT, FreeRadius, Home, OUTER_SECRET};
use crate::ground::Ground;
use crate::program::{Program, command, run};
use crate::stays::stay;
use crate::visitor::{add_access_point, found_a_walkway, sign_in};

const DEVICE: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);
const WIRE: &str = "ip link add port type veth peer name phone\n\
    ip link set phone address 02:00:5e:10:ab:0c\n\
    ip link set port up\n\
    ip link set phone up";
/// Where hostapd takes Disconnect and CoA.
const DAE: &str = "127.0.0.1:3799";

/// hostapd's configuration: it asks FreeRADIUS, and tells the city.
fn access_point(dir: &Path, city: &City, secret: &str) -> String {
    let (control, accounting) = (dir.join("hostapd"), city.accounting());
    format!(
        "interface=port\ndriver=wired\nctrl_interface={}\n\
         ieee8021x=1\neap_reauth_period=0\nuse_pae_group_addr=0\n\
         own_ip_addr=127.0.0.1\nnas_identifier=kerb\n\
         auth_server_addr=127.0.0.1\nauth_server_port={AUTHENTICATION_PORT}\n\
         auth_server_shared_secret={OUTER_SECRET}\n\
         acct_server_addr={}\nacct_server_port={}\nacct_server_shared_secret={secret}\n\
         radius_acct_interim_interval=1\n\
         radius_das_port=3799\nradius_das_client=127.0.0.1 {secret}\n\
         radius_das_time_window=300\nradius_das_require_event_timestamp=1\n\
         radius_das_require_message_authenticator=1\n",
        control.display(),
        accounting.ip(),
        accounting.port(),
    )
}

/// wpa_supplicant's configuration: the device names and proves itself by its address.
fn supplicant(dir: &Path) -> String {
    format!(
        "ctrl_interface={}\nap_scan=0\nnetwork={{\nkey_mgmt=IEEE8021X\neap=TTLS\n\
         identity=\"02005e10ab0c\"\npassword=\"02005e10ab0c\"\nanonymous_identity=\"anonymous\"\n\
         phase2=\"auth=PAP\"\neapol_flags=0\n}}\n",
        dir.join("supplicant").display()
    )
}

/// A square where a phone hangs at a port by a wire.
struct Square {
    ground: Ground,
    city: City,
    _radius: FreeRadius,
    port: Program,
    phone: Program,
    dir: tempfile::TempDir,
}

impl Square {
    async fn build() -> Self {
        let ground = Ground::lay(WIRE);
        let dir = tempfile::tempdir().unwrap();
        let mut city = City::plan(&[]).within(&ground.entrance());
        city.start().await;
        found_a_walkway(&city).await;
        let secret =
            add_access_point(&city, "port", &["--address", "127.0.0.1", "--dae", DAE]).await;
        sign_in(&city, DEVICE).await;
        let home = Home { name: "city", city: &city, secret: &secret };
        let radius = FreeRadius::end_of_eap(Ipv4Addr::LOCALHOST, home, &ground.entrance()).await;
        let start = |program: &[&str], name: &str, text: String| {
            let file = dir.path().join(name);
            fs::write(&file, text).unwrap();
            let file = file.display().to_string();
            Program::start(command(&[&ground.entrance()[..], program, &[&file]].concat()))
        };
        let text = access_point(dir.path(), &city, &secret);
        // Its debug file is written line by line, which its standard output is not.
        let mut port = start(&["hostapd", "-f", "/dev/stderr"], "hostapd.conf", text);
        port.says("AP-ENABLED").await;
        let words = ["wpa_supplicant", "-Dwired", "-iphone", "-f", "/dev/stderr", "-c"];
        let phone = start(&words, "supplicant.conf", supplicant(dir.path()));
        Self { ground, city, _radius: radius, port, phone, dir }
    }

    /// What hostapd says of the device: whether its port is open, among much else.
    async fn port_of_the_device(&self) -> String {
        let control = self.dir.path().join("hostapd").display().to_string();
        let words = ["hostapd_cli", "-p", &control, "-i", "port", "sta", "02:00:5e:10:ab:0c"];
        run(command(&[&self.ground.entrance()[..], &words].concat())).await
    }
}

#[tokio::test]
async fn a_port_opens_is_accounted_for_and_closes_when_the_city_says_so() {
    let mut square = Square::build().await;
    square.phone.says("CTRL-EVENT-EAP-SUCCESS").await;
    let city = &square.city;
    let open = |stay: &Value| stay["state"] == "open" && stay["seconds"].as_u64() >= Some(2);
    let stayed = stay(city, "stay with two Interim-Updates", open).await;
    assert_eq!(stayed["device"], DEVICE.to_string());
    // Class came through the tunnel and back, so the stay belongs to a person.
    assert!(stayed["grant"].is_string(), "{stayed}");
    assert!(square.port_of_the_device().await.contains("[AUTHORIZED]"));

    let session = stayed["id"].as_str().unwrap();
    city.json(&["session", "disconnect", session]).await;
    eventually("order that accounting shows to be done", async || {
        let orders: Value = serde_json::from_str(&city.ask_admin("/v1/orders").await.body).unwrap();
        let state = &orders["items"][0]["state"];
        assert!(state.get("refused").is_none(), "{orders}");
        state.get("enforced").map(drop)
    })
    .await;
    square.port.says("AP-STA-DISCONNECTED 02:00:5e:10:ab:0c").await;
    let closed = square.port_of_the_device().await;
    assert!(!closed.contains("[AUTHORIZED]"), "{closed}");
    let over = stay(city, "end of the stay", |stay| stay["state"] != "open").await;
    assert_eq!(over["id"], session);
    let counted = over["seconds"].as_u64().unwrap();
    assert!((2..60).contains(&counted), "{over}");
    square.city.stop().await;
}
