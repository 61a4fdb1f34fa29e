//! `sabeel link map`: all offices and lines, as a picture or as a tree.

use std::collections::BTreeMap;
use std::path::Path;

use controller::admin::api::{LinkLineView, LinkMapView};

use super::report::{tag, write};
use crate::admin_client::AdminClient;
use crate::cli::Tongue;
use crate::output::{self, Format};

/// Draws how all lines are.
pub async fn run(
    centre: &AdminClient,
    format: Format,
    output: Option<&Path>,
    language: Tongue,
) -> anyhow::Result<()> {
    let map: LinkMapView = centre.get(&format!("/v1/link-map?language={}", tag(language))).await?;
    if let Some(file) = output {
        write(file, &map.svg)?;
        return output::done(format, &map, &format!("the map is in {}", file.display()));
    }
    output::done(format, &map, &tree(&map.lines))
}

/// Each site with its lines; a line stands with the site that has fewer, which is the office and not its
/// hub.
fn tree(lines: &[LinkLineView]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for [site, _] in lines.iter().flat_map(|line| &line.ends) {
        *counts.entry(site).or_default() += 1;
    }
    let count = |site: &str| counts.get(site).copied().unwrap_or(0);
    let mut offices: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in lines {
        let [[here, own], [there, _]] = &line.ends;
        let [_, [_, far]] = &line.ends;
        let is_turned = count(there) < count(here) && there != "?";
        let (site, path, beyond) = if is_turned { (there, far, here) } else { (here, own, there) };
        let sign = match line.state.as_str() {
            "up" => "───",
            "degraded" => "╌╌╌",
            "down" => "─×─",
            "maintenance" => "─#─",
            _ => "···",
        };
        let time = line
            .round_trip_us
            .map_or(String::new(), |us| format!(", {}.{} ms", us / 1_000, us % 1_000 / 100));
        let row = format!("{sign} {beyond}  {path}: {}{time}", line.state);
        offices.entry(site).or_default().push(row);
    }
    let mut rows = Vec::new();
    for (site, lines) in offices {
        rows.push(site.to_owned());
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.iter().enumerate() {
            rows.push(format!(" {}{line}", if number == last { '└' } else { '├' }));
        }
    }
    if rows.is_empty() { "no agent was heard".to_owned() } else { rows.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_with_their_office() {
        let line = |ends: [[&str; 2]; 2], state: &str, round_trip_us| LinkLineView {
            name: "x".to_owned(),
            ends: ends.map(|end| end.map(str::to_owned)),
            state: state.to_owned(),
            round_trip_us,
        };
        let lines = [
            line([["hofuf", "fibre"], ["amana", "h1"]], "down", None),
            line([["hofuf", "radio"], ["amana", "h2"]], "up", Some(3_240)),
            line([["amana", "j1"], ["jafr", "fibre"]], "unknown", None),
            line([["oyun", "dsl"], ["?", "oyun/dsl"]], "maintenance", None),
        ];
        let expected = "hofuf\n ├─×─ amana  fibre: down\n └─── amana  radio: up, 3.2 ms\njafr\n \
                        └··· amana  fibre: unknown\noyun\n └─#─ ?  dsl: maintenance";
        assert_eq!(tree(&lines), expected);
        assert_eq!(tree(&[]), "no agent was heard");
    }
}
