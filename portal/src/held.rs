//! Answers that are held back until an access point has let a device in.
//!
//! A page that waits is not sent and sent again: its answer is held until the change feed says
//! that something became of the device. So the visitor sees one navigation, to a page that a
//! captive sheet takes for the end (portal facts, §3.3). Each device has one such answer, and
//! there are never more than the settings say; whoever gets none is shown a page with a link.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::MacAddress;
use tokio_util::sync::CancellationToken;

/// Which devices have an answer that is held back.
pub(crate) struct HeldAnswers {
    most: usize,
    places: Mutex<Places>,
    /// Ends when no answer may be held any more.
    stop: CancellationToken,
}

#[derive(Default)]
struct Places {
    last: u64,
    by_device: HashMap<MacAddress, (u64, CancellationToken)>,
}

/// The right to hold one answer back. Dropping it gives the place back.
pub(crate) struct Place<'a> {
    all: &'a HeldAnswers,
    device: MacAddress,
    number: u64,
    lost: CancellationToken,
}

impl HeldAnswers {
    /// At most so many at the same time.
    pub(crate) fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { most, places: Mutex::default(), stop: CancellationToken::new() }
    }

    /// A place for an answer to that device, if there is one. A former answer to it loses its own:
    /// the sheet that asked for it was closed, or is not looked at.
    pub(crate) fn take(&self, device: MacAddress) -> Option<Place<'_>> {
        let mut places = self.places();
        if self.stop.is_cancelled()
            || (places.by_device.len() >= self.most && !places.by_device.contains_key(&device))
        {
            return None;
        }
        places.last += 1;
        let (number, lost) = (places.last, self.stop.child_token());
        if let Some((_, former)) = places.by_device.insert(device, (number, lost.clone())) {
            former.cancel();
        }
        Some(Place { all: self, device, number, lost })
    }

    /// Lets every answer go, and holds none any more.
    pub(crate) fn let_go(&self) {
        self.stop.cancel();
    }

    fn places(&self) -> std::sync::MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Waits until the answer may not be held any longer.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.all.places();
        if places.by_device.get(&self.device).is_some_and(|(number, _)| *number == self.number) {
            places.by_device.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u8) -> MacAddress {
        format!("02:00:5e:10:00:{number:02x}").parse().unwrap()
    }

    #[test]
    fn a_device_has_one_answer_and_the_newest_counts() {
        let all = HeldAnswers::new(2);
        let first = all.take(device(1)).unwrap();
        let second = all.take(device(1)).unwrap();
        assert!(first.lost.is_cancelled() && !second.lost.is_cancelled());
        drop(first);
        assert_eq!(all.places().by_device.len(), 1, "the newer one stays");
        drop(second);
        assert!(all.places().by_device.is_empty());
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let all = HeldAnswers::new(2);
        let (first, second) = (all.take(device(1)).unwrap(), all.take(device(2)).unwrap());
        assert!(all.take(device(3)).is_none());
        let again = all.take(device(2)).expect("a device that has one keeps one");
        drop((first, second));
        assert!(all.take(device(3)).is_some());
        assert!(!again.lost.is_cancelled());
        assert!(HeldAnswers::new(0).take(device(1)).is_none());
    }

    #[test]
    fn nothing_is_held_back_once_all_were_let_go() {
        let all = HeldAnswers::new(2);
        let place = all.take(device(1)).unwrap();
        all.let_go();
        assert!(place.lost.is_cancelled());
        assert!(all.take(device(2)).is_none());
    }
}
