//! What bounds the messages that are sent: counted in the transaction that writes the next one.

use std::time::Duration;

use domain::{Binding, Busy, Challenge, ChallengePolicy, Counted, OverLimit, SendLimit, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{COLUMNS, OPEN, binding_cells};
use crate::sql::SqlStore;
use crate::sql::crowd::{Cell, Look};
use crate::sql::dialect::{Dialect, Lock};
use crate::sql::pseudonyms::places;
use crate::sql::row::Columns;
use crate::{Begun, Budget, NotSent, StoreError};

/// That nothing is blocked which one more message is about.
const UNBLOCKED: SendLimit =
    SendLimit { counted: Counted::Blocks, window: Duration::ZERO, most: 1 };

/// The values of [`OPEN`], the number, and its block.
const SHARED_VALUES: usize = 6;

/// That a challenge is of the device and of the number, however it went on.
const OF_BOTH: &str = " AND challenges.device = $3 AND challenges.phone_hash = $5";

/// What one more message meets.
#[derive(Debug)]
pub(super) struct Met {
    /// The open challenge of its binding.
    pub(super) open: Option<Challenge>,
    /// The first limit that it would pass.
    pub(super) over: Option<OverLimit>,
    /// Whether that is one of the number, which others used up: nobody is sent anything, and whoever asks
    /// is not told so.
    pub(super) mute: bool,
}

/// Why a message is not sent of which whoever asks is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unsent {
    Over(OverLimit),
    Busy(Busy),
}

impl Unsent {
    pub(super) const fn counted(self) -> Counted {
        match self {
            Self::Over(over) => over.limit.counted,
            Self::Busy(busy) => busy.counted,
        }
    }
}

impl From<Unsent> for Begun {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Over(over) => Self::Over(over),
            Unsent::Busy(busy) => Self::Busy(busy.wait),
        }
    }
}

impl From<Unsent> for NotSent {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Over(over) => Self::Over(over),
            Unsent::Busy(busy) => Self::Busy(busy.wait),
        }
    }
}

impl Met {
    /// Takes the message from what all share, unless a limit speaks against it of which whoever asks is
    /// told. One that nobody is sent is taken, too: that all is busy must not tell it from others.
    pub(super) fn unsent(&self, budget: &Budget<'_>) -> Option<Unsent> {
        match self.over.filter(|_| !self.mute) {
            Some(over) => Some(Unsent::Over(over)),
            None => (budget.shared)().err().map(Unsent::Busy),
        }
    }
}

/// Whose challenges a limit looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Device,
    Number,
    Block,
}

impl Whose {
    const ALL: [Self; 3] = [Self::Device, Self::Number, Self::Block];

    /// That a challenge is theirs.
    const fn challenges(self) -> &'static str {
        match self {
            Self::Device => "challenges.device = $3",
            Self::Number => "challenges.phone_hash = $5",
            Self::Block => "challenges.block_hash = $6",
        }
    }
}

/// What a limit counts: what visitors ask for together, and what is sent for reports by itself. What was
/// begun for a number beyond its limits is not counted for it, for it got nothing.
#[derive(Debug)]
struct Counting {
    whose: Whose,
    /// When it was, which must be within the window.
    at: &'static str,
    /// Of what alone it counts.
    which: &'static str,
    /// What is counted once however many codes a challenge has.
    distinct: Option<&'static str>,
}

impl Counting {
    /// What is counted in challenges and their codes, if it is there.
    const fn of(counted: Counted) -> Option<Self> {
        const CODE: &str = "codes.sent_at";
        const CREATED: &str = "challenges.created_at";
        const ID: Option<&str> = Some("challenges.id");
        const NUMBER: Option<&str> = Some("challenges.phone_hash");
        let (whose, at, which, distinct) = match counted {
            Counted::SendsOfDevice => (Whose::Device, CODE, "", None),
            Counted::NumbersOfDevice => {
                (Whose::Device, CREATED, " AND challenges.phone_hash <> $5", NUMBER)
            }
            Counted::SpentChallengesOfDevice => {
                (Whose::Device, "challenges.sent_at", " AND challenges.sends > {repeats}", ID)
            }
            Counted::ChallengesOfNumber => (Whose::Number, CREATED, " AND challenges.mute = 0", ID),
            Counted::SendsToNumber => (Whose::Number, CODE, " AND codes.mute = 0", None),
            Counted::SendsToBlock => (Whose::Block, CODE, " AND codes.mute = 0", None),
            // They are looked up, or charged, or shaped elsewhere.
            Counted::Blocks
            | Counted::Money
            | Counted::SendsOfAccessPoint
            | Counted::SendsOfSite
            | Counted::SendsToCountry
            | Counted::SendsOfAll => return None,
        };
        Some(Self { whose, at, which, distinct })
    }

    /// How many there were since the value `$since`, and when the first of them was.
    fn columns(&self, place: usize, since: usize, policy: &ChallengePolicy) -> String {
        let Self { at, distinct, .. } = self;
        let which = self.which.replace("{repeats}", &policy.cooldowns.len().to_string());
        let when = |which: &str| format!("WHEN {at} > ${since}{which}");
        let counted = |which: &str| match distinct {
            Some(what) => format!("COUNT(DISTINCT CASE {} THEN {what} END)", when(which)),
            None => format!("COUNT(CASE {} THEN 1 END)", when(which)),
        };
        let own = match self.whose {
            Whose::Device => String::new(),
            Whose::Number | Whose::Block => format!(", {} AS own_{place}", counted(OF_BOTH)),
        };
        format!(
            "{} AS amount_{place}, MIN(CASE {} THEN {at} END) AS earliest_{place}{own}",
            counted(&which),
            when(&which)
        )
    }
}

/// One statement of one row: what each limit counts, and the open challenge of the binding. `targets` may
/// be blocked. Behind six values come the limits' first moments, then the targets.
fn counting(limits: &[SendLimit], targets: usize, policy: &ChallengePolicy) -> String {
    let parts = parts(limits, targets, policy);
    let of: Vec<_> = parts.iter().zip(0..).map(|(part, n)| format!("({part}) AS of_{n}")).collect();
    format!(
        "SELECT {}open.* FROM {} LEFT JOIN ({}) AS open ON 1 = 1",
        all_of(&parts),
        of.join(" CROSS JOIN "),
        open()
    )
}

/// The same of many on PostgreSQL: of one row for each of `given`, whose columns `value_1` and so on have
/// the values.
fn counting_of_many(limits: &[SendLimit], targets: usize, policy: &ChallengePolicy) -> String {
    let parts = parts(limits, targets, policy);
    let of = parts.iter().zip(0..);
    let of: String =
        of.map(|(part, n)| format!(" CROSS JOIN LATERAL ({part}) AS of_{n}")).collect();
    let statement = format!(
        "SELECT place, {}open.* FROM given{of} LEFT JOIN LATERAL ({}) AS open ON TRUE",
        all_of(&parts),
        open()
    );
    statement.replace('$', "given.value_")
}

/// The columns of all parts.
fn all_of(parts: &[String]) -> String {
    (0..parts.len()).map(|part| format!("of_{part}.*, ")).collect()
}

fn open() -> String {
    format!("SELECT {COLUMNS} FROM challenges WHERE {OPEN}")
}

/// What each limit counts, by as few statements of one row each as can be.
fn parts(limits: &[SendLimit], targets: usize, policy: &ChallengePolicy) -> Vec<String> {
    let since = |place| SHARED_VALUES + 1 + place;
    let mut found = Vec::new();
    for whose in Whose::ALL {
        let is_theirs = |(_, limit): &(usize, &SendLimit)| {
            Counting::of(limit.counted).is_some_and(|counting| counting.whose == whose)
        };
        let theirs: Vec<_> = limits.iter().enumerate().filter(is_theirs).collect();
        let Some((longest, _)) = theirs.iter().max_by_key(|(_, limit)| limit.window) else {
            continue;
        };
        let columns = theirs.iter().filter_map(|(place, limit)| {
            Some(Counting::of(limit.counted)?.columns(*place, since(*place), policy))
        });
        // No challenge sends for longer than it lives.
        found.push(format!(
            "SELECT {} FROM challenges LEFT JOIN challenge_codes codes ON codes.challenge = challenges.id \
             WHERE {} AND challenges.created_at > ${} - {} \
             AND (challenges.subject = '') = ($4 = '')",
            columns.collect::<Vec<_>>().join(", "),
            whose.challenges(),
            since(*longest),
            policy.challenge_life.as_millis(),
        ));
    }
    for (place, _) in
        limits.iter().enumerate().filter(|(_, limit)| limit.counted == Counted::Blocks)
    {
        found.push(format!(
            "SELECT COUNT(*) AS amount_{place}, CAST(NULL AS BIGINT) AS earliest_{place} FROM send_blocks \
             WHERE target IN ({}) AND (until IS NULL OR until > ${})",
            places(since(limits.len()), targets),
            since(place),
        ));
    }
    found
}

/// These limits, and what is blocked before them.
pub(super) fn with_blocks(limits: &[SendLimit]) -> Vec<SendLimit> {
    [UNBLOCKED].iter().chain(limits).copied().collect()
}

/// The first limit that one more message would pass, by what was counted for each, and what the device
/// itself has used up of it, if it is one of the number.
fn over(
    counted: &Columns<'_>,
    limits: &[SendLimit],
    at: Timestamp,
) -> Result<Option<(OverLimit, i64)>, StoreError> {
    for (place, limit) in limits.iter().enumerate() {
        if limit.counted != Counted::Blocks && Counting::of(limit.counted).is_none() {
            continue;
        }
        if counted.integer(&format!("amount_{place}"))? >= i64::from(limit.most) {
            let earliest = counted.optional_time(&format!("earliest_{place}"))?;
            let wait = (earliest.unwrap_or(at) + limit.window).since(at);
            let own = match limit.counted.is_of_number() && limit.counted != Counted::Blocks {
                true => counted.integer(&format!("own_{place}"))?,
                false => 0,
            };
            return Ok(Some((OverLimit { limit: *limit, wait }, own)));
        }
    }
    Ok(None)
}

impl SqlStore {
    /// What waits for its turn to send for the challenge's device or report, and to its number.
    pub(super) fn lock_sends(&self, challenge: &Challenge) -> Option<String> {
        self.dialect.lock(self.locks_of_sends(challenge))
    }

    fn locks_of_sends(&self, challenge: &Challenge) -> [Lock; 3] {
        let whom = match &challenge.binding {
            Binding::SignIn { device, .. } | Binding::MyData { device, .. } => device.to_string(),
            Binding::ReportClose { report } => format!("report {report}"),
        };
        Lock::of_sends([
            whom.as_bytes(),
            &self.keys.phone_hash(&challenge.phone),
            &self.keys.block_hash(&challenge.phone),
        ])
    }

    /// What one more message of the challenge then meets. One trip to the database.
    pub(super) async fn look_at_sends(
        &self,
        transaction: &mut AnyConnection,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) -> Result<Met, StoreError> {
        let limits = with_blocks(limits);
        let mut script = self.script();
        self.looking(counting, challenge, &limits, (at, policy)).add_to(&mut script);
        let [found] = script.fetch_each(transaction).await?;
        let row = found.first().ok_or(sqlx::Error::RowNotFound)?;
        self.met(row, challenge, &limits, at)
    }

    /// The same for a [crowd](crate::sql::crowd).
    pub(super) fn looking_at_sends(
        &self,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) -> Look {
        let counting = match self.dialect {
            Dialect::Sqlite => counting,
            Dialect::Postgres => counting_of_many,
        };
        self.looking(counting, challenge, &with_blocks(limits), (at, policy))
    }

    fn looking(
        &self,
        counting: fn(&[SendLimit], usize, &ChallengePolicy) -> String,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) -> Look {
        let targets = self.targets(challenge);
        let statement = counting(limits, targets.len(), policy);
        let mut values = Vec::from(binding_cells(&challenge.binding));
        values.push(Cell::Octets(self.keys.phone_hash(&challenge.phone)));
        values.push(Cell::Octets(self.keys.block_hash(&challenge.phone)));
        let since = |limit: &SendLimit| Cell::Number((at - limit.window).as_millis());
        values.extend(limits.iter().map(since));
        values.extend(targets.into_iter().map(Cell::Text));
        Look { locks: self.locks_of_sends(challenge).to_vec(), statement, values }
    }

    /// What one more message of the challenge meets by what was found.
    pub(super) fn met(
        &self,
        row: &AnyRow,
        challenge: &Challenge,
        limits: &[SendLimit],
        at: Timestamp,
    ) -> Result<Met, StoreError> {
        let columns = Columns(row);
        let open = match columns.optional_octets("id")? {
            Some(_) => Some(self.challenge(row)?),
            None => None,
        };
        let over = over(&columns, limits, at)?;
        let is_others = |(OverLimit { limit, .. }, own): (OverLimit, i64)| {
            limit.counted.is_of_number() && own < i64::from(limit.most)
        };
        let mute = challenge.binding.device().is_some() && over.is_some_and(is_others);
        Ok(Met { open, over: over.map(|(over, _)| over), mute })
    }
}
