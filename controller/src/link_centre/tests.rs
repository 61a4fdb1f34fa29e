mod listener;

use std::path::Path;

use domain::ManualClock;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use link::cause::{End, Line};
use link::report::Name;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use store::testing::TestStore;
use store::{LinkPolicy, LinkPolicyHead};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::settings::ServiceSettings;
use super::*;
use crate::links::span::Span;
use crate::stage::{LogLines, NOON};

const EPOCH: &str = "00000000000000aa";
const MOST: std::num::NonZeroU32 = std::num::NonZeroU32::new(1_000).unwrap();

/// A centre without its door.
struct Office {
    store: TestStore,
    intake: Intake,
}

impl Office {
    async fn new() -> Self {
        Self::with(&LinkCentreSettings::deaf()).await
    }

    async fn with(settings: &LinkCentreSettings) -> Self {
        let store = store::testing::sqlite().await;
        let clock = Arc::new(ManualClock::new(NOON));
        let intake = Intake::new(store.shared(), clock, settings);
        Self { store, intake }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let response = self.intake.answer(request, &["hofuf".to_owned()]).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn tell(&self, what: &str, question: &str, body: &str) -> (StatusCode, Value) {
        let path = format!("/v1/links/hofuf/{what}?epoch={EPOCH}{question}");
        self.ask(Method::POST, &path, body).await
    }

    async fn kept(&self) -> Vec<String> {
        let site: Name = "hofuf".parse().unwrap();
        let told = self.store.list_link_events(&site, 0, MOST).await.unwrap();
        told.into_iter().map(|told| told.event.line).collect()
    }
}

fn event(number: u64) -> String {
    format!(r#"{{"number":{number},"at":1795597200000,"site":"hofuf","what":"began"}}"#)
}

fn cell(number: u64, begin: u64) -> String {
    format!(
        r#"{{"number":{number},"begin":{begin},"span":10,"site":"hofuf","path":"fibre","watched":10,"alive":10,"carried":10,"sent":2,"lost":0,"lost-there":0,"lost-back":0,"least-us":1000,"most-us":1000,"classes":[[111,2]],"health":"up"}}"#
    )
}

#[tokio::test]
async fn lines_are_kept_as_they_were_written_and_the_last_number_is_told() {
    let office = Office::new().await;
    let lines = [event(1), event(2)].join("\n") + "\n";
    let (status, answer) = office.tell("events", "&first=1", &lines).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "last": 2 })));
    assert_eq!(office.kept().await, [event(1), event(2)]);
    let path = format!("/v1/links/hofuf/events?epoch={EPOCH}");
    let (_, answer) = office.ask(Method::GET, &path, "").await;
    assert_eq!(answer, json!({ "last": 2 }));
    let (status, answer) = office.tell("events", "&first=5", &event(5)).await;
    assert_eq!(
        (status, &answer["error"], &answer["last"]),
        (StatusCode::CONFLICT, &json!("gap"), &json!(2))
    );
    let (status, _) = office.tell("events", "&first=5&gone=true", &event(5)).await;
    assert_eq!((status, office.kept().await.len()), (StatusCode::OK, 3));
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_kept_with_what_this_one_does_not_know() {
    let office = Office::new().await;
    let later = r#"{"number":1,"at":1,"site":"hofuf","what":"folded","into":[4,{"x":null}]}"#;
    let (status, _) = office.tell("events", "&first=1&more=yes", later).await;
    assert_eq!((status, office.kept().await), (StatusCode::OK, vec![later.to_owned()]));
}

#[tokio::test]
async fn a_line_that_cannot_be_understood_is_named_and_nothing_of_its_batch_is_kept() {
    let office = Office::new().await;
    let begin = 1_795_597_200_000;
    let too_late = cell(2, begin + 2 * 86_400_000);
    for (what, bad) in [
        ("events", "nonsense"),
        ("events", ""),
        ("events", r#"{"number":2,"at":1}"#),
        ("events", r#"{"number":3,"at":1,"what":"began"}"#),
        ("events", r#"{"number":2,"at":18446744073709551615,"what":"began"}"#),
        ("cells", &cell(2, begin + 1)),
        ("cells", &too_late),
        ("cells", &cell(2, begin).replace("fibre", "a b")),
        ("cells", &cell(2, begin).replace(":[[111", ":[[9999")),
    ] {
        let good = if what == "events" { event(1) } else { cell(1, begin) };
        let (status, answer) = office.tell(what, "&first=1", &format!("{good}\n{bad}\n")).await;
        let named = (&answer["error"], &answer["number"]);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}: {answer}");
        assert_eq!(named, (&json!("line"), &json!(2)), "{bad}");
    }
    assert_eq!(office.kept().await, [""; 0]);
    let (status, _) = office.tell("cells", "&first=1", &cell(1, begin)).await;
    assert_eq!(status, StatusCode::OK);
    // What follows a line that was left out comes as what follows something that is gone.
    let (status, answer) =
        office.tell("cells", "&first=3&gone=true", &cell(3, begin + 10_000)).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "last": 3 })));
}

#[tokio::test]
async fn an_agent_is_offered_what_is_newer_than_it_has_and_no_other_sites() {
    let office = Office::new().await;
    let ask = |path: &'static str| office.ask(Method::GET, path, "");
    let nothing = (StatusCode::OK, json!({ "policy": null }));
    assert_eq!(ask("/v1/links/hofuf/policy?after=0").await, nothing);
    let head = LinkPolicyHead { site: "hofuf".parse().unwrap(), generation: 7, published_at: NOON };
    let document = r#"{"generation":7,"more":["than","this","version","knows"]}"#.to_owned();
    let policy = LinkPolicy { head, document: document.clone() };
    assert!(office.store.publish_link_policy(&policy).await.unwrap());
    let document: Value = serde_json::from_str(&document).unwrap();
    let offered = (StatusCode::OK, json!({ "policy": document }));
    for path in ["/v1/links/hofuf/policy", "/v1/links/hofuf/policy?after=6"] {
        assert_eq!(ask(path).await, offered, "{path}");
    }
    assert_eq!(ask("/v1/links/hofuf/policy?after=7").await, nothing);
    for (path, status) in [
        ("/v1/links/abha/policy?after=0", StatusCode::FORBIDDEN),
        ("/v1/links/hofuf/policy?after=x", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(ask(path).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn an_agent_is_told_of_the_work_on_its_own_paths_by_its_own_names() {
    let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
    let ends = [end("amana", "to-hofuf"), end("hofuf", "fibre")];
    let line = Line { name: "the fibre".to_owned(), ends, hub: None, sector: None, provider: None };
    let settings = LinkCentreSettings { lines: vec![line], ..LinkCentreSettings::deaf() };
    let office = Office::with(&settings).await;
    let day = Duration::from_secs(86_400);
    for (subject, after) in [
        (settings.subject("amana", Some("to-hofuf")), 1),
        (settings.subject("hofuf", Some("radio")), 2),
        (settings.subject("abha", Some("radio")), 2),
        (settings.subject("hofuf", None), 3),
        (settings.subject("hofuf", Some("radio")), 34),
        (settings.subject("hofuf", Some("radio")), 36),
    ] {
        let from = NOON + day * after;
        let span = Span::new(from, from + Duration::from_secs(60));
        windows::testing::plan(&office.store, subject, span).await;
    }
    let (status, planned) = office.ask(Method::GET, "/v1/links/hofuf/work", "").await;
    assert_eq!(status, StatusCode::OK);
    let now = NOON.as_millis();
    let window = |path: &str, after: i64| {
        let from = now + 86_400_000 * after;
        json!({ "path": path, "from": from, "until": from + 60_000, "why": "work" })
    };
    let windows = [window("fibre", 1), window("radio", 2), window("radio", 34)];
    assert_eq!(planned, json!({ "now": now, "windows": windows }));
    let (status, _) = office.ask(Method::GET, "/v1/links/amana/work", "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_agent_speaks_for_the_site_of_its_certificate_alone() {
    let office = Office::new().await;
    for (path, status) in [
        ("/v1/links/abha/events?epoch=00000000000000aa", StatusCode::FORBIDDEN),
        ("/v1/links/Hofuf/events?epoch=00000000000000aa", StatusCode::OK),
        ("/v1/links/hofuf/events?epoch=aa", StatusCode::BAD_REQUEST),
        ("/v1/links/hofuf/events", StatusCode::BAD_REQUEST),
        ("/v1/links/hofuf/else?epoch=00000000000000aa", StatusCode::NOT_FOUND),
        ("/v1/links/a%20b/events", StatusCode::NOT_FOUND),
        ("/v1/links", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(office.ask(Method::GET, path, "").await.0, status, "{path}");
    }
    let (status, _) = office.tell("events", "&first=0", &event(0)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, answer) = office.tell("events", "&first=1", &"x".repeat(1_100_000)).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("malformed")));
}

#[tokio::test]
async fn a_state_is_kept_as_it_is_told_and_must_be_an_object() {
    let office = Office::new().await;
    for (body, status) in [
        (r#"{"mode":"primary"}"#, StatusCode::OK),
        ("[]", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
    ] {
        let told = office.ask(Method::POST, "/v1/links/hofuf/state", body).await;
        assert_eq!(told.0, status, "{body}");
    }
    let sites = office.store.list_link_sites().await.unwrap();
    assert_eq!(sites[0].state, Some((r#"{"mode":"primary"}"#.to_owned(), NOON)));
}

#[tokio::test]
async fn a_site_with_too_many_paths_is_told_so_and_the_log_once() {
    let office = Office::new().await;
    let begin = 1_795_597_200_000;
    let path = |of: u64| cell(of, begin).replace("fibre", &format!("path-{of}"));
    let lines = (1..=32).map(path).collect::<Vec<_>>().join("\n");
    let (status, _) = office.tell("cells", "&first=1", &lines).await;
    assert_eq!(status, StatusCode::OK);
    let log = LogLines::of_this_thread();
    let too_many = "a site has too many paths";
    for _ in 0..3 {
        let (status, answer) = office.tell("cells", "&first=33", &path(33)).await;
        assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE);
        let reason = "hofuf may have 32 paths (paths-per-site), and path-33 is one too many";
        assert_eq!((&answer["error"], &answer["reason"]), (&json!("limit"), &json!(reason)));
    }
    assert_eq!(log.with(too_many).len(), 1);
    assert_eq!(log.with("refused").len(), 0);
    // It goes on with those that it has, and what else it tells is taken meanwhile.
    let (status, _) = office.tell("events", "&first=1", &event(1)).await;
    assert_eq!(status, StatusCode::OK);
    let known = cell(33, begin + 10_000).replace("fibre", "path-7");
    let (status, answer) = office.tell("cells", "&first=33", &known).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "last": 33 })));
    let paths: Vec<_> = (0..33).map(|of| json!({ "name": format!("path-{of}") })).collect();
    for (paths, status) in
        [(&paths[..32], StatusCode::OK), (&paths[..], StatusCode::INSUFFICIENT_STORAGE)]
    {
        let state = json!({ "paths": paths }).to_string();
        let told = office.ask(Method::POST, "/v1/links/hofuf/state", &state).await;
        assert_eq!(told.0, status, "{state}");
    }
    assert_eq!(log.with(too_many).len(), 2, "after it was in order, and for something else");
}

#[test]
fn paths_and_services_of_a_site_are_limited() {
    let service = |site: &str| ServiceSettings {
        name: "records".to_owned(),
        site: site.to_owned(),
        targets: vec!["db".to_owned()],
    };
    let with = |services| LinkCentreSettings { services, ..LinkCentreSettings::deaf() };
    let most = vec![service("hofuf"); 64];
    assert!(with([most.clone(), vec![service("abha"); 64]].concat()).validate().is_ok());
    let error = with([most, vec![service("hofuf")]].concat()).validate().unwrap_err();
    assert!(error.to_string().contains("links.services of one site"), "{error}");
    for (paths, is_good) in [(7, false), (8, true), (1_000, true), (1_001, false)] {
        let paths_per_site = paths.try_into().unwrap();
        let settings = LinkCentreSettings { paths_per_site, ..LinkCentreSettings::deaf() };
        assert_eq!(settings.validate().is_ok(), is_good, "{paths}");
    }
}

#[tokio::test]
async fn history_is_added_up_and_grows_old() {
    let office = Office::new().await;
    let begin = 1_795_597_200_000;
    for number in 1..=12 {
        let line = cell(number, begin + (number - 1) * 10_000);
        office.tell("cells", &format!("&first={number}"), &line).await;
    }
    let (keep, clock) =
        (crate::settings::RetentionSettings::default(), Arc::new(ManualClock::new(NOON)));
    let merging = Merging::new(office.store.shared(), clock.clone(), keep);
    assert_eq!(merging.merge().await.unwrap(), 12);
    assert_eq!(merging.merge().await.unwrap(), 0);
    for (days, pruned) in [(6, 0), (2, 12), (80, 0), (3, 2), (1_000, 0), (10, 2)] {
        clock.advance(Duration::from_secs(days * 86_400));
        assert_eq!(merging.prune().await.unwrap(), pruned, "after {days} more days");
    }
}

/// An authority and what it signs, in files.
struct Pki(tempfile::TempDir, CertifiedIssuer<'static, KeyPair>);

impl Pki {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        Self(dir, ca)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        let dir: &Path = self.0.path();
        dir.join(name)
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.1).unwrap();
        std::fs::write(self.path("own.pem"), certificate.pem()).unwrap();
        std::fs::write(self.path("own.key"), key.serialize_pem()).unwrap();
        (certificate, key)
    }

    fn settings(&self) -> LinkCentreSettings {
        self.issue("localhost");
        LinkCentreSettings {
            certificate: self.path("own.pem"),
            key: self.path("own.key"),
            ca: self.path("ca.pem"),
            ..LinkCentreSettings::deaf()
        }
    }

    fn client(&self, signed_by: Option<&Self>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.1.as_ref().der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        match signed_by {
            None => config.with_no_client_auth(),
            Some(pki) => {
                let (certificate, key) = pki.issue("hofuf");
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                config.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        }
    }
}

#[tokio::test]
async fn who_has_no_certificate_of_the_authority_is_not_heard() {
    let (pki, strangers) = (Pki::new(), Pki::new());
    let store = store::testing::sqlite().await;
    let clock = Arc::new(ManualClock::new(NOON));
    let centre = LinkCentre::bind(&pki.settings(), store.shared(), clock).unwrap();
    let address = centre.address().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(centre.run(stop.clone()));
    for (signed_by, is_heard) in [(Some(&pki), true), (Some(&strangers), false), (None, false)] {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let config = Arc::new(pki.client(signed_by));
        let said = async {
            let mut stream = TlsConnector::from(config).connect(name, stream).await?;
            let path = "/v1/links/hofuf/events?epoch=00000000000000aa";
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await?;
            let mut said = String::new();
            stream.read_to_string(&mut said).await?;
            Ok::<_, io::Error>(said)
        };
        let said = said.await;
        assert_eq!(said.is_ok_and(|said| said.contains(r#"{"last":0}"#)), is_heard);
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_agent_asks_for_a_turn_on_a_sector_of_which_it_told() {
    let office = Office::new().await;
    let ask = async |path: &str, wish: &str| {
        let body = format!(r#"{{"path":"{path}","sector":"east","wish":{wish}}}"#);
        office.ask(Method::POST, "/v1/links/hofuf/sector", &body).await
    };
    let (status, _) = ask("radio", "\"turn\"").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it did not tell yet");
    let path = r#"{"name":"radio","sector":"east","ends":["10.0.0.1","10.0.0.2"],"office-kbit":5}"#;
    let state = format!(r#"{{"mode":"on-backup","paths":[{path},{{"name":"fibre"}}]}}"#);
    let (status, _) = office.ask(Method::POST, "/v1/links/hofuf/state", &state).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "turn": null,
        "slot": { "number": 0, "of": 1 },
        "siblings": { "links": 0, "busy": 0, "used": 0 },
    });
    for wish in ["\"turn\"", "\"news\"", r#"{"done":7}"#] {
        assert_eq!(ask("radio", wish).await, (StatusCode::OK, expected.clone()), "{wish}");
    }
    assert_eq!(ask("fibre", "\"turn\"").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask("radio", "\"all\"").await.0, StatusCode::BAD_REQUEST);
    // One that begins knows from the store who was there, and whom to keep a slot for.
    let clock = Arc::new(ManualClock::new(NOON));

    let fresh = Intake::new(office.store.shared(), clock, &LinkCentreSettings::deaf());
    fresh.recall_members().await.unwrap();
    let question =
        serde_json::from_value(json!({"path": "radio", "sector": "east", "wish": "news"}));
    let question: link::sector::Question = question.unwrap();
    let site: Name = "hofuf".parse().unwrap();
    assert!(fresh.turns.answer(&site, &question, NOON).is_some());
}
