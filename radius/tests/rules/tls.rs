//! R28: what the TLS layer takes part in, and what never.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig,
    SupportedProtocolVersion,
};
use store::AccessPoints;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::radsec::pki::Identity;
use crate::radsec::square::{Square, gate};
use crate::radsec::wire::{SERVER, Wire, status};

/// An access point that keeps every ticket and sends its first octets early if it may.
fn eager(square: &Square, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(square.ca.der().der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain(&square.gate), key(&square.gate))
        .unwrap();
    config.resumption = Resumption::in_memory_sessions(8);
    config.enable_early_data = true;
    config.alpn_protocols = vec![b"radius/1.0".to_vec()];
    Arc::new(config)
}

fn chain(identity: &Identity) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    vec![identity.certificate.der().clone()]
}

fn key(identity: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap()
}

async fn connect(
    server: SocketAddr,
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server).await?;
    let name = ServerName::try_from(SERVER).unwrap();
    // Octets go before the handshake is over, if there is a ticket.
    let early = |session: &mut ClientConnection| {
        if let Some(mut early) = session.early_data() {
            early.write_all(&status(1)).unwrap();
        }
    };
    let connector = TlsConnector::from(Arc::clone(config));
    let mut stream = connector.connect_with(name, stream, early).await?;
    if !stream.get_ref().1.is_early_data_accepted() {
        stream.write_all(&status(1)).await?;
        stream.flush().await?;
    }
    Ok(stream)
}

/// Whether the server answers what was sent.
async fn is_answered(stream: &mut TlsStream<TcpStream>) -> bool {
    matches!(stream.read(&mut [0; 4_096]).await, Ok(1..))
}

/// How a connection that was answered was made, and whether anything was taken early.
fn made(stream: &TlsStream<TcpStream>) -> (Option<HandshakeKind>, bool) {
    let (_, session) = stream.get_ref();
    (session.handshake_kind(), session.is_early_data_accepted())
}

#[tokio::test]
async fn r28_no_ticket_is_given_so_who_comes_back_proves_itself_anew() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let square = Square::begin().await;
        let server = square.city.radsec.unwrap();
        let config = eager(&square, version);
        for _ in 0..3 {
            let mut stream = connect(server, &config).await.unwrap();
            assert!(is_answered(&mut stream).await);
            assert_eq!(made(&stream), (Some(HandshakeKind::Full), false), "{version:?}");
        }
        // Nobody is let in on what was allowed before.
        assert!(square.city.store.remove_access_point(&gate().name).await.unwrap());
        crate::radsec::square::eventually("refusal", async || {
            let stream = connect(server, &config).await;
            let served = match stream {
                Ok(mut stream) => is_answered(&mut stream).await,
                Err(_) => false,
            };
            (!served).then_some(())
        })
        .await;
        square.city.end().await;
    }
}

/// A server of the same name that gives tickets and takes octets early, for one connection.
async fn generous_server(square: &Square) -> SocketAddr {
    let identity = square.ca.issue(&[SERVER]);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(&identity), key(&identity))
        .unwrap();
    config.max_early_data_size = 16_384;
    config.alpn_protocols = vec![b"radius/1.0".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut early = Vec::new();
            if let Some(mut taken) = stream.get_mut().1.early_data() {
                taken.read_to_end(&mut early).unwrap();
            }
            if early.is_empty() {
                assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
            }
            stream.write_all(b"taken").await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn r28_nothing_is_taken_before_the_handshake_is_over() {
    let square = Square::begin().await;
    let config = eager(&square, &rustls::version::TLS13);
    let generous = generous_server(&square).await;
    // There it would work: the second connection has a ticket, and its octets are taken early.
    for early in [false, true] {
        let mut stream = connect(generous, &config).await.unwrap();
        assert!(is_answered(&mut stream).await);
        assert_eq!(made(&stream).1, early);
    }
    let mut stream = connect(square.city.radsec.unwrap(), &config).await.unwrap();
    assert!(is_answered(&mut stream).await);
    assert_eq!(made(&stream), (Some(HandshakeKind::Full), false));
    square.city.end().await;
}

/// A ClientHello of that version, which is the newest that it offers: two cipher suites, no
/// compression, and the curves and signatures that the server has.
fn client_hello(version: u8) -> Vec<u8> {
    let extensions =
        [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4].as_slice();
    let suites = [0, 4, 0xc0, 0x2b, 0xc0, 0x09].as_slice();
    let length = u8::try_from(extensions.len()).unwrap();
    let body = [&[3, version], &[7; 32][..], &[0], suites, &[1, 0, 0, length], extensions].concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// The first octets of the answer to a ClientHello.
async fn answer_to(server: SocketAddr, version: u8) -> [u8; 7] {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(&client_hello(version)).await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn r28_tls_below_1_2_is_refused() {
    let square = Square::begin().await;
    let server = square.city.radsec.unwrap();
    for version in [0, 1, 2] {
        // A fatal alert, "protocol_version" (RFC 5246 §7.2).
        let answer = answer_to(server, version).await;
        assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "3.{version}");
    }
    // The same of TLS 1.2 is answered by a ServerHello.
    let answer = answer_to(server, 3).await;
    assert_eq!((answer[0], answer[5]), (22, 2), "{answer:?}");
    square.counted("handshake-failed").await;
    square.city.end().await;
}

#[tokio::test]
async fn r28_who_offers_only_versions_that_nobody_knows_is_refused() {
    let square = Square::begin().await;
    let server = square.city.radsec.unwrap();
    for offered in [&[b"h2".as_slice()][..], &[b"radius/2.0", b"radius/1.2"]] {
        let refused = match Wire::open(server, &square.ca, Some(&square.gate), offered).await {
            Ok(mut wire) => !wire.is_alive().await,
            Err(_) => true,
        };
        assert!(refused, "{offered:?}");
    }
    square.counted("handshake-failed").await;
    square.city.end().await;
}
