//! Datagrams in and out of a UDP socket many at a time: one system call for up to 64 of them.
//!
//! It never waits; what the kernel does not take at once is given back as unsent. The headers of
//! a call are made for it alone, since the kernel leaves lengths and pointers behind in them.
//! Datagrams of one length to one address, which is what a controller or proxy in front of many
//! access points is sent, go through the kernel as one that is cut last of all (UDP_SEGMENT).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg, sendmsg,
};
use radius_proto::packet::MAX_PACKET_OCTETS;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// The most datagrams in one system call.
pub(crate) const MOST: usize = 64;

/// Room for what is received.
pub(crate) struct Inbox(Vec<u8>);

impl Inbox {
    pub(crate) fn new() -> Self {
        Self(vec![0; MOST * MAX_PACKET_OCTETS])
    }

    /// Hands over every datagram that one system call brings, and returns how many there were;
    /// of one that is longer than a packet can be, the beginning.
    ///
    /// # Errors
    /// What the kernel says; [`io::ErrorKind::WouldBlock`] when there is none.
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
        mut take: impl FnMut(SocketAddr, &[u8]),
    ) -> io::Result<usize> {
        let received = socket.try_io(Interest::READABLE, || {
            let chunks = self.0.chunks_mut(MAX_PACKET_OCTETS);
            let mut slices: Vec<_> = chunks.map(|chunk| [IoSliceMut::new(chunk)]).collect();
            let mut headers = MultiHeaders::preallocate(MOST, None);
            let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
            let messages = recvmmsg(fd, &mut headers, &mut slices, flags, None)?;
            let told = messages.map(|message| (message.bytes, message.address.and_then(address)));
            Ok(told.collect::<Vec<_>>())
        })?;
        for ((length, source), buffer) in received.iter().zip(self.0.chunks(MAX_PACKET_OCTETS)) {
            if let (Some(source), Some(octets)) = (source, buffer.get(..*length)) {
                take(*source, octets);
            }
        }
        Ok(received.len())
    }
}

/// A datagram on its way out.
type Outgoing<'a> = (SocketAddr, &'a [u8]);

/// Datagrams of a kind that are worth sending as one.
const WORTH_JOINING: usize = 4;
/// Octets of what is sent as one; the kernel takes less than 65,536 with its headers.
const MOST_JOINED: usize = 65_000;

/// The way out of a socket.
pub(crate) struct Outbox {
    /// Until kernel or device refuse it.
    joins: bool,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self { joins: true }
    }

    /// Sends the first of `datagrams`, at most [`MOST`]; returns how many the kernel took. Those
    /// of one length to one address should stand together.
    ///
    /// # Errors
    /// What the kernel says about the very first of them.
    pub(crate) fn send<'a>(
        &mut self,
        socket: &UdpSocket,
        datagrams: impl Iterator<Item = Outgoing<'a>>,
    ) -> io::Result<usize> {
        let datagrams: Vec<_> = datagrams.take(MOST).collect();
        if !self.joins {
            return send_each(socket, &datagrams);
        }
        let runs = datagrams.chunk_by(|(to, octets), (next_to, next_octets)| {
            to == next_to && octets.len() == next_octets.len() && !octets.is_empty()
        });
        let mut single = 0;
        for run in runs {
            let run = &run[..run.len().min(MOST_JOINED / run[0].1.len().max(1))];
            if run.len() < WORTH_JOINING {
                single += run.len();
                continue;
            }
            if single > 0 {
                break;
            }
            return match send_joined(socket, run) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    let sent = send_each(socket, run)?;
                    self.joins = false;
                    Ok(sent)
                }
                sent => sent,
            };
        }
        send_each(socket, &datagrams[..single])
    }
}

/// Sends what has one length and goes to one address.
fn send_joined(socket: &UdpSocket, run: &[Outgoing<'_>]) -> io::Result<usize> {
    let Some((to, first)) = run.first() else { return Ok(0) };
    let length = u16::try_from(first.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let slices: Vec<_> = run.iter().map(|(_, octets)| IoSlice::new(octets)).collect();
    socket.try_io(Interest::WRITABLE, || {
        let cut = [ControlMessage::UdpGsoSegments(&length)];
        let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        sendmsg(fd, &slices, &cut, flags, Some(&SockaddrStorage::from(*to)))?;
        Ok(run.len())
    })
}

fn send_each(socket: &UdpSocket, datagrams: &[Outgoing<'_>]) -> io::Result<usize> {
    let (addresses, slices): (Vec<_>, Vec<_>) = datagrams
        .iter()
        .map(|(to, octets)| (Some(SockaddrStorage::from(*to)), [IoSlice::new(octets)]))
        .unzip();
    socket.try_io(Interest::WRITABLE, || {
        let mut headers = MultiHeaders::preallocate(slices.len(), None);
        let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        Ok(sendmmsg(fd, &mut headers, &slices, &addresses, [], flags)?.count())
    })
}

fn address(storage: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::setsockopt;
    use nix::{setsockopt_impl, sockopt_impl};

    use super::*;

    sockopt_impl!(NoCheck, SetOnly, libc::SOL_SOCKET, libc::SO_NO_CHECK, bool);

    async fn receive_all(socket: &UdpSocket, most: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut inbox = Inbox::new();
        let mut all = Vec::new();
        while all.len() < most {
            socket.readable().await.unwrap();
            match inbox.receive(socket, |source, octets| all.push((source, octets.to_vec()))) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        all
    }

    async fn send_all(outbox: &mut Outbox, here: &UdpSocket, to: SocketAddr, packets: &[Vec<u8>]) {
        let mut rest = packets;
        while !rest.is_empty() {
            here.writable().await.unwrap();
            let now = outbox.send(here, rest.iter().map(|one| (to, one.as_slice()))).unwrap();
            assert!((1..=MOST).contains(&now));
            rest = &rest[now..];
        }
    }

    #[tokio::test]
    async fn what_is_sent_together_arrives_in_order_with_its_source() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let here = UdpSocket::bind(any).await.unwrap();
            let there = UdpSocket::bind(any).await.unwrap();
            let (from, to) = (here.local_addr().unwrap(), there.local_addr().unwrap());
            // Runs of one length that are worth joining, and others.
            let lengths = (1..40).chain([20; 70]).chain(50..54).chain([1_400; 10]).chain([7; 3]);
            let packets: Vec<Vec<u8>> =
                lengths.zip((0_u8..=255).cycle()).map(|(length, n)| vec![n; length]).collect();
            for mut outbox in [Outbox::new(), Outbox { joins: false }] {
                send_all(&mut outbox, &here, to, &packets).await;
                let expected: Vec<_> = packets.iter().map(|one| (from, one.clone())).collect();
                assert_eq!(receive_all(&there, packets.len()).await, expected);
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_joined_is_sent_singly_from_then_on() {
        let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The kernel joins nothing that has no checksum.
        setsockopt(&here, NoCheck, &true).unwrap();
        let packets = vec![vec![1; 40]; 10];
        let mut outbox = Outbox::new();
        send_all(&mut outbox, &here, there.local_addr().unwrap(), &packets).await;
        assert_eq!(receive_all(&there, 10).await.len(), 10);
        assert!(!outbox.joins);
    }

    #[tokio::test]
    async fn a_datagram_longer_than_any_packet_is_cut() {
        let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        here.send_to(&[7; 9_000], there.local_addr().unwrap()).await.unwrap();
        let received = receive_all(&there, 1).await;
        assert_eq!(received.iter().map(|(_, octets)| octets.len()).collect::<Vec<_>>(), [4_096]);
    }

    #[tokio::test]
    async fn an_empty_socket_is_told_from_a_broken_one() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let error = Inbox::new().receive(&socket, |_, _| panic!("nothing was sent")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
