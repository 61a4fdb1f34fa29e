//! Three networks without any right on the machine: that of FRR or BIRD, ours, and a router's between
//! them.

use std::fs;
use std::io::{BufRead, BufReader, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use nix::unistd::gettid;

/// Their address on the wire.
pub const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// Ours.
pub const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Their IPv6 address on the wire.
pub const THEIRS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
/// Ours.
pub const OURS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);
/// Their address beyond the router.
pub const THEIRS_AFAR: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
/// Ours.
pub const OURS_AFAR: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 2);

/// FRR runs as a user of its own, and wants it to be in a group; here all are root.
const USERS: &str = "root:x:0:0::/:/bin/sh\nfrr:x:0:0::/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nfrr:x:0:\nfrrvty:x:0:frr\n";

/// Opens for each place a socket to receive with and one to send with, and hands them over.
const OPEN: &str = r#"
import socket, sys
channel = socket.socket(fileno=0)
def opened(device, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    opened.bind((address, port))
    return opened
for own, place in enumerate(sys.argv[1:], 49152):
    device, address, port = place.split()
    both = [opened(device, address, int(port)), opened(device, address, own)]
    socket.send_fds(channel, [b"."], [each.fileno() for each in both])
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
        // Heartbeats are about time, and not about what else this machine does. Who may not ask for it
        // goes without.
        let thread = gettid().to_string();
        Command::new("renice").args(["-n", "-10", "-p", &thread]).output().ok();
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

    /// A command where they are.
    pub fn theirs(&self, words: &[&str]) -> Command {
        self.theirs.command(words)
    }

    /// Has nothing that they say on the wire arrive where we are, or everything again.
    pub fn deafen_us(&self, is_deaf: bool) {
        self.ours.run(match is_deaf {
            true => {
                "nft 'table ip deaf { chain input { type filter hook input priority 0; \
                 udp dport 3784 drop; }; }'"
            }
            false => "nft delete table ip deaf",
        });
    }

    /// Has nothing of BFD leave us from any of these addresses or arrive at it.
    pub fn silence(&self, addresses: &[IpAddr]) {
        let of = |is_wanted: fn(&IpAddr) -> bool| {
            let wanted = addresses.iter().filter(|address| is_wanted(address));
            wanted.map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
        };
        let (v4, v6) = (of(IpAddr::is_ipv4), of(IpAddr::is_ipv6));
        let chain = |hook: &str, end: &str| {
            format!(
                "chain {hook} {{ type filter hook {hook} priority 0; \
                 udp dport {{ 3784, 4784 }} ip {end} {{ {v4} }} drop; \
                 udp dport {{ 3784, 4784 }} ip6 {end} {{ {v6} }} drop; }};"
            )
        };
        let (input, output) = (chain("input", "daddr"), chain("output", "saddr"));
        self.ours.run(&format!("nft 'table inet silence {{ {input} {output} }}'"));
    }

    /// Ends that.
    pub fn end_silence(&self) {
        self.ours.run("nft delete table inet silence");
    }

    /// Gives both ends of some paths their addresses: device, theirs, ours.
    pub fn give(&self, addresses: &[(&str, IpAddr, IpAddr)]) {
        let give = |network: &Network, own: fn(&(&str, IpAddr, IpAddr)) -> IpAddr| {
            let line = |each: &(&str, IpAddr, IpAddr)| {
                let (bits, rest) = if own(each).is_ipv4() { (24, "") } else { (64, " nodad") };
                format!("address add {}/{bits} dev {}{rest}\n", own(each), each.0)
            };
            let lines: String = addresses.iter().map(line).collect();
            network.run(&format!("ip -batch - <<END\n{lines}END\n"));
        };
        give(&self.theirs, |each| each.1);
        give(&self.ours, |each| each.2);
    }

    /// Sockets where we are, for each place one to receive there, and one to send from its address.
    pub fn open(&self, places: &[Place<'_>]) -> Vec<[UdpSocket; 2]> {
        let (near, far) = UnixStream::pair().unwrap();
        let mut words = vec!["python3".to_owned(), "-c".to_owned(), OPEN.to_owned()];
        words.extend(
            places
                .iter()
                .map(|Place { device, address, port }| format!("{device} {address} {port}")),
        );
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut opening = self.ours.command(&words).stdin(OwnedFd::from(far)).spawn().unwrap();
        let sockets = places.iter().map(|_| handed_over(&near)).collect();
        assert!(opening.wait().unwrap().success());
        sockets
    }
}

/// Where packets of a session arrive.
pub struct Place<'a> {
    pub device: &'a str,
    pub address: IpAddr,
    pub port: u16,
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
