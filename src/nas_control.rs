//! Carries the controller's orders: by the RADIUS crate's client, to the API of an access point's
//! own controller, or to where a gateway that asks by itself fetches them; and notes what was
//! answered.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use controller::{Delivery, GuestsError, NasControl, Probe, Way, one_time_credential};
use controller_api::{ApiError, Controller, Controllers, Who};
use domain::{
    Clock, ControllerApi, Credential, Errand, Guest, GuestReport, GuestStanding, MacAddress, Nas,
    NasCommand, NasOrder, OrderKind, OrderMethod, OrderReason, Session, Terms, Timestamp,
    WaitingErrand,
};
use radius::{DaeClient, DaeOutcome, DaeSubject};
use store::{Store, StoreError, Trail, TrailEvent, TrailKind};

/// More devices are not let through by links at a time.
const MOST_RECKONED: u32 = 10_000;
/// A gateway that asks by itself and said nothing for so long is not there.
const SILENT: Duration = Duration::from_secs(60);

/// Every way to tell an access point something.
pub struct EveryWay {
    /// By RADIUS.
    pub client: DaeClient,
    /// By the API of its controller.
    pub controllers: Controllers,
    /// Where gateways that ask by themselves fetch what they are told.
    pub store: Arc<dyn Store>,
    /// Where it is noted.
    pub trail: Option<Trail>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl EveryWay {
    fn note(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        (delivery, sent_at): (Delivery, Timestamp),
    ) {
        let Some(trail) = &self.trail else { return };
        let method = match command {
            NasCommand::Disconnect => OrderMethod::Disconnect,
            NasCommand::Reauthenticate => OrderMethod::Reauthenticate,
            NasCommand::Change(_) => OrderMethod::Change,
        };
        let what =
            TrailKind::Told { order: order.id, method: method.as_str(), answer: delivery.answer() };
        trail.note(&TrailEvent {
            nas: Some(nas.name.as_str()),
            // Nothing new is noted of a person who is erased.
            device: (order.reason != OrderReason::Erased).then_some(order.device),
            ..TrailEvent::new(sent_at, what)
        });
    }

    /// What a gateway that asks by itself said, if it lately has.
    async fn heard(&self, nas: &Nas) -> Result<Option<GuestReport>, StoreError> {
        let report = self.store.find_guest_report(&nas.name).await?;
        let now = self.clock.now();
        Ok(report.filter(|report| now < report.heard_at + SILENT))
    }

    /// Who was let through by a link whose time goes on; notes of others go.
    async fn reckoned(&self, nas: &Nas) -> Result<Vec<Guest>, StoreError> {
        let now = self.clock.now();
        let errands =
            self.store.list_errands(&nas.name, Timestamp::from_secs(0), MOST_RECKONED).await?;
        let mut guests = Vec::new();
        for errand in errands {
            match errand.reckoned(now) {
                Some(guest) => guests.push(guest),
                None => drop(self.store.advance_errand(&nas.name, &errand, None).await?),
            }
        }
        Ok(guests)
    }

    /// Leaves what a gateway is to do where it fetches it.
    async fn leave(&self, nas: &Nas, order: &NasOrder, command: &NasCommand) -> Delivery {
        match self.try_to_leave(nas, order, command).await {
            Ok(delivery) => delivery,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(nas = %nas.name, error, "nothing can be left for the gateway");
                Delivery::NoAnswer
            }
        }
    }

    async fn try_to_leave(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
    ) -> Result<Delivery, StoreError> {
        let heard = self.heard(nas).await?;
        let standing = heard.as_ref().and_then(|report| report.standing(order.device));
        let errand = match command {
            NasCommand::Disconnect => Errand::Cut,
            // Who is in under other limits is cut first; who has just come is not yet.
            NasCommand::Change(terms)
                if standing == Some(GuestStanding::Admitted)
                    && matches!(order.kind, OrderKind::Change(_)) =>
            {
                Errand::Renew(terms.clone())
            }
            NasCommand::Change(terms) => Errand::Admit(terms.clone()),
            // It asks nobody by RADIUS, and so is never told to.
            NasCommand::Reauthenticate => return Ok(Delivery::NoAddress),
        };
        let errand = WaitingErrand { device: order.device, errand, left_at: self.clock.now() };
        self.store.leave_errand(&nas.name, &errand).await?;
        Ok(heard.map_or(Delivery::NoAnswer, |_| Delivery::Acknowledged))
    }

    async fn tell_radius(
        &self,
        nas: &Nas,
        order: &NasOrder,
        (command, session): (&NasCommand, Option<&Session>),
    ) -> Delivery {
        let place = match nas.hand_off.method.needs_whereabouts() && session.is_none() {
            false => None,
            true => match self.store.find_whereabouts(&nas.name, order.device).await {
                Ok(place) => place,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(nas = %nas.name, error, "it is not known where the device is");
                    return Delivery::NoAnswer;
                }
            },
        };
        let subject = DaeSubject { nas, device: order.device, session, place: place.as_ref() };
        delivery(self.client.deliver(subject, command).await)
    }

    async fn tell_api(
        &self,
        nas: &Nas,
        api: &ControllerApi,
        order: &NasOrder,
        (command, session): (&NasCommand, Option<&Session>),
    ) -> Delivery {
        let terms = match command {
            NasCommand::Disconnect => None,
            NasCommand::Change(terms) => Some(terms),
            // It is told who may go online, and so is never told to ask.
            NasCommand::Reauthenticate => return Delivery::NoAddress,
        };
        let address = session.and_then(|session| session.address);
        match self.try_to_tell(nas, api, (order.device, address), terms).await {
            Ok(Ok(())) => Delivery::Acknowledged,
            Ok(Err(error)) => {
                tracing::info!(nas = %nas.name, order.id = %order.id, %error, "not told");
                api_delivery(error, command)
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(nas = %nas.name, error, "it is not known what to tell the controller");
                Delivery::NoAnswer
            }
        }
    }

    async fn try_to_tell(
        &self,
        nas: &Nas,
        api: &ControllerApi,
        (device, address): (MacAddress, Option<IpAddr>),
        terms: Option<&Terms>,
    ) -> Result<Result<(), ApiError>, StoreError> {
        let at = controller(nas, api);
        let place = self.store.find_whereabouts(&nas.name, device).await?;
        let who = Who { device, place: place.as_ref(), address };
        let Some(terms) = terms else { return Ok(self.controllers.revoke(at, who).await) };
        let credential = match nas.hand_off.method.logs_in() {
            true => self.credential(nas, device).await?,
            false => None,
        };
        Ok(self.controllers.admit(at, who, terms, credential.as_ref()).await)
    }

    /// A new one-time credential of a device that may be online.
    async fn credential(
        &self,
        nas: &Nas,
        device: MacAddress,
    ) -> Result<Option<Credential>, StoreError> {
        let now = self.clock.now();
        let grant = self.store.find_grant(device).await?.filter(|grant| grant.holds(now));
        let Some(grant) = grant else { return Ok(None) };
        let credential = one_time_credential(&grant, &nas.name, now);
        self.store.add_credential(&credential).await?;
        Ok(Some(credential))
    }
}

const fn controller<'a>(nas: &'a Nas, api: &'a ControllerApi) -> Controller<'a> {
    Controller { nas: &nas.name, method: nas.hand_off.method, api }
}

/// What a controller's refusal means, in the words of RFC 5176 §3.5.
const fn api_delivery(error: ApiError, command: &NasCommand) -> Delivery {
    const ADMINISTRATIVELY_PROHIBITED: u32 = 501;
    const SESSION_CONTEXT_NOT_FOUND: u32 = 503;
    const RESOURCES_UNAVAILABLE: u32 = 506;
    match error {
        ApiError::Unreachable | ApiError::Slow => Delivery::NoAnswer,
        ApiError::KeyRefused | ApiError::NoSite => Delivery::Refused(ADMINISTRATIVELY_PROHIBITED),
        ApiError::Unseen => match command {
            NasCommand::Disconnect => Delivery::Refused(SESSION_CONTEXT_NOT_FOUND),
            NasCommand::Change(_) | NasCommand::Reauthenticate => {
                Delivery::Refused(RESOURCES_UNAVAILABLE)
            }
        },
        ApiError::Status(_) | ApiError::Refused(_) | ApiError::Garbled => {
            Delivery::Refused(RESOURCES_UNAVAILABLE)
        }
    }
}

#[async_trait]
impl NasControl for EveryWay {
    async fn deliver(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        session: Option<&Session>,
    ) -> Delivery {
        let sent_at = self.clock.now();
        let delivery = match &nas.hand_off.api {
            Some(api) => self.tell_api(nas, api, order, (command, session)).await,
            None if nas.hand_off.method.asks_portal() => self.leave(nas, order, command).await,
            None if nas.profile.speaks_radius() && self.client.reaches(nas) => {
                self.tell_radius(nas, order, (command, session)).await
            }
            None => Delivery::NoAddress,
        };
        self.note(nas, order, command, (delivery, sent_at));
        delivery
    }

    async fn probe(&self, nas: &Nas) -> Probe {
        if let Some(api) = &nas.hand_off.api {
            let checked = self.controllers.check(controller(nas, api)).await;
            let delivery = checked.map_or_else(
                |error| api_delivery(error, &NasCommand::Disconnect),
                |()| Delivery::Acknowledged,
            );
            return Probe { delivery, way: Way::Api };
        }
        if nas.hand_off.method.asks_portal() {
            let delivery = match self.heard(nas).await {
                Ok(Some(_)) => Delivery::Acknowledged,
                Ok(None) | Err(_) => Delivery::NoAnswer,
            };
            return Probe { delivery, way: Way::ByItself };
        }
        let way = match nas.dae_address {
            _ if nas.hand_off.method.opens_by_link() => {
                return Probe { delivery: Delivery::NoAddress, way: Way::None };
            }
            _ if self.client.is_connected(nas) => Way::OwnConnection,
            Some(address) => Way::Address(address),
            None => return Probe { delivery: Delivery::NoAddress, way: Way::None },
        };
        Probe { delivery: delivery(self.client.probe(nas).await), way }
    }

    async fn guests(&self, nas: &Nas) -> Result<Vec<Guest>, GuestsError> {
        if nas.hand_off.method.opens_by_link() {
            return self.reckoned(nas).await.map_err(|error| GuestsError(error.to_string()));
        }
        if nas.hand_off.method.asks_portal() {
            let heard = self.heard(nas).await.map_err(|error| GuestsError(error.to_string()))?;
            let report = heard.ok_or_else(|| GuestsError("it is silent".to_owned()))?;
            return Ok(report.into_guests());
        }
        let Some(api) = &nas.hand_off.api else { return Ok(Vec::new()) };
        let guests = self.controllers.guests(controller(nas, api)).await;
        guests.map_err(|error| GuestsError(error.to_string()))
    }
}

/// How a delivery ended, in the controller's words.
const fn delivery(outcome: DaeOutcome) -> Delivery {
    match outcome {
        DaeOutcome::Acknowledged => Delivery::Acknowledged,
        DaeOutcome::Refused(cause) => Delivery::Refused(cause),
        DaeOutcome::NoAnswer => Delivery::NoAnswer,
    }
}
