//! `sabeel radius tail`: what comes, as it comes.

use std::time::Duration;

use anyhow::Context;
use controller::admin::api::{Mark, Step, Tail, TailQuestion};
use domain::Zone;

use crate::admin_client::AdminClient;
use crate::cli::TailOptions;
use crate::command::wording::or_dash;
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::records;

/// How long to wait when nothing came.
const PAUSE: Duration = Duration::from_millis(300);

/// Prints until it is interrupted, which is no failure.
pub async fn run(
    config: &Config,
    admin: &AdminClient,
    format: Format,
    wanted: &TailOptions,
) -> anyhow::Result<()> {
    let TailOptions { nas, device, local } = wanted;
    let mut question = TailQuestion { after: None, nas: nas.clone(), device: *device };
    let ask = async |question: &TailQuestion| -> anyhow::Result<Tail> {
        if !local {
            return admin.post("/v1/radius/tail", question).await;
        }
        let (records, question) = (records(config, None), question.clone());
        let reading = tokio::task::spawn_blocking(move || controller::follow(&records, &question));
        Ok(reading.await.context("reading broke down")??)
    };
    let follow = async {
        loop {
            let told = ask(&question).await?;
            for step in &told.steps {
                show(format, step)?;
            }
            let is_first = question.after.replace(told.after).is_none();
            if is_first {
                // Scripts wait for it before they do what they want to see.
                eprintln!("sabeel: following, from now on");
            }
            if !told.more {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    tokio::select! {
        ended = follow => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen to signals"),
    }
}

fn show(format: Format, step: &Step) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::line(&serde_json::to_string(step).context("cannot write JSON")?);
    }
    let mark = if step.mark == Mark::Bad { "!" } else { " " };
    output::line(&format!(
        "{mark} {}Z  {:7}  {}  {}  {}",
        Zone::utc().local(step.at),
        step.kind.as_str(),
        or_dash(step.nas.as_ref()),
        or_dash(step.device),
        step.text
    ))
}
