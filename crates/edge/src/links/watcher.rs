//! The thread that watches: sockets and time go into the [`Watch`], and what comes out of it is done at
//! once. It runs ahead of everything else on the router, waits for nobody, and writes no file: a router
//! that is busy keeps its heartbeats.

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use link::bfd::Interface;
use link::capacity::BitRate;
use link::site::Routes;
use link::stamp::reflector::{Arrival, Counting, Departure, RateLimit, Reflector};
use link::stamp::sender::Reading;
use link::stamp::{Authentication, ErrorEstimate, Format};
use link::{Key, PathNumber};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;
use tokio_util::sync::CancellationToken;

use super::cells::Sample;
use super::event::{Event, What, Words};
use super::metered::Counts;
use super::settings::LinksSettings;
use super::sockets::{Came, Sockets, Which};
use super::status::Status;
use super::trial::TrialsDoor;
use super::watch::{Command, Effect, Watch};
use crate::random;

/// The longest datagram that is looked at.
const LONGEST: usize = 2_048;
/// Of one socket so many datagrams are taken before the others have their turn.
const IN_A_ROW: usize = 64;
/// How often it is looked whether a device was made again: that it has its address is told by nobody.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Probes that another end may have answered: more than ours sends, for one that asks more.
const ANSWERS_A_SECOND: u32 = 200;

/// What moves traffic and knows the devices.
pub(super) trait Kernel: Send {
    /// What tells that something changed, if anything does.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// The paths whose device lost its carrier or has it again.
    fn carriers(&mut self) -> Vec<(PathNumber, bool)>;

    /// Gives visitors so much of a path at most; `None` is all that the office leaves.
    ///
    /// # Errors
    /// Why they keep what they have.
    fn share(&mut self, path: PathNumber, ceil: Option<BitRate>) -> Result<(), String>;

    /// How many octets the office has sent by a path, if they are counted.
    fn office_sent(&mut self, path: PathNumber) -> Option<u64>;

    /// Goes on with a section that was changed, in which visitors have so much of each path.
    ///
    /// # Errors
    /// What could not be brought about.
    fn reload(
        &mut self,
        sections: (&LinksSettings, &LinksSettings),
        ceil: &dyn Fn(PathNumber) -> Option<Option<BitRate>>,
    ) -> Result<(), String>;

    /// Moves traffic there.
    ///
    /// # Errors
    /// Why it stays where it was.
    fn move_to(&mut self, routes: Routes) -> Result<Moved, String>;
}

/// What became of traffic that was to be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It goes there.
    Done,
    /// Somebody else moves it, and tells of that.
    HandedOver,
}

/// What the thread is started with.
pub(super) struct Thread<K> {
    pub(super) watch: Watch,
    pub(super) settings: LinksSettings,
    /// The generation of the centre's policy that is in it.
    pub(super) policy: Option<u64>,
    /// By which the other end proves its probes.
    pub(super) key: Option<Key>,
    /// Where paths are tried, if they are.
    pub(super) trials: Option<TrialsDoor>,
    pub(super) sockets: Vec<Sockets>,
    /// What the office had sent by each path at the last look.
    pub(super) sent: Vec<Option<u64>>,
    /// Where it is counted what watching costs.
    pub(super) counts: Counts,
    pub(super) kernel: K,
    pub(super) words: Words,
    pub(super) events: SyncSender<Event>,
    /// To whoever counts what paths do, if that is told to the centre.
    pub(super) samples: Option<SyncSender<Sample>>,
    pub(super) commands: Receiver<Command>,
    /// Wakes it for a command, or because it is over.
    pub(super) wake: Arc<EventFd>,
    pub(super) over: CancellationToken,
    pub(super) status: Arc<Mutex<Status>>,
}

impl<K: Kernel> Thread<K> {
    /// Watches until it is over.
    ///
    /// # Errors
    /// When the kernel lets nobody wait any more.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut reflector = reflector();
        let mut octets = [0; LONGEST];
        let mut effects = Vec::new();
        let mut looked_at = Instant::now();
        self.tell(What::Began);
        // Each device tells once how it is.
        self.take_carriers(&mut effects);
        loop {
            let ready = self.wait()?;
            if self.over.is_cancelled() {
                return Ok(());
            }
            if ready.is_woken {
                self.obey(&mut effects)?;
            }
            if ready.is_changed {
                self.take_carriers(&mut effects);
            }
            let since = looked_at.elapsed();
            if ready.is_changed || since >= LOOK_EVERY {
                self.rebind(&mut effects);
            }
            if since >= LOOK_EVERY {
                looked_at = Instant::now();
                self.count(since);
            }
            self.receive(&mut reflector, &mut octets, &mut effects);
            let second = self.watch.next_second();
            self.watch.expire(Instant::now(), random::number, &mut effects);
            if self.watch.next_second() != second {
                self.hand_over();
            }
            self.probe(&mut octets);
            if !effects.is_empty() {
                self.carry_out(&mut effects);
            }
        }
    }

    /// Waits for a datagram, a change of a device, a command, or the next deadline.
    fn wait(&mut self) -> io::Result<Ready> {
        let now = Instant::now();
        let left = self.watch.next_deadline(now).saturating_duration_since(now);
        let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        let kernel = self.kernel.fd();
        fds.extend(kernel.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        for sockets in &self.sockets {
            fds.extend(sockets.waiting().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        }
        match ppoll(&mut fds, Some(TimeSpec::from(left)), None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let has_come = |fd: &PollFd<'_>| fd.any().unwrap_or_default();
        let is_changed = kernel.is_some() && fds.get(1).is_some_and(has_come);
        Ok(Ready { is_woken: fds.first().is_some_and(has_come), is_changed })
    }

    fn take_carriers(&mut self, effects: &mut Vec<Effect>) {
        for (number, has_carrier) in self.kernel.carriers() {
            self.watch.take_carrier(number, has_carrier, Instant::now(), effects);
        }
    }

    /// Counts what the office sent by each path, and what it cost to watch it.
    fn count(&mut self, since: Duration) {
        for (number, sockets) in (0..).map(PathNumber::new).zip(&self.sockets) {
            self.counts.add(number, sockets.take_passed());
        }
        for (number, before) in (0..).map(PathNumber::new).zip(&mut self.sent) {
            let now = self.kernel.office_sent(number);
            let former = std::mem::replace(before, now);
            if let Some(octets) = now.zip(former).and_then(|(now, former)| now.checked_sub(former))
            {
                let bits = octets.saturating_mul(8_000) / since.as_millis().max(1) as u64;
                self.watch.note_office(number, BitRate::from_bits_per_second(bits));
            }
        }
    }

    /// Opens sockets anew on devices that were deleted and made again, once they have their address.
    fn rebind(&mut self, effects: &mut Vec<Effect>) {
        let numbers = (0..).map(PathNumber::new);
        for ((number, path), sockets) in numbers.zip(&self.settings.paths).zip(&mut self.sockets) {
            if path.device.index().is_ok_and(|index| Interface(index) != sockets.interface)
                && let Ok(fresh) = Sockets::open(path)
            {
                tracing::info!(path = path.name, device = %path.device, "links.device is back");
                *sockets = fresh;
                let (interface, of) = (sockets.interface, (path, random::number()));
                self.watch.rebind(number, interface, of, Instant::now(), effects);
                // The classes went with the device.
                if let Some(ceil) = self.watch.ceil(number)
                    && let Err(reason) = self.kernel.share(number, ceil)
                {
                    tracing::error!(path = path.name, reason, "links.share");
                }
            }
        }
    }

    /// Takes all that has come, heartbeats of all paths first: time is asked for only afterwards.
    fn receive(
        &mut self,
        reflector: &mut Reflector,
        octets: &mut [u8; LONGEST],
        effects: &mut Vec<Effect>,
    ) {
        for which in [Which::Heartbeats, Which::Probes, Which::Reflector] {
            let numbers = (0..).map(PathNumber::new);
            for ((number, sockets), path) in numbers.zip(&self.sockets).zip(&self.settings.paths) {
                let key = self.key.as_ref().filter(|_| path.authenticated);
                for _ in 0..IN_A_ROW {
                    let Some(came) = sockets.receive(which, octets) else { break };
                    let octets = octets.get(..came.length).unwrap_or_default();
                    let at = reading();
                    match which {
                        Which::Heartbeats => {
                            let arrival = sockets.arrival(&came);
                            self.watch.take_heartbeat(&arrival, octets, at.now, effects);
                        }
                        Which::Probes if !sockets.is_answer(&came) => {}
                        Which::Probes => self.watch.take_answer(number, octets, at),
                        Which::Reflector => {
                            reflect(sockets, (&came, octets), (reflector, key), at.wall);
                        }
                    }
                }
            }
        }
    }

    /// Sends the probes that are due, each stamped as it leaves.
    fn probe(&mut self, octets: &mut [u8; LONGEST]) {
        for (number, sockets) in (0..).map(PathNumber::new).zip(&self.sockets) {
            if let Some(length) = self.watch.next_probe(number, reading(), octets) {
                sockets.send_probe(octets.get(..length).unwrap_or_default());
            }
        }
    }

    /// Does what people want.
    fn obey(&mut self, effects: &mut Vec<Effect>) -> io::Result<()> {
        match self.wake.read() {
            Ok(_) | Err(Errno::EAGAIN) => {}
            Err(errno) => return Err(errno.into()),
        }
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Reload(fresh, policy) => {
                    self.policy = policy;
                    self.reload(*fresh, effects);
                }
                Command::Fill(number) => {
                    if let Some(trials) = &self.trials {
                        trials.fill(number);
                    }
                }
                command => self.watch.obey(&command, Instant::now(), effects),
            }
        }
        Ok(())
    }

    /// Goes on with a section that was changed.
    fn reload(&mut self, fresh: LinksSettings, effects: &mut Vec<Effect>) {
        if let Some(trials) = &self.trials {
            trials.reload(fresh.carry_test.clone());
        }
        let former = std::mem::replace(&mut self.settings, fresh);
        let sections = (&former, &self.settings);
        self.watch.reload(sections, Instant::now(), effects);
        let watch = &self.watch;
        match self.kernel.reload(sections, &|number| watch.ceil(number)) {
            Ok(()) => tracing::info!("links.reload: the section is taken"),
            Err(reason) => tracing::error!(reason, "links.reload"),
        }
        self.tell(What::Reloaded);
        self.show();
    }

    /// Tells the other end first, which has to move as well; then moves traffic, and tells of it afterwards.
    fn carry_out(&mut self, effects: &mut Vec<Effect>) {
        effects.sort_by_key(|effect| !matches!(effect, Effect::Heartbeat(..)));
        for effect in std::mem::take(effects) {
            match effect {
                Effect::Heartbeat(number, datagram) => {
                    if let Some(sockets) = self.sockets.get(usize::from(number.index())) {
                        sockets.send_heartbeat(&datagram, self.watch.is_mutual(number));
                    }
                }
                Effect::Try(number) => {
                    if let Some(trials) = &self.trials {
                        trials.ask(number);
                    }
                }
                Effect::Happened(what) => self.tell(what),
                Effect::Shared(number, wanted) => {
                    if let Err(reason) = self.kernel.share(number, wanted.ceil) {
                        tracing::error!(path = self.words.path(number), reason, "links.share");
                    }
                    self.tell(What::Shared { number, wanted });
                }
                Effect::Decided(decision) => {
                    let begun = Instant::now();
                    let is_other = decision.from.routes() != decision.routes;
                    let moved = is_other.then(|| self.kernel.move_to(decision.routes));
                    let took = (moved == Some(Ok(Moved::Done))).then(|| begun.elapsed());
                    self.tell(What::Site { decision, took });
                    if let Some(Err(reason)) = moved {
                        tracing::error!(%reason, "links.stuck");
                        self.tell(What::Stuck { to: decision.routes.all });
                    }
                }
            }
        }
        self.show();
    }

    /// Hands an event to whoever writes it down, without waiting.
    fn tell(&self, what: What) {
        let event = self.words.event(&what, SystemTime::now());
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(event) | TrySendError::Disconnected(event)) => {
                tracing::error!(?event, "links.event is lost");
            }
        }
    }

    /// Hands what paths did in a second to whoever counts it, without waiting.
    fn hand_over(&self) {
        let Some(samples) = &self.samples else { return };
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        if samples.try_send(self.watch.sample(at)).is_err() {
            tracing::debug!("links.cells miss a second");
        }
    }

    fn show(&self) {
        let status = Status { policy: self.policy, ..Status::of(&self.watch, &self.words) };
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

struct Ready {
    is_woken: bool,
    is_changed: bool,
}

/// Answers a probe of the other end, and of nobody else.
fn reflect(
    sockets: &Sockets,
    (came, octets): (&Came, &[u8]),
    (reflector, key): (&mut Reflector, Option<&Key>),
    received: SystemTime,
) {
    if !sockets.is_peers(came) {
        return;
    }
    let (source, ttl) = (came.from, came.ttl);
    let authentication = key.map_or(Authentication::None, Authentication::Hmac);
    let arrival = Arrival { source, octets, ttl, received, authentication };
    let mut answer = [0; LONGEST];
    let Reading { now, wall } = reading();
    if let Ok(length) = reflector.reflect(arrival, Departure { now, wall }, &mut answer) {
        sockets.answer(answer.get(..length).unwrap_or_default(), came.from);
    }
}

fn reading() -> Reading {
    Reading { now: Instant::now(), wall: SystemTime::now() }
}

fn reflector() -> Reflector {
    let few = NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN);
    let rate = NonZeroU32::new(ANSWERS_A_SECOND).unwrap_or(NonZeroU32::MIN);
    let limit = RateLimit { a_second: rate, at_once: rate, peers: few };
    let error = ErrorEstimate::unsynchronised(Format::Ntp, Duration::from_secs(1));
    Reflector::new(Counting::Stateful { sessions: few, of_one_address: few }, limit, error)
}
