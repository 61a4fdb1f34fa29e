//! BFD: the packet, and a session of which bytes tell what happens to it.

use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::{Duration, Instant};

use link::bfd::{
    Algorithm, Arrival, Authentication, Datagram, Diagnostic, Discriminator, Frame, Hops,
    Interface, Interval, KeyId, Keys, Output, Packet, Path, Role, Secret, Sessions, Settings,
    Standing, State,
};

const MANDATORY_OCTETS: usize = 24;
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const ARRIVAL: Arrival = Arrival {
    interface: Interface(1),
    from: PEER,
    to: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    ttl: 255,
    hops: Hops::Single,
};

/// Any datagram is read without panic, and what is read is written again octet for octet.
pub fn bfd_packet(datagram: &[u8]) {
    let Ok(frame) = Frame::parse(datagram) else { return };
    assert!(datagram.starts_with(frame.octets()));
    let section = frame.section().unwrap_or_default();
    assert!(frame.octets().ends_with(section));
    let mut written = frame.packet().encode().to_vec();
    let mut read = frame.octets()[..MANDATORY_OCTETS].to_vec();
    // Whether there is a section, and the length with it, is not the packet's to say.
    for octets in [&mut written, &mut read] {
        octets[1] &= !0b100;
        octets[3] = 0;
    }
    assert_eq!(written, read);
}

/// Whatever is received, whenever time goes on and whoever changes what: the session keeps its
/// invariants.
pub fn bfd_session(script: &[u8]) {
    let mut script = Script(script);
    let mut play = Play::begin(&mut script);
    while let Some(act) = script.octet() {
        match act % 8 {
            0 => play.go_on(script.millis()),
            1 => play.receive(&script.octets()),
            2..=4 => play.hear(&mut script),
            5 => play.govern(&mut script),
            6 => play.sessions.reconfigure(play.session, settings(&mut script)),
            _ => play.skip_to_deadline(),
        }
        play.poll();
    }
}

/// Bytes, taken from the front; zeros when there are no more.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u8 {
        self.octet().unwrap_or_default()
    }

    /// From half a millisecond to 16 seconds, the short ones finely.
    fn millis(&mut self) -> Duration {
        let number = self.number();
        Duration::from_micros(500) * (1 << (number >> 4))
            + Duration::from_millis((number & 15).into())
    }

    fn octets(&mut self) -> Vec<u8> {
        let length = usize::from(self.number() % 64).min(self.0.len());
        let (octets, rest) = self.0.split_at(length);
        self.0 = rest;
        octets.to_vec()
    }
}

fn settings(script: &mut Script<'_>) -> Settings {
    const WISHES: [u64; 6] = [1, 10, 50, 100, 1_000, 3_000];
    let wish = |number: u8| Duration::from_millis(WISHES[usize::from(number) % WISHES.len()]);
    let numbers = [script.number(), script.number(), script.number(), script.number()];
    let mult = NonZeroU8::new(numbers[2]).unwrap_or(NonZeroU8::MIN);
    let role = if numbers[3] & 1 == 0 { Role::Active } else { Role::Passive };
    let settings = Settings::new(wish(numbers[0]), wish(numbers[1]), mult).expect("it is valid");
    settings.with_role(role).with_authentication(authentication(numbers[3] >> 1))
}

fn authentication(number: u8) -> Authentication {
    let algorithm = match number % 8 {
        0 => Algorithm::SimplePassword,
        1 => Algorithm::KeyedSha1,
        2 => Algorithm::MeticulousKeyedSha1,
        _ => return Authentication::Off,
    };
    let secret = Secret::new(b"secret").expect("it is neither empty nor long");
    let keys = Keys::new(algorithm, (KeyId(1), secret), Vec::new());
    Authentication::On(keys.expect("there is one key"))
}

/// One session, and what is known of what it sent.
struct Play {
    sessions: Sessions,
    session: Discriminator,
    now: Instant,
    entropy: u64,
    /// The sequence number of the other side.
    sequence: u32,
    /// The last packet that was no answer.
    last: Option<(Instant, Packet)>,
}

impl Play {
    #[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
    fn begin(script: &mut Script<'_>) -> Self {
        let now = Instant::now();
        let mut sessions = Sessions::new(NonZeroUsize::MIN);
        let path = Path::SingleHop { interface: Interface(1), peer: PEER };
        let session = sessions.add(path, settings(script), 0xffff_fffe_0000_0001, now);
        let session = session.expect("it is the first");
        Self { sessions, session, now, entropy: 0, sequence: 0, last: None }
    }

    fn standing(&self) -> Standing {
        self.sessions.find(self.session).expect("it is never removed")
    }

    fn receive(&mut self, octets: &[u8]) {
        _ = self.sessions.receive(&ARRIVAL, octets, self.now);
    }

    /// A packet that makes sense, of a peer that may know the session.
    fn hear(&mut self, script: &mut Script<'_>) {
        let [kind, flags, mult, tx, rx] = std::array::from_fn(|_| script.number());
        let knows = kind & 4 != 0;
        let interval = |number: u8| Interval::from_micros(u32::from(number) * 10_000);
        let packet = Packet {
            diagnostic: Diagnostic::from_bits(kind >> 3),
            state: State::ALL[usize::from(kind & 3)],
            is_poll: flags & 1 != 0,
            is_final: flags & 2 != 0,
            is_control_plane_independent: flags & 4 != 0,
            is_demand: flags & 8 != 0,
            detect_mult: NonZeroU8::new(mult).unwrap_or(NonZeroU8::MIN),
            my_discriminator: Discriminator::new(2).expect("two is not zero"),
            your_discriminator: knows.then_some(self.session),
            desired_min_tx: interval(tx),
            required_min_rx: interval(rx),
            required_min_echo_rx: Interval::ZERO,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let octets: Datagram = authentication(flags >> 4).signed(&packet, self.sequence);
        self.receive(&octets);
    }

    fn govern(&mut self, script: &mut Script<'_>) {
        let number = script.number();
        let diagnostic = Diagnostic::from_bits(number >> 3);
        _ = match number % 3 {
            0 => self.sessions.disable(self.session, diagnostic, self.now),
            1 => self.sessions.enable(self.session, self.now),
            _ => self.sessions.restart(self.session, diagnostic, self.now),
        };
    }

    fn go_on(&mut self, time: Duration) {
        self.now += time;
    }

    fn skip_to_deadline(&mut self) {
        if let Some(next) = self.sessions.next_deadline() {
            self.now = self.now.max(next);
        }
    }

    fn poll(&mut self) {
        loop {
            self.entropy = self.entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let Some(output) = self.sessions.poll(self.now, self.entropy >> 32) else { break };
            if let Output::Transmit { datagram, .. } = output {
                self.check_sent(&datagram);
            }
        }
        let next = self.sessions.next_deadline();
        assert!(next.is_none_or(|next| next > self.now), "what is due is done");
        let standing = self.standing();
        if standing.state == State::Up {
            let heard = standing.heard.expect("whoever is up was heard");
            let patience = standing.detection_time.expect("whoever is up was heard");
            assert!(self.now - heard < patience, "nobody is up after the detection time");
        }
    }

    fn check_sent(&mut self, datagram: &[u8]) {
        let standing = self.standing();
        let frame = Frame::parse(datagram).expect("what is sent can be read");
        let packet = *frame.packet();
        bfd_packet(datagram);
        assert_eq!(packet.my_discriminator, self.session);
        assert_eq!(packet.your_discriminator, standing.remote);
        assert_eq!((packet.state, packet.diagnostic), (standing.state, standing.diagnostic));
        assert!(!packet.is_demand && packet.required_min_echo_rx.is_zero());
        assert!(!(packet.is_poll && packet.is_final));
        assert!(packet.state == State::Up || packet.desired_min_tx >= Interval::SLOW);
        if packet.is_final {
            return;
        }
        if let Some((at, last)) = self.last.replace((self.now, packet)) {
            let told =
                |of: &Packet| (of.state, of.diagnostic, of.desired_min_tx, of.required_min_rx);
            let is_news = told(&last) != told(&packet);
            let least = standing.transmit_interval * 3 / 4;
            // Whole microseconds are waited for.
            let is_slow_enough = self.now - at + Duration::from_micros(1) >= least;
            assert!(is_news || is_slow_enough, "{:?} is below {least:?}", self.now - at);
        }
    }
}
