//! Requests that are answered before hyper has seen anything of their connection.
//!
//! Phones that are not online ask again and again, and all get the same redirect; then they ask for the
//! first page, which is the same but for a token. A request is answered here if it is whole, says nothing
//! unusual, and hyper's way would end in that redirect or page (RFC 9110 and 9112 are left to hyper in
//! every other respect). With the first request of another kind, hyper gets the connection for good, with
//! all octets from that request on.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

use connections::Place;
use httparse::Status;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::prepared::Afterwards;
use super::watched::{Waiting, Watched};
use crate::guard::Guard;

/// The most that is read at a time; a longer head is hyper's.
const READ: usize = 2 * 1_024;
/// A head with more fields is hyper's.
const MOST_FIELDS: usize = 32;
/// Fields that change what a request is, or how it is answered; they are hyper's.
const UNUSUAL: [&str; 7] =
    ["content-length", "transfer-encoding", "upgrade", "expect", "http2-settings", "te", "trailer"];

/// A connection that hyper has not got yet.
pub(super) struct Early<'a> {
    pub guard: &'a Guard,
    pub peer: IpAddr,
    pub place: &'a Place<IpAddr>,
    pub waiting: &'a Waiting,
    /// Set once no further request is wanted.
    pub closing: &'a AtomicBool,
}

/// A GET without a body, for a resource of some host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    /// With its query.
    pub path: &'a str,
    /// With its port.
    pub host: &'a str,
    /// Printable; empty if it does not tell.
    pub agent: &'a [u8],
    afterwards: Afterwards,
    /// Of the whole head.
    length: usize,
}

/// Answers the only request of a connection where it is accepted, if it is there already and its answer is
/// remembered. So nothing is made for a phone that asks, is sent to the portal, and leaves: no task, no
/// timer, no place. Returns what was read of a connection that goes on.
pub(super) fn answer_at_once(
    guard: &Guard,
    peer: IpAddr,
    mut stream: &TcpStream,
) -> Option<Vec<u8>> {
    let mut octets = [0; READ];
    let octets = match stream.read(&mut octets) {
        Ok(0) => return None,
        Ok(length) => octets.get(..length)?,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => &[],
        Err(_) => return None,
    };
    let asked = Asked::read(octets).filter(|asked| asked.afterwards == Afterwards::Closes);
    let Some(prepared) = asked.and_then(|asked| guard.remember(&asked, peer)) else {
        return Some(octets.to_vec());
    };
    let mut answer = Vec::new();
    prepared.write("", Afterwards::Closes, &mut answer);
    // There is room for it, for nothing was written before; whoever left does not need it.
    drop(stream.write_all(&answer));
    None
}

impl Early<'_> {
    /// Answers requests until there is one for hyper, and returns all that was read from there on;
    /// `None` if the connection is at its end.
    pub(super) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut Watched<'_, S>,
    ) -> Option<Vec<u8>> {
        let (mut octets, mut answer) = (Vec::new(), Vec::new());
        loop {
            self.read(stream, &mut octets).await?;
            let mut answered = 0;
            while let Some(asked) = Asked::read(octets.get(answered..)?) {
                answer.clear();
                let afterwards = match self.decide(&asked, &mut answer).await {
                    Some(afterwards) => afterwards,
                    None => break,
                };
                stream.write_all(&answer).await.ok()?;
                if afterwards == Afterwards::Closes {
                    return None;
                }
                answered += asked.length;
            }
            octets.drain(..answered);
            if !octets.is_empty() {
                return Some(octets);
            }
        }
    }

    /// Reads what there is; into a buffer of no connection's own, for most are silent mostly.
    async fn read<S: AsyncRead + Unpin>(
        &self,
        stream: &mut Watched<'_, S>,
        octets: &mut Vec<u8>,
    ) -> Option<()> {
        poll_fn(|context| {
            if self.closing.load(Ordering::Relaxed) {
                return Poll::Ready(None);
            }
            let mut buffer = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            let outcome = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            octets.extend_from_slice(buffer.filled());
            Poll::Ready(outcome.ok().filter(|()| !buffer.filled().is_empty()))
        })
        .await
    }

    /// Writes the answer and says what comes after it; `None` if the request is hyper's.
    async fn decide(&self, asked: &Asked<'_>, answer: &mut Vec<u8>) -> Option<Afterwards> {
        let _at_work = (self.place.work(), self.waiting.answer());
        let filled = self.guard.answer_early(asked, self.peer).await?;
        let afterwards = match self.closing.load(Ordering::Relaxed) {
            true => Afterwards::Closes,
            false => asked.afterwards,
        };
        filled.write(afterwards, answer);
        Some(afterwards)
    }
}

impl<'a> Asked<'a> {
    /// The request at the beginning of some octets, if it is whole and plain.
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = [MaybeUninit::uninit(); MOST_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(octets, &mut fields)
        else {
            return None;
        };
        let is_plain = |path: &str| path.starts_with('/') && OF_TARGET.hold(path.as_bytes());
        let is_get = request.method == Some("GET") && request.version == Some(1);
        let path = request.path.filter(|path| is_get && is_plain(path))?;
        let (mut host, mut agent, mut connection) = (None, None, None);
        for httparse::Header { name, value } in request.headers.iter() {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let field = if is("host") {
                &mut host
            } else if is("user-agent") {
                &mut agent
            } else if is("connection") {
                &mut connection
            } else if UNUSUAL.iter().any(|unusual| is(unusual)) {
                return None;
            } else {
                continue;
            };
            let is_first = field.replace(*value).is_none();
            if !is_first {
                return None;
            }
        }
        let host = host.filter(|host| OF_HOST.hold(host))?;
        let agent = agent.unwrap_or(b"");
        if !is_printable(agent) {
            return None;
        }
        let afterwards = match connection {
            None => Afterwards::Stays,
            Some(option) if option.eq_ignore_ascii_case(b"keep-alive") => Afterwards::Stays,
            Some(option) if option.eq_ignore_ascii_case(b"close") => Afterwards::Closes,
            Some(_) => return None,
        };
        Some(Self { path, host: str::from_utf8(host).ok()?, agent, afterwards, length })
    }
}

/// Letters, digits, and some more.
struct Octets([bool; 256]);

/// What stands in the names and addresses of hosts, and before their ports.
const OF_HOST: Octets = Octets::with(b"-._:");
/// What stands in paths and queries (RFC 3986 §3.3 and 3.4), so that no reader stumbles over it.
const OF_TARGET: Octets = Octets::with(b"-._~%!$&'()*+,;=:@/?");

impl Octets {
    const fn with(mut more: &[u8]) -> Self {
        let mut octets = [false; 256];
        let mut octet = 0;
        while octet < octets.len() {
            octets[octet] = (octet as u8).is_ascii_alphanumeric();
            octet += 1;
        }
        while let [first, rest @ ..] = more {
            octets[*first as usize] = true;
            more = rest;
        }
        Self(octets)
    }

    fn hold(&self, text: &[u8]) -> bool {
        text.iter().all(|octet| self.0[usize::from(*octet)])
    }
}

/// Looks at all octets even after one that is not, which many at a time is faster.
fn is_printable(text: &[u8]) -> bool {
    text.iter().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
