//! An access point that asks by hardware address: the browser carries nothing back.

use domain::HandOff;

use super::{Arrival, ArrivalError, Dialect, Pass, Redirected, Way, generic, sabeel};

pub(super) struct MacAuthentication;

impl Dialect for MacAuthentication {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        match &hand_off.secret {
            Some(secret) => sabeel::read(secret, redirected),
            None => generic::read(redirected),
        }
    }

    fn way(&self, _: &Pass<'_>) -> Option<Way> {
        Some(Way::AskAgain)
    }
}
