//! An access point as a bare socket, and what can be told of the server from there.
//!
//! Silence is proved without waiting: what is sent after a packet is taken after it, so when the
//! next datagram that comes back answers a later Status-Server, the packet got no answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::city::{City, SECRET, exchange};
use crate::wire::{
    ACCESS_REQUEST, ACCOUNTING_REQUEST, ACCT_SESSION_ID, ACCT_STATUS_TYPE, CALLING_STATION_ID,
    Draft, Reply, STATUS_SERVER, USER_NAME,
};

/// How the device of the city spells itself.
pub const SPELLED: &str = "02005e10ab0c";

/// The number of every probe, which no other request of a story has.
const PROBE: u8 = 0;

/// How soon an access point without an answer asks again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// An access point's socket.
pub struct Gate<'c> {
    pub city: &'c City,
    pub socket: UdpSocket,
    probes: AtomicU8,
}

impl<'c> Gate<'c> {
    /// Opens a socket at an address of the city's access point.
    pub async fn open(city: &'c City) -> Self {
        Self::open_at(city, 1).await
    }

    /// Opens a socket at 127.0.0.`host`.
    pub async fn open_at(city: &'c City, host: u8) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, host), 0)).await.unwrap();
        Self { city, socket, probes: AtomicU8::new(0) }
    }

    /// Sends a request again and again, as an access point does, until it is answered.
    pub async fn ask_until_answered(&self, server: SocketAddr, request: &[u8]) -> Reply {
        let mut buffer = [0; 4_096];
        loop {
            self.socket.send_to(request, server).await.unwrap();
            let received = timeout(AGAIN_AFTER, self.socket.recv(&mut buffer)).await;
            if let Ok(length) = received {
                return Reply::proved(&buffer[..length.unwrap()], request, SECRET);
            }
        }
    }

    /// Sends a request, and returns the proved answer.
    pub async fn ask(&self, server: SocketAddr, request: &[u8]) -> Reply {
        let answer = exchange(&self.socket, server, request).await;
        Reply::proved(&answer, request, SECRET)
    }

    /// Sends a request to the authentication port, and returns the proved answer.
    pub async fn authenticate(&self, request: &[u8]) -> Reply {
        self.ask(self.city.authentication, request).await
    }

    /// Sends a request to the accounting port, and returns the proved answer.
    pub async fn account(&self, request: &[u8]) -> Reply {
        self.ask(self.city.accounting, request).await
    }

    /// Sends what must be dropped, and checks that nothing comes back, that it is counted under
    /// `reason`, and that the access point is seen to have got no answer.
    pub async fn is_dropped(&self, server: SocketAddr, octets: &[u8], reason: &str) {
        let (counted, unanswered) = (self.city.counted(reason), self.unanswered());
        self.socket.send_to(octets, server).await.unwrap();
        self.hears_nothing_but_a_probe(server).await;
        assert_eq!(self.city.counted(reason), counted + 1, "{reason}: {:?}", self.outcomes());
        assert_eq!(self.unanswered(), unanswered + 1, "{reason}");
    }

    /// Asks how the server is; the next datagram must be the answer to that.
    pub async fn hears_nothing_but_a_probe(&self, server: SocketAddr) {
        let seed = self.probes.fetch_add(1, Ordering::Relaxed);
        let probe = Draft::new(STATUS_SERVER, PROBE, seed);
        self.ask(server, &probe.protected().sign(SECRET)).await;
    }

    fn unanswered(&self) -> u64 {
        let counters = self.city.metrics.snapshot().access_points;
        counters.values().map(|nas| nas.unanswered).sum()
    }

    fn outcomes(&self) -> Vec<(&'static str, u64)> {
        self.city.metrics.snapshot().outcomes.into_iter().collect()
    }
}

/// An Access-Request about the city's device, which proves itself by its address; nothing
/// protects it yet. Each `number` is another request.
pub fn access(number: u8) -> Draft {
    Draft::new(ACCESS_REQUEST, number, number)
        .with(USER_NAME, SPELLED)
        .password(SPELLED, SECRET)
        .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C")
}

/// A report about the city's device; `status` is 1 at the start, 2 at the end, 3 in between.
pub fn report(number: u8, status: u32) -> Draft {
    Draft::new(ACCOUNTING_REQUEST, number, 0)
        .with(ACCT_STATUS_TYPE, status.to_be_bytes())
        .with(ACCT_SESSION_ID, "5C1")
        .with(USER_NAME, SPELLED)
        .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C")
}
