//! Agents of a city's offices that tell the centre: as often as they do, and then as fast as they can. The
//! load tells what agents tell, over TLS and connections of its own for each office.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};
use domain::Timestamp;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_rustls::TlsConnector;

use crate::city::{City, now};
use crate::postgres::Postgres;
use crate::process::Server;

const OFFICES: u32 = 300;
const PATHS: [&str; 3] = ["fibre", "radio", "lte"];
/// How often an agent tells of each path and how all are.
const BEAT: Duration = Duration::from_secs(10);
const PACED: Duration = Duration::from_secs(60);
const HURRIED: Duration = Duration::from_secs(15);

/// What they told in a while, and what it cost.
struct Told {
    spans: u64,
    questions: u64,
    took: Duration,
    cpu: Duration,
    answers: Vec<Duration>,
}

/// An office whose agent is connected.
pub struct Office {
    name: String,
    sender: SendRequest<Full<Bytes>>,
    epoch: u64,
    number: u64,
    /// The beginning of the next span.
    begin: u64,
    answers: Vec<Duration>,
}

/// A table of both databases and both paces.
pub fn report() -> anyhow::Result<String> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header([
        "300 offices of 3 paths",
        "spans/s",
        "questions/s",
        "% of one core",
        "p50 ms",
        "p99 ms",
    ]);
    for (who, on_postgres) in [("SQLite", false), ("PostgreSQL", true)] {
        let postgres = on_postgres
            .then(|| Postgres::begin(Path::new(env!("CARGO_TARGET_TMPDIR"))))
            .transpose()?;
        let [paced, hurried] = run(postgres.as_ref())?;
        table.add_row(row(&format!("{who}, at their pace"), paced));
        table.add_row(row(&format!("{who}, as fast as it goes"), hurried));
    }
    Ok(format!("### Agents that tell the centre\n\n{table}\n"))
}

fn row(who: &str, mut told: Told) -> [String; 6] {
    let seconds = told.took.as_secs_f64();
    told.answers.sort_unstable();
    let percentile = |percent: usize| {
        let at = told.answers.get(told.answers.len() * percent / 100).copied().unwrap_or_default();
        format!("{:.1}", at.as_secs_f64() * 1_000.0)
    };
    [
        who.to_owned(),
        format!("{:.0}", told.spans as f64 / seconds),
        format!("{:.0}", told.questions as f64 / seconds),
        format!("{:.1}", told.cpu.as_secs_f64() * 100.0 / seconds),
        percentile(50),
        percentile(99),
    ]
}

fn run(postgres: Option<&Postgres>) -> anyhow::Result<[Told; 2]> {
    let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let config = Arc::new(prove(files.path())?);
    let (centre, more) = listen(files.path())?;
    let at = now()?;
    let city = match postgres {
        None => City::begin_with(&[], at, &more)?,
        Some(postgres) => City::begin_on(postgres, &[], at, &more)?,
    };
    let servers: Vec<&Server> =
        std::iter::once(&city.server).chain(postgres.map(|it| &it.server)).collect();
    let cpu = || servers.iter().map(|server| server.cpu()).sum::<anyhow::Result<Duration>>();
    let runtime = tokio::runtime::Runtime::new()?;
    let mut offices = runtime.block_on(connect(centre, &config, (OFFICES, at)))?;
    let mut take = |pace: Option<Duration>, lasting: Duration| -> anyhow::Result<Told> {
        let (used, begun) = (cpu()?, Instant::now());
        let told = offices.iter().map(|office| office.number).sum::<u64>();
        runtime.block_on(tell_all(&mut offices, pace, lasting))?;
        let (took, cpu) = (begun.elapsed(), cpu()? - used);
        let spans = offices.iter().map(|office| office.number).sum::<u64>() - told;
        let answers: Vec<_> =
            offices.iter_mut().flat_map(|office| office.answers.drain(..)).collect();
        Ok(Told { spans, questions: answers.len() as u64, took, cpu, answers })
    };
    Ok([take(Some(BEAT), PACED)?, take(None, HURRIED)?])
}

/// Where the centre is to listen, and its configuration for that, with the files of [`prove`].
pub fn listen(files: &Path) -> anyhow::Result<(SocketAddr, String)> {
    let centre = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let dir = files.display();
    let more = format!(
        "controller.links.listen = \"{centre}\"\n\
         controller.links.certificate = \"{dir}/centre.pem\"\n\
         controller.links.key = \"{dir}/centre.key\"\n\
         controller.links.ca = \"{dir}/ca.pem\"\n\
         controller.links.connections = 4096\n"
    );
    Ok((centre, more))
}

/// Writes the files of the centre; what proves who all the offices are, which one certificate names.
pub fn prove(dir: &Path) -> anyhow::Result<ClientConfig> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &ca)?;
    std::fs::write(dir.join("ca.pem"), ca.pem())?;
    std::fs::write(dir.join("centre.pem"), own.pem())?;
    std::fs::write(dir.join("centre.key"), key.serialize_pem())?;
    let key = KeyPair::generate()?;
    let names: Vec<_> = (0..OFFICES).map(name).collect();
    let all = CertificateParams::new(names)?.signed_by(&key, &ca)?;
    let mut roots = RootCertStore::empty();
    roots.add(ca.as_ref().der().clone())?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(config.with_client_auth_cert(vec![all.der().clone()], key)?)
}

/// How an office is called.
pub fn name(number: u32) -> String {
    format!("office-{number}")
}

/// Connects the agents of so many offices, whose logs begin then.
pub async fn connect(
    centre: SocketAddr,
    config: &Arc<ClientConfig>,
    (offices_of, at): (u32, Timestamp),
) -> anyhow::Result<Vec<Office>> {
    let mut offices = Vec::new();
    for number in 0..offices_of {
        let stream = TcpStream::connect(centre).await?;
        let tls = TlsConnector::from(Arc::clone(config));
        let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let begin = u64::try_from(at.as_millis())? / 10_000 * 10_000;
        // A day before, so that no hurry leads to a span that has not been yet.
        let begin = begin - 86_400_000;
        let (name, answers) = (name(number), Vec::new());
        offices.push(Office {
            name,
            sender,
            epoch: at.as_secs() as u64,
            number: 0,
            begin,
            answers,
        });
    }
    Ok(offices)
}

/// All of them tell for so long: once in a pace, or all the time.
async fn tell_all(
    offices: &mut Vec<Office>,
    pace: Option<Duration>,
    lasting: Duration,
) -> anyhow::Result<()> {
    let begun = tokio::time::Instant::now();
    let mut telling = JoinSet::new();
    for (nth, mut office) in (0_u32..).zip(offices.drain(..)) {
        telling.spawn(async move {
            let spread = pace.unwrap_or_default() * nth / OFFICES;
            let period = pace.unwrap_or(Duration::from_nanos(1));
            let mut beats = interval_at(begun + spread, period);
            beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while begun.elapsed() < lasting {
                if pace.is_some() {
                    beats.tick().await;
                }
                office.tell().await?;
            }
            Ok::<_, anyhow::Error>(office)
        });
    }
    while let Some(told) = telling.join_next().await {
        offices.push(told??);
    }
    Ok(())
}

impl Office {
    /// How it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells lines of a log, of which the first has that number.
    pub async fn tell_lines(
        &mut self,
        what: &str,
        first: usize,
        lines: String,
    ) -> anyhow::Result<()> {
        let what = format!("{what}?epoch={:016x}&first={first}", self.epoch);
        self.post(&what, lines).await
    }

    /// Tells of the last ten seconds of each path, and how they are.
    async fn tell(&mut self) -> anyhow::Result<()> {
        let (mut lines, mut paths) = (String::new(), Vec::new());
        let first = self.number + 1;
        for path in PATHS {
            self.number += 1;
            let Self { name, number, begin, .. } = self;
            // Ten probes a second whose round trips are in seven classes.
            let classes: Vec<_> = (0..7_u64).map(|of| (100 + of * 3, 9 + of * 2)).collect();
            let sum: u64 = classes.iter().map(|(_, count)| count).sum();
            let classes = serde_json::to_string(&classes)?;
            // In each second in five.
            let of_one: Vec<_> = (0..5).map(|of| (100 + of * 3, 2)).collect();
            let second = |place| (place, (1, 1, 1, 10, 0, 0, 0), (400, 1_000), &of_one, 20_000);
            let seconds = serde_json::to_string(&(0..10).map(second).collect::<Vec<_>>())?;
            writeln!(
                lines,
                "{{\"number\":{number},\"begin\":{begin},\"span\":10,\"site\":\"{name}\",\
                 \"path\":\"{path}\",\"watched\":10,\"alive\":10,\"carried\":10,\"sent\":{sum},\
                 \"lost\":0,\"lost-there\":0,\"lost-back\":0,\"least-us\":400,\"most-us\":1000,\
                 \"classes\":{classes},\"jitter-us\":20000,\"health\":\"up\",\
                 \"readiness\":\"ready\",\"seconds\":{seconds}}}"
            )?;
            paths.push(format!(
                "{{\"name\":\"{path}\",\"health\":\"up\",\"is-alive\":true,\"trials\":1}}"
            ));
        }
        self.begin += 10_000;
        let cells = format!("cells?epoch={:016x}&first={first}", self.epoch);
        self.post(&cells, lines).await?;
        let state = format!(
            "{{\"site\":\"{}\",\"mode\":\"primary\",\"routes\":[\"fibre\",\"fibre\"],\
             \"clamped\":null,\"is-dry-run\":false,\"paths\":[{}]}}",
            self.name,
            paths.join(",")
        );
        self.post("state", state).await
    }

    async fn post(&mut self, what: &str, body: String) -> anyhow::Result<()> {
        let uri = format!("/v1/links/{}/{what}", self.name);
        let request = Request::post(uri).header("host", "localhost");
        let request = request.body(Full::new(Bytes::from(body)))?;
        let asked = Instant::now();
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let said = response.into_body().collect().await.context("no answer")?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&said));
        self.answers.push(asked.elapsed());
        Ok(())
    }
}
