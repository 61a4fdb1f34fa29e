//! `sabeel nas show`: how an access point is set up, and what was seen of it.

use controller::admin::api::{AccessPoint, AccessPointShown, Activity, HandOffView, Times};
use domain::{
    Clock, NasName, OctetBalance, OctetDirection, ProxyStateRule, SendRule, StatusServerRule,
    Timestamp,
};

use super::or_dash;
use crate::admin_client::AdminClient;
use crate::command::wording::{ago, seconds};
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Shows one access point.
pub(super) async fn run(admin: &AdminClient, format: Format, name: &NasName) -> anyhow::Result<()> {
    let nas: AccessPointShown = admin.get(&format!("/v1/access-points/{name}")).await?;
    let mut shown = fields(&nas.access_point);
    if nas.octets_look_swapped {
        shown.push(("octets", wrong_way(&nas)));
    }
    match &nas.activity {
        Some(activity) => shown.extend(activity_fields(activity, SystemClock.now())),
        None => shown.push(("activity", "counted where RADIUS runs, not in this process".into())),
    }
    output::show(format, &nas, &shown)
}

/// What to do about octets that seem to be counted the wrong way round.
fn wrong_way(nas: &AccessPointShown) -> String {
    let OctetBalance { stays, uploading } = nas.octet_balance;
    let other = nas.access_point.octet_direction == OctetDirection::Standard;
    format!(
        "look exchanged: {uploading} of the latest {stays} stays uploaded more than they \
         downloaded; `sabeel nas set {} --swap-octets {other}`",
        nas.access_point.name
    )
}

/// How an access point is set up.
pub(super) fn fields(nas: &AccessPoint) -> Vec<(&'static str, String)> {
    let octets = match nas.octet_direction {
        OctetDirection::Standard => "standard",
        OctetDirection::Swapped => "swapped",
    };
    let proxy_state = match nas.proxy_state {
        ProxyStateRule::Limited => "only with message-authenticator",
        ProxyStateRule::Unlimited => "accepted",
    };
    let status_server = match nas.status_server {
        StatusServerRule::Answered => "answered",
        StatusServerRule::Ignored => "not answered",
    };
    let HandOffView { method, hosts, has_secret, sends, api, redirect_acl } = &nas.hand_off;
    let mut hand_off = method.as_str().to_owned();
    if !hosts.is_empty() {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        hand_off.push_str(&format!(" at {}", hosts.join(", ")));
    }
    if let Some(api) = api {
        hand_off.push_str(&format!(", site {} at {}", api.site, api.url));
        if let Some(host) = &api.visitor_host {
            hand_off.push_str(&format!(", visitors at {host}"));
        }
    }
    if let Some(list) = redirect_acl {
        hand_off.push_str(&format!(", access list {list}"));
    }
    hand_off.push_str(match (has_secret, sends) {
        (true, _) => ", signed",
        (false, SendRule::Seen) => ", codes for devices seen",
        (false, SendRule::Claimed) => ", codes for devices claimed",
    });
    let message_authenticator = match nas.message_authenticator {
        rule if rule.leaves_unprotected() => format!("{}, still unprotected", rule.as_str()),
        rule => rule.as_str().to_owned(),
    };
    vec![
        ("name", nas.name.to_string()),
        ("site", nas.site.to_string()),
        ("addresses", nas.addresses.to_string()),
        ("identifier", or_dash(nas.identifier.as_ref())),
        ("certificate", or_dash(nas.certificate.as_ref())),
        ("profile", nas.profile.as_str().to_owned()),
        ("message-authenticator", message_authenticator),
        ("proxy-state", proxy_state.to_owned()),
        ("status-server", status_server.to_owned()),
        ("old secret", former_secret(nas)),
        ("octets", octets.to_owned()),
        ("dae", or_dash(nas.dae_address)),
        ("orders go", way_of_orders(nas)),
        ("hand-off", hand_off),
        ("portal path", format!("/n/{}/", nas.portal_path)),
    ]
}

/// How far the replacing of the secret has come.
pub(super) fn former_secret(nas: &AccessPoint) -> String {
    let now = SystemClock.now();
    let Some(former) = &nas.former_secret else { return "none".to_owned() };
    if former.until <= now {
        return format!("expired {}", ago(former.until, now));
    }
    let left = seconds(former.until.since(now).as_secs());
    match former.replaced_at {
        None => format!("verifies for {left}; the new one was not seen in use yet"),
        Some(at) => {
            let since = ago(at, now);
            format!("verifies for {left}; the new one is in use since {since}, so you can finish")
        }
    }
}

fn activity_fields(activity: &Activity, now: Timestamp) -> Vec<(&'static str, String)> {
    let times = |times: Times| match times.last {
        None => "none".to_owned(),
        Some(last) => format!("{}, last {}", times.count, ago(last, now)),
    };
    let mut fields = vec![
        ("access requests", times(activity.access)),
        ("accepted", activity.accepted.to_string()),
        ("rejected", activity.rejected.to_string()),
        ("without message-authenticator", times(activity.without_message_authenticator)),
        ("with the old secret", times(activity.former_secret)),
        ("accounting", times(activity.accounting)),
        ("interim reports", times(activity.interim)),
        ("without class", times(activity.without_class)),
        ("recorded", activity.recorded.to_string()),
        ("answered again", activity.resent.to_string()),
    ];
    let dropped = activity.unanswered.iter();
    fields.extend(dropped.map(|(reason, count)| ("unanswered", format!("{count} {reason}"))));
    fields
}

/// How Disconnect and CoA reach an access point.
fn way_of_orders(nas: &AccessPoint) -> String {
    match (&nas.certificate, nas.dae_address) {
        (None, None) => "nowhere".to_owned(),
        (None, Some(address)) => format!("to {address}"),
        (Some(_), None) => "over its own TLS connection".to_owned(),
        (Some(_), Some(address)) => format!("over its own TLS connection, else to {address}"),
    }
}
