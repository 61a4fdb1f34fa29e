//! `sabeel account`.

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
use controller::admin::api::{
    AccountErased, AccountHeld, AccountReleased, AccountView, GrantStateView, HoldAccount, Person,
};
use domain::PhoneNumber;

use crate::admin_client::AdminClient;
use crate::cli::AccountCommand;
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: AccountCommand,
) -> anyhow::Result<()> {
    match command {
        AccountCommand::Show { phone } => {
            let account: AccountView = admin.post("/v1/accounts/show", &Person { phone }).await?;
            output::show(format, &account, &fields(&account))
        }
        AccountCommand::Hold { phone, why } => {
            let request = HoldAccount { phone, why };
            let held: AccountHeld = admin.post("/v1/accounts/hold", &request).await?;
            output::done(format, &held, "everything about the person stays until it is released")
        }
        AccountCommand::Release { phone } => {
            let released: AccountReleased =
                admin.post("/v1/accounts/release", &Person { phone }).await?;
            output::done(format, &released, "retention counts for the person again")
        }
        AccountCommand::Erase { phone, yes } => {
            if !yes {
                confirm(&phone)?;
            }
            let erased: AccountErased = admin.post("/v1/accounts/erase", &Person { phone }).await?;
            let sentence = format!(
                "everything is destroyed; {} session(s) are being ended",
                erased.disconnecting
            );
            output::done(format, &erased, &sentence)
        }
    }
}

fn confirm(phone: &PhoneNumber) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("this cannot be undone; say --yes to do it without being asked");
    }
    eprint!("Destroy everything kept about {}? Type yes: ", phone.masked());
    std::io::stderr().flush().context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    if answer.trim() == "yes" { Ok(()) } else { bail!("nothing was destroyed") }
}

fn fields(account: &AccountView) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("id", account.id.to_string()),
        ("phone", account.phone.masked().to_string()),
        ("first verified", account.created_at.to_string()),
        ("last verified", account.verified_at.to_string()),
    ];
    for device in &account.devices {
        fields.push(("device", format!("{}, last signed in {}", device.mac, device.last_seen)));
    }
    for grant in &account.grants {
        let state = match &grant.state {
            GrantStateView::Live => format!("until {}", grant.until),
            GrantStateView::Ended { at, why } => format!("ended {at} ({why})"),
        };
        fields.push((
            "grant",
            format!("{} at {} on plan {}, {state}", grant.device, grant.site, grant.plan),
        ));
    }
    for consent in &account.consents {
        fields.push(("consent", super::consent::sentence(consent)));
    }
    for hold in &account.holds {
        let released = hold.released_at.map(|at| format!(", released {at}")).unwrap_or_default();
        fields.push(("held", format!("since {}{released}: {}", hold.since, hold.why)));
    }
    for session in &account.sessions {
        let text = format!(
            "{} at {}, {} up, {} down, from {}",
            session.device, session.nas, session.uploaded, session.downloaded, session.started_at
        );
        fields.push(("session", text));
    }
    fields
}
