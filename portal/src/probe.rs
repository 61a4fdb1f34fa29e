//! Captive detection: what operating systems ask, and what the open internet answers.
//!
//! A device that is online gets its own system's "open" answer, so that its captive
//! window closes; every other is redirected (302, small body, no-store), which all of
//! them take as a portal. The hosts and answers are those of portal facts §3.1.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

use crate::app::{App, Message, Outcome, redirect};
use crate::visit::Peer;
use crate::{capport, wispr};

/// What tells a client that the internet is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenAnswer {
    /// 204 without a body.
    NoContent,
    /// 200 with this text.
    Text(&'static str),
    /// 200 with this page.
    Page(&'static str),
    /// NetworkManager's own header with 200 and this text, or with 204 if that is empty.
    NetworkManager(&'static str),
    /// Nintendo's own header.
    Nintendo,
}

/// One row of the table: an empty host or path stands for any.
struct Probe {
    hosts: &'static [&'static str],
    paths: &'static [&'static str],
    open: OpenAnswer,
}

const APPLE: &str = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>";
const FIREFOX: &str = "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>";
const KINDLE: &str = "<html><head><title>Kindle Reachability Probe Page</title></head>\
    <body><!-- 81ce4465-7167-4dcb-835b-dcc9e44c112a --></body></html>";

const PROBES: &[Probe] = &[
    // Android and its makers, ChromeOS, Edge, Fire OS.
    Probe {
        hosts: &[],
        paths: &["/generate_204", "/generate204", "/gen_204", "/captiveportal/generate_204"],
        open: OpenAnswer::NoContent,
    },
    Probe {
        hosts: &[
            "connectivitycheck.gstatic.com",
            "connectivitycheck.android.com",
            "connectivitycheck.samsungdm.com",
            "connectivitycheck.platform.hicloud.com",
            "connectivitycheck.cbg-app.huawei.com",
            "connect.rom.miui.com",
            "clients3.google.com",
            "fireoscaptiveportal.com",
        ],
        paths: &[],
        open: OpenAnswer::NoContent,
    },
    // Apple.
    Probe { hosts: &["captive.apple.com"], paths: &[], open: OpenAnswer::Page(APPLE) },
    Probe {
        hosts: &[
            "www.apple.com",
            "apple.com",
            "www.appleiphonecell.com",
            "www.airport.us",
            "www.ibook.info",
            "www.itools.info",
            "www.thinkdifferent.us",
        ],
        paths: &["/hotspot-detect.html", "/library/test/success.html"],
        open: OpenAnswer::Page(APPLE),
    },
    // Windows.
    Probe {
        hosts: &["www.msftconnecttest.com", "ipv6.msftconnecttest.com", "msftconnecttest.com"],
        paths: &["/connecttest.txt"],
        open: OpenAnswer::Text("Microsoft Connect Test"),
    },
    Probe {
        hosts: &["www.msftncsi.com", "ipv6.msftncsi.com"],
        paths: &["/ncsi.txt"],
        open: OpenAnswer::Text("Microsoft NCSI"),
    },
    // Firefox.
    Probe {
        hosts: &["detectportal.firefox.com"],
        paths: &["/success.txt"],
        open: OpenAnswer::Text("success\n"),
    },
    Probe {
        hosts: &["detectportal.firefox.com"],
        paths: &["/canonical.html"],
        open: OpenAnswer::Page(FIREFOX),
    },
    // NetworkManager: GNOME, Arch, Manjaro; then by distribution.
    Probe {
        hosts: &[],
        paths: &["/check_network_status.txt", "/nm-check.txt"],
        open: OpenAnswer::NetworkManager("NetworkManager is online\n"),
    },
    Probe {
        hosts: &["network-test.debian.org"],
        paths: &["/nm"],
        open: OpenAnswer::NetworkManager("NetworkManager is online\n"),
    },
    Probe {
        hosts: &["conncheck.opensuse.org"],
        paths: &["/"],
        open: OpenAnswer::NetworkManager("NetworkManager is online\n"),
    },
    Probe {
        hosts: &["connectivity-check.ubuntu.com"],
        paths: &["/"],
        open: OpenAnswer::NetworkManager(""),
    },
    Probe {
        hosts: &["fedoraproject.org"],
        paths: &["/static/hotspot.txt"],
        open: OpenAnswer::NetworkManager("OK\n"),
    },
    Probe {
        hosts: &["static.redhat.com"],
        paths: &["/test/rhel-networkmanager.txt"],
        open: OpenAnswer::NetworkManager("OK\n"),
    },
    Probe {
        hosts: &["networkcheck.kde.org"],
        paths: &["/"],
        open: OpenAnswer::NetworkManager("OK\n"),
    },
    // Kindle, Roku, Nintendo.
    Probe {
        hosts: &["spectrum.s3.amazonaws.com"],
        paths: &["/kindle-wifi/wifistub.html"],
        open: OpenAnswer::Page(KINDLE),
    },
    Probe { hosts: &["captive.roku.com"], paths: &["/ok"], open: OpenAnswer::Text("ok") },
    Probe {
        hosts: &["ctest.cdn.nintendo.net", "conntest.nintendowifi.net"],
        paths: &["/"],
        open: OpenAnswer::Nintendo,
    },
];

/// What Apple's devices call themselves when they look for a portal, whichever page they ask for.
const APPLE_AGENT: &str = "CaptiveNetworkSupport";

fn find_probe(host: &str, path: &str, agent: &str) -> Option<OpenAnswer> {
    if agent.starts_with(APPLE_AGENT) {
        return Some(OpenAnswer::Page(APPLE));
    }
    let fits = |known: &[&str], given: &str, same: fn(&str, &str) -> bool| {
        known.is_empty() || known.iter().any(|known| same(known, given))
    };
    PROBES
        .iter()
        .find(|probe| {
            fits(probe.hosts, host, str::eq_ignore_ascii_case)
                && fits(probe.paths, path, |known, given| known == given)
        })
        .map(|probe| probe.open)
}

/// Whether a host is only ever asked to detect portals, so that nobody wants to go on to it.
pub(crate) fn is_probe_host(host: &str) -> bool {
    let ordinary = ["www.apple.com", "apple.com", "fedoraproject.org", "static.redhat.com"];
    !ordinary.contains(&host)
        && PROBES
            .iter()
            .any(|probe| probe.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
}

/// The name in a Host header, without the port.
pub(crate) fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    }
}

/// The host that a request is addressed to.
pub(crate) fn host_of(request: &Parts) -> &str {
    let header = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host_name(request.uri.host().or(header).unwrap_or(""))
}

/// Answers a request for a host that is not ours.
pub(crate) async fn answer_foreign(app: &App, request: &Parts, peer: IpAddr) -> Outcome {
    if is_online(app, peer).await? {
        let probe = find_probe(host_of(request), request.uri.path(), agent_of(request));
        let status = app.settings.public.join("status");
        return Ok(match probe {
            Some(open) => open.into_response(),
            None => to(status.as_ref().map_or("/", Url::as_str)),
        });
    }
    if wispr::is_asked_for(&request.headers) {
        return Ok(wispr::proxied(StatusCode::FOUND, door(app)));
    }
    Ok(captive(app))
}

/// The answer to everybody else who is not online.
pub(crate) fn captive(app: &App) -> Response {
    to(door(app))
}

fn door(app: &App) -> &str {
    app.settings.entry.as_ref().unwrap_or(&app.settings.public).as_str()
}

/// Answers a request for a path of ours that is no page: a probe by its path, or nothing.
pub(crate) async fn answer_unrouted(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Parts,
) -> Outcome {
    if find_probe("", request.uri.path(), agent_of(&request)).is_some() {
        return answer_foreign(&app, &request, peer).await;
    }
    let message = Message {
        status: StatusCode::NOT_FOUND,
        title: "e-missing-title",
        text: "e-missing",
        values: &[],
        action: Some(("/", "login-page")),
    };
    app.message(&app.language_of(&request.headers, request.uri.query()), &message)
}

fn agent_of(request: &Parts) -> &str {
    let agent = request.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or("")
}

/// Whether a device with that address is online, and is to stay so.
pub(crate) async fn is_online(app: &App, peer: IpAddr) -> Result<bool, store::StoreError> {
    let session = app.presence.find(app.store.as_ref(), peer, app.now()).await?;
    match session {
        // Boxed, so that nobody has room for it who is not online.
        Some(session) => Ok(!Box::pin(capport::is_over(app, &session)).await?),
        None => Ok(false),
    }
}

fn to(target: &str) -> Response {
    redirect(StatusCode::FOUND, target)
}

impl IntoResponse for OpenAnswer {
    fn into_response(self) -> Response {
        const PLAIN: &str = "text/plain";
        const ONLINE: (&str, &str) = ("x-networkmanager-status", "online");
        match self {
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
            Self::Text(text) => ([(header::CONTENT_TYPE, PLAIN)], text).into_response(),
            Self::Page(html) => ([(header::CONTENT_TYPE, "text/html")], html).into_response(),
            Self::NetworkManager("") => (StatusCode::NO_CONTENT, [ONLINE]).into_response(),
            Self::NetworkManager(text) => {
                ([(header::CONTENT_TYPE.as_str(), PLAIN), ONLINE], text).into_response()
            }
            Self::Nintendo => {
                let nintendo = ("x-organization", "Nintendo");
                ([(header::CONTENT_TYPE.as_str(), PLAIN), nintendo], "ok").into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_known_by_host_and_path_or_by_who_asks() {
        const AGENT: &str = "CaptiveNetworkSupport-481.100.37 wispr";
        for (host, path, agent, expected) in [
            ("any.example", "/generate_204", "", Some(OpenAnswer::NoContent)),
            ("connect.rom.miui.com", "/other", "", Some(OpenAnswer::NoContent)),
            ("Captive.Apple.Com", "/", "", Some(OpenAnswer::Page(APPLE))),
            ("www.apple.com", "/iphone", "", None),
            ("www.apple.com", "/iphone", AGENT, Some(OpenAnswer::Page(APPLE))),
            ("any.example", "/", AGENT, Some(OpenAnswer::Page(APPLE))),
            ("www.msftconnecttest.com", "/redirect", "", None),
            ("example.com", "/", "", None),
        ] {
            assert_eq!(find_probe(host, path, agent), expected, "{host}{path} {agent}");
        }
    }

    #[test]
    fn the_port_is_no_part_of_a_hosts_name() {
        for (host, name) in [
            ("a.example", "a.example"),
            ("a.example:80", "a.example"),
            ("[::1]:80", "::1"),
            ("", ""),
        ] {
            assert_eq!(host_name(host), name);
        }
    }
}
