//! The command line of an admin: what it says, how it ends, and what scripts may rely on.

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, attribute};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::city::{City, Said, eventually};
use crate::visit::{Coova, park, sign_in};

const DONE: i32 = 0;
const FAILED: i32 = 1;
const WRONG_USAGE: i32 = 2;
const WRONG_CONFIGURATION: i32 = 78;

impl Said {
    /// Ended so, and said this to whoever reads errors.
    fn is(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "no `{words}` in {self:?}");
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_names_what_is_wrong() {
    for (line, words) in [
        ("portl = 1", "did you mean `portal`?"),
        ("portal.lisen = \"[::]:80\"", "did you mean `listen`?"),
        ("portal.limits.connection = 5", "did you mean `connections`?"),
        ("radius.dynamic-authorization.patience = 5", "did you mean `patience-ms`?"),
        ("messaging.http.adress = \"http://x\"", "unknown field `adress`"),
        ("journal.queue = \"many\"", "expected usize"),
        (
            "portal.retention-months = 99",
            "[portal] portal.retention-months must be between 1 and 60",
        ),
        ("messaging.transport = \"http\"", "`messaging.http` is missing"),
        ("portal.public-url = ", "line 7"),
    ] {
        let city = City::plan(&[line]);
        let said = city.sabeel(&["config", "check"]).await;
        said.is(WRONG_CONFIGURATION, words);
        said.is(WRONG_CONFIGURATION, "sabeel.toml");
        // Whatever it is that is to be done.
        city.sabeel(&["serve"]).await.is(WRONG_CONFIGURATION, words);
        city.sabeel(&["site", "list"]).await.is(WRONG_CONFIGURATION, words);
    }
    let city = City::plan(&[]);
    assert_eq!(city.json(&["config", "check"]).await, json!({ "valid": true }));
    std::fs::remove_file(city.dir().join("sabeel.toml")).unwrap();
    let said = city.sabeel(&["config", "check"]).await;
    said.is(WRONG_CONFIGURATION, "cannot read");
    said.is(WRONG_CONFIGURATION, "sabeel.toml: No such file");
}

#[tokio::test]
async fn without_a_server_it_is_said_where_one_was_looked_for() {
    let city = City::plan(&[]);
    let socket = city.admin_socket().display().to_string();
    for words in [&["site", "list"][..], &["account", "show", "0551234567"], &["nas", "list"]] {
        let said = city.sabeel(words).await;
        said.is(FAILED, &socket);
        said.is(FAILED, "is `sabeel serve` up");
    }
    let said = city.sabeel(&["account", "show", "0551"]).await;
    said.is(WRONG_USAGE, "the number is incomplete or mistyped");
    city.sabeel(&["site", "show", "Walk way"]).await.is(WRONG_USAGE, "is no name");
    city.sabeel(&["plan", "add", "x", "--day-data", "much"]).await.is(WRONG_USAGE, "--day-data");
}

#[tokio::test]
async fn what_is_to_be_pasted_is_printed_alone_and_what_is_to_be_known_beside_it() {
    let (mut city, _messages) = park().await;
    let new = ["--site", "walkway", "--address", "127.0.0.9", "--profile", "cisco"];
    let said = city.sabeel(&[&["nas", "onboard", "hall"], &new[..]].concat()).await;
    said.is(DONE, "note: keep the secret now");
    assert!(said.out.starts_with("! Access point hall of Sabeel"), "{said:?}");
    assert!(said.out.ends_with("policy tag of the access points.\n"), "{said:?}");
    assert!(!said.out.contains("THE-SECRET"), "{said:?}");
    let nas = city.json(&["nas", "show", "hall"]).await;
    assert_eq!(nas["dae_address"], "127.0.0.9:1700");

    let again = city.sabeel(&["nas", "onboard", "hall", "--server", "192.0.2.10"]).await;
    again.is(DONE, "THE-SECRET stands for the secret, which is never shown again");
    assert!(again.out.contains(" client 192.0.2.10 server-key 0 THE-SECRET\n"), "{again:?}");
    let json = city.json(&["nas", "onboard", "hall", "--server", "192.0.2.10"]).await;
    assert_eq!(json["configuration"].as_str().map(str::trim), Some(again.out.trim()));

    let secret = city.dir().join("hall-secret");
    let line = said.out.lines().find_map(|line| line.strip_prefix(" key 0 ")).unwrap();
    std::fs::write(&secret, format!("{line}\n")).unwrap();
    let file = ["nas", "onboard", "hall", "--secret-file", secret.to_str().unwrap()];
    assert_eq!(city.sabeel(&file).await.out, said.out);
    std::fs::write(&secret, "another").unwrap();
    city.sabeel(&file).await.is(FAILED, "that is not the secret of access point hall");
    city.sabeel(&["nas", "onboard", "none"]).await.is(FAILED, "there is no access point `none`");
    let half = ["nas", "onboard", "new", "--site", "walkway"];
    city.sabeel(&half).await.is(WRONG_USAGE, "--address");
    city.stop().await;
}

#[tokio::test]
async fn a_database_is_migrated_once() {
    let city = City::plan(&[]);
    let first = city.json(&["db", "migrate"]).await;
    assert_eq!(first["from"], 0);
    let version = &first["to"];
    assert!(version.as_i64() > Some(0), "{first}");
    assert_eq!(city.json(&["db", "migrate"]).await, json!({ "from": version, "to": version }));
    let said = city.sabeel(&["db", "migrate"]).await;
    assert_eq!(said.out, format!("the schema is of version {version} already\n"));
}

#[tokio::test]
async fn a_site_is_shaped_by_what_is_named_and_cleared_again() {
    let mut city = City::begin(&[]).await;
    city.json(&["plan", "add", "visitor"]).await;
    let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
    city.json(&[&["site", "add", "walkway", "--plan", "visitor"][..], &titles].concat()).await;
    let set = |rest: &[&'static str]| [&["site", "set", "walkway"], rest].concat();

    let hours = "sun-thu 16:00-01:00,fri 14:00-24:00";
    let words = "network-name.en=Oasis Wi-Fi";
    let shaped = set(&["--notice", "office-backup", "--hours", hours, "--text", words]);
    let shaped = city.json(&shaped).await;
    assert_eq!(shaped["hours"], json!(["sun-thu 16:00-01:00", "fri 14:00-24:00"]));
    assert_eq!(shaped["texts"], json!({"network-name": {"en": "Oasis Wi-Fi"}}));
    assert_eq!((&shaped["notice"], &shaped["plan"]), (&json!("office-backup"), &json!("visitor")));
    assert_eq!(city.json(&["site", "show", "walkway"]).await, shaped);
    let own = ["--limit", "sends-per-site=300", "--limit", "conversion-percent=0"];
    let bounded = city.json(&set(&own)).await;
    assert_eq!(bounded["limits"], json!({"sends-per-site": 300, "conversion-percent": 0}));
    let shown = city.sabeel(&["site", "show", "walkway"]).await.out;
    assert!(shown.contains("sends-per-site 300"), "{shown}");
    let bounded = city.json(&set(&["--limit", "sends-per-site="])).await;
    assert_eq!(bounded["limits"], json!({"conversion-percent": 0}));
    for (limit, said) in
        [("sends=3", "is no limit of a site"), ("sends-per-site=0", "1 to 1000000")]
    {
        city.sabeel(&set(&["--limit", limit])).await.is(WRONG_USAGE, said);
    }

    let both = set(&["--venue", "https://park.example/", "--clear", "venue"]);
    city.sabeel(&both).await.is(FAILED, "--venue gives what --clear venue takes away");
    let pale = set(&["--colours", "#ffcc00,#ffffff"]);
    city.sabeel(&pale).await.is(WRONG_USAGE, "a contrast of 1.5");
    city.sabeel(&set(&["--plan", "none"])).await.is(FAILED, "plan `none` does not exist");
    let cleared = set(&["--clear", "notice,hours", "--text", "network-name.en="]);
    let cleared = city.json(&cleared).await;
    assert_eq!((&cleared["notice"], &cleared["hours"]), (&json!(null), &json!([])));
    assert_eq!(cleared["texts"], json!({}));
    city.stop().await;
}

#[tokio::test]
async fn what_is_added_is_listed_shown_and_removed() {
    let city = City::begin(&[]).await;
    let plan = ["plan", "add", "visitor", "--day-data", "1GB", "--down", "10Mbit/s"];
    let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
    let site = [&["site", "add", "walkway", "--plan", "visitor"][..], &titles].concat();
    let nas = ["nas", "add", "gate", "--site", "walkway", "--address", "10.0.0.1"];
    city.sabeel(&site).await.is(FAILED, "plan `visitor` does not exist");
    city.sabeel(&nas).await.is(FAILED, "site `walkway` does not exist");

    let added = city.json(&plan).await;
    assert_eq!((&added["day_data"], &added["down"]), (&json!(1_000_000_000), &json!(10_000_000)));
    assert_eq!(city.json(&["plan", "show", "visitor"]).await, added);
    assert_eq!(city.json(&["plan", "list"]).await, json!([added]));
    let added = city.json(&site).await;
    assert_eq!((&added["title"]["en"], &added["hours"]), (&json!("Walkway"), &json!([])));
    assert_eq!(city.json(&["site", "show", "walkway"]).await, added);
    assert_eq!(city.json(&["site", "list"]).await, json!([added]));
    let added = city.json(&nas).await;
    assert_eq!(keys(&added), ["access_point", "notes", "secret"]);
    let mut shown = city.json(&["nas", "show", "gate"]).await;
    let activity = shown.as_object_mut().unwrap().remove("activity").unwrap();
    assert_eq!(activity["access"], json!({"count": 0, "last": null}));
    let balance = shown.as_object_mut().unwrap().remove("octet_balance");
    assert_eq!(balance, Some(json!({"stays": 0, "uploading": 0})));
    let swapped = shown.as_object_mut().unwrap().remove("octets_look_swapped");
    assert_eq!(swapped, Some(json!(false)));
    assert_eq!(shown, added["access_point"]);
    assert_eq!(city.json(&["nas", "list"]).await, json!([added["access_point"]]));
    let shown = city.sabeel(&["nas", "show", "gate"]).await.out;
    assert!(!shown.contains(added["secret"].as_str().unwrap()), "{shown}");

    for (ignored, rule, words) in
        [("yes", "ignored", "not answered"), ("no", "answered", "answered")]
    {
        let set = city.json(&["nas", "set", "gate", "--ignore-status-server", ignored]).await;
        assert_eq!(set["status_server"], rule);
        let shown = city.sabeel(&["nas", "show", "gate"]).await.out;
        let is_said = |line: &str| line.starts_with("status-server") && line.ends_with(words);
        assert!(shown.lines().any(is_said), "{shown}");
    }

    city.sabeel(&plan).await.is(FAILED, "plan `visitor` exists already");
    city.sabeel(&site).await.is(FAILED, "site `walkway` exists already");
    city.sabeel(&nas).await.is(FAILED, "access point `gate` exists already");
    city.sabeel(&["plan", "remove", "visitor"]).await.is(FAILED, "plan `visitor` is");
    city.sabeel(&["site", "remove", "walkway"]).await.is(FAILED, "site `walkway` still has");
    for (kind, name, thing) in
        [("nas", "gate", "access point"), ("site", "walkway", "site"), ("plan", "visitor", "plan")]
    {
        assert_eq!(city.json(&[kind, "remove", name]).await, json!({ "removed": name }));
        let missing = format!("there is no {thing} `{name}`");
        city.sabeel(&[kind, "remove", name]).await.is(FAILED, &missing);
        city.sabeel(&[kind, "show", name]).await.is(FAILED, &missing);
        assert_eq!(city.json(&[kind, "list"]).await, json!([]));
    }
}

#[tokio::test]
async fn a_visitors_session_is_seen_and_cut() {
    let (city, mut messages) = park().await;
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&Browser::new(city.portal()), &coova, &mut messages).await;
    coova.log_on(&logon).await;
    coova.report(AcctStatusType::InterimUpdate, 60, 5_000_000).await;
    city.settled().await;

    let list = city.json(&["session", "list"]).await;
    let session = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(keys(session), SESSION_KEYS);
    assert_eq!((&session["seconds"], &session["downloaded"]), (&json!(60), &json!(5_000_000)));
    assert_eq!(
        (&session["device"], &session["state"]),
        (&json!("02:00:5e:10:00:01"), &json!("open"))
    );
    let id = session["id"].as_str().unwrap();
    let mut shown = city.json(&["session", "show", id]).await;
    let more = ["identification", "order", "speed"]
        .map(|key| shown.as_object_mut().unwrap().remove(key).unwrap());
    assert_eq!(more[0]["calling_station_id"], "02-00-5E-10-00-01");
    assert_eq!((&more[1], &more[2]), (&json!(null), &json!("full")));
    assert_eq!(shown, *session);
    let table = city.sabeel(&["session", "list", "--nas", "kiosk"]).await.out;
    assert!(
        table.contains("LAST REPORT") && table.contains("5 MB") && table.contains("1 min"),
        "{table}"
    );

    let cut = city.json(&["session", "disconnect", id]).await;
    assert_eq!(cut, json!({ "session": id, "order": "written", "grant": "keep" }));
    is_disconnected(&coova.nas.obey().await);
    coova.report(AcctStatusType::Stop, 61, 5_000_000).await;
    let over = async || {
        let shown = city.json(&["session", "show", id]).await;
        (shown["state"]["stopped"]["end"] == json!({ "reported": 0 })).then_some(())
    };
    eventually("end of the session", over).await;
    assert_eq!(city.json(&["session", "list"]).await, json!([]));
    assert_eq!(city.json(&["session", "list", "--all"]).await.as_array().unwrap().len(), 1);
    city.sabeel(&["session", "disconnect", id]).await.is(FAILED, "the session is over already");
    let nobody = "0".repeat(32);
    city.sabeel(&["session", "show", &nobody]).await.is(FAILED, "there is no session");
    let none = city.sabeel(&["session", "list", "--limit", "0"]).await;
    none.is(WRONG_USAGE, "is not in 1..=10000");
}

#[tokio::test]
async fn a_person_is_shown_and_forgotten() {
    const PHONE: &str = "+966551234567";
    let (city, mut messages) = park().await;
    let mut coova = Coova::install(&city).await;
    city.sabeel(&["account", "show", PHONE]).await.is(FAILED, "nothing is kept about that number");
    let logon = sign_in(&Browser::new(city.portal()), &coova, &mut messages).await;
    coova.log_on(&logon).await;
    city.settled().await;

    let account = city.json(&["account", "show", PHONE]).await;
    assert_eq!(keys(&account), ACCOUNT_KEYS);
    assert_eq!(account["phone"], PHONE);
    assert_eq!(account["devices"][0]["mac"], "02:00:5e:10:00:01");
    assert_eq!(account["grants"][0]["state"], "live");
    assert_eq!(account["consents"][0]["site"], "walkway");
    assert_eq!(account["sessions"][0]["state"], "open");
    // A table shows no whole number, and the local spelling means the same person.
    let wording = account["consents"][0]["wording"].as_str().unwrap();
    let words = city.sabeel(&["consent", "words", wording]).await.out;
    assert!(words.starts_with("I accept the terms of use"), "{words}");
    assert!(words.contains("Terms of use and privacy notice"), "{words}");
    let exported = city.sabeel(&["consent", "export", "--purpose", "service"]).await.out;
    let exported: Value = serde_json::from_str(exported.trim()).unwrap();
    assert_eq!(exported, account["consents"][0]);
    assert_eq!(city.sabeel(&["consent", "export", "--purpose", "awareness"]).await.out, "");
    let withdraw = ["consent", "withdraw", PHONE, "--purpose", "awareness"];
    assert!(city.sabeel(&withdraw).await.out.starts_with("there was no such consent"));
    let table = city.sabeel(&["account", "show", "0551234567"]).await.out;
    assert!(table.contains("on plan visitor, until"), "{table}");
    assert!(!table.contains("551234567"), "{table}");

    city.sabeel(&["account", "erase", PHONE]).await.is(FAILED, "say --yes");
    city.sabeel(&["account", "hold", PHONE, "--why", "request 12/2026"]).await.is(DONE, "");
    let erase = city.sabeel(&["account", "erase", PHONE, "--yes"]).await;
    erase.is(FAILED, "under a legal hold");
    city.sabeel(&["account", "release", PHONE]).await.is(DONE, "");
    let erased = city.json(&["account", "erase", PHONE, "--yes"]).await;
    assert_eq!(erased, json!({ "account": account["id"], "disconnecting": 1 }));
    is_disconnected(&coova.nas.obey().await);
    city.sabeel(&["account", "show", PHONE]).await.is(FAILED, "nothing is kept about that number");
    coova.is_turned_away().await;
    let sessions = city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions[0]["device"], "02:00:00:00:00:00", "{sessions}");
}

#[tokio::test]
async fn a_grant_that_is_revoked_lets_nobody_in() {
    let (city, mut messages) = park().await;
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&Browser::new(city.portal()), &coova, &mut messages).await;
    coova.log_on(&logon).await;
    city.settled().await;
    let list = city.json(&["session", "list"]).await;
    let id = list[0]["id"].as_str().unwrap();
    let cut = city.json(&["session", "disconnect", id, "--revoke"]).await;
    assert_eq!(cut, json!({ "session": id, "order": "written", "grant": "revoke" }));
    is_disconnected(&coova.nas.obey().await);
    coova.is_turned_away().await;
}

#[tokio::test]
async fn doctor_tells_a_city_that_is_well_from_one_that_is_not() {
    let mut city = City::begin(&[]).await;
    let findings = city.json(&["doctor"]).await;
    for finding in findings.as_array().unwrap() {
        assert_eq!(keys(finding), ["detail", "good", "state", "what"]);
        assert_eq!(finding["good"], true, "{finding}");
    }
    city.stop().await;
    let said = city.sabeel(&["--json", "doctor"]).await;
    said.is(FAILED, "1 of 5 are not good");
    let findings: Value = serde_json::from_str(&said.out).unwrap();
    let bad = |finding: &&Value| finding["good"] == false;
    let bad: Vec<_> = findings.as_array().unwrap().iter().filter(bad).collect();
    assert_eq!(bad[0]["what"], "server", "{bad:?}");
    let said = city.sabeel(&["doctor"]).await;
    assert!(said.code == FAILED && said.out.contains("BAD"), "{said:?}");
    city.start().await;
    assert_eq!(city.sabeel(&["doctor"]).await.code, DONE);
}

const SESSION_KEYS: [&str; 12] = [
    "acct_session_id",
    "address",
    "device",
    "downloaded",
    "grant",
    "id",
    "nas",
    "seconds",
    "started_at",
    "state",
    "updated_at",
    "uploaded",
];

const ACCOUNT_KEYS: [&str; 9] = [
    "consents",
    "created_at",
    "devices",
    "grants",
    "holds",
    "id",
    "phone",
    "sessions",
    "verified_at",
];

/// The names in an object, in the order of the alphabet.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn is_disconnected(order: &[u8]) {
    let order = Packet::parse(order).unwrap();
    assert_eq!(order.code(), Code::DisconnectRequest);
    assert_eq!(order.text(attribute::CALLING_STATION_ID), Some("02-00-5E-10-00-01"));
}

#[tokio::test]
async fn the_audit_log_proves_itself_also_away_from_the_server() {
    let mut city = City::begin(&[]).await;
    for name in ["visitor", "guest", "staff"] {
        city.sabeel(&["plan", "add", name]).await.is(DONE, "");
    }
    let listed = city.json(&["audit", "list", "--about", "plan:guest"]).await;
    assert_eq!((&listed[0]["number"], &listed[0]["act"]), (&json!(2), &json!("plan-added")));
    assert!(listed[0]["actor"].as_str().unwrap().starts_with("uid "), "{listed}");
    city.sabeel(&["audit", "list", "--about", "guest"]).await.is(FAILED, "no subject");

    let verified = city.json(&["audit", "verify"]).await;
    assert_eq!(verified["links"], 3, "{verified}");
    let head = verified["head"].as_str().unwrap();
    eventually("head in the log", async || city.log().contains(head).then_some(())).await;
    city.sabeel(&["plan", "remove", "staff"]).await.is(DONE, "");
    city.sabeel(&["audit", "verify", "--head", head]).await.is(DONE, "");
    city.sabeel(&["audit", "verify", "--head", "3"]).await.is(WRONG_USAGE, "NUMBER:HASH");
    let exported = city.sabeel(&["audit", "export"]).await.out;
    let newer = city.sabeel(&["audit", "export", "--after", "3"]).await.out;
    assert!(exported.ends_with(&newer) && newer.lines().count() == 1, "{exported}");
    city.stop().await;

    let file = city.dir().join("audit.jsonl");
    let verify = ["audit", "verify", file.to_str().unwrap(), "--head", head];
    std::fs::write(&file, &exported).unwrap();
    city.sabeel(&verify).await.is(DONE, "");
    for (changed, words) in [
        (exported.replacen("plan:guest", "plan:other", 1), "link 2 was changed"),
        (exported.lines().skip(1).map(|line| format!("{line}\n")).collect(), "link 1 is missing"),
        (exported.lines().take(2).map(|line| format!("{line}\n")).collect(), "link 3 is missing"),
        (exported.replace("}\n", "\n"), "line 1 is no link"),
    ] {
        std::fs::write(&file, changed).unwrap();
        city.sabeel(&verify).await.is(FAILED, words);
    }
}

#[tokio::test]
async fn vouchers_are_printed_once_and_revoked_with_a_reason() {
    let (mut city, _messages) = park().await;
    let fair = ["voucher", "add", "fair", "--site", "walkway", "--count", "3", "--lasts", "4h"];
    let until = ["--devices", "2", "--until", "2099-12-31", "--reason", "the fair"];
    let far = city.sabeel(&[&fair[..], &until].concat()).await;
    far.is(FAILED, "more than three years ahead");
    city.sabeel(&fair).await.is(WRONG_USAGE, "--until");
    let soon = crate::visitor::now() + std::time::Duration::from_secs(86_400);
    let soon = soon.to_string();
    let until = ["--devices", "2", "--until", &soon, "--reason", "the fair"];
    let said = city.sabeel(&[&fair[..], &until].concat()).await;
    said.is(DONE, "note: the codes are kept nowhere");
    let codes: Vec<_> =
        said.out.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!((codes.len(), codes[0].len()), (3, 11), "{said:?}");
    city.sabeel(&[&fair[..], &until].concat()).await.is(FAILED, "exists already");

    let sheet = city.dir().join("fair.html");
    let path = sheet.to_str().unwrap();
    let on_paper =
        |name| [&["voucher", "add", name][..], &fair[3..], &until, &["--sheet", path]].concat();
    city.sabeel(&on_paper("fair")).await.is(FAILED, "exists already");
    assert!(!sheet.exists(), "nothing is left of what was refused");
    let said = city.sabeel(&on_paper("paper")).await;
    said.is(DONE, "");
    assert!(said.out.contains("3 voucher(s) are in"), "{said:?}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&sheet).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let html = std::fs::read_to_string(&sheet).unwrap();
    assert_eq!((html.matches("<article>").count(), html.matches("paper/2").count()), (3, 1));
    assert!(html.contains("ممشى الأحساء") && html.contains("Al-Ahsa Walkway"));
    let code = html.split("<p class=\"code\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(!said.out.contains(code) && code.len() == 11, "{said:?}");
    city.sabeel(&on_paper("third")).await.is(FAILED, "cannot make");
    assert_eq!(city.json(&["voucher", "list"]).await.as_array().unwrap().len(), 2);
    assert_eq!(std::fs::read_to_string(&sheet).unwrap(), html);

    let shown = city.sabeel(&["voucher", "show", "fair/2"]).await;
    shown.is(DONE, "");
    assert!(shown.out.contains("the fair") && shown.out.contains("0 of 2"), "{shown:?}");
    assert!(!shown.out.contains("fair/1 ") && !shown.out.contains(codes[1]), "{shown:?}");
    city.sabeel(&["voucher", "show", "fair/9"]).await.is(FAILED, "there is no voucher `fair/9`");
    let lost = ["--reason", "lost at the gate"];
    city.sabeel(&["voucher", "revoke", "fair/2"]).await.is(WRONG_USAGE, "--reason");
    let revoked = city.json(&[&["voucher", "revoke", "fair/2"], &lost[..]].concat()).await;
    assert_eq!(revoked, json!({"revoked": "fair/2", "ended": 0}));
    city.json(&[&["voucher", "revoke", "fair"], &lost[..]].concat()).await;
    let again = city.sabeel(&[&["voucher", "revoke", "fair"], &lost[..]].concat()).await;
    again.is(FAILED, "fair is revoked already");
    let listed = city.json(&["voucher", "list"]).await;
    assert_eq!(listed[1]["revoked_vouchers"], 1, "{listed}");
    let audit = city.sabeel(&["audit", "list", "--about", "voucher:fair/2"]).await;
    assert!(audit.out.contains("lost at the gate"), "{audit:?}");
    city.sabeel(&["account", "show", "fair/1"]).await.is(FAILED, "number or voucher");
    for told in [city.log(), audit.out] {
        assert!(codes.iter().all(|code| !told.contains(code)), "{told}");
    }
    city.stop().await;
}
