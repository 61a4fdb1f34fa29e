//! `sabeel plan`.

use controller::admin::api::{List, PlanView, Removed};

use super::wording::{data_limit, or_dash, rate_limit, seconds, time_limit};
use crate::admin_client::AdminClient;
use crate::cli::{AddPlan, PlanCommand};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: PlanCommand) -> anyhow::Result<()> {
    match command {
        PlanCommand::List => {
            let plans: List<PlanView> = admin.get("/v1/plans").await?;
            let headings = ["name", "time a day", "data a day", "down", "up", "devices"];
            output::list(format, &plans.items, headings, |plan| {
                [
                    plan.name.to_string(),
                    time_limit(plan.day_seconds),
                    data_limit(plan.day_data),
                    rate_limit(plan.down),
                    rate_limit(plan.up),
                    plan.devices.to_string(),
                ]
            })
        }
        PlanCommand::Show { name } => show(format, &admin.get(&format!("/v1/plans/{name}")).await?),
        PlanCommand::Add(plan) => {
            let added: PlanView = admin.post("/v1/plans", &view(plan)).await?;
            output::done(format, &added, &format!("plan {} added", added.name))
        }
        PlanCommand::Remove { name } => {
            let removed: Removed = admin.delete(&format!("/v1/plans/{name}")).await?;
            output::done(format, &removed, &format!("plan {name} removed"))
        }
    }
}

fn view(plan: AddPlan) -> PlanView {
    let minutes = |minutes: u32| u64::from(minutes) * 60;
    PlanView {
        name: plan.name,
        session_seconds: plan.session_minutes.map(minutes),
        session_data: plan.session_data,
        day_seconds: plan.day_minutes.map(minutes),
        day_data: plan.day_data,
        down: plan.down,
        up: plan.up,
        then_down: plan.then_down,
        then_up: plan.then_up,
        devices: plan.devices,
        idle_seconds: minutes(plan.idle_minutes),
        interim_seconds: plan.interim_seconds.into(),
        remembered_seconds: u64::from(plan.remember_days) * 86_400,
    }
}

fn show(format: Format, plan: &PlanView) -> anyhow::Result<()> {
    let fields = [
        ("name", plan.name.to_string()),
        ("time a day", time_limit(plan.day_seconds)),
        ("data a day", data_limit(plan.day_data)),
        ("time a stay", time_limit(plan.session_seconds)),
        ("data a stay", data_limit(plan.session_data)),
        ("speed down", rate_limit(plan.down)),
        ("speed up", rate_limit(plan.up)),
        ("then down", or_dash(plan.then_down)),
        ("then up", or_dash(plan.then_up)),
        ("devices", plan.devices.to_string()),
        ("idle after", seconds(plan.idle_seconds)),
        ("reports every", seconds(plan.interim_seconds)),
        ("remembered for", seconds(plan.remembered_seconds)),
    ];
    output::show(format, plan, &fields)
}
