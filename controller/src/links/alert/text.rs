//! What messages say, short enough for one text message: names give way first.

use domain::{SmsLength, Timestamp, Zone};
use link::cause::Kind;
use serde::{Deserialize, Serialize};

use super::Purpose;
use crate::links::incident::{Incident, IncidentId, Severity};
use crate::links::wording::{Catalogue, Language};

/// The shortest that a name becomes.
const SHORTEST: usize = 3;

/// What messages say of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Brief {
    pub id: IncidentId,
    pub severity: Severity,
    /// As [`Kind::as_str`].
    cause: String,
    place: String,
    /// How many other lines it is about.
    more: usize,
    begin: Timestamp,
    end: Option<Timestamp>,
    zone: String,
    pub reopened: u32,
}

impl Brief {
    pub(super) fn of(incident: &Incident, zone: &Zone) -> Self {
        let subjects = incident.subjects();
        let first = subjects.first().map_or("", |subject| subject.name());
        let (place, more) = match &incident.kind {
            // One direction of a line, or a cable at one end, is about the line.
            Kind::OneWay { .. } | Kind::Carrier { .. } | Kind::FarFirewall { .. } => (first, 0),
            kind => match kind.about() {
                Some(place) => (place, 0),
                None => (first, subjects.len().saturating_sub(1)),
            },
        };
        Self {
            id: incident.id,
            severity: incident.severity(),
            cause: incident.kind.as_str().to_owned(),
            place: place.to_owned(),
            more,
            begin: incident.begin,
            end: incident.end(),
            zone: zone.to_string(),
            reopened: incident.reopened,
        }
    }

    /// The zone of its site.
    pub(super) fn zone(&self) -> Zone {
        self.zone.parse().unwrap_or_else(|_| Zone::riyadh())
    }

    fn clock(&self, moment: Timestamp) -> String {
        let (hour, minute) = self.zone().wall_clock(moment);
        format!("{hour:02}:{minute:02}")
    }

    pub(super) fn text(&self, words: &Catalogue, language: Language, purpose: Purpose) -> String {
        let (key, moment) = match purpose {
            Purpose::Escalated => ("alert-escalated", self.begin),
            Purpose::Refined => ("alert-refined", self.begin),
            Purpose::Resolved => ("alert-resolved", self.end.unwrap_or(self.begin)),
            Purpose::Raised | Purpose::Digest => ("alert-raised", self.begin),
        };
        self.fit(words, language, |cause, place| {
            let (id, time) = (self.id.to_string(), self.clock(moment));
            let values = [("id", id.as_str()), ("cause", cause), ("place", place), ("time", &time)];
            words.fill(language, key, &values)
        })
    }

    /// The line that a digest has for it.
    pub(super) fn line(&self, words: &Catalogue, language: Language) -> String {
        let (id, time) = (self.id.to_string(), self.clock(self.begin));
        let end = self.end.map(|end| self.clock(end));
        let key = if end.is_some() { "alert-digest-over" } else { "alert-digest-open" };
        let cause = words.text(language, &format!("cause-{}", self.cause));
        let place = self.place_in(words, language, &self.place);
        let end = end.unwrap_or_default();
        let values = [
            ("id", id.as_str()),
            ("cause", &cause),
            ("place", &place),
            ("time", &time),
            ("end", &end),
        ];
        words.fill(language, key, &values)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn place_in(&self, words: &Catalogue, language: Language, place: &str) -> String {
        if self.more == 0 {
            return place.to_owned();
        }
        let more = self.more.to_string();
        words.fill(language, "alert-places", &[("place", place), ("more", &more)])
    }

    /// The text with as much of the name as one text message holds.
    fn fit(
        &self,
        words: &Catalogue,
        language: Language,
        write: impl Fn(&str, &str) -> String,
    ) -> String {
        let cause = words.text(language, &format!("cause-{}", self.cause));
        let mut place = self.place.clone();
        loop {
            let text = write(&cause, &self.place_in(words, language, &place));
            let letters = place.trim_end_matches('.').chars().count();
            if SmsLength::of(&text).segments == 1 || letters <= SHORTEST {
                return text;
            }
            place = place.trim_end_matches('.').chars().take(letters - 1).collect::<String>() + ".";
        }
    }
}

/// What a digest says in one text message.
pub(super) fn digest(words: &Catalogue, language: Language, briefs: &[&Brief]) -> String {
    let Some(last) = briefs.last() else { return String::new() };
    let n = briefs.len().to_string();
    let open = briefs.iter().filter(|brief| !brief.is_over()).count().to_string();
    last.fit(words, language, |cause, place| {
        let id = last.id.to_string();
        let values =
            [("n", n.as_str()), ("open", &open), ("id", &id), ("cause", cause), ("place", place)];
        words.fill(language, "alert-digest", &values)
    })
}
