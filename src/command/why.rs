//! `sabeel why`: what happened to a person, a device or a session.

use anyhow::{Context, bail};
use controller::admin::api::{Mark, Step, Story, Subject, WhyQuestion};
use domain::{Clock, Country, MacAddress, PhoneNumber, Timestamp};
use store::{Act, AuditEntry, AuditLog, KeyRing, SqlStore};

use super::wording::or_dash;
use crate::admin_client::AdminClient;
use crate::cli::{Since, WhoKind, Why};
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::{SystemClock, records};

/// Runs the command.
pub async fn run(config: &Config, format: Format, wanted: Why) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let since = wanted.since.map(|since| match since {
        Since::At(at) => at,
        Since::Ago(span) => now - span,
    });
    let of = subject(&wanted.who, wanted.kind)?;
    let question = WhyQuestion { of, since, limit: Some(wanted.limit) };
    let story: Story = if wanted.local {
        let keys = KeyRing::open_existing(&config.keys_dir()).context("cannot open the keys")?;
        let settings = config.store_settings();
        let store = SqlStore::connect(&settings, keys).await.context("cannot open the database")?;
        let told = controller::why(&store, Some(&records(config, None)), &question, now).await;
        write_down(&store, &question, told.as_ref().ok(), now).await?;
        told?
    } else {
        AdminClient::nearest_to_radius(config).await.post("/v1/why", &question).await?
    };
    show(format, &story)
}

/// Tells the audit log who looked, as a server would.
async fn write_down(
    store: &SqlStore,
    question: &WhyQuestion,
    story: Option<&Story>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (subject, asked_by) = controller::asked_about(&question.of, story);
    let detail = [("asked_by", asked_by), ("way", "local")];
    let entry = AuditEntry {
        at: now,
        actor: controller::admin::this_user(),
        act: Act::StoryTold,
        subject,
        detail: detail.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect(),
    };
    store.append_audit(&entry).await.context("cannot write the audit log")?;
    Ok(())
}

/// Who is meant: what looks like a number is one, then a voucher, then a device, then a session of ours.
fn subject(who: &str, kind: Option<WhoKind>) -> anyhow::Result<Subject> {
    let phone = || PhoneNumber::parse(who, &Country::GULF).map(Subject::Phone);
    let voucher = || who.parse().map(Subject::Voucher);
    let device = || MacAddress::parse_shown(who.trim()).map(Subject::Device);
    let session = || match who.parse() {
        Ok(id) => Subject::Session(id),
        Err(_) => Subject::AcctSessionId(who.to_owned()),
    };
    match kind {
        Some(WhoKind::Phone) => phone().context("that is no mobile number"),
        Some(WhoKind::Voucher) => voucher().context("that is no voucher"),
        Some(WhoKind::Mac) => device().context("that is no hardware address"),
        Some(WhoKind::Session) => Ok(session()),
        None => {
            if who.trim().is_empty() {
                bail!("say who: a mobile number, a voucher, a hardware address or a session");
            }
            let person = phone().or_else(|_| voucher());
            Ok(person.or_else(|_| device()).unwrap_or_else(|_| session()))
        }
    }
}

fn show(format: Format, story: &Story) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::show(format, story, &[]);
    }
    let devices: Vec<_> = story.devices.iter().map(ToString::to_string).collect();
    let mut about = Vec::new();
    if let Some(account) = story.account {
        about.push(("account", account.to_string()));
    }
    if let Some(voucher) = &story.voucher {
        about.push(("voucher", voucher.to_string()));
    }
    about.push(("devices", if devices.is_empty() { "-".to_owned() } else { devices.join(", ") }));
    about.push(("since", story.zone.local(story.since)));
    about.push(("clock", story.zone.to_string()));
    output::show(format, story, &about)?;
    if story.left_out > 0 {
        output::line(&format!("{} earlier steps are left out; say --limit", story.left_out))?;
    }
    output::list(format, &story.steps, ["", "time", "what", "nas", "device", ""], |step| {
        [
            mark(step.mark).to_owned(),
            story.zone.local(step.at),
            step.kind.as_str().to_owned(),
            or_dash(step.nas.as_ref()),
            or_dash(step.device),
            step.text.clone(),
        ]
    })?;
    for note in &story.notes {
        output::line(&format!("note: {note}"))?;
    }
    let failing = |step: &&Step| step.mark == Mark::Bad;
    match story.steps.iter().rev().find(failing) {
        Some(step) => output::line(&format!(
            "last failure: {}  {}: {}",
            story.zone.local(step.at),
            step.kind.as_str(),
            step.text
        )),
        None => output::line("nothing failed in that time"),
    }
}

/// What stands before a step.
const fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Good | Mark::Plain => "",
        Mark::Bad => "!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_meant_is_seen_by_how_it_is_written() {
        let phone = Subject::Phone("966551234567".parse().unwrap());
        let device = Subject::Device("02:00:5e:10:00:01".parse().unwrap());
        let pseudonym = MacAddress::new([0xb7, 0xc4, 0x1e, 0x09, 0xa2, 0xf3]);
        let session = "309364efa25feffb3e4a81ebdf646896";
        for (who, kind, expected) in [
            ("0551234567", None, phone.clone()),
            ("+966 55 123 4567", None, phone),
            ("fair/17", None, Subject::Voucher("fair/17".parse().unwrap())),
            ("02-00-5E-10-00-01", None, device.clone()),
            ("02005e100001", None, device),
            ("hash:b7c41e09a2f3", None, Subject::Device(pseudonym)),
            (session, None, Subject::Session(session.parse().unwrap())),
            ("5C1-77", None, Subject::AcctSessionId("5C1-77".into())),
            ("0551234567", Some(WhoKind::Session), Subject::AcctSessionId("0551234567".into())),
        ] {
            assert_eq!(subject(who, kind).unwrap(), expected, "{who}");
        }
        assert!(subject(" ", None).is_err());
        assert!(subject("5C1", Some(WhoKind::Mac)).is_err());
        assert!(subject("5C1", Some(WhoKind::Phone)).is_err());
    }
}
