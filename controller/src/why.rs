//! Why: everything that is known of a person, a device or a session, on one time line.
//!
//! It joins the rows of the database with the trail and the journal of this machine, where it has
//! them, and names the other machines that have more. Neither numbers nor codes come out. Work and
//! answer are bounded: the newest comes first, and what was not looked at is said.

mod rows;
mod told;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{AccountId, Grant, Identity, MacAddress, NasOrder, Session, Timestamp, Zone};
use store::{
    Archive, AuditSubject, ChallengeTold, ChallengesOf, JournalError, OrderFilter, SessionFilter,
    Store, StoreError, Trail, TrailArchive, TrailKind, Wanted,
};

pub(crate) use rows::ending;
pub(crate) use told::{of_event, of_record};

use crate::admin::api::{Step, StepKind, Story, Subject, WhyQuestion};

/// Steps when nobody says how many, and at most.
const USUAL_STEPS: u32 = 200;
const MOST_STEPS: u32 = 10_000;
/// Rows of a kind that are looked at.
const MOST_ROWS: u32 = 200;
/// Octets of trail and of journal that are read for one answer.
const MOST_OCTETS: u64 = 512_000_000;
/// How far back a story begins when nobody says.
const USUAL_SPAN: Duration = Duration::from_secs(7 * 86_400);
/// What before and after a session belongs to it.
const AROUND: Duration = Duration::from_secs(600);

/// The records of the RADIUS server on this machine.
#[derive(Debug, Clone)]
pub struct Records {
    /// What it decided.
    pub trail: TrailArchive,
    /// What access points reported.
    pub journal: Archive,
    /// The trail as it is being written, in the process that does.
    pub writing: Option<Trail>,
}

/// Why there is no story.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// Nothing is known.
    #[error("nothing is known of that {0}")]
    Unknown(&'static str),
    /// The question makes no sense.
    #[error("limit is {0}, but must be 1 to {MOST_STEPS}")]
    Limit(u32),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files failed.
    #[error(transparent)]
    Records(#[from] JournalError),
}

/// What the question is about, as far as the database knows it.
#[derive(Debug)]
struct Scene {
    wanted: Wanted,
    challenges: Vec<ChallengeTold>,
    grants: Vec<Grant>,
    sessions: Vec<Session>,
    orders: Vec<NasOrder>,
    since: Timestamp,
    until: Option<Timestamp>,
    /// What it is, for who finds nothing.
    what: &'static str,
}

/// Whom a question is about for the audit log, and by what it was asked: the person, if the story
/// found one.
#[must_use]
pub fn about(of: &Subject, story: Option<&Story>) -> (AuditSubject, &'static str) {
    let (subject, asked_by) = match of {
        Subject::Phone(phone) => (AuditSubject::Number(phone.clone()), "phone"),
        Subject::Voucher(voucher) => (AuditSubject::Voucher(voucher.clone()), "voucher"),
        Subject::Device(mac) => (AuditSubject::Device(*mac), "device"),
        Subject::Session(id) => (AuditSubject::Session(*id), "session"),
        Subject::AcctSessionId(name) => {
            (AuditSubject::AcctSessionId(name.clone()), "acct-session-id")
        }
    };
    let account = story.and_then(|story| story.account).map(AuditSubject::Account);
    (account.unwrap_or(subject), asked_by)
}

/// Tells the story.
///
/// # Errors
/// [`WhyError`] if there is none.
pub async fn tell(
    store: &dyn Store,
    records: Option<&Records>,
    question: &WhyQuestion,
    now: Timestamp,
) -> Result<Story, WhyError> {
    let limit = question.limit.unwrap_or(USUAL_STEPS);
    if !(1..=MOST_STEPS).contains(&limit) {
        return Err(WhyError::Limit(limit));
    }
    let scene = set(store, question, now).await?;
    let (mut recorded, mut notes) = match records {
        Some(records) => read(records.clone(), &scene).await?,
        None => (Recorded::default(), Vec::new()),
    };
    let elsewhere = elsewhere(store, records).await?;
    notes.extend(missing(&elsewhere, records));
    let mut steps = rows::steps(store, &scene, &mut recorded).await?;
    let is_known = !scene.grants.is_empty() || !scene.challenges.is_empty();
    steps.extend(recorded.steps);
    if steps.is_empty() && scene.sessions.is_empty() && !is_known {
        return Err(WhyError::Unknown(scene.what));
    }
    let within = |step: &Step| {
        step.at >= scene.since && scene.until.is_none_or(|until| step.at <= until)
            // Where a session's permission comes from belongs to it, however long ago.
            || step.kind <= StepKind::Grant && scene.until.is_some()
    };
    steps.retain(within);
    steps.sort_by_key(|step| (step.at, step.kind));
    let mut steps = told::merged(steps);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let too_many = steps.len().saturating_sub(most);
    steps.drain(..too_many);
    let left_out = u64::try_from(too_many).unwrap_or(u64::MAX).saturating_add(recorded.left_out);
    if recorded.left_out > 0 {
        notes.push(format!("{} earlier packets and reports are left out", recorded.left_out));
    }
    let devices: BTreeSet<MacAddress> = scene.wanted.devices.iter().copied().collect();
    let latest = scene.grants.iter().max_by_key(|grant| grant.issued_at);
    let account = scene.wanted.accounts.first().copied();
    let voucher = match account.or(latest.map(|grant| grant.account)) {
        Some(account) => match known_without_code(store, account).await? {
            Some(Identity::Voucher(voucher)) => Some(voucher),
            _ => None,
        },
        None => None,
    };
    Ok(Story {
        account,
        voucher,
        devices: devices.into_iter().collect(),
        since: scene.since,
        zone: zone(store, &scene).await?,
        steps,
        left_out,
        elsewhere,
        notes,
    })
}

/// What an account is known by, if that needed no code.
pub(crate) async fn known_without_code(
    store: &dyn Store,
    account: AccountId,
) -> Result<Option<Identity>, StoreError> {
    let record = store.account_record(account).await?;
    let identity = record.map(|record| record.account.identity);
    Ok(identity.filter(|identity| !matches!(identity, Identity::Phone(_))))
}

/// The machines of RADIUS servers whose records are not at hand.
async fn elsewhere(
    store: &dyn Store,
    records: Option<&Records>,
) -> Result<Vec<String>, StoreError> {
    let own = records.and_then(|records| records.journal.server());
    let servers = store.list_radius_servers().await?;
    let others = servers.into_iter().filter(|server| Some(&server.id) != own.as_ref());
    let mut machines: Vec<_> = others.map(|server| server.machine).collect();
    machines.dedup();
    Ok(machines)
}

/// Which part of the time line is missing, and where it is.
fn missing(elsewhere: &[String], records: Option<&Records>) -> Option<String> {
    let is_nowhere = elsewhere.is_empty();
    match records {
        Some(_) if is_nowhere => None,
        Some(_) => Some(format!(
            "what other RADIUS servers decided and were told is not shown here, but by \
             `sabeel why` on {}",
            elsewhere.join(", ")
        )),
        None if is_nowhere => Some(
            "what RADIUS decided and was told is not shown here, but by `sabeel why` on its machine"
                .to_owned(),
        ),
        None => Some(format!(
            "what RADIUS decided and was told is not shown here, but by `sabeel why` on {}",
            elsewhere.join(", ")
        )),
    }
}

/// Finds what the question is about.
async fn set(store: &dyn Store, question: &WhyQuestion, now: Timestamp) -> Result<Scene, WhyError> {
    let usual = question.since.unwrap_or(now - USUAL_SPAN);
    let mut scene = Scene {
        wanted: Wanted::default(),
        challenges: Vec::new(),
        grants: Vec::new(),
        sessions: Vec::new(),
        orders: Vec::new(),
        since: usual,
        until: None,
        what: "",
    };
    match &question.of {
        Subject::Phone(phone) => {
            scene.what = "number";
            let of = ChallengesOf::Phone(phone.clone());
            scene.challenges = store.list_challenges(&of, usual, MOST_ROWS).await?;
            of_person(store, &mut scene, &phone.clone().into()).await?;
            scene.wanted.devices.extend(scene.challenges.iter().map(|told| told.device));
        }
        Subject::Voucher(voucher) => {
            scene.what = "voucher";
            of_person(store, &mut scene, &voucher.clone().into()).await?;
        }
        Subject::Device(device) => {
            scene.what = "device";
            scene.wanted.devices.push(*device);
            let of = ChallengesOf::Device(*device);
            scene.challenges = store.list_challenges(&of, usual, MOST_ROWS).await?;
            scene.grants = store.list_grants_of_device(*device, MOST_ROWS).await?;
            let filter = SessionFilter {
                device: Some(*device),
                limit: MOST_ROWS,
                ..SessionFilter::default()
            };
            scene.sessions = store.list_sessions(&filter).await?;
        }
        Subject::Session(id) => {
            scene.what = "session";
            scene.wanted.sessions.push(*id);
            scene.sessions.extend(store.find_session(*id).await?);
        }
        Subject::AcctSessionId(name) => {
            scene.what = "session";
            scene.wanted.acct_session_ids.push(name.clone());
            scene.sessions = store.list_sessions_called(name, 1).await?;
        }
    }
    if matches!(question.of, Subject::Session(_) | Subject::AcctSessionId(_)) {
        narrow(store, &mut scene, question).await?;
    }
    scene.wanted.grants.extend(scene.grants.iter().map(|grant| grant.id));
    scene.wanted.devices.sort_unstable();
    scene.wanted.devices.dedup();
    scene.orders = orders(store, &scene).await?;
    Ok(scene)
}

/// Adds what is kept of a person's account, if there is one.
async fn of_person(
    store: &dyn Store,
    scene: &mut Scene,
    person: &Identity,
) -> Result<(), StoreError> {
    let Some(account) = store.find_account(person).await? else { return Ok(()) };
    let Some(record) = store.account_record(account.id).await? else { return Ok(()) };
    scene.wanted.accounts.push(record.account.id);
    scene.wanted.devices.extend(record.devices.iter().map(|device| device.mac));
    scene.grants = record.grants;
    scene.sessions = record.sessions;
    Ok(())
}

/// Keeps to one session, with what let it in and what ended it.
async fn narrow(
    store: &dyn Store,
    scene: &mut Scene,
    question: &WhyQuestion,
) -> Result<(), WhyError> {
    let Some(session) = scene.sessions.first() else { return Ok(()) };
    let end = match session.state {
        domain::SessionState::Open => None,
        domain::SessionState::Stopped { at, .. } => Some(at.max(session.updated_at) + AROUND),
    };
    scene.since = question.since.unwrap_or(session.started_at - AROUND);
    scene.until = Some(end.unwrap_or(Timestamp::from_millis(i64::MAX)));
    scene.wanted.sessions.push(session.id);
    scene.wanted.devices.push(session.device);
    if let Some(grant) = session.grant {
        scene.grants.extend(store.find_grant_by_id(grant).await?);
    }
    let Some(grant) = scene.grants.first() else { return Ok(()) };
    let begun = grant.issued_at - AROUND;
    let of = ChallengesOf::Device(grant.device);
    let mut challenges = store.list_challenges(&of, begun, MOST_ROWS).await?;
    challenges.retain(|told| told.created_at <= grant.issued_at);
    scene.challenges = challenges;
    scene.wanted.accounts.push(grant.account);
    Ok(())
}

async fn orders(store: &dyn Store, scene: &Scene) -> Result<Vec<NasOrder>, StoreError> {
    let mut orders = Vec::new();
    for device in &scene.wanted.devices {
        let filter = OrderFilter { device: Some(*device), ..OrderFilter::latest(MOST_ROWS) };
        orders.extend(store.list_orders(&filter).await?);
    }
    Ok(orders)
}

async fn zone(store: &dyn Store, scene: &Scene) -> Result<Zone, StoreError> {
    let site = scene.grants.iter().max_by_key(|grant| grant.issued_at).map(|grant| &grant.site);
    let site = site.or(scene.challenges.first().map(|told| &told.site));
    let site = match site {
        Some(name) => store.find_site(name).await?,
        None => None,
    };
    Ok(site.map_or_else(Zone::utc, |site| site.zone))
}

/// What the files of this machine say.
#[derive(Debug, Default)]
struct Recorded {
    steps: VecDeque<Step>,
    left_out: u64,
    /// Whether a report says that a session began, or ended.
    starts: BTreeSet<domain::SessionId>,
    stops: BTreeSet<domain::SessionId>,
}

impl Recorded {
    /// Takes a step; with too many, the earliest go. Files come newest first, each in its order.
    fn take(&mut self, step: Step) {
        match (step.kind, step.session) {
            (StepKind::Start, Some(session)) => drop(self.starts.insert(session)),
            (StepKind::Stop, Some(session)) => drop(self.stops.insert(session)),
            _ => {}
        }
        self.steps.push_back(step);
        let most = usize::try_from(MOST_STEPS).unwrap_or(usize::MAX);
        if self.steps.len() >= most * 2 {
            self.steps.make_contiguous().sort_by_key(|step| std::cmp::Reverse(step.at));
            self.left_out += u64::try_from(self.steps.len() - most).unwrap_or(u64::MAX);
            self.steps.truncate(most);
        }
    }
}

/// Reads trail and journal, beside the tasks that answer others; one reader at a time, so that
/// questions cannot take all threads and the disk.
async fn read(records: Records, scene: &Scene) -> Result<(Recorded, Vec<String>), WhyError> {
    static READER: Mutex<()> = Mutex::new(());
    let (wanted, since, until) = (scene.wanted.clone(), scene.since, scene.until);
    let until = until.unwrap_or(Timestamp::from_millis(i64::MAX));
    let reading = tokio::task::spawn_blocking(move || {
        let _one = READER.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut recorded, mut notes) = (Recorded::default(), Vec::new());
        let mut missing = 0;
        let searched = records.trail.search(&wanted, since, MOST_OCTETS, |event| {
            if let TrailKind::NotKept { overflowed, .. } = event.what {
                missing += overflowed;
            } else if event.at <= until {
                recorded.take(of_event(event));
            }
        })?;
        if !searched.is_whole {
            notes.push("the trail is too long to be searched whole: older decisions are not shown; say --since".to_owned());
        }
        if missing > 0 {
            notes.push(format!("{missing} events of that time were not kept for want of room"));
        }
        let searched = records.journal.search(&wanted, since, MOST_OCTETS, |record| {
            if record.received_at <= until {
                recorded.take(of_record(&record));
            }
        })?;
        if !searched.is_whole {
            notes.push("the journal is too long to be searched whole: older reports are not shown; say --since".to_owned());
        }
        Ok::<_, JournalError>((recorded, notes))
    });
    Ok(reading.await.map_err(|_| JournalError::Closed)??)
}

#[cfg(test)]
mod tests;
