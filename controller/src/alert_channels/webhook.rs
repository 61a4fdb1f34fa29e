//! Alerts as JSON to a web server, signed as Standard Webhooks has it: `webhook-id`, `webhook-timestamp`
//! and `webhook-signature`, an HMAC-SHA256 (RFC 2104) of both and the body.
//!
//! Whoever takes them checks the signature, refuses what is older than some minutes, and takes what has
//! a known id for the same alert: so none can be replayed, and none is told of twice.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use sha2::Sha256;
use url::Url;
use zeroize::Zeroizing;

use super::settings::WebhookSettings;
use super::{
    Alert, AlertChannel, AlertChannelError, AlertError, broken_exchange, read_secret, web_client,
};

/// Before a secret that is written in base64.
const WRITTEN: &[u8] = b"whsec_";
/// The shortest secret.
const SHORTEST: usize = 16;

/// Posts alerts.
pub struct Webhook {
    client: reqwest::Client,
    url: Url,
    secret: Zeroizing<Vec<u8>>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    severity: &'a str,
    recipient: &'a str,
    text: &'a str,
    /// When it came about, in milliseconds of Unix time.
    at: i64,
}

impl Webhook {
    /// Reads the secret.
    ///
    /// # Errors
    /// [`AlertChannelError`] when it cannot be used.
    pub fn open(settings: &WebhookSettings) -> Result<Self, AlertChannelError> {
        let setting = |reason: String| AlertChannelError::Setting { channel: "webhook", reason };
        let text = Zeroizing::new(read_secret(&settings.secret_file)?);
        let secret = match text.strip_prefix(WRITTEN) {
            Some(written) => {
                let read = BASE64.decode(written);
                Zeroizing::new(read.map_err(|_| setting("the secret is no base64".to_owned()))?)
            }
            None => text,
        };
        if secret.len() < SHORTEST {
            return Err(setting(format!("the secret has fewer than {SHORTEST} octets")));
        }
        let client = web_client(Duration::from_secs(settings.timeout_seconds)).map_err(setting)?;
        Ok(Self { client, url: settings.url.clone(), secret })
    }

    /// The signature of what is sent then.
    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("a secret may have any length");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

#[async_trait]
impl AlertChannel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError> {
        let id = alert.key.as_str();
        let told = Told {
            id,
            severity: alert.severity.as_str(),
            recipient: alert.recipient,
            text: alert.text,
            at: alert.at.as_millis(),
        };
        let body =
            serde_json::to_vec(&told).map_err(|error| AlertError::Never(error.to_string()))?;
        // Of this attempt, so that one which comes late is none that is replayed.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = now.as_secs().to_string();
        let signature = self.sign(id, &timestamp, &body);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", id)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body);
        let answer =
            request.send().await.map_err(|error| AlertError::Later(broken_exchange(&error)))?;
        let status = answer.status().as_u16();
        let reason = format!("the server answers with status {status}");
        match status {
            200..=299 => Ok(()),
            // Too early, too often, or too slow: another time.
            408 | 425 | 429 | 500.. => Err(AlertError::Later(reason)),
            _ => Err(AlertError::Never(reason)),
        }
    }
}
