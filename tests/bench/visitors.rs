//! The visitors of the bench and what is sent about them: ten thousand devices, each with its
//! owner, one-time password and stay. The same requests go to every server.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use domain::{CredentialId, MacAddress, PhoneNumber, Timestamp};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};

use crate::radius_load::Traffic;

/// How many devices there are.
pub const DEVICES: u32 = 10_000;
/// The access point's own address, as it tells it.
const NAS_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// The device of that number.
pub fn device(number: u32) -> MacAddress {
    let [_, a, b, c] = number.to_be_bytes();
    MacAddress::new([0x02, 0x00, 0x5e, a, b, c])
}

/// The telephone number of its owner.
pub fn phone(number: u32) -> PhoneNumber {
    format!("+9665{number:08}").parse().expect("a Saudi mobile number")
}

/// Its address while it is online.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 64, 0, 0)) + number)
}

/// A one-time login of the device of the same number.
#[derive(Debug, Clone)]
pub struct Login {
    /// Whose user name it is.
    pub id: CredentialId,
    pub password: String,
}

/// One login for each device.
pub fn logins(now: Timestamp) -> Vec<Login> {
    (0..DEVICES)
        .map(|number| {
            let [a, b, c, d] = number.to_be_bytes();
            let id = CredentialId::new(now, [7, 7, 7, 7, 7, 7, a, b, c, d]);
            Login { id, password: format!("once{number:08}") }
        })
        .collect()
}

/// MAC authentication: every device in turn, as often as there is time for. Keeps the Class that
/// each device was given last.
pub struct Returning {
    classes: Vec<Mutex<Vec<u8>>>,
}

/// One-time passwords, each used once.
pub struct OneTime<'a> {
    pub logins: &'a [Login],
}

/// Accounting: a Start of every device, then Interim-Updates of every device in turn.
pub struct Reports {
    classes: Vec<Vec<u8>>,
}

/// Starts of so many sessions, several of each device.
pub struct Starts<'a> {
    pub reports: &'a Reports,
    pub sessions: u64,
}

impl Returning {
    /// Nobody has been answered yet.
    pub fn new() -> Self {
        Self { classes: (0..DEVICES).map(|_| Mutex::default()).collect() }
    }

    /// What these devices report once they are online; every device must have been let in.
    pub fn reports(self) -> anyhow::Result<Reports> {
        let classes: Vec<Vec<u8>> = self
            .classes
            .into_iter()
            .map(|class| class.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect();
        ensure!(classes.iter().all(|class| !class.is_empty()), "a device was never let in");
        Ok(Reports { classes })
    }
}

impl Traffic for Returning {
    fn request(&self, number: u64, secret: &SharedSecret) -> Option<PacketBuilder> {
        let device = spelled(device(turn(number).0));
        let mut request = access_request(&device);
        request.text(attribute::USER_NAME, &device);
        request.user_password(device.as_bytes(), secret);
        Some(request)
    }

    fn check(&self, number: u64, answer: &Packet<'_>) -> anyhow::Result<()> {
        let class = check_accept(answer)?;
        let place = usize::try_from(turn(number).0)?;
        let mut kept = self.classes[place].lock().unwrap_or_else(PoisonError::into_inner);
        *kept = class;
        Ok(())
    }
}

impl Traffic for OneTime<'_> {
    fn request(&self, number: u64, secret: &SharedSecret) -> Option<PacketBuilder> {
        let login = self.logins.get(usize::try_from(number).ok()?)?;
        let mut request = access_request(&spelled(device(u32::try_from(number).ok()?)));
        request.text(attribute::USER_NAME, &login.id.user_name());
        request.user_password(login.password.as_bytes(), secret);
        Some(request)
    }

    fn check(&self, _: u64, answer: &Packet<'_>) -> anyhow::Result<()> {
        check_accept(answer).map(drop)
    }
}

impl Traffic for Starts<'_> {
    fn request(&self, number: u64, _: &SharedSecret) -> Option<PacketBuilder> {
        let session = format!("live{number:012x}");
        (number < self.sessions).then(|| self.reports.report(turn(number).0, 0, &session))
    }

    fn check(&self, number: u64, answer: &Packet<'_>) -> anyhow::Result<()> {
        self.reports.check(number, answer)
    }
}

impl Reports {
    /// The report of that round about a visitor.
    fn report(&self, visitor: u32, round: u32, session: &str) -> PacketBuilder {
        let status = match round {
            0 => AcctStatusType::Start,
            _ => AcctStatusType::InterimUpdate,
        };
        let device = spelled(device(visitor));
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_STATUS_TYPE, status)
            .text(attribute::ACCT_SESSION_ID, session)
            .text(attribute::USER_NAME, &device)
            .text(attribute::CALLING_STATION_ID, &device)
            .text(attribute::CALLED_STATION_ID, "02-00-5E-FF-00-01:Sabeel")
            .ipv4(attribute::NAS_IP_ADDRESS, NAS_ADDRESS)
            .ipv4(attribute::FRAMED_IP_ADDRESS, address(visitor))
            .octets(attribute::CLASS, &self.classes[visitor as usize])
            .time(attribute::EVENT_TIMESTAMP, SystemTime::now())
            .u32(attribute::ACCT_SESSION_TIME, round)
            .u32(attribute::ACCT_INPUT_OCTETS, round * 1_000)
            .u32(attribute::ACCT_OUTPUT_OCTETS, round * 9_000);
        request
    }
}

impl Traffic for Reports {
    fn request(&self, number: u64, _: &SharedSecret) -> Option<PacketBuilder> {
        let (visitor, round) = turn(number);
        Some(self.report(visitor, round, &format!("{visitor:016x}")))
    }

    fn check(&self, _: u64, answer: &Packet<'_>) -> anyhow::Result<()> {
        ensure!(answer.code() == Code::AccountingResponse, "{} for a report", answer.code());
        Ok(())
    }
}

/// Whose turn it is at a request of that number, and how often it was before.
fn turn(number: u64) -> (u32, u32) {
    let part = |value: u64| u32::try_from(value).expect("the bench ends before 2^32 rounds");
    (part(number % u64::from(DEVICES)), part(number / u64::from(DEVICES)))
}

/// The spelling of RFC 3580 s3.20.
pub fn spelled(device: MacAddress) -> String {
    device.to_string().to_uppercase().replace(':', "-")
}

/// What every Access-Request about a device says.
fn access_request(device: &str) -> PacketBuilder {
    let mut request = PacketBuilder::access_request(unlike_others());
    request
        .text(attribute::CALLING_STATION_ID, device)
        .text(attribute::CALLED_STATION_ID, "02-00-5E-FF-00-01:Sabeel")
        .ipv4(attribute::NAS_IP_ADDRESS, NAS_ADDRESS);
    request
}

/// An authenticator that no other request has, cheaper than one by chance.
fn unlike_others() -> Authenticator {
    static RUN: LazyLock<[u8; 8]> = LazyLock::new(|| {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the operating system gives random numbers");
        random
    });
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let [run, number] = [*RUN, NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()];
    Authenticator::new(std::array::from_fn(|place| [run, number].as_flattened()[place]))
}

/// An Access-Accept with the terms that a visitor is let in by; returns its Class.
fn check_accept(answer: &Packet<'_>) -> anyhow::Result<Vec<u8>> {
    if answer.code() != Code::AccessAccept {
        let message = answer.text(attribute::REPLY_MESSAGE).unwrap_or_default();
        bail!("{} for a good password: {message}", answer.code());
    }
    for limit in
        [attribute::SESSION_TIMEOUT, attribute::IDLE_TIMEOUT, attribute::ACCT_INTERIM_INTERVAL]
    {
        ensure!(answer.u32(limit).is_some(), "an Access-Accept without {limit:?}");
    }
    ensure!(answer.vendor_attributes().count() == 2, "an Access-Accept without rates");
    Ok(answer.octets_of(attribute::CLASS).context("an Access-Accept without Class")?.to_owned())
}
