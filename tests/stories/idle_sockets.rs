//! A thousand phones open connections without end and say nothing, or begin and never end. They keep
//! nobody out, and take no more of the server than it gives to connections. That each opens 300 is a
//! row of the bench: `make bench ROWS=idle-sockets`.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::MacAddress;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::city::{City, eventually};
use crate::race::{Track, code_in, has_won};

const PHONES: usize = 1_000;
/// Connections of each of them, and of the one that wants more than its share.
const EACH: usize = 40;
const OF_A_GLUTTON: usize = 300;
/// What the portal gives to one source, and to all.
const OF_ONE: usize = 256;
const OF_ALL: usize = 4_096;
/// Files that a server has open for what else it does, and connections that are on their way out:
/// a sixteenth of all.
const OTHER_FILES: usize = 512;
/// What a connection may take of a server that was built for tests, in octets.
const MEMORY: u64 = 80_000;
/// Phones that come at the same time.
const TOGETHER: usize = 4;
/// The newest connections, twice as many as there is room for: the others are over.
const KEPT: usize = 2 * OF_ALL / TOGETHER;

/// Files that the server has open.
fn files(city: &City) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", city.process())).unwrap().count()
}

fn phone(number: usize, portal: &Browser) -> Browser {
    let [.., high, low] = number.to_be_bytes();
    Browser { source: Ipv4Addr::new(127, 9, high, low), ..portal.clone() }
}

/// Opens all connections of a phone beside those that are kept.
async fn crowd(phone: &Browser, connections: usize, kept: &mut VecDeque<TcpStream>) {
    for nth in 0..connections {
        let mut stream = phone.connect().await;
        if nth % 2 == 0 {
            // Who has given way meanwhile may not take it any more.
            stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.ok();
        }
        kept.push_back(stream);
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

#[tokio::test]
async fn idle_sockets_of_a_thousand_phones_keep_nobody_out() {
    let mut track = Track::of_one(&["portal.limits.header-seconds = 60"]).await;
    let [visitor, portal] = track.browsers();
    let (files_before, memory_before) = (files(&track.city), track.city.memory());
    let mut kept = VecDeque::new();
    crowd(&phone(PHONES, &portal), OF_A_GLUTTON, &mut kept).await;
    eventually("room for one phone that ends", async || {
        (files(&track.city) <= files_before + OF_ONE + OTHER_FILES).then_some(())
    })
    .await;

    let next = &*Box::leak(Box::new(AtomicUsize::new(0)));
    let crowds: Vec<_> = (0..TOGETHER)
        .map(|_| {
            let portal = portal.clone();
            tokio::spawn(async move {
                let mut kept = VecDeque::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= PHONES {
                        return kept;
                    }
                    crowd(&phone(number, &portal), EACH, &mut kept).await;
                }
            })
        })
        .collect();
    let mut signed_in = 0_u32;
    while next.load(Ordering::Relaxed) < PHONES {
        signed_in += 1;
        let [_, _, a, b] = signed_in.to_be_bytes();
        let device = MacAddress::new([2, 0, 0x5e, 0x30, a, b]);
        let (page, message) = track.ask(&visitor, device, &format!("055{signed_in:03}1234")).await;
        let code = code_in(&message);
        assert!(has_won(&visitor.submit(&page, "code", &[("code", &code)]).await));
        let files = files(&track.city);
        assert!(files <= files_before + OF_ALL + OTHER_FILES, "{files} files");
        let memory = track.city.memory() - memory_before;
        assert!(memory < MEMORY * OF_ALL as u64, "{memory} octets");
    }
    for crowd in crowds {
        crowd.await.unwrap();
    }
    assert!(signed_in > 10, "{signed_in} signed in meanwhile");
}
