//! The load generator of the portal: one request after the other, over connections that stay open
//! or over one for each request, and each answer checked.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::figure::Load;

/// Requests, and what must be answered to them.
pub trait Browsing: Sync {
    /// Path and host of the request of that number.
    fn request(&self, number: u64) -> (String, &str);

    /// Checks the answer to the request of that number.
    fn check(&self, number: u64, answer: &Answer) -> anyhow::Result<()>;

    /// What the requests want to become of their connections.
    fn afterwards(&self) -> Afterwards {
        Afterwards::Stay
    }
}

/// What becomes of connections after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    Stay,
    Close,
}

/// An answer.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// Puts traffic on a portal over so many connections at a time.
///
/// # Errors
/// The first answer that is wrong.
pub fn run(
    portal: SocketAddr,
    connections: usize,
    lasting: Duration,
    browsing: &dyn Browsing,
) -> anyhow::Result<Load> {
    let next = AtomicU64::new(0);
    let mut joined = Load::default();
    thread::scope(|scope| {
        let start = || browse(portal, lasting, browsing, &next);
        let browsers: Vec<_> = (0..connections).map(|_| scope.spawn(start)).collect();
        for browser in browsers {
            joined.join(browser.join().expect("a load generator does not panic")?);
        }
        Ok(joined)
    })
}

/// Asks once.
///
/// # Errors
/// An answer that is wrong.
pub fn once(portal: SocketAddr, browsing: &dyn Browsing) -> anyhow::Result<Answer> {
    Ok(ask(connect(portal)?, browsing, 0)?.0)
}

fn browse(
    portal: SocketAddr,
    lasting: Duration,
    browsing: &dyn Browsing,
    next: &AtomicU64,
) -> anyhow::Result<Load> {
    let mut load = Load::default();
    let begun = Instant::now();
    let mut kept = None;
    while begun.elapsed() < lasting {
        let asked_at = Instant::now();
        let connection = kept.take().map_or_else(|| connect(portal), Ok)?;
        let number = next.fetch_add(1, Ordering::Relaxed);
        kept = ask(connection, browsing, number)?.1;
        load.latencies.push(asked_at.elapsed());
    }
    load.elapsed = begun.elapsed();
    Ok(load)
}

/// A connection to the portal.
pub type Connection = BufReader<TcpStream>;

/// Connects to the portal.
///
/// # Errors
/// It is not reached.
pub fn connect(portal: SocketAddr) -> anyhow::Result<Connection> {
    let connection = TcpStream::connect(portal)?;
    connection.set_nodelay(true)?;
    Ok(BufReader::new(connection))
}

/// The answer, and the connection if it stays.
fn ask(
    mut connection: Connection,
    browsing: &dyn Browsing,
    number: u64,
) -> anyhow::Result<(Answer, Option<Connection>)> {
    let (path, host) = browsing.request(number);
    let afterwards = browsing.afterwards();
    let option = if afterwards == Afterwards::Close { "connection: close\r\n" } else { "" };
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept-language: ar\r\n{option}\r\n");
    let answer = exchange(&mut connection, &request)?;
    browsing.check(number, &answer)?;
    if afterwards == Afterwards::Stay {
        return Ok((answer, Some(connection)));
    }
    ensure!(connection.fill_buf()?.is_empty(), "more than an answer");
    Ok((answer, None))
}

/// Sends a request, and reads the answer to it.
///
/// # Errors
/// The connection ends, or the answer is none of HTTP.
pub fn exchange(connection: &mut Connection, request: &str) -> anyhow::Result<Answer> {
    connection.get_mut().write_all(request.as_bytes())?;
    read_answer(connection).context("no whole answer")
}

/// Reads an answer whose length is told in its head.
fn read_answer(connection: &mut impl BufRead) -> anyhow::Result<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).context("no status line")?.parse()?;
    let mut answer = Answer { status, ..Answer::default() };
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "location" => answer.location = Some(value.to_owned()),
            _ => {}
        }
    }
    answer.body.resize(length, 0);
    connection.read_exact(&mut answer.body)?;
    Ok(answer)
}
