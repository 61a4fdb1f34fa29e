//! `sabeel nas`.

use anyhow::Context;
use controller::admin::api::{
    AccessPoint, AccessPointAdded, AddAccessPoint, HandOffView, List, NewHandOff, Removed,
};
use domain::{MessageAuthenticatorRule, OctetDirection, Secret};

use super::wording::or_dash;
use crate::admin_client::AdminClient;
use crate::cli::{AddNas, NasCommand};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: NasCommand) -> anyhow::Result<()> {
    match command {
        NasCommand::List => {
            let points: List<AccessPoint> = admin.get("/v1/access-points").await?;
            let headings = ["name", "site", "addresses", "profile", "dae"];
            output::list(format, &points.items, headings, |nas| {
                [
                    nas.name.to_string(),
                    nas.site.to_string(),
                    nas.addresses.to_string(),
                    nas.profile.as_str().to_owned(),
                    or_dash(nas.dae_address),
                ]
            })
        }
        NasCommand::Show { name } => {
            let nas: AccessPoint = admin.get(&format!("/v1/access-points/{name}")).await?;
            output::show(format, &nas, &fields(&nas))
        }
        NasCommand::Add(nas) => {
            let added: AccessPointAdded = admin.post("/v1/access-points", &request(nas)?).await?;
            let mut shown = fields(&added.access_point);
            shown.push(("secret", added.secret.expose().to_owned()));
            if let Some(secret) = &added.hand_off_secret {
                shown.push(("hand-off secret", secret.expose().to_owned()));
            }
            shown.extend(added.notes.iter().map(|note| ("note", note.clone())));
            shown.push(("", "keep the secrets now; they are never shown again".to_owned()));
            output::show(format, &added, &shown)
        }
        NasCommand::Remove { name } => {
            let removed: Removed = admin.delete(&format!("/v1/access-points/{name}")).await?;
            output::done(format, &removed, &format!("access point {name} removed"))
        }
    }
}

fn request(nas: AddNas) -> anyhow::Result<AddAccessPoint> {
    let read_secret = |path: &std::path::PathBuf| -> anyhow::Result<Secret> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        text.trim_end().parse().with_context(|| format!("{} holds no secret", path.display()))
    };
    let hand_off = if nas.uam_hosts.is_empty() {
        NewHandOff::MacAuthentication { redirect_secret: None }
    } else {
        let secret = nas.uam_secret_file.as_ref().map(read_secret).transpose()?;
        NewHandOff::Uam { secret, hosts: nas.uam_hosts }
    };
    Ok(AddAccessPoint {
        name: nas.name,
        site: nas.site,
        addresses: nas.address,
        certificate: nas.certificate,
        profile: nas.profile,
        secret: nas.secret_file.as_ref().map(read_secret).transpose()?,
        portal_path: None,
        message_authenticator: if nas.allow_unsigned {
            MessageAuthenticatorRule::Optional
        } else {
            MessageAuthenticatorRule::Required
        },
        octet_direction: if nas.swap_octets {
            OctetDirection::Swapped
        } else {
            OctetDirection::Standard
        },
        dae_address: nas.dae,
        hand_off,
    })
}

fn fields(nas: &AccessPoint) -> Vec<(&'static str, String)> {
    let message_authenticator = match nas.message_authenticator {
        MessageAuthenticatorRule::Required => "required",
        MessageAuthenticatorRule::Optional => "optional",
    };
    let octets = match nas.octet_direction {
        OctetDirection::Standard => "standard",
        OctetDirection::Swapped => "swapped",
    };
    let hand_off = match &nas.hand_off {
        HandOffView::MacAuthentication => "MAC authentication".to_owned(),
        HandOffView::Uam { hosts } => format!("UAM at {}", hosts.join(", ")),
    };
    vec![
        ("name", nas.name.to_string()),
        ("site", nas.site.to_string()),
        ("addresses", nas.addresses.to_string()),
        ("certificate", or_dash(nas.certificate.as_ref())),
        ("profile", nas.profile.as_str().to_owned()),
        ("message-authenticator", message_authenticator.to_owned()),
        ("octets", octets.to_owned()),
        ("dae", or_dash(nas.dae_address)),
        ("hand-off", hand_off),
        ("portal path", format!("/n/{}/", nas.portal_path)),
    ]
}
