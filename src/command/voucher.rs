//! `sabeel voucher`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use controller::admin::api::{
    AddVouchers as Request, BatchShown, BatchView, List, RevocationView, RevokeVouchers, SiteView,
    VoucherView, VouchersAdded, VouchersRevoked,
};
use domain::{Site, VoucherCode};
use portal::VoucherSheet;
use serde::Serialize;

use super::wording::{or_dash, seconds};
use crate::admin_client::AdminClient;
use crate::cli::{AddVouchers, VoucherCommand, Which};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: VoucherCommand,
) -> anyhow::Result<()> {
    match command {
        VoucherCommand::List => {
            let batches: List<BatchView> = admin.get("/v1/vouchers").await?;
            let headings = ["name", "site", "plan", "vouchers", "used", "until", "revoked"];
            output::list(format, &batches.items, headings, |batch| {
                [
                    batch.name.to_string(),
                    batch.site.to_string(),
                    batch.plan.to_string(),
                    batch.vouchers.to_string(),
                    batch.used.to_string(),
                    batch.until.to_string(),
                    or_dash(batch.revoked.as_ref().map(|revoked| revoked.at)),
                ]
            })
        }
        VoucherCommand::Show { which } => show(admin, format, &which).await,
        VoucherCommand::Add(wanted) => add(admin, format, wanted).await,
        VoucherCommand::Revoke { which, reason } => {
            let path = format!("/v1/vouchers/{which}/revoke");
            let revoked: VouchersRevoked = admin.post(&path, &RevokeVouchers { reason }).await?;
            let sentence =
                format!("{which} is revoked; {} device(s) are being disconnected", revoked.ended);
            output::done(format, &revoked, &sentence)
        }
    }
}

async fn show(admin: &AdminClient, format: Format, which: &Which) -> anyhow::Result<()> {
    let batch = match which {
        Which::Batch(name) => name,
        Which::One(id) => &id.batch,
    };
    let mut shown: BatchShown = admin.get(&format!("/v1/vouchers/{batch}")).await?;
    if let Which::One(id) = which {
        shown.items.retain(|voucher| voucher.serial == id.serial);
        if shown.items.is_empty() {
            bail!("there is no voucher `{id}`");
        }
    }
    if format == Format::Json {
        return output::show(format, &shown, &[]);
    }
    output::show(format, &shown.batch, &fields(&shown.batch))?;
    let headings = ["voucher", "devices", "first used", "over", "revoked"];
    output::list(format, &shown.items, headings, |voucher: &VoucherView| {
        [
            format!("{batch}/{}", voucher.serial),
            format!("{} of {}", voucher.devices, shown.batch.devices),
            or_dash(voucher.first_used_at),
            voucher.ends_at.to_string(),
            or_dash(voucher.revoked.as_ref().map(why)),
        ]
    })
}

fn fields(batch: &BatchView) -> Vec<(&'static str, String)> {
    vec![
        ("name", batch.name.to_string()),
        ("site", batch.site.to_string()),
        ("plan", batch.plan.to_string()),
        ("devices of each", batch.devices.to_string()),
        ("until", batch.until.to_string()),
        ("lasts", or_dash(batch.lasts_seconds.map(seconds))),
        ("made", format!("{} by {}: {}", batch.made_at, batch.made_by, batch.reason)),
        ("revoked", or_dash(batch.revoked.as_ref().map(why))),
        ("used", format!("{} of {}", batch.used, batch.vouchers)),
    ]
}

fn why(revoked: &RevocationView) -> String {
    format!("{}: {}", revoked.at, revoked.why)
}

/// A voucher as it is printed once.
#[derive(Serialize)]
struct Printed<'a> {
    voucher: String,
    code: &'a str,
}

async fn add(admin: &AdminClient, format: Format, wanted: AddVouchers) -> anyhow::Result<()> {
    let site: SiteView = admin.get(&format!("/v1/sites/{}", wanted.site)).await?;
    let until = wanted.until.moment(&site.zone).context("cannot use --until")?;
    let request = Request {
        name: wanted.name,
        site: wanted.site,
        plan: wanted.plan.unwrap_or_else(|| site.plan.clone()),
        count: wanted.count,
        devices: wanted.devices,
        until,
        lasts_seconds: wanted.lasts.map(|lasts| lasts.as_secs()),
        reason: wanted.reason,
    };
    let Some(path) = wanted.sheet else {
        let added: VouchersAdded = admin.post("/v1/vouchers", &request).await?;
        return print(format, &added);
    };
    let site =
        Site::try_from(site).map_err(|reason| anyhow!("the site cannot be used: {reason}"))?;
    // Before anything is made: codes that cannot be written down are lost.
    let mut file = create(&path)?;
    let added: VouchersAdded = match admin.post("/v1/vouchers", &request).await {
        Ok(added) => added,
        Err(error) => {
            drop(file);
            std::fs::remove_file(&path).ok();
            return Err(error);
        }
    };
    let written = sheet(&site, &added).and_then(|html| {
        file.write_all(html.as_bytes())?;
        file.sync_all().context("the disk refuses it")
    });
    if let Err(error) = written {
        print(format, &added)?;
        let path = path.display();
        return Err(error.context(format!("{path} is not whole; the codes were printed instead")));
    }
    let sentence = format!(
        "{} voucher(s) are in {}; print it, and keep it as you keep keys",
        added.codes.len(),
        path.display()
    );
    output::done(format, &added.batch, &sentence)
}

/// A new file for whoever runs this alone.
fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).with_context(|| format!("cannot make {}", path.display()))
}

/// The sheet of a batch.
fn sheet(site: &Site, added: &VouchersAdded) -> anyhow::Result<String> {
    let batch = &added.batch;
    let codes = added.codes.iter().map(|code| code.parse());
    let codes: Vec<VoucherCode> = codes.collect::<Result<_, _>>().context("the server's codes")?;
    let sheet = VoucherSheet {
        site,
        batch: batch.name.as_str(),
        devices: batch.devices,
        until: batch.until,
        lasts: batch.lasts_seconds.map(Duration::from_secs),
        page: &added.page,
        codes: &codes,
    };
    Ok(sheet.render()?)
}

/// Prints the codes.
fn print(format: Format, added: &VouchersAdded) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::show(format, added, &[]);
    }
    let name = &added.batch.name;
    let printed = (1..).zip(&added.codes);
    let printed: Vec<_> = printed
        .map(|(serial, code): (u32, _)| Printed { voucher: format!("{name}/{serial}"), code })
        .collect();
    output::list(format, &printed, ["voucher", "code"], |printed| {
        [printed.voucher.clone(), printed.code.to_owned()]
    })?;
    output::remark("the codes are kept nowhere; keep this");
    Ok(())
}
