//! FRR on routers of the offices. At both it has OSPF on both paths, either with BFD in the place of our
//! agents, which is how routers do it today (Debian's staticd knows no BFD), or for agents that advise it. It
//! computes and announces without the pauses that it makes by default.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::ground::Offices;

/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);
/// FRR runs as a user of its own, and wants it to be in a group; here all are root.
const USERS: &str = r"
echo 'root:x:0:0::/:/bin/sh' >/run/passwd; echo 'frr:x:0:0::/:/bin/sh' >>/run/passwd
printf 'root:x:0:\nfrr:x:0:\nfrrvty:x:0:frr\n' >/run/group
mount --bind /run/passwd /etc/passwd; mount --bind /run/group /etc/group
mkdir /run/frr-1 /run/frr-2; touch /run/frr-1/vtysh.conf /run/frr-2/vtysh.conf
";

/// By what OSPF knows that a path fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watching {
    /// By BFD: the time between its packets in milliseconds, and how many have to be missing.
    Bfd((u32, u32)),
    /// By its own hellos, after forty seconds. Of the primary path it works out the cost by itself.
    Hellos,
}

/// What daemons there are at a router, each with its configuration, zebra first.
type Daemons = Vec<(&'static str, String)>;

/// The daemons that run.
pub struct Frr(Vec<Daemon>);

struct Daemon {
    router: usize,
    name: &'static str,
    child: Child,
}

impl Frr {
    /// Starts them, and waits until both routers send by the fibre and watch both paths.
    pub fn begin(offices: &Offices, watching: &Watching) -> anyhow::Result<Self> {
        let at = |router| {
            let mut daemons = vec![("zebra", String::new())];
            if let Watching::Bfd((interval, missing)) = watching {
                let bfd = format!(
                    "bfd\n profile both\n  transmit-interval {interval}\n  receive-interval \
                     {interval}\n  detect-multiplier {missing}\n exit\nexit\n"
                );
                daemons.push(("bfdd", bfd));
            }
            daemons.push(("ospfd", ospf(router, watching)));
            (router, daemons)
        };
        let frr = Self::start(offices, [1, 2].map(at))?;
        for router in 1..=2 {
            wait_for(offices, router, watching)?;
        }
        Ok(frr)
    }

    /// Starts these at these routers.
    pub fn start(
        offices: &Offices,
        at: impl IntoIterator<Item = (usize, Daemons)>,
    ) -> anyhow::Result<Self> {
        offices.inside_all(USERS);
        let mut frr = Self(Vec::new());
        for (router, daemons) in at {
            for (name, text) in daemons {
                fs::write(configuration(offices, router, name), text)?;
                frr.0.push(start(offices, router, name)?);
            }
        }
        Ok(frr)
    }

    /// Kills a daemon of a router without warning.
    pub fn kill(&mut self, offices: &Offices, router: usize, name: &str) -> anyhow::Result<()> {
        let is_it = |daemon: &Daemon| daemon.router == router && daemon.name == name;
        let at = self.0.iter().position(is_it).context("it does not run")?;
        // Its number within the namespaces, where it is no child of ours.
        let kill = "kill -s KILL $(cat $0)";
        let file = format!("{}/{name}.pid", sockets(router));
        let killed = offices.command("here", &["sh", "-c", kill, &file]).status()?;
        ensure!(killed.success(), "cannot kill {name}");
        self.0.swap_remove(at).child.wait()?;
        Ok(())
    }

    /// Starts a daemon again, as it was configured first.
    pub fn start_again(
        &mut self,
        offices: &Offices,
        router: usize,
        name: &'static str,
    ) -> anyhow::Result<()> {
        self.0.push(start(offices, router, name)?);
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The folder with the sockets of the daemons of a router.
pub fn sockets(router: usize) -> String {
    format!("/run/frr-{router}")
}

/// What FRR says at a router.
pub fn vtysh(offices: &Offices, router: usize, commands: &[&str]) -> anyhow::Result<String> {
    let place = sockets(router);
    let mut words = vec!["vtysh", "--vty_socket", &place, "--config_dir", &place];
    for command in commands {
        words.extend(["-c", command]);
    }
    let said = offices.command(&format!("router-{router}"), &words).output()?.stdout;
    Ok(String::from_utf8(said)?)
}

/// Whether what is for the other office leaves a router by that device.
pub fn sends_by(offices: &Offices, router: usize, device: &str) -> anyhow::Result<bool> {
    let office = format!("10.{}.0.2", 3 - router);
    let words = ["ip", "route", "get", &office];
    let route = offices.command(&format!("router-{router}"), &words).output()?.stdout;
    Ok(String::from_utf8_lossy(&route).contains(&format!("dev {device}")))
}

fn ospf(router: usize, watching: &Watching) -> String {
    let path = |device: &str, cost: &str| {
        let (dead, bfd) = match watching {
            Watching::Bfd(_) => (4, " ip ospf bfd\n ip ospf bfd profile both\n"),
            Watching::Hellos => (40, ""),
        };
        format!(
            "interface {device}\n ip ospf network point-to-point\n ip ospf area 0\n{cost} \
             ip ospf hello-interval 1\n ip ospf dead-interval {dead}\n{bfd}exit\n"
        )
    };
    let of_fibre = match watching {
        Watching::Bfd(_) => " ip ospf cost 10\n",
        Watching::Hellos => "",
    };
    format!(
        "{}{}interface lan\n ip ospf area 0\n ip ospf passive\nexit\nrouter ospf\n \
         ospf router-id 10.{router}.0.1\n timers throttle spf 0 0 0\n timers throttle lsa all 0\n \
         timers lsa min-arrival 0\nexit\n",
        path("fib0", of_fibre),
        path("rad0", " ip ospf cost 20\n"),
    )
}

fn configuration(offices: &Offices, router: usize, name: &str) -> PathBuf {
    offices.dir().join(format!("{name}-{router}.conf"))
}

fn start(offices: &Offices, router: usize, name: &'static str) -> anyhow::Result<Daemon> {
    let program = format!("/usr/lib/frr/{name}");
    ensure!(fs::exists(&program)?, "{program} is missing; run `scripts/install test`");
    let config = configuration(offices, router, name);
    let log = File::create(offices.dir().join(format!("{name}-{router}.log")))?;
    let place = sockets(router);
    let (process, socket) = (format!("{place}/{name}.pid"), format!("{place}/zserv.api"));
    let control = format!("{place}/bfdd.sock");
    let mut words = vec![program.as_str(), "--config_file", config.to_str().context("a path")?];
    words.extend(["--pid_file", &process, "--socket", &socket, "--vty_socket", &place]);
    words.extend(["--vty_port", "0", "--log", "stdout"]);
    if name == "bfdd" {
        words.extend(["--bfdctl", &control]);
    }
    let mut command = offices.command(&format!("router-{router}"), &words);
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    if name == "zebra" {
        let begun = Instant::now();
        let there = ["test", "-S", &socket];
        while !offices.command("here", &there).status()?.success() {
            ensure!(begun.elapsed() < PATIENCE, "zebra does not start");
        }
    }
    Ok(Daemon { router, name, child })
}

fn wait_for(offices: &Offices, router: usize, watching: &Watching) -> anyhow::Result<()> {
    let begun = Instant::now();
    // To ask is work, which those who are asked about must not wait for.
    loop {
        std::thread::park_timeout(PAUSE);
        let (both, said) = match watching {
            Watching::Bfd(_) => {
                let said = vtysh(offices, router, &["show bfd peers json"])?;
                let peers: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap_or_default();
                let up = peers.iter().filter(|peer| peer["status"] == "up").count();
                (up == 2, said)
            }
            Watching::Hellos => {
                let said = vtysh(offices, router, &["show ip ospf neighbor"])?;
                (said.matches("Full").count() == 2, said)
            }
        };
        if both && sends_by(offices, router, "fib0")? {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "FRR does not come up at {router}: {said}");
    }
}
