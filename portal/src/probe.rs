//! Captive detection: what operating systems ask, and what the open internet answers.
//!
//! A device that is online gets its own system's "open" answer, so that its captive
//! window closes; every other is redirected (302, small body, no-store), which all of
//! them take as a portal. The hosts and answers are those of portal facts §3.1.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::app::{App, Message, Outcome, redirect};
use crate::visit::Peer;

/// What tells a client that the internet is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenAnswer {
    /// 204 without a body.
    NoContent,
    /// 200 with this text.
    Text(&'static str),
    /// 200 with this page.
    Page(&'static str),
    /// 200 with this text, and NetworkManager's own header.
    NetworkManager(&'static str),
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
    Probe { hosts: &[], paths: &["/generate_204", "/gen_204"], open: OpenAnswer::NoContent },
    Probe {
        hosts: &[
            "connectivitycheck.gstatic.com",
            "connectivitycheck.android.com",
            "connectivitycheck.platform.hicloud.com",
            "connectivitycheck.cbg-app.huawei.com",
            "connect.rom.miui.com",
            "clients3.google.com",
        ],
        paths: &[],
        open: OpenAnswer::NoContent,
    },
    Probe {
        hosts: &["edge.microsoft.com"],
        paths: &["/captiveportal/generate_204"],
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
        hosts: &["www.msftconnecttest.com", "ipv6.msftconnecttest.com"],
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
    // NetworkManager, by distribution.
    Probe {
        hosts: &["nmcheck.gnome.org"],
        paths: &["/check_network_status.txt"],
        open: OpenAnswer::NetworkManager("NetworkManager is online\n"),
    },
    Probe {
        hosts: &["ping.archlinux.org"],
        paths: &["/nm-check.txt"],
        open: OpenAnswer::NetworkManager("NetworkManager is online\n"),
    },
    Probe {
        hosts: &["fedoraproject.org"],
        paths: &["/static/hotspot.txt"],
        open: OpenAnswer::NetworkManager("OK\n"),
    },
    Probe {
        hosts: &["networkcheck.kde.org"],
        paths: &["/"],
        open: OpenAnswer::NetworkManager("OK\n"),
    },
    // Kindle and Roku.
    Probe {
        hosts: &["spectrum.s3.amazonaws.com"],
        paths: &["/kindle-wifi/wifistub.html"],
        open: OpenAnswer::Page(KINDLE),
    },
    Probe { hosts: &["captive.roku.com"], paths: &["/ok"], open: OpenAnswer::Text("ok") },
];

fn find_probe(host: &str, path: &str) -> Option<OpenAnswer> {
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
    let ordinary = ["www.apple.com", "apple.com", "fedoraproject.org"];
    !ordinary.contains(&host)
        && PROBES
            .iter()
            .any(|probe| probe.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
}

/// The name in a Host header, without the port.
fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    }
}

/// The host that a request is addressed to.
pub(crate) fn host_of(request: &Parts) -> &str {
    asked_host(&request.uri, &request.headers)
}

/// The same of a request that is not taken apart.
pub(crate) fn asked_host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> &'a str {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host_name(uri.host().or(header).unwrap_or(""))
}

/// Answers a request for a host that is not ours.
pub(crate) async fn answer_foreign(app: &App, request: &Parts) -> Outcome {
    let probe = find_probe(host_of(request), request.uri.path());
    let online = is_online(app, request).await?;
    Ok(match (probe, online) {
        (Some(open), true) => open.into_response(),
        (None, true) => {
            to(app.settings.public.join("status").as_ref().map_or("/", |url| url.as_str()))
        }
        (_, false) => to(app.settings.entry.as_ref().unwrap_or(&app.settings.public).as_str()),
    })
}

/// Answers a request for a path of ours that is no page: a probe by its path, or nothing.
pub(crate) async fn answer_unrouted(State(app): State<Arc<App>>, request: Parts) -> Outcome {
    if find_probe("", request.uri.path()).is_some() {
        return answer_foreign(&app, &request).await;
    }
    let message = Message {
        status: StatusCode::NOT_FOUND,
        title: "e-missing-title",
        text: "e-missing",
        values: &[],
        action: Some(("/", "start")),
    };
    app.message(&app.language_of(&request.headers, request.uri.query()), &message)
}

async fn is_online(app: &App, request: &Parts) -> Result<bool, store::StoreError> {
    let Some(Peer(peer)) = request.extensions.get() else { return Ok(false) };
    Ok(app.presence.find(app.store.as_ref(), *peer, app.now()).await?.is_some())
}

fn to(target: &str) -> Response {
    redirect(StatusCode::FOUND, target)
}

impl IntoResponse for OpenAnswer {
    fn into_response(self) -> Response {
        const PLAIN: &str = "text/plain";
        match self {
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
            Self::Text(text) => ([(header::CONTENT_TYPE, PLAIN)], text).into_response(),
            Self::Page(html) => ([(header::CONTENT_TYPE, "text/html")], html).into_response(),
            Self::NetworkManager(text) => {
                let online = ("x-networkmanager-status", "online");
                ([(header::CONTENT_TYPE.as_str(), PLAIN), online], text).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_gets_its_own_open_answer() {
        for (host, path, expected) in [
            ("connectivitycheck.gstatic.com", "/generate_204", Some(OpenAnswer::NoContent)),
            ("www.google.com", "/gen_204", Some(OpenAnswer::NoContent)),
            ("connect.rom.miui.com", "/generate_204", Some(OpenAnswer::NoContent)),
            ("edge.microsoft.com", "/captiveportal/generate_204", Some(OpenAnswer::NoContent)),
            ("captive.apple.com", "/hotspot-detect.html", Some(OpenAnswer::Page(APPLE))),
            ("Captive.Apple.Com", "/", Some(OpenAnswer::Page(APPLE))),
            ("www.apple.com", "/library/test/success.html", Some(OpenAnswer::Page(APPLE))),
            ("www.apple.com", "/iphone", None),
            (
                "www.msftconnecttest.com",
                "/connecttest.txt",
                Some(OpenAnswer::Text("Microsoft Connect Test")),
            ),
            ("www.msftconnecttest.com", "/redirect", None),
            ("www.msftncsi.com", "/ncsi.txt", Some(OpenAnswer::Text("Microsoft NCSI"))),
            ("detectportal.firefox.com", "/success.txt", Some(OpenAnswer::Text("success\n"))),
            (
                "nmcheck.gnome.org",
                "/check_network_status.txt",
                Some(OpenAnswer::NetworkManager("NetworkManager is online\n")),
            ),
            ("captive.roku.com", "/ok", Some(OpenAnswer::Text("ok"))),
            (
                "spectrum.s3.amazonaws.com",
                "/kindle-wifi/wifistub.html",
                Some(OpenAnswer::Page(KINDLE)),
            ),
            ("example.com", "/", None),
        ] {
            assert_eq!(find_probe(host, path), expected, "{host}{path}");
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
