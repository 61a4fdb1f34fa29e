//! Datagrams in and out of a UDP socket many at a time: one system call for up to 64 of them.
//!
//! It never waits; what the kernel does not take at once is given back as unsent. The headers of
//! a call are made for it alone, since the kernel leaves lengths and pointers behind in them.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
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

/// Sends the first of `datagrams`, at most [`MOST`]; returns how many the kernel took.
///
/// # Errors
/// What the kernel says about the very first of them.
pub(crate) fn send<'a>(
    socket: &UdpSocket,
    datagrams: impl Iterator<Item = (SocketAddr, &'a [u8])>,
) -> io::Result<usize> {
    let (addresses, slices): (Vec<_>, Vec<_>) = datagrams
        .take(MOST)
        .map(|(to, octets)| (Some(SockaddrStorage::from(to)), [IoSlice::new(octets)]))
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
    use super::*;

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

    #[tokio::test]
    async fn what_is_sent_together_arrives_in_order_with_its_source() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let here = UdpSocket::bind(any).await.unwrap();
            let there = UdpSocket::bind(any).await.unwrap();
            let (from, to) = (here.local_addr().unwrap(), there.local_addr().unwrap());
            let packets: Vec<Vec<u8>> = (0_u8..100).map(|n| vec![n; usize::from(n) + 1]).collect();
            let mut sent = 0;
            while sent < packets.len() {
                here.writable().await.unwrap();
                let rest = packets.iter().skip(sent).map(|octets| (to, octets.as_slice()));
                let now = send(&here, rest).unwrap();
                assert!((1..=MOST).contains(&now));
                sent += now;
            }
            let expected: Vec<_> = packets.into_iter().map(|octets| (from, octets)).collect();
            assert_eq!(receive_all(&there, 100).await, expected);
        }
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
