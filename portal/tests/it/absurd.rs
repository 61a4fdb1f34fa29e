//! Requests that nobody in their right mind sends, and what becomes of them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::{PORTAL, read_answer};
use crate::town::{MAC, Town};

async fn first_page(town: &Town) -> String {
    town.english().visit(&town.gate_redirect(MAC, "10.1.0.7")).await.base()
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_before_it_is_read() {
    let town = Town::open().await;
    let base = first_page(&town).await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    let head = format!(
        "POST {base}phone HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10485760\r\n\r\nphone="
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.status, 413);
    assert!(answer.shows("لم نتمكّن من قراءة ما أُرسل."));
}

#[tokio::test]
async fn an_endless_chunked_body_is_cut_at_the_limit() {
    let town = Town::open().await;
    let base = first_page(&town).await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    let head = format!(
        "POST {base}phone HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let mut sent = 0;
    while sent < 10_000_000 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 10_000_000, "the portal took it all");
}

#[tokio::test]
async fn forms_that_cannot_be_read_get_a_page_that_says_so() {
    let town = Town::open().await;
    let browser = town.english();
    let base = first_page(&town).await;
    let form = "application/x-www-form-urlencoded";
    for (content_type, body, status) in [
        ("application/json", "{\"phone\":\"0551234567\"}", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        (form, "phone=1&phone=2", 422),
        (form, "phone=%FF%FE%80&terms=yes", 422),
        (form, "%ZZ=%&&&==", 422),
        (form, "phone=%00%00&terms=yes", 422),
    ] {
        let request = format!(
            "POST {base}phone HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = browser.send(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{content_type} {body}: {}", answer.body);
        assert!(answer.body.starts_with("<!doctype html>"));
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_survived() {
    let town = Town::open().await;
    let base = first_page(&town).await;
    let mut request = format!(
        "POST {base}phone HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nphone="
    )
    .into_bytes();
    request.extend([0xff, 0xfe, 0x80, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf8, 0x88]);
    assert_eq!(town.english().send(&request).await.status, 422);
}

#[tokio::test]
async fn markup_in_the_number_is_only_text() {
    let town = Town::open().await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let evil = "\"><script>x</script>";
    let answer = browser.post(&page, "phone", &[("phone", evil), ("terms", "yes")]).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script"), "{}", answer.body);
}

#[tokio::test]
async fn the_wrong_method_is_answered_with_a_way_back() {
    let town = Town::open().await;
    let browser = town.english();
    let base = first_page(&town).await;
    for (method, page) in
        [("GET", "phone"), ("GET", "resend"), ("GET", "end"), ("DELETE", "code"), ("PUT", "")]
    {
        let answer = browser.ask(method, PORTAL, &format!("{base}{page}"), "").await;
        assert_eq!(answer.status, 405, "{method} {page}");
        assert!(!answer.header("allow").is_empty());
        assert!(answer.body.contains(&format!("href=\"{base}\"")), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_token_that_was_changed_or_has_grown_old_opens_nothing() {
    let town = Town::open().await;
    let browser = town.english();
    let base = first_page(&town).await;
    let token = base.trim_start_matches("/v/").trim_end_matches('/');
    let mut changed = token.to_owned();
    changed.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    let long = "A".repeat(5_000);
    for token in
        [changed.as_str(), "x", "%2e%2e", "%ff%fe", &long, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        for page in ["", "code", "status", "help"] {
            let answer = browser.get(&format!("/v/{token}/{page}")).await;
            assert!(matches!(answer.status, 403 | 404), "{token} {page}: {}", answer.status);
        }
    }
    town.wait(1_800);
    let answer = browser.get(&base).await;
    assert_eq!((answer.status, answer.title().as_str()), (403, "This page is too old"));
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_is_refused() {
    let town = Town::open().await;
    let browser = town.english();
    let cookies = format!("Cookie: {}\r\n", "x".repeat(20_000));
    assert_eq!(browser.ask("GET", PORTAL, "/help", &cookies).await.status, 431);
    let many: String = (0..100).map(|n| format!("X-{n}: y\r\n")).collect();
    assert_eq!(browser.ask("GET", PORTAL, "/help", &many).await.status, 431);
    assert_eq!(
        browser.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await.status,
        400
    );
}

#[tokio::test]
async fn a_client_that_never_ends_its_request_is_cut() {
    let town = Town::open_with(|settings| settings.limits.header_seconds = 1).await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x").await.unwrap();
    let mut rest = Vec::new();
    // Ends only because the portal closes the connection.
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn a_client_that_never_ends_its_body_is_cut() {
    let town = Town::open_with(|settings| settings.limits.request_seconds = 1).await;
    let base = first_page(&town).await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    let head = format!(
        "POST {base}phone HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nphone="
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 408);
}
