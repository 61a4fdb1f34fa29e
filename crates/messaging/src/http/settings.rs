//! The `[messaging.http]` section: one gateway's request and answer, as configuration.
//!
//! `presets/` beside this crate's sources holds it filled in for known gateways.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Parts;
use super::receipts::{ReceiptReader, ReceiptRules};
use super::template::Secrets;
use crate::error::MessagingError;

/// One HTTP gateway.
///
/// `fields`, `headers` and `basic-auth` are templates: `{to}` is the number in digits with its
/// country code, `{text}` the words, `{code}` the code in them, `{sender}` the sender's name, `{id}` our id of the message,
/// `{secret.NAME}` a secret. A brace itself is written twice.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Where the gateway listens; no default.
    pub url: String,
    /// `get`, `post` or `put`; default `post`.
    pub method: Method,
    /// How `fields` travel: `query`, `form` or `json`; default `form`.
    pub encoding: Encoding,
    /// The registered sender's name, for `{sender}`; default empty.
    pub sender: String,
    /// What is sent. A flat table for `query` and `form`, any shape for `json`.
    pub fields: Map<String, Value>,
    /// Headers beside the usual ones.
    pub headers: BTreeMap<String, String>,
    /// User and password for HTTP Basic (RFC 7617), if the gateway wants them.
    pub basic_auth: Option<BasicAuth>,
    /// Secrets by name, from `{ file = "…" }` or `{ env = "…" }`.
    pub secrets: BTreeMap<String, SecretSource>,
    /// For how many seconds an answer is awaited; 1 to 60, default 10.
    pub timeout_seconds: u32,
    /// Where plain `http://` may lead: `loopback` (default) or `anywhere`.
    pub cleartext: Cleartext,
    /// How the answer is read.
    pub answer: AnswerRules,
    /// How the gateway tells later what became of a message; by default it does not.
    pub receipts: Option<ReceiptRules>,
}

/// The method of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// How fields travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// In the address.
    Query,
    /// As `application/x-www-form-urlencoded`.
    Form,
    /// As `application/json`.
    Json,
}

/// Where an unencrypted request may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cleartext {
    /// Only to this machine.
    Loopback,
    /// Anywhere: numbers and codes can be read on the way.
    Anywhere,
}

/// Credentials for HTTP Basic; both are templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// In a file, without the line's end.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// What an answer means. A status that is in no list means a refusal for good.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AnswerRules {
    /// Statuses of an answer that may be an acceptance; default 200, 201, 202.
    pub accepted_status: Vec<u16>,
    /// What must also be in a JSON answer for it to be an acceptance.
    pub accepted_when: Option<FieldRule>,
    /// Statuses that mean "try later"; default 408, 425, 429, 500, 502, 503, 504.
    pub later_status: Vec<u16>,
    /// What in a JSON answer means "try later", whatever the status.
    pub later_when: Option<FieldRule>,
    /// JSON pointer (RFC 6901) to the gateway's reference.
    pub reference: Option<String>,
    /// JSON pointer to the gateway's error code.
    pub reason: Option<String>,
}

/// A value in a JSON answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FieldRule {
    /// Where it stands (RFC 6901).
    pub pointer: String,
    /// One of these; numbers and booleans are compared by their text.
    pub equals: Vec<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: Method::Post,
            encoding: Encoding::Form,
            sender: String::new(),
            fields: Map::new(),
            headers: BTreeMap::new(),
            basic_auth: None,
            secrets: BTreeMap::new(),
            timeout_seconds: 10,
            cleartext: Cleartext::Loopback,
            answer: AnswerRules::default(),
            receipts: None,
        }
    }
}

impl Default for AnswerRules {
    fn default() -> Self {
        Self {
            accepted_status: vec![200, 201, 202],
            accepted_when: None,
            later_status: vec![408, 425, 429, 500, 502, 503, 504],
            later_when: None,
            reference: None,
            reason: None,
        }
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
        }
    }
}

impl HttpSettings {
    /// Checks everything that can be checked without reading a secret.
    pub(crate) fn validate(&self) -> Result<(), MessagingError> {
        self.check().map(drop)
    }

    /// Whether it says what it is given, and not only codes.
    pub(crate) fn carries_text(&self) -> bool {
        self.check().is_ok_and(|parts| parts.hold_text())
    }

    /// Checks the same of a gateway that has words of its own around the code.
    pub(crate) fn validate_without_text(&self) -> Result<(), MessagingError> {
        if self.check()?.hold_text() {
            let reason = "must carry {code} alone, not {text}, which may have a link in it";
            return Err(MessagingError::setting("http.fields", reason));
        }
        Ok(())
    }

    fn check(&self) -> Result<Parts, MessagingError> {
        if !(1..=60).contains(&self.timeout_seconds) {
            let reason = format!("is {}, but must be from 1 to 60", self.timeout_seconds);
            return Err(MessagingError::setting("http.timeout-seconds", reason));
        }
        if self.method == Method::Get && self.encoding != Encoding::Query {
            return Err(MessagingError::setting("http.encoding", "must be `query` for a GET"));
        }
        self.answer.validate()?;
        let placeholder: Secret = "unread".parse().expect("it is not empty");
        let unread = self.secrets.keys().map(|name| (name.clone(), placeholder.clone())).collect();
        if let Some(receipts) = &self.receipts {
            receipts.validate(&unread)?;
        }
        Parts::compile(self, &unread)
    }

    /// What reads the gateway's receipts, if it gives some; reads their secrets.
    pub(crate) fn receipt_reader(&self) -> Result<Option<ReceiptReader>, MessagingError> {
        let Some(rules) = &self.receipts else { return Ok(None) };
        ReceiptReader::new(rules, &self.read_secrets()?).map(Some)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }

    /// The address, if it is one that a code may travel to.
    pub(super) fn parse_url(&self) -> Result<Url, MessagingError> {
        let refuse = |reason: &str| MessagingError::setting("http.url", reason);
        let url = Url::parse(&self.url).map_err(|error| refuse(&format!("is no URL: {error}")))?;
        let is_loopback = url.host_str().is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        });
        match (url.scheme(), self.cleartext) {
            ("https", _) | ("http", Cleartext::Anywhere) => Ok(url),
            ("http", Cleartext::Loopback) if is_loopback => Ok(url),
            ("http", Cleartext::Loopback) => Err(refuse(
                "would carry codes in the clear; use https, or set `cleartext = \"anywhere\"`",
            )),
            _ => Err(refuse("must begin with https:// or http://")),
        }
    }

    pub(super) fn read_secrets(&self) -> Result<Secrets, MessagingError> {
        let read =
            |(name, source): (&String, &SecretSource)| Ok((name.clone(), source.read(name)?));
        self.secrets.iter().map(read).collect()
    }
}

impl AnswerRules {
    fn validate(&self) -> Result<(), MessagingError> {
        let rules = [("accepted-when", &self.accepted_when), ("later-when", &self.later_when)];
        let pointers = [("reference", &self.reference), ("reason", &self.reason)]
            .map(|(name, pointer)| (name, pointer.as_deref()))
            .into_iter()
            .chain(rules.map(|(name, rule)| (name, rule.as_ref().map(|r| r.pointer.as_str()))));
        for (name, pointer) in pointers {
            if pointer.is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
                let name = format!("http.answer.{name}");
                return Err(MessagingError::setting(name, "is no JSON pointer such as /data/id"));
            }
        }
        Ok(())
    }
}

impl SecretSource {
    fn read(&self, name: &str) -> Result<Secret, MessagingError> {
        let text = match self {
            Self::File(path) => std::fs::read_to_string(path).map_err(|source| {
                let path = path.display().to_string();
                MessagingError::SecretFile { name: name.to_owned(), path, source }
            })?,
            Self::Env(variable) => std::env::var(variable).map_err(|_| {
                let variable = variable.clone();
                MessagingError::SecretVariable { name: name.to_owned(), variable }
            })?,
        };
        text.trim_end_matches(['\r', '\n'])
            .parse()
            .map_err(|_| MessagingError::setting(format!("http.secrets.{name}"), "is empty"))
    }
}
