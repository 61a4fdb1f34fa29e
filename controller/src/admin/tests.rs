mod access_points;
mod audit;
mod codes;
mod consents;
mod import;
mod link_maintenance;
mod link_reports;
mod messages;
mod nas_ranges;
mod nas_test;
mod onboarding;
mod requests;
mod sites;
mod vouchers;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use axum::body::Bytes;
use connections::unix::SocketError;
use domain::{
    Clock, Code, GrantEnd, GrantState, Language, Money, NasProfile, OrderReason, ReportNumber,
    SiteTexts, SmsText, SpendingLimits, Tariff,
};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::stage::{Stage, mac};

/// A city with its admin API on a socket.
struct Office {
    stage: Stage,
    socket: PathBuf,
    stop: CancellationToken,
    server: JoinHandle<Result<(), AdminError>>,
    folder: tempfile::TempDir,
}

/// Words that say the language, the report and the code.
struct PlainMessages;

impl ReportMessages for PlainMessages {
    fn report_code(&self, language: &Language, report: &ReportNumber, code: &Code) -> SmsText {
        SmsText::new(format!("{language} {report} {}", code.expose()))
    }
}

/// Messages that have room for twenty letters.
struct TwentyLetters;

impl SiteMessages for TwentyLetters {
    fn check(&self, texts: &SiteTexts) -> Result<(), String> {
        let fits = texts.iter().all(|(_, _, text)| text.chars().count() <= 20);
        fits.then_some(()).ok_or_else(|| "the message is too long".to_owned())
    }
}

fn about(journal: Option<Journal>) -> About {
    About {
        version: "0.1.0".to_owned(),
        database: "sqlite".to_owned(),
        journal,
        records: None,
        new_access_points: NewAccessPoints {
            message_authenticator: MessageAuthenticatorRule::Learn,
            proxy_state: ProxyStateRule::Limited,
        },
        places: Places {
            authentication: "0.0.0.0:1812".parse().unwrap(),
            accounting: "0.0.0.0:1813".parse().unwrap(),
            orders: std::net::Ipv4Addr::UNSPECIFIED.into(),
            portal: "http://portal.example:8080".to_owned(),
            secure_portal: None,
        },
        nas_control: None,
        site_messages: Arc::new(TwentyLetters),
        report_codes: ReportCodes { messages: Arc::new(PlainMessages), sends_per_day: 4 },
        tariff: Tariff {
            limits: SpendingLimits { per_day: Money::MAX, per_month: None },
            texts: Vec::new(),
            others: Vec::new(),
        },
        activity: None,
        routes: None,
        links: None,
    }
}

impl Office {
    async fn open() -> Self {
        Self::open_with(|_| None).await
    }

    async fn open_about(what: impl FnOnce(About) -> About) -> Self {
        Self::open_in(|_| what(about(None))).await
    }

    async fn open_with(journal: impl FnOnce(&std::path::Path) -> Option<Journal>) -> Self {
        Self::open_in(|folder| about(journal(folder))).await
    }

    async fn open_in(about: impl FnOnce(&std::path::Path) -> About) -> Self {
        let stage = Stage::new((None, None), (Some(7_200), None)).await;
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("admin.sock");
        let stop = CancellationToken::new();
        let bound = AdminSocket::bind(&socket).unwrap();
        let (store, clock) = stage.shared();
        let api = AdminApi::new(store, clock, about(folder.path()));
        let server = tokio::spawn(bound.serve(api.router(), stop.clone()));
        Self { stage, socket, stop, server, folder }
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let stream = UnixStream::connect(&self.socket).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "sabeel")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).expect("every answer is JSON"))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, "").await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, &body.to_string()).await
    }

    async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::PATCH, path, &body.to_string()).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        self.call(Method::DELETE, path, "").await
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn plans_and_sites_come_and_go() {
    let office = Office::open().await;
    let plan = json!({
        "name": "guest", "day_seconds": 3_600, "day_data": "500 MB", "down": "4 Mbit/s",
        "devices": 2, "idle_seconds": 900, "interim_seconds": 60, "remembered_seconds": 86_400
    });
    let (status, added) = office.post("/v1/plans", plan.clone()).await;
    assert_eq!((status, &added["day_data"]), (201, &json!(500_000_000)));
    assert_eq!(office.post("/v1/plans", plan).await.1["error"], "exists");
    assert_eq!(names(&office.get("/v1/plans").await.1), ["guest", "visitor"]);

    let site = json!({
        "name": "park", "title": {"ar": "المتنزه"}, "zone": "Asia/Riyadh", "plan": "guest",
        "countries": ["sa", "ae"]
    });
    let (status, added) = office.post("/v1/sites", site.clone()).await;
    let mut shown = site.clone();
    shown["venue"] = Value::Null;
    shown["help"] = json!({"unified": null, "whatsapp": null, "reports": null});
    shown["trial"] = json!(false);
    shown["event"] = json!(false);
    shown["notice"] = Value::Null;
    shown["look"] = json!({"logo": null, "colours": null});
    shown["texts"] = json!({});
    shown["hours"] = json!([]);
    shown["languages"] = json!([]);
    shown["capacity"] = Value::Null;
    shown["garden"] = json!([]);
    shown["limits"] = json!({});
    for key in ["office", "office_speed", "office_since"] {
        shown[key] = Value::Null;
    }
    assert_eq!((status, &added), (201, &shown));
    assert_eq!(office.get("/v1/sites/park").await, (200, shown));
    for title in [json!({}), json!({"ar": " ", "en": "Park"}), json!({"en": "x".repeat(61)})] {
        let mut nameless = site.clone();
        nameless["title"] = title;
        assert_eq!(office.post("/v1/sites", nameless).await.0, 422);
    }
    assert_eq!(office.delete("/v1/plans/guest").await.0, 409);
    assert_eq!(office.delete("/v1/sites/park").await, (200, json!({"removed": "park"})));
    assert_eq!(office.delete("/v1/plans/guest").await.0, 200);
    assert_eq!(names(&office.get("/v1/plans").await.1), ["visitor"]);
}

#[tokio::test]
async fn an_access_points_secrets_are_shown_once() {
    let office = Office::open().await;
    let request = json!({
        "name": "walkway-gate", "site": "walkway", "addresses": "192.0.2.7/32",
        "profile": "sabeel", "dae_address": "192.0.2.7:3799"
    });
    let (status, added) = office.post("/v1/access-points", request).await;
    assert_eq!(status, 201, "{added}");
    let secrets = ["secret", "hand_off_secret"].map(|name| added[name].as_str().unwrap());
    assert!(secrets.iter().all(|secret| secret.len() == 32), "{added}");
    assert_eq!(added["notes"], json!([]));
    let kept = office.stage.store.find_access_point(&"walkway-gate".parse().unwrap()).await;
    assert_eq!(kept.unwrap().unwrap().secret.expose(), secrets[0]);

    let (_, shown) = office.get("/v1/access-points/walkway-gate").await;
    let (_, list) = office.get("/v1/access-points").await;
    for secret in secrets {
        assert!(!shown.to_string().contains(secret) && !list.to_string().contains(secret));
    }
    let mut expected = added["access_point"].clone();
    expected["activity"] = Value::Null;
    expected["octet_balance"] = json!({"stays": 0, "uploading": 0});
    expected["octets_look_swapped"] = json!(false);
    assert_eq!(shown, expected);
    assert_eq!(shown["message_authenticator"], "required");
    assert_eq!(
        shown["hand_off"],
        json!({"method": "mac-authentication", "hosts": [], "has_secret": true, "sends": "seen"})
    );
    assert_eq!(shown["portal_path"].as_str().unwrap().len(), 20);
    assert_eq!(names(&list), ["gate", "pole", "walkway-gate"]);
    assert_eq!(office.delete("/v1/access-points/walkway-gate").await.0, 200);
    assert_eq!(office.get("/v1/access-points/walkway-gate").await.0, 404);
}

#[tokio::test]
async fn given_secrets_are_taken_and_weak_ones_remarked() {
    let office = Office::open().await;
    let request = json!({
        "name": "old-box", "site": "walkway", "addresses": "192.0.2.0/24", "profile": "coova",
        "secret": "testing123", "portal_path": "oldbox2026", "message_authenticator": "optional",
        "hand_off": {"method": "uam", "secret": "uam-secret", "hosts": ["192.0.2.1:3990"]}
    });
    let (status, added) = office.post("/v1/access-points", request).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(added["secret"], "testing123");
    assert_eq!(added["hand_off_secret"], "uam-secret");
    assert_eq!(added["access_point"]["portal_path"], "oldbox2026");
    let hand_off = json!({"method": "uam", "hosts": ["192.0.2.1:3990"], "has_secret": true, "sends": "claimed"});
    assert_eq!(added["access_point"]["hand_off"], hand_off);
    assert_eq!(added["notes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn two_access_points_never_share_a_certificate() {
    let office = Office::open().await;
    let request = |name: &str, address: &str| {
        json!({
            "name": name, "site": "walkway", "addresses": address, "profile": "generic",
            "certificate": "Gate.Park.Example"
        })
    };
    let (status, added) = office.post("/v1/access-points", request("one", "192.0.2.7/32")).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(added["access_point"]["certificate"], "gate.park.example");
    let (status, refused) = office.post("/v1/access-points", request("two", "192.0.2.8/32")).await;
    assert_eq!((status, &refused["error"]), (422, &json!("invalid")), "{refused}");
    assert!(refused.to_string().contains("access point one"), "{refused}");
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_in_words() {
    let office = Office::open().await;
    let access_point = |field: &str, value: Value| {
        let mut request = json!({
            "name": "x", "site": "walkway", "addresses": "192.0.2.7/32", "profile": "generic"
        });
        request[field] = value;
        request
    };
    for (path, body, status, error, reason) in [
        ("/v1/access-points", access_point("site", json!("nowhere")), 409, "conflict", "nowhere"),
        ("/v1/access-points", access_point("name", json!("A B")), 400, "malformed", "A B"),
        ("/v1/access-points", access_point("colour", json!(1)), 400, "malformed", "colour"),
        (
            "/v1/access-points",
            access_point("portal_path", json!("a/b")),
            422,
            "invalid",
            "portal_path",
        ),
        (
            "/v1/access-points",
            access_point("hand_off", json!({"method": "uam", "hosts": []})),
            422,
            "invalid",
            "no host of its login page",
        ),
        ("/v1/accounts/show", json!({"phone": "966555555555"}), 404, "not-found", "that number"),
        ("/v1/nothing", json!({}), 404, "not-found", "path"),
        ("/v1/status", json!({}), 405, "method-not-allowed", "method"),
    ] {
        let (answered, failure) = office.post(path, body).await;
        assert_eq!(
            (answered, failure["error"].as_str()),
            (status, Some(error)),
            "{path} {failure}"
        );
        assert!(failure["reason"].as_str().unwrap().contains(reason), "{failure}");
    }
    let (status, failure) = office.call(Method::POST, "/v1/plans", "{").await;
    assert_eq!((status, &failure["error"]), (400, &json!("malformed")));
    assert_eq!(office.get("/v1/sessions?limit=0").await.0, 422);
    assert_eq!(office.get("/v1/sessions?colour=red").await.0, 400);
    assert_eq!(office.get(&format!("/v1/sessions/{}", "0".repeat(32))).await.0, 404);
}

#[tokio::test]
async fn a_list_of_an_access_point_or_session_that_there_is_not_is_refused() {
    let office = Office::open().await;
    let session = "0".repeat(32);
    for (path, status) in [
        ("/v1/sessions?nas=nope".to_owned(), 404),
        ("/v1/sessions?nas=gate".to_owned(), 200),
        ("/v1/orders?nas=nope".to_owned(), 404),
        ("/v1/orders?nas=gate".to_owned(), 200),
        (format!("/v1/orders?session={session}"), 404),
    ] {
        assert_eq!(office.get(&path).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn sessions_are_listed_shown_and_disconnected() {
    let office = Office::open().await;
    let (phone, laptop) = (office.stage.sign_in(1, 1).await, office.stage.sign_in(1, 2).await);
    let open = office.stage.report("gate", &phone, 60, 1_000).await;
    office.stage.report("pole", &laptop, 10, 0).await;
    office.stage.stop("pole", &laptop, 20, 0).await;

    let length = |answer: (u16, Value)| answer.1["items"].as_array().unwrap().len();
    assert_eq!(length(office.get("/v1/sessions").await), 1);
    assert_eq!(length(office.get("/v1/sessions?all=true").await), 2);
    assert_eq!(length(office.get("/v1/sessions?all=true&nas=pole").await), 1);
    let by_device = format!("/v1/sessions?device={}", mac(1));
    assert_eq!(length(office.get(&by_device).await), 1);
    let (_, shown) = office.get(&format!("/v1/sessions/{open}")).await;
    assert_eq!((&shown["downloaded"], &shown["state"]), (&json!(1_000), &json!("open")));

    let path = format!("/v1/sessions/{open}/disconnect");
    let (status, answer) = office.post(&path, json!({})).await;
    assert_eq!((status, &answer["order"]), (202, &json!("written")));
    assert_eq!(office.post(&path, json!({})).await.1["order"], "waits-already");
    let expected = [("gate".to_owned(), OrderReason::Admin, None)];
    assert_eq!(office.stage.orders().await, expected);
    let grant = office.stage.store.find_grant(mac(1)).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Live);

    assert_eq!(office.post(&path, json!({"grant": "revoke"})).await.0, 202);
    let grant = office.stage.store.find_grant(mac(1)).await.unwrap().unwrap();
    let at = office.stage.clock.now();
    assert_eq!(grant.state, GrantState::Ended { at, why: GrantEnd::Revoked });
    let (_, orders) = office.get("/v1/orders?limit=5").await;
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    assert_eq!(orders["items"][0]["state"]["waiting"]["attempts"], 0);

    office.stage.stop("gate", &phone, 70, 1_000).await;
    assert_eq!(office.post(&path, json!({})).await.1["error"], "conflict");
}

#[tokio::test]
async fn everything_about_a_person_is_shown_and_then_destroyed() {
    let office = Office::open().await;
    let grant = office.stage.sign_in(7, 1).await;
    office.stage.report("gate", &grant, 60, 0).await;
    let person = json!({"phone": "+966512345607"});
    let (status, shown) = office.post("/v1/accounts/show", person.clone()).await;
    assert_eq!((status, &shown["phone"]), (200, &json!("+966512345607")));
    for part in ["devices", "grants", "consents", "sessions"] {
        assert_eq!(shown[part].as_array().unwrap().len(), 1, "{part}");
    }
    let (status, erased) = office.post("/v1/accounts/erase", person.clone()).await;
    assert_eq!((status, &erased["disconnecting"]), (200, &json!(1)));
    assert_eq!(office.post("/v1/accounts/show", person.clone()).await.0, 404);
    assert_eq!(office.post("/v1/accounts/erase", person).await.0, 404);
    let expected = [("gate".to_owned(), OrderReason::Erased, None)];
    assert_eq!(office.stage.orders().await, expected);
}

#[tokio::test]
async fn who_is_held_is_not_erased_before_the_release() {
    let office = Office::open().await;
    let grant = office.stage.sign_in(7, 1).await;
    office.stage.report("gate", &grant, 60, 0).await;
    let person = json!({"phone": "+966512345607"});
    let hold = |why: &str| json!({"phone": "+966512345607", "why": why});
    for why in ["", " ", &"x".repeat(501)] {
        assert_eq!(office.post("/v1/accounts/hold", hold(why)).await.0, 422, "{why}");
    }
    assert_eq!(office.post("/v1/accounts/release", person.clone()).await.0, 409);
    assert_eq!(office.post("/v1/accounts/hold", hold("request 12/2026")).await.0, 200);
    assert_eq!(office.post("/v1/accounts/hold", hold("again")).await.0, 409);
    let (status, refused) = office.post("/v1/accounts/erase", person.clone()).await;
    assert_eq!((status, &refused["error"]), (409, &json!("conflict")), "{refused}");
    assert!(office.stage.orders().await.is_empty(), "nobody is cut off by what is refused");
    let (_, shown) = office.post("/v1/accounts/show", person.clone()).await;
    assert_eq!(shown["holds"][0]["why"], "request 12/2026");
    let told = format!("{:?}", office.stage.store.list_audit_links(0, 100).await.unwrap());
    assert!(told.contains("account-held") && !told.contains("12/2026"), "{told}");
    assert_eq!(office.post("/v1/accounts/release", person.clone()).await.0, 200);
    assert_eq!(office.post("/v1/accounts/erase", person.clone()).await.0, 200);
    assert_eq!(office.post("/v1/accounts/hold", hold("too late")).await.0, 404);
}

#[tokio::test]
async fn status_and_health_tell_how_it_goes() {
    let settings = store::JournalSettings::default();
    let journal = |folder: &std::path::Path| Journal::open(&folder.join("journal"), &settings).ok();
    let office = Office::open_with(journal).await;
    office.stage.advance(90);
    let grant = office.stage.sign_in(1, 1).await;
    office.stage.report("gate", &grant, 60, 0).await;
    let (status, shown) = office.get("/v1/status").await;
    assert_eq!(status, 200);
    let shown: api::Status = serde_json::from_value(shown).unwrap();
    assert_eq!((shown.version.as_str(), shown.database.as_str()), ("0.1.0", "sqlite"));
    assert_eq!(shown.uptime_seconds, 90);
    let counts =
        api::Counts { sites: 1, plans: 1, access_points: 2, unprotected: 0, accounts_online: 1 };
    assert_eq!(shown.counts, counts);
    assert_eq!(shown.journal.unwrap().applied, api::JournalPlace { segment: 0, offset: 0 });
    assert_eq!(office.get("/v1/health").await, (200, json!({"healthy": true})));
}

#[tokio::test]
async fn the_socket_is_for_its_group_and_for_one_server() {
    let office = Office::open().await;
    let mode = std::fs::metadata(&office.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    assert!(matches!(
        AdminSocket::bind(&office.socket),
        Err(AdminError::Socket(SocketError::Taken(_)))
    ));
    assert_eq!(office.get("/v1/health").await.0, 200);

    office.stop.cancel();
    office.server.await.unwrap().unwrap();
    assert!(!office.socket.exists());

    let file = office.folder.path().join("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    assert!(matches!(
        AdminSocket::bind(&file),
        Err(AdminError::Socket(SocketError::NotASocket(_)))
    ));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn a_socket_that_a_crash_left_behind_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let socket = AdminSocket::bind(&path).unwrap();
    assert!(path.exists());
    drop(socket);
    assert!(!path.exists());
}
