//! What can be typed after `sabeel nas`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{
    AclName, ApiSite, ApiUrl, ApiUser, Approval, CertificateName, HandOffMethod, LoginHost,
    MessageAuthenticatorRule, NasIdentifier, NasName, NasProfile, RangeName, SendRule, SiteName,
    VisitorHost,
};
use ipnet::IpNet;

/// Works on access points.
#[derive(Debug, Subcommand)]
pub enum NasCommand {
    /// List all access points.
    List,
    /// Show one access point; never its secrets.
    Show {
        /// The access point's name.
        name: NasName,
    },
    /// Add an access point; prints its secrets once.
    Add(AddNas),
    /// Print what to paste into an access point; adds it first if site and address are given.
    Onboard(OnboardNas),
    /// Say whether an access point is set up as it must be, and what to do if not.
    Test(TestNas),
    /// Change an access point in place, at once and without a restart.
    Set(SetNas),
    /// Replace its RADIUS secret; for a while both verify.
    Rotate(RotateNas),
    /// Networks in which new access points are expected.
    #[command(subcommand)]
    Range(RangeCommand),
    /// Who was seen in such a network and is no access point yet.
    #[command(subcommand)]
    Pending(PendingCommand),
    /// Remove an access point; its sessions stay as history.
    Remove {
        /// The access point's name.
        name: NasName,
    },
}

/// Works on ranges.
#[derive(Debug, Subcommand)]
pub enum RangeCommand {
    /// List all ranges.
    List,
    /// Declare a range; prints the secret for its access points once.
    Add(AddNasRange),
    /// Remove a range and who waits in it; access points that were approved stay.
    Remove {
        /// The range's name.
        name: RangeName,
    },
}

/// A range to add.
#[derive(Debug, Args)]
pub struct AddNasRange {
    /// Short name, such as `park`.
    pub name: RangeName,
    /// The source addresses it is about.
    #[arg(long, value_name = "ADDRESS/BITS", value_parser = address_or_network)]
    pub addresses: IpNet,
    /// Where its access points stand.
    #[arg(long)]
    pub site: SiteName,
    /// The maker's dialect.
    #[arg(long, default_value = "generic")]
    pub profile: NasProfile,
    /// Who decides: ask (an admin) or auto (who proves the secret is let in).
    #[arg(long, default_value = "ask")]
    pub approve: Approval,
    /// File with the secret of its access points [default: one is made].
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// Decides about who was seen.
#[derive(Debug, Subcommand)]
pub enum PendingCommand {
    /// List who was seen; nothing of them is processed or answered.
    List,
    /// Make one an access point.
    Approve {
        /// Where its packets come from.
        address: IpAddr,
        /// Its name [default: the range's name with the address].
        #[arg(long)]
        name: Option<NasName>,
        /// Others share the address: know it by its NAS-Identifier too.
        #[arg(long)]
        by_identifier: bool,
    },
    /// It is none of ours; it stays listed, so that it does not come again.
    Reject {
        /// Where its packets come from.
        address: IpAddr,
    },
}

/// An access point to add.
#[derive(Debug, Args)]
pub struct AddNas {
    /// Short name, such as `walkway-gate`.
    pub name: NasName,
    /// Where it stands.
    #[arg(long)]
    pub site: SiteName,
    /// The source address or network of its RADIUS packets.
    #[arg(long, value_name = "ADDRESS[/BITS]", value_parser = address_or_network)]
    pub address: IpNet,
    /// The NAS-Identifier that tells it from others behind the same address.
    #[arg(long, value_name = "TEXT")]
    pub identifier: Option<NasIdentifier>,
    /// The certificate by which it is known over RADIUS/TLS: a dNSName in it, or `sha256:` and its
    /// fingerprint.
    #[arg(long, value_name = "NAME")]
    pub certificate: Option<CertificateName>,
    /// The maker's dialect: sabeel, coova, uspot, mikrotik, hostapd, aruba, ruckus, smartzone, cisco, unifi,
    /// unifi-api, opennds, meraki, meraki-click-through, hpe, cambium, huawei, fortinet, omada,
    /// omada-api, pfsense, opnsense or generic.
    #[arg(long, default_value = "generic")]
    pub profile: NasProfile,
    /// File with the RADIUS secret [default: one is made].
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Whether Access-Requests must carry Message-Authenticator: required, learn (required once
    /// it was seen) or optional [default: as `[radius]` says for new ones].
    #[arg(long, value_name = "RULE", conflicts_with = "allow_unsigned")]
    pub message_authenticator: Option<MessageAuthenticatorRule>,
    /// The same as `--message-authenticator optional`; only for old access points.
    #[arg(long)]
    pub allow_unsigned: bool,
    /// Accept Proxy-State without Message-Authenticator; only for an old proxy in between.
    #[arg(long)]
    pub allow_proxy_state: bool,
    /// Never answer its Status-Server.
    #[arg(long)]
    pub ignore_status_server: bool,
    /// Its Acct-Input-Octets count what goes to the visitor.
    #[arg(long)]
    pub swap_octets: bool,
    /// Where it takes Disconnect and CoA requests, such as 10.0.0.1:3799.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub dae: Option<SocketAddr>,
    /// How a login is handed back to it.
    #[command(flatten)]
    pub hand_off: HandOffArgs,
}

/// How a login is handed back.
#[derive(Debug, Args)]
pub struct HandOffArgs {
    /// Where its login page may be, if the browser carries the login to it: an address or name, as
    /// in 10.1.0.1:3990, with `https://` before it if it must be encrypted; `*.` stands for all
    /// names below.
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub login_hosts: Vec<LoginHost>,
    /// By which maker's rules, such as uam, mikrotik, cisco or cisco-cwa [default: its profile's if it has a
    /// login page or speaks no RADIUS, else mac-authentication].
    #[arg(long = "hand-off", value_name = "METHOD")]
    pub method: Option<HandOffMethod>,
    /// For which devices codes are sent where nothing signs the redirect: seen (those that RADIUS
    /// was asked about at the site) or claimed (any) [default: seen where the maker's access points
    /// ask about every device].
    #[arg(long, value_name = "RULE")]
    pub sends: Option<SendRule>,
    /// The access list by which it redirects to the portal, where RADIUS names that (cisco-cwa)
    /// [default: SABEEL_REDIRECT, or what it was].
    #[arg(long, value_name = "NAME")]
    pub redirect_acl: Option<AclName>,
    /// File with the secret that its login page shares with the portal (CoovaChilli's
    /// `uamsecret`); without one, nothing proves that a redirect is its own. openNDS's `faskey`, 16
    /// to 32 letters and digits [default there: one is made].
    #[arg(long, value_name = "FILE")]
    pub login_secret_file: Option<PathBuf>,
    /// The API of its controller.
    #[command(flatten)]
    pub api: ApiArgs,
}

/// The API of a controller that is told who may go online.
#[derive(Debug, Default, Args)]
pub struct ApiArgs {
    /// Where the API of its controller is, as in https://10.0.0.2:8443.
    #[arg(long, value_name = "URL")]
    pub api_url: Option<ApiUrl>,
    /// The controller's short name of the site, such as default: it stands in the address of the
    /// controller's own pages [default: what it was, or default; SmartZone has none].
    #[arg(long, value_name = "SITE", requires = "api_url")]
    pub api_site: Option<ApiSite>,
    /// The name by which visitors of the site come to the portal, where that must tell it from other
    /// sites of the same name (UniFi) [default: what it was, or none].
    #[arg(long, value_name = "HOST", requires = "api_url")]
    pub api_visitor_host: Option<VisitorHost>,
    /// Who logs in there; without one, the key is an API key.
    #[arg(long, value_name = "NAME", requires = "api_url")]
    pub api_user: Option<ApiUser>,
    /// File with the password or API key.
    #[arg(long, value_name = "FILE", requires = "api_url")]
    pub api_key_file: Option<PathBuf>,
    /// `sha256:` and the fingerprint of its certificate, if it has made that itself.
    #[arg(long, value_name = "FINGERPRINT", requires = "api_url")]
    pub api_certificate: Option<CertificateName>,
}

/// Whose configuration to print.
#[derive(Debug, Args)]
pub struct OnboardNas {
    /// The access point's name.
    pub name: NasName,
    /// This server's address as the access point sees it [default: where RADIUS listens, or from
    /// where this machine reaches the access point].
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<IpAddr>,
    /// File with its RADIUS secret; without one a placeholder is printed.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// File with the secret that its login page shares with the portal.
    #[arg(long, value_name = "FILE")]
    pub login_secret_file: Option<PathBuf>,
    /// Add a new one: where it stands.
    #[arg(long, requires = "address")]
    pub site: Option<SiteName>,
    /// Add a new one: the source address or network of its RADIUS packets.
    #[arg(long, value_name = "ADDRESS[/BITS]", value_parser = address_or_network, requires = "site")]
    pub address: Option<IpNet>,
    /// Add a new one: the maker's dialect [default: generic].
    #[arg(long, requires = "site")]
    pub profile: Option<NasProfile>,
    /// Add a new one: its NAS-Identifier.
    #[arg(long, value_name = "TEXT", requires = "site")]
    pub identifier: Option<NasIdentifier>,
    /// Add a new one: where it takes Disconnect and CoA [default: its address with the maker's
    /// usual port].
    #[arg(long, value_name = "ADDRESS:PORT", requires = "site")]
    pub dae: Option<SocketAddr>,
    /// Add a new one: where its login page may be.
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', requires = "site")]
    pub login_hosts: Vec<LoginHost>,
    /// Add a new one: by which maker's rules a login is handed back.
    #[arg(long = "hand-off", value_name = "METHOD", requires = "site")]
    pub method: Option<HandOffMethod>,
    /// Add a new one: the access list by which it redirects, where RADIUS names that.
    #[arg(long, value_name = "NAME", requires = "site")]
    pub redirect_acl: Option<AclName>,
}

/// Which access point to test.
#[derive(Debug, Args)]
pub struct TestNas {
    /// The access point's name.
    pub name: NasName,
    /// Go on looking for so many seconds, until nothing is failed or unknown any more; connect a
    /// phone meanwhile.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=3_600))]
    pub wait: u64,
}

/// What to change about an access point.
#[derive(Debug, Args)]
pub struct SetNas {
    /// The access point's name.
    pub name: NasName,
    /// Where it stands.
    #[arg(long)]
    pub site: Option<SiteName>,
    /// The source address or network of its RADIUS packets.
    #[arg(long, value_name = "ADDRESS[/BITS]", value_parser = address_or_network)]
    pub address: Option<IpNet>,
    /// The NAS-Identifier that tells it from others behind the same address.
    #[arg(long, value_name = "TEXT")]
    pub identifier: Option<NasIdentifier>,
    /// It is alone behind its address.
    #[arg(long, conflicts_with = "identifier")]
    pub no_identifier: bool,
    /// The name in its certificate, or the certificate's fingerprint.
    #[arg(long, value_name = "NAME")]
    pub certificate: Option<CertificateName>,
    /// It speaks no RADIUS/TLS.
    #[arg(long, conflicts_with = "certificate")]
    pub no_certificate: bool,
    /// The maker's dialect.
    #[arg(long)]
    pub profile: Option<NasProfile>,
    /// Whether Access-Requests must carry Message-Authenticator: required, learn or optional.
    #[arg(long, value_name = "RULE")]
    pub message_authenticator: Option<MessageAuthenticatorRule>,
    /// Accept Proxy-State without Message-Authenticator.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub allow_proxy_state: Option<bool>,
    /// Never answer its Status-Server.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub ignore_status_server: Option<bool>,
    /// Its Acct-Input-Octets count what goes to the visitor.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub swap_octets: Option<bool>,
    /// Where it takes Disconnect and CoA requests.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub dae: Option<SocketAddr>,
    /// It takes none.
    #[arg(long, conflicts_with = "dae")]
    pub no_dae: bool,
    /// How a login is handed back to it from now on; a secret that is left out stays, if the
    /// method stays.
    #[command(flatten)]
    pub hand_off: HandOffArgs,
    /// It asks by hardware address from now on.
    #[arg(long, conflicts_with_all = ["login_hosts", "method"])]
    pub mac_authentication: bool,
}

/// How to replace a secret.
#[derive(Debug, Args)]
pub struct RotateNas {
    /// The access point's name.
    pub name: NasName,
    /// File with the new secret [default: one is made].
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// For how long the old one goes on verifying, such as 12h or 7d; at most 90d.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = span_in_seconds)]
    pub grace: u64,
    /// End a replacement: only the new secret verifies from now on.
    #[arg(long, conflicts_with_all = ["secret_file", "grace"])]
    pub finish: bool,
    /// Finish even though the access point was never seen to use the new secret.
    #[arg(long, requires = "finish")]
    pub force: bool,
}

fn address_or_network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "write an address like 10.0.0.1 or a network like 10.0.0.0/24".to_owned())
}

/// `yes` or `no`.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

/// A number with `s`, `m`, `h` or `d`.
fn span_in_seconds(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse().ok());
    number
        .filter(|_| unit > 0)
        .and_then(|number: u64| number.checked_mul(unit))
        .ok_or_else(|| "write a time like 30m, 12h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_its_unit() {
        for (text, seconds) in
            [("0s", Some(0)), ("30m", Some(1_800)), ("12h", Some(43_200)), ("7d", Some(604_800))]
        {
            assert_eq!(span_in_seconds(text).ok(), seconds, "{text}");
        }
        for text in ["", "7", "d", "-1d", "1w", "1 d", "99999999999999999d", "٧d"] {
            assert!(span_in_seconds(text).is_err(), "{text}");
        }
    }
}
