use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use http_body_util::{Empty, combinators};
use hyper::body::Bytes;

use super::*;
use crate::links::metered;
use crate::links::settings::SwitchMode;

const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of an office whose path is this machine's loopback.
fn settings(targets: &str) -> LinksSettings {
    let text = format!(
        "site = \"here\"\noffices = [\"10.2.0.0/16\"]\n[[paths]]\nname = \"loop\"\ndevice = \"lo\"\n\
         local = \"127.0.0.1\"\npeer = \"127.0.0.2\"\nalive-by = \"targets\"\nquorum = 1\n{targets}"
    );
    let settings: LinksSettings = toml::from_str(&text).unwrap();
    settings.validate().unwrap();
    settings
}

/// Begins to ask; what is told comes there.
fn begin(targets: &str) -> (Asking, Receiver<Event>, Receiver<Command>, CancellationToken) {
    let settings = settings(targets);
    begin_with(&settings, Counts::default())
}

fn begin_with(
    settings: &LinksSettings,
    counts: Counts,
) -> (Asking, Receiver<Event>, Receiver<Command>, CancellationToken) {
    let words =
        Words { site: "here".to_owned(), paths: vec!["loop".to_owned()], mode: SwitchMode::Switch };
    let (events, told) = sync_channel(64);
    let (commands, obeyed) = sync_channel(64);
    let over = CancellationToken::new();
    let wake = Arc::new(EventFd::new().unwrap());
    let outlets = Outlets { words, counts, events, commands, wake, over: over.clone() };
    let asking = start(settings, outlets).unwrap().unwrap();
    (asking, told, obeyed, over)
}

fn end((asking, over): (Asking, CancellationToken)) {
    over.cancel();
    asking.wake.write(1).unwrap();
    asking.thread.join().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_answers_503_is_down_and_the_reason_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|_| async {
                let body = combinators::BoxBody::new(Empty::<Bytes>::new());
                hyper::Response::builder().status(503).body(body)
            });
            let stream = hyper_util::rt::TokioIo::new(stream);
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(stream, service));
        }
    });
    let (asking, told, obeyed, over) = begin(&format!(
        "[[targets]]\nname = \"page\"\npath = \"loop\"\nkind = \"http\"\naddress = \"127.0.0.1\"\n\
         url = \"http://hall.example:{port}/\"\nevery-ms = 100\n"
    ));
    let event = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE)).await;
    let event = event.unwrap().unwrap();
    assert_eq!((event.what.as_str(), event.target.as_deref()), ("target", Some("page")));
    assert_eq!((event.from.as_deref(), event.to.as_deref()), (Some("unknown"), Some("down")));
    assert_eq!(event.why.as_deref(), Some("it answers with status 503"));
    let status = &asking.board.list()[0];
    assert_eq!(status.why.as_deref(), Some("it answers with status 503"));
    assert_eq!((status.state.as_str(), status.loss_per_mille), ("down", Some(1_000)));
    let command = obeyed.recv_timeout(PATIENCE).unwrap();
    assert_eq!(command, Command::Targets(PathNumber::PRIMARY, false));
    end((asking, over));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_targets_take_of_a_path_that_is_paid_for_is_counted() {
    let settings = settings(
        "metered = true\nbudget-mb = 1\n[[targets]]\nname = \"hall\"\npath = \"loop\"\nkind = \"ping\"\n\
         address = \"127.0.0.1\"\nevery-ms = 100\n",
    );
    let counts = metered::open(&settings).unwrap();
    let (asking, told, _obeyed, over) = begin_with(&settings, counts.clone());
    let event = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE)).await;
    assert_eq!(event.unwrap().unwrap().to.as_deref(), Some("up"));
    end((asking, over));
    let spent = counts.status(PathNumber::PRIMARY).unwrap().spent;
    assert!(spent > 0 && spent.is_multiple_of(88), "{spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_names_is_up_while_it_answers_what_was_asked() {
    for address in ["127.0.0.1", "::1"] {
        ask_names(address);
    }
}

/// Asks a server at an address by a path whose own are of IPv4.
fn ask_names(address: &str) {
    let address: std::net::IpAddr = address.parse().unwrap();
    let server = UdpSocket::bind((address, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let (asking, told, obeyed, over) = begin(&format!(
        "[[targets]]\nname = \"names\"\npath = \"loop\"\nkind = \"dns\"\naddress = \"{address}\"\n\
         port = {port}\nquestion = \"example.com\"\nevery-ms = 100\n"
    ));
    // First as it should be, then SERVFAIL.
    for code in [0, 2] {
        let event = loop {
            let mut octets = [0; 512];
            let (length, from) = server.recv_from(&mut octets).unwrap();
            octets[2] |= 0x80;
            octets[3] = code;
            server.send_to(&octets[..length], from).unwrap();
            if let Ok(event) = told.try_recv() {
                break event;
            }
        };
        let wanted = if code == 0 { "up" } else { "down" };
        assert_eq!(event.to.as_deref(), Some(wanted), "{event:?}");
    }
    let why = asking.board.list()[0].why.clone();
    assert_eq!(why.as_deref(), Some("it answers with code 2 of DNS"));
    assert_eq!(obeyed.try_iter().next(), Some(Command::Targets(PathNumber::PRIMARY, true)));
    end((asking, over));
}
