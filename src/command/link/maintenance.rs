//! `sabeel link maint plan`, `list` and `cancel`: work on links that the centre knows.

use anyhow::Context;
use controller::admin::api::{
    CancelLinkMaintenance, LinkMaintenanceView, List, PlanLinkMaintenance,
};
use controller::links::maintenance::{Days, Every, When};
use domain::{Clock, Timestamp, Zone};

use crate::admin_client::AdminClient;
use crate::cli::{MaintCommand, Often, PlanMaint};
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::SystemClock;

const MAINTENANCE: &str = "/v1/link-maintenance";
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Runs one of the commands.
pub async fn run(config: &Config, format: Format, command: MaintCommand) -> anyhow::Result<()> {
    let centre = AdminClient::new(config.admin_socket());
    let zone = config.controller.links.as_ref().map_or_else(Zone::riyadh, |of| of.zone.clone());
    match command {
        MaintCommand::Plan(plan) => {
            let asked = asked(plan, &zone, SystemClock.now())?;
            let planned: LinkMaintenanceView = centre.post(MAINTENANCE, &asked).await?;
            let next = planned.next.map_or(String::new(), |next| {
                format!(", from {} to {}", zone.write(next.from), zone.write(next.until))
            });
            let sentence = format!("work {} is planned{next}", planned.number);
            output::done(format, &planned, &sentence)
        }
        MaintCommand::List { all } => {
            let path = format!("{MAINTENANCE}?all={all}");
            let planned: List<LinkMaintenanceView> = centre.get(&path).await?;
            let headings = ["number", "on", "why", "from", "until", "comes", "planned by"];
            output::list(format, &planned.items, headings, |of| row(of, &zone))
        }
        MaintCommand::Cancel { number, on } => {
            let sentence = match &on {
                Some(day) => format!("work {number} does not take place on {day}"),
                None => format!("work {number} is cancelled"),
            };
            let body = CancelLinkMaintenance { day: on };
            let path = format!("{MAINTENANCE}/{number}/cancel");
            let changed: LinkMaintenanceView = centre.post(&path, &body).await?;
            output::done(format, &changed, &sentence)
        }
    }
}

/// What is asked of the centre.
fn asked(plan: PlanMaint, zone: &Zone, now: Timestamp) -> anyhow::Result<PlanLinkMaintenance> {
    let time = |text: &str| {
        zone.read(text).with_context(|| {
            format!("`{text}` is no time; write it like 2026-11-28 01:00, by the clocks of {zone}")
        })
    };
    let from = plan.from.as_deref().map_or(Ok(now), time)?;
    let until = match (&plan.until, plan.lasting) {
        (Some(until), _) => time(until)?,
        (None, Some(lasting)) => from + lasting,
        (None, None) => anyhow::bail!("say when it ends"),
    };
    Ok(PlanLinkMaintenance {
        site: plan.site,
        path: plan.path,
        from,
        until,
        every: plan.every.map(|often| match often {
            Often::Day => Every::Day,
            Often::Week => Every::Week,
            Often::Month => Every::Month,
        }),
        last: plan.last.as_deref().map(time).transpose()?,
        why: plan.why,
    })
}

fn row(of: &LinkMaintenanceView, zone: &Zone) -> [String; 7] {
    let on: Vec<_> = of.window.subjects.iter().map(|subject| subject.name()).collect();
    let span = match (&of.window.when, of.next) {
        (_, Some(next)) => Some(next),
        (When::Never { span }, None) => Some(*span),
        (When::On { .. }, None) => None,
    };
    let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| zone.write(time));
    let comes = match &of.window.when {
        _ if of.is_now => "now".to_owned(),
        _ if of.next.is_none() => "over".to_owned(),
        When::Never { .. } => "once".to_owned(),
        When::On { days: Days::Daily, .. } => "daily".to_owned(),
        When::On { days: Days::Weekly(day), .. } => {
            format!("each {}", DAYS.get(usize::from(*day)).unwrap_or(&"week"))
        }
        When::On { days: Days::Monthly(day), .. } => format!("each month on the {day}."),
    };
    [
        of.number.to_string(),
        on.join(", "),
        of.window.name.clone(),
        time(span.map(|span| span.from)),
        time(span.map(|span| span.until)),
        comes,
        of.planned_by.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command, LinkCommand, Maint};

    fn typed(words: &str) -> Result<Maint, clap::Error> {
        let words = ["sabeel", "link", "maint"].into_iter().chain(words.split_whitespace());
        match Cli::try_parse_from(words)?.command {
            Command::Link(LinkCommand::Maint(maint)) => Ok(maint),
            _ => panic!("it is another command"),
        }
    }

    fn plan(words: &str) -> anyhow::Result<PlanLinkMaintenance> {
        let now = "2026-11-27T09:00:00Z".parse().unwrap();
        match typed(words)?.planned {
            Some(MaintCommand::Plan(plan)) => asked(plan, &Zone::riyadh(), now),
            _ => panic!("it is another command"),
        }
    }

    #[test]
    fn a_path_is_taken_out_at_once_and_work_is_planned_by_its_own_words() {
        let out = typed("fibre --for 90m").unwrap();
        assert!(out.planned.is_none() && out.out.unwrap().path == "fibre");
        let list = typed("list").unwrap();
        assert!(matches!(list.planned, Some(MaintCommand::List { all: false })));
        assert!(typed("").is_err() && typed("fibre list").is_err());
        assert!(typed("plan hofuf --why x").is_err(), "it has an end");
    }

    #[test]
    fn work_is_planned_by_the_clocks_of_the_zone() {
        let asked =
            plan("plan hofuf fibre --from 2026-11-28T01:00 --until 2026-11-28T03:30 --why x")
                .unwrap();
        assert_eq!(asked.from.to_string(), "2026-11-27T22:00:00Z");
        assert_eq!(asked.until.to_string(), "2026-11-28T00:30:00Z");
        let asked = plan("plan hofuf --for 2h --every week --last 2027-01-01 --why x").unwrap();
        assert_eq!((asked.path, asked.every), (None, Some(Every::Week)));
        assert_eq!(asked.until.to_string(), "2026-11-27T11:00:00Z");
        assert_eq!(asked.last.unwrap().to_string(), "2026-12-31T21:00:00Z");
        assert!(plan("plan hofuf --from tomorrow --for 2h --why x").is_err());
    }
}
