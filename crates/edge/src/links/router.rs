//! The kernel of this router as the thread that watches knows it: where traffic goes, and what becomes
//! of devices.

use std::os::fd::{AsFd, BorrowedFd};

use link::PathNumber;
use link::site::Routes;

use super::LinksError;
use super::settings::{LinksSettings, SwitchMode};
use super::switch::{Carrier, Hand, LinkEvent, Plan, Switch, SwitchError, Watch};
use super::watcher::Kernel;

/// Next hops, routes and devices.
pub(super) struct Router {
    switch: Switch,
    devices: Watch,
    /// Where traffic is to go, also if it could not be brought there yet.
    wanted: Routes,
}

impl Router {
    /// Lays the routes of an office, which go where they went before if there were any; returns where.
    pub(super) fn open(settings: &LinksSettings) -> Result<(Self, Routes), LinksError> {
        let routes_fail = |error: SwitchError| LinksError::Routes(error.to_string());
        let plan =
            Plan::new(settings.outline()).map_err(|error| LinksError::Routes(error.to_string()))?;
        let hand = match settings.mode {
            SwitchMode::Switch => Hand::Kernel,
            SwitchMode::DryRun => Hand::DryRun,
        };
        // Before the first look, so that nothing falls between.
        let devices = Watch::open(&plan).map_err(routes_fail)?;
        let mut switch = Switch::open(plan, hand).map_err(routes_fail)?;
        let standing = switch.standing().map_err(routes_fail)?;
        let wanted = standing.routes().unwrap_or(Routes::everything(PathNumber::PRIMARY));
        // Nothing is on trial yet.
        let wanted = Routes { canary: wanted.all, ..wanted };
        let mut router = Self { switch, devices, wanted };
        router.reconcile().map_err(routes_fail)?;
        Ok((router, wanted))
    }

    fn reconcile(&mut self) -> Result<(), SwitchError> {
        let reconciled = self.switch.reconcile(self.wanted)?;
        for change in reconciled.changes {
            tracing::info!(%change, "links.route");
        }
        for path in reconciled.unavailable {
            tracing::warn!(%path, "links.route: the path has no device that could carry anything");
        }
        Ok(())
    }
}

impl Kernel for Router {
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

    fn move_to(&mut self, routes: Routes) -> Result<(), String> {
        self.wanted = routes;
        let moved = self.switch.move_to(routes);
        let is_incomplete = match &moved {
            Ok(movement) => movement.has_gaps,
            Err(error) => matches!(error, SwitchError::NoNextHop { .. }),
        };
        if is_incomplete {
            return self.reconcile().map_err(|error| error.to_string());
        }
        moved.map(drop).map_err(|error| error.to_string())
    }
}
