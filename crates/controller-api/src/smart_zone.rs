//! Ruckus SmartZone's northbound portal interface: one address, to which everything is posted as
//! JSON with the interface's own password.
//!
//! `LoginAsync` has the controller ask RADIUS for a device by the name and password that stand in it,
//! and answers at once; `Status` says what became of it (Ruckus, "Hotspot WISPr Reference Guide for
//! SmartZone"). So what a device may is told by RADIUS, and who is there by accounting.

use std::net::IpAddr;
use std::time::Duration;

use domain::{ControllerApi, Credential, MacAddress, Whereabouts};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use crate::error::ApiError;
use crate::exchange::Exchange;

const PATH: &str = "/portalintf";
/// RADIUS has answered within this, or the login is tried again later.
const PENDING_FOR: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(500);

/// The client of one controller.
#[derive(Debug)]
pub(crate) struct SmartZone {
    api: ControllerApi,
    exchange: Exchange,
}

/// A device as the controller knows it.
struct Client {
    mac: String,
    address: Option<String>,
    proxy: String,
}

impl Client {
    /// As its redirect spelt it, or else as it is known here.
    fn of(device: MacAddress, place: Option<&Whereabouts>, address: Option<IpAddr>) -> Self {
        let said = |name: &str| place.and_then(|place| place.find(name)).map(str::to_owned);
        Self {
            mac: said("client_mac").unwrap_or_else(|| device.to_string().to_uppercase()),
            address: said("uip").or(address.map(|address| address.to_string())),
            proxy: said("proxy").unwrap_or_else(|| "0".to_owned()),
        }
    }
}

/// What its numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// 101, 201: the device is let through.
    Authorised,
    /// 202: RADIUS is being asked.
    Pending,
    /// 100: it is not let through.
    Unauthorised,
    /// 200: done.
    Done,
}

impl SmartZone {
    pub(crate) fn new(api: ControllerApi) -> Result<Self, ApiError> {
        let exchange = Exchange::new(&api)?;
        Ok(Self { api, exchange })
    }

    pub(crate) fn is_for(&self, api: &ControllerApi) -> bool {
        self.api == *api
    }

    /// Has the controller ask RADIUS about the device by the credential.
    pub(crate) async fn log_in(
        &self,
        device: MacAddress,
        place: Option<&Whereabouts>,
        credential: &Credential,
    ) -> Result<(), ApiError> {
        let place = place.ok_or(ApiError::Unseen)?;
        let client = Client::of(device, Some(place), None);
        let login = [
            ("UE-Username", credential.id.user_name()),
            ("UE-Password", credential.password.expose().to_owned()),
        ];
        let mut said = self.control("LoginAsync", &client, &login).await?;
        let until = Instant::now() + PENDING_FOR;
        while said == Said::Pending {
            if Instant::now() >= until {
                return Err(ApiError::Slow);
            }
            sleep(ASK_EVERY).await;
            said = self.control("Status", &client, &[]).await?;
        }
        match said {
            Said::Authorised => Ok(()),
            Said::Pending | Said::Unauthorised | Said::Done => Err(ApiError::Refused(100)),
        }
    }

    /// Has a device not let through any more; it is shown the portal again.
    pub(crate) async fn log_out(
        &self,
        device: MacAddress,
        place: Option<&Whereabouts>,
        address: Option<IpAddr>,
    ) -> Result<(), ApiError> {
        let client = Client::of(device, place, address);
        self.control("Logout", &client, &[]).await.map(drop)
    }

    /// Does what needs the password and changes nothing.
    pub(crate) async fn check(&self) -> Result<(), ApiError> {
        let request = self.request("GetConfig", "Encrypt", [("Data", json!("192.0.2.1"))]);
        self.ask(&request).await.map(drop)
    }

    /// What the controller encrypted in a redirect; `None` if it never did.
    pub(crate) async fn decrypt(&self, hidden: &str) -> Result<Option<String>, ApiError> {
        let request = self.request("GetConfig", "Decrypt", [("Data", json!(hidden))]);
        match self.ask(&request).await {
            Ok((_, answer)) => match answer.get("Data").and_then(Value::as_str) {
                // What is no ciphertext of its own comes back as it is, or empty.
                Some("") => Ok(None),
                Some(clear) if clear == hidden => Ok(None),
                Some(clear) => Ok(Some(clear.to_owned())),
                None => Err(ApiError::Garbled),
            },
            Err(ApiError::Refused(_) | ApiError::Unseen) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn control(
        &self,
        what: &str,
        client: &Client,
        more: &[(&str, String)],
    ) -> Result<Said, ApiError> {
        let who = [
            ("UE-MAC", Some(&client.mac)),
            ("UE-IP", client.address.as_ref()),
            ("UE-Proxy", Some(&client.proxy)),
        ];
        let who = who.into_iter().filter_map(|(name, value)| Some((name, json!(value?))));
        let more = more.iter().map(|(name, value)| (*name, json!(value)));
        let request = self.request("UserOnlineControl", what, who.chain(more));
        self.ask(&request).await.map(|(said, _)| said)
    }

    fn request<'a>(
        &self,
        category: &str,
        what: &str,
        more: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Value {
        let user = self.api.user.as_ref().map(|user| ("RequestUserName", json!(user.as_str())));
        let head = [
            ("Vendor", json!("ruckus")),
            ("APIVersion", json!("1.0")),
            ("RequestPassword", json!(self.api.key.expose())),
            ("RequestCategory", json!(category)),
            ("RequestType", json!(what)),
        ];
        let all = head.into_iter().chain(user).chain(more);
        Value::Object(all.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }

    async fn ask(&self, request: &Value) -> Result<(Said, Value), ApiError> {
        let answer = self.exchange.ask(Method::POST, PATH, HeaderMap::new(), Some(request)).await?;
        let code = match &answer.body["ResponseCode"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_i64(),
        };
        match (answer.status, code) {
            (200, Some(code)) => Ok((meaning(code)?, answer.body)),
            (200, None) => Err(ApiError::Garbled),
            (status, _) => Err(ApiError::Status(status)),
        }
    }
}

/// What a number means.
const fn meaning(code: i64) -> Result<Said, ApiError> {
    match code {
        100 => Ok(Said::Unauthorised),
        101 | 201 => Ok(Said::Authorised),
        200 => Ok(Said::Done),
        202 => Ok(Said::Pending),
        // Not found.
        300 => Err(ApiError::Unseen),
        // Wrong request password.
        306 => Err(ApiError::KeyRefused),
        // 301 login failed, 302 bad request, 303 version, 304 command, 305 category, 400 internal,
        // 401 no answer of RADIUS.
        code => Err(ApiError::Refused(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_somewhere() {
        for (code, expected) in [
            (100, Ok(Said::Unauthorised)),
            (101, Ok(Said::Authorised)),
            (200, Ok(Said::Done)),
            (201, Ok(Said::Authorised)),
            (202, Ok(Said::Pending)),
            (300, Err(ApiError::Unseen)),
            (301, Err(ApiError::Refused(301))),
            (306, Err(ApiError::KeyRefused)),
            (401, Err(ApiError::Refused(401))),
        ] {
            assert_eq!(meaning(code), expected, "{code}");
        }
    }

    #[test]
    fn a_device_is_named_as_its_redirect_did_or_as_it_is_known() {
        let device: MacAddress = "02:00:5e:10:00:0a".parse().unwrap();
        let named = |place: Option<&Whereabouts>| {
            let Client { mac, address, proxy } =
                Client::of(device, place, Some([10, 5, 0, 7].into()));
            format!("{mac} {} {proxy}", address.unwrap_or_default())
        };
        assert_eq!(named(None), "02:00:5E:10:00:0A 10.5.0.7 0");
        let pairs = [("client_mac", "ENCb25"), ("uip", "ENCa1"), ("proxy", "1")];
        let place = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(named(Some(&Whereabouts(place.into()))), "ENCb25 ENCa1 1");
    }
}
