//! Visitors who sign in, from the redirect of their access point until RADIUS lets them in. The
//! access point is a CoovaChilli: it signs its redirects, and brings what the browser gives it to
//! RADIUS by CHAP.

use std::io::BufReader;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use data_encoding::{HEXLOWER, HEXUPPER};
use domain::{HandOff, HandOffMethod, MacAddress, Nas, NasProfile, Secret};
use md5::{Digest, Md5};
use radius_proto::client::{Peer, RequestTracker};
use radius_proto::{Authenticator, Code, PacketBuilder, SharedSecret, attribute};
use url::Url;

use crate::city::SECRET;
use crate::figure::Load;
use crate::http_load::{self, Answer};
use crate::sms_gateway::SmsGateway;
use crate::visitors::spelled;

/// The last part of the path at which its visitors arrive.
const PORTAL_PATH: &str = "0123456789abcdef-chilli";
const UAM_SECRET: &str = "the secret of the login page";
/// Where it asks RADIUS from, and what its login page is called.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const LOGIN_PAGE: &str = "http://10.1.0.1:3990/";
/// What it lets its visitors answer to; it is theirs alone for as long as it lasts.
const CHALLENGE: [u8; 16] = *b"sixteen octets..";
/// Has no divisor in common with the ten million numbers.
const SPREAD: u64 = 6_180_339;
/// How many pages of the portal follow one another at most.
const MOST_STEPS: usize = 6;

/// The access point of the visitors who sign in.
pub fn access_point(like: &Nas) -> anyhow::Result<Nas> {
    let mut hand_off = HandOff::mac_authentication(Some(UAM_SECRET.parse()?));
    hand_off.method = HandOffMethod::Uam;
    hand_off.hosts = vec!["10.1.0.1:3990".parse()?];
    Ok(Nas {
        name: "chilli".parse()?,
        addresses: format!("{ADDRESS}/32").parse()?,
        profile: NasProfile::Coova,
        hand_off,
        portal_path: PORTAL_PATH.parse::<Secret>()?,
        ..like.clone()
    })
}

/// Where visitors sign in.
pub struct Town<'a> {
    pub portal: SocketAddr,
    pub radius: SocketAddr,
    pub gateway: &'a SmsGateway,
}

/// How visitors come.
#[derive(Debug, Clone, Copy)]
pub struct Coming {
    /// So many at the same time at most.
    pub together: usize,
    /// So many each second, whether or not those before them are through; without it, the next one as
    /// soon as one is through.
    pub per_second: Option<u32>,
    pub lasting: Duration,
}

impl Coming {
    /// When the visitor of that number comes.
    fn due(&self, begun: Instant, number: u32) -> Instant {
        let now = Instant::now();
        let Some(rate) = self.per_second else { return now };
        let due = begun + Duration::from_secs(number.into()) / rate;
        thread::sleep(due.saturating_duration_since(now));
        due
    }
}

/// Signs visitors in, each of the next number; the time of each counts from when it was to come.
///
/// # Errors
/// The first step that does not lead on.
pub fn run(town: &Town<'_>, coming: Coming, next: &AtomicU32) -> anyhow::Result<Load> {
    let mut joined = Load::default();
    let (begun, first) = (Instant::now(), next.load(Ordering::Relaxed));
    thread::scope(|scope| {
        let start = || -> anyhow::Result<Load> {
            let mut load = Load::default();
            let mut visitor = Phone::new(town)?;
            while begun.elapsed() < coming.lasting {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = coming.due(begun, number - first);
                visitor.sign_in(number)?;
                load.latencies.push(due.elapsed());
            }
            load.elapsed = begun.elapsed();
            Ok(load)
        };
        let phones: Vec<_> = (0..coming.together).map(|_| scope.spawn(start)).collect();
        for phone in phones {
            joined.join(phone.join().expect("a load generator does not panic")?);
        }
        Ok(joined)
    })
}

/// A phone after the other in the same hand.
struct Phone<'a> {
    town: &'a Town<'a>,
    radius: UdpSocket,
    requests: RequestTracker,
}

impl<'a> Phone<'a> {
    fn new(town: &'a Town<'a>) -> anyhow::Result<Self> {
        let radius = UdpSocket::bind((ADDRESS, 0))?;
        radius.connect(town.radius)?;
        radius.set_read_timeout(Some(Duration::from_secs(30)))?;
        let peer = Peer::server(town.radius, SharedSecret::new(SECRET)?);
        Ok(Self { town, radius, requests: RequestTracker::new(peer) })
    }

    /// From the redirect of the access point until it may let the device in.
    fn sign_in(&mut self, number: u32) -> anyhow::Result<()> {
        let [a, b, c, d] = number.to_be_bytes();
        let device = MacAddress::new([0x06, 0, a, b, c, d]);
        let mut portal = http_load::connect(self.town.portal)?;
        let page = arrive(self.town.portal, &mut portal, device)?;
        let folder = page.strip_suffix('/').context("no first page")?;
        let first = get(&mut portal, &page)?;
        ensure!(first.status == 200, "{first:?} for a first page");
        // One after the other, but of blocks of numbers far from each other.
        let digits = u64::from(number) * SPREAD % 10_000_000;
        let local = format!("050{digits:07}");
        let typed =
            post(&mut portal, &format!("{folder}/phone"), &format!("phone={local}&terms=yes"))?;
        let code_page = typed.location.with_context(|| format!("no code for {local}"))?;
        ensure!(code_page.ends_with("/code"), "{local} is led to {code_page}");
        let code = self.town.gateway.code(&format!("96650{digits:07}"))?;
        let folder = code_page.strip_suffix("/code").unwrap_or_default();
        let mut answer = post(&mut portal, &code_page, &format!("code={code}"))?;
        for _ in 0..MOST_STEPS {
            let to = answer.location.with_context(|| format!("nothing follows {folder}"))?;
            match Url::parse(&to) {
                Ok(login) => return self.log_in(device, &login),
                Err(_) => answer = get(&mut portal, &to)?,
            }
        }
        anyhow::bail!("the pages after the code do not end")
    }

    /// Takes what the browser brings to the login page, and asks RADIUS.
    fn log_in(&mut self, device: MacAddress, login: &Url) -> anyhow::Result<()> {
        ensure!(login.as_str().starts_with(LOGIN_PAGE), "a browser is sent to {login}");
        let brought = |name| {
            let value = login.query_pairs().find(|(known, _)| known == name);
            value.map(|(_, value)| value.into_owned()).with_context(|| format!("no {name}"))
        };
        let response = HEXLOWER.decode(brought("response")?.as_bytes())?;
        let challenge = Md5::new().chain_update(CHALLENGE).chain_update(UAM_SECRET).finalize();
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the operating system gives random numbers");
        let mut request = PacketBuilder::access_request(Authenticator::new(random));
        request
            .text(attribute::USER_NAME, &brought("username")?)
            .text(attribute::CALLING_STATION_ID, &spelled(device))
            .ipv4(attribute::NAS_IP_ADDRESS, ADDRESS)
            .octets(attribute::CHAP_CHALLENGE, &challenge)
            .octets(attribute::CHAP_PASSWORD, &[&[0], &response[..]].concat());
        let now = Instant::now();
        let asked = self.requests.submit(request, 0, now)?;
        self.radius.send(&asked.packet)?;
        let mut octets = [0; 4_096];
        let length = self.radius.recv(&mut octets).context("RADIUS is silent")?;
        let octets = octets.get(..length).unwrap_or_default();
        let answer = self.requests.receive(self.town.radius, octets, now)?.packet;
        ensure!(answer.code() == Code::AccessAccept, "{} after a sign-in", answer.code());
        Ok(())
    }
}

/// The signed redirect over a connection to the portal; returns the address of the first page.
pub fn arrive(
    portal: SocketAddr,
    connection: &mut BufReader<TcpStream>,
    device: MacAddress,
) -> anyhow::Result<String> {
    let path = format!("/n/{PORTAL_PATH}/");
    let query = format!(
        "res=notyet&uamip=10.1.0.1&uamport=3990&challenge={}&mac={}&ip=10.1.0.7&nasid=chilli",
        HEXLOWER.encode(&CHALLENGE),
        spelled(device),
    );
    let md = Md5::digest(format!("http://{portal}{path}?{query}{UAM_SECRET}"));
    let arrived = get(connection, &format!("{path}?{query}&md={}", HEXUPPER.encode(&md)))?;
    arrived.location.with_context(|| format!("{} for an arrival", arrived.status))
}

/// Opens a page.
pub fn get(portal: &mut BufReader<TcpStream>, path: &str) -> anyhow::Result<Answer> {
    http_load::exchange(portal, &format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"))
}

/// Sends a form.
pub fn post(portal: &mut BufReader<TcpStream>, path: &str, form: &str) -> anyhow::Result<Answer> {
    let length = form.len();
    let head = "host: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded";
    let request =
        format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}");
    http_load::exchange(portal, &request)
}
