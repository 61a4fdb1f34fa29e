//! `sabeel sms`.

use controller::admin::api::{
    BlockSends, ChangeSpending, List, Removed, RouteView, SendBlockView, SpendingView, SpentView,
    UnblockSends,
};
use domain::Country;

use crate::admin_client::AdminClient;
use crate::cli::{SetBudget, SmsCommand};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: SmsCommand) -> anyhow::Result<()> {
    match command {
        SmsCommand::Routes => routes(admin, format).await,
        SmsCommand::Budget(budget) => set_budget(admin, format, budget).await,
        SmsCommand::Blocks => blocks(admin, format).await,
        SmsCommand::Block { target, lasts, reason } => {
            let seconds = lasts.map(|lasts| lasts.as_secs());
            let request = BlockSends { target, reason, seconds };
            let block: SendBlockView = admin.post(BLOCKS, &request).await?;
            let sentence = format!("no messages go to {} {}", block.target, until(&block));
            output::done(format, &block, &sentence)
        }
        SmsCommand::Unblock { target } => {
            let ended: Removed =
                admin.post("/v1/messages/blocks/end", &UnblockSends { target }).await?;
            output::done(format, &ended, &format!("messages go to {} again", ended.removed))
        }
    }
}

const BLOCKS: &str = "/v1/messages/blocks";

async fn blocks(admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let blocks: List<SendBlockView> = admin.get(BLOCKS).await?;
    output::list(format, &blocks.items, ["kind", "target", "since", "until", "reason"], |block| {
        [
            block.kind.clone(),
            block.target.clone(),
            block.at.to_string(),
            block.until.map_or_else(|| "taken back".to_owned(), |until| until.to_string()),
            block.reason.clone(),
        ]
    })
}

/// Until when a block holds, in words.
fn until(block: &SendBlockView) -> String {
    block
        .until
        .map_or_else(|| "until you say `sabeel sms unblock`".to_owned(), |at| format!("until {at}"))
}

async fn set_budget(admin: &AdminClient, format: Format, set: SetBudget) -> anyhow::Result<()> {
    const PATH: &str = "/v1/messages/budget";
    let change = ChangeSpending {
        per_day: set.per_day.map(|most| most.0),
        per_month: set.per_month.map(|most| most.0),
        more_today: set.more_today,
    };
    let told: SpendingView = match change == ChangeSpending::default() {
        true => admin.get(PATH).await?,
        false => admin.patch(PATH, &change).await?,
    };
    if format == Format::Json {
        return output::done(format, &told, "");
    }
    for alarm in &told.alarms {
        output::line(&format!("ALARM: {alarm}"))?;
    }
    let mut fields = vec![("today", spent(&told.day)), ("this month", spent(&told.month))];
    if told.raised > domain::Money::default() {
        fields.push(("allowed for today", format!("{} beyond the limits", told.raised)));
    }
    let reasons = told.refused.iter();
    fields.extend(
        reasons.map(|one| ("refused in 24 h", format!("{} visit(s): {}", one.visits, one.text))),
    );
    output::show(format, &told, &fields)?;
    if told.parts.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let headings = ["site", "country", "messages", "entered", "cost", "per entered code"];
    output::list(format, &told.parts, headings, |part| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            part.site.as_ref().map_or_else(|| "(reports)".to_owned(), ToString::to_string),
            part.country.map_or("-", Country::as_str).to_owned(),
            part.messages.to_string(),
            part.entered.to_string(),
            part.spent.to_string(),
            or_dash(part.per_entered.map(|each| each.to_string())),
        ]
    })
}

/// What was spent over a time, in words.
fn spent(of: &SpentView) -> String {
    let limit = match (of.most, of.percent) {
        (Some(most), Some(percent)) => {
            let by = if of.set { ", set by an admin" } else { "" };
            format!(" of {most} ({percent} percent{by})")
        }
        _ => ", without a limit".to_owned(),
    };
    let SpentView { messages, segments, refused, .. } = of;
    format!("{}{limit}: {messages} messages in {segments} parts, {refused} refused", of.spent)
}

async fn routes(admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let routes: List<RouteView> = admin.get("/v1/messages/routes").await?;
    let headings = [
        "route",
        "state",
        "waiting",
        "taken",
        "not taken",
        "delivered",
        "undelivered",
        "unknown receipts",
        "bad receipts",
    ];
    let count =
        |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    output::list(format, &routes.items, headings, |route| {
        [
            route.name.to_string(),
            state(route).to_owned(),
            route.waiting.to_string(),
            route.taken.to_string(),
            route.not_taken.to_string(),
            route.delivered.to_string(),
            route.undelivered.to_string(),
            count(route.unknown_receipts),
            count(route.bad_receipts),
        ]
    })
}

/// Whether a route takes messages, as far as this server knows.
const fn state(route: &RouteView) -> &'static str {
    match route.resting {
        Some(false) => "well",
        Some(true) => "RESTS",
        None => "-",
    }
}
