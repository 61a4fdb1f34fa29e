//! What captive detection of telephones and laptops sees when it reaches the portal.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::read_answer;
use crate::town::{MAC, Town};

const PROBES: [(&str, &str, u16, &str); 9] = [
    ("connectivitycheck.gstatic.com", "/generate_204", 204, ""),
    ("www.google.com", "/generate_204", 204, ""),
    ("connect.rom.miui.com", "/generate_204", 204, ""),
    ("captive.apple.com", "/hotspot-detect.html", 200, "<BODY>Success</BODY>"),
    ("www.msftconnecttest.com", "/connecttest.txt", 200, "Microsoft Connect Test"),
    ("detectportal.firefox.com", "/success.txt", 200, "success"),
    ("nmcheck.gnome.org", "/check_network_status.txt", 200, "NetworkManager is online"),
    ("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", 200, "81ce4465-7167-4dcb"),
    ("captive.roku.com", "/ok", 200, "ok"),
];

#[tokio::test]
async fn a_captive_device_is_redirected_and_one_online_gets_the_open_answer() {
    let town = Town::open().await;
    let browser = town.browser();
    for (host, path, _, _) in PROBES {
        for method in ["GET", "HEAD", "POST"] {
            let answer = browser.ask(method, host, path, "").await;
            assert_eq!(answer.status, 302, "{method} {host}{path}");
            assert_eq!(answer.location(), "http://enter.example/");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.body.is_empty(), method == "HEAD");
        }
    }
    town.go_online(&browser, MAC, "127.0.0.1").await;
    town.wait(2);
    for (host, path, status, body) in PROBES {
        let answer = browser.ask("GET", host, path, "").await;
        assert_eq!(answer.status, status, "{host}{path}");
        assert!(answer.body.contains(body), "{host}{path}");
        let answer = browser.ask("HEAD", host, path, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{host}{path}");
    }
    let answer = browser.ask("GET", "nmcheck.gnome.org", "/check_network_status.txt", "").await;
    assert_eq!(answer.header("x-networkmanager-status"), "online");
}

#[tokio::test]
async fn a_connection_that_stays_open_is_told_when_its_device_comes_online() {
    const PROBE: &str = "GET /generate_204 HTTP/1.1\r\nHost: www.google.com\r\n";
    let town = Town::open().await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    for _ in 0..3 {
        stream.write_all(format!("{PROBE}\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"Go on to the login page.\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 302 Found\r\n"));
    }
    town.go_online(&town.browser(), MAC, "127.0.0.1").await;
    town.wait(2);
    let last = format!("{PROBE}Connection: close\r\n\r\n");
    stream.write_all(format!("{PROBE}\r\n{last}").as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.status, 204);
    assert!(answer.body.starts_with("HTTP/1.1 204 No Content\r\n"), "{}", answer.body);
}

#[tokio::test]
async fn any_other_host_is_redirected_too_and_never_in_a_circle() {
    let town = Town::open().await;
    let browser = town.browser();
    for (host, path) in
        [("example.com", "/a?b=c"), ("www.msftconnecttest.com", "/redirect"), ("x.example:81", "/")]
    {
        assert_eq!(browser.ask("GET", host, path, "").await.location(), "http://enter.example/");
    }
    // The entry host is the gateway's to catch; if it reaches us, no gateway is there.
    let answer = browser.ask("GET", "enter.example", "/", "").await;
    assert_eq!(answer.status, 200);
    let answer = browser.ask("GET", "10.0.0.1", "/generate_204", "").await;
    assert_eq!(answer.location(), "http://enter.example/");
    town.go_online(&browser, MAC, "127.0.0.1").await;
    town.wait(2);
    assert_eq!(browser.ask("GET", "example.com", "/", "").await.location(), "/status");
}

#[tokio::test]
async fn an_address_that_two_access_points_report_belongs_to_nobody() {
    let town = Town::open().await;
    let browser = town.browser();
    town.go_online(&browser, MAC, "127.0.0.1").await;
    let used = crate::town::used(0, 0);
    let other = "02:00:5e:10:00:09";
    town.report("mall", other, "127.0.0.1", crate::town::Event::Started, used).await;
    town.wait(2);
    let answer = browser.ask("GET", "connectivitycheck.gstatic.com", "/generate_204", "").await;
    assert_eq!(answer.status, 302);
}
