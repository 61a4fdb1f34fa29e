//! What the tests start from: a session whose other side a test plays, packet by packet.

use std::num::{NonZeroU8, NonZeroUsize};
use std::time::{Duration, Instant};

use link::bfd::{
    Change, Diagnostic, Discriminator, DropReason, Due, Frame, Interval, Packet, Session, Sessions,
    Settings, State,
};

/// Ours in the tests of one session.
pub const OURS: u32 = 0x11;
/// The other side's.
pub const THEIRS: u32 = 0x22;

/// The moment a test starts; only differences to it matter.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn origin() -> Instant {
    Instant::now()
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn discriminator(number: u32) -> Discriminator {
    Discriminator::new(number).unwrap()
}

pub fn mult(mult: u8) -> NonZeroU8 {
    NonZeroU8::new(mult).unwrap()
}

/// Settings with these milliseconds to send and to receive, and that multiplier.
pub fn settings(tx: u64, rx: u64, detect_mult: u8) -> Settings {
    Settings::new(ms(tx), ms(rx), mult(detect_mult)).unwrap()
}

pub fn registry(limit: usize) -> Sessions {
    Sessions::new(NonZeroUsize::new(limit).unwrap())
}

/// What the other side says in that state, with 100 ms and a multiplier of 3.
pub fn said(state: State) -> Packet {
    let slow = if state == State::Up { 100_000 } else { 1_000_000 };
    Packet {
        diagnostic: Diagnostic::None,
        state,
        is_poll: false,
        is_final: false,
        is_control_plane_independent: false,
        is_demand: false,
        detect_mult: mult(3),
        my_discriminator: discriminator(THEIRS),
        your_discriminator: Discriminator::new(OURS),
        desired_min_tx: Interval::from_micros(slow),
        required_min_rx: Interval::from_micros(100_000),
        required_min_echo_rx: Interval::ZERO,
    }
}

/// A session, and the time.
pub struct Bench {
    pub session: Session,
    pub now: Instant,
    start: Instant,
}

impl Bench {
    pub fn new(settings: Settings) -> Self {
        let now = origin();
        let session = Session::new(discriminator(OURS), settings, 7, now);
        Self { session, now, start: now }
    }

    /// With 100 ms both ways and a multiplier of 3.
    pub fn plain() -> Self {
        Self::new(settings(100, 100, 3))
    }

    /// In that state, having heard what brings it there, and with all that it had to send sent.
    pub fn in_state(settings: Settings, state: State) -> Self {
        let mut bench = Self::new(settings);
        let path: &[State] = match state {
            State::AdminDown | State::Down => &[],
            State::Init => &[State::Down],
            State::Up => &[State::Init],
        };
        for heard in path {
            bench.hear(*heard);
        }
        if state == State::AdminDown {
            bench.session.disable(Diagnostic::AdministrativelyDown, bench.now);
        }
        bench.due();
        assert_eq!(bench.session.standing().state, state);
        bench
    }

    /// Up for good: the other side is too, and has answered our Poll.
    pub fn up(settings: Settings) -> Self {
        let mut bench = Self::in_state(settings, State::Up);
        bench.take(Packet { is_final: true, ..said(State::Up) }).unwrap();
        bench.hear(State::Up);
        bench.due();
        assert!(!bench.session.standing().is_polling);
        bench
    }

    pub fn take(&mut self, packet: Packet) -> Result<Option<Change>, DropReason> {
        self.take_octets(&packet.encode())
    }

    pub fn take_octets(&mut self, octets: &[u8]) -> Result<Option<Change>, DropReason> {
        self.session.receive(&Frame::parse(octets).unwrap(), self.now)
    }

    /// The other side says that it is in that state.
    pub fn hear(&mut self, state: State) -> Option<Change> {
        self.take(said(state)).unwrap()
    }

    /// All that is due now.
    pub fn due(&mut self) -> Vec<Due> {
        std::iter::from_fn(|| self.session.poll(self.now, u64::MAX)).collect()
    }

    /// The packets that are due now.
    pub fn packets(&mut self) -> Vec<Packet> {
        packets(&self.due())
    }

    /// Goes to the next deadline; all that is due then.
    pub fn step(&mut self) -> Vec<Due> {
        self.now = self.session.next_deadline().unwrap();
        let due = self.due();
        let is_over = self.session.next_deadline().is_none_or(|next| next > self.now);
        assert!(is_over, "what is due is done");
        due
    }

    /// Goes on until a packet is sent; after how long, and which.
    pub fn next_packet(&mut self) -> (Duration, Packet) {
        let before = self.now;
        loop {
            if let [packet, ..] = packets(&self.step())[..] {
                return (self.now - before, packet);
            }
        }
    }

    pub fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Since the start.
    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }
}

/// The packets among what is due.
pub fn packets(due: &[Due]) -> Vec<Packet> {
    let sent = due.iter().filter_map(|due| match due {
        Due::Transmit(datagram) => Some(*Frame::parse(datagram).unwrap().packet()),
        Due::Changed(_) | Due::Late(_) | Due::Elsewhere(_) => None,
    });
    sent.collect()
}
