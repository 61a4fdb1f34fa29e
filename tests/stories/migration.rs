//! A city that moves from FreeRADIUS: its files go in, and nobody types anything anew.

use radius_proto::dictionary::enumeration::AcctStatusType;
use serde_json::{Value, json};

use crate::access_point::{AccessPoint, Report};
use crate::city::{City, Said};

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
