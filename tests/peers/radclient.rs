//! FreeRADIUS's client as an access point: every kind of packet that it can send.

use std::net::SocketAddr;
use std::process::Stdio;

use domain::MacAddress;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::city::{City, PATIENCE, eventually};
use crate::program::command;
use crate::stays::{PASSWORD, add_credential, stay};
use crate::visitor::{add_access_point, found_a_walkway, sign_in};

pub const DEVICE: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);
/// How the device names and proves itself.
pub const BY_ADDRESS: &str = "User-Name = \"02005e10ab0c\"\nUser-Password = \"02005e10ab0c\"\n\
    Calling-Station-Id = \"02-00-5E-10-AB-0C\"\n";
/// Makes radclient sign what follows.
pub const SIGNED: &str = "Message-Authenticator = 0x00\n";
pub const STATUS: [&str; 2] = ["status", SIGNED];

/// How often radclient sends a packet, and how long it waits each time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub times: u8,
    pub seconds: u8,
}

pub const ONCE: Patience = Patience { times: 1, seconds: 1 };
pub const AGAIN_AND_AGAIN: Patience = Patience { times: 20, seconds: 1 };

/// What `radclient` prints when it sends one packet with these attributes.
pub async fn radclient(
    to: SocketAddr,
    kind: &str,
    secret: &str,
    attributes: &str,
    patience: Patience,
) -> String {
    let to = to.to_string();
    let (times, seconds) = (patience.times.to_string(), patience.seconds.to_string());
    let words = ["radclient", "-x", "-r", &times, "-t", &seconds, &to, kind, secret];
    let mut child = command(&words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("radclient must be installed; run `scripts/install test`");
    child.stdin.take().unwrap().write_all(attributes.as_bytes()).await.unwrap();
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// An accounting report about the device.
pub fn report(status: &str, more: &str) -> String {
    format!(
        "Acct-Status-Type = {status}\nAcct-Session-Id = \"5C1\"\nUser-Name = \"02005e10ab0c\"\n\
         Calling-Station-Id = \"02-00-5E-10-AB-0C\"\nFramed-IP-Address = 10.0.0.5\n{more}\n"
    )
}

/// The value of an attribute that radclient has printed.
pub fn printed(output: &str, attribute: &str) -> String {
    let (_, rest) = output.rsplit_once(&format!("{attribute} = ")).expect(output);
    rest.lines().next().unwrap().to_owned()
}

/// A city whose access point is radclient, and its secret.
async fn city() -> (City, String) {
    let city = City::begin(&[]).await;
    found_a_walkway(&city).await;
    let secret = add_access_point(&city, "radclient", &["--address", "127.0.0.1"]).await;
    (city, secret)
}

#[tokio::test]
async fn radclient_is_answered_whatever_way_it_logs_in() {
    let (mut city, secret) = city().await;
    let grant = sign_in(&city, DEVICE).await;
    let (by_pap, by_chap) = (
        add_credential(&city, &grant, "radclient", 1).await,
        add_credential(&city, &grant, "radclient", 2).await,
    );
    let login = |name: &str, password: &str| {
        format!(
            "User-Name = \"{name}\"\n{password}\nCalling-Station-Id = \"02-00-5E-10-AB-0C\"\n{SIGNED}"
        )
    };
    let pap = |password: &str| format!("User-Password = \"{password}\"");
    let chap = |password: &str| format!("CHAP-Password = \"{password}\"");
    for (attributes, answer) in [
        (login(&by_pap, &pap("wrong")), "Access-Reject"),
        (login(&by_pap, &pap(PASSWORD)), "Access-Accept"),
        (login(&by_pap, &pap(PASSWORD)), "Access-Reject"),
        (login(&by_chap, &chap("wrong")), "Access-Reject"),
        (login(&by_chap, &chap(PASSWORD)), "Access-Accept"),
        (format!("{BY_ADDRESS}{SIGNED}"), "Access-Accept"),
        (login("02-00-5e-10-ab-0c", "Service-Type = Call-Check"), "Access-Accept"),
        (login("02-00-5e-10-ab-0c", &chap("02-00-5e-10-ab-0c")), "Access-Accept"),
    ] {
        let said = radclient(city.authentication(), "auth", &secret, &attributes, ONCE).await;
        assert!(said.contains(&format!("Received {answer}")), "{attributes}\n{said}");
        assert!(said.contains("\tMessage-Authenticator = 0x"), "{said}");
    }
    city.stop().await;
}

#[tokio::test]
async fn radclient_is_acknowledged_whatever_it_reports() {
    let (mut city, secret) = city().await;
    let grant = sign_in(&city, DEVICE).await;
    let class = format!("Class = 0x01{}0000000000000001", grant.id);
    let counters = format!(
        "Acct-Session-Time = 60\nAcct-Input-Octets = 1000\nAcct-Output-Octets = 5\n\
         Acct-Output-Gigawords = 1\n{class}"
    );
    for attributes in [
        "Acct-Status-Type = Accounting-On\n".to_owned(),
        report("Start", &class),
        report("Interim-Update", &counters),
        report("Stop", &format!("{counters}\nAcct-Terminate-Cause = User-Request")),
        report("Start", "").replace("5C1", "5C2"),
        "Acct-Status-Type = Accounting-Off\n".to_owned(),
    ] {
        let said = radclient(city.accounting(), "acct", &secret, &attributes, ONCE).await;
        assert!(said.contains("Received Accounting-Response"), "{attributes}\n{said}");
    }
    let [kind, attributes] = STATUS;
    for (server, answer) in
        [(city.authentication(), "Access-Accept"), (city.accounting(), "Accounting-Response")]
    {
        let said = radclient(server, kind, &secret, attributes, ONCE).await;
        assert!(said.contains(&format!("Received {answer}")), "{said}");
    }
    let told = stay(&city, "stay that was told to its end", |stay| {
        stay["acct_session_id"] == "5C1" && stay["state"] != "open"
    })
    .await;
    assert_eq!(told["grant"], grant.id.to_string());
    assert_eq!((told["uploaded"].as_u64(), told["seconds"].as_u64()), (Some(1_000), Some(60)));
    assert_eq!(told["downloaded"].as_u64(), Some((1 << 32) + 5));
    stay(&city, "stay that ended with its access point", |stay| {
        stay["acct_session_id"] == "5C2" && stay["state"] != "open"
    })
    .await;
    city.stop().await;
}

#[tokio::test]
async fn radclient_hears_nothing_unless_it_proves_itself() {
    let (mut city, secret) = city().await;
    sign_in(&city, DEVICE).await;
    let signed = format!("{BY_ADDRESS}{SIGNED}");
    let start = report("Start", "");
    let [status, status_attributes] = STATUS;
    let (right, wrong) = (secret.as_str(), "another secret");
    let (asking, telling) = (city.authentication(), city.accounting());
    // Once it has signed, it must.
    let said = radclient(asking, "auth", right, &signed, ONCE).await;
    assert!(said.contains("Received Access-Accept"), "{said}");
    for (server, kind, secret, attributes, reason) in [
        (asking, "auth", wrong, signed.as_str(), "message-authenticator-mismatch"),
        (asking, "auth", right, BY_ADDRESS, "message-authenticator-missing"),
        (telling, "acct", wrong, start.as_str(), "authenticator-mismatch"),
        (asking, status, wrong, status_attributes, "message-authenticator-mismatch"),
        (telling, status, wrong, status_attributes, "message-authenticator-mismatch"),
        (telling, "auth", right, signed.as_str(), "unexpected-code"),
        (asking, "acct", right, start.as_str(), "unexpected-code"),
        (telling, "coa", right, "User-Name = \"x\"\n", "unexpected-code"),
    ] {
        let said = radclient(server, kind, secret, attributes, ONCE).await;
        assert!(said.contains("No reply from server"), "{said}");
        eventually("line in the log", async || {
            city.log().contains(&format!("reason=\"{reason}\"")).then_some(())
        })
        .await;
    }
    city.stop().await;
}

/// What a relay between radclient and the server has seen of one exchange.
struct Relayed {
    requests: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

/// Carries packets between a client and a server, loses the first `lost` answers, and ends with
/// the first that it hands over.
async fn relay(front: UdpSocket, server: SocketAddr, lost: usize) -> Relayed {
    let back = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut relayed = Relayed { requests: Vec::new(), answers: Vec::new() };
    let mut octets = [0; 4_096];
    loop {
        let (length, client) = front.recv_from(&mut octets).await.unwrap();
        relayed.requests.push(octets[..length].to_vec());
        back.send_to(&octets[..length], server).await.unwrap();
        let length = back.recv(&mut octets).await.unwrap();
        relayed.answers.push(octets[..length].to_vec());
        if relayed.answers.len() > lost {
            front.send_to(&octets[..length], client).await.unwrap();
            return relayed;
        }
    }
}

#[tokio::test]
async fn what_radclient_sends_again_is_answered_by_the_same_octets() {
    let (mut city, secret) = city().await;
    sign_in(&city, DEVICE).await;
    for (server, kind, attributes, answer) in [
        (city.authentication(), "auth", format!("{BY_ADDRESS}{SIGNED}"), "Access-Accept"),
        (city.accounting(), "acct", report("Start", ""), "Accounting-Response"),
        (city.accounting(), STATUS[0], STATUS[1].to_owned(), "Accounting-Response"),
    ] {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = front.local_addr().unwrap();
        let relaying = tokio::spawn(relay(front, server, 2));
        let said = radclient(address, kind, &secret, &attributes, AGAIN_AND_AGAIN).await;
        assert!(said.contains(&format!("Received {answer}")), "{said}");
        let Relayed { requests, answers } = timeout(PATIENCE, relaying).await.unwrap().unwrap();
        assert_eq!((requests.len(), answers.len()), (3, 3));
        assert!(requests.iter().all(|request| *request == requests[0]), "radclient repeats itself");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    // The report was taken once.
    city.settled().await;
    let sessions = city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    city.stop().await;
}
