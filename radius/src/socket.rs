//! UDP sockets with room for the burst after a district's power comes back.

use std::io;
use std::net::SocketAddr;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

/// Binds a socket that buffers up to `receive_buffer` octets of unread datagrams. An IPv6 socket
/// takes IPv6 alone, so that `0.0.0.0` and `[::]` can stand side by side.
///
/// # Errors
/// What the kernel says, such as that the address is in use.
pub(crate) fn bind(address: SocketAddr, receive_buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    enlarge(&socket, receive_buffer)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
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
