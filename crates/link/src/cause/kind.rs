//! Which causes there are, and how they are called.

use serde::{Deserialize, Serialize};

/// Why something is the matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind")]
pub enum Kind {
    /// Visitors can reach the offices.
    Breach {
        /// At which site.
        site: String,
    },
    /// Three sites or more lost it within five seconds.
    Hub {
        /// What they lost.
        hub: String,
    },
    /// A site lost all its paths within two seconds, and its access points are silent, too.
    Power {
        /// The site.
        site: String,
    },
    /// A site lost all its paths within two seconds.
    SiteDark {
        /// The site.
        site: String,
    },
    /// Several paths of a sector at once, or one after its loss or delay rose.
    RadioFade {
        /// The sector.
        sector: String,
    },
    /// Several paths through the network of one provider at once.
    Provider {
        /// The provider.
        provider: String,
    },
    /// A device or cable: ends without a carrier.
    Carrier {
        /// At which sites; both where the cable between them is cut.
        sites: Vec<String>,
    },
    /// Only one direction is lost.
    OneWay {
        /// From that site
        from: String,
        /// to this one.
        to: String,
    },
    /// Both ends hear nothing.
    Cut,
    /// The path lives, but packets of the office pass in one direction only.
    FarFirewall {
        /// The site beyond which they are lost.
        site: String,
    },
    /// The path would not carry the office.
    Unfit,
    /// It carries badly.
    Quality,
    /// It fails again and again.
    Flapping,
    /// People took it out.
    Maintenance,
    /// Nothing is heard of the agent of a site, and nobody says that its paths are lost.
    AgentSilent {
        /// The site.
        site: String,
    },
    /// All is spent that may be spent on watching the path.
    BudgetUsedUp,
    /// One end lost the other, and more is not known.
    Unknown,
}

impl Kind {
    /// As it is written in the store, in reports and on the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Breach { .. } => "breach",
            Self::Hub { .. } => "hub",
            Self::Power { .. } => "power",
            Self::SiteDark { .. } => "site-dark",
            Self::RadioFade { .. } => "radio-fade",
            Self::Provider { .. } => "provider",
            Self::Carrier { .. } => "carrier",
            Self::OneWay { .. } => "one-way",
            Self::Cut => "cut",
            Self::FarFirewall { .. } => "far-firewall",
            Self::Unfit => "unfit",
            Self::Quality => "quality",
            Self::Flapping => "flapping",
            Self::Maintenance => "maintenance",
            Self::AgentSilent { .. } => "agent-silent",
            Self::BudgetUsedUp => "budget-used-up",
            Self::Unknown => "unknown",
        }
    }

    /// What it is about besides paths: a site, hub, sector or provider.
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::Breach { site }
            | Self::Power { site }
            | Self::SiteDark { site }
            | Self::FarFirewall { site }
            | Self::AgentSilent { site } => Some(site),
            Self::Hub { hub } => Some(hub),
            Self::RadioFade { sector } => Some(sector),
            Self::Provider { provider } => Some(provider),
            Self::OneWay { to, .. } => Some(to),
            Self::Carrier { sites } => sites.first().map(String::as_str),
            _ => None,
        }
    }
}
