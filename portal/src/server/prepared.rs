//! An answer that is the same for everybody, as the octets that hyper makes of it.
//!
//! hyper itself writes it, once, when the portal starts; only its date changes afterwards.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// What hyper may write before it is read.
const ROOM: usize = 4 * 1_024;
const DATE: &[u8] = b"\r\ndate: ";
/// The octets of a date (RFC 9110 §5.6.7).
const DATE_LENGTH: usize = 29;

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Stays,
    Closes,
}

/// An answer for requests that ask for a body.
pub(crate) struct Prepared {
    stays: Octets,
    closes: Octets,
}

/// What stands before and after the date.
struct Octets {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Prepared {
    /// Lets hyper write the response that `answer` gives each time.
    pub(crate) async fn new(answer: impl Fn() -> Response) -> Self {
        const STAYS: &str = "GET / HTTP/1.1\r\n\r\n";
        const CLOSES: &str = "GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
        let closes = written(&answer, CLOSES).await;
        let mut stays = written(&answer, &format!("{STAYS}{CLOSES}")).await;
        stays.truncate(stays.len().saturating_sub(closes.len()));
        Self { stays: Octets::new(stays), closes: Octets::new(closes) }
    }

    /// Adds the answer as of now.
    pub(super) fn write(&self, afterwards: Afterwards, octets: &mut Vec<u8>) {
        let Octets { before, after } = match afterwards {
            Afterwards::Stays => &self.stays,
            Afterwards::Closes => &self.closes,
        };
        octets.reserve(before.len() + DATE_LENGTH + after.len());
        octets.extend_from_slice(before);
        octets.extend_from_slice(&date());
        octets.extend_from_slice(after);
    }
}

impl Octets {
    fn new(mut written: Vec<u8>) -> Self {
        let date = written.windows(DATE.len()).position(|octets| octets == DATE);
        let date = date.expect("hyper dates every answer") + DATE.len();
        let after = written.split_off(date + DATE_LENGTH);
        written.truncate(date);
        Self { before: written, after }
    }
}

/// All that hyper answers to these requests, of which the last closes the connection.
async fn written(answer: impl Fn() -> Response, requests: &str) -> Vec<u8> {
    let (mut client, server) = duplex(ROOM);
    let service = service_fn(|_| ready(Ok::<_, Infallible>(answer())));
    let mut octets = Vec::new();
    let asking = async {
        client.write_all(requests.as_bytes()).await?;
        client.read_to_end(&mut octets).await
    };
    let answering =
        async { http1::Builder::new().serve_connection(TokioIo::new(server), service).await };
    let (asked, answered) = tokio::join!(asking, answering);
    asked.expect("memory does not fail");
    answered.expect("hyper answers a good request");
    octets
}

/// The time as HTTP writes it, made once a second by each thread.
fn date() -> [u8; DATE_LENGTH] {
    thread_local! {
        static LATEST: Cell<(u64, [u8; DATE_LENGTH])> = const { Cell::new((0, [0; DATE_LENGTH])) };
    }
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (made_in, date) = LATEST.get();
    if made_in == second {
        return date;
    }
    let text = httpdate::fmt_http_date(now);
    let date = text.as_bytes().try_into().expect("a date has 29 octets");
    LATEST.set((second, date));
    date
}

#[cfg(test)]
mod tests;
