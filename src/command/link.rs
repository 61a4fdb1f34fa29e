//! `sabeel link`.

mod centre;
mod drill;
mod incidents;
mod isolation;
mod maintenance;
mod map;
mod plot;
mod policy;
mod print;
mod report;
mod targets;
mod trial;
mod watch;
mod why;

use anyhow::Context;
use domain::Timestamp;
use edge::links::{Ask, BudgetStatus, Event, LinksSettings, PathStatus, Status, SustainedStatus};

use crate::admin_client::AdminClient;
use crate::cli::{LinkCommand, Maint, PathFor};
use crate::config::{Config, ConfigError};
use crate::output::{self, Format};

const LINKS: &str = "/v1/links";
const PATH_HEADINGS: [&str; 9] = [
    "path",
    "state",
    "round trip",
    "usually",
    "jitter",
    "lost",
    "voice",
    "would carry",
    "visitors at most",
];
const EVENT_HEADINGS: [&str; 7] = ["number", "at", "what", "from", "to", "why", "moved in"];

/// Runs one of the commands.
pub async fn run(config: &Config, format: Format, command: LinkCommand) -> anyhow::Result<()> {
    let agent = || agent(config);
    match command {
        LinkCommand::List => list(&agent()?, format).await,
        LinkCommand::Targets => targets::list(&agent()?, format).await,
        LinkCommand::Isolation { now } => isolation::run(&agent()?, format, now).await,
        LinkCommand::Watch => watch::run(&agent()?, format).await,
        LinkCommand::Events { after } => events(&agent()?, format, after).await,
        LinkCommand::Test { path: Some(path), bulk: true } => {
            trial::fill(&agent()?, format, path).await
        }
        LinkCommand::Test { path, .. } => trial::run(&agent()?, format, path).await,
        LinkCommand::Why => why::run(&agent()?, format).await,
        LinkCommand::Drill(drill) => drill::run(&agent()?, format, &drill).await,
        LinkCommand::Switch(of) => {
            let pinned = format!("the office stays on {}{}", of.path, until(&of));
            tell(&agent()?, format, "lock", &ask(of), &pinned).await
        }
        LinkCommand::Auto => {
            let nobody = Ask { path: String::new(), seconds: None };
            let sentence = "the office goes by the path that is best";
            tell(&agent()?, format, "unlock", &nobody, sentence).await
        }
        LinkCommand::Maint(Maint { planned: Some(planned), .. }) => {
            maintenance::run(config, format, planned).await
        }
        LinkCommand::Maint(Maint { out, .. }) => {
            let of = out.context("say which path is taken out")?;
            let out = format!("{} is taken out{}", of.path, until(&of));
            tell(&agent()?, format, "maintain", &ask(of), &out).await
        }
        LinkCommand::Resume { path } => {
            let back = format!("{path} is given back");
            tell(&agent()?, format, "resume", &Ask { path, seconds: None }, &back).await
        }
        LinkCommand::Centre(command) => centre::run(config, format, command).await,
    }
}

/// The agent of this machine.
fn agent(config: &Config) -> anyhow::Result<AdminClient> {
    let links = config.links.as_ref().ok_or_else(|| ConfigError::Invalid {
        path: "sabeel link".to_owned(),
        reason: "there is no section [links]".to_owned(),
    })?;
    Ok(AdminClient::new(links.socket.clone()))
}

fn ask(PathFor { path, lasting }: PathFor) -> Ask {
    Ask { path, seconds: lasting.map(|lasting| lasting.as_secs()) }
}

fn until(of: &PathFor) -> String {
    of.lasting.map_or_else(
        || " until you say otherwise".to_owned(),
        |lasting| format!(" for {} s", lasting.as_secs()),
    )
}

async fn tell(
    agent: &AdminClient,
    format: Format,
    what: &str,
    ask: &Ask,
    sentence: &str,
) -> anyhow::Result<()> {
    let (): () = agent.post(&format!("{LINKS}/{what}"), ask).await?;
    output::done(format, ask, sentence)
}

/// Runs exercises when they are due, until it is dropped.
pub async fn run_drills(settings: &LinksSettings) -> anyhow::Result<()> {
    let Some(drill) = &settings.drill else { return std::future::pending().await };
    drill::run_when_due(&AdminClient::new(settings.socket.clone()), drill).await
}

/// How the links of this router's office are.
pub async fn status(agent: &AdminClient) -> anyhow::Result<Status> {
    agent.get(LINKS).await
}

async fn list(agent: &AdminClient, format: Format) -> anyhow::Result<()> {
    let status = status(agent).await?;
    if format == Format::Json {
        return output::done(format, &status, "");
    }
    output::line(&headline(&status))?;
    for path in &status.paths {
        spending(path).as_deref().map_or(Ok(()), output::line)?;
        sustained(path).as_deref().map_or(Ok(()), output::line)?;
    }
    output::list(format, &status.paths, PATH_HEADINGS, path_row)
}

/// How the office is connected, in one line.
pub fn headline(status: &Status) -> String {
    let Status {
        site,
        mode,
        routes: [protected, rest],
        clamped,
        is_dry_run,
        is_advised,
        policy,
        order,
        ..
    } = status;
    let by = match protected == rest {
        true => format!("by {rest}"),
        false => format!("by {rest}, what is protected by {protected}"),
    };
    let clamped = clamped.as_ref().map(|path| format!("; visitors make room on {path}"));
    let moved = match (is_dry_run, is_advised) {
        (true, _) => "; dry run: nothing is moved",
        (false, true) => "; FRR is advised, and moves it",
        (false, false) => "",
    };
    let is_listed = order.iter().eq(status.paths.iter().map(|path| &path.name));
    let order = (!is_listed).then(|| format!("; prefers {}", order.join(", ")));
    let policy = policy.map(|generation| format!("; runs by policy {generation} of the centre"));
    let [clamped, order, policy] = [clamped, order, policy].map(Option::unwrap_or_default);
    format!("{site}: {mode}, {by}{clamped}{order}{policy}{moved}")
}

fn path_row(path: &PathStatus) -> [String; 9] {
    let ms = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), milliseconds);
    [
        path.name.clone(),
        match path.pace.as_deref() {
            Some("idle") => format!("{}, idle", path.health),
            _ => path.health.clone(),
        },
        ms(path.round_trip_us),
        ms(path.usual_us),
        ms(path.jitter_us),
        path.loss_per_mille.map_or_else(|| "-".to_owned(), percent),
        path.mos.map_or_else(|| "-".to_owned(), |mos| format!("{}.{:02}", mos / 100, mos % 100)),
        would_carry(path),
        path.visitors_kbit.map_or_else(String::new, |kbit| format!("{kbit} kbit/s")),
    ]
}

/// Whether a path would carry the office, with how much or why not.
fn would_carry(path: &PathStatus) -> String {
    match (path.fitness.as_deref(), &path.unfit, path.carries_kbit) {
        (None, ..) => "-".to_owned(),
        (Some("stale"), ..) if !path.is_alive => "-".to_owned(),
        (Some("ready"), _, Some([up, down])) => {
            let beside = match path.carried_beside.as_deref() {
                None => "",
                Some("shared") => ", shared",
                Some(_) => ", maybe shared",
            };
            format!("yes, {} / {} Mbit/s{beside}", mbit(up), mbit(down))
        }
        (Some("unfit"), Some(why), _) => format!("no: {why}"),
        (Some(_), ..) => "not tried lately".to_owned(),
    }
}

/// What a path carried to the end in its last bulk run, if there was one.
fn sustained(path: &PathStatus) -> Option<String> {
    let SustainedStatus { kbit: [up, down], loss_per_mille, round_trip_us, at } = path.sustained?;
    let [there, back] = loss_per_mille.map(percent);
    let late = round_trip_us.map(|us| format!(", round trips up to {}", milliseconds(us)));
    let at = Timestamp::from_secs(i64::try_from(at).unwrap_or_default());
    let old = if path.is_sustained_old { "; too long ago to count" } else { "" };
    Some(format!(
        "{}: carried {} / {} Mbit/s to the end at {at}, {there} / {back} lost{}{old}",
        path.name,
        mbit(up),
        mbit(down),
        late.unwrap_or_default()
    ))
}

/// What was spent on watching a path, if that is limited.
fn spending(path: &PathStatus) -> Option<String> {
    let BudgetStatus { spent, budget, until, thrift } = path.budget.as_ref()?;
    let mb = |octets: u64| format!("{}.{}", octets / 1_000_000, octets % 1_000_000 / 100_000);
    let left_out = match thrift.as_str() {
        "thin" => "; it is watched more seldom, for more is spent than time went by",
        "used-up" => "; it is tried and probed no more until then",
        _ => "",
    };
    let until = Timestamp::from_secs(i64::try_from(*until).unwrap_or(i64::MAX));
    let (spent, budget) = (mb(*spent), mb(*budget));
    Some(format!("{}: {spent} of {budget} MB spent until {until}{left_out}", path.name))
}

fn milliseconds(us: u64) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

/// Megabits with one decimal place.
fn mbit(kbit: u64) -> String {
    format!("{}.{}", kbit / 1_000, kbit % 1_000 / 100)
}

fn percent(per_mille: u16) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

async fn events(agent: &AdminClient, format: Format, after: u64) -> anyhow::Result<()> {
    let events: Vec<Event> = agent.get(&format!("{LINKS}/events?after={after}")).await?;
    for event in &events {
        i64::try_from(event.at).context("an event is not of this age")?;
    }
    output::list(format, &events, EVENT_HEADINGS, event_row)
}

fn event_row(event: &Event) -> [String; 7] {
    let told = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        event.number.to_string(),
        Timestamp::from_millis(i64::try_from(event.at).unwrap_or_default()).to_string(),
        event
            .target
            .as_ref()
            .or(event.path.as_ref())
            .map_or_else(|| event.what.clone(), |of| format!("{} {of}", event.what)),
        told(&event.from),
        told(&event.to),
        told(&event.why),
        event.took_us.map_or_else(String::new, |us| format!("{us} us")),
    ]
}
