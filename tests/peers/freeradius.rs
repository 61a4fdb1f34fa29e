//! FreeRADIUS as Debian builds it, in front of the city: as a proxy, or as the end of EAP.

use std::fs;
use std::net::Ipv4Addr;

use tempfile::TempDir;

use crate::city::City;
use crate::program::{Program, command, run};

const DAEMON: &str = include_str!("freeradius/radiusd.conf");
const HOME: &str = include_str!("freeradius/home.conf");
const PROXY: &str = include_str!("freeradius/proxy.conf");
const EAP: &str = include_str!("freeradius/eap.conf");

/// The secret between it and its own access points.
pub const OUTER_SECRET: &str = "a secret in front of the proxy";

/// Where it is asked; the registered ports may belong to one that the machine runs.
pub const AUTHENTICATION_PORT: u16 = 21_822;
/// Where it is told.
pub const ACCOUNTING_PORT: u16 = 21_823;

/// A running FreeRADIUS, which tells all that it does.
pub struct FreeRadius {
    pub program: Program,
    _files: TempDir,
}

/// A server to which requests go on.
pub struct Home<'a> {
    pub name: &'a str,
    pub city: &'a City,
    /// The city's secret for FreeRADIUS.
    pub secret: &'a str,
}

impl FreeRadius {
    /// A proxy at `address` with both of its ports.
    pub async fn proxy(address: Ipv4Addr, homes: &[Home<'_>]) -> Self {
        let files = tempfile::tempdir().unwrap();
        Self::start(files, PROXY, address, homes, &[]).await
    }

    /// The end of EAP-TTLS at `address`, where `entrance` leads, with a certificate of its own.
    pub async fn end_of_eap(address: Ipv4Addr, home: Home<'_>, entrance: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let (key, certificate) =
            (files.path().join("key.pem"), files.path().join("certificate.pem"));
        let mut openssl = command(&["openssl", "req", "-x509", "-nodes", "-days", "2"]);
        openssl
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-subj", "/CN=radius.example"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate);
        let said = run(openssl).await;
        assert!(certificate.exists(), "{said}");
        Self::start(files, EAP, address, &[home], entrance).await
    }

    async fn start(
        files: TempDir,
        parts: &str,
        address: Ipv4Addr,
        homes: &[Home<'_>],
        entrance: &[&str],
    ) -> Self {
        let dir = files.path().display().to_string();
        let members = |kind: &str| {
            let lines = homes.iter().map(|home| format!("home_server = {}-{kind}", home.name));
            lines.collect::<Vec<_>>().join("\n    ")
        };
        let text = DAEMON
            .replace("{parts}", parts)
            .replace("{homes}", &homes.iter().map(described).collect::<String>())
            .replace("{authentication}", &members("authentication"))
            .replace("{accounting}", &members("accounting"))
            .replace("{address}", &address.to_string())
            .replace("{asked}", &AUTHENTICATION_PORT.to_string())
            .replace("{told}", &ACCOUNTING_PORT.to_string())
            .replace("{secret}", OUTER_SECRET)
            .replace("{dir}", &dir);
        fs::write(files.path().join("radiusd.conf"), text).unwrap();
        fs::write(files.path().join("dictionary"), "").unwrap();
        let words = [entrance, &["freeradius", "-f", "-X", "-d", &dir]].concat();
        let mut program = Program::start(command(&words));
        program.says("Ready to process requests").await;
        Self { program, _files: files }
    }
}

fn described(home: &Home<'_>) -> String {
    HOME.replace("{name}", home.name)
        .replace("{address}", &home.city.address().to_string())
        .replace("{authentication}", &home.city.authentication().port().to_string())
        .replace("{accounting}", &home.city.accounting().port().to_string())
        .replace("{secret}", home.secret)
}
