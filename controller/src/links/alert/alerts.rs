//! What was told to whom, and what is still to be told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use domain::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::text::{Brief, digest};
use super::{AlertSettings, Message, Purpose, RecipientSettings};
use crate::links::incident::{Change, Incident, IncidentId, Severity};
use crate::links::wording::Catalogue;

const HOUR: Duration = Duration::from_secs(3_600);
/// After how long what no way took is tried again.
const AGAIN: Duration = Duration::from_secs(900);

/// What was told to whom, and what is still to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Alerts {
    cases: BTreeMap<IncidentId, Case>,
    desks: BTreeMap<String, Desk>,
    /// Messages of which it is not known whether they were sent.
    flights: BTreeMap<String, Flight>,
}

/// An incident, as far as telling goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    brief: Brief,
    /// How often it was opened or got worse, so that each time has keys of its own.
    round: u32,
    /// The highest level that was told.
    level: Option<u32>,
    escalate_at: Option<Timestamp>,
    is_acknowledged: bool,
    /// Who knows of it, and has not been told of its end.
    told: BTreeSet<String>,
}

/// What is known of a recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Desk {
    /// When messages went out, within the last hour.
    sent: VecDeque<Timestamp>,
    /// What was held back.
    held: BTreeSet<IncidentId>,
    digest_at: Option<Timestamp>,
    digests: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Flight {
    message: Message,
    /// Which of the recipient's addresses it goes to.
    address: usize,
    /// Of its incidents, those that it tells to be over.
    over: BTreeSet<IncidentId>,
}

/// What all of it needs.
#[derive(Debug, Clone, Copy)]
struct Office<'a> {
    settings: &'a AlertSettings,
    words: &'a Catalogue,
    now: Timestamp,
}

impl Alerts {
    /// What is to be told because of a change of an incident. `incident` is the one that the change
    /// names; for [`Change::Folded`] the one that goes on; `zone` is that of its site.
    pub fn tell(
        &mut self,
        change: &Change,
        (incident, zone): (&Incident, &Zone),
        (settings, words): (&AlertSettings, &Catalogue),
        now: Timestamp,
    ) -> Vec<Message> {
        let office = Office { settings, words, now };
        let brief = Brief::of(incident, zone);
        let id = incident.id;
        let mut messages = Vec::new();
        match change {
            Change::Opened { .. } | Change::Reopened { .. } => {
                let case = self.cases.entry(id).or_insert_with(|| Case::new(brief.clone()));
                case.begin_round(brief);
                let known = case.told.clone();
                self.raise(id, 0, office, &mut messages);
                // Who was told before and not of its end knows of it, and hears that it is back.
                for name in known {
                    self.deliver(id, &name, Purpose::Raised, office, &mut messages);
                }
            }
            Change::Refined { .. } => self.refine(id, brief, office, &mut messages),
            Change::Folded { id: gone, into } => self.fold(*gone, *into, brief),
            Change::Suppressed { .. } => {
                if let Some(case) = self.cases.get_mut(&id) {
                    case.escalate_at = None;
                }
            }
            Change::Acknowledged { .. } => {
                if let Some(case) = self.cases.get_mut(&id) {
                    case.is_acknowledged = true;
                    case.escalate_at = None;
                }
            }
            Change::Ended { .. } => {
                if let Some(case) = self.cases.get_mut(&id) {
                    case.brief = brief;
                    case.escalate_at = None;
                }
                self.resolve(id, office, &mut messages);
            }
        }
        self.forget();
        messages
    }

    /// What is to be told because time passed. Has to be called at [`Self::next_deadline`].
    pub fn tick(
        &mut self,
        settings: &AlertSettings,
        words: &Catalogue,
        now: Timestamp,
    ) -> Vec<Message> {
        let office = Office { settings, words, now };
        let mut messages = Vec::new();
        let due = |case: &Case| case.escalate_at.is_some_and(|at| at <= now);
        let cases: Vec<IncidentId> =
            self.cases.iter().filter(|(_, case)| due(case)).map(|(id, _)| *id).collect();
        for id in cases {
            let level = self.cases.get(&id).and_then(|case| case.level).unwrap_or(0);
            self.raise(id, level + 1, office, &mut messages);
        }
        let is_due = |desk: &Desk| desk.digest_at.is_some_and(|at| at <= now);
        let desks: Vec<String> = self
            .desks
            .iter()
            .filter(|(_, desk)| is_due(desk))
            .map(|(name, _)| name.clone())
            .collect();
        for name in desks {
            self.send_digest(&name, office, &mut messages);
        }
        self.forget();
        messages
    }

    /// A message was sent.
    pub fn sent(
        &mut self,
        key: &str,
        settings: &AlertSettings,
        words: &Catalogue,
        now: Timestamp,
    ) -> Vec<Message> {
        let office = Office { settings, words, now };
        let Some(flight) = self.flights.remove(key) else { return Vec::new() };
        let mut messages = Vec::new();
        for id in flight.message.incidents.iter().filter(|id| !flight.over.contains(id)) {
            let Some(case) = self.cases.get_mut(id) else { continue };
            if flight.message.purpose == Purpose::Digest {
                case.watch(office);
            }
            case.told.insert(flight.message.recipient.clone());
            if case.brief.is_over() {
                self.resolve(*id, office, &mut messages);
            }
        }
        self.forget();
        messages
    }

    /// A message could not be sent: it goes by the next way, and if there is none it is told later.
    pub fn failed(
        &mut self,
        key: &str,
        settings: &AlertSettings,
        words: &Catalogue,
        now: Timestamp,
    ) -> Vec<Message> {
        let office = Office { settings, words, now };
        let Some(Flight { message, address, over }) = self.flights.remove(key) else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        let recipient = office.settings.recipient(&message.recipient);
        let next = recipient
            .and_then(|recipient| office.address(recipient, message.severity, address + 1));
        match (next, recipient) {
            (Some(next), Some(recipient)) => {
                let name = message.recipient.clone();
                let message = office.readdressed(message, recipient, next);
                self.send(
                    &name,
                    Flight { message, address: next, over },
                    &mut messages,
                    office.now,
                );
            }
            _ => {
                for id in &message.incidents {
                    self.hold(&message.recipient, *id, office.now + AGAIN);
                }
            }
        }
        self.forget();
        messages
    }

    /// Messages of which nobody said whether they were sent: to be sent again after a restart, with the
    /// same keys.
    pub fn unconfirmed(&self) -> impl Iterator<Item = &Message> {
        self.flights.values().map(|flight| &flight.message)
    }

    /// When something is to be told although nothing happens.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let escalations = self.cases.values().filter_map(|case| case.escalate_at);
        let digests = self.desks.values().filter_map(|desk| desk.digest_at);
        escalations.chain(digests).min()
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> Vec<IncidentId> {
        self.cases.keys().copied().collect()
    }

    /// Tells the lowest level from `least` on that has somebody for it.
    fn raise(
        &mut self,
        id: IncidentId,
        least: u32,
        office: Office<'_>,
        messages: &mut Vec<Message>,
    ) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        case.escalate_at = None;
        let severity = case.brief.severity;
        let wanted = |recipient: &&RecipientSettings| {
            recipient.least <= severity && recipient.level >= least
        };
        let level = office.settings.recipients.iter().filter(wanted).map(|it| it.level).min();
        let Some(level) = level else { return };
        let purpose =
            if case.level.is_some() && least > 0 { Purpose::Escalated } else { Purpose::Raised };
        case.level = Some(level);
        let own = office.settings.recipients.iter().filter(wanted);
        for recipient in own.filter(|recipient| recipient.level == level) {
            self.deliver(id, &recipient.name, purpose, office, messages);
        }
    }

    /// Tells it, or holds it back.
    fn deliver(
        &mut self,
        id: IncidentId,
        name: &str,
        purpose: Purpose,
        office: Office<'_>,
        messages: &mut Vec<Message>,
    ) {
        let (Some(recipient), Some(case)) =
            (office.settings.recipient(name), self.cases.get_mut(&id))
        else {
            return;
        };
        let zone = case.brief.zone();
        if case.brief.severity < Severity::Critical && office.is_quiet(&zone) {
            let at = office.next_digest(&zone);
            return self.hold(name, id, at);
        }
        let Some(address) = office.address(recipient, case.brief.severity, 0) else {
            return;
        };
        let round = (case.brief.reopened, case.round);
        let key = format!("{id}.{}.{}/{}/{name}", round.0, round.1, purpose.as_str());
        if self
            .flights
            .keys()
            .any(|flight| flight.rsplit_once('/').is_some_and(|(it, _)| it == key))
        {
            return;
        }
        let message = Message {
            key,
            recipient: name.to_owned(),
            channel: String::new(),
            to: String::new(),
            purpose,
            severity: case.brief.severity,
            incidents: vec![id],
            language: recipient.language,
            text: case.brief.text(office.words, recipient.language, purpose),
            lines: vec![case.brief.line(office.words, recipient.language)],
        };
        if purpose != Purpose::Resolved {
            case.watch(office);
        }
        if let Err(free) = self.spend(name, office) {
            return self.hold(name, id, free);
        }
        if let Some(desk) = self.desks.get_mut(name) {
            desk.held.remove(&id);
        }
        let message = office.addressed(message, recipient, address);
        let over = BTreeSet::from_iter((purpose == Purpose::Resolved).then_some(id));
        self.send(name, Flight { message, address, over }, messages, office.now);
    }

    fn send(&mut self, name: &str, flight: Flight, messages: &mut Vec<Message>, now: Timestamp) {
        let desk = self.desks.entry(name.to_owned()).or_default();
        desk.sent.push_back(now);
        messages.push(flight.message.clone());
        self.flights.insert(flight.message.key.clone(), flight);
    }

    /// Whether the recipient may have one more message now; else when.
    fn spend(&mut self, name: &str, office: Office<'_>) -> Result<(), Timestamp> {
        let desk = self.desks.entry(name.to_owned()).or_default();
        while desk.sent.front().is_some_and(|sent| *sent + HOUR <= office.now) {
            desk.sent.pop_front();
        }
        let most = usize::try_from(office.settings.most_per_hour).unwrap_or(usize::MAX);
        match desk.sent.len().checked_sub(most) {
            None => Ok(()),
            Some(over) => Err(desk.sent.get(over).map_or(office.now + HOUR, |sent| *sent + HOUR)),
        }
    }

    /// Tells it together with others, at the earliest of the times for which that is asked.
    fn hold(&mut self, name: &str, id: IncidentId, at: Timestamp) {
        let desk = self.desks.entry(name.to_owned()).or_default();
        desk.held.insert(id);
        desk.digest_at = Some(desk.digest_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn send_digest(&mut self, name: &str, office: Office<'_>, messages: &mut Vec<Message>) {
        let Some(desk) = self.desks.get_mut(name) else { return };
        desk.digest_at = None;
        let held = desk.held.clone();
        let briefs: Vec<&Brief> =
            held.iter().filter_map(|id| self.cases.get(id)).map(|case| &case.brief).collect();
        let (Some(recipient), Some(worst)) =
            (office.settings.recipient(name), briefs.iter().map(|brief| brief.severity).max())
        else {
            desk.held.clear();
            return;
        };
        let quiet: Option<Zone> =
            briefs.iter().map(|brief| brief.zone()).find(|zone| office.is_quiet(zone));
        let later =
            quiet.filter(|_| worst < Severity::Critical).map(|zone| office.next_digest(&zone));
        let language = recipient.language;
        let mut message = Message {
            key: String::new(),
            recipient: name.to_owned(),
            channel: String::new(),
            to: String::new(),
            purpose: Purpose::Digest,
            severity: worst,
            incidents: held.iter().filter(|id| self.cases.contains_key(id)).copied().collect(),
            language,
            text: digest(office.words, language, &briefs),
            lines: briefs.iter().map(|brief| brief.line(office.words, language)).collect(),
        };
        let over = briefs.iter().filter(|brief| brief.is_over()).map(|brief| brief.id).collect();
        let later = later.or_else(|| self.spend(name, office).err());
        let Some(desk) = self.desks.get_mut(name) else { return };
        if let Some(later) = later {
            desk.digest_at = Some(later);
            return;
        }
        let Some(address) = office.address(recipient, worst, 0) else {
            desk.held.clear();
            return;
        };
        desk.held.clear();
        desk.digests = desk.digests.wrapping_add(1);
        message.key = format!("digest.{}.{}/{name}", office.now.as_millis(), desk.digests);
        let message = office.addressed(message, recipient, address);
        self.send(name, Flight { message, address, over }, messages, office.now);
    }

    fn refine(
        &mut self,
        id: IncidentId,
        brief: Brief,
        office: Office<'_>,
        messages: &mut Vec<Message>,
    ) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        let is_worse = brief.severity > case.brief.severity;
        case.brief = brief;
        if !is_worse {
            return;
        }
        case.round += 1;
        case.is_acknowledged = false;
        let known = case.told.clone();
        for name in &known {
            self.deliver(id, name, Purpose::Refined, office, messages);
        }
        // Those whom it did not concern, and those to whom it was to be told later.
        let severity =
            self.cases.get(&id).map(|case| (case.brief.severity, case.level.unwrap_or(0)));
        let Some((severity, level)) = severity else { return };
        for recipient in &office.settings.recipients {
            let is_meant = recipient.least <= severity && recipient.level <= level;
            if is_meant && !known.contains(&recipient.name) {
                self.deliver(id, &recipient.name, Purpose::Raised, office, messages);
            }
        }
    }

    /// Who was told of the one knows of the other.
    fn fold(&mut self, gone: IncidentId, into: IncidentId, brief: Brief) {
        let Some(gone_case) = self.cases.remove(&gone) else { return };
        let case = self
            .cases
            .entry(into)
            .or_insert_with(|| Case { brief: brief.clone(), ..gone_case.clone() });
        case.brief = brief;
        case.told.extend(gone_case.told);
        case.level = case.level.max(gone_case.level);
        case.round = case.round.max(gone_case.round) + 1;
        case.escalate_at = case.escalate_at.into_iter().chain(gone_case.escalate_at).min();
        for desk in self.desks.values_mut().filter(|desk| desk.held.contains(&gone)) {
            desk.held.remove(&gone);
            desk.held.insert(into);
        }
        for flight in self.flights.values_mut() {
            for id in flight.message.incidents.iter_mut().filter(|id| **id == gone) {
                *id = into;
            }
            flight.message.incidents.dedup();
        }
    }

    /// Tells its end to those who know of it.
    fn resolve(&mut self, id: IncidentId, office: Office<'_>, messages: &mut Vec<Message>) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        for name in std::mem::take(&mut case.told) {
            self.deliver(id, &name, Purpose::Resolved, office, messages);
        }
    }

    /// Forgets what is over and told.
    fn forget(&mut self) {
        let held: BTreeSet<IncidentId> =
            self.desks.values().flat_map(|desk| &desk.held).copied().collect();
        let flying: BTreeSet<IncidentId> =
            self.flights.values().flat_map(|flight| &flight.message.incidents).copied().collect();
        self.cases.retain(|id, case| {
            !case.brief.is_over()
                || !case.told.is_empty()
                || held.contains(id)
                || flying.contains(id)
        });
    }
}

impl Case {
    const fn new(brief: Brief) -> Self {
        Self {
            brief,
            round: 0,
            level: None,
            escalate_at: None,
            is_acknowledged: false,
            told: BTreeSet::new(),
        }
    }

    fn begin_round(&mut self, brief: Brief) {
        self.brief = brief;
        self.round += 1;
        self.level = None;
        self.is_acknowledged = false;
    }

    /// From now on somebody has to take care of it within the time for that.
    fn watch(&mut self, office: Office<'_>) {
        if !self.is_acknowledged && !self.brief.is_over() {
            let at = office.now + office.settings.escalation();
            self.escalate_at = Some(self.escalate_at.map_or(at, |earlier| earlier.min(at)));
        }
    }
}

impl Office<'_> {
    fn is_quiet(&self, zone: &Zone) -> bool {
        let (hour, _) = zone.wall_clock(self.now);
        u32::try_from(hour).is_ok_and(|hour| self.settings.is_quiet_hour(hour))
    }

    /// The next time at which the clock on the wall shows the hour of digests.
    fn next_digest(&self, zone: &Zone) -> Timestamp {
        let today = zone.write(self.now);
        let next_day = zone.write(zone.next_day_start(self.now));
        let days = [today, next_day].into_iter().filter_map(|day| {
            let date = day.get(.."2026-11-27".len())?;
            zone.read(&format!("{date} {:02}:00:00", self.settings.digest_hour)).ok()
        });
        days.filter(|at| *at > self.now).min().unwrap_or(self.now + HOUR)
    }

    /// The first of the recipient's addresses from that one on whose channel takes what is so bad.
    fn address(
        &self,
        recipient: &RecipientSettings,
        severity: Severity,
        from: usize,
    ) -> Option<usize> {
        let takes = |name: &str| {
            self.settings.channel(name).is_some_and(|channel| channel.least <= severity)
        };
        let mut rest = recipient.addresses.iter().enumerate().skip(from);
        rest.find(|(_, address)| takes(&address.channel)).map(|(place, _)| place)
    }

    fn addressed(
        &self,
        mut message: Message,
        recipient: &RecipientSettings,
        address: usize,
    ) -> Message {
        if let Some(address) = recipient.addresses.get(address) {
            message.channel.clone_from(&address.channel);
            message.to.clone_from(&address.to);
        }
        message.key = format!("{}/{address}", message.key);
        message
    }

    /// The same by another way, under a key of its own.
    fn readdressed(
        &self,
        mut message: Message,
        recipient: &RecipientSettings,
        address: usize,
    ) -> Message {
        if let Some((key, _)) = message.key.rsplit_once('/') {
            message.key = key.to_owned();
        }
        self.addressed(message, recipient, address)
    }
}
