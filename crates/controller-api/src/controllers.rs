//! One client for each access point, kept as long as its API stays the same, so that logins and
//! connections are used again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{ControllerApi, Guest, MacAddress, NasName, Terms};

use crate::error::ApiError;
use crate::unifi::Unifi;

/// More clients are not kept; who comes then logs in anew.
const MOST: usize = 1_000;

/// The clients of all controllers.
#[derive(Debug, Default)]
pub struct Controllers(Mutex<HashMap<NasName, Arc<Unifi>>>);

impl Controllers {
    /// Has a device let through under these terms, whatever it was told before.
    ///
    /// # Errors
    /// Why it was not told.
    pub async fn admit(
        &self,
        (nas, api): (&NasName, &ControllerApi),
        device: MacAddress,
        terms: &Terms,
    ) -> Result<(), ApiError> {
        self.client(nas, api)?.admit(device, terms).await
    }

    /// Has a device not let through any more.
    ///
    /// # Errors
    /// Why it was not told.
    pub async fn revoke(
        &self,
        (nas, api): (&NasName, &ControllerApi),
        device: MacAddress,
    ) -> Result<(), ApiError> {
        self.client(nas, api)?.revoke(device).await
    }

    /// Every guest that the controller sees at the site.
    ///
    /// # Errors
    /// Why it did not say so.
    pub async fn guests(
        &self,
        (nas, api): (&NasName, &ControllerApi),
    ) -> Result<Vec<Guest>, ApiError> {
        self.client(nas, api)?.guests().await
    }

    /// Does what needs the key and changes nothing.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn check(&self, (nas, api): (&NasName, &ControllerApi)) -> Result<(), ApiError> {
        self.client(nas, api)?.check().await
    }

    fn client(&self, nas: &NasName, api: &ControllerApi) -> Result<Arc<Unifi>, ApiError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(nas).filter(|client| client.is_for(api)) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(Unifi::new(api.clone())?);
        if clients.len() >= MOST {
            clients.clear();
        }
        clients.insert(nas.clone(), Arc::clone(&client));
        Ok(client)
    }
}
