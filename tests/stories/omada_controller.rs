//! TP-Link Omada's controller as its hotspot's API shows it, to an operator.
//!
//! It knows only Omada's own words. Like real ones it keeps a row of everybody who was ever let
//! through, and counts the time of an admission in microseconds or in milliseconds.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response};
use serde_json::{Value, json};

use crate::city::eventually;
use crate::tls_door::{Asked, TlsDoor};

pub const PASSWORD: &str = "the operator's password";
pub const SITE: &str = "6aa3913c3ee1605f71ac35a1";
const ID: &str = "fc2b25d44a950a6357313da0afb4c14a";

/// What it counts the time of an admission in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Microseconds,
    Milliseconds,
}

/// A controller on an address of its own.
pub struct OmadaController {
    address: SocketAddr,
    pub fingerprint: String,
    state: Arc<Mutex<State>>,
}

struct State {
    unit: Unit,
    logins: u32,
    /// What the next request must carry.
    token: u32,
    rows: Vec<Row>,
    /// The admissions that it was told, in order.
    told: Vec<Value>,
    /// How often it said who is there.
    listed: u64,
}

struct Row {
    mac: String,
    start: u64,
    end: u64,
    is_valid: bool,
    up: u64,
    down: u64,
}

impl OmadaController {
    pub async fn open(unit: Unit) -> Self {
        let door = TlsDoor::open().await;
        let (address, fingerprint) = (door.address, door.fingerprint.clone());
        let others = (0..150).map(|other| Row {
            mac: format!("02-00-5E-00-01-{other:02X}"),
            start: 1_700_000_000_000,
            end: 1_700_000_000_000 + other,
            is_valid: false,
            up: 1,
            down: 1,
        });
        let rows = others.collect();
        let state = State { unit, logins: 0, token: 7, rows, told: Vec::new(), listed: 0 };
        let state = Arc::new(Mutex::new(state));
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

    /// The device, which is let through, uses something.
    pub fn uses(&self, mac: &str, up: u64, down: u64) {
        let mut state = self.state();
        let row = state.rows.iter_mut().find(|row| row.mac == mac && row.is_valid);
        let row = row.expect("it is not let through");
        (row.up, row.down) = (row.up + up, row.down + down);
    }

    /// Whether the device is let through, and how many seconds that was for.
    pub fn lets_through(&self, mac: &str) -> Vec<u64> {
        let state = self.state();
        let rows = state.rows.iter().filter(|row| row.mac == mac && row.is_valid);
        rows.map(|row| (row.end - row.start) / 1_000).collect()
    }

    /// Everybody has to log in again.
    pub fn forgets_logins(&self) {
        self.state().token += 1;
    }

    pub fn logins(&self) -> u32 {
        self.state().logins
    }

    pub fn told(&self) -> Vec<Value> {
        self.state().told.clone()
    }

    /// Waits until the device is not let through any more.
    pub async fn cuts(&self, mac: &str) {
        eventually("disconnect", async || {
            tokio::task::yield_now().await;
            self.lets_through(mac).is_empty().then_some(())
        })
        .await;
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
    let path = asked.uri.path();
    if path == "/api/info" {
        return said(0, &json!({"controllerVer": "5.15.24.19", "omadacId": ID}));
    }
    let Some(path) = path.strip_prefix(&format!("/{ID}/api/v2/hotspot")) else {
        return said(-1600, &Value::Null);
    };
    let post = asked.method == Method::POST;
    if path == "/login" && post {
        state.logins += 1;
        if *body != json!({"name": "sabeel", "password": PASSWORD}) {
            return said(-30109, &Value::Null);
        }
        let token = json!({"token": format!("csrf-{}", state.token)});
        let mut answer = said(0, &token);
        let cookie = format!("TPOMADA_SESSIONID=s{}; Path=/; Secure; HttpOnly", state.token);
        answer.headers_mut().insert("set-cookie", cookie.parse().unwrap());
        return answer;
    }
    let cookie = format!("TPOMADA_SESSIONID=s{}", state.token);
    let token = format!("csrf-{}", state.token);
    if asked.header("cookie") != Some(cookie.as_str()) {
        let to_login = Response::builder().status(302).header("location", "/login");
        return to_login.body(Full::default()).unwrap();
    }
    if asked.header("csrf-token") != Some(token.as_str()) {
        return said(-1005, &Value::Null);
    }
    let clients = format!("/sites/{SITE}/clients");
    if path == clients {
        state.listed += 1;
        return said(0, &list(&mut state, asked.uri.query().unwrap_or("")));
    }
    if path == "/extPortal/auth" && post {
        return said(admit(&mut state, body), &Value::Null);
    }
    let id = path.strip_prefix(&format!("/sites/{SITE}/cmd/clients/r"));
    let id = id.and_then(|rest| rest.strip_suffix("/disconnect")).filter(|_| post);
    let index: Option<usize> = id.and_then(|id| id.parse().ok());
    match index.and_then(|index| state.rows.get_mut(index)) {
        Some(row) => {
            row.is_valid = false;
            said(0, &Value::Null)
        }
        None => said(-1001, &Value::Null),
    }
}

fn said(code: i64, result: &Value) -> Response<Full<Bytes>> {
    let body = json!({"errorCode": code, "msg": "…", "result": result});
    Response::new(Full::from(body.to_string()))
}

/// A page of rows; by other names for page and size it is the first one, of ten.
fn list(state: &mut State, query: &str) -> Value {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let number =
        |name: &str, usual: usize| value(name).map_or(usual, |number| number.parse().unwrap());
    let (page, size) = (number("currentPage", 1), number("currentPageSize", 10));
    let mut rows: Vec<(usize, &Row)> = state.rows.iter().enumerate().collect();
    if value("sorts.end").as_deref() == Some("desc") {
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.end));
    }
    let row = |(index, row): &(usize, &Row)| {
        json!({"id": format!("r{index}"), "mac": row.mac, "wireless": true, "ssid": "Park",
            "authType": 4, "download": row.down, "upload": row.up, "duration": 0,
            "start": row.start, "end": row.end, "valid": row.is_valid, "permanent": false})
    };
    let some: Vec<Value> = rows.iter().skip((page - 1) * size).take(size).map(row).collect();
    json!({"totalRows": rows.len(), "currentPage": page, "currentSize": size, "data": some})
}

/// Lets a client through that is where the order says; returns the error.
fn admit(state: &mut State, order: &Value) -> i64 {
    state.told.push(order.clone());
    let is_text = |name: &str| order[name].as_str().is_some_and(|text| !text.is_empty());
    let of_point = is_text("apMac") && is_text("ssidName") && order["radioId"].is_u64();
    let of_gateway = is_text("gatewayMac") && order["vid"].is_u64();
    if !(is_text("clientMac") && is_text("site") && (of_point || of_gateway)) {
        return -41500;
    }
    assert_eq!(order["authType"], 4);
    let time = order["time"].as_u64().unwrap();
    let millis = match state.unit {
        Unit::Microseconds => time / 1_000,
        Unit::Milliseconds => time,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = u64::try_from(now.as_millis()).unwrap();
    let mac = order["clientMac"].as_str().unwrap().to_owned();
    state.rows.push(Row { mac, start, end: start + millis, is_valid: true, up: 0, down: 0 });
    0
}
