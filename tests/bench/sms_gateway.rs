//! The SMS gateway of the bench: takes every message, and tells the code in it to whoever waits.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

/// How long a visitor waits for a message.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway that is open for as long as the bench runs.
#[derive(Clone)]
pub struct SmsGateway {
    /// Where messages are handed over.
    pub address: SocketAddr,
    letters: Arc<Letters>,
}

/// The codes that came or are waited for, by number.
type Letters = Mutex<HashMap<String, Arc<Letter>>>;

/// Where one who waits finds a code.
#[derive(Default)]
struct Letter {
    code: Mutex<Option<String>>,
    arrived: Condvar,
}

#[derive(Deserialize)]
struct Message {
    to: String,
    text: String,
}

impl SmsGateway {
    /// Opens on a port of loopback.
    pub fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let letters = Arc::<Letters>::default();
        let taken = Arc::clone(&letters);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let taken = Arc::clone(&taken);
                // The courier hangs up when it ends.
                thread::spawn(move || drop(take(stream, &taken)));
            }
        });
        Ok(Self { address, letters })
    }

    /// The lines of configuration that lead to it.
    pub fn settings(&self) -> String {
        format!(
            "messaging.transport = \"http\"\n\
             messaging.per-second = 10000\n\
             messaging.concurrency = 64\n\
             messaging.http.url = \"http://{}/send\"\n\
             messaging.http.encoding = \"json\"\n\
             messaging.http.fields = {{ to = \"{{to}}\", text = \"{{text}}\" }}",
            self.address
        )
    }

    /// Waits for the code that is sent to a number.
    pub fn code(&self, number: &str) -> anyhow::Result<String> {
        let letter = letter(&self.letters, number);
        let waited =
            letter.arrived.wait_timeout_while(lock(&letter.code), PATIENCE, |code| code.is_none());
        let code = waited.unwrap_or_else(PoisonError::into_inner).0.take();
        lock(&self.letters).remove(number);
        code.with_context(|| format!("no message for {number}"))
    }
}

fn letter(letters: &Letters, number: &str) -> Arc<Letter> {
    Arc::clone(lock(letters).entry(number.to_owned()).or_default())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes messages over one connection until it is closed.
fn take(stream: TcpStream, letters: &Letters) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            anyhow::ensure!(stream.read_line(&mut line)? > 0, "the courier has hung up");
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        let message: Message = serde_json::from_slice(&body)?;
        let mut digits = message.text.split(|c: char| !c.is_ascii_digit());
        let code = digits.find(|digits| digits.len() == 6).context("a message without a code")?;
        let letter = letter(letters, &message.to);
        *lock(&letter.code) = Some(code.to_owned());
        letter.arrived.notify_one();
    }
}
