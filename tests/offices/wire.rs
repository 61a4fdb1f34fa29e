//! A cable in user space, for kernels that cannot delay and lose: frames are taken from one end and given
//! to the other as its [`Weather`] has it, which may change while it runs.
//!
//! The ends are packet sockets in a namespace of the story, opened there and handed to this process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::cmsg_space;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recv, recvmsg, send};
use nix::sys::time::TimeSpec;

use crate::weather::{Lane, Weather};

/// Opens a packet socket on each device and hands them over. A frame comes after 10 octets which say what
/// of its checksum is left to do, and goes on with them.
const OPEN: &str = r#"
import socket, sys
def opened(device):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, SOL_PACKET = 15, 23, 263
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    opened.bind((device, 3))
    return opened
both = [opened(device) for device in sys.argv[1:]]
socket.send_fds(socket.socket(fileno=0), [b"."], [each.fileno() for each in both])
"#;

/// The octets before a packet: those of the socket, and the frame's own.
const BEFORE: usize = 10 + 14;
/// Of one end so many frames are taken before those that are due go on.
const IN_A_ROW: usize = 64;
/// As long as a frame can be.
const LONGEST: usize = 65_536 + BEFORE;

/// A cable, until it is dropped.
pub struct Wire {
    /// Towards the first end, and towards the second.
    lanes: [Arc<Mutex<Lane>>; 2],
    threads: Vec<JoinHandle<()>>,
    over: Option<UnixStream>,
}

impl Wire {
    /// Between two devices of the place where that command runs something.
    pub fn open(mut command: Command, devices: [&str; 2]) -> Self {
        let (near, far) = UnixStream::pair().unwrap();
        command.args(["python3", "-c", OPEN]).args(devices);
        let output = command.stdin(OwnedFd::from(far)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::between(handed_over(&near))
    }

    fn between(ends: [OwnedFd; 2]) -> Self {
        let ends = ends.map(Arc::new);
        let lanes = [1, 2].map(|seed| Arc::new(Mutex::new(Lane::new(seed))));
        let (over, listening) = UnixStream::pair().unwrap();
        let threads = (0..2).map(|to| {
            let (from, to) = (Arc::clone(&ends[1 - to]), (Arc::clone(&ends[to]), &lanes[to]));
            let (to, lane) = (to.0, Arc::clone(to.1));
            let listening = listening.try_clone().unwrap();
            std::thread::spawn(move || forward(&from, &to, &lane, &listening))
        });
        let threads = threads.collect();
        Self { lanes, threads, over: Some(over) }
    }

    /// Has that weather in both directions.
    pub fn set(&self, weather: &Weather) {
        for end in 1..=2 {
            self.set_towards(end, weather.clone());
        }
    }

    /// Has it in the direction of the first or the second end.
    pub fn set_towards(&self, end: usize, weather: Weather) {
        lock(&self.lanes[end - 1]).weather = weather;
    }

    /// Is cut in both directions.
    pub fn cut(&self) {
        self.set(&Weather { is_cut: true, ..Weather::default() });
    }

    /// Is as good as new.
    pub fn heal(&self) {
        self.set(&Weather::default());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.over.take());
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// A frame on its way: when it arrives, its number, and what is sent then.
type UnderWay = Reverse<(Instant, u64, Arc<[u8]>)>;

/// Carries frames in one direction until it is over.
fn forward(from: &OwnedFd, to: &OwnedFd, lane: &Mutex<Lane>, over: &UnixStream) {
    let mut under_way = BinaryHeap::<UnderWay>::new();
    let mut frame = vec![0; LONGEST];
    let mut number = 0;
    loop {
        let next = under_way.peek().map(|Reverse((arrival, ..))| *arrival);
        let left = next.map(|next| next.saturating_duration_since(Instant::now()));
        let mut fds = [from.as_fd(), over.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        ppoll(&mut fds, left.map(TimeSpec::from), None).ok();
        if fds[1].any().unwrap_or_default() {
            return;
        }
        for _ in 0..IN_A_ROW {
            let Ok(length) = recv(from.as_raw_fd(), &mut frame, MsgFlags::MSG_DONTWAIT) else {
                // There is none, or the device is not up.
                break;
            };
            let octets = length.saturating_sub(BEFORE);
            let arrivals = lock(lane).arrivals(octets, Instant::now());
            if arrivals == [None; 2] {
                continue;
            }
            let frame = Arc::<[u8]>::from(&frame[..length]);
            for arrival in arrivals.into_iter().flatten() {
                number += 1;
                under_way.push(Reverse((arrival, number, Arc::clone(&frame))));
            }
        }
        let now = Instant::now();
        while under_way.peek().is_some_and(|Reverse((arrival, ..))| *arrival <= now) {
            let Some(Reverse((_, _, frame))) = under_way.pop() else { break };
            if !lock(lane).weather.is_cut {
                // A device that is down takes none.
                send(to.as_raw_fd(), &frame, MsgFlags::MSG_DONTWAIT).ok();
            }
        }
    }
}

fn lock(lane: &Mutex<Lane>) -> std::sync::MutexGuard<'_, Lane> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

fn handed_over(channel: &UnixStream) -> [OwnedFd; 2] {
    let mut room = cmsg_space!([RawFd; 2]);
    // The programs of other stories must not inherit them.
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let mut octet = [0];
    let mut slices = [IoSliceMut::new(&mut octet)];
    let message = recvmsg::<()>(channel.as_raw_fd(), &mut slices, Some(&mut room), flags).unwrap();
    let rights = message.cmsgs().unwrap().find_map(|message| match message {
        ControlMessageOwned::ScmRights(rights) => Some(rights),
        _ => None,
    });
    let rights: [RawFd; 2] = rights.unwrap().try_into().unwrap();
    // SAFETY: the kernel has just given them to this process, and nobody else has them.
    rights.map(|right| unsafe { OwnedFd::from_raw_fd(right) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A wire between two ends that need no namespace.
    fn wired() -> (Wire, [UnixDatagram; 2]) {
        let [(one, first), (other, second)] = [(); 2].map(|()| UnixDatagram::pair().unwrap());
        (Wire::between([first.into(), second.into()]), [one, other])
    }

    #[test]
    fn what_enters_at_one_end_leaves_at_the_other_after_its_time() {
        let (wire, [one, other]) = wired();
        wire.set_towards(2, Weather { delay: MS(30), ..Weather::default() });
        let mut octets = [0; 8];
        for (from, to, at_least) in [(&one, &other, MS(30)), (&other, &one, MS(0))] {
            let begun = Instant::now();
            from.send(b"frame").unwrap();
            let length = to.recv(&mut octets).unwrap();
            assert_eq!(&octets[..length], b"frame");
            assert!(begun.elapsed() >= at_least);
        }
    }

    #[test]
    fn late_frames_are_overtaken_and_those_that_come_twice_come_twice() {
        let (wire, [one, other]) = wired();
        wire.set(&Weather { late: (0.5, MS(2_000)), twice: 1.0, ..Weather::default() });
        for number in 0..4 {
            one.send(&[number]).unwrap();
        }
        let mut octet = [0];
        let came = [(); 8].map(|()| other.recv(&mut octet).map(|_| octet[0]).unwrap());
        // With the seed of this direction the second and the last are late.
        assert_eq!(came, [0, 0, 2, 2, 1, 1, 3, 3]);
    }

    #[test]
    fn what_is_under_way_does_not_survive_a_cut() {
        let (wire, [one, other]) = wired();
        wire.set(&Weather { delay: MS(2_000), ..Weather::default() });
        one.send(b"lost").unwrap();
        while lock(&wire.lanes[1]).last.is_none() {
            std::thread::yield_now();
        }
        wire.cut();
        one.send(b"lost").unwrap();
        other.set_read_timeout(Some(MS(2_100))).unwrap();
        let mut octets = [0; 8];
        assert!(other.recv(&mut octets).is_err());
        wire.heal();
        one.send(b"fair").unwrap();
        let length = other.recv(&mut octets).unwrap();
        assert_eq!(&octets[..length], b"fair");
    }
}
