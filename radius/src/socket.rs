//! UDP sockets with room for the burst after a district's power comes back.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, Protocol, Socket, Type};

/// Binds a non-blocking socket that buffers up to `receive_buffer` octets of unread datagrams. An IPv6 socket
/// takes IPv6 alone, so that `0.0.0.0` and `[::]` can stand side by side.
///
/// # Errors
/// What the kernel says, such as that the address is in use.
pub(crate) fn bind(address: SocketAddr, receive_buffer: usize) -> io::Result<UdpSocket> {
    bind_as(address, receive_buffer, Neighbours::None)
}

/// Binds `count` sockets to one address, between which the kernel chooses by the source of each
/// datagram, so that one access point's port always reaches the same socket.
///
/// # Errors
/// What the kernel says; the address is in use also if it is shared with another program.
pub(crate) fn bind_many(
    address: SocketAddr,
    receive_buffer: usize,
    count: usize,
) -> io::Result<Vec<UdpSocket>> {
    loop {
        let alone = bind(address, receive_buffer)?;
        if count <= 1 {
            return Ok(vec![alone]);
        }
        // Whoever shares an address shares it with every program of the same user; that nobody else
        // has it is known from the socket that had it alone.
        let own = alone.local_addr()?;
        drop(alone);
        let bound: io::Result<Vec<_>> =
            (0..count).map(|_| bind_as(own, receive_buffer, Neighbours::Sharing)).collect();
        match bound {
            // A port that the kernel chose was given to somebody else meanwhile: it chooses again.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 => {}
            bound => return bound,
        }
    }
}

/// Who else may be bound to the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbours {
    None,
    Sharing,
}

fn bind_as(
    address: SocketAddr,
    receive_buffer: usize,
    neighbours: Neighbours,
) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if neighbours == Neighbours::Sharing {
        socket.set_reuse_port(true)?;
    }
    enlarge(&socket, receive_buffer)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Asks beyond the system's limit first, which needs a right, then within it.
fn enlarge(socket: &Socket, receive_buffer: usize) -> io::Result<()> {
    if setsockopt(socket, RcvBufForce, &receive_buffer).is_ok() {
        return Ok(());
    }
    socket.set_recv_buffer_size(receive_buffer)?;
    let granted = socket.recv_buffer_size()?;
    if granted < receive_buffer {
        tracing::warn!(
            socket.wanted = receive_buffer,
            socket.granted = granted,
            "the kernel grants a smaller receive buffer; raise net.core.rmem_max"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_share_an_address_with_each_other_and_with_nobody_else() {
        let sockets = bind_many("127.0.0.1:0".parse().unwrap(), 65_536, 3).unwrap();
        let address = sockets[0].local_addr().unwrap();
        assert!(sockets.iter().all(|socket| socket.local_addr().unwrap() == address));
        let error = bind_many(address, 65_536, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
