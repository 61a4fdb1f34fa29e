//! How the cause of some troubles is called: what explains most of them, else what the ends of the one
//! line say.

use std::collections::BTreeSet;

use super::trouble::Seen;
use super::{Ailment, Kind, Line, Loss, PathNow, Said, Topology, What};

/// What troubles have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shared {
    Hub(String),
    Dark(String),
    Sector(String),
    Provider(String),
    /// The line was bad before.
    Fading,
}

/// Troubles that a rule joined.
#[derive(Debug)]
pub(super) struct Group {
    pub shared: Shared,
    pub places: BTreeSet<usize>,
}

/// The cause of the troubles at these places.
pub(super) fn name<'a>(
    topology: &Topology,
    seen: &[Seen],
    places: &BTreeSet<usize>,
    groups: &[&Group],
    without_power: impl Fn(&str) -> Option<&'a [Said]>,
) -> Kind {
    let ranked = groups.iter().filter(|group| group.shared != Shared::Fading).min_by_key(|group| {
        let explained = group.places.intersection(places).count();
        (std::cmp::Reverse(explained), place_of(&group.shared), likeliness(topology, seen, group))
    });
    match ranked.map(|group| &group.shared) {
        Some(Shared::Hub(hub)) => return Kind::Hub { hub: hub.clone() },
        Some(Shared::Dark(site)) if without_power(site).is_some() => {
            return Kind::Power { site: site.clone() };
        }
        Some(Shared::Dark(site)) => return Kind::SiteDark { site: site.clone() },
        Some(Shared::Sector(sector)) => return Kind::RadioFade { sector: sector.clone() },
        Some(Shared::Provider(provider)) => return Kind::Provider { provider: provider.clone() },
        Some(Shared::Fading) | None => {}
    }
    let worst = places.iter().map(|place| &seen[*place]).min_by_key(|seen| &seen.trouble.ailment);
    let Some(worst) = worst else { return Kind::Unknown };
    let site = || worst.trouble.subject.name().to_owned();
    let line = topology.line(worst.trouble.subject.name());
    match (worst.trouble.ailment, line) {
        (Ailment::Breach, _) => Kind::Breach { site: site() },
        (Ailment::Silent, _) => Kind::AgentSilent { site: site() },
        (Ailment::UsedUp, _) => Kind::BudgetUsedUp,
        (Ailment::Bad, _) => Kind::Quality,
        (Ailment::Unfit, Some(line)) => unfit(line, worst),
        (Ailment::Lost, Some(line)) => lost(line, worst, !groups.is_empty()),
        (Ailment::Unfit | Ailment::Lost, None) => Kind::Unknown,
    }
}

/// Of groups that explain as much, which is preferred.
const fn place_of(shared: &Shared) -> u8 {
    match shared {
        Shared::Hub(_) => 0,
        Shared::Dark(_) => 1,
        Shared::Sector(_) => 2,
        Shared::Provider(_) => 3,
        Shared::Fading => 4,
    }
}

/// Of two sites at both ends of all that is lost, the one of which nothing was heard is the dark one,
/// and rather not the one through which others go.
fn likeliness<'a>(
    topology: &Topology,
    seen: &[Seen],
    group: &'a Group,
) -> (bool, bool, bool, &'a Shared) {
    let Shared::Dark(site) = &group.shared else { return (false, false, false, &group.shared) };
    let is_silent = seen
        .iter()
        .any(|seen| seen.trouble.ailment == Ailment::Silent && seen.trouble.subject.name() == site);
    let has_said = group.places.iter().any(|place| !seen[*place].losses(site).is_empty());
    (!is_silent, has_said, topology.is_hub(site), &group.shared)
}

fn unfit(line: &Line, seen: &Seen) -> Kind {
    let half_open = |said: &Said| {
        matches!(said.what, What::Path { now: PathNow::Unfit { is_half_open: true }, .. })
    };
    let sight = seen.sights.iter().find(|sight| sight.said.iter().any(half_open));
    match sight {
        Some(sight) => Kind::FarFirewall { site: line.beyond(&sight.site).to_owned() },
        None => Kind::Unfit,
    }
}

fn lost(line: &Line, seen: &Seen, was_bad: bool) -> Kind {
    let [here, there] = &line.ends;
    let (here, there) = (here.site.as_str(), there.site.as_str());
    let says = |site: &str, loss: Loss| seen.losses(site).contains(&loss);
    if seen.trouble.is_planned {
        return Kind::Maintenance;
    }
    let without_carrier: Vec<String> = [here, there]
        .into_iter()
        .filter(|site| says(site, Loss::CarrierLost))
        .map(str::to_owned)
        .collect();
    if !without_carrier.is_empty() {
        return Kind::Carrier { sites: without_carrier };
    }
    if let (true, Some(sector)) = (was_bad, &line.sector) {
        return Kind::RadioFade { sector: sector.clone() };
    }
    for (from, to) in [(here, there), (there, here)] {
        // Who is heard by the other does not hear it, so only what comes to `to` is lost.
        if says(from, Loss::PeerDown) && !says(from, Loss::Silent) && !says(to, Loss::PeerDown) {
            return Kind::OneWay { from: from.to_owned(), to: to.to_owned() };
        }
    }
    if says(here, Loss::Silent) && says(there, Loss::Silent) {
        return Kind::Cut;
    }
    match seen.all_losses().contains(&Loss::Flapping) {
        true => Kind::Flapping,
        false => Kind::Unknown,
    }
}
