//! Lets the portal ask controllers of access points what they hide in their redirects.

use async_trait::async_trait;
use controller_api::{Controller, Controllers};
use domain::Nas;
use portal::DecryptError;

/// The controllers, as the portal asks them.
#[derive(Default)]
pub struct OfPortal(Controllers);

#[async_trait]
impl portal::Controllers for OfPortal {
    async fn decrypt(&self, nas: &Nas, hidden: &str) -> Result<Option<String>, DecryptError> {
        let Some(api) = &nas.hand_off.api else { return Ok(None) };
        let at = Controller { nas: &nas.name, method: nas.hand_off.method, api };
        self.0.decrypt(at, hidden).await.map_err(|error| DecryptError(error.to_string()))
    }
}
