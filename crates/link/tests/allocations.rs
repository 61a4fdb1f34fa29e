//! A packet that is sent, answered or received takes no memory of its own.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant, SystemTime};

use link::Key;
use link::stamp::reflector::{Arrival, Counting, Departure, RateLimit, Reflector};
use link::stamp::sender::{Reading, Reflection, Sender, Settings, Sizes};
use link::stamp::{Authentication, ErrorEstimate, Format, SessionId};

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// Counts how often a thread takes memory.
struct Counted;

// SAFETY: all is left to the system's allocator; counting takes no memory.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: what the caller promised holds for the system's allocator too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn taken() -> u64 {
    TAKEN.with(Cell::get)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only differences of time matter")]
fn a_packet_takes_no_memory() {
    let key = Key::new(&[7; 16]).unwrap();
    let error = ErrorEstimate::synchronised(Format::Ntp, Duration::from_millis(1));
    let settings = Settings {
        session: SessionId(1),
        key: Some(key.clone()),
        reflection: Reflection::Stateful,
        interval: Duration::from_millis(200),
        sizes: Sizes::Alternating([64, 1_400]),
        timeout: Duration::from_secs(2),
        remembered: NonZeroUsize::new(300).unwrap(),
    };
    let (mut now, mut wall) = (Instant::now(), SystemTime::UNIX_EPOCH);
    let mut sender = Sender::new(settings, error, now);
    let count = |count| NonZeroUsize::new(count).unwrap();
    let rate = NonZeroU32::new(1_000).unwrap();
    let limit = RateLimit { a_second: rate, at_once: rate, peers: count(4) };
    let mut reflector = Reflector::new(Counting::Stateful { sessions: count(4) }, limit, error);
    let (mut packet, mut answer) = ([0; 1_500], [0; 1_500]);
    let before = taken();
    for number in 0..2_000_u16 {
        let length = sender.poll(Reading { now, wall }, &mut packet).unwrap();
        // More sessions and peers than there is room for.
        let source = SocketAddr::from(([192, 0, 2, (number % 9) as u8], 4_000 + number % 7));
        let arrival = Arrival {
            source,
            octets: &packet[..length],
            ttl: 64,
            received: wall,
            authentication: Authentication::Hmac(&key),
        };
        let answered = reflector.reflect(arrival, Departure { now, wall }, &mut answer).unwrap();
        if number % 5 != 0 {
            sender.receive(&answer[..answered], Reading { now, wall }).unwrap();
        }
        now += Duration::from_millis(200);
        wall += Duration::from_millis(200);
    }
    assert_eq!(taken() - before, 0);
    let report = sender.report(now + Duration::from_secs(5));
    assert_eq!((report.sent, report.answered), (2_000, 1_600));
}
