//! Questions to the RADIUS server about a device, and what its answers change.
//!
//! There is one question at a time about a device. What asks for another meanwhile is
//! remembered, since the answer on its way may be older than the reason to ask.

use domain::MacAddress;

use super::device::{Again, Asking, CALM, PAUSE, State, Then, longer};
use super::report::{AcctSessionId, Event, TerminateCause};
use super::session::Session;
use super::terms::Terms;
use super::{AccessControl, Action, Ask};
use crate::moment::Moment;

impl AccessControl {
    /// The server lets a device in, or stay. Under another Class than before, staying is a new
    /// session, so that its usage is counted to whom the Class names.
    pub fn accepted(&mut self, device: MacAddress, terms: Terms, now: Moment) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let (again, mut actions) = match &mut known.state {
            State::Asking(asking) => (asking.again.take(), self.begin(device, terms, now)),
            State::Online { session, asking } => {
                let again = asking.take().and_then(|asking| asking.again);
                if session.class == terms.class {
                    session.set_terms(terms, &self.rules, now);
                    (again, vec![Action::Admit(session.admission(device, known.address))])
                } else {
                    (again, self.succeed(device, terms, now))
                }
            }
            State::Quiet { .. } | State::Refused { .. } | State::Leaving { .. } => {
                return Vec::new();
            }
        };
        if again.is_some() {
            actions.extend(self.ask(device, again, now));
        }
        actions
    }

    /// The server keeps a device out.
    pub fn rejected(&mut self, device: MacAddress, now: Moment) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        match &mut known.state {
            State::Asking(asking) => {
                let back_off = longer(asking.back_off);
                let again = asking.again.take();
                known.state = State::Refused { until: now + back_off, back_off };
                if again.is_some() {
                    return self.ask(device, again, now);
                }
                Vec::new()
            }
            State::Online { asking, .. } => {
                let again = asking.take().and_then(|asking| asking.again);
                if again.is_some() {
                    return self.ask(device, again, now);
                }
                self.leave(device, Then::End(TerminateCause::ReauthenticationFailure), now)
            }
            State::Quiet { .. } | State::Refused { .. } | State::Leaving { .. } => Vec::new(),
        }
    }

    /// No server has answered about a device; who is online stays so.
    pub fn unanswered(&mut self, device: MacAddress, now: Moment) {
        let Some(known) = self.devices.get_mut(&device) else { return };
        match &mut known.state {
            State::Asking(_) => known.state = State::Quiet { until: Some(now + PAUSE) },
            State::Online { asking, .. } => *asking = None,
            State::Quiet { .. } | State::Refused { .. } | State::Leaving { .. } => {}
        }
    }

    /// Asks about a device, or notes that it is to be asked again after the answer.
    pub(super) fn ask(
        &mut self,
        device: MacAddress,
        again: Option<Again>,
        now: Moment,
    ) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        match &mut known.state {
            State::Asking(asking) | State::Online { asking: Some(asking), .. } => {
                asking.again = again.or(asking.again.take());
                return Vec::new();
            }
            State::Leaving { .. } => return Vec::new(),
            State::Online { asking, .. } => *asking = Some(Asking::default()),
            State::Refused { back_off, .. } => {
                known.state = State::Asking(Asking { back_off: *back_off, again: None });
            }
            State::Quiet { .. } => known.state = State::Asking(Asking::default()),
        }
        known.calm_until = now + CALM;
        let state = again.map(|again| again.state);
        vec![Action::Ask(Ask { device, address: known.address, state })]
    }

    /// Lets a device in.
    fn begin(&mut self, device: MacAddress, terms: Terms, now: Moment) -> Vec<Action> {
        let session = self.new_session(device, terms, now);
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let actions = vec![
            Action::Admit(session.admission(device, known.address)),
            Action::Report(session.report(Event::Start, device, known.address, now)),
        ];
        known.state = State::Online { session, asking: None };
        actions
    }

    /// Lets a session end and another begin without cutting the device off.
    fn succeed(&mut self, device: MacAddress, terms: Terms, now: Moment) -> Vec<Action> {
        let mut successor = self.new_session(device, terms, now);
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let Some(session) = known.session() else { return Vec::new() };
        let address = known.address;
        let end = Event::Stop(TerminateCause::NasRequest);
        let ended = session.report(end, device, address, now);
        successor.meter = session.meter.successor();
        let actions = vec![
            Action::Report(ended),
            Action::Admit(successor.admission(device, address)),
            Action::Report(successor.report(Event::Start, device, address, now)),
        ];
        known.state = State::Online { session: successor, asking: None };
        actions
    }

    fn new_session(&mut self, device: MacAddress, terms: Terms, now: Moment) -> Box<Session> {
        self.sessions_begun = self.sessions_begun.wrapping_add(1);
        let id = AcctSessionId::new(self.rules.run, self.sessions_begun);
        Box::new(Session::begin(id, device, terms, &self.rules, now))
    }
}
