//! An answer that is the same for everybody, but for the token of a visit, as the octets that hyper
//! makes of it.
//!
//! hyper itself writes it, once; only the date changes afterwards, the token, and with that the length.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// What hyper may write before it is read.
const ROOM: usize = 4 * 1_024;
const END_OF_HEAD: &str = "\r\n\r\n";
const DATE: &str = "\r\ndate: ";
const LENGTH: &str = "\r\ncontent-length: ";
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
    stays: Text,
    closes: Text,
}

/// A prepared answer to one visit, or to anybody.
pub(crate) struct Filled {
    answer: Arc<Prepared>,
    token: String,
}

/// What of an answer is written each time.
#[derive(Clone, Copy)]
enum Gap {
    /// When it is written.
    Date,
    /// Of the body: so many octets, and the token so often.
    Length {
        octets: usize,
        tokens: usize,
    },
    Token,
}

/// The pieces between the gaps.
struct Text {
    pieces: Vec<(String, Gap)>,
    last: String,
}

impl Prepared {
    /// Lets hyper write the response that `answer` gives each time, to anybody.
    pub(crate) async fn new(answer: impl Fn() -> Response) -> Self {
        Self::with_gaps("", answer).await
    }

    /// Lets hyper write the response that `answer` gives each time to the visit of that token.
    pub(crate) async fn with_gaps(token: &str, answer: impl Fn() -> Response) -> Self {
        const STAYS: &str = "GET / HTTP/1.1\r\n\r\n";
        const CLOSES: &str = "GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
        let closes = written(&answer, CLOSES).await;
        let mut stays = written(&answer, &format!("{STAYS}{CLOSES}")).await;
        stays.truncate(stays.len().saturating_sub(closes.len()));
        Self { stays: Text::new(&stays, token), closes: Text::new(&closes, token) }
    }

    /// Adds the answer as of now to the visit of that token.
    pub(super) fn write(&self, token: &str, afterwards: Afterwards, octets: &mut Vec<u8>) {
        let text = match afterwards {
            Afterwards::Stays => &self.stays,
            Afterwards::Closes => &self.closes,
        };
        text.write(token, octets);
    }
}

impl Filled {
    /// For the visit of that token.
    pub(crate) fn new(answer: Arc<Prepared>, token: String) -> Self {
        Self { answer, token }
    }

    /// For anybody.
    pub(crate) fn for_anybody(answer: &Arc<Prepared>) -> Self {
        Self::new(Arc::clone(answer), String::new())
    }

    /// Adds the answer as of now.
    pub(super) fn write(&self, afterwards: Afterwards, octets: &mut Vec<u8>) {
        self.answer.write(&self.token, afterwards, octets);
    }
}

impl Text {
    /// What hyper wrote to the visit of that token; none is empty.
    fn new(written: &str, token: &str) -> Self {
        let (head, body) = written.split_once(END_OF_HEAD).expect("hyper ends every head");
        let date = place_of(head, DATE).expect("hyper dates every answer");
        let mut gaps = vec![(date, Gap::Date)];
        if !token.is_empty() {
            let begin = head.len() + END_OF_HEAD.len();
            let found = body.match_indices(token);
            let places = found.map(|(at, _)| begin + at..begin + at + token.len());
            gaps.extend(places.map(|place| (place, Gap::Token)));
            let tokens = gaps.len() - 1;
            let length = place_of(head, LENGTH).expect("hyper tells the length of every page");
            let octets = body.len() - tokens * token.len();
            gaps.push((length, Gap::Length { octets, tokens }));
            gaps.sort_unstable_by_key(|(place, _)| place.start);
        }
        let mut done = 0;
        let mut pieces = Vec::with_capacity(gaps.len());
        for (Range { start, end }, gap) in gaps {
            pieces.push((written[done..start].to_owned(), gap));
            done = end;
        }
        Self { pieces, last: written[done..].to_owned() }
    }

    fn write(&self, token: &str, into: &mut Vec<u8>) {
        /// The octets of the longest gap but the token.
        const MOST: usize = 32;
        let room = |(piece, _): &(String, Gap)| piece.len() + token.len().max(MOST);
        into.reserve(self.pieces.iter().map(room).sum::<usize>() + self.last.len());
        for (piece, gap) in &self.pieces {
            into.extend_from_slice(piece.as_bytes());
            match gap {
                Gap::Date => into.extend_from_slice(&date()),
                Gap::Token => into.extend_from_slice(token.as_bytes()),
                Gap::Length { octets, tokens } => {
                    write!(into, "{}", octets + tokens * token.len())
                        .expect("memory does not fail");
                }
            }
        }
        into.extend_from_slice(self.last.as_bytes());
    }
}

/// Where the value of a field stands in a head.
fn place_of(head: &str, field: &str) -> Option<Range<usize>> {
    let start = head.find(field)? + field.len();
    let rest = head.get(start..)?;
    Some(start..start + rest.find("\r\n").unwrap_or(rest.len()))
}

/// All that hyper answers to these requests, of which the last closes the connection.
async fn written(answer: impl Fn() -> Response, requests: &str) -> String {
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
    String::from_utf8(octets).expect("answers are text")
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
