//! `sabeel nas set` and `sabeel nas rotate`.

use controller::admin::api::{
    AccessPoint, ChangeAccessPoint, FinishRotation, NewHandOff, RotateSecret, SecretRotated,
};
use domain::{HandOffMethod, OctetDirection, ProxyStateRule};

use super::{read_secret, show};
use crate::admin_client::AdminClient;
use crate::cli::{HandOffArgs, RotateNas, SetNas};
use crate::output::{self, Format};

/// Changes what is given, and shows what has become of it.
pub(super) async fn set(admin: &AdminClient, format: Format, set: SetNas) -> anyhow::Result<()> {
    let path = format!("/v1/access-points/{}", set.name);
    let nas: AccessPoint = admin.patch(&path, &request(set)?).await?;
    output::show(format, &nas, &show::fields(&nas))
}

fn request(set: SetNas) -> anyhow::Result<ChangeAccessPoint> {
    let HandOffArgs { login_hosts, method, sends, redirect_acl, login_secret_file, api } =
        &set.hand_off;
    let hand_off = if set.mac_authentication {
        let method = Some(HandOffMethod::MacAuthentication);
        Some(NewHandOff { method, ..NewHandOff::default() })
    } else if login_hosts.is_empty()
        && method.is_none()
        && sends.is_none()
        && redirect_acl.is_none()
        && login_secret_file.is_none()
        && api.api_url.is_none()
    {
        None
    } else {
        Some(super::hand_off(set.hand_off)?)
    };
    Ok(ChangeAccessPoint {
        site: set.site,
        addresses: set.address,
        identifier: given(set.identifier, set.no_identifier),
        certificate: given(set.certificate, set.no_certificate),
        profile: set.profile,
        message_authenticator: set.message_authenticator,
        proxy_state: set.allow_proxy_state.map(|allowed| match allowed {
            true => ProxyStateRule::Unlimited,
            false => ProxyStateRule::Limited,
        }),
        status_server: set.ignore_status_server.map(super::status_server),
        octet_direction: set.swap_octets.map(|swapped| match swapped {
            true => OctetDirection::Swapped,
            false => OctetDirection::Standard,
        }),
        dae_address: given(set.dae, set.no_dae),
        hand_off,
    })
}

/// A new value, or that there shall be none, or nothing about it.
fn given<T>(value: Option<T>, taken_away: bool) -> Option<Option<T>> {
    if taken_away { Some(None) } else { value.map(Some) }
}

/// Begins or ends the replacing of a secret.
pub(super) async fn rotate(
    admin: &AdminClient,
    format: Format,
    rotate: RotateNas,
) -> anyhow::Result<()> {
    let name = rotate.name;
    if rotate.finish {
        let path = format!("/v1/access-points/{name}/finish-rotation");
        let request = FinishRotation { even_if_unseen: rotate.force };
        let nas: AccessPoint = admin.post(&path, &request).await?;
        let sentence = format!("only the new secret of access point {name} verifies from now on");
        return output::done(format, &nas, &sentence);
    }
    let secret = rotate.secret_file.as_deref().map(read_secret).transpose()?;
    let request = RotateSecret { secret, grace_seconds: rotate.grace };
    let path = format!("/v1/access-points/{name}/rotate");
    let rotated: SecretRotated = admin.post(&path, &request).await?;
    let mut shown = vec![
        ("name", name.to_string()),
        ("new secret", rotated.secret.expose().to_owned()),
        ("old secret", show::former_secret(&rotated.access_point)),
    ];
    shown.extend(rotated.notes.iter().map(|note| ("note", note.clone())));
    shown.push(("", "keep the secret now; it is never shown again".to_owned()));
    output::show(format, &rotated, &shown)
}
