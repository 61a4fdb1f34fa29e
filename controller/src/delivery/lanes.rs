//! Who is told what next: one order at a time for each access point, a few access
//! points at the same time, each in turn. Sans-IO.
//!
//! An access point that did not answer is held back as a whole: its other orders would
//! only wait for the same silence and keep those of others waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{NasName, NasOrder, Timestamp};

/// Claimed orders on their way.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    waiting: VecDeque<NasOrder>,
    busy: BTreeSet<NasName>,
    held: BTreeMap<NasName, Timestamp>,
}

impl Lanes {
    /// How many access points are told at the same time.
    pub(super) const AT_ONCE: usize = 8;

    /// How many orders are claimed at a time, those on their way included.
    const MOST: usize = 2 * Self::AT_ONCE;

    /// How many more orders can be taken.
    pub(super) fn room(&self) -> u32 {
        let taken = self.waiting.len() + self.busy.len();
        u32::try_from(Self::MOST.saturating_sub(taken)).unwrap_or(0)
    }

    /// Until when an access point is left alone, if it is.
    pub(super) fn held_until(&self, nas: &NasName, now: Timestamp) -> Option<Timestamp> {
        self.held.get(nas).copied().filter(|until| now < *until)
    }

    /// Takes an order.
    pub(super) fn push(&mut self, order: NasOrder) {
        self.waiting.push_back(order);
    }

    /// The next order that can be delivered; its access point is busy until [`Self::free`].
    pub(super) fn next(&mut self) -> Option<NasOrder> {
        if self.busy.len() >= Self::AT_ONCE {
            return None;
        }
        let at = self.waiting.iter().position(|order| !self.busy.contains(&order.nas))?;
        let order = self.waiting.remove(at)?;
        self.busy.insert(order.nas.clone());
        Some(order)
    }

    /// The access point is done with its order.
    pub(super) fn free(&mut self, nas: &NasName) {
        self.busy.remove(nas);
        self.held.remove(nas);
    }

    /// The access point is done and is left alone until that moment; returns its other orders.
    pub(super) fn hold(&mut self, nas: &NasName, until: Timestamp) -> Vec<NasOrder> {
        self.busy.remove(nas);
        self.held.insert(nas.clone(), until);
        let all = std::mem::take(&mut self.waiting);
        let (back, waiting): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|order| order.nas == *nas);
        self.waiting = waiting.into();
        back
    }

    /// Gives every order back that is not on its way.
    pub(super) fn drain(&mut self) -> Vec<NasOrder> {
        std::mem::take(&mut self.waiting).into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{MacAddress, OrderKind, OrderProgress, OrderReason, OrderState};

    use super::*;
    use crate::random;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn order(nas: &str) -> NasOrder {
        NasOrder {
            id: random::order_id(NOW),
            nas: nas.parse().unwrap(),
            kind: OrderKind::Disconnect,
            device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            session: None,
            reason: OrderReason::Admin,
            created_at: NOW,
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 1, next_at: NOW },
        }
    }

    fn lanes(orders: &[&str]) -> Lanes {
        let mut lanes = Lanes::default();
        for nas in orders {
            lanes.push(order(nas));
        }
        lanes
    }

    fn next_nas(lanes: &mut Lanes) -> Option<String> {
        lanes.next().map(|order| order.nas.to_string())
    }

    #[test]
    fn each_access_point_is_told_one_thing_at_a_time() {
        let mut lanes = lanes(&["a", "a", "b", "a"]);
        assert_eq!(next_nas(&mut lanes).as_deref(), Some("a"));
        assert_eq!(next_nas(&mut lanes).as_deref(), Some("b"));
        assert_eq!(next_nas(&mut lanes), None);
        lanes.free(&"a".parse().unwrap());
        assert_eq!(next_nas(&mut lanes).as_deref(), Some("a"));
        assert_eq!(next_nas(&mut lanes), None);
    }

    #[test]
    fn only_so_many_access_points_are_told_at_once() {
        let names: Vec<String> = (0..10).map(|number| format!("nas-{number}")).collect();
        let mut lanes = lanes(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let told: Vec<_> = std::iter::from_fn(|| next_nas(&mut lanes)).collect();
        assert_eq!(told, names[..Lanes::AT_ONCE]);
        assert_eq!(lanes.room(), 6);
    }

    #[test]
    fn a_silent_access_point_is_held_back_with_all_its_orders() {
        let mut lanes = lanes(&["a", "a", "b", "a"]);
        let silent = lanes.next().unwrap().nas;
        let until = NOW + Duration::from_secs(4);
        assert_eq!(lanes.hold(&silent, until).len(), 2);
        assert_eq!(next_nas(&mut lanes).as_deref(), Some("b"));
        assert_eq!(lanes.held_until(&silent, NOW), Some(until));
        assert_eq!(lanes.held_until(&silent, until), None);
        lanes.push(order("a"));
        assert_eq!(next_nas(&mut lanes).as_deref(), Some("a"));
    }
}
