//! `sabeel link incidents` and `ack`.

use controller::admin::api::{AcknowledgeLinkIncident, List};
use controller::links::incident::{Explained, Incident, Stage};

use crate::admin_client::AdminClient;
use crate::output::{self, Format};

const INCIDENTS: &str = "/v1/link-incidents";

/// What is the matter, the newest first.
pub async fn list(centre: &AdminClient, format: Format, all: bool) -> anyhow::Result<()> {
    let incidents: List<Incident> = centre.get(&format!("{INCIDENTS}?all={all}")).await?;
    let headings = ["number", "cause", "severity", "about", "since", "stage", "taken care of by"];
    output::list(format, &incidents.items, headings, row)
}

/// Somebody takes care of an incident.
pub async fn acknowledge(
    centre: &AdminClient,
    format: Format,
    number: u64,
    note: Option<String>,
) -> anyhow::Result<()> {
    let body = AcknowledgeLinkIncident { note };
    let (): () = centre.post(&format!("{INCIDENTS}/{number}/acknowledge"), &body).await?;
    output::done(format, &body, &format!("you take care of incident {number}"))
}

fn row(incident: &Incident) -> [String; 7] {
    let about: Vec<_> = incident.subjects().into_iter().map(|subject| subject.name()).collect();
    let stage = match incident.stage {
        Stage::Waiting { .. } => "waiting".to_owned(),
        Stage::Open => "open".to_owned(),
        Stage::Suppressed { by: Explained::Maintenance } => "maintenance".to_owned(),
        Stage::Suppressed { by: Explained::Parent(id) } => format!("part of {id}"),
        Stage::Ended { at } => format!("ended {at}"),
    };
    let by = incident.acknowledged.as_ref().map(|acknowledged| acknowledged.by.clone());
    [
        incident.id.to_string(),
        incident.kind.as_str().to_owned(),
        incident.severity().as_str().to_owned(),
        about.join(", "),
        incident.begin.to_string(),
        stage,
        by.unwrap_or_default(),
    ]
}
