//! What the kernel tells: counters, who is admitted, and whether it did as it was told.

use std::collections::BTreeMap;

use domain::MacAddress;

use super::device::{CALM, PAUSE, State, Then};
use super::meter::Traffic;
use super::report::{Event, TerminateCause};
use super::{AccessControl, Action};
use crate::enforcer::DeviceUsage;
use crate::moment::Moment;

impl AccessControl {
    /// What every admitted device has moved; who is missing is admitted again, and who has no
    /// session is removed.
    pub fn counted(&mut self, usage: &[DeviceUsage], now: Moment) -> Vec<Action> {
        let mut counters: BTreeMap<_, _> = usage
            .iter()
            .map(|counted| {
                let DeviceUsage { uploaded, downloaded, .. } = *counted;
                ((counted.device, counted.address), Traffic { uploaded, downloaded })
            })
            .collect();
        let mut actions = Vec::new();
        let mut spent = Vec::new();
        for (&device, known) in &mut self.devices {
            let counted = counters.remove(&(device, known.address));
            match (&mut known.state, counted) {
                (State::Online { session, .. }, Some(counted)) => {
                    session.read(counted, now);
                    if session.is_spent() {
                        spent.push(device);
                    }
                }
                (State::Online { session, .. }, None) => {
                    session.meter.readmitted();
                    actions.push(Action::Admit(session.admission(device, known.address)));
                }
                (State::Leaving { session, .. }, Some(counted)) => session.read(counted, now),
                (State::Leaving { .. }, None) => {}
                (_, Some(_)) => {
                    actions.push(Action::Remove { device, address: known.address });
                }
                (_, None) => {}
            }
        }
        actions.extend(
            counters.into_keys().map(|(device, address)| Action::Remove { device, address }),
        );
        for device in spent {
            let cause = TerminateCause::SessionTimeout;
            actions.extend(self.leave(device, Then::End(cause), now));
        }
        actions
    }

    /// A device is cut off, and this is what it has moved under its admission, if it was admitted.
    pub fn removed(
        &mut self,
        device: MacAddress,
        usage: Option<DeviceUsage>,
        now: Moment,
    ) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let quiet = State::Quiet { until: Some(now + PAUSE) };
        let (mut session, then) = match std::mem::replace(&mut known.state, quiet) {
            State::Leaving { session, then, .. } => (session, then),
            other => {
                known.state = other;
                return Vec::new();
            }
        };
        if let Some(DeviceUsage { uploaded, downloaded, .. }) = usage {
            session.meter.read(Traffic { uploaded, downloaded });
        }
        match then {
            Then::End(cause) => {
                // Who was only idle is asked for again when it shows a sign of life.
                if cause == TerminateCause::IdleTimeout {
                    known.state = State::Quiet { until: None };
                }
                let event = Event::Stop(cause);
                vec![Action::Report(session.report(event, device, known.address, now))]
            }
            Then::Move(address) => {
                session.meter.readmitted();
                known.address = address;
                known.absent_since = None;
                known.calm_until = now + CALM;
                let event = session.interim(now);
                let report = session.report(event, device, address, now);
                let admission = session.admission(device, address);
                known.state = State::Online { session, asking: None };
                vec![Action::Admit(admission), Action::Report(report)]
            }
        }
    }

    /// The kernel would not let a device through.
    pub fn not_admitted(&mut self, device: MacAddress, now: Moment) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let Some(session) = known.session() else { return Vec::new() };
        let event = Event::Stop(TerminateCause::NasError);
        let report = session.report(event, device, known.address, now);
        known.state = State::Quiet { until: Some(now + PAUSE) };
        vec![Action::Report(report)]
    }
}
