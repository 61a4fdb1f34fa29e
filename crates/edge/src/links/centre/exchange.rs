//! One connection to the centre: a question and its answer, one after the other, within bounds of time
//! and size.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use certificates::FileError;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use link::maintenance::Planned;
use link::policy::Offer;
use link::report::{Refused, Taken};
use link::sector;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::settings::CentreSettings;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A policy of the longest text, with what JSON makes of its line ends.
const LONGEST_ANSWER: usize = 1_024 * 1_024;
/// Where the centre listens if its URL does not say.
const PORT: u16 = 443;

/// Why the centre is not told.
#[derive(Debug, thiserror::Error)]
pub enum CentreError {
    /// A file is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// There is no connection.
    #[error("no connection to {at}: {source}")]
    Connection {
        /// To where.
        at: String,
        /// Why.
        source: io::Error,
    },
    /// It broke, or was too slow.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It does not want what it is told.
    #[error("the centre answered {status}: {reason}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Why, in its words.
        reason: String,
    },
    /// What is to be told cannot be read.
    #[error("the log cannot be read: {0}")]
    Log(#[from] io::Error),
}

/// An open connection.
pub(super) struct Exchange {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    /// Drives the connection, and ends with this.
    _driver: JoinSet<()>,
}

/// What the centre said.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl Exchange {
    /// Opens a connection, over which both ends prove who they are.
    pub(super) async fn open(
        settings: &CentreSettings,
        config: Arc<ClientConfig>,
    ) -> Result<Self, CentreError> {
        let url = &settings.url;
        let host = url.host_str().unwrap_or_default();
        let port = url.port().unwrap_or(PORT);
        let at = format!("{host}:{port}");
        let failed = |source: io::Error| CentreError::Connection { at: at.clone(), source };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned());
        let name = name.map_err(|error| failed(io::Error::other(error)))?;
        let opening = async {
            let stream = TcpStream::connect((bare, port)).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(config).connect(name, stream).await
        };
        let stream = timeout(CONNECT_WITHIN, opening).await;
        let stream = stream.map_err(|_| failed(io::ErrorKind::TimedOut.into()))?.map_err(failed)?;
        Self::over(stream, HeaderValue::from_str(&at).map_err(broken)?).await
    }

    /// Over a stream that is open.
    pub(super) async fn over<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        stream: S,
        host: HeaderValue,
    ) -> Result<Self, CentreError> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Ok(Self { sender, host, _driver: driver })
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, CentreError> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Answer, CentreError> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, CentreError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(Full::new(Bytes::from(body)))
            .map_err(broken)?;
        let asking = async {
            let response = self.sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(broken)?.to_bytes();
            Ok(Answer { status, body })
        };
        let late = |_| CentreError::Broken("no answer in time".to_owned());
        timeout(ANSWER_WITHIN, asking).await.map_err(late)?
    }
}

impl Answer {
    /// Up to which number the centre has what it was told.
    pub(super) fn taken(&self) -> Result<u64, CentreError> {
        if self.status.is_success() {
            let taken: Taken = serde_json::from_slice(&self.body).map_err(broken)?;
            return Ok(taken.last);
        }
        let status = self.status.as_u16();
        let reason = self.refused().map(|refused| refused.reason).unwrap_or_default();
        Err(CentreError::Refused { status, reason })
    }

    /// The policy that it offers, if there is one. A centre of an older version knows none.
    pub(super) fn offered(&self) -> Result<Option<Value>, CentreError> {
        if self.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if self.status.is_success() {
            let offer: Offer<Value> = serde_json::from_slice(&self.body).map_err(broken)?;
            return Ok(offer.policy);
        }
        self.taken().map(|_| None)
    }

    /// The work that is planned. A centre of an older version knows none.
    pub(super) fn planned(&self) -> Result<Option<Planned>, CentreError> {
        if self.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if self.status.is_success() {
            return serde_json::from_slice(&self.body).map(Some).map_err(broken);
        }
        self.taken().map(|_| None)
    }

    /// What it says of a sector; nothing if it does not know the path there, or is of an older version.
    pub(super) fn turn(&self) -> Result<Option<sector::Answer>, CentreError> {
        if self.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if self.status.is_success() {
            return serde_json::from_slice(&self.body).map(Some).map_err(broken);
        }
        self.taken().map(|_| None)
    }

    /// Why the centre does not take it, if it says so.
    pub(super) fn refused(&self) -> Option<Refused> {
        if self.status.is_success() {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }
}

fn broken(error: impl ToString) -> CentreError {
    CentreError::Broken(error.to_string())
}
