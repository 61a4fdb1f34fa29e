//! One question to a controller and its answer, within bounds of time and size. Redirects are not
//! followed and no proxy of the environment is used, so a key goes nowhere else.

use std::collections::BTreeMap;
use std::sync::Once;
use std::time::Duration;

use domain::ControllerApi;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Client, Method, Response, redirect};
use serde_json::Value;

use crate::error::ApiError;
use crate::tls;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// No answer is longer; a busy site's list of visitors has some megabytes.
const MOST_OCTETS: usize = 16 * 1_024 * 1_024;
/// A login has two.
const MOST_COOKIES: usize = 8;

/// The way to one controller.
#[derive(Debug)]
pub(crate) struct Exchange {
    client: Client,
    origin: String,
}

/// What an API said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Nothing where the answer was no JSON.
    pub(crate) body: Value,
}

impl Exchange {
    pub(crate) fn new(api: &ControllerApi) -> Result<Self, ApiError> {
        let client = Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(true)
            .user_agent(concat!("sabeel/", env!("CARGO_PKG_VERSION")));
        let client = match &api.certificate {
            Some(certificate) => {
                let config = tls::pinned(certificate).map_err(|_| ApiError::Unreachable)?;
                client.tls_backend_preconfigured(config)
            }
            None => {
                install_crypto_provider();
                client
            }
        };
        let client = client.build().map_err(|_| ApiError::Unreachable)?;
        Ok(Self { client, origin: api.url.as_str().to_owned() })
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, ApiError> {
        let request =
            self.client.request(method, format!("{}{path}", self.origin)).headers(headers);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.map_err(|error| broken(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let octets = read(response).await?;
        let body = serde_json::from_slice(&octets).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    /// The cookies that it set, by name.
    fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let set = self.headers.get_all(SET_COOKIE).iter().filter_map(|set| set.to_str().ok());
        set.filter_map(|set| set.split(';').next()?.trim().split_once('='))
    }
}

/// The cookies of a login, each the newest of its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes those that an answer sets.
    pub(crate) fn take(&mut self, answer: &Answer) {
        for (name, value) in answer.cookies().take(MOST_COOKIES) {
            if self.0.len() < MOST_COOKIES || self.0.contains_key(name) {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The header that sends them back.
    pub(crate) fn header(&self) -> HeaderMap {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let Ok(mut value) = HeaderValue::from_str(&pairs.join("; ")) else {
            return HeaderMap::new();
        };
        value.set_sensitive(true);
        HeaderMap::from_iter([(COOKIE, value)])
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if octets.len() + chunk.len() > MOST_OCTETS {
            return Err(ApiError::Garbled);
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}

/// The error's own words may hold the address, so only its kind goes on.
fn broken(error: &reqwest::Error) -> ApiError {
    if error.is_connect() {
        ApiError::Unreachable
    } else if error.is_timeout() {
        ApiError::Slow
    } else {
        ApiError::Garbled
    }
}

/// rustls wants one provider for the whole process; a provider chosen before stays.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}
