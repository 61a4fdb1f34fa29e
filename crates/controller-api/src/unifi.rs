//! UniFi Network: the API of its own pages, by password, and the official one, by API key.
//!
//! By password, the classic controller logs in at `/api/login`; UniFi OS at `/api/auth/login`, has
//! everything below `/proxy/network`, and wants the token of each answer in the next request. By
//! key, guests are admitted by the Integration API (Network 9.1 and later), which knows a device
//! some seconds after it joined. Who is there, and how much they used, the official API does not
//! say, so it is asked of `stat/sta` by either right.
//!
//! How long is always said: without it UniFi means 480 minutes.

mod wire;

use std::time::Duration;

use domain::{ApiUser, ControllerApi, Guest, MacAddress, Terms};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::ApiError;
use crate::exchange::{Answer, Cookies, Exchange};
use crate::login::Login;
use wire::{guests, limits, plain_limits};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const UPDATED_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-updated-csrf-token");
/// Below which UniFi OS has the Network application.
const OS_PREFIX: &str = "/proxy/network";
const OFFICIAL: &str = "/proxy/network/integration/v1";
/// How long a list of access points is good.
const POINTS_FOR: Duration = Duration::from_secs(300);
/// An admission is repeated for so many access points at most; roaming to others takes longer.
const MOST_POINTS: usize = 64;
/// And for so long at most.
const REPEAT_FOR: Duration = Duration::from_secs(15);

/// The client of one controller's site.
#[derive(Debug)]
pub(crate) struct Unifi {
    api: ControllerApi,
    exchange: Exchange,
    login: Mutex<Login<Right>>,
    /// The access points of the site, and until when that is good.
    points: Mutex<Option<(Vec<MacAddress>, Instant)>>,
    /// The official API's own name of the site.
    site: Mutex<Option<String>>,
}

/// What a login gives.
#[derive(Debug, Clone)]
struct Right {
    prefix: &'static str,
    cookies: Cookies,
    token: Option<HeaderValue>,
}

impl Right {
    /// Takes the cookies and the token that an answer renews.
    fn renew(&mut self, answer: &Answer) {
        self.cookies.take(answer);
        let updated = answer.headers.get(UPDATED_CSRF_TOKEN);
        if let Some(token) = updated.or_else(|| answer.headers.get(CSRF_TOKEN)) {
            self.token = Some(token.clone());
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.cookies.header();
        if let Some(token) = &self.token {
            headers.insert(CSRF_TOKEN, token.clone());
        }
        headers
    }
}

impl Unifi {
    pub(crate) fn new(api: ControllerApi) -> Result<Self, ApiError> {
        let exchange = Exchange::new(&api)?;
        let login = Mutex::new(Login::None);
        Ok(Self { api, exchange, login, points: Mutex::default(), site: Mutex::default() })
    }

    pub(crate) fn is_for(&self, api: &ControllerApi) -> bool {
        self.api == *api
    }

    pub(crate) async fn admit(&self, device: MacAddress, terms: &Terms) -> Result<(), ApiError> {
        if self.api.user.is_none() {
            return self.act("AUTHORIZE_GUEST_ACCESS", device, limits(terms)).await;
        }
        let mut order = plain_limits(terms);
        order.insert("cmd".to_owned(), json!("authorize-guest"));
        order.insert("mac".to_owned(), json!(device.to_string()));
        self.order(&Value::Object(order.clone())).await?;
        // The device is admitted; its access point learns of it at once only if it is named.
        let repeating = tokio::time::timeout(REPEAT_FOR, self.repeat(order)).await;
        if !matches!(repeating, Ok(Ok(()))) {
            tracing::debug!(%device, "an admission was not repeated for every access point");
        }
        Ok(())
    }

    async fn repeat(&self, mut order: serde_json::Map<String, Value>) -> Result<(), ApiError> {
        for point in self.points().await? {
            order.insert("ap_mac".to_owned(), json!(point.to_string()));
            self.order(&Value::Object(order.clone())).await?;
        }
        Ok(())
    }

    pub(crate) async fn revoke(&self, device: MacAddress) -> Result<(), ApiError> {
        if self.api.user.is_none() {
            return self.act("UNAUTHORIZE_GUEST_ACCESS", device, serde_json::Map::new()).await;
        }
        self.order(&json!({"cmd": "unauthorize-guest", "mac": device.to_string()})).await
    }

    pub(crate) async fn guests(&self) -> Result<Vec<Guest>, ApiError> {
        let answer = self.ask_site(Method::GET, "stat/sta", None).await?;
        guests(&answer).ok_or(ApiError::Garbled)
    }

    pub(crate) async fn check(&self) -> Result<(), ApiError> {
        if self.api.user.is_none() {
            self.official_site().await?;
        }
        self.guests().await.map(drop)
    }

    /// The access points of the site.
    async fn points(&self) -> Result<Vec<MacAddress>, ApiError> {
        let mut known = self.points.lock().await;
        if let Some((points, _)) = known.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(points.clone());
        }
        let answer = self.ask_site(Method::GET, "stat/device-basic", None).await?;
        let mut points = wire::access_points(&answer).ok_or(ApiError::Garbled)?;
        points.truncate(MOST_POINTS);
        *known = Some((points.clone(), Instant::now() + POINTS_FOR));
        Ok(points)
    }

    async fn order(&self, order: &Value) -> Result<(), ApiError> {
        self.ask_site(Method::POST, "cmd/stamgr", Some(order)).await.map(drop)
    }

    /// Asks the API of the controller's own pages, and reads what it makes of it.
    async fn ask_site(
        &self,
        method: Method,
        what: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let answer = self.ask(method, &format!("/api/s/{}/{what}", self.api.site), body).await?;
        let said = |name: &str| answer.body.pointer(name).and_then(Value::as_str);
        match (answer.status, said("/meta/rc"), said("/meta/msg")) {
            (200, Some("ok"), _) => Ok(answer.body),
            (_, _, Some("api.err.NoSiteContext" | "api.err.NoPermission")) => Err(ApiError::NoSite),
            (_, _, Some("api.err.UnknownStation" | "api.err.UnknownUser")) => Err(ApiError::Unseen),
            (200, ..) => Err(ApiError::Garbled),
            (status, ..) => Err(ApiError::Status(status)),
        }
    }

    /// Has the official API act on a device.
    async fn act(
        &self,
        action: &str,
        device: MacAddress,
        mut order: serde_json::Map<String, Value>,
    ) -> Result<(), ApiError> {
        let site = self.official_site().await?;
        let clients = format!("{OFFICIAL}/sites/{site}/clients");
        let found = format!("{clients}?limit=1&filter=macAddress.eq('{device}')");
        let found = official(self.ask_by_key(Method::GET, &found, None).await?)?;
        let id = found.pointer("/data/0/id").and_then(Value::as_str).filter(|id| wire::is_id(id));
        let id = id.ok_or(ApiError::Unseen)?;
        order.insert("action".to_owned(), json!(action));
        let path = format!("{clients}/{id}/actions");
        let answer = self.ask_by_key(Method::POST, &path, Some(&Value::Object(order))).await?;
        match answer.status {
            // It has just left, or is not known as a guest yet.
            404 | 422 => Err(ApiError::Unseen),
            _ => official(answer).map(drop),
        }
    }

    /// The official API's own name of the site.
    async fn official_site(&self) -> Result<String, ApiError> {
        let mut known = self.site.lock().await;
        if let Some(site) = known.as_ref() {
            return Ok(site.clone());
        }
        let path = format!("{OFFICIAL}/sites?limit=200");
        let answer = official(self.ask_by_key(Method::GET, &path, None).await?)?;
        let site = wire::site(&answer, self.api.site.as_str()).ok_or(ApiError::NoSite)?;
        *known = Some(site.clone());
        Ok(site)
    }

    async fn ask_by_key(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ApiError> {
        let key = HeaderValue::from_str(self.api.key.expose());
        let mut key = key.map_err(|_| ApiError::KeyRefused)?;
        key.set_sensitive(true);
        let headers = HeaderMap::from_iter([(API_KEY, key)]);
        accepted(self.exchange.ask(method, path, headers, body).await?)
    }

    /// Asks by whatever right there is; one that has run out is renewed once.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ApiError> {
        let Some(user) = &self.api.user else {
            return self.ask_by_key(method, &format!("{OS_PREFIX}{path}"), body).await;
        };
        let mut login = self.login.lock().await;
        let (right, is_fresh) = login.right(self.log_in(user)).await?;
        let answer = self.ask_as(&mut login, right, (method.clone(), path, body)).await;
        match answer {
            Err(ApiError::KeyRefused) if !is_fresh => {
                *login = Login::None;
                let (right, _) = login.right(self.log_in(user)).await?;
                self.ask_as(&mut login, right, (method, path, body)).await
            }
            answer => answer,
        }
    }

    async fn ask_as(
        &self,
        login: &mut Login<Right>,
        mut right: Right,
        (method, path, body): (Method, &str, Option<&Value>),
    ) -> Result<Answer, ApiError> {
        let path = format!("{}{path}", right.prefix);
        let answer = self.exchange.ask(method, &path, right.headers(), body).await?;
        right.renew(&answer);
        *login = Login::Done(right);
        accepted(answer)
    }

    async fn log_in(&self, user: &ApiUser) -> Result<Right, ApiError> {
        // UniFi OS answers with a page of its own, the classic controller leads elsewhere.
        let front = self.exchange.ask(Method::GET, "/", HeaderMap::new(), None).await?;
        let (prefix, path) = match front.status {
            200 => (OS_PREFIX, "/api/auth/login"),
            _ => ("", "/api/login"),
        };
        let body = json!({"username": user.as_str(), "password": self.api.key.expose()});
        let answer = self.exchange.ask(Method::POST, path, HeaderMap::new(), Some(&body)).await?;
        match answer.status {
            200 => {}
            400 | 401 | 403 | 499 => return Err(ApiError::KeyRefused),
            status => return Err(ApiError::Status(status)),
        }
        let mut right = Right { prefix, cookies: Cookies::default(), token: None };
        right.renew(&answer);
        Ok(right)
    }
}

/// An answer to somebody who may ask.
fn accepted(answer: Answer) -> Result<Answer, ApiError> {
    let said = answer.body.pointer("/meta/msg").and_then(Value::as_str);
    match (answer.status, said) {
        (_, Some("api.err.LoginRequired")) => Err(ApiError::KeyRefused),
        (_, Some("api.err.NoPermission" | "api.err.NoSiteContext")) => Ok(answer),
        (401 | 403, _) => Err(ApiError::KeyRefused),
        _ => Ok(answer),
    }
}

/// What the official API says when all is well.
fn official(answer: Answer) -> Result<Value, ApiError> {
    match answer.status {
        200..=299 => Ok(answer.body),
        404 => Err(ApiError::NoSite),
        status => Err(ApiError::Status(status)),
    }
}
