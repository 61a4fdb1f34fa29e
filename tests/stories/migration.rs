//! A city that moves from FreeRADIUS: its files go in, and nobody types anything anew.

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, attribute};
use serde_json::{Value, json};

use crate::access_point::{AccessPoint, Report};
use crate::browser::Browser;
use crate::city::{City, Said};
use crate::mariadb::MariaDb;
use crate::visit::{self, Coova, park};

/// A city with a plan and a site.
async fn walkway() -> City {
    let city = City::begin(&[]).await;
    for words in [
        &["plan", "add", "visitor", "--down", "10Mbit/s", "--up", "5Mbit/s"][..],
        &["plan", "add", "staff", "--down", "20Mbit/s", "--up", "20Mbit/s"],
        &[
            "site",
            "add",
            "walkway",
            "--plan",
            "visitor",
            "--title-ar",
            "الممشى",
            "--title-en",
            "Walkway",
        ],
    ] {
        city.json(words).await;
    }
    city
}

fn write(city: &City, name: &str, text: &str) -> String {
    let path = city.dir().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// The outcomes of an import by name; whatever its exit code.
fn outcomes(said: &Said) -> Vec<(String, String)> {
    let rows: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(row, "name"), text(row, "fate"))).collect()
}

fn all(fates: &[(&str, &str)]) -> Vec<(String, String)> {
    fates.iter().map(|(name, fate)| ((*name).to_owned(), (*fate).to_owned())).collect()
}

#[tokio::test]
async fn clients_of_freeradius_are_access_points_and_are_answered() {
    let city = walkway().await;
    let own = city.address();
    let file = write(
        &city,
        "raddb/clients.conf",
        &format!(
            "client localhost {{\n\tipaddr = 127.0.0.1\n\tsecret = testing123\n}}\n\
             client Kiosk_1 {{\n\tipaddr = {own}\n\tsecret = \"the kiosk's own secret\"\n\
             \tnas_type = coova\n}}\n$INCLUDE clients.d/\n"
        ),
    );
    write(&city, "raddb/clients.d/park", "client park {\n ipaddr = 10.3.0.0/16\n secret = parks }");
    let import = ["--json", "import", "clients", &file, "--site", "walkway"];
    let apply = [&import[..], &["--apply"]].concat();

    let would =
        [("localhost", "not-taken"), ("kiosk-1", "would-be-added"), ("park", "would-be-added")];
    let added = [("localhost", "not-taken"), ("kiosk-1", "added"), ("park", "added")];
    let there =
        [("localhost", "not-taken"), ("kiosk-1", "there-already"), ("park", "there-already")];
    for (words, fates) in
        [(&import[..], would), (&import, would), (&apply, added), (&apply, there), (&import, there)]
    {
        let said = city.sabeel(words).await;
        assert_eq!((said.code, outcomes(&said)), (0, all(&fates)), "{said:?}");
    }
    let shown = city.json(&["nas", "show", "kiosk-1"]).await;
    assert_eq!((&shown["profile"], &shown["site"]), (&json!("coova"), &json!("walkway")));
    assert_eq!(city.json(&["nas", "range", "list"]).await[0]["addresses"], "10.3.0.0/16");

    let table = city.sabeel(&["import", "clients", &file, "--site", "walkway"]).await.out;
    assert!(table.contains("clients.conf:1 ") && table.contains("clients.d/park:1 "), "{table}");
    assert!(table.contains("0 would be added, 2 there already, 0 in conflict, 1 not taken"));
    assert!(!table.contains("own secret") && !table.contains("parks"), "{table}");

    // With its secret as it is, the kiosk is understood at once.
    let mut kiosk = AccessPoint::known(&city, "the kiosk's own secret").await;
    let stay = Report { session: "5C1", device: "02-00-5E-10-00-01", ..Report::default() };
    kiosk.report(AcctStatusType::Start, &stay).await;
    city.settled().await;
    assert_eq!(city.json(&["session", "list"]).await[0]["nas"], "kiosk-1");

    // Another secret for the same address is a conflict, and changes nothing.
    let changed = std::fs::read_to_string(&file).unwrap().replace("kiosk's own", "kiosk's new");
    std::fs::write(&file, changed).unwrap();
    let said = city.sabeel(&apply).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("1 in conflict with what is there"), "{said:?}");
    assert!(said.out.contains("has these addresses, with another secret"), "{said:?}");
    let later = Report { seconds: 60, downloaded: 1_000, ..stay };
    kiosk.report(AcctStatusType::InterimUpdate, &later).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_where() {
    let city = City::plan(&[]);
    let file = write(&city, "clients.conf", "client a {\n secret = \"b\n}\n");
    for (file, words) in [
        (file.as_str(), "clients.conf:2: a quote is never closed"),
        ("/nonexistent/clients.conf", "cannot read /nonexistent/clients.conf"),
    ] {
        let said = city.sabeel(&["import", "clients", file, "--site", "walkway"]).await;
        assert_eq!(said.code, 1);
        assert!(said.err.contains(words), "{said:?}");
    }
    let said = city.sabeel(&["import", "clients", &file]).await;
    assert_eq!(said.code, 2, "{said:?}");
}

/// What an admin has: a dump of daloRADIUS as mysqldump writes it.
const DUMP: &str = include_str!("migration/daloradius.sql");
const PHONE: &str = "+966551234567";
const DEVICE: &str = "02:00:5e:10:00:01";

/// The dump with its access point at the city's own address, and dates of today.
fn daloradius(city: &City) -> String {
    let text = DUMP.replace("192.0.2.1", &city.address().to_string());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let date = |before: u64| {
        let time = domain::Timestamp::from_secs(i64::try_from(now.as_secs() - before).unwrap());
        domain::Zone::riyadh().write(time)
    };
    let text = text.replace("@BEGIN", &date(1_200)).replace("@UPDATE", &date(300));
    write(city, "daloradius.sql", &text.replace("@END", &date(600)))
}

#[tokio::test]
async fn daloradius_moves_in_with_devices_history_and_what_was_used_today() {
    let city = walkway().await;
    let file = daloradius(&city);
    let import = ["--json", "import", "radcheck", &file, "--site", "walkway"];
    let apply = [&import[..], &["--apply"]].concat();
    let fates = |kiosk: &str, person: &str, stays: &str| {
        all(&[
            ("gate.example", "not-taken"),
            ("kiosk", kiosk),
            ("+966 •• ••• ••67", person),
            (DEVICE, person),
            ("02:00:5e:10:00:02", "not-taken"),
            ("bob", "not-taken"),
            ("radacct", stays),
            ("radacct", "not-taken"),
        ])
    };
    for (words, fates) in [
        (&import[..], fates("would-be-added", "would-be-added", "would-be-added")),
        (&apply, fates("added", "added", "added")),
        (&apply, fates("there-already", "there-already", "there-already")),
        (&import, fates("there-already", "there-already", "there-already")),
    ] {
        let said = city.sabeel(words).await;
        let mut fates = fates;
        let mut found = outcomes(&said);
        for rows in [&mut fates, &mut found] {
            rows.iter_mut().filter(|(name, _)| name.contains("966")).for_each(|(name, _)| {
                name.clear();
            });
            rows.sort();
        }
        assert_eq!((said.code, found), (0, fates), "{said:?}");
        for secret in ["kiosk's own", "hello", "551234567"] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said:?}");
        }
    }
    let account = city.json(&["account", "show", PHONE]).await;
    assert_eq!(account["devices"][0]["mac"], DEVICE);
    assert_eq!(account["grants"][0]["plan"], "staff");
    let sessions = account["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{account}");

    // The stay that went on at the cutover goes on here, and is counted once.
    let open = sessions.iter().find(|session| session["state"] == "open").unwrap();
    let mut kiosk = AccessPoint::known(&city, "the kiosk's own secret").await;
    let stay = Report {
        session: "65640000000002",
        device: "02-00-5E-10-00-01",
        seconds: 1_200,
        uploaded: 3_000,
        downloaded: 30_000,
        ..Report::default()
    };
    kiosk.report(AcctStatusType::InterimUpdate, &stay).await;
    city.settled().await;
    let shown = city.json(&["session", "show", open["id"].as_str().unwrap()]).await;
    assert_eq!((&shown["seconds"], &shown["downloaded"]), (&json!(1_200), &json!(30_000)));
    assert_eq!(city.json(&["session", "list", "--all"]).await.as_array().unwrap().len(), 2);

    // The known device is let in without a code, as long as its plan has something left.
    let secret = kiosk.secret.clone();
    let answer = kiosk
        .ask(|request| {
            request
                .text(attribute::USER_NAME, "02005E100001")
                .user_password(b"02005E100001", &secret)
                .text(attribute::CALLING_STATION_ID, "02-00-5E-10-00-01");
        })
        .await;
    assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccessAccept);
}

#[tokio::test]
async fn users_in_a_file_become_persons() {
    let city = walkway().await;
    let text = "DEFAULT Auth-Type := Local\n\
        0551234567 Cleartext-Password := \"hello\", Calling-Station-Id == \"02-00-5E-10-00-01\"\n\
        \tSession-Timeout = 3600\n\
        02-00-5E-10-00-09 Auth-Type := Accept\n";
    let file = write(&city, "authorize", text);
    let import = ["--json", "import", "users", &file, "--site", "walkway", "--apply"];
    let said = city.sabeel(&import).await;
    let fates: Vec<_> = outcomes(&said).into_iter().map(|(_, fate)| fate).collect();
    assert_eq!(fates, ["not-taken", "not-taken", "added"], "{said:?}");
    assert!(said.out.contains("no plan has its limits (session 3600 s)"), "{said:?}");
    assert!(!said.out.contains("hello") && !said.out.contains("551234567"), "{said:?}");
    let account = city.json(&["account", "show", PHONE]).await;
    assert_eq!(account["grants"][0]["device"], DEVICE);
}

/// No consent can come along, so there is none; whoever is asked for a code is asked for it too.
#[tokio::test]
async fn who_comes_from_another_server_consents_when_a_code_is_asked_for() {
    let text =
        format!("0551234567 Auth-Type := Accept, Calling-Station-Id == \"{}\"\n", visit::DEVICE);
    for (more, code, asked) in [
        // With permission to come back there is no page on which anything could be asked.
        (&[][..], Code::AccessAccept, 0),
        (&["--without-grants"][..], Code::AccessReject, 1),
    ] {
        let (city, mut messages) = park().await;
        let file = write(&city, "authorize", &text);
        let import = ["import", "users", &file, "--site", "walkway", "--apply"];
        city.json(&[&import[..], more].concat()).await;
        let mut coova = Coova::install(&city).await;
        let answer = coova.ask_by_address().await;
        assert_eq!(Packet::parse(&answer).unwrap().code(), code, "{more:?}");
        let consents = async || city.json(&["account", "show", PHONE]).await["consents"].clone();
        assert_eq!(consents().await, json!([]), "{more:?}");
        if asked > 0 {
            let browser = Browser::new(city.portal());
            let page = browser.visit(&coova.redirect("notyet")).await;
            let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]);
            let page = browser.visit(&sent.await.location()).await;
            let code = messages.next().await.code();
            browser.submit(&page, "code", &[("code", &code)]).await;
        }
        let consents = consents().await;
        assert_eq!(consents.as_array().unwrap().len(), asked, "{consents}");
    }
}

#[tokio::test]
async fn what_is_left_out_is_counted_by_its_reason() {
    let city = walkway().await;
    let file = daloradius(&city);
    let said = city.sabeel(&["import", "radcheck", &file, "--site", "walkway"]).await;
    for line in [
        "left out: 1 × a device belongs to a person here, and no mobile number is known for it\n",
        "left out: 1 × it is neither a mobile number nor a hardware address\n",
        "without consent: 1 come back",
    ] {
        assert!(said.out.contains(line), "no {line:?} in {}", said.out);
    }
}

/// FreeRADIUS' table as PostgreSQL has it, with the columns that are written.
const RADACCT: &str = "CREATE TABLE radacct (radacctid bigserial PRIMARY KEY, \
    acctsessionid text NOT NULL, acctuniqueid text NOT NULL UNIQUE, username text, realm text, \
    nasipaddress inet NOT NULL, nasportid text, nasporttype text, acctstarttime timestamptz, \
    acctupdatetime timestamptz, acctstoptime timestamptz, acctinterval bigint, \
    acctsessiontime bigint, acctauthentic text, acctinputoctets bigint, acctoutputoctets bigint, \
    calledstationid text, callingstationid text, acctterminatecause text, servicetype text, \
    framedprotocol text, framedipaddress inet, framedipv6address inet)";

#[tokio::test]
async fn sessions_leave_for_radacct_and_come_back() {
    let city = walkway().await;
    let file = daloradius(&city);
    city.json(&["import", "radcheck", &file, "--site", "walkway", "--apply"]).await;
    fn export<'w>(more: &[&'w str]) -> Vec<&'w str> {
        [&["session", "export"][..], more].concat()
    }

    // Into a real PostgreSQL, twice: what is there is skipped.
    let database = store::testing::postgres().await;
    let url = database.settings().url.clone();
    psql(&url, RADACCT);
    let inserts =
        city.sabeel(&export(&["--format", "postgres", "--zone", "Asia/Riyadh"])).await.out;
    psql(&url, &inserts);
    psql(&url, &inserts);
    let rows = psql(
        &url,
        "SELECT acctsessionid, nasipaddress, acctinputoctets, acctoutputoctets, \
         acctsessiontime, acctstoptime IS NULL, extract(epoch from acctupdatetime - acctstarttime), \
         acctterminatecause, callingstationid, framedipaddress FROM radacct ORDER BY acctsessionid",
    );
    let own = city.address();
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!(
        rows,
        [
            format!(
                "65640000000001|{own}|1000|10000|600|f|600.000000|Idle-Timeout|02-00-5E-10-00-01|10.2.0.7"
            ),
            format!("65640000000002|{own}|2000|20000|900|t|900.000000||02-00-5E-10-00-01|"),
        ]
    );

    // As CSV, and from PostgreSQL's own dump, into another city, where they are the same.
    let csv = city.sabeel(&export(&[])).await.out;
    let heading = csv.lines().next().unwrap().to_owned();
    let copied = psql(&url, &format!("COPY radacct ({heading}) TO stdout"));
    let copied = format!("COPY public.radacct ({heading}) FROM stdin;\n{copied}\\.\n");
    for (name, text) in [("radacct.csv", csv.clone()), ("radacct.sql", copied)] {
        let other = walkway().await;
        let address = own.to_string();
        let mut words = vec!["nas", "add", "kiosk", "--site", "walkway", "--address", &address];
        words.extend(["--message-authenticator", "optional"]);
        other.json(&words).await;
        let file = write(&other, name, &text);
        let import = ["--json", "import", "radcheck", &file, "--site", "walkway", "--apply"];
        let said = other.sabeel(&import).await;
        assert_eq!(outcomes(&said), all(&[("radacct", "added")]), "{said:?}");
        let again = other.sabeel(&import).await;
        assert_eq!(outcomes(&again), all(&[("radacct", "there-already")]), "{again:?}");
        let back = other.sabeel(&export(&[])).await.out;
        assert_eq!(without_ids(&back), without_ids(&csv));
    }
    // And into the city itself, where nothing is new.
    let file = write(&city, "own.csv", &csv);
    let said =
        city.sabeel(&["--json", "import", "radcheck", &file, "--site", "walkway", "--apply"]).await;
    assert_eq!(outcomes(&said), all(&[("radacct", "there-already")]), "{said:?}");

    // Only some of them.
    for (words, count) in [
        (["--site", "walkway"], 2),
        (["--since", "2999-01-01T00:00:00Z"], 0),
        (["--until", "2999-01-01T00:00:00Z"], 2),
    ] {
        assert_eq!(city.sabeel(&export(&words)).await.out.lines().count(), 1 + count, "{words:?}");
    }
    let said = city.sabeel(&export(&["--site", "nowhere"])).await;
    assert_eq!(said.code, 1, "{said:?}");
    let mysql = city.sabeel(&export(&["--format", "mysql"])).await.out;
    assert!(mysql.starts_with("INSERT IGNORE INTO radacct (acctsessionid, "), "{mysql}");
    assert!(!mysql.contains("+00:00") && mysql.contains(",NULL,"), "{mysql}");
}

/// FreeRADIUS' table as MySQL has it, with the columns that are written; none of the texts may be
/// NULL, and no date has an offset.
const RADACCT_OF_MYSQL: &str = "CREATE TABLE radacct (radacctid bigint NOT NULL AUTO_INCREMENT, \
    acctsessionid varchar(64) NOT NULL DEFAULT '', acctuniqueid varchar(32) NOT NULL DEFAULT '', \
    username varchar(64) NOT NULL DEFAULT '', realm varchar(64) DEFAULT '', \
    nasipaddress varchar(15) NOT NULL DEFAULT '', nasportid varchar(32) DEFAULT NULL, \
    acctstarttime datetime NULL DEFAULT NULL, acctupdatetime datetime NULL DEFAULT NULL, \
    acctstoptime datetime NULL DEFAULT NULL, acctsessiontime int unsigned DEFAULT NULL, \
    acctinputoctets bigint DEFAULT NULL, acctoutputoctets bigint DEFAULT NULL, \
    calledstationid varchar(50) NOT NULL DEFAULT '', \
    callingstationid varchar(50) NOT NULL DEFAULT '', \
    acctterminatecause varchar(32) NOT NULL DEFAULT '', servicetype varchar(32) DEFAULT NULL, \
    framedprotocol varchar(32) DEFAULT NULL, framedipaddress varchar(15) NOT NULL DEFAULT '', \
    framedipv6address varchar(45) NOT NULL DEFAULT '', PRIMARY KEY (radacctid), \
    UNIQUE KEY acctuniqueid (acctuniqueid)) ENGINE=InnoDB;";

/// The ways in which people dump: many rows in one statement, one in each, with the names of the
/// columns, with octets as hex digits, and as MySQL's own program did it of old.
const WAYS: [&[&str]; 5] = [
    &[],
    &["--skip-extended-insert"],
    &["--complete-insert", "--no-create-info"],
    &["--hex-blob", "--compact"],
    &["--skip-opt", "--quote-names", "--replace"],
];

#[tokio::test]
async fn sessions_leave_for_mariadb_and_come_back_from_its_dumps() {
    let city = walkway().await;
    let file = daloradius(&city);
    city.json(&["import", "radcheck", &file, "--site", "walkway", "--apply"]).await;
    // Whatever an access point says of a user is text, for a database too.
    let mut kiosk = AccessPoint::known(&city, "the kiosk's own secret").await;
    for (session, user_name) in [
        ("quotes", "O'Brien says \"hello\""),
        ("backslashes", "C:\\new\\table\\'); DROP TABLE radacct; --"),
        ("others", "محمد 😀 %_ \u{7f}\t|"),
    ] {
        let report = Report {
            session,
            device: "02-00-5E-10-00-01",
            user_name,
            uploaded: 4_000_000_000,
            ..Report::default()
        };
        kiosk.report(AcctStatusType::Start, &report).await;
    }
    city.settled().await;

    let database = MariaDb::start().await;
    database.run(RADACCT_OF_MYSQL);
    let zone = ["session", "export", "--format", "mysql", "--zone", "Asia/Riyadh"];
    let inserts = city.sabeel(&zone).await.out;
    database.run(&inserts);
    database.run(&inserts);
    assert_eq!(database.run("SELECT count(*) FROM radacct"), "5\n");
    let names = "SELECT hex(username) FROM radacct WHERE acctsessionid = 'backslashes'";
    let hex = data_encoding::HEXUPPER.encode(b"C:\\new\\table\\'); DROP TABLE radacct; --");
    assert_eq!(database.run(names).trim(), hex);

    let csv = city.sabeel(&["session", "export"]).await.out;
    for (number, options) in WAYS.iter().enumerate() {
        let other = walkway().await;
        let address = city.address().to_string();
        other.json(&["nas", "add", "kiosk", "--site", "walkway", "--address", &address]).await;
        let file = other.dir().join(format!("{number}.sql"));
        std::fs::write(&file, database.dump(options)).unwrap();
        let file = file.display().to_string();
        let import = ["--json", "import", "radcheck", &file, "--site", "walkway", "--apply"];
        let said = other.sabeel(&import).await;
        assert_eq!(outcomes(&said), all(&[("radacct", "added")]), "{options:?}: {said:?}");
        let back = other.sabeel(&["session", "export"]).await.out;
        assert_eq!(without_ids(&back), without_ids(&csv), "{options:?}");
    }
}

#[tokio::test]
async fn every_way_of_dumping_daloradius_gives_the_same_persons_and_access_points() {
    let city = walkway().await;
    let file = daloradius(&city);
    let database = MariaDb::start().await;
    database.run(&std::fs::read_to_string(&file).unwrap());
    let import = async |file: &str| {
        let said = city.sabeel(&["--json", "import", "radcheck", file, "--site", "walkway"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        outcomes(&said)
    };
    let expected = import(&file).await;
    for (number, options) in WAYS.iter().enumerate() {
        let file = city.dir().join(format!("{number}.sql"));
        std::fs::write(&file, database.dump(options)).unwrap();
        // The columns of a dump without definitions are those that it names.
        assert_eq!(import(&file.display().to_string()).await, expected, "{options:?}");
    }
}

/// Rows without what another city names anew: a stay that goes on has the id that its access
/// point's reports will have there.
fn without_ids(csv: &str) -> Vec<String> {
    let row = |line: &str| {
        let cells = line.split(',').enumerate();
        cells.filter(|(at, _)| *at != 1).map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    csv.lines().map(row).collect()
}

fn psql(url: &str, script: &str) -> String {
    use std::io::Write;
    let mut psql = std::process::Command::new("psql")
        .args(["-qAtX", "-v", "ON_ERROR_STOP=1", url])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("psql comes with PostgreSQL");
    psql.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = psql.wait_with_output().unwrap();
    assert!(output.status.success(), "psql failed");
    String::from_utf8(output.stdout).unwrap()
}
