//! `cargo bench -p store`: how fast a journal's records come into the database, 100,000 visitors
//! online, on SQLite and on PostgreSQL. Figures are printed, never judged.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::fs;
use std::time::{Duration, Instant};

use domain::{
    AccountingEvent, AccountingRecord, GrantId, HandOff, MacAddress, MessageAuthenticatorRule, Nas,
    NasProfile, OctetDirection, Octets, Plan, ProxyStateRule, SessionEnd, SessionId,
    SessionIdentification, SessionReport, Site, Speed, StatusServerRule, Timestamp, Usage,
};
use store::testing::TestStore;
use store::{Applier, Journal, JournalSettings};

/// Visitors online.
const VISITORS: u64 = 100_000;
/// Reports that each of them makes after its first.
const ROUNDS: u64 = 6;
/// Records of one append, as a socket under load makes them.
const APPEND: u64 = 256;
const BEGIN: Timestamp = Timestamp::from_secs(1_795_597_200);

#[tokio::main]
async fn main() {
    println!("applied records, {VISITORS} sessions, journal read from disk");
    measure("SQLite", store::testing::sqlite().await).await;
    measure("PostgreSQL", store::testing::postgres().await).await;
}

async fn measure(name: &str, store: TestStore) {
    set_up(&store).await;
    add_visitors(&store).await;
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    let mut applier = Applier::new(journal.clone(), store.shared());
    for round in 0..=ROUNDS {
        for first in (0..VISITORS).step_by(usize::try_from(APPEND).unwrap()) {
            let numbers = first..(first + APPEND).min(VISITORS);
            journal.append(numbers.map(|number| record(number, round)).collect()).await.unwrap();
        }
        let what = match round {
            0 => "first reports",
            ROUNDS => "last reports",
            _ => "reports",
        };
        let (begun, used) = (Instant::now(), cpu());
        applier.apply_pending().await.unwrap();
        let (elapsed, used) = (begun.elapsed(), cpu() - used);
        let per_second = VISITORS as f64 / elapsed.as_secs_f64();
        let per_10k = used.as_secs_f64() * 10_000.0 / VISITORS as f64;
        println!("{name:<10}  {what:<13}  {per_second:>8.0}/s  {per_10k:.3} CPU-s per 10,000");
    }
}

async fn set_up(store: &TestStore) {
    let plan = Plan::visitor("visitor".parse().unwrap());
    store.add_plan(&plan).await.unwrap();
    let site = Site::new("walkway".parse().unwrap(), plan.name.clone());
    store.add_site(&site).await.unwrap();
    let nas = Nas {
        name: "gate".parse().unwrap(),
        site: site.name.clone(),
        addresses: "10.0.0.1/32".parse().unwrap(),
        identifier: None,
        secret: "a secret of an access point".parse().unwrap(),
        former_secret: None,
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff::mac_authentication(None),
        portal_path: "path-to-the-gate".parse().unwrap(),
        certificate: None,
    };
    store.add_access_point(&nas).await.unwrap();
}

/// Accounts and grants of everybody, written behind the store's back: signing in one by one takes
/// longer than all the rest.
async fn add_visitors(store: &TestStore) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let octets = match store.settings().url.starts_with("sqlite:") {
        true => "CAST(printf('%016d', n) AS BLOB)",
        false => "convert_to(lpad(CAST(n AS TEXT), 16, '0'), 'UTF8')",
    };
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})",
        VISITORS - 1
    );
    let begin = BEGIN.as_millis();
    let until = (BEGIN + Duration::from_secs(86_400)).as_millis();
    for statement in [
        format!(
            "INSERT INTO accounts (id, identity, identity_hash, created_at, verified_at) \
             {numbers} SELECT {octets}, {octets}, {octets}, {begin}, {begin} FROM numbers"
        ),
        format!(
            "INSERT INTO grants (id, account, device, site, plan, issued_at, until) \
             {numbers} SELECT {octets}, {octets}, {octets}, 'walkway', 'visitor', {begin}, {until} \
             FROM numbers"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

fn record(number: u64, round: u64) -> AccountingRecord {
    let at = BEGIN + Duration::from_secs(60 * round);
    let [.., a, b, c] = number.to_be_bytes();
    // Sessions are found by hashes, so their order is none.
    let mut session = [0; 16];
    session[..8].copy_from_slice(&(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let grant = format!("{number:016}");
    let report = SessionReport {
        session: SessionId::from_bytes(session),
        acct_session_id: format!("{number:08X}-0000"),
        device: MacAddress::new([2, 0, 0, a, b, c]),
        user_name: format!("02-00-00-{a:02X}-{b:02X}-{c:02X}"),
        address: Some(format!("10.{a}.{b}.{c}").parse().unwrap()),
        grant: Some(GrantId::from_bytes(grant.as_bytes().try_into().unwrap())),
        usage: Usage {
            uploaded: Octets::new(round * 100_000),
            downloaded: Octets::new(round * 900_000),
            time: Duration::from_secs(60 * round),
        },
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    };
    let event = match round {
        0 => AccountingEvent::Started(report),
        ROUNDS => AccountingEvent::Stopped(report, SessionEnd::Reported(1)),
        _ => AccountingEvent::Interim(report),
    };
    AccountingRecord { nas: "gate".parse().unwrap(), occurred_at: at, received_at: at, event }
}

/// CPU time of this process and of every PostgreSQL so far.
fn cpu() -> Duration {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = std::process::id().to_string();
    let hundredths: u64 = processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let (name, rest) = stat.rsplit_once(')')?;
            let counts = name.ends_with("(postgres") || process.file_name() == own.as_str();
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
            counts.then_some(ticks(11)? + ticks(12)?)
        })
        .sum();
    Duration::from_millis(10 * hundredths)
}
