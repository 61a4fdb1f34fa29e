//! A packet that is sent, answered or received takes no memory of its own.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant, SystemTime};

use link::Key;
use link::bfd;
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
    let counting = Counting::Stateful { sessions: count(4), of_one_address: count(1) };
    let mut reflector = Reflector::new(counting, limit, error);
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

#[test]
#[expect(clippy::disallowed_methods, reason = "only differences of time matter")]
fn a_heartbeat_takes_no_memory() {
    let secret = bfd::Secret::new(b"between offices").unwrap();
    let algorithm = bfd::Algorithm::MeticulousKeyedSha1;
    let keys = bfd::Keys::new(algorithm, (bfd::KeyId(1), secret), vec![]).unwrap();
    let (interval, mult) = (Duration::from_millis(10), NonZeroU8::new(3).unwrap());
    let settings = bfd::Settings::new(interval, interval, mult).unwrap();
    let settings = settings.with_authentication(bfd::Authentication::On(keys));
    let mut now = Instant::now();
    let arrivals = [1, 2].map(|from| bfd::Arrival {
        interface: bfd::Interface(1),
        from: IpAddr::from([10, 0, 0, from]),
        to: IpAddr::from([10, 0, 0, 3 - from]),
        ttl: 255,
        hops: bfd::Hops::Single,
    });
    let mut ends = arrivals.map(|arrival| {
        let path = bfd::Path::SingleHop { interface: bfd::Interface(1), peer: arrival.from };
        let mut sessions = bfd::Sessions::new(NonZeroUsize::MIN);
        let entropy = match arrival.from {
            IpAddr::V4(from) => from.to_bits().into(),
            IpAddr::V6(_) => 0,
        };
        let session = sessions.add(path, settings.clone(), entropy, now).unwrap();
        (sessions, session)
    });
    let mut before = 0;
    for packet in 0..2_000_u64 {
        // The first ones bring the session up.
        if packet == 100 {
            before = taken();
        }
        let deadlines = ends.iter_mut().filter_map(|(sessions, _)| sessions.next_deadline());
        now = deadlines.min().unwrap();
        for own in [0, 1] {
            while let Some(output) = ends[own].0.poll(now, packet) {
                let bfd::Output::Transmit { datagram, .. } = output else { continue };
                ends[1 - own].0.receive(&arrivals[1 - own], &datagram, now).unwrap();
            }
        }
    }
    assert_eq!(taken() - before, 0);
    for (sessions, session) in ends {
        assert_eq!(sessions.find(session).unwrap().state, bfd::State::Up);
    }
}
