//! Devices that come often and are asked about again before what is known of them is too old, many
//! at a time, so that none of their requests waits for the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{MacAddress, NasProfile};
use tokio::sync::Notify;

use crate::look_ups::OfDevice;

/// For how long devices gather.
const GATHERING: Duration = Duration::from_millis(200);
/// Devices that gather at most; the others are asked about when they come next.
const MOST: usize = 4_096;

/// Who is to be asked about again.
pub(crate) struct Renewals {
    pub(crate) question: OfDevice,
    wanted: Mutex<HashMap<MacAddress, NasProfile>>,
    first: Notify,
}

impl Renewals {
    pub(crate) fn new(question: OfDevice) -> Self {
        Self { question, wanted: Mutex::default(), first: Notify::new() }
    }

    /// Has a device asked about, that is at an access point of that profile.
    pub(crate) fn want(&self, device: MacAddress, profile: NasProfile) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_empty() {
            self.first.notify_one();
        }
        if wanted.len() < MOST {
            wanted.insert(device, profile);
        }
    }

    /// Waits until there are some, and a little longer for others.
    pub(crate) async fn gather(&self) -> Vec<(MacAddress, NasProfile)> {
        self.first.notified().await;
        tokio::time::sleep(GATHERING).await;
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.drain().collect()
    }
}
