//! The `[messaging.http.receipts]` section: how a gateway tells what became of a message, as
//! configuration, and reading what it tells.
//!
//! Whoever knows the secret end of the address may tell; some gateways sign what they tell as well.
//! Reading is a pure function of the request.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use domain::{MessageId, Receipt, Secret};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;
use sha1::Sha1;
use store::ReceiptOf;
use subtle::ConstantTimeEq;

use super::answer::{printable, scalar_text};
use super::template::Secrets;
use crate::error::MessagingError;

/// A secret end of an address is not to be guessed.
const SHORTEST_SECRET: usize = 16;
/// More fields than any gateway sends are not read.
const MOST_FIELDS: usize = 100;

/// How a gateway tells what became of a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReceiptRules {
    /// The name of the secret that ends the address `/dlr/…` at which the gateway tells; no default.
    pub secret: String,
    /// The field with our id of the message.
    pub id: Option<String>,
    /// The field with the gateway's own reference; one of both must be given.
    pub reference: Option<String>,
    /// The field with what became of the message; no default.
    pub state: String,
    /// What it says of a message that has arrived.
    pub delivered: Vec<String>,
    /// What it says of one that will not arrive.
    pub undelivered: Vec<String>,
    /// How the gateway signs, if it does.
    pub signature: Option<SignatureRules>,
}

/// How a gateway signs what it tells.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignatureRules {
    /// In which way; no default.
    pub kind: SignatureKind,
    /// The name of the secret by which it signs; no default.
    pub secret: String,
    /// The address that it was given, up to the secret end; no default.
    pub url: String,
}

/// The ways of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureKind {
    /// Twilio's: HMAC-SHA1 over the address and the sorted fields of the form, in the header
    /// `X-Twilio-Signature`.
    Twilio,
}

/// What came to the address of receipts.
#[derive(Debug, Clone, Copy)]
pub struct IncomingReceipt<'a> {
    /// The end of the path.
    pub end: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty for a GET.
    pub body: &'a [u8],
}

/// A receipt as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// That is what became of it.
    Final(ReceiptOf, Receipt),
    /// It is still on its way.
    Underway,
}

/// Why a receipt counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Whoever tells it cannot sign it.
    Forged,
    /// It does not say which message, or what became of it.
    Unreadable,
}

/// The rules with their secrets.
pub(crate) struct ReceiptReader {
    rules: ReceiptRules,
    end: Secret,
    signed_by: Option<Secret>,
}

impl ReceiptRules {
    /// Checks what can be checked without reading a secret.
    pub(super) fn validate(&self, secrets: &Secrets) -> Result<(), MessagingError> {
        let refuse = |name: &str, reason: &str| {
            Err(MessagingError::setting(format!("http.receipts.{name}"), reason))
        };
        if self.id.is_none() && self.reference.is_none() {
            return refuse("id", "or `reference` must be given");
        }
        if self.delivered.is_empty() {
            return refuse("delivered", "is empty");
        }
        if !secrets.contains_key(&self.secret) {
            return refuse("secret", "is not listed under `secrets`");
        }
        if let Some(signature) = &self.signature {
            if !secrets.contains_key(&signature.secret) {
                return refuse("signature.secret", "is not listed under `secrets`");
            }
            if Url::parse(&signature.url).is_err() {
                return refuse("signature.url", "is no URL");
            }
        }
        Ok(())
    }
}

impl ReceiptReader {
    /// Puts the secrets into the rules.
    pub(super) fn new(rules: &ReceiptRules, secrets: &Secrets) -> Result<Self, MessagingError> {
        rules.validate(secrets)?;
        let end = secrets[&rules.secret].clone();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if end.expose().len() < SHORTEST_SECRET || !end.expose().bytes().all(is_plain) {
            let reason = format!("must be {SHORTEST_SECRET} or more of a-z, A-Z, 0-9, - and _");
            return Err(MessagingError::setting(format!("http.secrets.{}", rules.secret), reason));
        }
        let signed_by = rules.signature.as_ref().map(|rules| secrets[&rules.secret].clone());
        Ok(Self { rules: rules.clone(), end, signed_by })
    }

    /// Whether it is for this gateway.
    pub(crate) fn is_for(&self, end: &str) -> bool {
        self.end.expose().as_bytes().ct_eq(end.as_bytes()).into()
    }

    /// Reads what a gateway tells.
    pub(crate) fn read(&self, incoming: &IncomingReceipt<'_>) -> Result<Told, Unusable> {
        let form = form(incoming);
        if !self.is_genuine(incoming, &form) {
            return Err(Unusable::Forged);
        }
        let fields = Fields { query: pairs(incoming.query), form, json: json(incoming) };
        let state = fields.find(&self.rules.state).ok_or(Unusable::Unreadable)?;
        let receipt = if self.rules.delivered.contains(&state) {
            Receipt::Delivered
        } else if self.rules.undelivered.contains(&state) {
            Receipt::Undelivered
        } else {
            return Ok(Told::Underway);
        };
        let id = self.rules.id.as_deref().and_then(|name| fields.find(name));
        let id = id.and_then(|id| id.parse::<MessageId>().ok()).map(ReceiptOf::Message);
        let reference = self.rules.reference.as_deref().and_then(|name| fields.find(name));
        let of = id.or(reference.map(|name| ReceiptOf::Reference(printable(&name))));
        Ok(Told::Final(of.ok_or(Unusable::Unreadable)?, receipt))
    }

    fn is_genuine(&self, incoming: &IncomingReceipt<'_>, form: &BTreeMap<String, String>) -> bool {
        let (Some(rules), Some(secret)) = (&self.rules.signature, &self.signed_by) else {
            return true;
        };
        match rules.kind {
            SignatureKind::Twilio => {
                let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes())
                    .expect("a key of any length will do");
                mac.update(rules.url.as_bytes());
                mac.update(incoming.end.as_bytes());
                if let Some(query) = incoming.query {
                    mac.update(b"?");
                    mac.update(query.as_bytes());
                }
                for (name, value) in form {
                    mac.update(name.as_bytes());
                    mac.update(value.as_bytes());
                }
                let given = incoming.headers.get("x-twilio-signature");
                let given = given.and_then(|value| BASE64.decode(value.as_bytes()).ok());
                given.is_some_and(|given| mac.verify_slice(&given).is_ok())
            }
        }
    }
}

/// What a request says, by the names of its fields.
struct Fields {
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    json: Option<Value>,
}

impl Fields {
    /// A field of the form, of the JSON body by its pointer or name, or of the query.
    fn find(&self, name: &str) -> Option<String> {
        let in_json = |json: &Value| {
            let value = if name.starts_with('/') { json.pointer(name) } else { json.get(name) };
            value.and_then(scalar_text)
        };
        let in_body = self.form.get(name).cloned().or_else(|| self.json.as_ref().and_then(in_json));
        in_body.or_else(|| self.query.get(name).cloned())
    }
}

fn pairs(encoded: Option<&str>) -> BTreeMap<String, String> {
    let pairs = url::form_urlencoded::parse(encoded.unwrap_or_default().as_bytes());
    pairs.take(MOST_FIELDS).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn is_of_type(incoming: &IncomingReceipt<'_>, wanted: &str) -> bool {
    let given = incoming.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| {
        given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    })
}

fn form(incoming: &IncomingReceipt<'_>) -> BTreeMap<String, String> {
    let is_form = is_of_type(incoming, "application/x-www-form-urlencoded");
    pairs(is_form.then(|| std::str::from_utf8(incoming.body).ok()).flatten())
}

fn json(incoming: &IncomingReceipt<'_>) -> Option<Value> {
    is_of_type(incoming, "application/json")
        .then(|| serde_json::from_slice(incoming.body).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = "0123456789abcdef";

    fn reader(toml: &str) -> ReceiptReader {
        let rules: ReceiptRules = toml::from_str(&format!("secret = \"end\"\n{toml}")).unwrap();
        let secret = |name: &str, value: &str| (name.to_owned(), value.parse().unwrap());
        let secrets = Secrets::from([secret("end", END), secret("token", "12345")]);
        ReceiptReader::new(&rules, &secrets).unwrap()
    }

    fn read(
        reader: &ReceiptReader,
        query: Option<&str>,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Told, Unusable> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let body = body.as_bytes();
        reader.read(&IncomingReceipt { end: END, query, headers: &headers, body })
    }

    fn by_reference(name: &str, receipt: Receipt) -> Result<Told, Unusable> {
        Ok(Told::Final(ReceiptOf::Reference(name.to_owned()), receipt))
    }

    #[test]
    fn a_query_a_form_and_json_are_read_by_names_and_pointers() {
        const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
        const JSON: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8")];
        let flat = "reference = \"MessageID\"\nstate = \"DLR\"\n\
                    delivered = [\"Delivered\"]\nundelivered = [\"Undeliverable\"]";
        let deep = "reference = \"/results/0/id\"\nstate = \"/results/0/status\"\ndelivered = [\"5\"]\nundelivered = []";
        let unreadable = Err(Unusable::Unreadable);
        for (toml, query, headers, body, expected) in [
            (
                flat,
                Some("MessageID=77&DLR=Delivered"),
                &[][..],
                "",
                by_reference("77", Receipt::Delivered),
            ),
            (
                flat,
                None,
                FORM,
                "MessageID=7%207&DLR=Undeliverable",
                by_reference("7 7", Receipt::Undelivered),
            ),
            (
                flat,
                None,
                JSON,
                r#"{"MessageID":77,"DLR":"Delivered"}"#,
                by_reference("77", Receipt::Delivered),
            ),
            (flat, Some("MessageID=77"), FORM, "DLR=Sent", Ok(Told::Underway)),
            (flat, Some("MessageID=77"), &[], "DLR=Delivered", unreadable.clone()),
            (flat, None, FORM, "DLR=Delivered", unreadable.clone()),
            (flat, None, JSON, "{", unreadable),
            (
                deep,
                None,
                JSON,
                r#"{"results":[{"id":"a-1","status":5}]}"#,
                by_reference("a-1", Receipt::Delivered),
            ),
        ] {
            assert_eq!(read(&reader(toml), query, headers, body), expected, "{query:?} {body}");
        }
    }

    #[test]
    fn our_own_id_names_a_message_whatever_the_gateway_calls_it() {
        let rules = "id = \"id\"\nreference = \"ref\"\nstate = \"t\"\ndelivered = [\"1\"]\nundelivered = []";
        let id = MessageId::from_bytes([7; 16]);
        let told = read(&reader(rules), Some(&format!("id={id}&ref=x&t=1")), &[], "");
        assert_eq!(told, Ok(Told::Final(ReceiptOf::Message(id), Receipt::Delivered)));
        let told = read(&reader(rules), Some("id=none&ref=x&t=1"), &[], "");
        assert_eq!(told, by_reference("x", Receipt::Delivered));
    }

    #[test]
    fn what_is_not_signed_is_forged() {
        let rules = "reference = \"MessageSid\"\nstate = \"MessageStatus\"\ndelivered = [\"delivered\"]\n\
             undelivered = []\nsignature = { kind = \"twilio\", secret = \"token\", url = \"https://wifi.example/dlr/\" }";
        let reader = reader(rules);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let body = "MessageStatus=delivered&MessageSid=SM1&To=%2B966512345678";
        // printf '%s' 'https://wifi.example/dlr/0123456789abcdefMessageSidSM1MessageStatusdeliveredTo+966512345678'
        // | openssl dgst -sha1 -hmac 12345 -binary | base64
        let signed = [form, ("x-twilio-signature", "pXDVnYg0erjASsEFbqnRZeEKEng=")];
        assert_eq!(read(&reader, None, &signed, body), by_reference("SM1", Receipt::Delivered));
        let forged = Err(Unusable::Forged);
        assert_eq!(read(&reader, None, &[form], body), forged);
        assert_eq!(read(&reader, Some("x=1"), &signed, body), forged);
        assert_eq!(read(&reader, None, &signed, &body.replace("SM1", "SM2")), forged);
    }

    #[test]
    fn an_address_that_could_be_guessed_is_refused() {
        let rules =
            "secret = \"end\"\nid = \"id\"\nstate = \"t\"\ndelivered = [\"1\"]\nundelivered = []";
        let rules: ReceiptRules = toml::from_str(rules).unwrap();
        for (end, is_good) in [(END, true), ("short", false), ("0123456789abcde/", false)] {
            let secrets = Secrets::from([("end".to_owned(), end.parse().unwrap())]);
            assert_eq!(ReceiptReader::new(&rules, &secrets).is_ok(), is_good, "{end}");
        }
    }
}
