//! The kernel of this router as the thread that watches knows it: where traffic goes, and what becomes
//! of devices.

use std::os::fd::{AsFd, BorrowedFd};

use link::PathNumber;
use link::capacity::BitRate;
use link::site::Routes;
use tokio::sync::watch::{Receiver, Sender};

use super::LinksError;
use super::advice;
use super::settings::{LinksSettings, PathSettings, SwitchMode};
use super::shaper::{Shape, Shaper, ShaperError};
use super::switch::{Carrier, Hand, LinkEvent, Plan, Switch, SwitchError, Watch};
use super::watcher::{Kernel, Moved};

/// Who moves routes.
enum Steering {
    /// We do.
    Routes(Box<Switch>),
    /// FRR does, which is advised of the path by another thread.
    Advice(Sender<PathNumber>),
}

/// Next hops, routes and devices.
pub(super) struct Router {
    steering: Steering,
    devices: Watch,
    /// Where traffic is to go, also if it could not be brought there yet.
    wanted: Routes,
    /// What shapes each path, of those on which visitors can make room.
    shapers: Vec<Option<Shaper>>,
}

impl Router {
    /// Lays the routes of an office, which go where they went before if there were any; returns where.
    pub(super) fn open(settings: &LinksSettings) -> Result<(Self, Routes), LinksError> {
        let routes_fail = |error: SwitchError| LinksError::Routes(error.to_string());
        let plan =
            Plan::new(settings.outline()).map_err(|error| LinksError::Routes(error.to_string()))?;
        // Before the first look, so that nothing falls between.
        let devices = Watch::open(&plan).map_err(routes_fail)?;
        let primary = settings.order().primary();
        let (steering, wanted) = match settings.mode {
            SwitchMode::Switch => take_up(plan, Hand::Kernel, primary).map_err(routes_fail)?,
            SwitchMode::DryRun => take_up(plan, Hand::DryRun, primary).map_err(routes_fail)?,
            SwitchMode::Advise => {
                // Without advice FRR goes by what paths cost, the first of which costs least.
                let path = advice::standing(settings).unwrap_or(PathNumber::PRIMARY);
                (Steering::Advice(Sender::new(path)), Routes::everything(path))
            }
        };
        let shapers = match settings.mode {
            SwitchMode::Switch | SwitchMode::Advise => {
                settings.paths.iter().map(|path| shaper(settings, path)).collect()
            }
            SwitchMode::DryRun => Vec::new(),
        };
        let mut router = Self { steering, devices, wanted, shapers };
        router.reconcile().map_err(routes_fail)?;
        Ok((router, wanted))
    }

    /// By which path FRR is to send, where it is advised.
    pub(super) fn advice(&self) -> Option<Receiver<PathNumber>> {
        match &self.steering {
            Steering::Routes(_) => None,
            Steering::Advice(path) => Some(path.subscribe()),
        }
    }

    /// Lays the classes of a path, also over those of a former agent.
    pub(super) fn lay(
        &mut self,
        path: PathNumber,
        ceil: Option<BitRate>,
    ) -> Result<(), ShaperError> {
        match self.shapers.get_mut(usize::from(path.index())) {
            Some(Some(shaper)) => shaper.lay(ceil),
            Some(None) | None => Ok(()),
        }
    }

    fn reconcile(&mut self) -> Result<(), SwitchError> {
        let Steering::Routes(switch) = &mut self.steering else { return Ok(()) };
        let reconciled = switch.reconcile(self.wanted)?;
        for change in reconciled.changes {
            tracing::info!(%change, "links.route");
        }
        for path in reconciled.unavailable {
            tracing::warn!(%path, "links.route: the path has no device that could carry anything");
        }
        Ok(())
    }
}

/// The switch that moves routes, and where they go by what the kernel holds.
fn take_up(plan: Plan, hand: Hand, primary: PathNumber) -> Result<(Steering, Routes), SwitchError> {
    let mut switch = Switch::open(plan, hand)?;
    let wanted = switch.standing()?.routes().unwrap_or(Routes::everything(primary));
    // Nothing is on trial yet.
    let wanted = Routes { canary: wanted.all, ..wanted };
    Ok((Steering::Routes(Box::new(switch)), wanted))
}

/// What shapes a path, if it is to be shaped; what a former agent laid on any other one is taken away.
fn shaper(settings: &LinksSettings, path: &PathSettings) -> Option<Shaper> {
    let opened = match settings.shape(path) {
        Some(shape) => Shaper::open(shape).map(Some),
        None => Shaper::open(Shape::none(path.device.clone()))
            .and_then(|mut shaper| shaper.remove())
            .map(|()| None),
    };
    match opened {
        Ok(shaper) => shaper,
        Err(error) => {
            tracing::error!(path = path.name, %error, "links.share");
            None
        }
    }
}

impl Kernel for Router {
    fn share(&mut self, path: PathNumber, ceil: Option<BitRate>) -> Result<(), String> {
        match self.shapers.get_mut(usize::from(path.index())) {
            Some(Some(shaper)) => shaper.clamp(ceil).map_err(|error| error.to_string()),
            Some(None) | None => Ok(()),
        }
    }

    fn office_sent(&mut self, path: PathNumber) -> Option<u64> {
        let shaper = self.shapers.get_mut(usize::from(path.index()))?.as_mut()?;
        Some(shaper.sent().ok()??.office)
    }

    fn reload(
        &mut self,
        (former, fresh): (&LinksSettings, &LinksSettings),
        ceil: &dyn Fn(PathNumber) -> Option<Option<BitRate>>,
    ) -> Result<(), String> {
        let plan = Plan::new(fresh.outline()).map_err(|error| error.to_string())?;
        if let Steering::Routes(switch) = &mut self.steering {
            switch.adopt(plan);
        }
        let paths = (0..).map(PathNumber::new).zip(former.paths.iter().zip(&fresh.paths));
        for (number, (before, of)) in paths {
            let own = self.shapers.get_mut(usize::from(number.index()));
            if let Some(own) = own.filter(|_| former.shape(before) != fresh.shape(of)) {
                *own = shaper(fresh, of);
                let ceil = ceil(number).flatten();
                self.lay(number, ceil).map_err(|error| error.to_string())?;
            }
        }
        self.reconcile().map_err(|error| error.to_string())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.devices.as_fd())
    }

    fn carriers(&mut self) -> Vec<(PathNumber, bool)> {
        let mut carriers = Vec::new();
        loop {
            match self.devices.next_event() {
                Ok(Some(LinkEvent::Carrier(path, carrier))) => {
                    carriers.push((path, carrier == Carrier::Up));
                }
                Ok(Some(LinkEvent::Reconcile)) => {
                    if let Err(error) = self.reconcile() {
                        tracing::error!(%error, "links.route");
                    }
                }
                Ok(None) => return carriers,
                Err(error) => {
                    tracing::error!(%error, "links.device");
                    return carriers;
                }
            }
        }
    }

    fn move_to(&mut self, routes: Routes) -> Result<Moved, String> {
        self.wanted = routes;
        let switch = match &mut self.steering {
            Steering::Routes(switch) => switch,
            Steering::Advice(path) => {
                path.send_replace(routes.all);
                return Ok(Moved::HandedOver);
            }
        };
        let moved = switch.move_to(routes);
        let is_incomplete = match &moved {
            Ok(movement) => movement.has_gaps,
            Err(error) => matches!(error, SwitchError::NoNextHop { .. }),
        };
        if is_incomplete {
            self.reconcile().map_err(|error| error.to_string())?;
            return Ok(Moved::Done);
        }
        moved.map(|_| Moved::Done).map_err(|error| error.to_string())
    }
}
