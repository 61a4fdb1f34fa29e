//! `sabeel nas onboard`: what to paste into an access point, on standard output and nothing else
//! there; what an admin should know goes to standard error.

use std::net::SocketAddr;

use controller::admin::api::{AccessPointAdded, Onboard, Onboarding};
use domain::{NasName, NasProfile};
use serde::Serialize;

use super::{read_secret, request};
use crate::admin_client::AdminClient;
use crate::cli::{AddNas, ApiArgs, HandOffArgs, OnboardNas};
use crate::output::{self, Format};

/// A new access point, and what to paste into it.
#[derive(Serialize)]
struct Added {
    #[serde(flatten)]
    access_point: AccessPointAdded,
    onboarding: Onboarding,
}

/// Prints it; adds the access point first, if it is a new one.
pub(super) async fn run(
    admin: &AdminClient,
    format: Format,
    nas: OnboardNas,
) -> anyhow::Result<()> {
    let server = nas.server;
    if nas.site.is_none() {
        let request = Onboard {
            server,
            secret: nas.secret_file.as_deref().map(read_secret).transpose()?,
            hand_off_secret: nas.login_secret_file.as_deref().map(read_secret).transpose()?,
        };
        let onboarding = ask(admin, &nas.name, &request).await?;
        return print(format, &onboarding, &onboarding, &[]);
    }
    let name = nas.name.clone();
    let Some(new) = new(nas) else { anyhow::bail!("a new access point needs --address") };
    let added: AccessPointAdded = admin.post("/v1/access-points", &request(new)?).await?;
    let request = Onboard {
        server,
        secret: Some(added.secret.clone()),
        hand_off_secret: added.hand_off_secret.clone(),
    };
    let onboarding = ask(admin, &name, &request).await?;
    let mut notes = added.notes.clone();
    notes.push("keep the secret now; it is never shown again".to_owned());
    let added = Added { access_point: added, onboarding };
    print(format, &added, &added.onboarding, &notes)
}

async fn ask(admin: &AdminClient, name: &NasName, request: &Onboard) -> anyhow::Result<Onboarding> {
    admin.post(&format!("/v1/access-points/{name}/onboarding"), request).await
}

fn print<T: Serialize>(
    format: Format,
    whole: &T,
    onboarding: &Onboarding,
    more: &[String],
) -> anyhow::Result<()> {
    if format == Format::Table {
        for note in onboarding.notes.iter().chain(more) {
            output::remark(note);
        }
    }
    output::done(format, whole, onboarding.configuration.trim_end())
}

/// The access point to add; `None` if it has no site or address.
fn new(nas: OnboardNas) -> Option<AddNas> {
    let (site, address) = (nas.site?, nas.address?);
    let profile = nas.profile.unwrap_or(NasProfile::Generic);
    let is_one = address.prefix_len() == address.max_prefix_len();
    let usual = is_one.then(|| SocketAddr::from((address.addr(), profile.dae_port())));
    Some(AddNas {
        name: nas.name,
        site,
        address,
        identifier: nas.identifier,
        certificate: None,
        profile,
        secret_file: nas.secret_file,
        message_authenticator: None,
        allow_unsigned: false,
        allow_proxy_state: false,
        ignore_status_server: false,
        swap_octets: false,
        dae: nas.dae.or(usual),
        hand_off: HandOffArgs {
            login_hosts: nas.login_hosts,
            method: nas.method,
            sends: None,
            redirect_acl: nas.redirect_acl,
            login_secret_file: nas.login_secret_file,
            api: ApiArgs::default(),
        },
    })
}
