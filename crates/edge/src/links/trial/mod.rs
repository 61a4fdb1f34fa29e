//! Whether each path would carry the office, tried every minute: a call in the office's own shoes, the
//! largest packet that passes, and how much the path carries. Runs on a thread of its own beside the one
//! of heartbeats, and tells it what came of each trial.

mod asked;
mod bulk;
mod host;
mod kept;
mod talk;
mod tap;
mod trains;
mod tried;
mod tun;

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use link::capacity::TrainKey;
use link::carry::{CarryKey, Place, Witness};
use link::path_mtu::ProbeKey;
use link::{Key, PathNumber};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use tokio_util::sync::CancellationToken;

use super::metered::Counts;
use super::reload::Ways;
use super::sectors::Sectors;
use super::settings::{CarryTestSettings, LinksSettings};
use super::status::Status;
use super::watch::Command;
use super::{LinksError, spawn};
use crate::random;
pub(super) use bulk::{Bulked, News};
use host::{Host, Pair};
pub(super) use kept::Carried;
use talk::Talk;
use tap::{Direction, Tap};
use tried::{Means, Standing, Tried};
use tun::Tun;

/// How often devices are looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Orders that may wait.
const ORDERS: usize = 16;
/// The longest datagram that is looked at.
const LONGEST: usize = 9_216;
/// Of one socket so many are taken before the others have their turn.
const IN_A_ROW: usize = 600;

/// The keys of an office, one for each protocol.
#[derive(Debug, Clone)]
struct Keys {
    carry: CarryKey,
    train: TrainKey,
    probe: ProbeKey,
}

/// What a trial is told of and asked by.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    /// Where it is counted what trials cost.
    pub(super) counts: Counts,
    pub(super) commands: SyncSender<Command>,
    pub(super) wake: Arc<EventFd>,
    pub(super) status: Arc<Mutex<Status>>,
    pub(super) sectors: Sectors,
}

/// Begins to try the paths of an office whose agents share that key; none if no path is to be tried.
pub(super) fn start(
    settings: &LinksSettings,
    key: Option<&Key>,
    outlet: Outlet,
    over: CancellationToken,
) -> Result<Option<TrialsDoor>, LinksError> {
    let Some(key) = key else { return Ok(None) };
    let trials = Trials::open(settings, key, outlet, over).map_err(LinksError::Trial)?;
    let Some(trials) = trials else { return Ok(None) };
    let door = trials.door.clone();
    spawn("link-trials", move || {
        if let Err(error) = trials.run() {
            tracing::error!(%error, "links.trial: paths are tried no more");
        }
    })?;
    Ok(Some(door))
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// A trial of a path.
    Try(PathNumber),
    /// A bulk run over one.
    Fill(PathNumber),
}

/// Where a trial is asked for.
#[derive(Debug, Clone)]
pub(super) struct TrialsDoor {
    orders: SyncSender<Order>,
    /// How paths are to be tried, if that was changed since the last look.
    fresh: Arc<Mutex<Option<CarryTestSettings>>>,
    wake: Arc<EventFd>,
}

impl TrialsDoor {
    /// That path is to be tried now.
    pub(super) fn ask(&self, path: PathNumber) {
        // Who has so many to try will come to this one, too.
        self.order(Order::Try(path));
    }

    /// A bulk run is to be made over that path, as soon as may be.
    pub(super) fn fill(&self, path: PathNumber) {
        self.order(Order::Fill(path));
    }

    /// Paths are to be tried like that from now on; of two changes the later one counts.
    pub(super) fn reload(&self, fresh: CarryTestSettings) {
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        self.wake();
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_ok() {
            self.wake();
        }
    }

    fn wake(&self) {
        // It cannot fail: nobody writes as much as a counter holds.
        let _ = self.wake.write(1);
    }

    fn take_fresh(&self) -> Option<CarryTestSettings> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The trials of an office.
struct Trials {
    paths: Vec<Tried>,
    host: Host,
    tap: Tap,
    witness: Witness,
    keys: Keys,
    outlet: Outlet,
    /// What is kept of bulk runs.
    carried: Carried,
    orders: Receiver<Order>,
    door: TrialsDoor,
    over: CancellationToken,
    looked_at: Instant,
}

impl Trials {
    /// Makes the host that stands in for the office, and begins with the first trial at once; none if no
    /// path is to be tried.
    ///
    /// # Errors
    /// When the kernel gives no such device, or somebody has its addresses.
    fn open(
        settings: &LinksSettings,
        key: &Key,
        outlet: Outlet,
        over: CancellationToken,
    ) -> io::Result<Option<Self>> {
        let now = Instant::now();
        let numbers = (0..).map(PathNumber::new);
        let wanted = numbers.zip(&settings.paths).filter_map(|(number, path)| {
            let (own, far) = (path.office_local?, path.office_peer?);
            let pair = Pair { own, far, other: path.resolver_local };
            Some((number, path, pair))
        });
        let test = settings.carry_test.clone();
        let carried = Carried::open(settings);
        let paths: Vec<_> = wanted
            .map(|(number, path, pair)| {
                let test = settings.carry_test_of(path);
                let place = format!("{}/{}", settings.site, path.name);
                let mut tried = Tried::new((number, place), path.clone(), pair, test, now);
                if let Some((_, age)) = carried.of(&path.name) {
                    tried.bulk.recall(age, now);
                }
                tried
            })
            .collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let pairs: Vec<_> = paths.iter().map(|path| path.pair).collect();
        let own: Vec<_> = pairs.iter().flat_map(|pair| pair.hosts()).collect();
        let device = settings.stand_in();
        let tun = Tun::open(&device, &own, test.needs_mtu)?;
        let host = Host::new(tun, &pairs, test.port, random::number(), now);
        let tap = Tap::open(&own, device)?;
        let keys =
            Keys { carry: CarryKey::of(key), train: TrainKey::of(key), probe: ProbeKey::of(key) };
        let witness = Witness::default();
        let (orders, taken) = sync_channel(ORDERS);
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let door = TrialsDoor { orders, fresh: Arc::default(), wake: Arc::new(wake) };
        let orders = taken;
        let looked_at = now;
        Ok(Some(Self {
            paths,
            host,
            tap,
            witness,
            keys,
            outlet,
            carried,
            orders,
            door,
            over,
            looked_at,
        }))
    }

    /// Tries until it is over.
    ///
    /// # Errors
    /// When the kernel lets nobody wait any more.
    fn run(mut self) -> io::Result<()> {
        let mut octets = vec![0; LONGEST];
        while !self.over.is_cancelled() {
            self.wait()?;
            self.look();
            self.take_orders();
            self.bear_witness();
            self.hear(&mut octets);
            self.host.run(Instant::now());
            self.advance(&mut octets);
            self.host.run(Instant::now());
        }
        Ok(())
    }

    fn wait(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let due = self.paths.iter().map(|path| path.next_deadline()).min();
        let due = due.into_iter().chain(self.host.next_deadline(now));
        let due = due.fold(self.looked_at + LOOK_EVERY, Instant::min);
        let left = due.saturating_duration_since(now);
        let talks = self.paths.iter().filter_map(|path| path.talk.as_ref());
        let own = [self.door.wake.as_fd(), self.host.fd(), self.tap.fd()];
        let fds = own.into_iter().chain(talks.map(Talk::fd));
        let mut fds: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match ppoll(&mut fds, Some(TimeSpec::from(left)), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the sockets of devices that were made again.
    fn look(&mut self) {
        if self.looked_at.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked_at = Instant::now();
        self.tap.forget_devices();
        let counts = &self.outlet.counts;
        for path in &mut self.paths {
            counts.add(path.number, path.talk.as_ref().map(Talk::take_passed).unwrap_or_default());
            path.look();
        }
    }

    /// Begins what was asked for.
    fn take_orders(&mut self) {
        // What is written there only wakes.
        let _ = self.door.wake.read();
        if let Some(fresh) = self.door.take_fresh() {
            for path in &mut self.paths {
                path.reload(fresh.clone().of(&path.settings), Instant::now());
            }
        }
        for order in self.orders.try_iter() {
            let (Order::Try(number) | Order::Fill(number)) = order;
            let path = self.paths.iter_mut().find(|path| path.number == number);
            match (path, order) {
                (Some(path), Order::Try(_)) => path.hurry(Instant::now()),
                (Some(path), Order::Fill(_)) => path.bulk.ask(Instant::now()),
                (None, _) => {}
            }
        }
    }

    /// Takes down by which devices packets of the hosts passed.
    fn bear_witness(&mut self) {
        for _ in 0..IN_A_ROW {
            let Some(passed) = self.tap.next() else { return };
            let Some(passed) = passed else { continue };
            let path =
                self.paths.iter_mut().find(|path| path.pair.hosts().any(|own| own == passed.own));
            let Some(path) = path else { continue };
            let is_on_path = path.settings.device.as_str() == passed.device.name();
            if is_on_path {
                self.outlet.counts.add(path.number, passed.length);
            }
            let by = if is_on_path { Place::OnPath } else { Place::Elsewhere(passed.device) };
            let now = Instant::now();
            let asked = path.asked.as_mut().into_iter();
            match passed.direction {
                Direction::In => {
                    self.witness.arrived(passed.other, by, now);
                    asked.for_each(|asked| asked.arrived(passed.other, by, now));
                }
                Direction::Out => {
                    self.witness.returned(passed.other, by, now);
                    asked.for_each(|asked| asked.left(passed.other, by, now));
                }
            }
        }
    }

    fn hear(&mut self, octets: &mut [u8]) {
        let Self { paths, witness, keys, .. } = self;
        for path in paths {
            for _ in 0..IN_A_ROW {
                if !path.hear_of_routers(octets, keys) {
                    break;
                }
            }
            for _ in 0..IN_A_ROW {
                if !path.hear(octets, witness, keys) {
                    break;
                }
            }
        }
    }

    /// Goes on with each trial, and tells of those that are over.
    fn advance(&mut self, octets: &mut [u8]) {
        let alive = {
            let status = self.outlet.status.lock().unwrap_or_else(PoisonError::into_inner);
            let of = |path: &Tried| status.paths.get(usize::from(path.number.index()));
            let standing = |path: &Tried| {
                let thrift = self.outlet.counts.thrift(path.number);
                of(path).map_or(Standing::default(), |of| Standing::of(of, &status, thrift))
            };
            self.paths.iter().map(standing).collect::<Vec<_>>()
        };
        let Self { paths, host, witness, keys, outlet, carried, .. } = self;
        for (path, standing) in paths.iter_mut().zip(alive) {
            let now = Instant::now();
            let sectors = &outlet.sectors;
            let means = &mut Means { host, witness, keys, octets, sectors, now };
            if let Some(outcome) = path.advance(standing, means) {
                tracing::debug!(path = path.settings.name, ?outcome, "links.trial");
                outlet.tell(Command::Tried(path.number, outcome));
            }
            while let Some(news) = path.news.pop_front() {
                if let News::Over(bulked) = &news {
                    carried.keep(&path.settings.name, bulked);
                }
                outlet.tell(Command::Bulk(path.number, news));
            }
        }
    }
}

impl Outlet {
    /// By the ways of everybody who tells the watch something.
    pub(super) fn of(
        ways: &Ways,
        (status, counts, sectors): (&Arc<Mutex<Status>>, &Counts, Sectors),
    ) -> Self {
        let (commands, wake) = (ways.commands.clone(), Arc::clone(&ways.wake));
        Self { counts: counts.clone(), commands, wake, status: Arc::clone(status), sectors }
    }

    fn tell(&self, command: Command) {
        match self.commands.try_send(command) {
            Ok(()) => {
                // It cannot fail: nobody writes as much as a counter holds.
                let _ = self.wake.write(1);
            }
            // The next trial tells the same.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}
