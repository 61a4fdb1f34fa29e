//! Real programs on the other end: Debian's radsecproxy and FreeRADIUS, each with `radclient`
//! before it as the access point that knows only UDP.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::process::{Child, Command};

use crate::city::{DEVICE, radclient_in_vain};
use crate::square::{Square, eventually};

const RADSECPROXY: &str = include_str!("radsecproxy.conf");
const FREERADIUS: &str = include_str!("freeradius.conf");
const LOCAL_SECRET: &str = "between access point and proxy";

const ACCESS: &str = "User-Name = \"02-00-5e-10-ab-0c\"\n\
    User-Password = \"02-00-5e-10-ab-0c\"\n\
    Calling-Station-Id = \"02-00-5E-10-AB-0C\"\n\
    Message-Authenticator = 0x00\n";
const START: &str = "Acct-Status-Type = Start\n\
    Acct-Session-Id = \"stay\"\n\
    User-Name = \"02-00-5e-10-ab-0c\"\n\
    Calling-Station-Id = \"02-00-5E-10-AB-0C\"\n";

/// A proxy that runs until it is dropped.
struct Proxy {
    authentication: SocketAddr,
    accounting: SocketAddr,
    log: PathBuf,
    _process: Child,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

impl Proxy {
    /// Starts a proxy with the access point's certificate and this configuration.
    fn start(square: &Square, configuration: (&str, &str), command: &mut Command) -> Self {
        let dir = square.dir();
        let [authentication, accounting] = [free_address(), free_address()];
        let path = |name: &str| dir.join(name).display().to_string();
        std::fs::write(dir.join("gate.pem"), square.gate.certificate.pem()).unwrap();
        std::fs::write(dir.join("gate.key"), square.gate.key.serialize_pem()).unwrap();
        std::fs::write(dir.join("dictionary"), "").unwrap();
        let (name, text) = configuration;
        let text = text
            .replace("{dir}", &dir.display().to_string())
            .replace("{address}", &authentication.ip().to_string())
            .replace("{authentication}", &authentication.port().to_string())
            .replace("{accounting}", &accounting.port().to_string())
            .replace("{server}", &square.city.radsec.unwrap().port().to_string())
            .replace("{ca}", &path("ca.pem"))
            .replace("{certificate}", &path("gate.pem"))
            .replace("{key}", &path("gate.key"))
            .replace("{secret}", LOCAL_SECRET);
        std::fs::write(dir.join(name), text).unwrap();
        let log = dir.join("proxy.log");
        let output = std::fs::File::create(&log).unwrap();
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .expect("the packages radsecproxy and freeradius must be installed");
        Self { authentication, accounting, log, _process: process }
    }

    /// Sends one packet of an access point again and again until it is answered so.
    async fn answers(&self, kind: &str, attributes: &str, expected: &str) {
        let to = if kind == "acct" { self.accounting } else { self.authentication };
        eventually(expected, async || {
            let output = radclient_in_vain(to, kind, LOCAL_SECRET, attributes).await;
            output.contains(expected).then_some(())
        })
        .await;
    }
}

/// An address of this process, with a port below those that the system gives away by itself: nobody
/// else may get it before the proxy does.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(22_000);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, 66, high, low), NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

/// A visitor logs in and is accounted for, and a stranger is kept out, through a proxy.
async fn visit(square: &Square, proxy: &Proxy) {
    square.city.sign_in(DEVICE).await;
    proxy.answers("auth", ACCESS, "Received Access-Accept").await;
    let stranger = ACCESS.replace("ab-0c", "ab-0d").replace("AB-0C", "AB-0D");
    proxy.answers("auth", &stranger, "Received Access-Reject").await;
    proxy.answers("acct", START, "Received Accounting-Response").await;
    square.city.apply().await;
    let counted = square.city.metrics.snapshot();
    let gate = counted.access_points.values().next().unwrap();
    assert!(gate.accepted >= 1 && gate.rejected >= 1 && gate.recorded >= 1, "{gate:?}");
}

/// Debian's radsecproxy between an access point without TLS and the server.
fn radsecproxy(square: &Square) -> Proxy {
    let mut command = Command::new("radsecproxy");
    let file = square.dir().join("radsecproxy.conf");
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").args(["-f", "-c"]).arg(file);
    Proxy::start(square, ("radsecproxy.conf", RADSECPROXY), &mut command)
}

#[tokio::test]
async fn radsecproxy_carries_udp_access_points_to_us() {
    let square = Square::begin().await;
    let proxy = radsecproxy(&square);
    visit(&square, &proxy).await;
    square.city.end().await;
}

/// Debian's radsecproxy takes no orders from a server: it forwards none to the access point behind
/// it, and goes on carrying that one's own requests.
#[tokio::test]
async fn radsecproxy_forwards_no_order_and_goes_on() {
    let square = Square::begin().await;
    let proxy = radsecproxy(&square);
    visit(&square, &proxy).await;
    let settings = radius::DaeSettings { patience_ms: 1_000, ..radius::DaeSettings::default() };
    let clock = std::sync::Arc::clone(&square.city.clock) as std::sync::Arc<dyn domain::Clock>;
    let client = radius::DaeClient::bind(&settings, clock).unwrap();
    let client = client.over(square.city.connections.clone());
    let gate = crate::square::gate();
    let outcome = client
        .deliver(radius::DaeSubject::of(&gate, DEVICE), &domain::NasCommand::Disconnect)
        .await;
    assert_eq!(outcome, radius::DaeOutcome::NoAnswer);
    proxy.answers("auth", ACCESS, "Received Access-Accept").await;
    square.city.end().await;
}

#[tokio::test]
async fn freeradius_carries_udp_access_points_to_us() {
    let square = Square::begin().await;
    let mut command = Command::new("freeradius");
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.arg("-d").arg(square.dir()).args(["-n", "radiusd", "-f", "-l", "stdout"]);
    let proxy = Proxy::start(&square, ("radiusd.conf", FREERADIUS), &mut command);
    visit(&square, &proxy).await;
    square.city.end().await;
}
