//! UniFi's controller as its API shows it: the classic one, UniFi OS, and the official API by key.
//!
//! It knows only UniFi's own words. A guest is let through some time after it said so, when the
//! story says so, and a login or an authorisation is forgotten when it restarts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response};
use serde_json::{Value, json};

use crate::city::eventually;
use crate::tls_door::{Asked, TlsDoor};

pub const PASSWORD: &str = "the controller's password";
pub const KEY: &str = "an-API-key-of-the-controller";
const SITE_ID: &str = "88f7af54-98f8-306a-a1c7-c9349722b1f6";

/// Which controller it is, and how Sabeel may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Classic,
    Os,
    Official,
}

/// A controller on an address of its own, with one site and two access points.
pub struct UnifiController {
    address: SocketAddr,
    pub fingerprint: String,
    state: Arc<Mutex<State>>,
}

struct State {
    kind: Kind,
    logins: u32,
    /// The cookie and the token that the next request must carry.
    token: u32,
    guests: BTreeMap<String, Guest>,
    /// What it was told, in order.
    told: Vec<Value>,
    /// How often it said who is there.
    listed: u64,
    is_away: bool,
}

#[derive(Default)]
struct Guest {
    /// Not listed yet.
    is_new: bool,
    is_authorised: bool,
    is_let_through: bool,
    since: i64,
    up: u64,
    down: u64,
}

impl UnifiController {
    pub async fn open(kind: Kind) -> Self {
        let door = TlsDoor::open().await;
        let (address, fingerprint) = (door.address, door.fingerprint.clone());
        let state = State {
            kind,
            logins: 0,
            token: 0,
            guests: BTreeMap::new(),
            told: Vec::new(),
            listed: 0,
            is_away: false,
        };
        let state = Arc::new(Mutex::new(state));
        let (away, answers) = (Arc::clone(&state), Arc::clone(&state));
        door.serve(move || away.lock().unwrap().is_away, move |asked| answer(&answers, asked));
        Self { address, fingerprint, state }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A device joins; the controller lists it once it has appeared.
    pub fn joins(&self, device: &str) {
        let guest = Guest { is_new: true, since: 1_795_597_200, ..Guest::default() };
        self.state().guests.insert(device.to_owned(), guest);
    }

    pub fn appears(&self, device: &str) {
        self.state().guests.get_mut(device).unwrap().is_new = false;
    }

    /// Its access points open the way at last.
    pub fn lets_through(&self, device: &str) {
        let mut state = self.state();
        let guest = state.guests.get_mut(device).unwrap();
        assert!(guest.is_authorised, "nobody authorised it");
        guest.is_let_through = true;
    }

    /// The device uses something.
    pub fn uses(&self, device: &str, up: u64, down: u64) {
        let mut state = self.state();
        let guest = state.guests.get_mut(device).unwrap();
        assert!(guest.is_let_through, "it is not let through");
        (guest.up, guest.down) = (guest.up + up, guest.down + down);
    }

    /// It restarts: logins and authorisations are gone, and all count from zero.
    pub fn restarts(&self) {
        let mut state = self.state();
        state.token += 100;
        for guest in state.guests.values_mut() {
            *guest = Guest { since: guest.since + 60, ..Guest::default() };
        }
    }

    pub fn is_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    pub fn logins(&self) -> u32 {
        self.state().logins
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

    /// Waits until it has said anew, and more than once, who is there.
    pub async fn is_asked(&self) {
        let before = self.state().listed;
        eventually("question to the controller", async || {
            tokio::task::yield_now().await;
            (self.state().listed >= before + 2).then_some(())
        })
        .await;
    }
}

fn answer(state: &Mutex<State>, asked: &Asked) -> Response<Full<Bytes>> {
    let body = &asked.body;
    let mut state = state.lock().unwrap();
    if state.is_away {
        return plain(503, &Value::Null);
    }
    let path = asked.uri.path();
    if path == "/" {
        let status = if state.kind == Kind::Classic { 302 } else { 200 };
        return plain(status, &Value::Null);
    }
    let login = if state.kind == Kind::Classic { "/api/login" } else { "/api/auth/login" };
    if path == login {
        state.logins += 1;
        if *body != json!({"username": "sabeel", "password": PASSWORD}) {
            return plain(400, &classic_error("api.err.Invalid"));
        }
        return with_token(&state, &json!({"meta": {"rc": "ok"}, "data": []}));
    }
    let is_key = asked.header("x-api-key") == Some(KEY);
    let token = state.token.to_string();
    let cookie = match state.kind {
        Kind::Classic => format!("unifises={token}"),
        Kind::Os | Kind::Official => format!("TOKEN={token}"),
    };
    let is_logged_in =
        state.kind != Kind::Official && asked.header("cookie") == Some(cookie.as_str());
    if !(is_key && state.kind == Kind::Official || is_logged_in) {
        return plain(401, &classic_error("api.err.LoginRequired"));
    }
    let posts_unproved =
        asked.method == Method::POST && asked.header("x-csrf-token") != Some(&token);
    if state.kind == Kind::Os && posts_unproved {
        return plain(403, &Value::Null);
    }
    if let Some(path) = path.strip_prefix("/proxy/network/integration/v1") {
        assert_eq!(state.kind, Kind::Official);
        let query = asked.uri.query().unwrap_or("").replace("%27", "'");
        return official(&mut state, path, &query, body);
    }
    let prefix = if state.kind == Kind::Classic { "" } else { "/proxy/network" };
    let said = path.strip_prefix(prefix).map(|path| classic(&mut state, path, body));
    match said.flatten() {
        Some(said) => with_token(&state, &said),
        None => plain(404, &classic_error("api.err.NotFound")),
    }
}

fn classic_error(message: &str) -> Value {
    json!({"meta": {"rc": "error", "msg": message}, "data": []})
}

fn plain(status: u16, body: &Value) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(body.to_string())).unwrap()
}

fn with_token(state: &State, body: &Value) -> Response<Full<Bytes>> {
    let token = state.token;
    let name = if state.kind == Kind::Classic { "unifises" } else { "TOKEN" };
    Response::builder()
        .header("set-cookie", format!("{name}={token}; Path=/; Secure; HttpOnly"))
        .header("x-csrf-token", token.to_string())
        .body(Full::from(body.to_string()))
        .unwrap()
}

/// The API of its own pages.
fn classic(state: &mut State, path: &str, body: &Value) -> Option<Value> {
    let ok = |data: Value| Some(json!({"meta": {"rc": "ok"}, "data": data}));
    let Some(what) = path.strip_prefix("/api/s/default/") else {
        return Some(classic_error("api.err.NoSiteContext"));
    };
    match what {
        "stat/sta" => {
            state.listed += 1;
            let guests = state.guests.iter().filter(|(_, guest)| !guest.is_new);
            let station = |(mac, guest): (&String, &Guest)| {
                json!({"mac": mac, "is_guest": true, "authorized": guest.is_let_through,
                    "ip": "127.0.0.1", "assoc_time": guest.since, "rx_bytes": guest.up,
                    "tx_bytes": guest.down, "essid": "Park"})
            };
            ok(guests.map(station).chain([json!({"mac": "02:00:5e:00:00:09"})]).collect())
        }
        "stat/device-basic" => ok(json!([
            {"mac": "74:83:c2:00:00:01", "type": "uap"},
            {"mac": "74:83:c2:00:00:02", "type": "uap"},
            {"mac": "74:83:c2:00:00:03", "type": "usw"},
        ])),
        "cmd/stamgr" => {
            let device = body["mac"].as_str().unwrap().to_owned();
            let is_authorised = match body["cmd"].as_str().unwrap() {
                "authorize-guest" => true,
                "unauthorize-guest" => false,
                other => panic!("{other}"),
            };
            authorise(state, &device, is_authorised, body);
            ok(json!([]))
        }
        _ => None,
    }
}

/// The Integration API.
fn official(state: &mut State, path: &str, query: &str, body: &Value) -> Response<Full<Bytes>> {
    if path == "/sites" {
        let site = json!({"id": SITE_ID, "internalReference": "default", "name": "Default"});
        return plain(200, &json!({"offset": 0, "count": 1, "totalCount": 1, "data": [site]}));
    }
    let clients = format!("/sites/{SITE_ID}/clients");
    let Some(rest) = path.strip_prefix(&clients) else { return plain(404, &Value::Null) };
    if rest.is_empty() {
        let device = query.split("macAddress.eq('").nth(1).unwrap().split("')").next().unwrap();
        let known = state.guests.get(device).is_some_and(|guest| !guest.is_new);
        let client = json!({"id": device.replace(':', "-"), "macAddress": device});
        let found: Vec<_> = known.then_some(client).into_iter().collect();
        return plain(200, &json!({"data": found}));
    }
    let id = rest.strip_prefix('/').and_then(|rest| rest.strip_suffix("/actions")).unwrap();
    let is_authorised = match body["action"].as_str().unwrap() {
        "AUTHORIZE_GUEST_ACCESS" => true,
        "UNAUTHORIZE_GUEST_ACCESS" => false,
        other => panic!("{other}"),
    };
    authorise(state, &id.replace('-', ":"), is_authorised, body);
    plain(200, &json!({"action": body["action"]}))
}

fn authorise(state: &mut State, device: &str, is_authorised: bool, body: &Value) {
    state.told.push(body.clone());
    let guest = state.guests.get_mut(device).unwrap();
    guest.is_authorised = is_authorised;
    guest.is_let_through &= is_authorised;
    // UniFi OS changes its token as it likes.
    state.token += u32::from(state.kind == Kind::Os);
}
