//! Where a simulated controller listens: an address of its own, and TLS with a certificate that it
//! has made itself; and how it reads what comes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub struct TlsDoor {
    listener: TcpListener,
    tls: TlsAcceptor,
    pub address: SocketAddr,
    /// What pins the certificate.
    pub fingerprint: String,
}

/// A request as a controller reads it.
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Null where it was no JSON.
    pub body: Value,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl TlsDoor {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let made = rcgen::generate_simple_self_signed(["controller".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let fingerprint = format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(&certificate)));
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self { listener, tls: TlsAcceptor::from(Arc::new(tls)), address, fingerprint }
    }
    /// Answers whoever comes; while the controller `is_away`, connections end before they begin.
    pub fn serve(
        self,
        is_away: impl Fn() -> bool + Send + 'static,
        answer: impl Fn(&Asked) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) {
        tokio::spawn(async move {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                if is_away() {
                    continue;
                }
                let (tls, answer) = (self.tls.clone(), answer.clone());
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let service = service_fn(move |request: Request<Incoming>| {
                        let answer = answer.clone();
                        async move { Ok::<_, Infallible>(answer(&read(request).await)) }
                    });
                    drop(
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
                    );
                });
            }
        });
    }
}

async fn read(request: Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Asked { method: head.method, uri: head.uri, headers: head.headers, body }
}
