//! The rules that stay the same for every visitor: written once, at start.
//!
//! `ruleset.nft` says what they do. Here the site's own values are put before and
//! behind it, and `nft` loads the whole in one transaction, so that a restart is never
//! seen by a packet. This is the only place where a program is run.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::num::NonZeroU16;
use std::process::{Command, Output, Stdio};

use crate::enforcer::EnforceError;
use crate::interface::InterfaceName;

const RULESET: &str = include_str!("ruleset.nft");

/// The site's own values in the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRules {
    /// Where the visitors are.
    pub visitors: InterfaceName,
    /// Our address on that interface: their router and resolver.
    pub gateway: Ipv4Addr,
    /// TCP port on that address to which HTTP of devices that are not online is redirected.
    pub redirector_port: NonZeroU16,
    /// TCP services that every device reaches, uncounted: the captive portal.
    pub portals: Vec<SocketAddrV4>,
    /// Where visitors' packets may leave.
    pub uplinks: Uplinks,
}

/// Where visitors' packets may leave the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uplinks {
    /// By every other interface, as the routes say.
    Any,
    /// By these interfaces only, under their own addresses.
    Routed(Vec<InterfaceName>),
    /// By these interfaces only, under the address of the interface.
    Masqueraded(Vec<InterfaceName>),
}

impl GatewayRules {
    /// Loads the rules into the network namespace of the calling thread.
    pub(super) fn load(&self) -> Result<(), EnforceError> {
        let output = run_nft(&self.script()).map_err(EnforceError::NoNft)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first_line = said.lines().next().unwrap_or("no reason given");
        Err(EnforceError::Rules(first_line.to_owned()))
    }

    fn script(&self) -> String {
        let mut script = format!(
            "define VISITOR = \"{}\"\ndefine GATEWAY = {}\ndefine REDIRECTOR = {}\n\n{RULESET}",
            self.visitors, self.gateway, self.redirector_port
        );
        for portal in &self.portals {
            let element = format!("{} . {}", portal.ip(), portal.port());
            line(&mut script, &format!("add element inet sabeel portal4 {{ {element} }}"));
        }
        match &self.uplinks {
            Uplinks::Any => {}
            Uplinks::Routed(uplinks) => only_by(uplinks, &mut script),
            Uplinks::Masqueraded(uplinks) => {
                only_by(uplinks, &mut script);
                masquerade(uplinks, &mut script);
            }
        }
        script
    }
}

/// Refuses what would leave by another interface, one `return` for each uplink.
fn only_by(uplinks: &[InterfaceName], script: &mut String) {
    for uplink in uplinks {
        line(script, &format!("add rule inet sabeel only_uplinks oifname \"{uplink}\" return"));
    }
    line(script, "add rule inet sabeel only_uplinks goto refuse");
}

fn masquerade(uplinks: &[InterfaceName], script: &mut String) {
    for uplink in uplinks {
        let rule = format!("iifname $VISITOR oifname \"{uplink}\" masquerade");
        line(script, &format!("add rule inet sabeel postrouting {rule}"));
    }
}

fn line(script: &mut String, text: &str) {
    writeln!(script, "{text}").expect("writing to a string never fails");
}

fn run_nft(script: &str) -> io::Result<Output> {
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // Closing the pipe at the end of this statement tells nft that the script is whole.
    nft.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(script.as_bytes()))?;
    nft.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uplinks: Uplinks, expected_end: &str) {
        let rules = GatewayRules {
            visitors: "lan".parse().unwrap(),
            gateway: Ipv4Addr::new(10, 0, 0, 1),
            redirector_port: NonZeroU16::new(8080).unwrap(),
            portals: vec!["192.0.2.1:443".parse().unwrap()],
            uplinks,
        };
        let script = rules.script();
        let end = script.strip_prefix(
            "define VISITOR = \"lan\"\ndefine GATEWAY = 10.0.0.1\ndefine REDIRECTOR = 8080\n\n",
        );
        let end = end.and_then(|script| script.strip_prefix(RULESET)).unwrap();
        let portal = "add element inet sabeel portal4 { 192.0.2.1 . 443 }\n";
        assert_eq!(end, format!("{portal}{expected_end}"));
    }

    #[test]
    fn the_sites_values_stand_around_the_rules() {
        let only = "add rule inet sabeel only_uplinks oifname \"wan\" return\n\
                    add rule inet sabeel only_uplinks goto refuse\n";
        let masquerade = "add rule inet sabeel postrouting \
                          iifname $VISITOR oifname \"wan\" masquerade\n";
        let wan = || vec!["wan".parse().unwrap()];
        check(Uplinks::Any, "");
        check(Uplinks::Routed(wan()), only);
        check(Uplinks::Routed(vec![]), "add rule inet sabeel only_uplinks goto refuse\n");
        check(Uplinks::Masqueraded(wan()), &format!("{only}{masquerade}"));
    }
}
