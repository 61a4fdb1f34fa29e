//! `sabeel nas`.

mod change;
mod onboard;
mod range;
mod show;
mod test;

use std::path::Path;

use anyhow::Context;
use controller::admin::api::{
    AccessPoint, AccessPointAdded, AddAccessPoint, List, NewApi, NewHandOff, Removed,
};
use domain::{MessageAuthenticatorRule, OctetDirection, ProxyStateRule, Secret, StatusServerRule};

use super::wording::or_dash;
use crate::admin_client::AdminClient;
use crate::cli::{AddNas, ApiArgs, HandOffArgs, NasCommand};
use crate::config::Config;
use crate::output::{self, Format};

/// Whether Status-Server is answered.
const fn status_server(ignored: bool) -> StatusServerRule {
    if ignored { StatusServerRule::Ignored } else { StatusServerRule::Answered }
}

/// Runs one of the commands.
pub async fn run(
    config: &Config,
    admin: &AdminClient,
    format: Format,
    command: NasCommand,
) -> anyhow::Result<()> {
    match command {
        NasCommand::List => list(admin, format).await,
        NasCommand::Show { name } => show::run(admin, format, &name).await,
        NasCommand::Add(nas) => {
            let added: AccessPointAdded = admin.post("/v1/access-points", &request(nas)?).await?;
            let mut shown = show::fields(&added.access_point);
            shown.push(("secret", added.secret.expose().to_owned()));
            if let Some(secret) = &added.hand_off_secret {
                shown.push(("hand-off secret", secret.expose().to_owned()));
            }
            shown.extend(added.notes.iter().map(|note| ("note", note.clone())));
            shown.push(("", "keep the secrets now; they are never shown again".to_owned()));
            output::show(format, &added, &shown)
        }
        NasCommand::Onboard(nas) => onboard::run(admin, format, nas).await,
        NasCommand::Test(wanted) => {
            test::run(&AdminClient::nearest_to_radius(config).await, format, wanted).await
        }
        NasCommand::Set(set) => change::set(admin, format, set).await,
        NasCommand::Rotate(rotate) => change::rotate(admin, format, rotate).await,
        NasCommand::Range(command) => range::run(admin, format, command).await,
        NasCommand::Pending(command) => range::decide(admin, format, command).await,
        NasCommand::Remove { name } => {
            let removed: Removed = admin.delete(&format!("/v1/access-points/{name}")).await?;
            output::done(format, &removed, &format!("access point {name} removed"))
        }
    }
}

async fn list(admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let points: List<AccessPoint> = admin.get("/v1/access-points").await?;
    let headings = ["name", "site", "addresses", "identifier", "profile", "signed", "dae"];
    output::list(format, &points.items, headings, |nas| {
        [
            nas.name.to_string(),
            nas.site.to_string(),
            nas.addresses.to_string(),
            or_dash(nas.identifier.as_ref()),
            nas.profile.as_str().to_owned(),
            nas.message_authenticator.as_str().to_owned(),
            or_dash(nas.dae_address),
        ]
    })?;
    let unprotected = |nas: &&AccessPoint| nas.message_authenticator.leaves_unprotected();
    let count = points.items.iter().filter(unprotected).count();
    if count > 0 && format == Format::Table {
        let all = points.items.len();
        output::line(&format!("{count} of {all} access points still unprotected"))?;
    }
    Ok(())
}

/// The secret in a file; what ends its line is no part of it.
fn read_secret(path: &Path) -> anyhow::Result<Secret> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.trim_end().parse().with_context(|| format!("{} holds no secret", path.display()))
}

fn request(nas: AddNas) -> anyhow::Result<AddAccessPoint> {
    let unsigned = nas.allow_unsigned.then_some(MessageAuthenticatorRule::Optional);
    Ok(AddAccessPoint {
        name: nas.name,
        site: nas.site,
        addresses: nas.address,
        identifier: nas.identifier,
        certificate: nas.certificate,
        profile: nas.profile,
        secret: nas.secret_file.as_deref().map(read_secret).transpose()?,
        portal_path: None,
        message_authenticator: nas.message_authenticator.or(unsigned),
        proxy_state: nas.allow_proxy_state.then_some(ProxyStateRule::Unlimited),
        status_server: status_server(nas.ignore_status_server),
        octet_direction: if nas.swap_octets {
            OctetDirection::Swapped
        } else {
            OctetDirection::Standard
        },
        dae_address: nas.dae,
        hand_off: hand_off(nas.hand_off)?,
    })
}

fn hand_off(given: HandOffArgs) -> anyhow::Result<NewHandOff> {
    Ok(NewHandOff {
        method: given.method,
        secret: given.login_secret_file.as_deref().map(read_secret).transpose()?,
        hosts: given.login_hosts,
        api: api(given.api)?,
        sends: given.sends,
        redirect_acl: given.redirect_acl,
    })
}

fn api(given: ApiArgs) -> anyhow::Result<Option<NewApi>> {
    let ApiArgs { api_url, api_site, api_visitor_host, api_user, api_key_file, api_certificate } =
        given;
    let Some(url) = api_url else { return Ok(None) };
    let key = api_key_file.as_deref().map(read_secret).transpose()?;
    let (site, visitor_host) = (api_site, api_visitor_host);
    let (user, certificate) = (api_user, api_certificate);
    Ok(Some(NewApi { url, site, visitor_host, user, key, certificate }))
}
