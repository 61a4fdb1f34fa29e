//! A thousand phones with 300 connections each that say nothing, or begin and never end, beside
//! visitors who sign in.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::city::City;
use crate::figure::Load;
use crate::sign_ins::{self, Coming, Town};

const PHONES: u32 = 1_000;
const EACH: u32 = 300;
/// Phones that come at the same time.
const TOGETHER: usize = 4;
/// Of each of them the newest connections, all together twice what the portal has room for.
const KEPT: usize = 2 * 4_096 / TOGETHER;
/// Visitors sign in one after the other, in stretches of that time.
const STRETCH: Duration = Duration::from_millis(500);

/// What became of the server meanwhile.
pub struct Crowd {
    pub connections: u32,
    pub lasting: Duration,
    /// The most of them that the server had open at a look, and its memory before and then.
    pub files: usize,
    pub memory: (u64, u64),
}

/// Puts the crowd on a portal; returns what the visitors saw, and what it was beside.
///
/// # Errors
/// A visitor who cannot sign in, or a phone that cannot connect.
pub fn run(city: &City, town: &Town<'_>) -> anyhow::Result<(Load, Crowd)> {
    let (next, visitors) = (AtomicU32::new(0), AtomicU32::new(0));
    let begun = Instant::now();
    let before = city.server.memory()?;
    let mut crowd = Crowd {
        connections: PHONES * EACH,
        lasting: Duration::ZERO,
        files: 0,
        memory: (before, before),
    };
    let mut joined = Load::default();
    let one_by_one = Coming { together: 1, per_second: None, lasting: STRETCH };
    thread::scope(|scope| {
        let phones: Vec<_> =
            (0..TOGETHER).map(|_| scope.spawn(|| come(town.portal, &next))).collect();
        while next.load(Ordering::Relaxed) < PHONES {
            let load = sign_ins::run(town, one_by_one, &visitors)?;
            joined.latencies.extend(load.latencies);
            crowd.files = crowd.files.max(city.server.files()?);
            crowd.memory.1 = crowd.memory.1.max(city.server.memory()?);
        }
        crowd.lasting = begun.elapsed();
        for phone in phones {
            phone.join().expect("a load generator does not panic")?;
        }
        joined.elapsed = crowd.lasting;
        Ok((joined, crowd))
    })
}

/// One phone after the other opens its connections.
fn come(portal: SocketAddr, next: &AtomicU32) -> anyhow::Result<()> {
    let mut kept = VecDeque::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= PHONES {
            return Ok(());
        }
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 9, 0, 0)) + number);
        for nth in 0..EACH {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddr::from((source, 0)).into())?;
            socket.connect(&portal.into())?;
            let mut stream = TcpStream::from(socket);
            if nth % 2 == 0 {
                // Who has given way meanwhile may not take it any more.
                drop(stream.write_all(b"GET / HTTP/1.1\r\nX: "));
            }
            kept.push_back(stream);
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
    }
}
