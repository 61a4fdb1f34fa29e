//! One transport for every HTTP gateway: what is sent and how its answer is read is
//! configuration, not code.
//!
//! Redirects are not followed and a proxy named in the environment is not used, so a
//! code goes nowhere but to the address in the settings.

mod answer;
mod body;
mod receipts;
mod settings;
mod template;

use std::sync::Once;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use serde_json::Value;

use self::answer::{Answer, Judge};
use self::body::Body;
pub use self::receipts::{IncomingReceipt, ReceiptRules, SignatureKind, SignatureRules};
pub(crate) use self::receipts::{ReceiptReader, Told, Unusable};
pub use self::settings::{
    AnswerRules, BasicAuth, Cleartext, Encoding, FieldRule, HttpSettings, Method, SecretSource,
};
use self::template::{Secrets, Template, Words};
use crate::error::MessagingError;
use crate::transport::{Accepted, Letter, SendError, Transport};

/// No gateway's answer is longer; what comes beyond is not read.
const MOST_ANSWER_OCTETS: usize = 64 * 1024;

/// Hands messages to an HTTP gateway.
pub struct HttpTransport {
    client: Client,
    method: reqwest::Method,
    url: Url,
    sender: String,
    encoding: Encoding,
    body: Body,
    headers: Vec<(HeaderName, Template)>,
    basic_auth: Option<(Template, Template)>,
    judge: Judge,
    carries_text: bool,
}

impl HttpTransport {
    /// Reads the secrets and makes the client.
    ///
    /// # Errors
    /// A setting that is wrong, a secret that cannot be read, or a client that cannot be made.
    pub fn new(settings: &HttpSettings) -> Result<Self, MessagingError> {
        let secrets = settings.read_secrets()?;
        let parts = Parts::compile(settings, &secrets)?;
        let carries_text = parts.hold_text();
        install_crypto_provider();
        let client = Client::builder()
            .timeout(settings.timeout())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("sabeel/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            method: settings.method.into(),
            url: parts.url,
            sender: settings.sender.clone(),
            encoding: settings.encoding,
            body: parts.body,
            headers: parts.headers,
            basic_auth: parts.basic_auth,
            judge: Judge::new(settings.answer.clone()),
            carries_text,
        })
    }

    fn request(&self, letter: Letter<'_>) -> Result<RequestBuilder, SendError> {
        let id = letter.id.to_string();
        let words = Words {
            to: letter.phone.digits(),
            text: letter.text.expose(),
            code: letter.code.map_or("", |code| code.expose()),
            sender: &self.sender,
            id: &id,
        };
        let mut url = self.url.clone();
        if self.encoding == Encoding::Query {
            url.query_pairs_mut().extend_pairs(self.body.pairs(&words));
        }
        let request = self.client.request(self.method.clone(), url);
        let request = match self.encoding {
            Encoding::Query => request,
            Encoding::Form => request.form(&self.body.pairs(&words)),
            Encoding::Json => request.json(&self.body.json(&words)),
        };
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let mut value = HeaderValue::from_str(&template.fill(&words)).map_err(|_| {
                SendError::Permanent { reason: format!("header {name} cannot hold its value") }
            })?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        let request = request.headers(headers);
        Ok(match &self.basic_auth {
            Some((user, password)) => {
                request.basic_auth(user.fill(&words), Some(password.fill(&words)))
            }
            None => request,
        })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, letter: Letter<'_>) -> Result<Accepted, SendError> {
        let response = self.request(letter)?.send().await.map_err(broken_exchange)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let body = read_bounded(response).await?;
        self.judge.judge(&Answer { status, retry_after, body: &body })
    }

    fn carries_text(&self) -> bool {
        self.carries_text
    }
}

/// What the settings become once they are read: templates with their secrets in place.
struct Parts {
    url: Url,
    body: Body,
    headers: Vec<(HeaderName, Template)>,
    basic_auth: Option<(Template, Template)>,
}

impl Parts {
    /// Whether the words of the message are in what is sent.
    fn hold_text(&self) -> bool {
        self.body.holds_text() || self.headers.iter().any(|(_, value)| value.holds_text())
    }

    fn compile(settings: &HttpSettings, secrets: &Secrets) -> Result<Self, MessagingError> {
        let template = |name: &str, text: &str| {
            Template::parse(text, secrets)
                .map_err(|error| MessagingError::setting(name, error.to_string()))
        };
        let mut headers = Vec::new();
        for (name, text) in &settings.headers {
            let setting = format!("http.headers.{name}");
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| MessagingError::setting(&setting, "is no header's name"))?;
            headers.push((header, template(&setting, text)?));
        }
        let basic_auth = match &settings.basic_auth {
            Some(basic) => Some((
                template("http.basic-auth.user", &basic.user)?,
                template("http.basic-auth.password", &basic.password)?,
            )),
            None => None,
        };
        let fields = Value::Object(settings.fields.clone());
        let body = Body::compile(&fields, settings.encoding, secrets)?;
        Ok(Self { url: settings.parse_url()?, body, headers, basic_auth })
    }
}

/// rustls wants one provider for the whole process; a provider chosen before stays.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// The error's own words hold the address with its query, so none of them is passed on.
fn broken_exchange(error: reqwest::Error) -> SendError {
    let reason = if error.is_timeout() {
        "the gateway did not answer in time"
    } else if error.is_connect() {
        "the gateway cannot be reached"
    } else {
        "the exchange with the gateway broke off"
    };
    SendError::Later { after: None, reason: reason.to_owned() }
}

/// Retry-After in its form of seconds (RFC 9110 §10.2.3).
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken_exchange)? {
        let room = MOST_ANSWER_OCTETS - body.len();
        body.extend(chunk.iter().take(room));
        if body.len() == MOST_ANSWER_OCTETS {
            break;
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
