//! `sabeel link targets`: what runs no agent.

use edge::links::TargetStatus;

use super::{LINKS, milliseconds, percent};
use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// Tells of each target.
pub async fn list(agent: &AdminClient, format: Format) -> anyhow::Result<()> {
    let targets: Vec<TargetStatus> = agent.get(&format!("{LINKS}/targets")).await?;
    let headings =
        ["target", "path", "asked by", "at", "state", "round trip", "95 of 100", "lost", "why"];
    output::list(format, &targets, headings, |target| {
        let ms = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), milliseconds);
        [
            target.name.clone(),
            target.path.clone(),
            target.kind.clone(),
            target.address.to_string(),
            target.state.clone(),
            ms(target.round_trip_us),
            ms(target.usual_us),
            target.loss_per_mille.map_or_else(|| "-".to_owned(), percent),
            target.why.clone().unwrap_or_default(),
        ]
    })
}
