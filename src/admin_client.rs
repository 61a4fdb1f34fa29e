//! The command line's side of the admin API: JSON over HTTP/1.1 on a Unix socket.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::config::Config;

/// More than any answer is long.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// Longer than most answers take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a month of hundreds of offices takes to be read.
const LONG_PATIENCE: Duration = Duration::from_secs(600);

/// Talks to a running server.
#[derive(Debug)]
pub struct AdminClient {
    socket: PathBuf,
    patience: Duration,
}

impl AdminClient {
    /// A client of the server that listens on `socket`.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, patience: PATIENCE }
    }

    /// The same for what takes its time.
    pub fn patient(&self) -> Self {
        Self { socket: self.socket.clone(), patience: LONG_PATIENCE }
    }

    /// A client of whoever on this machine knows most about what RADIUS sees: the RADIUS server, if
    /// one runs apart here.
    pub async fn nearest_to_radius(config: &Config) -> Self {
        let radius = config.radius_socket();
        let is_there = UnixStream::connect(&radius).await.is_ok();
        Self::new(if is_there { radius } else { config.admin_socket() })
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// Asks for something to be done, with `body` in JSON.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body).context("cannot write the request")?;
        self.call(Method::POST, path, body.into()).await
    }

    /// Asks for something to be changed, with `body` in JSON.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body).context("cannot write the request")?;
        self.call(Method::PATCH, path, body.into()).await
    }

    /// Asks for something to be removed.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<T> {
        let answer = tokio::time::timeout(self.patience, self.exchange(method, path, body));
        let (status, body) = answer.await.context("the server did not answer in time")??;
        if !status.is_success() {
            bail!(reason(status, &body));
        }
        let body = if body.is_empty() { Bytes::from_static(b"null") } else { body };
        serde_json::from_slice(&body)
            .context("the server answered something unexpected; is it of the same version?")
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let stream = UnixStream::connect(&self.socket).await.with_context(|| {
            format!(
                "cannot reach a running server at {}; is `sabeel serve` up, and may you use it?",
                self.socket.display()
            )
        })?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .context("the server hung up")?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "sabeel")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .context("cannot write the request")?;
        let response = sender.send_request(request).await.context("the server hung up")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        let body =
            body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
        connection.abort();
        Ok((status, body))
    }
}

/// The server's own words for a refusal.
fn reason(status: StatusCode, body: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|value| value.get("reason")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("the server answered {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_by_its_socket() {
        let client = AdminClient::new(PathBuf::from("/nonexistent/admin.sock"));
        let error = client.get::<()>("/v1/status").await.unwrap_err();
        assert!(error.to_string().contains("/nonexistent/admin.sock"));
    }

    #[test]
    fn a_refusal_speaks_in_the_servers_words() {
        let body = br#"{"error":"exists","reason":"site `walkway` exists already"}"#;
        assert_eq!(reason(StatusCode::CONFLICT, body), "site `walkway` exists already");
        assert_eq!(
            reason(StatusCode::BAD_GATEWAY, b"<html>"),
            "the server answered 502 Bad Gateway"
        );
    }
}
