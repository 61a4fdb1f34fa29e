//! A gateway for tests: answers by a script and keeps what it was asked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use reqwest::Url;
use tokio::sync::mpsc;

/// What the gateway was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

/// How it answers; without a script left it says 500.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16, String),
    Never,
}

pub(crate) struct FakeGateway {
    pub address: SocketAddr,
    pub asked: mpsc::UnboundedReceiver<Asked>,
}

#[derive(Clone)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: mpsc::UnboundedSender<Asked>,
}

impl FakeGateway {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let (sender, asked) = mpsc::unbounded_channel();
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        let app = Router::new().fallback(answer).with_state(Script { replies, asked: sender });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, asked }
    }

    pub(crate) async fn next_asked(&mut self) -> Asked {
        self.asked.recv().await.expect("the gateway runs")
    }
}

impl Asked {
    /// The fields of a query or form, decoded.
    pub(crate) fn pairs(&self) -> HashMap<String, String> {
        let encoded = self.uri.query().unwrap_or(&self.body);
        let url = Url::parse(&format!("http://x/?{encoded}")).unwrap();
        url.query_pairs().into_owned().collect()
    }
}

async fn answer(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    script.asked.send(Asked { method, uri, headers, body }).expect("the test listens");
    let reply = script.replies.lock().unwrap().pop_front();
    match reply {
        Some(Reply::Status(status, body)) => (StatusCode::from_u16(status).unwrap(), body),
        Some(Reply::Never) => std::future::pending().await,
        None => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
    }
}
