//! `sabeel support`: how far a visitor's sign-in came.

use controller::admin::api::{Progress, RefusalsTold, StageState};
use domain::Reference;

use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// Runs the command.
pub async fn run(admin: &AdminClient, format: Format, reference: Reference) -> anyhow::Result<()> {
    let progress: Progress = admin.get(&format!("/v1/support/{reference}")).await?;
    if format == Format::Json {
        return output::show(format, &progress, &[]);
    }
    let about = [
        ("reference", progress.reference.to_string()),
        ("site", progress.site.to_string()),
        ("nas", progress.nas.to_string()),
        ("device", progress.device.to_string()),
        ("language", progress.language.to_string()),
        ("clock", progress.zone.to_string()),
    ];
    output::show(format, &progress, &about)?;
    output::list(format, &progress.stages, ["", "stage", "time", ""], |told| {
        [
            mark(told.state).to_owned(),
            told.stage.as_str().to_owned(),
            told.at.map_or_else(|| "-".to_owned(), |at| progress.zone.local(at)),
            told.text.clone(),
        ]
    })?;
    if let Some(refusals) = &progress.refusals {
        tell(&progress, refusals)?;
    }
    let stopped = progress.stages.iter().find(|told| Some(told.stage) == progress.stopped_at);
    let (Some(told), Some(advice)) = (stopped, &progress.advice) else {
        return output::line("the device is online");
    };
    let stage = told.stage.as_str();
    match told.state {
        StageState::Waiting => output::line(&format!("waits at {stage}; if it stays so, {advice}")),
        _ => output::line(&format!("stopped at {stage}: {advice}")),
    }
}

/// What was refused, of more than one the first and the last.
fn tell(progress: &Progress, refusals: &RefusalsTold) -> anyhow::Result<()> {
    let RefusalsTold { count, first, last } = refusals;
    let (first_at, last_at) = (progress.zone.local(first.at), progress.zone.local(last.at));
    if *count == 1 {
        return output::line(&format!("refused once, {first_at}: {}", first.text));
    }
    output::line(&format!("refused {count} times, first {first_at}: {}", first.text))?;
    output::line(&format!("last {last_at}: {}", last.text))
}

/// What stands before a stage.
const fn mark(state: StageState) -> &'static str {
    match state {
        StageState::Done | StageState::NotReached => "",
        StageState::Waiting => "?",
        StageState::Failed => "!",
    }
}
