//! FRR in the place of our agents: OSPF with BFD on both paths, which is how routers do it today (Debian's
//! staticd knows no BFD). It computes and announces without the pauses that it makes by default.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::ground::Offices;

/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);
/// In the order in which they need each other.
const DAEMONS: [&str; 3] = ["zebra", "bfdd", "ospfd"];
/// FRR runs as a user of its own, and wants it to be in a group; here all are root.
const USERS: &str = r"
echo 'root:x:0:0::/:/bin/sh' >/run/passwd; echo 'frr:x:0:0::/:/bin/sh' >>/run/passwd
printf 'root:x:0:\nfrr:x:0:\nfrrvty:x:0:frr\n' >/run/group
mount --bind /run/passwd /etc/passwd; mount --bind /run/group /etc/group
mkdir /run/frr-1 /run/frr-2; touch /run/frr-1/vtysh.conf /run/frr-2/vtysh.conf
";

/// The daemons at both routers.
pub struct Frr(Vec<Child>);

impl Frr {
    /// Starts them, and waits until both routers send by the fibre and watch both paths.
    pub fn begin(offices: &Offices, (interval, missing): (u32, u32)) -> anyhow::Result<Self> {
        offices.inside_all(USERS);
        let bfd = format!(
            "bfd\n profile both\n  transmit-interval {interval}\n  receive-interval {interval}\n  \
             detect-multiplier {missing}\n exit\nexit\n"
        );
        let mut frr = Self(Vec::new());
        for router in 1..=2 {
            let ospf = ospf(router);
            for (daemon, text) in DAEMONS.into_iter().zip(["", &bfd, &ospf]) {
                frr.0.push(start(offices, router, daemon, text)?);
            }
        }
        for router in 1..=2 {
            wait_for(offices, router)?;
        }
        Ok(frr)
    }
}

impl Drop for Frr {
    fn drop(&mut self) {
        for daemon in &mut self.0 {
            daemon.kill().ok();
            daemon.wait().ok();
        }
    }
}

fn ospf(router: usize) -> String {
    let path = |device: &str, cost: u32| {
        format!(
            "interface {device}\n ip ospf network point-to-point\n ip ospf area 0\n ip ospf cost {cost}\n \
             ip ospf hello-interval 1\n ip ospf dead-interval 4\n ip ospf bfd\n ip ospf bfd profile both\n\
             exit\n"
        )
    };
    format!(
        "{}{}interface lan\n ip ospf area 0\n ip ospf passive\nexit\nrouter ospf\n \
         ospf router-id 10.{router}.0.1\n timers throttle spf 0 0 0\n timers throttle lsa all 0\n \
         timers lsa min-arrival 0\nexit\n",
        path("fib0", 10),
        path("rad0", 20),
    )
}

fn start(offices: &Offices, router: usize, daemon: &str, text: &str) -> anyhow::Result<Child> {
    let program = format!("/usr/lib/frr/{daemon}");
    ensure!(fs::exists(&program)?, "{program} is missing; run `scripts/install bench`");
    let config = offices.dir().join(format!("{daemon}-{router}.conf"));
    fs::write(&config, text)?;
    let log = File::create(offices.dir().join(format!("{daemon}-{router}.log")))?;
    let place = format!("/run/frr-{router}");
    let (process, socket) = (format!("{place}/{daemon}.pid"), format!("{place}/zserv.api"));
    let control = format!("{place}/bfdd.sock");
    let mut words = vec![program.as_str(), "--config_file", config.to_str().context("a path")?];
    words.extend(["--pid_file", &process, "--socket", &socket, "--vty_socket", &place]);
    words.extend(["--vty_port", "0", "--log", "stdout"]);
    if daemon == "bfdd" {
        words.extend(["--bfdctl", &control]);
    }
    let mut command = offices.command(&format!("router-{router}"), &words);
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    if daemon == "zebra" {
        let begun = Instant::now();
        let there = ["test", "-S", &socket];
        while !offices.command("here", &there).status()?.success() {
            ensure!(begun.elapsed() < PATIENCE, "zebra does not start");
        }
    }
    Ok(child)
}

fn wait_for(offices: &Offices, router: usize) -> anyhow::Result<()> {
    let (begun, place) = (Instant::now(), format!("/run/frr-{router}"));
    let words =
        ["vtysh", "--vty_socket", &place, "--config_dir", &place, "-c", "show bfd peers json"];
    let office = format!("10.{}.0.2", 3 - router);
    // To ask is work, which those who are asked about must not wait for.
    loop {
        std::thread::park_timeout(PAUSE);
        let said = offices.command(&format!("router-{router}"), &words).output()?.stdout;
        let peers: Vec<serde_json::Value> = serde_json::from_slice(&said).unwrap_or_default();
        let up = peers.iter().filter(|peer| peer["status"] == "up").count();
        let route = ["ip", "route", "get", &office];
        let route = offices.command(&format!("router-{router}"), &route).output()?.stdout;
        if up == 2 && String::from_utf8_lossy(&route).contains("dev fib0") {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "FRR does not come up at {router}: {peers:?}");
    }
}
