use super::*;

fn is_plain(request: &str) -> bool {
    let mut octets = request.as_bytes().to_vec();
    octets.extend_from_slice(b"GET /next");
    Asked::read(&octets).is_some_and(|asked| asked.length == request.len())
}

#[test]
fn a_probe_is_read_whole() {
    let head = "GET /generate_204?a=b HTTP/1.1\r\nHost: a.example:80\r\nUser-Agent: Dalvik/2.1\r\n\
                Connection: Close\r\nAccept-Encoding: gzip\r\n\r\n";
    let asked = Asked::read(head.as_bytes()).unwrap();
    let expected = Asked {
        path: "/generate_204?a=b",
        host: "a.example:80",
        agent: b"Dalvik/2.1",
        afterwards: Afterwards::Closes,
        length: head.len(),
    };
    assert_eq!(asked, expected);
    assert!((0..head.len()).all(|end| Asked::read(&head.as_bytes()[..end]).is_none()));
}

#[test]
fn only_a_plain_request_is_answered_early() {
    for (line, fields, plain) in [
        ("GET / HTTP/1.1", "Host: a.example", true),
        ("GET / HTTP/1.1", "hOST: a.example\r\nConnection: keep-alive\r\nAccept: */*", true),
        ("GET /a%20b/~c;d?e=f&g'h HTTP/1.1", "Host: a_b.example", true),
        ("HEAD / HTTP/1.1", "Host: a.example", false),
        ("get / HTTP/1.1", "Host: a.example", false),
        ("POST / HTTP/1.1", "Host: a.example", false),
        ("GET / HTTP/1.0", "Host: a.example", false),
        ("GET http://a.example/ HTTP/1.1", "Host: a.example", false),
        ("GET * HTTP/1.1", "Host: a.example", false),
        ("GET /{ HTTP/1.1", "Host: a.example", false),
        ("GET /# HTTP/1.1", "Host: a.example", false),
        ("GET /\u{e9} HTTP/1.1", "Host: a.example", false),
        ("GET / HTTP/1.1", "Accept: */*", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nHost: a.example", false),
        ("GET / HTTP/1.1", "Host: [2001:db8::1]", false),
        ("GET / HTTP/1.1", "Host: a.example, b.example", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nContent-Length: 0", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nTransfer-Encoding: chunked", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nUpgrade: h2c", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nHTTP2-Settings: AAMAAABkAAQ", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nExpect: 100-continue", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nConnection: keep-alive, te", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nConnection: keep-alive\r\nConnection: close", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nUser-Agent: caf\u{e9}", false),
        ("GET / HTTP/1.1", "Host : a.example", false),
        ("GET / HTTP/1.1", "Host: a.example\r\n Accept: */*", false),
        ("GET / HTTP/1.1", "Host: a.example\r\nAccept: \0", false),
    ] {
        assert_eq!(is_plain(&format!("{line}\r\n{fields}\r\n\r\n")), plain, "{line} {fields}");
    }
    let many: String = (0..MOST_FIELDS).map(|number| format!("X-{number}: y\r\n")).collect();
    assert!(!is_plain(&format!("GET / HTTP/1.1\r\nHost: a.example\r\n{many}\r\n")));
}
