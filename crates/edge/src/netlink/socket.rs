//! Netlink sockets: one that asks and waits, one that listens.
//!
//! A request is over when its last message is acknowledged or refused, or its dump
//! is done; what belongs to older requests is skipped by number. A transaction is a
//! netfilter batch: the kernel does all of it or nothing.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::setsockopt_impl;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::{Message, Received, netfilter_header};

/// The kernel builds dumps in pieces of 32 KiB at most.
const RECEIVE_BUFFER: usize = 64 * 1024;
/// Room for notifications that nobody has read yet.
const SOCKET_BUFFER: usize = 1024 * 1024;
const ANSWER_SECONDS: i64 = 5;
/// How often a dump is begun again when the table changes meanwhile.
const DUMP_ATTEMPTS: u32 = 10;

/// Notifications answer no request. The socket is in no group, so it gets echoes only:
/// nftables numbers those this way too.
const NOTIFICATION: u32 = 0;

/// Of `linux/netlink.h`.
const NETLINK_GET_STRICT_CHK: libc::c_int = 12;

setsockopt_impl!(StrictChecks, libc::SOL_NETLINK, NETLINK_GET_STRICT_CHK, bool, sockopt::SetBool);

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NFNL_MSG_BATCH_BEGIN: u16 = 16;
const NFNL_MSG_BATCH_END: u16 = 17;
const NFNL_SUBSYS_NFTABLES: u16 = 10;

/// Why the kernel did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// The kernel said no.
    #[error("kernel refuses: {0}")]
    Refused(Errno),
    /// The socket cannot be made, written or read.
    #[error("netlink socket fails")]
    Socket(#[from] io::Error),
    /// No answer within five seconds.
    #[error("kernel gives no answer")]
    Silent,
    /// Every attempt to read the table met a change.
    #[error("table never stands still while it is read")]
    Unsteady,
}

/// Whether requests for tables are read to the letter.
#[derive(Debug, Clone, Copy)]
struct StrictChecks;

/// A socket that asks one thing at a time and waits for the answer.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket of `protocol` in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel has no such protocol.
    pub fn open(protocol: SockProtocol) -> Result<Self, NetlinkError> {
        let fd = open(protocol, SockFlag::SOCK_CLOEXEC, 0)?;
        let limit = TimeVal::seconds(ANSWER_SECONDS);
        setsockopt(&fd, sockopt::ReceiveTimeout, &limit).map_err(io::Error::from)?;
        Ok(Self { fd, sequence: 0, buffer: vec![0; RECEIVE_BUFFER] })
    }

    /// Has the kernel heed what a dump asks for in its header, and refuse what it does not know; without
    /// that it tells the whole table (Linux 4.20, `NETLINK_GET_STRICT_CHK`).
    ///
    /// # Errors
    /// When the kernel is older.
    pub fn heed_filters(&self) -> Result<(), NetlinkError> {
        Ok(setsockopt(&self.fd, StrictChecks, &true).map_err(io::Error::from)?)
    }

    /// Sends one request and hands every answer to `answer` until it is acknowledged.
    ///
    /// # Errors
    /// When the kernel refuses or the socket fails.
    pub fn request(
        &mut self,
        request: Message,
        answer: impl FnMut(Received<'_>),
    ) -> Result<(), NetlinkError> {
        self.exchange(&[request.acknowledged()], 0, answer).map(drop)
    }

    /// Sends `requests` as one datagram, which the kernel works off in order before it is taken.
    ///
    /// # Errors
    /// With the first refusal; the requests after it are done all the same.
    pub fn request_in_turn(&mut self, requests: Vec<Message>) -> Result<(), NetlinkError> {
        let Some(last) = requests.len().checked_sub(1) else {
            return Ok(());
        };
        let requests: Vec<_> = requests.into_iter().map(Message::acknowledged).collect();
        self.exchange(&requests, last, |_| {}).map(drop)
    }

    /// Reads a table; `read` folds each message into what it has read so far.
    ///
    /// # Errors
    /// When the kernel refuses, the socket fails or the table changes all the time.
    pub fn dump<T: Default>(
        &mut self,
        request: Message,
        read: impl Fn(&mut T, Received<'_>),
    ) -> Result<T, NetlinkError> {
        let request = [request.for_whole_table()];
        for _ in 0..DUMP_ATTEMPTS {
            let mut table = T::default();
            match self.exchange(&request, 0, |message| read(&mut table, message))? {
                Reading::Consistent => return Ok(table),
                Reading::Interrupted => {}
            }
        }
        Err(NetlinkError::Unsteady)
    }

    /// Does all `changes` of nftables or none, and hands their echoes to `echo`.
    ///
    /// # Errors
    /// With the refusal of the first change that the kernel refuses; nothing is changed then.
    pub fn transact(
        &mut self,
        changes: Vec<Message>,
        echo: impl FnMut(Received<'_>),
    ) -> Result<(), NetlinkError> {
        let border = netfilter_header(0, NFNL_SUBSYS_NFTABLES);
        let mut batch = vec![Message::new(NFNL_MSG_BATCH_BEGIN, 0, &border)];
        batch.extend(changes.into_iter().map(Message::acknowledged));
        let last_change = batch.len() - 1;
        batch.push(Message::new(NFNL_MSG_BATCH_END, 0, &border));
        self.exchange(&batch, last_change, echo).map(drop)
    }

    /// Sends `messages` as one datagram and reads until the one at `awaited` is answered.
    fn exchange(
        &mut self,
        messages: &[Message],
        awaited: usize,
        mut answer: impl FnMut(Received<'_>),
    ) -> Result<Reading, NetlinkError> {
        let mut progress = self.send(messages, awaited)?;
        loop {
            let length = receive(self.fd.as_fd(), &mut self.buffer).map_err(silence)?;
            for message in Received::all_in(self.buffer.get(..length).unwrap_or_default()) {
                if progress.take(message) {
                    answer(message);
                }
                if let Some(end) = progress.end() {
                    return end;
                }
            }
        }
    }

    fn send(&mut self, messages: &[Message], awaited: usize) -> Result<Progress, NetlinkError> {
        let mut datagram = Vec::new();
        let mut progress = Progress::default();
        for (position, message) in messages.iter().enumerate() {
            self.sequence = self.sequence.checked_add(1).unwrap_or(NOTIFICATION + 1);
            if position == 0 {
                progress.first = self.sequence;
            }
            if position == awaited {
                progress.awaited = self.sequence;
            }
            message.write_to(self.sequence, &mut datagram);
        }
        send(self.fd.as_raw_fd(), &datagram, MsgFlags::empty()).map_err(io::Error::from)?;
        Ok(progress)
    }
}

/// Whether a table changed while it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Consistent,
    Interrupted,
}

/// How far the answer to one exchange has come.
#[derive(Debug, Default)]
struct Progress {
    first: u32,
    awaited: u32,
    reading: Reading,
    refusal: Option<Errno>,
    over: bool,
}

impl Progress {
    /// Notes what `message` says about the exchange; true when it carries content.
    fn take(&mut self, message: Received<'_>) -> bool {
        if message.sequence == NOTIFICATION {
            return true;
        }
        let expected = self.awaited.wrapping_sub(self.first);
        if message.sequence.wrapping_sub(self.first) > expected {
            return false;
        }
        if message.flags & NLM_F_DUMP_INTR != 0 {
            self.reading = Reading::Interrupted;
        }
        if !matches!(message.kind, NLMSG_ERROR | NLMSG_DONE) {
            return true;
        }
        let number = message.error_number().unwrap_or(0);
        if number != 0 && self.refusal.is_none() {
            self.refusal = Some(Errno::from_raw(number));
        }
        // The kernel refuses a batch as a whole under the number of its first message.
        let whole_batch = number != 0 && message.sequence == self.first;
        self.over = message.sequence == self.awaited || whole_batch;
        false
    }

    fn end(&self) -> Option<Result<Reading, NetlinkError>> {
        let end = self.refusal.map_or(Ok(self.reading), |errno| Err(NetlinkError::Refused(errno)));
        self.over.then_some(end)
    }
}

/// A socket that only listens to the kernel's notifications.
#[derive(Debug)]
pub struct Subscription {
    fd: OwnedFd,
    buffer: Vec<u8>,
}

impl Subscription {
    /// Joins `groups` (a bit mask) of `protocol`, without blocking on reads.
    ///
    /// # Errors
    /// When the kernel has no such protocol or group.
    pub fn open(protocol: SockProtocol, groups: u32) -> Result<Self, NetlinkError> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = open(protocol, flags, groups)?;
        Ok(Self { fd, buffer: vec![0; RECEIVE_BUFFER] })
    }

    /// Reads one datagram and hands its messages to `read`.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there, `ENOBUFS` when notifications were lost
    /// because nobody read them in time, else a failure of the socket.
    pub fn receive(&mut self, read: impl FnMut(Received<'_>)) -> io::Result<()> {
        let length = receive(self.fd.as_fd(), &mut self.buffer)?;
        Received::all_in(self.buffer.get(..length).unwrap_or_default()).for_each(read);
        Ok(())
    }
}

impl AsRawFd for Subscription {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl AsFd for Subscription {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn open(protocol: SockProtocol, flags: SockFlag, groups: u32) -> io::Result<OwnedFd> {
    let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
    setsockopt(&fd, sockopt::RcvBuf, &SOCKET_BUFFER)?;
    bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(fd)
}

/// The receive time limit shows as a read that would block.
fn silence(error: io::Error) -> NetlinkError {
    match error.kind() {
        io::ErrorKind::WouldBlock => NetlinkError::Silent,
        _ => NetlinkError::Socket(error),
    }
}

/// Reads one datagram into `buffer` and says how long it is.
fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        // With MSG_TRUNC the true length comes back, so a cut datagram is noticed.
        match recv(fd.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC) {
            Ok(length) if length > buffer.len() => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "datagram does not fit"));
            }
            Ok(length) => return Ok(length),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: u16 = 0x100;

    fn check(answers: &[(u16, u32, i32)], expected: Option<Result<(), Errno>>) {
        let mut progress = Progress { first: 10, awaited: 12, ..Progress::default() };
        for (kind, sequence, error) in answers {
            let payload = error.wrapping_neg().to_ne_bytes();
            let message =
                Received { kind: *kind, flags: 0, sequence: *sequence, payload: &payload };
            progress.take(message);
        }
        let end = progress.end().map(|end| match end {
            Ok(_) => Ok(()),
            Err(NetlinkError::Refused(errno)) => Err(errno),
            Err(other) => panic!("{other}"),
        });
        assert_eq!(end, expected, "{answers:?}");
    }

    #[test]
    fn an_exchange_is_over_when_its_last_message_is_answered() {
        let (denied, missing) = (Errno::EPERM, Errno::ENOENT);
        let error = NLMSG_ERROR;
        check(&[], None);
        check(&[(error, 11, 0)], None);
        check(&[(CONTENT, 12, 0)], None);
        check(&[(error, 12, 0)], Some(Ok(())));
        check(&[(NLMSG_DONE, 12, 0)], Some(Ok(())));
        check(&[(CONTENT, 0, 0)], None);
        check(&[(error, 9, missing as i32)], None);
        check(&[(error, 13, missing as i32)], None);
        check(&[(error, 11, missing as i32)], None);
        check(&[(error, 11, missing as i32), (error, 12, 0)], Some(Err(missing)));
        check(&[(error, 11, missing as i32), (error, 12, 1)], Some(Err(missing)));
        check(&[(error, 10, denied as i32)], Some(Err(denied)));
    }
}
