//! The contracted SMS gateway, as its HTTP interface shows it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::city::PATIENCE;

/// An SMS gateway that takes every message and keeps it.
pub struct SmsGateway {
    address: SocketAddr,
    /// How it answers from now on.
    #[allow(dead_code, reason = "for the stories of tests/pages")]
    pub answers: Arc<Mutex<StatusCode>>,
    messages: mpsc::UnboundedReceiver<Message>,
}

/// A message as it was handed over.
#[derive(Debug, Deserialize)]
pub struct Message {
    pub to: String,
    pub text: String,
    /// What the city calls it, if it says so.
    #[serde(default)]
    #[allow(dead_code, reason = "for the stories of tests/stories")]
    pub id: String,
}

impl SmsGateway {
    pub async fn open() -> Self {
        Self::answering(StatusCode::OK).await
    }

    /// One that answers every message so.
    pub async fn answering(status: StatusCode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, messages) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(status));
        tokio::spawn(serve(listener, taken, Arc::clone(&answers)));
        Self { address, answers, messages }
    }

    /// What the city's configuration says about this gateway.
    pub fn settings(&self) -> [String; 4] {
        [
            "messaging.transport = \"http\"".to_owned(),
            format!("messaging.http.url = \"http://{}/send\"", self.address),
            "messaging.http.encoding = \"json\"".to_owned(),
            "messaging.http.fields = { to = \"{to}\", text = \"{text}\" }".to_owned(),
        ]
    }

    /// What the configuration of one of several routes says about this gateway, but for its name.
    #[allow(dead_code, reason = "for the stories of tests/stories")]
    pub fn route(&self, more: &str) -> String {
        format!(
            "http = {{ url = \"http://{}/send\", encoding = \"json\", \
             fields = {{ to = \"{{to}}\", text = \"{{text}}\", id = \"{{id}}\" }}{more} }}",
            self.address
        )
    }

    /// Waits for the next message.
    pub async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.wait()).await.expect("no message")
    }

    /// The same for whoever waits for as long as it takes.
    pub async fn wait(&mut self) -> Message {
        self.messages.recv().await.unwrap()
    }
}

impl Message {
    /// The code in it.
    pub fn code(&self) -> String {
        let mut numbers = self.text.split(|c: char| !c.is_ascii_digit());
        numbers.find(|digits| digits.len() == 6).unwrap().to_owned()
    }
}

async fn serve(
    listener: TcpListener,
    taken: mpsc::UnboundedSender<Message>,
    answers: Arc<Mutex<StatusCode>>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (taken, answers) = (taken.clone(), Arc::clone(&answers));
        let service = service_fn(move |request: Request<Incoming>| {
            let (taken, answers) = (taken.clone(), Arc::clone(&answers));
            async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                taken.send(serde_json::from_slice(&body).unwrap()).ok();
                let mut response = Response::new(Empty::<Bytes>::new());
                *response.status_mut() = *answers.lock().unwrap();
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
