//! One client for each access point, kept as long as its API stays the same, so that logins and
//! connections are used again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    ControllerApi, Credential, Guest, HandOffMethod, MacAddress, NasName, Terms, Whereabouts,
};

use crate::error::ApiError;
use crate::omada::Omada;
use crate::smart_zone::SmartZone;
use crate::unifi::Unifi;

/// More clients are not kept; who comes then logs in anew.
const MOST: usize = 1_000;

/// The clients of all controllers.
#[derive(Debug, Default)]
pub struct Controllers(Mutex<HashMap<NasName, Arc<Client>>>);

/// Which controller is meant, and how it is spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Controller<'a> {
    /// The access point that it is the controller of.
    pub nas: &'a NasName,
    /// By which maker's words.
    pub method: HandOffMethod,
    /// Where its API is, and by what right it is used.
    pub api: &'a ControllerApi,
}

/// Whom a controller is told of.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The device.
    pub device: MacAddress,
    /// What a redirect said of where it is.
    pub place: Option<&'a Whereabouts>,
    /// Its address, if its session has one.
    pub address: Option<IpAddr>,
}

/// The client of one maker's controller.
#[derive(Debug)]
enum Client {
    Unifi(Unifi),
    Omada(Omada),
    SmartZone(SmartZone),
}

impl Controllers {
    /// Has a device let through under these terms, whatever it was told before; or by a credential,
    /// by which RADIUS tells them.
    ///
    /// # Errors
    /// Why it was not told.
    pub async fn admit(
        &self,
        at: Controller<'_>,
        Who { device, place, .. }: Who<'_>,
        terms: &Terms,
        credential: Option<&Credential>,
    ) -> Result<(), ApiError> {
        match &*self.client(at)? {
            Client::Unifi(unifi) => unifi.admit(device, terms).await,
            Client::Omada(omada) => omada.admit(device, terms, place).await,
            Client::SmartZone(zone) => {
                let credential = credential.ok_or(ApiError::Unseen)?;
                zone.log_in(device, place, credential).await
            }
        }
    }

    /// Has a device not let through any more.
    ///
    /// # Errors
    /// Why it was not told.
    pub async fn revoke(
        &self,
        at: Controller<'_>,
        Who { device, place, address }: Who<'_>,
    ) -> Result<(), ApiError> {
        match &*self.client(at)? {
            Client::Unifi(unifi) => unifi.revoke(device).await,
            Client::Omada(omada) => omada.revoke(device).await,
            Client::SmartZone(zone) => zone.log_out(device, place, address).await,
        }
    }

    /// Every guest that the controller sees at the site; nobody where accounting says so.
    ///
    /// # Errors
    /// Why it did not say so.
    pub async fn guests(&self, at: Controller<'_>) -> Result<Vec<Guest>, ApiError> {
        match &*self.client(at)? {
            Client::Unifi(unifi) => unifi.guests().await,
            Client::Omada(omada) => omada.guests().await,
            Client::SmartZone(_) => Ok(Vec::new()),
        }
    }

    /// Does what needs the key and changes nothing.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn check(&self, at: Controller<'_>) -> Result<(), ApiError> {
        match &*self.client(at)? {
            Client::Unifi(unifi) => unifi.check().await,
            Client::Omada(omada) => omada.check().await,
            Client::SmartZone(zone) => zone.check().await,
        }
    }

    /// What the controller encrypted in a redirect; `None` if it never did.
    ///
    /// # Errors
    /// Why it did not say so.
    pub async fn decrypt(
        &self,
        at: Controller<'_>,
        hidden: &str,
    ) -> Result<Option<String>, ApiError> {
        match &*self.client(at)? {
            Client::Unifi(_) | Client::Omada(_) => Ok(None),
            Client::SmartZone(zone) => zone.decrypt(hidden).await,
        }
    }

    fn client(&self, at: Controller<'_>) -> Result<Arc<Client>, ApiError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(at.nas).filter(|client| client.is_for(at)) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(match at.method {
            HandOffMethod::OmadaApi => Client::Omada(Omada::new(at.api.clone())?),
            HandOffMethod::SmartZone => Client::SmartZone(SmartZone::new(at.api.clone())?),
            _ => Client::Unifi(Unifi::new(at.api.clone())?),
        });
        if clients.len() >= MOST {
            clients.clear();
        }
        clients.insert(at.nas.clone(), Arc::clone(&client));
        Ok(client)
    }
}

impl Client {
    fn is_for(&self, at: Controller<'_>) -> bool {
        match self {
            Self::Unifi(unifi) => at.method == HandOffMethod::UnifiApi && unifi.is_for(at.api),
            Self::Omada(omada) => at.method == HandOffMethod::OmadaApi && omada.is_for(at.api),
            Self::SmartZone(zone) => at.method == HandOffMethod::SmartZone && zone.is_for(at.api),
        }
    }
}
