//! Clients of FreeRADIUS as access points and ranges: what has a place here, and what has none.
//!
//! Pure: what is there already is the server's to say.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use controller::admin::api::{AddAccessPoint, AddRange, ImportedNas, NewHandOff};
use domain::{
    Approval, MessageAuthenticatorRule, NasProfile, OctetDirection, ProxyStateRule, Secret,
    SiteName, StatusServerRule,
};
use ipnet::IpNet;

use crate::freeradius::conf::{Kind, Node, Place};

/// The secret of the client that FreeRADIUS brings along.
const EXAMPLE_SECRET: &str = "testing123";
/// Where access points listen for orders if nobody says (RFC 5176 §3).
const DAE_PORT: u16 = 3799;

/// A client that was found.
pub struct Found {
    /// Where.
    pub place: Place,
    /// The name that it would have, or the one it has.
    pub name: String,
    /// What it is, such as `access point 10.0.0.1`.
    pub what: String,
    /// What to ask for, or why it cannot be taken.
    pub wanted: Result<ImportedNas, String>,
    /// What of it has no place, one sentence each.
    pub notes: Vec<String>,
}

/// Every client of a configuration.
pub fn clients(nodes: &[Node], site: &SiteName, approval: Approval) -> Vec<Found> {
    let mut sections = Vec::new();
    collect(nodes, &mut sections);
    let homes = home_servers(nodes);
    let mut names = BTreeSet::new();
    sections
        .into_iter()
        .map(|client| {
            let (name, place) = (client.name.to_owned(), client.place.clone());
            let mut notes = Vec::new();
            match wanted(&client, &homes, (site, approval), &mut notes) {
                Err(reason) => {
                    Found { place, name, what: "client".to_owned(), wanted: Err(reason), notes }
                }
                Ok(item) => {
                    let (name, what) = described(&item);
                    let again = !names.insert((name.clone(), what.starts_with("range")));
                    let reason = || format!("the name {name} stands for another client before it");
                    let wanted = if again { Err(reason()) } else { Ok(item) };
                    Found { place, name, what, wanted, notes }
                }
            }
        })
        .collect()
}

/// How an item is called in a report.
pub fn described(item: &ImportedNas) -> (String, String) {
    match item {
        ImportedNas::AccessPoint(nas) => {
            (nas.name.to_string(), format!("access point {}", nas.addresses.addr()))
        }
        ImportedNas::Range(range) => (range.name.to_string(), format!("range {}", range.addresses)),
    }
}

/// A section `client`.
struct Client<'a> {
    place: &'a Place,
    name: &'a str,
    nodes: &'a [Node],
}

impl<'a> Client<'a> {
    fn get(&self, wanted: &str) -> Option<&'a str> {
        pair(self.nodes, wanted)
    }
}

fn pair<'a>(nodes: &'a [Node], wanted: &str) -> Option<&'a str> {
    nodes.iter().rev().find_map(|node| match &node.kind {
        Kind::Pair { name, value } if name == wanted => Some(value.as_str()),
        Kind::Pair { .. } | Kind::Section { .. } | Kind::Include { .. } => None,
    })
}

/// Clients at the top and in sections `clients`.
fn collect<'a>(nodes: &'a [Node], clients: &mut Vec<Client<'a>>) {
    for node in nodes {
        if let Kind::Section { name, second, nodes } = &node.kind {
            match name.as_str() {
                "client" => {
                    let name = second.as_deref().unwrap_or_default();
                    clients.push(Client { place: &node.place, name, nodes });
                }
                "clients" => collect(nodes, clients),
                _ => {}
            }
        }
    }
}

/// Where orders go: `home_server` sections with an address.
fn home_servers(nodes: &[Node]) -> Vec<(&str, SocketAddr)> {
    nodes
        .iter()
        .filter_map(|node| {
            let Kind::Section { name, second, nodes } = &node.kind else { return None };
            let addresses = ["ipaddr", "ipv4addr", "ipv6addr"];
            let address = addresses.iter().find_map(|key| pair(nodes, key))?;
            let port = pair(nodes, "port").map_or(Some(DAE_PORT), |port| port.parse().ok())?;
            let address = SocketAddr::new(address.parse().ok()?, port);
            (name == "home_server").then_some((second.as_deref()?, address))
        })
        .collect()
}

fn wanted(
    client: &Client<'_>,
    homes: &[(&str, SocketAddr)],
    (site, approval): (&SiteName, Approval),
    notes: &mut Vec<String>,
) -> Result<ImportedNas, String> {
    let addresses = addresses(client)?;
    let secret = client.get("secret").ok_or("it has no secret")?;
    if secret.contains("${") || secret.contains("$ENV{") {
        return Err("its secret stands in a variable".to_owned());
    }
    if secret == EXAMPLE_SECRET && addresses.addr().is_loopback() {
        return Err("it is the example for tests on this machine that FreeRADIUS brings".to_owned());
    }
    if matches!(client.get("proto"), Some("tcp" | "tls")) {
        return Err("it speaks RADIUS over TCP; over TLS, add it with its certificate".to_owned());
    }
    let secret: Secret = secret.parse().map_err(|_| "its secret is empty")?;
    let profile = client.get("nas_type").map_or(NasProfile::Generic, profile);
    let rule = message_authenticator(client)?;
    leftovers(client, notes);
    let short = client.get("shortname").unwrap_or(client.name);
    if addresses.prefix_len() == addresses.max_prefix_len() {
        return Ok(ImportedNas::AccessPoint(Box::new(AddAccessPoint {
            name: name(short, addresses).parse().map_err(|error| format!("{error}"))?,
            site: site.clone(),
            addresses,
            certificate: None,
            identifier: None,
            profile,
            secret: Some(secret),
            portal_path: None,
            message_authenticator: rule,
            proxy_state: proxy_state(client)?,
            status_server: StatusServerRule::Answered,
            octet_direction: OctetDirection::Standard,
            dae_address: dae_address(client, homes, notes),
            hand_off: NewHandOff::default(),
        })));
    }
    if addresses.prefix_len() == 0 {
        return Err("it stands for every address there is".to_owned());
    }
    if client.get("coa_server").is_some() {
        notes.push("orders to a whole network have no place; set --dae of each".to_owned());
    }
    if proxy_state(client)?.is_some() {
        notes.push("limit_proxy_state has no place in a range".to_owned());
    }
    Ok(ImportedNas::Range(AddRange {
        name: name(short, addresses).parse().map_err(|error| format!("{error}"))?,
        site: site.clone(),
        addresses,
        profile,
        secret: Some(secret),
        message_authenticator: rule,
        approval,
    }))
}

/// The address or network: its own item, or the name of the section.
fn addresses(client: &Client<'_>) -> Result<IpNet, String> {
    let given = ["ipv6addr", "ipv4addr", "ipaddr"].iter().find_map(|key| client.get(key));
    let text = given.unwrap_or(client.name);
    if text == "*" {
        return Err("it stands for every address there is".to_owned());
    }
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, client.get("netmask")),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err(match (given, text) {
            (None, _) => "it has no address".to_owned(),
            (Some(_), text) => format!("`{text}` is no address; names are not looked up"),
        });
    };
    let network = match bits {
        None => Ok(IpNet::from(address)),
        Some(bits) => {
            bits.parse().map_err(|_| ()).and_then(|bits| IpNet::new(address, bits).map_err(|_| ()))
        }
    };
    network.map(|network| network.trunc()).map_err(|()| format!("`{text}` is no network"))
}

/// The maker's dialect that FreeRADIUS' kind of NAS suggests.
pub fn profile(nas_type: &str) -> NasProfile {
    let kind = nas_type.to_ascii_lowercase();
    match kind.as_str() {
        "mikrotik" | "routeros" => NasProfile::Mikrotik,
        "coova" | "coovachilli" | "coova-chilli" | "chilli" | "chillispot" => NasProfile::Coova,
        _ => kind.parse().unwrap_or(NasProfile::Generic),
    }
}

fn message_authenticator(client: &Client<'_>) -> Result<Option<MessageAuthenticatorRule>, String> {
    Ok(match client.get("require_message_authenticator").map(answer) {
        None | Some(Some(Answer::Auto)) => None,
        Some(Some(Answer::Yes)) => Some(MessageAuthenticatorRule::Required),
        Some(Some(Answer::No)) => Some(MessageAuthenticatorRule::Optional),
        Some(None) => return Err("require_message_authenticator is not yes, no or auto".to_owned()),
    })
}

fn proxy_state(client: &Client<'_>) -> Result<Option<ProxyStateRule>, String> {
    Ok(match client.get("limit_proxy_state").map(answer) {
        None | Some(Some(Answer::Auto)) => None,
        Some(Some(Answer::Yes)) => Some(ProxyStateRule::Limited),
        Some(Some(Answer::No)) => Some(ProxyStateRule::Unlimited),
        Some(None) => return Err("limit_proxy_state is not yes, no or auto".to_owned()),
    })
}

enum Answer {
    Yes,
    No,
    Auto,
}

fn answer(text: &str) -> Option<Answer> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(Answer::Yes),
        "no" | "false" | "off" | "0" => Some(Answer::No),
        "auto" => Some(Answer::Auto),
        _ => None,
    }
}

fn dae_address(
    client: &Client<'_>,
    homes: &[(&str, SocketAddr)],
    notes: &mut Vec<String>,
) -> Option<SocketAddr> {
    let name = client.get("coa_server")?;
    let address = homes.iter().find(|(home, _)| *home == name).map(|(_, address)| *address);
    if address.is_none() {
        notes.push(format!(
            "coa_server {name} is not among these files; set --dae if it takes orders"
        ));
    }
    address
}

/// Names what stands in the section and has no place.
fn leftovers(client: &Client<'_>, notes: &mut Vec<String>) {
    const KNOWN: [&str; 12] = [
        "ipaddr",
        "ipv4addr",
        "ipv6addr",
        "netmask",
        "secret",
        "shortname",
        "nas_type",
        "proto",
        "require_message_authenticator",
        "limit_proxy_state",
        "coa_server",
        "limit",
    ];
    let names: BTreeSet<&str> = client
        .nodes
        .iter()
        .map(|node| match &node.kind {
            Kind::Pair { name, .. } | Kind::Section { name, .. } => name.as_str(),
            Kind::Include { .. } => "$INCLUDE",
        })
        .filter(|name| !KNOWN.contains(name))
        .collect();
    if !names.is_empty() {
        let names: Vec<_> = names.into_iter().collect();
        notes.push(format!("without a place here: {}", names.join(", ")));
    }
}

/// A name out of what the admin wrote, or else out of the address.
pub fn name(written: &str, addresses: IpNet) -> String {
    let letters = written.to_lowercase();
    let plain = letters.chars().map(|c| match c {
        'a'..='z' | '0'..='9' | '.' | '-' => c,
        _ => '-',
    });
    let name: String = plain.take(40).collect();
    let name = name.trim_matches(|c| c == '-' || c == '.');
    if name.contains(|c: char| c.is_ascii_alphanumeric()) && letters.is_ascii() {
        return name.to_owned();
    }
    let whole = addresses.prefix_len() == addresses.max_prefix_len();
    let text = if whole { addresses.addr().to_string() } else { addresses.to_string() };
    format!("nas-{}", text.replace([':', '/'], "-"))
}

#[cfg(test)]
mod tests;
