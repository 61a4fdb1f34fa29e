//! Three networks without any right on the machine: FRR's, ours, and a router's between them.

use std::fs;
use std::io::{BufRead, BufReader, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// FRR's address on the wire.
pub const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// Ours.
pub const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// FRR's IPv6 address on the wire.
pub const THEIRS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
/// Ours.
pub const OURS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);
/// FRR's address beyond the router.
pub const THEIRS_AFAR: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
/// Ours.
pub const OURS_AFAR: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 2);

/// FRR runs as a user of its own, and wants it to be in a group; here all are root.
const USERS: &str = "root:x:0:0::/:/bin/sh\nfrr:x:0:0::/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nfrr:x:0:\nfrrvty:x:0:frr\n";

/// Opens a socket to receive with and one to send with, and hands them over.
const OPEN: &str = r#"
import socket, sys
device, address, port = sys.argv[1:]
family, anywhere = (socket.AF_INET6, "::") if ":" in address else (socket.AF_INET, "0.0.0.0")
def opened(address, port):
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.bind((address, port))
    return opened
both = [opened(anywhere, int(port)), opened(address, 49152)]
socket.send_fds(socket.socket(fileno=0), [b"."], [each.fileno() for each in both])
"#;

/// A network that lasts until it is dropped.
struct Network(Child);

impl Network {
    fn keep(mut command: Command) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "laid\n", "this kernel gives no user namespaces");
        Self(keeper)
    }

    fn command(&self, words: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.0.id().to_string(), "--user", "--mount", "--net"]);
        command.arg("--preserve-credentials").args(words);
        command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
        command
    }

    fn run(&self, script: &str) {
        let output = self.command(&["sh", "-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The networks, and a folder for files.
pub struct Ground {
    ours: Network,
    _between: Network,
    theirs: Network,
    dir: tempfile::TempDir,
}

impl Ground {
    pub fn lay() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("passwd", USERS), ("group", GROUPS), ("vtysh.conf", "")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let place = dir.path().display();
        let mut first = Command::new("unshare");
        first.args(["--user", "--map-root-user", "--mount", "--net", "sh", "-ec"]).arg(format!(
            "mount --bind {place}/passwd /etc/passwd; mount --bind {place}/group /etc/group\n\
             ip link set lo up; echo laid; exec cat"
        ));
        let theirs = Network::keep(first);
        let further = || {
            let script = "ip link set lo up; echo laid; exec cat";
            Network::keep(theirs.command(&["unshare", "--net", "sh", "-ec", script]))
        };
        let (ours, between) = (further(), further());
        let (our, router) = (ours.0.id(), between.0.id());
        theirs.run(&format!(
            "ip link add name wire type veth peer name wire netns {our}\n\
             ip link add name wan type veth peer name first netns {router}\n\
             ip address add {THEIRS}/24 dev wire; ip link set wire up\n\
             ip address add {THEIRS_V6}/64 dev wire nodad\n\
             ip address add {THEIRS_AFAR}/24 dev wan; ip link set wan up"
        ));
        ours.run(&format!(
            "ip link add name wan type veth peer name second netns {router}\n\
             ip address add {OURS}/24 dev wire; ip link set wire up\n\
             ip address add {OURS_V6}/64 dev wire nodad\n\
             ip address add {OURS_AFAR}/24 dev wan; ip link set wan up\n\
             ip route add 10.1.0.0/24 via 10.2.0.254"
        ));
        theirs.run("ip route add 10.2.0.0/24 via 10.1.0.254");
        between.run(
            "ip address add 10.1.0.254/24 dev first; ip link set first up\n\
             ip address add 10.2.0.254/24 dev second; ip link set second up\n\
             sysctl -qw net.ipv4.ip_forward=1",
        );
        Self { ours, _between: between, theirs, dir }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command where FRR is.
    pub fn theirs(&self, words: &[&str]) -> Command {
        self.theirs.command(words)
    }

    /// Has nothing that FRR says on the wire arrive where we are, or everything again.
    pub fn deafen_us(&self, is_deaf: bool) {
        self.ours.run(match is_deaf {
            true => {
                "nft 'table ip deaf { chain input { type filter hook input priority 0; \
                 udp dport 3784 drop; }; }'"
            }
            false => "nft delete table ip deaf",
        });
    }

    /// Sockets where we are: to receive at that port, and to send from that address.
    pub fn open(&self, device: &str, address: IpAddr, port: u16) -> [UdpSocket; 2] {
        let (near, far) = UnixStream::pair().unwrap();
        let words = ["python3", "-c", OPEN, device, &address.to_string(), &port.to_string()];
        let output = self.ours.command(&words).stdin(OwnedFd::from(far)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        handed_over(&near)
    }
}

fn handed_over(channel: &UnixStream) -> [UdpSocket; 2] {
    let mut room = cmsg_space!([RawFd; 2]);
    // The programs of other tests must not inherit them.
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let mut octet = [0];
    let mut slices = [IoSliceMut::new(&mut octet)];
    let message = recvmsg::<()>(channel.as_raw_fd(), &mut slices, Some(&mut room), flags).unwrap();
    let rights = message.cmsgs().unwrap().find_map(|message| match message {
        ControlMessageOwned::ScmRights(rights) => Some(rights),
        _ => None,
    });
    let rights: [RawFd; 2] = rights.unwrap().try_into().unwrap();
    rights.map(|right| {
        // SAFETY: the kernel has just given it to this process, and nobody else has it.
        UdpSocket::from(unsafe { OwnedFd::from_raw_fd(right) })
    })
}
