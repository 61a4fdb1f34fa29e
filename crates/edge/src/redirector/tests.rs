use domain::{ManualClock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::*;

/// A redirector on loopback, where every address is a device, and none is online.
async fn open(tasks: &mut JoinSet<()>) -> SocketAddr {
    let (hits, mut heard) = mpsc::channel::<Hit>(64);
    let secret = "gate secret".parse().unwrap();
    let desk = Desk {
        presence: Presence::Pretended,
        signpost: Signpost::new(&"http://portal.example".parse().unwrap(), "abcdefgh", secret),
        hits,
        clock: Arc::new(ManualClock::new(Timestamp::from_secs(1_795_597_200))),
    };
    let redirector = Redirector::bind("127.0.0.1:0".parse().unwrap(), desk).unwrap();
    let address = redirector.local_address().unwrap();
    tasks.spawn(redirector.run());
    tasks.spawn(async move {
        while let Some(hit) = heard.recv().await {
            hit.standing.send(Standing::Offline).ok();
        }
    });
    address
}

async fn connect(redirector: SocketAddr, device: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((device, 0))).unwrap();
    socket.connect(redirector).await.unwrap()
}

async fn ask(stream: TcpStream) -> String {
    ask_as(stream, "Mozilla/5.0 (Linux; Android 14)").await
}

async fn ask_as(mut stream: TcpStream, agent: &str) -> String {
    let probe = format!(
        "GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\
         User-Agent: {agent}\r\n\r\n"
    );
    stream.write_all(probe.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_probe_is_redirected_with_a_small_body() {
    let mut tasks = JoinSet::new();
    let redirector = open(&mut tasks).await;
    let answer = ask(connect(redirector, [127, 0, 0, 1]).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 302 "), "{head}");
    assert!(head.contains("\r\nlocation: http://portal.example/n/abcdefgh/?mac="), "{head}");
    assert!(head.contains("\r\ncache-control: no-store"), "{head}");
    // Android takes up to four octets for a broken network.
    assert!(body.len() > 4, "{body:?}");
}

#[tokio::test]
async fn a_device_that_opens_hundreds_of_sockets_keeps_nobody_out() {
    const DEVICES: u8 = 8;
    let mut tasks = JoinSet::new();
    let redirector = open(&mut tasks).await;
    let mut held = Vec::new();
    for device in 1..=DEVICES {
        for _ in 0..300 {
            held.push(connect(redirector, [127, 5, 0, device]).await);
        }
        // Neither another device nor the same one.
        for asks in [[127, 6, 0, 1], [127, 5, 0, device]] {
            let answer = ask(connect(redirector, asks).await).await;
            assert!(answer.starts_with("HTTP/1.1 302"), "{asks:?} after {}: {answer}", held.len());
        }
    }
    // The oldest have given way.
    let first = &mut held[0];
    let mut rest = Vec::new();
    assert!(first.read_to_end(&mut rest).await.is_err() || rest.is_empty());
}

#[tokio::test]
async fn a_smart_client_is_told_where_to_go_on() {
    let mut tasks = JoinSet::new();
    let redirector = open(&mut tasks).await;
    for (agent, is_told) in
        [("WISPr!Roamer/1.0", true), ("CaptiveNetworkSupport-481.100.37 wispr", false)]
    {
        let answer = ask_as(connect(redirector, [127, 0, 0, 1]).await, agent).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
        let next = format!("<NextURL>{}</NextURL>", location.replace('&', "&amp;"));
        assert_eq!(body.contains(&next), is_told, "{agent}: {answer}");
        assert_eq!(body.contains("<MessageType>110</MessageType>"), is_told, "{agent}: {answer}");
    }
}
