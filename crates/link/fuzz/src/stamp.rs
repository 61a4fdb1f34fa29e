//! STAMP: what a reflector makes of any packet, and a session of which bytes tell what happens to it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use link::Key;
use link::stamp::reflector::{Arrival, Counting, Departure, RateLimit, Reflector};
use link::stamp::sender::{Losses, Reading, Reflection, Sender, Settings, Sizes, Standing};
use link::stamp::{
    Authentication, ErrorEstimate, Format, ReflectorPacket, SenderPacket, SessionId,
};

use crate::proof;

const SOURCE: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);
const BASE_OCTETS: usize = 44;
const SEALED_OCTETS: usize = 112;

fn key() -> Key {
    Key::new(proof::SECRET).expect("it is long enough")
}

fn reflector(sessions: NonZeroUsize) -> Reflector {
    let counting = Counting::Stateful { sessions, of_one_address: sessions };
    let (rate, peers) = (NonZeroU32::MAX, NonZeroUsize::MIN);
    let limit = RateLimit { a_second: rate, at_once: rate, peers };
    Reflector::new(counting, limit, ErrorEstimate::synchronised(Format::Ntp, Duration::ZERO))
}

/// Any packet is answered with as many octets, which say what it said, or not at all. The first octet
/// chooses whether packets are proved, and whether this one is.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn stamp_reflector(input: &[u8]) {
    let Some((&choice, packet)) = input.split_first() else { return };
    let (key, mut packet) = (key(), packet.to_vec());
    let authentication =
        if choice & 1 == 0 { Authentication::None } else { Authentication::Hmac(&key) };
    if choice & 2 != 0 && packet.len() >= SEALED_OCTETS {
        // The same extensions behind a base packet that is proved.
        let said = SenderPacket::parse(&packet, Authentication::None).expect("it is long enough");
        let written = said.write(authentication, &mut packet[..SEALED_OCTETS]);
        assert_eq!(written, Ok(()));
    }
    let arrival = Arrival {
        source: SocketAddr::from(SOURCE),
        octets: &packet,
        ttl: 7,
        received: UNIX_EPOCH,
        authentication,
    };
    let mut answer = vec![0; packet.len()];
    let leaving = Departure { now: Instant::now(), wall: UNIX_EPOCH };
    let reflected = reflector(NonZeroUsize::MIN).reflect(arrival, leaving, &mut answer);
    let asked = SenderPacket::parse(&packet, authentication);
    let Ok(length) = reflected else {
        return assert!(asked.is_err() || packet.len() < 41);
    };
    let asked = asked.expect("who is answered was understood");
    let answered = ReflectorPacket::parse(&answer, authentication).expect("answers are packets");
    assert_eq!(length, packet.len());
    assert_eq!((answered.sequence, answered.origin.ttl), (0, 7));
    assert_eq!(answered.origin.sequence, asked.sequence);
    assert_eq!(answered.origin.timestamp, asked.timestamp);
    assert_eq!(answered.origin.error, asked.error);
    if packet.len() >= BASE_OCTETS {
        assert_eq!(answered.session, asked.session);
    }
}

/// Whatever the network does, and whenever time goes on: what was sent is answered, lost or on its way.
pub fn stamp_session(script: &[u8]) {
    let mut play = Play::begin();
    for act in script.chunks(2) {
        let (what, how) = (act[0], u64::from(*act.last().unwrap_or(&0)));
        match what % 8 {
            0 | 1 => play.go_on(how * 7),
            2 => play.arrive(how as usize),
            3 => play.come_back(how as usize),
            4 => play.repeat(),
            5 => play.restart(how),
            6 => play.set_clocks(how),
            _ => play.talk(&script[..script.len().min(150)]),
        }
        play.check();
    }
}

struct Play {
    sender: Sender,
    reflector: Reflector,
    now: Instant,
    wall: SystemTime,
    their_wall: SystemTime,
    arriving: VecDeque<Vec<u8>>,
    coming: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    sent: u64,
    answered: u64,
    lost: u64,
    late: u64,
    lives: u32,
}

impl Play {
    #[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
    fn begin() -> Self {
        let now = Instant::now();
        let settings = Settings {
            session: SessionId(3),
            key: None,
            reflection: Reflection::Stateful,
            interval: Duration::from_millis(100),
            sizes: Sizes::Alternating([44, 60]),
            timeout: Duration::from_secs(1),
            remembered: NonZeroUsize::new(24).expect("it is not 0"),
        };
        let error = ErrorEstimate::synchronised(Format::Ptp, Duration::ZERO);
        Self {
            sender: Sender::new(settings, error, now),
            reflector: reflector(NonZeroUsize::MIN),
            now,
            wall: UNIX_EPOCH,
            their_wall: UNIX_EPOCH,
            arriving: VecDeque::new(),
            coming: VecDeque::new(),
            last: Vec::new(),
            sent: 0,
            answered: 0,
            lost: 0,
            late: 0,
            lives: 1,
        }
    }

    fn at(&self) -> Reading {
        Reading { now: self.now, wall: self.wall }
    }

    fn go_on(&mut self, millis: u64) {
        let time = Duration::from_millis(millis);
        (self.now, self.wall, self.their_wall) =
            (self.now + time, self.wall + time, self.their_wall + time);
        let (at, mut packet) = (self.at(), [0; 64]);
        if let Some(length) = self.sender.poll(at, &mut packet) {
            self.arriving.push_back(packet[..length].to_vec());
        }
        self.arriving.truncate(100);
        assert!(self.sender.next_deadline() > self.now);
    }

    /// The packet at that place of the queue arrives, and is answered.
    fn arrive(&mut self, place: usize) {
        let Some(place) = place.checked_rem(self.arriving.len()) else { return };
        let packet = self.arriving.remove(place).expect("it is in the queue");
        let arrival = Arrival {
            source: SocketAddr::from(SOURCE),
            octets: &packet,
            ttl: 64,
            received: self.their_wall,
            authentication: Authentication::None,
        };
        let (mut answer, leaving) = ([0; 64], Departure { now: self.now, wall: self.their_wall });
        let length = self.reflector.reflect(arrival, leaving, &mut answer).expect("it is sound");
        self.coming.push_back(answer[..length].to_vec());
        self.coming.truncate(100);
    }

    fn come_back(&mut self, place: usize) {
        let Some(place) = place.checked_rem(self.coming.len()) else { return };
        self.last = self.coming.remove(place).expect("it is in the queue");
        self.repeat();
    }

    /// The last answer comes, perhaps once more.
    fn repeat(&mut self) {
        let at = self.at();
        let Ok(answer) = self.sender.receive(&self.last, at) else { return };
        if answer.standing == Standing::InTime {
            assert!(answer.round_trip.is_none_or(|time| time <= Duration::from_secs(1)));
        }
    }

    /// The reflector forgets its sessions, or only this one.
    fn restart(&mut self, how: u64) {
        let sessions = NonZeroUsize::new(how as usize % 3 + 1).expect("it is not 0");
        self.reflector = reflector(sessions);
    }

    fn set_clocks(&mut self, how: u64) {
        self.wall = UNIX_EPOCH + Duration::from_secs(how << 24);
        self.their_wall = UNIX_EPOCH + Duration::from_millis(how << 20);
    }

    /// Somebody else talks.
    fn talk(&mut self, octets: &[u8]) {
        let at = self.at();
        // Zeros of another time and session; what is no answer changes nothing.
        if let Ok(answer) = self.sender.receive(octets, at) {
            assert_ne!(answer.standing, Standing::Late);
        }
    }

    fn check(&mut self) {
        let report = self.sender.report(self.now);
        self.sent += u64::from(report.sent);
        self.answered += u64::from(report.answered);
        self.lost += u64::from(report.lost);
        self.late += u64::from(report.late);
        self.lives += report.restarts;
        assert!(self.answered + self.lost <= self.sent);
        assert!(self.sent - self.answered - self.lost <= 24, "no more are remembered");
        assert!(self.late <= self.lost);
        assert!(report.round_trips.len() <= u64::from(report.answered));
        let Losses { forward, backward } = self.sender.losses();
        // Answers from two lives of the reflector ago, as the sender counts them, take nothing back.
        let taken_back = if self.lives > 2 { 0 } else { self.late };
        assert!(forward + backward <= self.lost - taken_back);
    }
}
