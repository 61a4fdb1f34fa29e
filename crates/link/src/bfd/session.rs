//! One session (RFC 5880 s6.8): what received packets and the passing of time do to it, and which
//! packets it sends when.
//!
//! It does not know where packets come from or go to; `sessions` does. Whatever has arrived is to be
//! given to [`Session::receive`] before [`Session::poll`] is asked what time has brought, or a late call
//! is taken for a silent peer.

mod negotiation;
mod peer;
mod schedule;

use std::time::{Duration, Instant};

use super::diagnostic::Diagnostic;
use super::discriminator::Discriminator;
use super::drop_reason::DropReason;
use super::interval::Interval;
use super::packet::{Datagram, Frame, MANDATORY_OCTETS, Packet};
use super::settings::Settings;
use super::state::State;
use negotiation::Negotiation;
use peer::Peer;
use schedule::{News, Schedule};

/// The other side's wishes shall not keep a session that is not wanted any more.
const LONGEST_FAREWELL: Duration = Duration::from_secs(60);
/// What comes by another path may have waited there: a session that is up for a shorter time may not be
/// the one that it is about.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The state before.
    pub from: State,
    /// The state now.
    pub to: State,
    /// Why, as this side tells it.
    pub diagnostic: Diagnostic,
    /// What the other side last said of its state.
    pub remote_state: State,
    /// And why it was in it.
    pub remote_diagnostic: Diagnostic,
    /// After which silence the other side is taken for gone; absent if it was never heard.
    pub detection_time: Option<Duration>,
    /// How long it had been silent when the state changed, before the packet that changed it if one
    /// did; absent if it was never heard.
    pub silence: Option<Duration>,
}

/// What time has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A packet is to be sent now.
    Transmit(Datagram),
    /// The state has changed.
    Changed(Change),
    /// The session is up, and a packet is missing for so long a silence that it is half an interval
    /// late. Told once in a silence; if it lasts, a change follows.
    Late(Duration),
    /// A packet is to be sent now by other paths to the same system: the session was lost, and its own
    /// path may not carry the news.
    Elsewhere(Datagram),
}

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// This side's state.
    pub state: State,
    /// Why it is in it.
    pub diagnostic: Diagnostic,
    /// The other side's number of the session, while it is heard.
    pub remote: Option<Discriminator>,
    /// What the other side last said of its state.
    pub remote_state: State,
    /// And why it was in it.
    pub remote_diagnostic: Diagnostic,
    /// The time between its packets that the other side would like best, while it is heard.
    pub remote_wish: Option<Duration>,
    /// The longest time between this side's packets.
    pub transmit_interval: Duration,
    /// The longest time between the other side's packets; absent if it was never heard.
    pub receive_interval: Option<Duration>,
    /// After which silence the other side is taken for gone; absent if it was never heard.
    pub detection_time: Option<Duration>,
    /// When the other side was last heard.
    pub heard: Option<Instant>,
    /// Whether this side waits for the other's answer to a Poll.
    pub is_polling: bool,
}

/// Numbers that keep authenticated packets from being sent again by others (RFC 5880 s6.7.4).
#[derive(Clone, Copy, Debug)]
struct Sequences {
    sent: u32,
    /// The mandatory section of the last packet.
    content: [u8; MANDATORY_OCTETS],
    received: Option<u32>,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    local: Discriminator,
    settings: Settings,
    state: State,
    diagnostic: Diagnostic,
    peer: Peer,
    negotiation: Negotiation,
    schedule: Schedule,
    sequences: Sequences,
    is_late_told: bool,
    /// Since when it is up, or was the last time.
    up_since: Option<Instant>,
    /// The news of a loss for other paths, since when it waits.
    elsewhere: Option<(Instant, Datagram)>,
    /// When the other side said by another path that it lost the session.
    told: Option<Instant>,
}

impl Session {
    /// A session that is Down and has its first packet due. `local` is no other session's; `sequence`
    /// is random (RFC 5880 s6.8.1).
    pub fn new(local: Discriminator, settings: Settings, sequence: u32, now: Instant) -> Self {
        Self {
            local,
            state: State::Down,
            diagnostic: Diagnostic::None,
            peer: Peer::unknown(),
            negotiation: Negotiation::new(settings.wished(State::Down)),
            schedule: Schedule::new(now),
            sequences: Sequences { sent: sequence, content: [0; MANDATORY_OCTETS], received: None },
            is_late_told: false,
            up_since: None,
            elsewhere: None,
            told: None,
            settings,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let required = self.negotiation.in_use().rx;
        Standing {
            state: self.state,
            diagnostic: self.diagnostic,
            remote: self.peer.discriminator,
            remote_state: self.peer.state,
            remote_diagnostic: self.peer.diagnostic,
            remote_wish: self.peer.discriminator.map(|_| self.peer.desired_min_tx.duration()),
            transmit_interval: self.transmit_interval().duration(),
            receive_interval: self.peer.interval(required).map(Interval::duration),
            detection_time: self.detection_time(),
            heard: self.peer.heard,
            is_polling: self.negotiation.is_asking(),
        }
    }

    /// Takes in a packet that belongs to this session (RFC 5880 s6.8.6).
    pub fn receive(
        &mut self,
        frame: &Frame<'_>,
        now: Instant,
    ) -> Result<Option<Change>, DropReason> {
        let packet = frame.packet();
        if packet.my_discriminator == self.local {
            return Err(DropReason::Looped);
        }
        let sequence = self.prove(frame, now)?;
        self.sequences.received = sequence.or(self.sequences.received);
        let silence = self.peer.silence(now);
        self.peer.learn(packet, now);
        self.is_late_told = false;
        if packet.is_final {
            self.negotiation.answered();
        } else {
            self.negotiation.settle();
        }
        if packet.is_poll {
            self.schedule.ask(now);
        }
        let change = self.state.after(packet.state).map(|to| {
            let diagnostic = match to {
                State::Down => Diagnostic::NeighborSignaledSessionDown,
                State::Up => Diagnostic::None,
                State::Init | State::AdminDown => self.diagnostic,
            };
            Change { silence, ..self.enter(to, diagnostic, now) }
        });
        self.negotiation.adapt(self.settings.wished(self.state), self.state);
        Ok(change)
    }

    /// Takes in a packet of this session that came by another path: it may say that the other side lost
    /// the session, which is as true by any way unless the session came up since, and nothing else. What
    /// follows is told by
    /// [`Session::poll`], so that the same news by the session's own path comes first where both came.
    pub fn receive_elsewhere(&mut self, frame: &Frame<'_>, now: Instant) -> Result<(), DropReason> {
        let packet = frame.packet();
        let is_settled = self.up_since.is_some_and(|since| now >= since + SETTLED_AFTER);
        let is_loss = packet.state == State::Down && self.state == State::Up;
        if !is_loss || !is_settled || self.peer.discriminator != Some(packet.my_discriminator) {
            return Err(DropReason::WrongPath);
        }
        let sequence = self.prove(frame, now)?;
        self.sequences.received = sequence.or(self.sequences.received);
        self.told = Some(now);
        Ok(())
    }

    /// When [`Session::poll`] is to be called, if nothing happens before; at once where that is past.
    pub fn next_deadline(&self) -> Option<Instant> {
        let (answer, packet) = (self.schedule.answer_due(), self.packet_due());
        let elsewhere = self.elsewhere.map(|(since, _)| since);
        let deadlines = [self.expiry(), self.told, self.late_at(), answer, packet, elsewhere];
        deadlines.into_iter().flatten().min()
    }

    /// The next thing due at `now`; to be called until there is none. `entropy` spreads packets and
    /// should differ for every call.
    pub fn poll(&mut self, now: Instant, entropy: u64) -> Option<Due> {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.expiry())
            && let Some(change) = self.expire(now)
        {
            return Some(Due::Changed(change));
        }
        if self.told.take().is_some() && self.state == State::Up {
            return Some(Due::Changed(self.enter(State::Down, Diagnostic::PathDown, now)));
        }
        if is_due(self.late_at()) {
            self.is_late_told = true;
            return self.peer.silence(now).map(Due::Late);
        }
        if is_due(self.schedule.answer_due()) {
            self.schedule.answered();
            let answer = Packet { is_poll: false, is_final: true, ..self.packet() };
            return Some(Due::Transmit(self.signed(&answer)));
        }
        if is_due(self.packet_due()) {
            let (mult, news) = (self.settings.detect_mult(), self.news());
            self.schedule.sent(now, mult, news, entropy);
            let packet = self.packet();
            return Some(Due::Transmit(self.signed(&packet)));
        }
        // After the packet by its own path, which says more where it arrives.
        self.elsewhere.take().map(|(_, datagram)| Due::Elsewhere(datagram))
    }

    /// Holds the session down, and tells the other side so for as long as the session is there
    /// (RFC 5880 s6.8.16). `diagnostic` is `AdministrativelyDown`, or `PathDown` where others know
    /// that the path has failed.
    pub fn disable(&mut self, diagnostic: Diagnostic, now: Instant) -> Option<Change> {
        if self.state == State::AdminDown && self.diagnostic == diagnostic {
            return None;
        }
        let change = self.enter(State::AdminDown, diagnostic, now);
        (change.from != State::AdminDown).then_some(change)
    }

    /// Holds it down no longer.
    pub fn enable(&mut self, now: Instant) -> Option<Change> {
        let is_held = self.state == State::AdminDown;
        is_held.then(|| self.enter(State::Down, self.diagnostic, now))
    }

    /// Takes the session down for a reason of this side's, so that it comes up anew: the forwarding
    /// was started again (RFC 5880 s6.8.15).
    pub fn restart(&mut self, diagnostic: Diagnostic, now: Instant) -> Option<Change> {
        let is_alive = matches!(self.state, State::Init | State::Up);
        is_alive.then(|| self.lose(diagnostic, now))
    }

    /// Goes by other settings from now on, in whatever state the session is and stays (RFC 5880
    /// s6.8.3, s6.8.10 to s6.8.12).
    pub fn reconfigure(&mut self, settings: Settings) {
        self.settings = settings;
        self.negotiation.adapt(self.settings.wished(self.state), self.state);
        self.ask_who_demands();
    }

    /// For how long a session that ends should tell of it: as long as the other side would wait for
    /// packets, but no longer than a minute; not at all where it was not heard of late.
    pub fn farewell(&self) -> Option<Duration> {
        let mult = u32::from(self.settings.detect_mult().get());
        let wait = self.transmit_interval().duration() * mult;
        self.peer.discriminator.map(|_| wait.min(LONGEST_FAREWELL))
    }

    fn enter(&mut self, to: State, diagnostic: Diagnostic, now: Instant) -> Change {
        let change = Change {
            from: self.state,
            to,
            diagnostic,
            remote_state: self.peer.state,
            remote_diagnostic: self.peer.diagnostic,
            detection_time: self.detection_time(),
            silence: self.peer.silence(now),
        };
        if to == State::Up {
            self.up_since = Some(now);
        }
        self.state = to;
        self.diagnostic = diagnostic;
        self.negotiation.follow(self.settings.wished(to), to);
        self.ask_who_demands();
        change
    }

    /// Nothing was heard for the detection time (RFC 5880 s6.8.4).
    fn expire(&mut self, now: Instant) -> Option<Change> {
        let is_alive = matches!(self.state, State::Init | State::Up);
        let change = is_alive.then(|| self.lose(Diagnostic::ControlDetectionTimeExpired, now));
        self.peer.forget();
        change
    }

    /// Goes down because of what this side found, and has that told by other paths, too.
    fn lose(&mut self, diagnostic: Diagnostic, now: Instant) -> Change {
        let change = self.enter(State::Down, diagnostic, now);
        if change.from == State::Up && self.peer.discriminator.is_some() {
            let packet = self.packet();
            self.elsewhere = Some((now, self.signed(&packet)));
        }
        change
    }

    /// A peer in Demand mode is told of changes by a Poll Sequence, as it is sent nothing else
    /// (RFC 5880 s6.6).
    fn ask_who_demands(&mut self) {
        if self.is_demanded() {
            self.negotiation.ask();
        }
    }

    /// Whether Demand mode is active on the other side.
    fn is_demanded(&self) -> bool {
        self.peer.wishes_demand && self.state == State::Up && self.peer.state == State::Up
    }

    fn prove(&self, frame: &Frame<'_>, now: Instant) -> Result<Option<u32>, DropReason> {
        // Forgotten after twice the detection time, so that a peer that started again is heard.
        let is_recent = || Some(self.peer.silence(now)? < 2 * self.detection_time()?);
        let last = self.sequences.received.filter(|_| is_recent().unwrap_or_default());
        let reason = match self.settings.authentication().prove(frame, last) {
            Ok(sequence) => return Ok(sequence),
            Err(reason) => reason,
        };
        let Some(other) = self.settings.also_accepted() else { return Err(reason) };
        // Whichever got further says more.
        other.prove(frame, last).map_err(|other| other.max(reason))
    }

    fn detection_time(&self) -> Option<Duration> {
        self.peer.detection_time(self.negotiation.in_use().rx)
    }

    /// When the other side is taken for gone, while it is not.
    fn expiry(&self) -> Option<Instant> {
        self.peer.discriminator?;
        Some(self.peer.heard? + self.detection_time()?)
    }

    fn late_at(&self) -> Option<Instant> {
        if self.state != State::Up || self.is_late_told {
            return None;
        }
        let interval = self.peer.interval(self.negotiation.in_use().rx)?.duration();
        let at = self.peer.heard? + interval * 3 / 2;
        self.expiry().filter(|expiry| at < *expiry).map(|_| at)
    }

    /// The longest time between packets; the slower side determines it (RFC 5880 s6.8.7).
    fn transmit_interval(&self) -> Interval {
        self.negotiation.in_use().tx.max(self.peer.required_min_rx)
    }

    fn packet_due(&self) -> Option<Instant> {
        let is_waiting = self.settings.is_passive() && self.peer.discriminator.is_none();
        let is_unwanted = self.peer.required_min_rx.is_zero()
            || self.is_demanded() && !self.negotiation.is_asking();
        if is_waiting || is_unwanted {
            return None;
        }
        Some(self.schedule.packet_due(self.transmit_interval(), self.news()))
    }

    fn news(&self) -> News {
        (self.state, self.diagnostic, self.negotiation.told())
    }

    /// What this side has to say (RFC 5880 s6.8.7).
    fn packet(&self) -> Packet {
        let told = self.negotiation.told();
        Packet {
            diagnostic: self.diagnostic,
            state: self.state,
            is_poll: self.negotiation.is_asking() && self.peer.discriminator.is_some(),
            is_final: false,
            // Sabeel's control plane is elsewhere.
            is_control_plane_independent: true,
            is_demand: false,
            detect_mult: self.settings.detect_mult(),
            my_discriminator: self.local,
            your_discriminator: self.peer.discriminator,
            desired_min_tx: told.tx,
            required_min_rx: told.rx,
            required_min_echo_rx: Interval::ZERO,
        }
    }

    fn signed(&mut self, packet: &Packet) -> Datagram {
        let mut datagram = packet.encode();
        let content = datagram.mandatory();
        let authentication = self.settings.authentication();
        if authentication.is_meticulous() || content != self.sequences.content {
            self.sequences.sent = self.sequences.sent.wrapping_add(1);
        }
        self.sequences.content = content;
        authentication.sign(&mut datagram, self.sequences.sent);
        datagram
    }
}
