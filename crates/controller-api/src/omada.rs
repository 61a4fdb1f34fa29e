//! TP-Link Omada's controller, by an operator of its hotspot.
//!
//! `extPortal/auth` lets a device through (TP-Link, "API and Code Sample for External Portal Server
//! (Omada Controller 5.0.15 or above)"): the login gives a cookie and a token, and the controller's
//! own id stands in every path. That document knows neither who is there nor how it is taken back;
//! the pages of Hotspot Manager do, by the same login, at `hotspot/sites/SITE/clients` and
//! `cmd/clients/ID/disconnect`, and so do we.
//!
//! What `time` counts is disputed: the document says microseconds, and some controllers seem to
//! count milliseconds. So the first admission is read back from what the controller made of it.

mod wire;

use domain::{ApiUser, ControllerApi, Guest, MacAddress, Terms, Whereabouts};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::error::ApiError;
use crate::exchange::{Answer, Cookies, Exchange};
use crate::login::Login;
use wire::{Record, Unit, admission, read, records};

const CSRF_TOKEN: HeaderName = HeaderName::from_static("csrf-token");
const ROWS_A_PAGE: usize = 100;
/// The pages have all who ever were let through, those first whose time ends last; no site has more
/// at a time.
const MOST_PAGES: usize = 100;

/// The client of one controller's site.
#[derive(Debug)]
pub(crate) struct Omada {
    api: ControllerApi,
    exchange: Exchange,
    login: Mutex<Login<Right>>,
    /// The controller's own id.
    id: Mutex<Option<String>>,
    /// What it counts time in, once that is known.
    unit: Mutex<Option<Unit>>,
}

/// What a login gives.
#[derive(Debug, Clone)]
struct Right {
    cookies: Cookies,
    token: HeaderValue,
}

impl Omada {
    pub(crate) fn new(api: ControllerApi) -> Result<Self, ApiError> {
        let exchange = Exchange::new(&api)?;
        let (login, id, unit) = (Mutex::new(Login::None), Mutex::default(), Mutex::default());
        Ok(Self { api, exchange, login, id, unit })
    }

    pub(crate) fn is_for(&self, api: &ControllerApi) -> bool {
        self.api == *api
    }

    /// Lets a device through that is where its redirect said.
    pub(crate) async fn admit(
        &self,
        device: MacAddress,
        terms: &Terms,
        place: Option<&Whereabouts>,
    ) -> Result<(), ApiError> {
        let place = place.ok_or(ApiError::Unseen)?;
        let mut known = self.unit.lock().await;
        if let Some(unit) = *known {
            drop(known);
            return self.authorise(&admission(device, terms, place, unit)).await;
        }
        self.authorise(&admission(device, terms, place, Unit::Microseconds)).await?;
        let Some(record) = self.newest(device).await? else { return Ok(()) };
        let unit = Unit::that_made(&record, terms.time);
        if unit == Unit::Milliseconds {
            tracing::info!("the controller counts time in milliseconds");
            self.revoke(device).await?;
            self.authorise(&admission(device, terms, place, unit)).await?;
        }
        *known = Some(unit);
        Ok(())
    }

    pub(crate) async fn revoke(&self, device: MacAddress) -> Result<(), ApiError> {
        let mut was_there = false;
        for record in self.records().await? {
            if record.device != device || !record.is_valid {
                continue;
            }
            was_there = true;
            let what = format!("/sites/{}/cmd/clients/{}/disconnect", self.api.site, record.id);
            match self.ask(Method::POST, &what, Some(&json!({}))).await {
                // Its time ended at that moment.
                Ok(_) | Err(ApiError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if was_there { Ok(()) } else { Err(ApiError::Unseen) }
    }

    pub(crate) async fn guests(&self) -> Result<Vec<Guest>, ApiError> {
        Ok(wire::guests(self.records().await?))
    }

    pub(crate) async fn check(&self) -> Result<(), ApiError> {
        match self.records().await {
            Err(ApiError::Refused(_)) => Err(ApiError::NoSite),
            records => records.map(drop),
        }
    }

    async fn authorise(&self, order: &Value) -> Result<(), ApiError> {
        self.ask(Method::POST, "/extPortal/auth", Some(order)).await.map(drop)
    }

    /// What the controller made of the last admission of a device.
    async fn newest(&self, device: MacAddress) -> Result<Option<Record>, ApiError> {
        let records = self.records().await?.into_iter();
        let of_device = records.filter(|record| record.device == device && record.is_valid);
        Ok(of_device.max_by_key(|record| record.start))
    }

    /// Everybody whose time goes on, and some of those whose time is over.
    async fn records(&self) -> Result<Vec<Record>, ApiError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let what = format!(
                "/sites/{}/clients?currentPage={page}&currentPageSize={ROWS_A_PAGE}&sorts.end=desc",
                self.api.site
            );
            let answer = self.ask(Method::GET, &what, None).await?;
            let some = records(&answer).ok_or(ApiError::Garbled)?;
            let is_last = some.rows < ROWS_A_PAGE || some.records.iter().all(|one| !one.is_valid);
            all.extend(some.records);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Asks what stands below `hotspot`; a login that has run out is renewed once.
    async fn ask(
        &self,
        method: Method,
        what: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let base = format!("/{}/api/v2/hotspot", self.id().await?);
        let user = self.api.user.as_ref().ok_or(ApiError::KeyRefused)?;
        let path = format!("{base}{what}");
        let mut login = self.login.lock().await;
        let (right, is_fresh) = login.right(self.log_in(&base, user)).await?;
        match self.ask_as(&right, (method.clone(), &path, body)).await {
            // A login that has run out is one of many numbers, which differ between releases.
            Err(ApiError::KeyRefused | ApiError::Refused(_)) if !is_fresh => {
                *login = Login::None;
                let (right, _) = login.right(self.log_in(&base, user)).await?;
                self.ask_as(&right, (method, &path, body)).await
            }
            answer => answer,
        }
    }

    async fn ask_as(
        &self,
        right: &Right,
        (method, path, body): (Method, &str, Option<&Value>),
    ) -> Result<Value, ApiError> {
        let mut headers = right.cookies.header();
        headers.insert(CSRF_TOKEN, right.token.clone());
        read(self.exchange.ask(method, path, headers, body).await?)
    }

    async fn log_in(&self, base: &str, user: &ApiUser) -> Result<Right, ApiError> {
        let body = json!({"name": user.as_str(), "password": self.api.key.expose()});
        let path = format!("{base}/login");
        let answer: Answer =
            self.exchange.ask(Method::POST, &path, HeaderMap::new(), Some(&body)).await?;
        let mut cookies = Cookies::default();
        cookies.take(&answer);
        let said = read(answer).map_err(|error| match error {
            ApiError::Refused(_) => ApiError::KeyRefused,
            error => error,
        })?;
        let token = said.get("token").and_then(Value::as_str).ok_or(ApiError::Garbled)?;
        let mut token = HeaderValue::from_str(token).map_err(|_| ApiError::Garbled)?;
        token.set_sensitive(true);
        Ok(Right { cookies, token })
    }

    /// The controller's own id, which it tells everybody.
    async fn id(&self) -> Result<String, ApiError> {
        let mut known = self.id.lock().await;
        if let Some(id) = known.as_ref() {
            return Ok(id.clone());
        }
        let said =
            read(self.exchange.ask(Method::GET, "/api/info", HeaderMap::new(), None).await?)?;
        let id = said.get("omadacId").and_then(Value::as_str).filter(|id| wire::is_id(id));
        let id = id.ok_or(ApiError::Garbled)?.to_owned();
        *known = Some(id.clone());
        Ok(id)
    }
}
