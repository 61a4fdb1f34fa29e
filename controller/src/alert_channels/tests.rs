use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, server, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use sha2::Sha256;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::links::alert::{Message, Purpose, Way};
use crate::links::incident::Severity;
use crate::links::wording::Language;

/// The kernel's own time is none that can be paused.
const NO_PAUSES: [Duration; 3] = [Duration::ZERO; 3];
const SECRET: &[u8] = b"sixteen octets or more";

fn key() -> AlertKey {
    "incident-7.1".parse().unwrap()
}

fn alert(key: &AlertKey) -> Alert<'_> {
    Alert {
        recipient: "duty@example.com",
        text: "Hofuf: the fibre is cut\nby radio since then: \u{645}\u{631}\u{62d}\u{628}\u{627}",
        key,
        severity: AlertSeverity::Critical,
        at: Timestamp::from_secs(1_795_754_400),
        attachment: None,
    }
}

fn file(dir: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// A web server that answers each request by what it says next, and tells what was asked.
pub(super) async fn web(
    statuses: &'static [u16],
) -> (u16, mpsc::UnboundedReceiver<(Request<()>, Bytes)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::unbounded_channel();
    let count = Arc::new(AtomicU32::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tell, count) = (tell.clone(), Arc::clone(&count));
            let service = service_fn(move |request: Request<Incoming>| {
                let (tell, count) = (tell.clone(), Arc::clone(&count));
                async move {
                    let number = count.fetch_add(1, Ordering::SeqCst) as usize;
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    tell.send((Request::from_parts(head, ()), body)).ok();
                    let status = statuses[number.min(statuses.len() - 1)];
                    let response = Response::builder().status(status);
                    Ok::<_, hyper::Error>(response.body(Full::new(Bytes::new())).unwrap())
                }
            });
            let connection = server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    (port, told)
}

fn webhook(dir: &TempDir, port: u16, secret: &[u8]) -> Result<Webhook, AlertChannelError> {
    Webhook::open(&WebhookSettings {
        url: format!("http://127.0.0.1:{port}/hook").parse().unwrap(),
        secret_file: file(dir, "secret", secret),
        timeout_seconds: 10,
    })
}

/// As somebody checks it who knows the secret and has read what Standard Webhooks says.
fn is_signed(request: &Request<()>, body: &[u8]) -> bool {
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let signed = [header("webhook-id"), header("webhook-timestamp")].join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(&[signed.as_bytes(), b".", body].concat());
    let wanted = BASE64.encode(&mac.finalize().into_bytes());
    header("webhook-signature") == format!("v1,{wanted}")
}

#[tokio::test]
async fn a_webhook_is_signed_with_its_time_and_its_id() {
    let (dir, key) = (tempfile::tempdir().unwrap(), key());
    let written = [b"whsec_", BASE64.encode(SECRET).as_bytes()].concat();
    for secret in [SECRET, &written] {
        let (port, mut told) = web(&[204]).await;
        webhook(&dir, port, secret).unwrap().send(&alert(&key)).await.unwrap();
        let (request, body) = told.recv().await.unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/hook"));
        assert!(is_signed(&request, &body));
        let at: u64 = request.headers()["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!(now - at < 60, "an old one is refused");
        assert_eq!(request.headers()["idempotency-key"], "incident-7.1");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["id"], "incident-7.1");
        assert_eq!(body["severity"], "critical");
        assert_eq!(body["at"], 1_795_754_400_000_u64);
        assert!(!is_signed(&request, b"{}"), "another body has another signature");
    }
}

#[tokio::test]
async fn what_is_tried_again_has_the_same_key() {
    let (dir, key) = (tempfile::tempdir().unwrap(), key());
    let (port, mut told) = web(&[503, 429, 200]).await;
    deliver_with(&webhook(&dir, port, SECRET).unwrap(), &alert(&key), NO_PAUSES).await.unwrap();
    for _ in 0..3 {
        let (request, body) = told.recv().await.unwrap();
        assert!(is_signed(&request, &body));
        assert_eq!(request.headers()["webhook-id"], "incident-7.1");
    }
    assert!(told.try_recv().is_err(), "it was taken");
}

#[tokio::test]
async fn what_will_not_be_taken_is_not_tried_again() {
    let (dir, key) = (tempfile::tempdir().unwrap(), key());
    for (status, attempts) in [(&[404][..], 1), (&[302], 1), (&[500], 4)] {
        let (port, mut told) = web(status).await;
        let channel = webhook(&dir, port, SECRET).unwrap();
        let outcome = deliver_with(&channel, &alert(&key), NO_PAUSES).await;
        let reason = outcome.unwrap_err().to_string();
        assert_eq!(reason, format!("the server answers with status {}", status[0]));
        let mut seen = 0;
        while told.try_recv().is_ok() {
            seen += 1;
        }
        assert_eq!(seen, attempts, "{status:?}");
    }
}

#[tokio::test]
async fn a_short_secret_signs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for secret in [&b"short"[..], b"whsec_YWJj", b"whsec_!", b" \n"] {
        assert!(webhook(&dir, 1, secret).is_err());
    }
}

fn syslog(server: String, protocol: SyslogProtocol) -> Syslog {
    Syslog::open(&SyslogSettings { server, protocol, facility: 16, timeout_seconds: 10 })
}

/// A message of syslog without what is this machine's: its head and its words.
fn parted(message: &[u8]) -> (String, String, String) {
    let text = String::from_utf8(message.to_vec()).unwrap();
    let (head, words) = text.split_once('\u{feff}').unwrap();
    let fields: Vec<_> = head.split(' ').collect();
    assert_eq!(fields[3], "sabeel");
    (fields[..2].join(" "), fields[5..].join(" "), words.to_owned())
}

#[tokio::test]
async fn syslog_by_udp_is_one_datagram_of_rfc_5424() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let key = key();
    syslog(address, SyslogProtocol::Udp).send(&alert(&key)).await.unwrap();
    let mut octets = [0; 4_096];
    let length = server.recv(&mut octets).await.unwrap();
    let (head, kind, words) = parted(&octets[..length]);
    // Facility 16 and severity 2.
    assert_eq!(head, "<130>1 2026-11-27T04:40:00Z");
    assert_eq!(kind, "incident-7.1 - ");
    assert!(words.starts_with("incident-7.1 Hofuf: the fibre is cut; by radio"), "{words}");
    let long = "\u{645}".repeat(4_000);
    let long = Alert { text: &long, ..alert(&key) };
    let message = syslog(String::new(), SyslogProtocol::Udp).send(&long).await;
    assert!(matches!(message, Err(AlertError::Later(_))), "there is no such server");
}

#[tokio::test]
async fn a_long_message_of_syslog_is_cut_between_letters() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let (key, long) = (key(), "\u{645}".repeat(4_000));
    let long = Alert { text: &long, ..alert(&key) };
    syslog(address, SyslogProtocol::Udp).send(&long).await.unwrap();
    let mut octets = [0; 4_096];
    let length = server.recv(&mut octets).await.unwrap();
    assert!((2_047..=2_048).contains(&length), "{length}");
    assert!(std::str::from_utf8(&octets[..length]).is_ok());
}

#[tokio::test]
async fn syslog_over_tcp_has_its_length_before_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let key = key();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).await.unwrap();
        octets
    });
    syslog(address.clone(), SyslogProtocol::Tcp).send(&alert(&key)).await.unwrap();
    let octets = server.await.unwrap();
    let space = octets.iter().position(|octet| *octet == b' ').unwrap();
    let length: usize = std::str::from_utf8(&octets[..space]).unwrap().parse().unwrap();
    assert_eq!(length, octets.len() - space - 1);
    let (head, ..) = parted(&octets[space + 1..]);
    assert_eq!(head, "<130>1 2026-11-27T04:40:00Z");
    let gone = syslog(address, SyslogProtocol::Tcp).send(&alert(&key)).await;
    assert!(matches!(gone, Err(AlertError::Later(_))), "nobody listens any more: {gone:?}");
}

/// An SMTP server for one mail, which answers recipients like that; it tells what it was told.
async fn smtp(listener: TcpListener, tls: Option<TlsAcceptor>, recipients: &'static str) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufStream::new(stream);
    stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    let Some(tls) = tls else { return converse(&mut stream, recipients).await };
    stream.flush().await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    stream.write_all(b"250-mail.example\r\n250 STARTTLS\r\n").await.unwrap();
    stream.flush().await.unwrap();
    stream.read_line(&mut line).await.unwrap();
    assert!(line.ends_with("STARTTLS\r\n"), "nothing is said before: {line}");
    stream.write_all(b"220 go ahead\r\n").await.unwrap();
    stream.flush().await.unwrap();
    match tls.accept(stream.into_inner()).await {
        Ok(stream) => converse(&mut BufStream::new(stream), recipients).await,
        Err(_) => String::new(),
    }
}

async fn converse(
    stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
    recipients: &str,
) -> String {
    let (mut all, mut is_data) = (String::new(), false);
    loop {
        stream.flush().await.unwrap();
        let from = all.len();
        if stream.read_line(&mut all).await.unwrap_or_default() == 0 {
            return all;
        }
        let line = &all[from..];
        let answer = match line.split([' ', '\r']).next().unwrap() {
            "." if is_data => {
                is_data = false;
                "250 queued"
            }
            _ if is_data => continue,
            "EHLO" => "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "RCPT" => recipients,
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

fn mail(port: u16) -> MailSettings {
    MailSettings {
        server: "localhost".to_owned(),
        port: Some(port),
        tls: MailTls::None,
        ca_file: None,
        user: None,
        password_file: None,
        from: "Sabeel <alerts@city.example>".to_owned(),
        timeout_seconds: 10,
    }
}

#[tokio::test]
async fn a_mail_says_what_it_is_about_and_has_the_same_id_each_time() {
    let key = key();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(smtp(listener, None, "250 ok"));
        let channel = Mail::open(&mail(port)).unwrap();
        channel.send(&alert(&key)).await.unwrap();
        drop(channel);
        let said = server.await.unwrap();
        for line in [
            "MAIL FROM:<alerts@city.example>",
            "RCPT TO:<duty@example.com>",
            "Subject: [critical] Hofuf: the fibre is cut\r\n",
            "Date: Fri, 27 Nov 2026 04:40:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Importance: high\r\n",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let (_, body) = said.split_once("\r\n\r\n").unwrap();
        let (body, _) = body.split_once("\r\n.\r\n").unwrap();
        let body = BASE64.decode(body.replace("\r\n", "").as_bytes()).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(std::str::from_utf8(&body).unwrap()), lines(alert(&key).text));
        ids.extend(said.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned));
    }
    assert_eq!(ids, ["Message-ID: <incident-7.1@city.example>"; 2]);
}

#[tokio::test]
async fn a_recipient_whom_nobody_has_is_not_tried_again() {
    let key = key();
    for (answer, is_later) in [("550 no such user", false), ("451 try again", true)] {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(smtp(listener, None, answer));
        let outcome = Mail::open(&mail(port)).unwrap().send(&alert(&key)).await;
        assert_eq!(matches!(outcome, Err(AlertError::Later(_))), is_later, "{outcome:?}");
    }
    let nobody = Alert { recipient: "nobody", ..alert(&key) };
    let outcome = Mail::open(&mail(1)).unwrap().send(&nobody).await;
    assert!(matches!(outcome, Err(AlertError::Never(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_mail_with_a_password_goes_only_to_who_is_trusted() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    let (dir, key) = (tempfile::tempdir().unwrap(), key());
    let trusted = file(&dir, "ca.pem", cert.pem().as_bytes());
    for ca_file in [Some(trusted), None] {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(smtp(listener, Some(tls.clone()), "250 ok"));
        let is_trusted = ca_file.is_some();
        let settings = MailSettings {
            tls: MailTls::Starttls,
            ca_file,
            user: Some("sabeel".to_owned()),
            password_file: Some(file(&dir, "password", b"secret\n")),
            ..mail(port)
        };
        let channel = Mail::open(&settings).unwrap();
        let outcome = channel.send(&alert(&key)).await;
        drop(channel);
        let said = server.await.unwrap();
        let password = BASE64.encode(b"\0sabeel\0secret");
        assert_eq!(outcome.is_ok(), is_trusted, "{outcome:?}");
        assert_eq!(said.contains(&format!("AUTH PLAIN {password}")), is_trusted, "{said}");
    }
}

#[tokio::test]
async fn channels_are_found_by_their_names() {
    let settings: AlertSettings = serde_json::from_value(serde_json::json!({
        "mail": { "server": "mail.example", "from": "alerts@city.example" },
        "syslog": { "server": "127.0.0.1:514" },
    }))
    .unwrap();
    let channels = AlertChannels::open(&settings).unwrap();
    assert_eq!(channels.names(), ["mail", "syslog"]);
    assert!(channels.find("webhook").is_none());
    assert_eq!(channels.find("mail").unwrap().name(), "mail");
    assert!("two words".parse::<AlertKey>().is_err());
}

#[tokio::test]
async fn a_message_about_incidents_goes_by_the_channel_of_its_way() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let settings: AlertSettings = serde_json::from_value(serde_json::json!({
        "syslog": { "server": server.local_addr().unwrap().to_string() },
    }))
    .unwrap();
    let channels = AlertChannels::open(&settings).unwrap();
    let message = Message {
        key: "7.1.raised/duty/log/0".to_owned(),
        recipient: "duty".to_owned(),
        channel: "log".to_owned(),
        to: "log".to_owned(),
        purpose: Purpose::Raised,
        severity: Severity::Warning,
        incidents: Vec::new(),
        language: Language::default(),
        text: "Hofuf: the fibre is cut".to_owned(),
        lines: vec!["since 04:40".to_owned()],
    };
    let at = Timestamp::from_secs(1_795_754_400);
    channels.tell(&message, Way::Syslog, at).await.unwrap();
    let mut octets = [0; 4_096];
    let length = server.recv(&mut octets).await.unwrap();
    let (head, kind, words) = parted(&octets[..length]);
    assert_eq!(head, "<132>1 2026-11-27T04:40:00Z");
    assert_eq!(kind, "7.1.raised/duty/log/0 - ");
    assert_eq!(words, "7.1.raised/duty/log/0 Hofuf: the fibre is cut; since 04:40");
    for way in [Way::EMail, Way::Sms] {
        let outcome = channels.tell(&message, way, at).await;
        assert!(matches!(outcome, Err(AlertError::Never(_))), "{outcome:?}");
    }
}

#[test]
fn whoever_is_told_is_not_named_whole_in_the_log() {
    for (whole, masked) in [
        ("duty@example.com", "d•••@example.com"),
        ("@example.com", "•••@example.com"),
        ("مناوب@example.com", "م•••@example.com"),
        ("+966512345678", "+9665•••••678"),
        ("duty", "d•••"),
    ] {
        assert_eq!(Masked(whole).to_string(), masked);
        let said = Masked(whole).within(&format!("550 <{whole}> is unknown"));
        assert_eq!(said, format!("550 <{masked}> is unknown"));
    }
    assert_eq!(Masked("").within("no"), "no");
}
