//! Which paths there are between which sites, and what they share.

use serde::{Deserialize, Serialize};

/// All lines between sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Topology {
    /// In the order in which sites prefer them.
    pub lines: Vec<Line>,
}

/// A path between two sites, which each of its ends may call otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Line {
    /// What people call it; no other line has the same.
    pub name: String,
    /// Its two ends.
    pub ends: [End; 2],
    /// The site or core through which many sites reach the rest.
    #[serde(default)]
    pub hub: Option<String>,
    /// The radio sector it is on; only for radio.
    #[serde(default)]
    pub sector: Option<String>,
    /// Whose network it goes through.
    #[serde(default)]
    pub provider: Option<String>,
}

/// An end of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct End {
    /// The site.
    pub site: String,
    /// How the agent of the site calls the path.
    pub path: String,
}

impl Line {
    /// Whether the site is one of its ends.
    pub fn touches(&self, site: &str) -> bool {
        self.ends.iter().any(|end| end.site == site)
    }

    /// The site at the other end than that one.
    pub fn beyond(&self, site: &str) -> &str {
        let [here, there] = &self.ends;
        if here.site == site { &there.site } else { &here.site }
    }
}

impl Topology {
    /// The line of that name.
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The line that the agent of a site calls so.
    pub fn of_end(&self, site: &str, path: &str) -> Option<&Line> {
        let is_end = |end: &End| end.site == site && end.path == path;
        self.lines.iter().find(|line| line.ends.iter().any(is_end))
    }

    /// The lines of a site.
    pub fn of_site<'a>(&'a self, site: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.touches(site))
    }

    /// Whether many sites reach the rest through it.
    pub fn is_hub(&self, site: &str) -> bool {
        self.lines.iter().any(|line| line.hub.as_deref() == Some(site))
    }

    /// Every site that is an end of something, in order.
    pub fn sites(&self) -> Vec<&str> {
        let ends = self.lines.iter().flat_map(|line| &line.ends);
        let mut sites: Vec<_> = ends.map(|end| end.site.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}
