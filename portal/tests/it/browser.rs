//! A browser without cookies and scripts: one connection a request, redirects by hand.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The name under which the town's portal is known.
pub const PORTAL: &str = "portal.example";

#[derive(Clone)]
pub struct Browser {
    pub portal: SocketAddr,
    pub accept_language: &'static str,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Where a redirect leads; below the portal it is a path.
    pub fn location(&self) -> String {
        assert!(matches!(self.status, 302 | 303), "no redirect: {} {}", self.status, self.body);
        self.header("location").replace(&format!("http://{PORTAL}"), "")
    }

    /// What stands between `before` and `after` on the page.
    pub fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.body.split_once(before).expect(before);
        rest.split_once(after).expect(after).0.to_owned()
    }

    /// The page's folder, to which its links and forms are relative.
    pub fn base(&self) -> String {
        self.between("<base href=\"", "\"")
    }

    pub fn title(&self) -> String {
        breakable(&self.between("<title>", " · "))
    }

    pub fn shows(&self, text: &str) -> bool {
        let plain = self.body.replace("<bdi dir=\"ltr\">", "").replace("</bdi>", "");
        breakable(&plain).contains(text)
    }
}

/// A text whose spaces and hyphens are those that lines may break at.
fn breakable(text: &str) -> String {
    text.replace('\u{2011}', "-").replace('\u{a0}', " ")
}

impl Browser {
    pub async fn send(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.portal).await.unwrap();
        stream.write_all(request).await.unwrap();
        read_answer(&mut stream).await
    }

    pub async fn ask(&self, method: &str, host: &str, target: &str, more: &str) -> Answer {
        let language = self.accept_language;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Accept-Language: {language}\r\n{more}\r\n"
        );
        self.send(request.as_bytes()).await
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.ask("GET", PORTAL, target, "").await
    }

    /// Follows redirects inside the portal until a page or another host's address is reached.
    pub async fn visit(&self, target: &str) -> Answer {
        let mut answer = self.get(target).await;
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) || !answer.location().starts_with('/') {
                return answer;
            }
            answer = self.get(&answer.location()).await;
        }
        panic!("redirected without end at {}", answer.location());
    }

    /// Sends the form `action` of a page; the answer is not followed.
    pub async fn post(&self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        assert!(page.body.contains(&format!("action=\"{action}\"")), "no such form: {}", page.body);
        self.post_to(&format!("{}{action}", page.base()), fields).await
    }

    pub async fn post_to(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let form: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let more = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        );
        let language = self.accept_language;
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: {PORTAL}\r\nConnection: close\r\n\
             Accept-Language: {language}\r\n{more}\r\n{form}"
        );
        self.send(request.as_bytes()).await
    }
}

pub async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Answer {
    let mut bytes = Vec::new();
    // A connection that is cut with unread input ends with a reset; what came before counts.
    drop(stream.read_to_end(&mut bytes).await);
    let text = String::from_utf8(bytes).expect("pages are UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: body.to_owned() }
}
