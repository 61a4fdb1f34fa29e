//! Where a simulated controller listens: an address of its own, and TLS with a certificate that it
//! has made itself.

use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub struct TlsDoor {
    pub listener: TcpListener,
    pub tls: TlsAcceptor,
    pub address: SocketAddr,
    /// What pins the certificate.
    pub fingerprint: String,
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
}
