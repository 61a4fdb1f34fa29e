//! What became of everything that was found, as a table or JSON.

use std::collections::BTreeMap;

use anyhow::bail;
use controller::admin::api::Verdict;
use serde::Serialize;
use store::Intent;

use crate::output::{self, Format};

/// So many things are listed each; what is beyond is counted.
const MOST_ROWS: usize = 100_000;
/// Reasons that are told apart for stays.
const MOST_REASONS: usize = 1_000;

/// Something that was found in a file.
#[derive(Debug)]
pub struct Finding {
    place: String,
    name: String,
    what: String,
    notes: Vec<String>,
    /// Whether it lets somebody in who has consented to nothing here.
    lets_in: bool,
}

impl Finding {
    /// What stands at a place, under which name.
    pub fn new(
        place: impl ToString,
        name: impl ToString,
        what: impl ToString,
        notes: Vec<String>,
    ) -> Self {
        let (place, name, what) = (place.to_string(), name.to_string(), what.to_string());
        Self { place, name, what, notes, lets_in: false }
    }

    /// The same with permission to come back without a code, and so without a consent.
    pub fn let_in(self) -> Self {
        Self { lets_in: true, ..self }
    }
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Fate {
    Added,
    WouldBeAdded,
    ThereAlready,
    Conflict,
    NotTaken,
}

#[derive(Debug, Serialize)]
struct Row {
    place: String,
    name: String,
    what: String,
    fate: Fate,
    why: Vec<String>,
}

/// Everything that was found, and what became of it.
#[derive(Debug)]
pub struct Report {
    intent: Intent,
    rows: Vec<Row>,
    /// Stays by what became of them, with the first place and how many.
    stays: BTreeMap<(Fate, String), (String, u64)>,
    /// Things of each fate, in the order of [`Fate`].
    counts: [u64; 5],
    /// What is not taken, by its reason.
    left_out: BTreeMap<String, u64>,
    /// Devices that come back without a consent.
    let_in: u64,
}

impl Report {
    /// Nothing yet.
    pub const fn new(intent: Intent) -> Self {
        Self {
            intent,
            rows: Vec::new(),
            stays: BTreeMap::new(),
            counts: [0; 5],
            left_out: BTreeMap::new(),
            let_in: 0,
        }
    }

    /// Whether it is done, or only said.
    pub const fn intent(&self) -> Intent {
        self.intent
    }

    /// Notes the server's verdict on a thing.
    pub fn verdict(&mut self, finding: Finding, verdict: Verdict) {
        match verdict {
            Verdict::Taken { notes } => {
                self.add(finding, self.taken(), notes);
            }
            Verdict::ThereAlready => self.add(finding, Fate::ThereAlready, Vec::new()),
            Verdict::Refused { reason } => self.not_taken(finding, reason),
            Verdict::Conflict { reason } => self.add(finding, Fate::Conflict, vec![reason]),
        }
    }

    /// Notes what became of a stay; there are too many to list each.
    pub fn stay(&mut self, place: &str, verdict: Verdict) {
        let (fate, reason) = match verdict {
            Verdict::Taken { .. } => (self.taken(), String::new()),
            Verdict::ThereAlready => (Fate::ThereAlready, String::new()),
            Verdict::Conflict { reason } => (Fate::Conflict, reason),
            Verdict::Refused { reason } => (Fate::NotTaken, reason),
        };
        if let Some(count) = self.counts.get_mut(fate as usize) {
            *count += 1;
        }
        let full = self.stays.len() >= MOST_REASONS;
        let reason = if full { "another reason".to_owned() } else { reason };
        if fate == Fate::NotTaken {
            self.leave_out(&reason);
        }
        self.stays.entry((fate, reason)).or_insert_with(|| (place.to_owned(), 0)).1 += 1;
    }

    const fn taken(&self) -> Fate {
        match self.intent {
            Intent::Apply => Fate::Added,
            Intent::Rehearse => Fate::WouldBeAdded,
        }
    }

    /// Notes why a thing is none that could be taken.
    pub fn not_taken(&mut self, finding: Finding, reason: impl Into<String>) {
        self.add(finding, Fate::NotTaken, vec![reason.into()]);
    }

    fn add(&mut self, finding: Finding, fate: Fate, mut why: Vec<String>) {
        if let Some(count) = self.counts.get_mut(fate as usize) {
            *count += 1;
        }
        match (fate, why.first()) {
            (Fate::NotTaken, Some(reason)) => self.leave_out(reason),
            (Fate::Added | Fate::WouldBeAdded, _) => self.let_in += u64::from(finding.lets_in),
            _ => {}
        }
        if self.rows.len() < MOST_ROWS {
            why.extend(finding.notes);
            let Finding { place, name, what, .. } = finding;
            self.rows.push(Row { place, name, what, fate, why });
        }
    }

    fn leave_out(&mut self, reason: &str) {
        let known = self.left_out.contains_key(reason);
        let reason =
            if known || self.left_out.len() < MOST_REASONS { reason } else { "another reason" };
        *self.left_out.entry(reason.to_owned()).or_default() += 1;
    }

    /// Prints everything; a conflict is a failure.
    pub fn print(mut self, format: Format) -> anyhow::Result<()> {
        for ((fate, reason), (place, count)) in std::mem::take(&mut self.stays) {
            let what = if count == 1 { "stay".to_owned() } else { format!("{count} stays") };
            let why = if reason.is_empty() { Vec::new() } else { vec![reason] };
            self.rows.push(Row { place, name: "radacct".to_owned(), what, fate, why });
        }
        output::list(format, &self.rows, ["where", "name", "what", "outcome", "why"], |row| {
            let fate = match row.fate {
                Fate::Added => "added",
                Fate::WouldBeAdded => "would be added",
                Fate::ThereAlready => "there already",
                Fate::Conflict => "CONFLICT",
                Fate::NotTaken => "not taken",
            };
            let why = row.why.join("; ");
            [row.place.clone(), row.name.clone(), row.what.clone(), fate.to_owned(), why]
        })?;
        let [added, would, already, conflicts, left] = self.counts;
        if format == Format::Table {
            let did = match self.intent {
                Intent::Apply => format!("{added} added"),
                Intent::Rehearse => format!("{would} would be added"),
            };
            output::line(&format!(
                "{did}, {already} there already, {conflicts} in conflict, {left} not taken"
            ))?;
            for (reason, count) in &self.left_out {
                output::line(&format!("left out: {count} × {reason}"))?;
            }
            if self.let_in > 0 {
                output::line(&format!(
                    "without consent: {} come back without a code, and are asked for consent with \
                     the next one; --without-grants asks them at once",
                    self.let_in
                ))?;
            }
            if self.intent == Intent::Rehearse && would > 0 {
                output::line("nothing was changed; say --apply to do it")?;
            }
        }
        if conflicts > 0 {
            bail!("{conflicts} in conflict with what is there; nothing was overwritten");
        }
        Ok(())
    }
}
