//! An access point on the other end of a connection, octet by octet.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use radius_proto::radsec::{Frames, SECRET};
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pki::{Ca, Identity};

/// The server's name in its certificate.
pub const SERVER: &str = "radius.park.example";
/// How long something that must happen may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A connection.
pub struct Wire {
    stream: TlsStream<TcpStream>,
    frames: Frames,
}

pub fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

impl Wire {
    /// Connects, trusting `ca`, with a certificate or without, offering these names in ALPN.
    pub async fn open(
        server: SocketAddr,
        ca: &Ca,
        identity: Option<&Identity>,
        alpn: &[&[u8]],
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
                let chain = vec![identity.certificate.der().clone()];
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(server).await?;
        let name = ServerName::try_from(SERVER).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self { stream, frames: Frames::default() })
    }

    /// What was agreed on in ALPN.
    pub fn agreed(&self) -> Option<&[u8]> {
        self.stream.get_ref().1.alpn_protocol()
    }

    pub async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await
    }

    /// The next packet; absent when the server has closed the connection.
    pub async fn receive(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 4_096];
        loop {
            if let Some(frame) = self.frames.take().unwrap() {
                return Some(frame.to_vec());
            }
            let received = timeout(PATIENCE, self.stream.read(&mut buffer)).await;
            match received.expect("something must happen") {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.frames.push(&buffer[..length]),
            }
        }
    }

    /// Sends a request and returns the answer's code.
    pub async fn exchange(&mut self, request: &[u8]) -> Option<Code> {
        self.send(request).await.ok()?;
        let answer = self.receive().await?;
        Some(Packet::parse(&answer).unwrap().code())
    }

    /// Whether the server still answers.
    pub async fn is_alive(&mut self) -> bool {
        self.exchange(&status(7)).await == Some(Code::AccessAccept)
    }
}

/// A Status-Server with this identifier.
pub fn status(identifier: u8) -> Vec<u8> {
    let mut request = PacketBuilder::status_server(unpredictable());
    request.identifier(identifier).sign(&secret()).unwrap().to_vec()
}

/// The Access-Request of a device, proved by its own address as password.
pub fn access_request(device: &str) -> Vec<u8> {
    let mut request = PacketBuilder::access_request(unpredictable());
    request
        .text(attribute::USER_NAME, device)
        .user_password(device.as_bytes(), &secret())
        .text(attribute::CALLING_STATION_ID, device);
    request.sign(&secret()).unwrap().to_vec()
}

fn unpredictable() -> Authenticator {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).unwrap();
    Authenticator::new(octets)
}
