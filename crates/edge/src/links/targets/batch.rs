//! Many datagrams with one system call, each with the time at which the kernel had it.
//!
//! A batch is short, so that the time taken before it is that of its last datagram, too.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

/// Datagrams in a batch.
pub(super) const MOST: usize = 8;
/// The longest datagram that is looked at; of DNS as much as it may have without asking for more.
const LONGEST: usize = 1_500;

/// What was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) octets: &'a [u8],
    /// From whom, if that is an address of IPv4.
    pub(super) from: Option<SocketAddrV4>,
    /// When the kernel had it, if it says so.
    pub(super) at: Option<SystemTime>,
}

/// Room for a batch.
pub(super) struct Batch {
    octets: Box<[[u8; LONGEST]; MOST]>,
}

/// A control message of a time, and room to spare; aligned as they have to be.
type Control = [u64; 8];

impl Batch {
    pub(super) fn new() -> Self {
        Self { octets: Box::new([[0; LONGEST]; MOST]) }
    }

    /// Receives a batch without waiting, and hands each datagram over; `false` when there was none.
    pub(super) fn receive(
        &mut self,
        fd: BorrowedFd<'_>,
        mut take: impl FnMut(Received<'_>),
    ) -> io::Result<bool> {
        // SAFETY: all of these are plain structures of numbers and pointers, for which zeros are a value.
        let (mut from, mut control, mut headers): (
            [libc::sockaddr_in; MOST],
            [Control; MOST],
            [libc::mmsghdr; MOST],
        ) = unsafe { mem::zeroed() };
        let parts = self.octets.iter_mut().map(|octets| libc::iovec {
            iov_base: octets.as_mut_ptr().cast(),
            iov_len: octets.len(),
        });
        let mut parts: Vec<libc::iovec> = parts.collect();
        for (((header, part), from), control) in
            headers.iter_mut().zip(&mut parts).zip(&mut from).zip(&mut control)
        {
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = ptr::from_mut(from).cast();
            header.msg_hdr.msg_namelen = length_of::<libc::sockaddr_in>();
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        // SAFETY: the headers point to what lives until the call returns, each with its length.
        let count = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                headers.as_mut_ptr(),
                MOST as u32,
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
            let is_ipv4 = i32::from(from.sin_family) == libc::AF_INET;
            let address = SocketAddrV4::new(
                Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)),
                u16::from_be(from.sin_port),
            );
            take(Received {
                octets: octets.get(..length).unwrap_or(octets),
                from: is_ipv4.then_some(address),
                at: stamp(&header.msg_hdr),
            });
        }
        Ok(count > 0)
    }
}

/// Sends datagrams, [`MOST`] at most, and tells of each that could not be sent why.
pub(super) fn send(
    fd: BorrowedFd<'_>,
    datagrams: &[(Ipv4Addr, Vec<u8>)],
    mut failed: impl FnMut(usize, Errno),
) {
    let address = |to: &Ipv4Addr| libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from(*to).to_be() },
        sin_zero: [0; 8],
    };
    let mut to: Vec<_> = datagrams.iter().map(|(to, _)| address(to)).collect();
    let part = |(_, octets): &(Ipv4Addr, Vec<u8>)| libc::iovec {
        // It is only read from.
        iov_base: octets.as_ptr().cast_mut().cast(),
        iov_len: octets.len(),
    };
    let mut parts: Vec<_> = datagrams.iter().map(part).collect();
    let mut headers = Vec::with_capacity(datagrams.len());
    for (to, part) in to.iter_mut().zip(&mut parts) {
        // SAFETY: it is a structure of numbers and pointers, for which zeros are a value.
        let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
        header.msg_hdr.msg_name = ptr::from_mut(to).cast();
        header.msg_hdr.msg_namelen = length_of::<libc::sockaddr_in>();
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        headers.push(header);
    }
    let mut done = 0;
    while let Some(left) = headers.get_mut(done..).filter(|left| !left.is_empty()) {
        let count = u32::try_from(left.len()).unwrap_or_default();
        // SAFETY: the headers point to what lives until the call returns, each with its length.
        let sent =
            unsafe { libc::sendmmsg(fd.as_raw_fd(), left.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
        done += match Errno::result(sent) {
            Ok(sent) => usize::try_from(sent).unwrap_or_default().max(1),
            Err(errno) => {
                // Of the first that is left; the next have their own turn.
                failed(done, errno);
                1
            }
        };
    }
}

/// When the kernel had a datagram.
fn stamp(header: &libc::msghdr) -> Option<SystemTime> {
    // SAFETY: the header is one that the kernel filled, and its control messages live as long.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: it is null, or points to a control message within the header's room.
    while let Some(message) = unsafe { control.as_ref() } {
        if (message.cmsg_level, message.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
            // SAFETY: a message of this type has this structure, maybe not aligned.
            let time: libc::timespec =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(control).cast()) };
            let seconds = u64::try_from(time.tv_sec).ok()?;
            let nanos = u32::try_from(time.tv_nsec).ok()?;
            return UNIX_EPOCH.checked_add(Duration::new(seconds, nanos));
        }
        // SAFETY: both belong together.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}

fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use nix::sys::socket::{setsockopt, sockopt};

    use super::*;

    #[test]
    fn each_datagram_comes_with_its_sender_and_its_time() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        setsockopt(&receiver, sockopt::ReceiveTimestampns, &true).unwrap();
        let before = SystemTime::now();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in 0..10_u8 {
            sender.send_to(&[number; 3], receiver.local_addr().unwrap()).unwrap();
        }
        let mut batch = Batch::new();
        let mut numbers = Vec::new();
        let mut batches = 0;
        while batch
            .receive(receiver.as_fd(), |received| {
                assert_eq!(received.octets, [received.octets[0]; 3]);
                assert_eq!(received.from.map(Into::into), sender.local_addr().ok());
                let at = received.at.expect("the kernel says when");
                assert!(before <= at && at <= SystemTime::now());
                numbers.push(received.octets[0]);
            })
            .unwrap()
        {
            batches += 1;
        }
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert_eq!(batches, 2);
    }

    #[test]
    fn one_that_cannot_be_sent_does_not_keep_the_others_back() {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        // A port is missing, so nothing leaves; what counts is that each is told of.
        let datagrams = vec![(Ipv4Addr::LOCALHOST, vec![1]); 3];
        let mut failed = Vec::new();
        send(sender.as_fd(), &datagrams, |number, errno| failed.push((number, errno)));
        assert_eq!(failed, [0, 1, 2].map(|number| (number, Errno::EINVAL)));
    }
}
