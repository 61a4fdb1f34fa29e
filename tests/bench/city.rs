//! Sabeel as a city runs it: `sabeel serve`, all parts in one process, on SQLite or PostgreSQL.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use domain::{
    AccountId, Credential, Grant, GrantId, GrantState, HandOff, MessageAuthenticatorRule, Nas,
    NasProfile, OctetDirection, Plan, ProxyStateRule, Site, StatusServerRule, Timestamp,
};
use radius_proto::SharedSecret;
use store::{
    AccessPoints, Accounts, Credentials, KeyRing, Plans, SignIn, Sites, SqlStore, StoreSettings,
};
use tempfile::TempDir;

use crate::postgres::Postgres;
use crate::process::Server;
use crate::radius_load::{MessageAuthenticator, Target};
use crate::sign_ins;
use crate::visitors::{self, DEVICES, Login};

/// The secret between access point and server.
pub const SECRET: &str = "a secret of more than sixteen octets";
/// The path by which visitors of the access point reach the portal.
pub const PORTAL_PATH: &str = "4f2a9c7e10b35d68";
/// For how long grants and logins hold: longer than the bench lasts.
const LASTING: Duration = Duration::from_secs(3_600);

/// A running server.
pub struct City {
    /// The process.
    pub server: Server,
    /// Where Access-Requests go.
    pub authentication: Target,
    /// Where Accounting-Requests go.
    pub accounting: Target,
    /// Where visitors find the portal.
    pub portal: SocketAddr,
    url: String,
    files: TempDir,
}

impl City {
    /// Fills a database in the server's own folder with visitors, and starts a server on it.
    pub fn begin(logins: &[Login], now: Timestamp) -> anyhow::Result<Self> {
        Self::begin_with(logins, now, "")
    }

    /// The same with more lines of configuration.
    pub fn begin_with(logins: &[Login], now: Timestamp, more: &str) -> anyhow::Result<Self> {
        let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let url = format!("sqlite:{}", files.path().join("sabeel.db").display());
        Self::fill_and_start(files, &url, logins, now, more)
    }

    /// The same on PostgreSQL, with more lines of configuration.
    pub fn begin_on(
        postgres: &Postgres,
        logins: &[Login],
        now: Timestamp,
        more: &str,
    ) -> anyhow::Result<Self> {
        let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        Self::fill_and_start(files, &postgres.url, logins, now, more)
    }

    fn fill_and_start(
        files: TempDir,
        url: &str,
        logins: &[Login],
        now: Timestamp,
        more: &str,
    ) -> anyhow::Result<Self> {
        let settings = StoreSettings { url: url.to_owned(), ..StoreSettings::default() };
        tokio::runtime::Runtime::new()?.block_on(fill(&settings, files.path(), logins, now))?;
        let [authentication, accounting] = [free_udp_port()?, free_udp_port()?];
        let portal = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = files.path().join("sabeel.toml");
        let text = format!(
            "data-dir = \"{}\"\n\
             store.url = \"{url}\"\n\
             radius.authentication = [\"{authentication}\"]\n\
             radius.accounting = [\"{accounting}\"]\n\
             portal.listen = \"{portal}\"\n\
             portal.public-url = \"http://{portal}\"\n\
             portal.entry-url = \"http://{portal}/\"\n\
             {more}\n",
            files.path().display()
        );
        fs::write(config, text)?;
        let server = start(files.path())?;
        let target = |server| -> anyhow::Result<_> {
            let secret = SharedSecret::new(SECRET)?;
            Ok(Target { server, secret, message_authenticator: MessageAuthenticator::Required })
        };
        let (authentication, accounting) = (target(authentication)?, target(accounting)?);
        Ok(Self { server, authentication, accounting, portal, url: url.to_owned(), files })
    }

    /// The city's database, beside the server.
    pub async fn store(&self) -> anyhow::Result<SqlStore> {
        let keys = KeyRing::open_or_create(&self.files.path().join("keys"))?;
        let settings = StoreSettings { url: self.url.clone(), ..StoreSettings::default() };
        Ok(SqlStore::connect(&settings, keys).await?)
    }

    /// What a command says, in JSON.
    pub fn ask(&self, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sabeel"));
        command.arg("--config").arg(self.files.path().join("sabeel.toml")).arg("--json");
        let output = command.args(words).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{words:?}: {said}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Ends the server without warning and starts it again; returns how long it takes until it
    /// answers.
    pub fn restart(&mut self) -> anyhow::Result<Duration> {
        self.server.kill()?;
        let begun = Instant::now();
        self.server = start(self.files.path())?;
        Ok(begun.elapsed())
    }
}

fn start(dir: &Path) -> anyhow::Result<Server> {
    let log = dir.join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sabeel"));
    command.arg("--config").arg(dir.join("sabeel.toml")).arg("serve");
    command.env("SABEEL_LOG", "info").stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(File::create(&log)?);
    Server::start(&mut command, &log, "RADIUS answers")
}

/// A port of loopback that nobody has at the moment.
pub fn free_udp_port() -> anyhow::Result<SocketAddr> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The time by the machine's clock.
pub fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(i64::try_from(since.as_millis())?))
}

async fn fill(
    settings: &StoreSettings,
    dir: &Path,
    logins: &[Login],
    now: Timestamp,
) -> anyhow::Result<()> {
    let keys = KeyRing::open_or_create(&dir.join("keys"))?;
    SqlStore::migrate(settings).await?;
    let store = SqlStore::connect(settings, keys).await?;
    let nas = access_point()?;
    let plan = Plan::visitor("visitor".parse()?);
    let site = Site::new(nas.site.clone(), plan.name.clone());
    store.add_plan(&plan).await?;
    store.add_site(&site).await?;
    store.add_access_point(&nas).await?;
    store.add_access_point(&sign_ins::access_point(&nas)?).await?;
    for (number, login) in (0..DEVICES).zip(logins) {
        let sign_in = sign_in(number, now)?;
        let grant = store.sign_in(&sign_in).await.context("cannot sign a visitor in")?.grant;
        let credential = Credential {
            id: login.id,
            password: login.password.parse()?,
            grant: grant.id,
            device: grant.device,
            nas: nas.name.clone(),
            expires_at: now + LASTING,
        };
        store.add_credential(&credential).await?;
    }
    store.close().await;
    Ok(())
}

fn access_point() -> anyhow::Result<Nas> {
    Ok(Nas {
        name: "gate".parse()?,
        site: "walkway".parse()?,
        addresses: "127.0.0.1/32".parse()?,
        certificate: None,
        identifier: None,
        secret: SECRET.parse()?,
        former_secret: None,
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff::mac_authentication(None),
        portal_path: PORTAL_PATH.parse()?,
    })
}

/// The device of that number, let in with its owner.
pub fn sign_in(number: u32, now: Timestamp) -> anyhow::Result<SignIn> {
    let [a, b, c, d] = number.to_be_bytes();
    let entropy = [1, 1, 1, 1, 1, 1, a, b, c, d];
    let account = AccountId::new(now, entropy);
    let grant = Grant {
        id: GrantId::new(now, entropy),
        account,
        device: visitors::device(number),
        site: "walkway".parse()?,
        plan: "visitor".parse()?,
        issued_at: now,
        until: now + LASTING,
        state: GrantState::Live,
    };
    Ok(SignIn {
        identity: visitors::phone(number).into(),
        new_account: account,
        language: "ar".parse()?,
        grant,
        agreed: Vec::new(),
        devices: 3,
    })
}
