//! Our end of one path.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use link::bfd::{Change, Discriminator, Interface, Path, Settings, Standing, State};

use crate::ground::{Ground, OURS, OURS_AFAR, OURS_V6, THEIRS, THEIRS_AFAR, THEIRS_V6};
use crate::shell::{End, Running, Saying, Shell, Told};
use crate::{PATIENCE, eventually};

/// One end with one session.
pub struct Agent {
    running: Running,
    told: Receiver<Saying>,
    /// Changes that were told while something else was waited for.
    passed_over: RefCell<Vec<Change>>,
    pub session: Discriminator,
}

impl Agent {
    /// On the wire to FRR.
    pub fn on_the_wire(ground: &Ground, settings: Settings) -> Self {
        Self::beside(ground, OURS.into(), THEIRS.into(), settings)
    }

    /// The same, over IPv6.
    pub fn on_the_wire_v6(ground: &Ground, settings: Settings) -> Self {
        Self::beside(ground, OURS_V6.into(), THEIRS_V6.into(), settings)
    }

    fn beside(ground: &Ground, own: IpAddr, peer: IpAddr, settings: Settings) -> Self {
        Self::start(ground, Path::SingleHop { interface: Interface(1), peer }, own, settings)
    }

    /// Over the router to FRR.
    pub fn afar(ground: &Ground, settings: Settings, minimum_ttl: u8) -> Self {
        let (local, peer) = (IpAddr::from(OURS_AFAR), THEIRS_AFAR.into());
        Self::start(ground, Path::MultiHop { local, peer, minimum_ttl }, local, settings)
    }

    fn start(ground: &Ground, path: Path, local: IpAddr, settings: Settings) -> Self {
        let ends = End::open(ground, &[(path, local)]);
        let (running, begun, told) = Running::start(ends, &settings);
        Self { running, told, passed_over: RefCell::default(), session: begun[0] }
    }

    /// Has the thread do something, and waits for it.
    pub fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Shell) -> T + Send + 'static) -> T {
        self.running.act(act)
    }

    pub fn standing(&self) -> Standing {
        let session = self.session;
        self.act(move |shell| shell.sessions.find(session).unwrap())
    }

    pub fn reconfigure(&self, settings: Settings) {
        let session = self.session;
        self.act(move |shell| shell.sessions.reconfigure(session, settings));
    }

    /// Forgets the session and begins another on the same path, as after a crash.
    pub fn begin_anew(&mut self, settings: Settings) {
        self.session = self.act(move |shell| shell.begin(&settings))[0];
    }

    /// Waits for something that is told.
    pub fn hears(&self, what: &str, is_it: impl Fn(&Told) -> bool) -> (Instant, Told) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let saying = self.told.recv_timeout(left);
            let saying = saying.unwrap_or_else(|_| panic!("no {what}, but {before:#?}"));
            if is_it(&saying.told) {
                return (saying.at, saying.told);
            }
            self.passed_over.borrow_mut().extend(saying.told.change());
            before.push(saying.told);
        }
    }

    /// Waits until the session changes into that state.
    pub fn becomes(&self, state: State) -> (Instant, Change) {
        let is_it = |told: &Told| matches!(told, Told::Changed(change) if change.to == state);
        let (at, told) = self.hears(state.as_str(), is_it);
        self.passed_over.borrow_mut().clear();
        (at, told.change().unwrap())
    }

    /// Waits until the session stands so.
    pub fn stands(&self, what: &str, is_so: impl Fn(&Standing) -> bool) -> Standing {
        eventually(what, || Some(self.standing()).filter(&is_so))
    }

    /// All changes of state since the last one that was waited for.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = self.passed_over.take();
        changes.extend(self.told.try_iter().filter_map(|saying| saying.told.change()));
        changes
    }
}
