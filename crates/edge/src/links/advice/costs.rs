//! The costs that OSPF has for the devices of an office's paths: what they are, what they are to be, and
//! whose.
//!
//! What a path costs while nothing is advised is the operator's: written in our section, or nowhere, so
//! that OSPF works it out. A path that is not to be used costs so much that no other way does; such a cost
//! is ours, and tells a later agent what an earlier one advised. Any other is somebody else's.

use link::PathNumber;

use crate::interface::InterfaceName;
use crate::links::settings::LinksSettings;

/// More than an office has.
const MOST_PATHS: u16 = 8;

/// The costs of all paths, as they are listed.
#[derive(Debug)]
pub(super) struct Costs {
    paths: Vec<Own>,
    away: u16,
}

#[derive(Debug)]
struct Own {
    device: InterfaceName,
    cost: Option<u16>,
}

/// Why costs are left as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CostsError {
    /// Nobody routes by costs.
    #[error("FRR has no `router ospf`")]
    NoOspf,
    /// Neither the operator's nor ours.
    #[error(
        "FRR has `{found}` on {device}, which is neither `ospf-cost` of its path nor our advice"
    )]
    Foreign {
        /// The device.
        device: InterfaceName,
        /// What FRR has.
        found: Words,
    },
}

/// One cost as FRR is told it; none is what OSPF works out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(Option<u16>);

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(cost) => write!(f, "ip ospf cost {cost}"),
            None => f.write_str("no ip ospf cost"),
        }
    }
}

/// A cost that is to be another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The device.
    pub(super) device: InterfaceName,
    /// What it is to cost.
    pub(super) to: Words,
}

impl Costs {
    /// Those of a section.
    pub(super) fn of(settings: &LinksSettings) -> Self {
        let own = settings.paths.iter();
        let own = own.map(|path| Own { device: path.device.clone(), cost: path.ospf_cost });
        Self { paths: own.collect(), away: settings.frr.away_cost }
    }

    /// What FRR holds, by what it says of its configuration.
    ///
    /// # Errors
    /// When there is something that nobody here has written.
    pub(super) fn read(&self, configuration: &str) -> Result<Vec<Words>, CostsError> {
        let mut held = vec![Words(None); self.paths.len()];
        let (mut device, mut has_ospf) = (None, false);
        for line in configuration.lines().map(str::trim_end) {
            if line.starts_with("router ospf") {
                has_ospf = true;
            }
            if !line.starts_with(' ') {
                let name = line.strip_prefix("interface ");
                device = name.and_then(|rest| rest.split_whitespace().next());
            }
            // With an address behind it, it is the cost of a part of what the device has.
            let cost = line.trim_start().strip_prefix("ip ospf cost ");
            let Some(cost) = cost.and_then(|cost| cost.parse().ok()) else { continue };
            for (own, held) in self.paths.iter().zip(&mut held) {
                if device == Some(own.device.as_str()) {
                    *held = Words(Some(cost));
                }
            }
        }
        if !has_ospf {
            return Err(CostsError::NoOspf);
        }
        for (own, found) in self.paths.iter().zip(&held) {
            if found.0 != own.cost && !self.is_away(*found) {
                let (device, found) = (own.device.clone(), *found);
                return Err(CostsError::Foreign { device, found });
            }
        }
        Ok(held)
    }

    /// The path that what FRR holds leads to, if it was advised.
    pub(super) fn carrier(&self, held: &[Words]) -> Option<PathNumber> {
        let numbered = (0..).map(PathNumber::new).zip(held);
        let mut left = numbered.filter(|(_, held)| !self.is_away(**held));
        let (only, _) = left.next()?;
        (left.next().is_none() && held.len() > 1).then_some(only)
    }

    /// What is to be changed for traffic to go by that path, or as the operator has it. The first path is as
    /// the operator has it, too.
    pub(super) fn changes(&self, held: &[Words], carrier: PathNumber) -> Vec<Change> {
        let wanted = (0..).zip(&self.paths).map(|(index, own)| {
            let is_left = carrier != PathNumber::PRIMARY && carrier.index() != index;
            if is_left { self.away(index) } else { Words(own.cost) }
        });
        let each = wanted.zip(held).zip(&self.paths);
        let others = each.filter(|((wanted, held), _)| wanted != *held);
        let change = |((to, _), own): (_, &Own)| Change { device: own.device.clone(), to };
        others.map(change).collect()
    }

    /// Whether a cost is one that we give, in whichever order paths were.
    fn is_away(&self, cost: Words) -> bool {
        cost.0.is_some_and(|cost| (self.away..=self.away + MOST_PATHS).contains(&cost))
    }

    const fn away(&self, index: u8) -> Words {
        Words(Some(self.away.saturating_add(index as u16)))
    }
}

/// The commands that bring changes about.
pub(super) fn commands(changes: &[Change]) -> Vec<String> {
    let each = changes.iter();
    let lines = each.flat_map(|of| [format!("interface {}", of.device), of.to.to_string()]);
    std::iter::once("configure terminal".to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIMARY: PathNumber = PathNumber::PRIMARY;
    const RADIO: PathNumber = PathNumber::new(1);
    const LTE: PathNumber = PathNumber::new(2);

    fn costs() -> Costs {
        let own = [("fib0", Some(10)), ("rad0", Some(20)), ("lte0", None)];
        let own = own.map(|(device, cost)| Own { device: device.parse().unwrap(), cost });
        Costs { paths: own.into(), away: 60_000 }
    }

    fn running(costs: [Option<u16>; 3]) -> String {
        let mut text = "frr version 8.4.4\n!\ninterface lan\n ip ospf cost 7\nexit\n!\n".to_owned();
        for (device, cost) in ["fib0", "rad0", "lte0"].iter().zip(costs) {
            let cost = cost.map(|cost| format!(" ip ospf cost {cost}\n")).unwrap_or_default();
            text += &format!("interface {device}\n ip ospf area 0\n{cost}exit\n!\n");
        }
        text + "router ospf\n ospf router-id 10.1.0.1\nexit\n!\nend\n"
    }

    fn after(held: [Option<u16>; 3], carrier: PathNumber) -> Vec<String> {
        let costs = costs();
        let held = costs.read(&running(held)).unwrap();
        commands(&costs.changes(&held, carrier)).split_off(1)
    }

    #[test]
    fn all_other_paths_cost_more_than_any_way_and_the_primary_is_as_the_operator_has_it() {
        let usual = [Some(10), Some(20), None];
        let on_radio = [Some(60_000), Some(20), Some(60_002)];
        let on_lte = [Some(60_000), Some(60_001), None];
        for (held, carrier, expected) in [
            (usual, PRIMARY, vec![]),
            (on_radio, RADIO, vec![]),
            (
                usual,
                RADIO,
                vec![
                    "interface fib0",
                    "ip ospf cost 60000",
                    "interface lte0",
                    "ip ospf cost 60002",
                ],
            ),
            (
                on_radio,
                PRIMARY,
                vec!["interface fib0", "ip ospf cost 10", "interface lte0", "no ip ospf cost"],
            ),
            (
                on_radio,
                LTE,
                vec!["interface rad0", "ip ospf cost 60001", "interface lte0", "no ip ospf cost"],
            ),
            (
                on_lte,
                PRIMARY,
                vec!["interface fib0", "ip ospf cost 10", "interface rad0", "ip ospf cost 20"],
            ),
        ] {
            assert_eq!(after(held, carrier), expected, "{held:?} to {carrier}");
        }
    }

    #[test]
    fn what_was_advised_before_is_known_by_its_costs() {
        for (held, expected) in [
            ([Some(10), Some(20), None], None),
            ([Some(60_000), Some(20), Some(60_002)], Some(RADIO)),
            ([Some(60_000), Some(60_001), None], Some(LTE)),
            ([Some(60_000), Some(20), None], None),
            ([Some(60_001), Some(60_000), None], Some(LTE)),
            ([Some(60_000), Some(60_001), Some(60_002)], None),
        ] {
            let costs = costs();
            let held = costs.read(&running(held)).unwrap();
            assert_eq!(costs.carrier(&held), expected, "{held:?}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_no_cost_of_ours() {
        for (held, device) in [
            ([Some(11), Some(20), None], "fib0"),
            ([None, Some(20), None], "fib0"),
            ([Some(10), Some(59_999), None], "rad0"),
            ([Some(10), Some(20), Some(20)], "lte0"),
        ] {
            let error = costs().read(&running(held)).unwrap_err();
            let is_of =
                matches!(&error, CostsError::Foreign { device: of, .. } if of.as_str() == device);
            assert!(is_of, "{held:?}: {error}");
        }
        let error = costs().read(&running([Some(11), Some(20), None])).unwrap_err().to_string();
        assert!(error.starts_with("FRR has `ip ospf cost 11` on fib0"), "{error}");
        let without = running([Some(10), Some(20), None]).replace("router ospf", "router rip");
        assert_eq!(costs().read(&without), Err(CostsError::NoOspf));
    }

    #[test]
    fn the_cost_of_one_address_and_of_another_device_is_not_the_cost_of_the_device() {
        let text = running([Some(10), Some(20), None]);
        let text =
            text.replace("interface lte0\n", "interface lte0 vrf red\n ip ospf cost 5 10.9.0.1\n");
        let text =
            text.replace("router ospf", "interface lte00\n ip ospf cost 9\nexit\nrouter ospf");
        let held = costs().read(&text).unwrap();
        assert_eq!(held, [Words(Some(10)), Words(Some(20)), Words(None)]);
    }
}
