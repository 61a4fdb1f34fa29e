//! Many datagrams with one system call, each with the time at which the kernel had it.
//!
//! Few are sent together, so that the time taken before that is the last one's, too. Of what is received
//! the kernel says when it came, however many are taken.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use socket2::SockAddr;

/// Datagrams that are sent together.
pub(super) const MOST: usize = 8;
/// Datagrams that are received together.
const TAKEN: usize = 32;
/// The longest datagram that is looked at; of DNS as much as it may have without asking for more.
const LONGEST: usize = 1_500;

/// What was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) octets: &'a [u8],
    /// From whom, if that is an address of IP.
    pub(super) from: Option<SocketAddr>,
    /// When the kernel had it, if it says so.
    pub(super) at: Option<SystemTime>,
    /// The hop limit of IPv6 that it came with, if the kernel says so.
    pub(super) hops: Option<u8>,
}

/// Room for a batch.
pub(super) struct Batch {
    octets: Box<[[u8; LONGEST]; TAKEN]>,
    control: Box<[Control; TAKEN]>,
}

/// Control messages of a time and a hop limit, and room to spare; aligned as they have to be.
type Control = [u64; 8];

impl Batch {
    pub(super) fn new() -> Self {
        Self { octets: Box::new([[0; LONGEST]; TAKEN]), control: Box::new([[0; 8]; TAKEN]) }
    }

    /// Receives a batch without waiting, and hands each datagram over; `false` when there was none.
    pub(super) fn receive(
        &mut self,
        fd: BorrowedFd<'_>,
        mut take: impl FnMut(Received<'_>),
    ) -> io::Result<bool> {
        // SAFETY: these are plain structures of numbers and pointers, for which zeros are a value.
        let (mut from, mut parts, mut headers): (
            [libc::sockaddr_in6; TAKEN],
            [libc::iovec; TAKEN],
            [libc::mmsghdr; TAKEN],
        ) = unsafe { mem::zeroed() };
        let room = self.octets.iter_mut().zip(self.control.iter_mut());
        for (((header, part), from), (octets, control)) in
            headers.iter_mut().zip(&mut parts).zip(&mut from).zip(room)
        {
            part.iov_base = octets.as_mut_ptr().cast();
            part.iov_len = octets.len();
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = ptr::from_mut(from).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        // SAFETY: the headers point to what lives until the call returns, each with its length.
        let count = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                headers.as_mut_ptr(),
                TAKEN as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = match Errno::result(count) {
            Ok(count) => usize::try_from(count).unwrap_or_default(),
            Err(Errno::EAGAIN) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        };
        for ((header, octets), from) in
            headers.iter().zip(self.octets.iter()).zip(&from).take(count)
        {
            let length = usize::try_from(header.msg_len).unwrap_or_default();
            let (at, hops) = controls(&header.msg_hdr);
            let octets = octets.get(..length).unwrap_or(octets);
            take(Received { octets, from: sender(from), at, hops });
        }
        Ok(count > 0)
    }
}

/// Whether the way to somebody is known to be open. Where it is, the kernel is told that the next hop's
/// address is right, as by heartbeats: it would ask for it again every half minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Unknown,
    Open,
}

impl Way {
    /// The flags with which is sent what goes there.
    pub(super) const fn flags(self) -> libc::c_int {
        match self {
            Self::Unknown => 0,
            Self::Open => libc::MSG_CONFIRM,
        }
    }
}

/// Datagrams of one length that are gathered to be sent together, [`MOST`] at most.
pub(super) struct Outgoing<const LENGTH: usize> {
    datagrams: Vec<(SockAddr, [u8; LENGTH])>,
    ways: Vec<Way>,
}

impl<const LENGTH: usize> Outgoing<LENGTH> {
    pub(super) fn new() -> Self {
        Self { datagrams: Vec::with_capacity(MOST), ways: Vec::with_capacity(MOST) }
    }

    /// Adds one; `false` if there is no room.
    pub(super) fn put(&mut self, (to, way): (SocketAddr, Way), octets: [u8; LENGTH]) -> bool {
        let has_room = self.datagrams.len() < MOST;
        if has_room {
            self.datagrams.push((to.into(), octets));
            self.ways.push(way);
        }
        has_room
    }

    /// Sends all of them, and tells of each that could not be sent why.
    pub(super) fn send(&mut self, fd: BorrowedFd<'_>, mut failed: impl FnMut(usize, Errno)) {
        // SAFETY: these are plain structures of numbers and pointers, for which zeros are a value.
        let (mut parts, mut headers): ([libc::iovec; MOST], [libc::mmsghdr; MOST]) =
            unsafe { mem::zeroed() };
        for ((header, part), (to, octets)) in
            headers.iter_mut().zip(&mut parts).zip(&mut self.datagrams)
        {
            part.iov_base = octets.as_mut_ptr().cast();
            part.iov_len = octets.len();
            // It is only read from.
            header.msg_hdr.msg_name = to.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = to.len();
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
        }
        let mut done = 0;
        while let Some(way) = self.ways.get(done) {
            // The flags are those of a whole call.
            let alike = self.ways.iter().skip(done).take_while(|of| *of == way).count();
            let Some(left) = headers.get_mut(done..done + alike) else { break };
            let count = u32::try_from(left.len()).unwrap_or_default();
            let (fd, left) = (fd.as_raw_fd(), left.as_mut_ptr());
            let flags = libc::MSG_DONTWAIT | way.flags();
            // SAFETY: the headers point to what lives until the call returns, each with its length.
            let sent = unsafe { libc::sendmmsg(fd, left, count, flags) };
            done += match Errno::result(sent) {
                Ok(sent) => usize::try_from(sent).unwrap_or_default().max(1),
                Err(errno) => {
                    // Of the first that is left; the next have their own turn.
                    failed(done, errno);
                    1
                }
            };
        }
        self.datagrams.clear();
        self.ways.clear();
    }
}

/// The address that the kernel wrote there, which is shorter if it is of IPv4.
fn sender(from: &libc::sockaddr_in6) -> Option<SocketAddr> {
    match i32::from(from.sin6_family) {
        libc::AF_INET => {
            // SAFETY: it is of this family, and there is more room than it takes.
            let from = unsafe { ptr::from_ref(from).cast::<libc::sockaddr_in>().read() };
            let address = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
            Some(SocketAddrV4::new(address, u16::from_be(from.sin_port)).into())
        }
        libc::AF_INET6 => {
            let (address, port) = (from.sin6_addr.s6_addr, u16::from_be(from.sin6_port));
            let (flow, scope) = (from.sin6_flowinfo, from.sin6_scope_id);
            Some(SocketAddrV6::new(address.into(), port, flow, scope).into())
        }
        _ => None,
    }
}

/// When the kernel had a datagram, and its hop limit.
fn controls(header: &libc::msghdr) -> (Option<SystemTime>, Option<u8>) {
    let (mut at, mut hops) = (None, None);
    // SAFETY: the header is one that the kernel filled, and its control messages live as long.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: it is null, or points to a control message within the header's room.
    while let Some(message) = unsafe { control.as_ref() } {
        match (message.cmsg_level, message.cmsg_type) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: a message of this type has this structure, maybe not aligned.
                let time: libc::timespec =
                    unsafe { ptr::read_unaligned(libc::CMSG_DATA(control).cast()) };
                at = moment(time);
            }
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                // SAFETY: a message of this type has this number, maybe not aligned.
                let left: libc::c_int =
                    unsafe { ptr::read_unaligned(libc::CMSG_DATA(control).cast()) };
                hops = u8::try_from(left).ok();
            }
            _ => {}
        }
        // SAFETY: both belong together.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    (at, hops)
}

fn moment(time: libc::timespec) -> Option<SystemTime> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use nix::sys::socket::{setsockopt, sockopt};

    use super::*;

    /// Forty datagrams from a socket to one at that address, each with its number.
    fn receive(at: &str) {
        let receiver = UdpSocket::bind(at).unwrap();
        setsockopt(&receiver, sockopt::ReceiveTimestampns, &true).unwrap();
        if receiver.local_addr().unwrap().is_ipv6() {
            setsockopt(&receiver, sockopt::Ipv6RecvHopLimit, &true).unwrap();
        }
        let before = SystemTime::now();
        let sender = UdpSocket::bind(at).unwrap();
        let (to, mut outgoing) = (receiver.local_addr().unwrap(), Outgoing::new());
        for number in 0..40_u8 {
            // Some alike in a row, and some that are not.
            let way = if number % 5 < 2 { Way::Open } else { Way::Unknown };
            if !outgoing.put((to, way), [number; 3]) {
                outgoing.send(sender.as_fd(), |_, errno| panic!("{errno}"));
                assert!(outgoing.put((to, way), [number; 3]));
            }
        }
        outgoing.send(sender.as_fd(), |_, errno| panic!("{errno}"));
        let mut batch = Batch::new();
        let (mut numbers, mut batches) = (Vec::new(), 0);
        while batch
            .receive(receiver.as_fd(), |received| {
                assert_eq!(received.octets, [received.octets[0]; 3]);
                assert_eq!(received.from, sender.local_addr().ok());
                assert_eq!(received.hops, to.is_ipv6().then_some(64));
                let at = received.at.expect("the kernel says when");
                assert!(before <= at && at <= SystemTime::now());
                numbers.push(received.octets[0]);
            })
            .unwrap()
        {
            batches += 1;
        }
        assert_eq!(numbers, (0..40).collect::<Vec<_>>());
        assert_eq!(batches, 40_usize.div_ceil(TAKEN));
    }

    #[test]
    fn each_datagram_comes_with_its_sender_and_its_time() {
        receive("127.0.0.1:0");
        receive("[::1]:0");
    }

    #[test]
    fn one_that_cannot_be_sent_does_not_keep_the_others_back() {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut outgoing = Outgoing::new();
        // A port is missing, so nothing leaves; what counts is that each is told of.
        for way in [Way::Open, Way::Open, Way::Unknown] {
            assert!(outgoing.put(("127.0.0.1:0".parse().unwrap(), way), [1]));
        }
        let mut failed = Vec::new();
        outgoing.send(sender.as_fd(), |number, errno| failed.push((number, errno)));
        assert_eq!(failed, [0, 1, 2].map(|number| (number, Errno::EINVAL)));
        outgoing.send(sender.as_fd(), |number, _| panic!("{number} was sent before"));
    }
}
