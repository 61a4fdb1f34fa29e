//! Who sends more than the kernel can hold for a socket is thinned out there, so that a flood
//! costs whoever makes it and nobody else.
//!
//! The kernel's buffer knows no access points: once it is full, it throws away whoever comes
//! next, and [`crate::fair_queue`] never sees those that are calm. So when a socket is found more
//! than half full again and again, until more than a whole buffer was taken out of it within a
//! second, those who sent most of that are thinned: [`filter`] has the kernel let one in 64 of
//! their datagrams through. A burst is less than that, and loses nothing.

mod filter;
mod thinned;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use self::filter::Origin;
use self::thinned::Thinned;

/// What is taken from a crowded socket counts for so long.
const WINDOW: Duration = Duration::from_secs(1);
/// Origins that are counted within a window; those of a flood are among the first.
const MOST_ORIGINS: usize = 4_096;
/// Who sent one in so many of what was taken is part of the flood.
const SHARE: usize = 16;
/// The least that the kernel charges for a datagram, in octets, with what it keeps about it.
const LEAST_CHARGE: usize = 512;

/// Watches one socket.
pub(crate) struct FloodGuard {
    thinned: Arc<Thinned>,
    /// So many in a window are more than a burst.
    burst: usize,
    is_crowded: bool,
    begun: Instant,
    taken: usize,
    by_origin: HashMap<Origin, usize>,
}

impl FloodGuard {
    /// Watches `socket`, in front of a queue with room for `waiting` requests.
    pub(crate) fn new(socket: Arc<UdpSocket>, waiting: usize) -> Self {
        let room = filter::occupancy(&socket).map_or(0, |occupancy| occupancy.room);
        Self {
            thinned: Arc::new(Thinned::new(socket)),
            burst: waiting.max(room / LEAST_CHARGE),
            is_crowded: false,
            begun: Instant::now(),
            taken: 0,
            by_origin: HashMap::new(),
        }
    }

    /// Looks how full the socket is; to be called when much has arrived.
    pub(crate) fn look(&mut self, socket: &UdpSocket) {
        self.is_crowded =
            filter::occupancy(socket).is_ok_and(|occupancy| occupancy.used > occupancy.room / 2);
        if self.begun.elapsed() > WINDOW {
            self.begin_anew();
        }
    }

    /// Counts a datagram that was taken from the socket.
    pub(crate) fn took(&mut self, source: IpAddr) {
        if self.thinned.any() {
            self.thinned.let_through(Origin::of(source));
        }
        if !self.is_crowded {
            return;
        }
        self.taken += 1;
        let origin = Origin::of(source);
        if let Some(own) = self.by_origin.get_mut(&origin) {
            *own += 1;
        } else if self.by_origin.len() < MOST_ORIGINS {
            self.by_origin.insert(origin, 1);
        }
    }

    /// Thins those who flood, if there is a flood; to be called when there is nothing more to take
    /// for the moment.
    pub(crate) fn judge(&mut self) {
        self.is_crowded = false;
        if self.taken < self.burst {
            return;
        }
        let least = (self.taken / SHARE).max(1);
        let flooding: Vec<Origin> = self
            .by_origin
            .iter()
            .filter(|(_, own)| **own >= least)
            .map(|(origin, _)| *origin)
            .collect();
        self.begin_anew();
        Thinned::add(&self.thinned, &flooding);
    }

    fn begin_anew(&mut self) {
        self.begun = Instant::now();
        self.taken = 0;
        self.by_origin.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as Incoming;

    use super::*;

    /// Requests that may wait.
    const WAITING: usize = 64;
    const CALM: &str = "127.1.0.1";
    const FLOODING: &str = "127.1.0.2";

    /// A guarded socket, with another way to take from it.
    fn guarded() -> (FloodGuard, Arc<UdpSocket>, Incoming) {
        let incoming = Incoming::bind("127.0.0.1:0").unwrap();
        incoming.set_nonblocking(true).unwrap();
        let socket = Arc::new(UdpSocket::from_std(incoming.try_clone().unwrap()).unwrap());
        (FloodGuard::new(Arc::clone(&socket), WAITING), socket, incoming)
    }

    /// Sends as many as the buffer holds at most, and some more.
    fn overfill(from: &str, guard: &FloodGuard, incoming: &Incoming) {
        let sender = Incoming::bind((from, 0)).unwrap();
        for _ in 0..=guard.burst {
            sender.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
        }
    }

    /// Takes all there is as a port does; returns how many it was.
    fn take_all(guard: &mut FloodGuard, socket: &UdpSocket, incoming: &Incoming) -> usize {
        let mut taken = 0;
        while let Ok((_, source)) = incoming.recv_from(&mut [0; 64]) {
            guard.took(source.ip());
            taken += 1;
            if taken % 64 == 0 {
                guard.judge();
                guard.look(socket);
            }
        }
        guard.judge();
        taken
    }

    #[tokio::test]
    async fn a_burst_beyond_the_buffer_has_nobody_thinned() {
        let (mut guard, socket, incoming) = guarded();
        overfill(CALM, &guard, &incoming);
        assert!(take_all(&mut guard, &socket, &incoming) > 0);
        assert!(!guard.thinned.any());
    }

    #[tokio::test(start_paused = true)]
    async fn who_floods_is_thinned_until_it_is_quiet_and_nobody_else() {
        let (mut guard, socket, incoming) = guarded();
        let calm = Incoming::bind((CALM, 0)).unwrap();
        while !guard.thinned.any() {
            calm.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
            overfill(FLOODING, &guard, &incoming);
            take_all(&mut guard, &socket, &incoming);
        }
        overfill(FLOODING, &guard, &incoming);
        calm.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
        let taken = take_all(&mut guard, &socket, &incoming);
        assert!((1..guard.burst / 8).contains(&taken), "{taken}");

        // In the first period there was a flood, in one of the next there is none.
        while guard.thinned.any() {
            tokio::time::sleep(WINDOW).await;
        }
        let quiet = Incoming::bind((FLOODING, 0)).unwrap();
        for _ in 0..1_000 {
            quiet.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
            assert_eq!(take_all(&mut guard, &socket, &incoming), 1);
        }
    }
}
