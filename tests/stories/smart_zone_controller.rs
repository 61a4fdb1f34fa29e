//! Ruckus SmartZone's northbound portal interface, as its reference guide describes it.
//!
//! A login is pending until the story, which plays the controller's RADIUS, says how that ended.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response};
use serde_json::{Value, json};

use crate::city::eventually;
use crate::tls_door::{Asked, TlsDoor};

pub const PASSWORD: &str = "the northbound password";

/// A controller on an address of its own.
pub struct SmartZoneController {
    address: SocketAddr,
    pub fingerprint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What `Status` says of each device: 100, 101, 202 or 301.
    standing: BTreeMap<String, u32>,
    /// Logins and logouts, in order.
    told: Vec<Value>,
    /// How often it was asked for a status.
    asked: u32,
    /// What it hid in redirects.
    hidden: BTreeMap<String, String>,
    /// How often it was asked what that was.
    revealed: u32,
}

impl SmartZoneController {
    pub async fn open() -> Self {
        let door = TlsDoor::open().await;
        let (address, fingerprint) = (door.address, door.fingerprint.clone());
        let state = Arc::new(Mutex::new(State::default()));
        let answers = Arc::clone(&state);
        door.serve(|| false, move |asked| answer(&answers, asked));
        Self { address, fingerprint, state }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A device joins.
    pub fn joins(&self, device: &str) {
        self.state().standing.insert(device.to_owned(), 100);
    }

    /// What stands for a text in its redirects, unless it is told not to encrypt.
    pub fn hides(&self, text: &str) -> String {
        let mut state = self.state();
        let hidden = format!("ENC{:032x}", 0xb257_9826_807a_6430_u64 + state.hidden.len() as u64);
        state.hidden.insert(hidden.clone(), text.to_owned());
        hidden
    }

    /// How often it was asked what it had hidden.
    pub fn revealed(&self) -> u32 {
        self.state().revealed
    }

    /// RADIUS has let it in, or not.
    pub fn hears(&self, device: &str, is_accepted: bool) {
        let standing = if is_accepted { 101 } else { 301 };
        self.state().standing.insert(device.to_owned(), standing);
    }

    pub fn standing(&self, device: &str) -> u32 {
        self.state().standing[device]
    }

    pub fn told(&self) -> Vec<Value> {
        self.state().told.clone()
    }

    /// Waits until it was told that many times.
    pub async fn is_told(&self, times: usize) -> Value {
        eventually("order to the controller", async || {
            tokio::task::yield_now().await;
            self.told().get(times - 1).cloned()
        })
        .await
    }

    /// Waits until it was asked how a login goes.
    pub async fn is_asked(&self) {
        let before = self.state().asked;
        eventually("question about a login", async || {
            tokio::task::yield_now().await;
            (self.state().asked > before).then_some(())
        })
        .await;
    }
}

fn answer(state: &Mutex<State>, asked: &Asked) -> Response<Full<Bytes>> {
    if (&asked.method, asked.uri.path()) != (&Method::POST, "/portalintf") {
        return Response::builder().status(404).body(Full::default()).unwrap();
    }
    let request = &asked.body;
    let mut state = state.lock().unwrap();
    let code = said(&mut state, request);
    let clear = request["Data"].as_str().and_then(|data| state.hidden.get(data));
    let body = json!({"Vendor": "ruckus", "APIVersion": "1.0", "ResponseCode": code,
        "ReplyMessage": "…", "UE-MAC": request["UE-MAC"], "UE-IP": request["UE-IP"], "Data": clear});
    Response::new(Full::from(body.to_string()))
}

/// The answer's number.
fn said(state: &mut State, request: &Value) -> u32 {
    let text = |name: &str| request[name].as_str().unwrap_or("");
    if text("Vendor").to_lowercase() != "ruckus" || text("APIVersion") != "1.0" {
        return 302;
    }
    if text("RequestPassword") != PASSWORD {
        return 306;
    }
    match (text("RequestCategory"), text("RequestType")) {
        ("GetConfig", "Encrypt") if !text("Data").is_empty() => return 200,
        ("GetConfig", "Decrypt") => {
            state.revealed += 1;
            return if state.hidden.contains_key(text("Data")) { 200 } else { 302 };
        }
        ("UserOnlineControl", _) => {}
        _ => return 305,
    }
    let device = text("UE-MAC").to_owned();
    let Some(standing) = state.standing.get_mut(&device).filter(|_| !text("UE-IP").is_empty())
    else {
        return 300;
    };
    match text("RequestType") {
        "Status" => {
            state.asked += 1;
            *standing
        }
        "LoginAsync" => {
            assert!(text("UE-Username").len() <= 31 && text("UE-Password").len() <= 31);
            assert_eq!(text("UE-Proxy"), "0");
            *standing = 202;
            state.told.push(request.clone());
            202
        }
        "Logout" => {
            *standing = 100;
            state.told.push(request.clone());
            200
        }
        _ => 304,
    }
}
