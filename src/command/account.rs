//! `sabeel account`.

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
use controller::admin::api::{
    AccountErased, AccountHeld, AccountReleased, AccountView, GrantStateView, HoldAccount,
};
use domain::Identity;

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
        AccountCommand::Show { person } => {
            let account: AccountView = admin.post("/v1/accounts/show", &person).await?;
            output::show(format, &account, &fields(&account))
        }
        AccountCommand::Hold { person, why } => {
            let request = HoldAccount { person, why };
            let held: AccountHeld = admin.post("/v1/accounts/hold", &request).await?;
            output::done(format, &held, "everything about the person stays until it is released")
        }
        AccountCommand::Release { person } => {
            let released: AccountReleased = admin.post("/v1/accounts/release", &person).await?;
            output::done(format, &released, "retention counts for the person again")
        }
        AccountCommand::Erase { person, yes } => {
            if !yes {
                confirm(&person)?;
            }
            let erased: AccountErased = admin.post("/v1/accounts/erase", &person).await?;
            let sentence = format!(
                "everything is destroyed; {} session(s) are being ended",
                erased.disconnecting
            );
            output::done(format, &erased, &sentence)
        }
    }
}

fn confirm(person: &Identity) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("this cannot be undone; say --yes to do it without being asked");
    }
    eprint!("Destroy everything kept about {}? Type yes: ", person.masked());
    std::io::stderr().flush().context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    if answer.trim() == "yes" { Ok(()) } else { bail!("nothing was destroyed") }
}

/// What the person signed in with.
fn known_by(person: &Identity) -> (&'static str, String) {
    match person {
        Identity::Phone(phone) => ("phone", phone.masked().to_string()),
        Identity::Voucher(voucher) => ("voucher", voucher.to_string()),
        Identity::Claimed(_) => ("phone", person.masked().to_string()),
    }
}

fn fields(account: &AccountView) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("id", account.id.to_string()),
        known_by(&account.person),
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
