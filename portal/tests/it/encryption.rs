//! TLS: the files of it, what is sent along, and who is told to insist on it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portal::{PortalSettings, TlsSettings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::browser::{Answer, PORTAL, read_answer};
use crate::town::Town;

/// A certificate that a CA issued, and what it said of it from 2026-11-26T07:40:58Z for a week.
const ISSUED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/certificates/tests/data");
/// One that has itself as its CA.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
const DAY: u64 = 86_400;

pub fn tls_settings(cert: &str, key: &str) -> TlsSettings {
    TlsSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        cert: cert.into(),
        key: key.into(),
        ocsp: None,
        reload_seconds: 1,
    }
}

pub fn issued() -> TlsSettings {
    tls_settings(&format!("{ISSUED}/portal.pem"), &format!("{ISSUED}/portal.key"))
}

/// Connects to a portal whose certificate `ca` must have issued.
pub async fn connect(town: &Town, ca: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(town.tls.unwrap()).await.unwrap();
    let name = ServerName::try_from(PORTAL).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn new_certificates_count_for_new_connections_and_end_none() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name);
    let put = |from: &str, to: &str| fs::copy(from, place(to)).map(drop).unwrap();
    put(&format!("{OWN}/portal.example.crt"), "cert");
    put(&format!("{OWN}/portal.example.key"), "key");
    let town = Town::open_with(|settings| {
        let path = |name| place(name).to_str().unwrap().to_owned();
        settings.tls = Some(tls_settings(&path("cert"), &path("key")));
    })
    .await;
    let mut before = connect(&town, &format!("{OWN}/portal.example.crt")).await.unwrap();
    put(&format!("{ISSUED}/portal.pem"), "cert");
    put(&format!("{ISSUED}/portal.key"), "key");
    let mut after = loop {
        if let Ok(stream) = connect(&town, &format!("{ISSUED}/ca.pem")).await {
            break stream;
        }
    };
    for stream in [&mut before, &mut after] {
        stream.write_all(b"GET /help HTTP/1.1\r\nHost: portal.example\r\n\r\n").await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
}

/// What OpenSSL says about the OCSP response that it asked for.
async fn status_request(town: &Town) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-status", "-servername", PORTAL, "-connect"]);
    openssl.arg(town.tls.unwrap().to_string()).args(["-CAfile", &format!("{ISSUED}/ca.pem")]);
    let output = openssl.stdin(std::process::Stdio::null()).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("CN = portal.example"), "{said}");
    said
}

#[tokio::test]
async fn a_stapled_answer_is_sent_and_an_old_one_is_not() {
    let open = |ocsp: &str| {
        let ocsp = Path::new(ISSUED).join(ocsp);
        Town::open_with(|settings| {
            settings.tls = Some(TlsSettings { ocsp: Some(ocsp), ..issued() });
        })
    };
    let town = open("good.ocsp").await;
    assert!(status_request(&town).await.contains("no response sent"), "it does not hold yet");
    town.wait(2 * DAY);
    let said = status_request(&town).await;
    assert!(said.contains("OCSP Response Status: successful"), "{said}");
    assert!(said.contains("Cert Status: good"), "{said}");
    town.wait(7 * DAY);
    assert!(status_request(&town).await.contains("no response sent"), "it does not hold any more");

    for of_no_use in ["revoked.ocsp", "endless.ocsp", "none.ocsp", "portal.pem"] {
        let town = open(of_no_use).await;
        town.wait(2 * DAY);
        assert!(status_request(&town).await.contains("no response sent"), "{of_no_use}");
    }
}

/// Asks the portal that has the issued certificate.
pub async fn ask(town: &Town, host: &str, target: &str) -> Answer {
    let mut stream = connect(town, &format!("{ISSUED}/ca.pem")).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_answer(&mut stream).await
}

#[tokio::test]
async fn hsts_only_where_the_name_never_answers_http() {
    async fn check(change: fn(&mut PortalSettings), host: &str, expected: &str) {
        let town = Town::open_with(|settings| {
            settings.tls = Some(issued());
            settings.public_url = "http://wifi.example".into();
            settings.secure_url = Some("https://portal.example".into());
            change(settings);
        })
        .await;
        let told = ask(&town, host, "/help").await;
        assert_eq!(told.header("strict-transport-security"), expected, "{host}");
        let plain = town.browser().ask("GET", host, "/help", "").await;
        assert_eq!(plain.header("strict-transport-security"), "", "{host} without TLS");
    }
    const INSISTS: &str = "max-age=7776000";
    check(|_| {}, "portal.example", INSISTS).await;
    check(|_| {}, "Portal.Example:443", INSISTS).await;
    check(|settings| settings.public_url = "https://portal.example".into(), PORTAL, INSISTS).await;
    check(|_| {}, "wifi.example", "").await;
    check(|_| {}, "example.com", "").await;
    check(|settings| settings.public_url = "http://portal.example".into(), PORTAL, "").await;
    let entry = |settings: &mut PortalSettings| {
        settings.entry_url = Some("http://portal.example:3990/".into());
    };
    check(entry, PORTAL, "").await;
    check(|settings| settings.secure_url = None, PORTAL, "").await;
}
