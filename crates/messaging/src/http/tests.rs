use std::io::Write;

use domain::{MessageClass, MessageId, SmsText, Timestamp};
use serde::Deserialize;
use serde_json::json;
use store::OutgoingMessage;

use super::*;
use crate::MessagingSettings;
use crate::fake_gateway::{Asked, FakeGateway, Reply};

const TEXT: &str = "رمز \"واي فاي\" 482913 & 5 دقائق\n@wifi.example #482913";

fn message() -> OutgoingMessage {
    OutgoingMessage {
        id: MessageId::from_bytes([7; 16]),
        phone: "966512345678".parse().unwrap(),
        text: SmsText::new(TEXT.to_owned()),
        code: "482913".parse().unwrap(),
        class: MessageClass::Service,
        expires_at: Timestamp::from_secs(300),
        attempts: 0,
        route: None,
        tried_since: None,
        not_by: None,
    }
}

/// The file as it can be pasted into the configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    messaging: MessagingSettings,
}

/// Sends one message by a preset, with its address and its secrets' files replaced; by the last of
/// its routes, where there are several.
async fn send_by_preset(preset: &str, reply: Reply) -> (Result<Accepted, SendError>, Asked) {
    let Preset { mut messaging } = toml::from_str(preset).expect("the preset is valid TOML");
    messaging.validate().expect("the preset is valid");
    let mut gateway = FakeGateway::start([reply]).await;
    let route = messaging.routes.pop().map(|route| route.http);
    let mut settings = messaging.http.or(route).expect("the preset is for HTTP");
    let real = Url::parse(&settings.url).unwrap();
    settings.url = format!("http://{}{}", gateway.address, real.path());
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in &mut settings.secrets {
        let path = folder.path().join(name);
        writeln!(std::fs::File::create(&path).unwrap(), "the-{name}&").unwrap();
        *source = SecretSource::File(path);
    }
    let transport = HttpTransport::new(&settings).unwrap();
    let result = transport.send(Letter::from(&message())).await;
    (result, gateway.next_asked().await)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::Status(status, body.to_owned())
}

fn accepted(reference: Option<&str>) -> Result<Accepted, SendError> {
    Ok(Accepted { reference: reference.map(str::to_owned) })
}

#[tokio::test]
async fn unifonic_takes_a_form() {
    let body =
        r#"{"success":"true","errorCode":"ER-00","data":{"MessageID":3200017,"Status":"Queued"}}"#;
    let preset = include_str!("../../presets/unifonic.toml");
    let (result, asked) = send_by_preset(preset, reply(200, body)).await;
    assert_eq!(result, accepted(Some("3200017")));
    assert_eq!((asked.method.as_str(), asked.uri.path()), ("POST", "/rest/SMS/messages"));
    let pairs = asked.pairs();
    assert_eq!(pairs["Body"], TEXT);
    assert_eq!(pairs["Recipient"], "966512345678");
    assert_eq!(pairs["AppSid"], "the-app-sid&");
    assert_eq!(pairs["MessageType"], "3");
    assert!(asked.headers["authorization"].to_str().unwrap().starts_with("Basic "));

    let refused = r#"{"success":"false","errorCode":"ER-08","message":"sender"}"#;
    let (result, _) = send_by_preset(preset, reply(200, refused)).await;
    let reason = "the gateway answered 200: ER-08".to_owned();
    assert_eq!(result, Err(SendError::Permanent { reason }));
}

#[tokio::test]
async fn taqnyat_takes_json() {
    let preset = include_str!("../../presets/taqnyat.toml");
    let body = r#"{"statusCode":201,"messageId":395,"accepted":"[966512345678,]","rejected":"[]"}"#;
    let (result, asked) = send_by_preset(preset, reply(201, body)).await;
    assert_eq!(result, accepted(Some("395")));
    assert_eq!(asked.headers["authorization"], "Bearer the-token&");
    assert_eq!(asked.headers["content-type"], "application/json");
    let sent: Value = serde_json::from_str(&asked.body).unwrap();
    let expected = json!({"recipients": ["966512345678"], "body": TEXT, "sender": "AlAhsa-WiFi"});
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn kannel_takes_a_query() {
    let preset = include_str!("../../presets/kannel.toml");
    let (result, asked) = send_by_preset(preset, reply(202, "3: Queued for later delivery")).await;
    assert_eq!(result, accepted(None));
    assert_eq!((asked.method.as_str(), asked.uri.path()), ("GET", "/cgi-bin/sendsms"));
    let pairs = asked.pairs();
    assert_eq!(pairs["text"], TEXT);
    assert_eq!(pairs["to"], "+966512345678");
    assert_eq!(pairs["coding"], "2");
    assert_eq!(pairs["password"], "the-password&");
    let id = message().id;
    let url = format!("http://wifi.example/dlr/the-receipts&?id={id}&state=%d");
    assert_eq!(pairs["dlr-url"], url);

    let (result, _) = send_by_preset(preset, reply(503, "temporal failure")).await;
    assert!(matches!(result, Err(SendError::Later { .. })), "{result:?}");
}

#[tokio::test]
async fn twilio_takes_a_form() {
    let preset = include_str!("../../presets/twilio.toml");
    let (result, asked) =
        send_by_preset(preset, reply(201, r#"{"sid":"SM1","status":"queued"}"#)).await;
    assert_eq!(result, accepted(Some("SM1")));
    let pairs = asked.pairs();
    assert_eq!((pairs["To"].as_str(), pairs["Body"].as_str()), ("+966512345678", TEXT));
    assert_eq!(pairs["StatusCallback"], "https://wifi.example/dlr/the-receipts&");
    assert!(asked.headers["authorization"].to_str().unwrap().starts_with("Basic "));
    let (result, _) = send_by_preset(preset, reply(400, r#"{"code":21614}"#)).await;
    let reason = "the gateway answered 400: …".to_owned();
    assert_eq!(result, Err(SendError::Permanent { reason }));
}

#[tokio::test]
async fn whatsapp_carries_the_code_and_no_link() {
    let preset = include_str!("../../presets/whatsapp.toml");
    let body = r#"{"messaging_product":"whatsapp","messages":[{"id":"wamid.A1"}]}"#;
    let (result, asked) = send_by_preset(preset, reply(200, body)).await;
    assert_eq!(result, accepted(Some("wamid.A1")));
    assert_eq!(asked.headers["authorization"], "Bearer the-token&");
    let sent: Value = serde_json::from_str(&asked.body).unwrap();
    let code = json!([{"type": "text", "text": "482913"}]);
    assert_eq!(sent["to"], "966512345678");
    assert_eq!(sent["template"]["components"][0], json!({"type": "body", "parameters": code}));
    assert_eq!(sent["template"]["components"][1]["parameters"], code);
    assert!(!asked.body.contains("wifi.example"), "of the words nothing travels: {}", asked.body);
    let refused = r#"{"error":{"message":"not on WhatsApp","code":1310}}"#;
    let (result, _) = send_by_preset(preset, reply(400, refused)).await;
    let reason = "the gateway answered 400: 1310".to_owned();
    assert_eq!(result, Err(SendError::Permanent { reason }));
}

fn plain(address: impl std::fmt::Display) -> HttpSettings {
    HttpSettings { url: format!("http://{address}/"), timeout_seconds: 30, ..Default::default() }
}

#[tokio::test]
async fn a_gateway_that_is_silent_or_away_may_take_the_message_later() {
    let later = |result: Result<Accepted, SendError>| match result {
        Err(SendError::Later { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let silent = FakeGateway::start([Reply::Never]).await;
    let impatient = HttpSettings { timeout_seconds: 1, ..plain(silent.address) };
    let transport = HttpTransport::new(&impatient).unwrap();
    let reason = later(transport.send(Letter::from(&message())).await);
    assert_eq!(reason, "the gateway did not answer in time");

    // Nobody has that port, and the system gives it to nobody.
    let transport = HttpTransport::new(&plain("127.0.0.1:1")).unwrap();
    assert_eq!(
        later(transport.send(Letter::from(&message())).await),
        "the gateway cannot be reached"
    );
}

#[tokio::test]
async fn a_very_long_answer_does_no_harm() {
    let mut gateway = FakeGateway::start([reply(200, &"x".repeat(3_000_000))]).await;
    let transport = HttpTransport::new(&plain(gateway.address)).unwrap();
    assert_eq!(transport.send(Letter::from(&message())).await, accepted(None));
    assert_eq!(gateway.next_asked().await.method.as_str(), "POST");
}

#[test]
fn codes_travel_encrypted_unless_they_stay_on_the_machine() {
    let check = |url: &str, cleartext, expected: bool| {
        let settings = HttpSettings { url: url.to_owned(), cleartext, ..Default::default() };
        assert_eq!(settings.validate().is_ok(), expected, "{url} {cleartext:?}");
    };
    check("https://gateway.example/send", Cleartext::Loopback, true);
    check("http://127.0.0.1:13013/send", Cleartext::Loopback, true);
    check("http://[::1]/send", Cleartext::Loopback, true);
    check("http://localhost/send", Cleartext::Loopback, true);
    check("http://gateway.example/send", Cleartext::Loopback, false);
    check("http://10.0.0.9/send", Cleartext::Loopback, false);
    check("http://10.0.0.9/send", Cleartext::Anywhere, true);
    check("ftp://127.0.0.1/", Cleartext::Anywhere, false);
    check("gateway.example", Cleartext::Anywhere, false);
}

#[test]
fn a_wrong_setting_is_named() {
    let check = |toml: &str, expected: &str| {
        let text = format!("url = \"https://gateway.example/\"\n{toml}");
        let settings: HttpSettings = toml::from_str(&text).expect(toml);
        let refusal = settings.validate().expect_err(toml).to_string();
        assert!(refusal.contains(expected), "{refusal}");
    };
    check("timeout-seconds = 0", "`messaging.http.timeout-seconds`");
    check("method = \"get\"", "`messaging.http.encoding`");
    check("[fields]\nto = \"{too}\"", "`messaging.http.fields.to`");
    check("[fields]\nto = [\"{to}\"]", "`messaging.http.fields.to`");
    check("[headers]\n\"a b\" = \"x\"", "`messaging.http.headers.a b`");
    check("[headers]\nx = \"{secret.token}\"", "`messaging.http.headers.x`");
    check("[answer]\nreference = \"data.id\"", "`messaging.http.answer.reference`");
    let receipts = |more: &str| {
        format!(
            "[secrets]\nend = {{ env = \"X\" }}\n[receipts]\nstate = \"s\"\nundelivered = []\n{more}"
        )
    };
    let whole = "secret = \"end\"\nid = \"id\"\ndelivered = [\"1\"]\n";
    check(&receipts(&whole.replace("\"end\"", "\"ned\"")), "`messaging.http.receipts.secret`");
    check(&receipts(&whole.replace("id = ", "#")), "`messaging.http.receipts.id`");
    check(&receipts(&whole.replace("\"1\"", "")), "`messaging.http.receipts.delivered`");
    let signed = "signature = { kind = \"twilio\", secret = \"end\", url = \"nowhere\" }";
    check(&receipts(&format!("{whole}{signed}")), "`messaging.http.receipts.signature.url`");
    check(
        "[answer.later-when]\npointer = \"code\"\nequals = []",
        "`messaging.http.answer.later-when`",
    );
}

#[test]
fn a_missing_secret_is_named_and_never_shown() {
    let secrets = [("token", SecretSource::File("/nonexistent/token".into()))];
    let settings = HttpSettings {
        url: "https://gateway.example/".to_owned(),
        secrets: secrets.map(|(name, source)| (name.to_owned(), source)).into(),
        ..Default::default()
    };
    let refusal = HttpTransport::new(&settings).err().expect("there is no such file");
    assert!(refusal.to_string().contains("/nonexistent/token"), "{refusal}");
    let source = SecretSource::Env("SABEEL_NO_SUCH_VARIABLE".to_owned());
    let settings = HttpSettings { secrets: [("token".to_owned(), source)].into(), ..settings };
    let refusal = HttpTransport::new(&settings).err().expect("there is no such variable");
    assert!(refusal.to_string().contains("SABEEL_NO_SUCH_VARIABLE"), "{refusal}");
}
