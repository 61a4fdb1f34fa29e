use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Response, StatusCode, server};
use link::targets::TargetNumber;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

const PROBE: Probe = Probe { target: TargetNumber(0), sequence: 0 };
const PATIENCE: Duration = Duration::from_secs(10);

fn bound(device: &str) -> Bound {
    Bound { device: device.parse().unwrap(), local: IpAddr::from([127, 0, 0, 1]) }
}

/// A server for both versions of IP that answers every page with the status that its path names; its port.
fn serve(tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind("[::]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => answer(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            answer(stream).await;
                        }
                    }
                }
            });
        }
    });
    port
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let service = service_fn(|request: Request<_>| async move {
        let status: u16 = request.uri().path().trim_start_matches('/').parse().unwrap();
        assert_eq!(request.headers()[HOST], "hall.example");
        let status = StatusCode::from_u16(status).unwrap();
        let response = Response::builder().status(status).body(Full::new(Bytes::new()));
        Ok::<_, Infallible>(response.unwrap())
    });
    drop(server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

fn page(url: &str, port: u16, ca_file: Option<PathBuf>) -> Service {
    let url: Url = url.parse().unwrap();
    let host = url.host_str().unwrap().to_owned();
    Service::Page { url, host, port, ca_file }
}

/// Streams for these questions, and where their outcomes come.
fn streams(questions: &[Question]) -> (Streams, Receiver<Outcome>) {
    let (outcomes, came) = channel();
    let wake = Arc::new(EventFd::new().unwrap());
    (Streams::new(questions, outcomes, wake).unwrap(), came)
}

/// What becomes of a probe.
async fn ask(
    streams: &Streams,
    came: &Receiver<Outcome>,
    device: &str,
    service: Service,
) -> Outcome {
    ask_at([127, 0, 0, 1].into(), streams, came, (device, service)).await
}

/// The same of who is asked at that address.
async fn ask_at(
    address: IpAddr,
    streams: &Streams,
    came: &Receiver<Outcome>,
    (device, service): (&str, Service),
) -> Outcome {
    assert!(streams.begin(bound(device), (address, service), PROBE, PATIENCE));
    loop {
        if let Ok(outcome) = came.try_recv() {
            return outcome;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_connection_or_a_page_says_is_told() {
    let (streams, came) = streams(&[]);
    let port = serve(None);
    // Nobody has that one, and the system gives it to nobody.
    let closed = 1;
    let at = |status: u16| page(&format!("http://hall.example/{status}"), port, None);
    for (service, told) in [
        (Service::Port(port), Ok(())),
        (Service::Port(closed), Err(Failure::Refused)),
        (at(200), Ok(())),
        (at(302), Ok(())),
        (at(404), Err(Failure::Status(404))),
        (at(503), Err(Failure::Status(503))),
        (page("http://hall.example/200", closed, None), Err(Failure::Refused)),
    ] {
        for address in ["127.0.0.1", "::1"].map(|address| address.parse().unwrap()) {
            let (_, outcome, _) = ask_at(address, &streams, &came, ("lo", service.clone())).await;
            assert_eq!(outcome, told, "{address}");
        }
    }
}

#[tokio::test]
async fn without_its_device_or_its_address_nothing_is_connected() {
    let (streams, came) = streams(&[]);
    let port = serve(None);
    let gone = ask(&streams, &came, "gone0", Service::Port(port)).await;
    assert_eq!(gone.1, Err(Failure::Unsent(libc::ENODEV)));
}

#[tokio::test]
async fn an_https_page_counts_only_from_who_is_trusted() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["hall.example".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("hall.pem");
    std::fs::write(&ca_file, cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let port = serve(Some(TlsAcceptor::from(Arc::new(config))));
    let url: Url = "https://hall.example/200".parse().unwrap();
    let question = |ca_file| {
        let host = "hall.example".to_owned();
        Question::Http { url: url.clone(), host, port, ca_file }
    };
    let (streams, came) = streams(&[question(None), question(Some(ca_file.clone()))]);
    let at = |ca_file| page("https://hall.example/200", port, ca_file);
    assert_eq!(ask(&streams, &came, "lo", at(Some(ca_file.clone()))).await.1, Ok(()));
    assert_eq!(ask(&streams, &came, "lo", at(None)).await.1, Err(Failure::Tls));
    let other = page("https://other.example/200", port, Some(ca_file));
    assert_eq!(ask(&streams, &came, "lo", other).await.1, Err(Failure::Tls));
}

#[tokio::test]
async fn who_vouches_is_read_at_the_start() {
    let (outcomes, _came) = channel();
    let wake = Arc::new(EventFd::new().unwrap());
    let ca_file = Some(PathBuf::from("/nowhere/ca.pem"));
    let url: Url = "https://hall.example/".parse().unwrap();
    let host = "hall.example".to_owned();
    let question = Question::Http { url, host, port: 443, ca_file };
    let (path, _) = Streams::new([&question], outcomes, wake).err().unwrap();
    assert_eq!(path, PathBuf::from("/nowhere/ca.pem"));
}

#[tokio::test]
async fn connections_that_are_open_at_once_are_bounded() {
    let (streams, _came) = streams(&[]);
    // It accepts nobody, and nobody is refused.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let begin = || {
        let to = (IpAddr::from([127, 0, 0, 1]), page("http://hall.example/200", port, None));
        streams.begin(bound("lo"), to, PROBE, PATIENCE)
    };
    let begun = (0..AT_ONCE + 10).filter(|_| begin()).count();
    assert_eq!(begun, AT_ONCE);
}
