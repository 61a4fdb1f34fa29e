//! Whom the centre gives a turn, and what it knows of the members of each sector: from what their agents
//! tell it, in memory. One that begins gives nobody a turn until every turn of a former one is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{ALONE_AFTER, ASK_EVERY, Answer, CLOCKS, LEASE, Question, SILENT_AFTER, Siblings};
use super::{Slot, Turn, Wish};
use crate::report::Name;

/// The most sectors; what comes of more is answered and not remembered.
const MOST_SECTORS: usize = 256;
/// The most members of one.
const MOST_MEMBERS: usize = 256;
/// Who asks no more for so long does not wait any more.
const GIVEN_UP: Duration = ASK_EVERY.saturating_mul(5);
/// A member of which nothing was heard for so long is none any more.
const FORGOTTEN: Duration = Duration::from_secs(7 * 86_400);
/// How long a question may be on its way.
const ON_THE_WAY: Duration = Duration::from_secs(5);
/// No turn is given that is shorter.
const SHORTEST: Duration = Duration::from_secs(5);

/// What an agent told of a path on a sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The addresses of its own end and the other one, by which two ends of one link are known.
    pub ends: Option<(IpAddr, IpAddr)>,
    /// What the office counts on, in bits a second, while it goes by that path and visitors make room.
    pub office: Option<u64>,
}

/// A path of an office.
type Member = (Name, Name);

/// The sectors of which agents told.
#[derive(Debug)]
pub struct Sectors {
    begun: Instant,
    sectors: BTreeMap<Name, Sector>,
    last_turn: u64,
}

#[derive(Debug, Default)]
struct Sector {
    members: BTreeMap<Member, Known>,
    holder: Option<Holder>,
    /// Who waits, the first to come first, and when it last asked.
    waiting: VecDeque<(Member, Instant)>,
}

#[derive(Debug)]
struct Known {
    told: Use,
    at: Instant,
    /// When it last asked something; only from then on it leaves its slot to others.
    heard: Option<Instant>,
}

#[derive(Debug)]
struct Holder {
    member: Member,
    turn: u64,
    until: Instant,
}

impl Sectors {
    /// Nobody was heard yet. `drawn` is a number drawn at random from which turns are numbered, so that none
    /// is taken for one of a former centre.
    pub const fn new(drawn: u64, now: Instant) -> Self {
        Self { begun: now, sectors: BTreeMap::new(), last_turn: drawn >> 12 }
    }

    /// An agent told of one of its paths.
    pub fn note(&mut self, sector: &Name, member: Member, told: Use, now: Instant) {
        if !self.sectors.contains_key(sector) && self.sectors.len() >= MOST_SECTORS {
            return;
        }
        let sector = self.sectors.entry(sector.clone()).or_default();
        sector.members.retain(|_, known| now.saturating_duration_since(known.at) < FORGOTTEN);
        let heard = sector.members.get(&member).and_then(|known| known.heard);
        if sector.members.contains_key(&member) || sector.members.len() < MOST_MEMBERS {
            sector.members.insert(member, Known { told, at: now, heard });
        }
    }

    /// Answers the agent of a site, of whose path on that sector it has told; `unix` is the time by the
    /// clock that all share.
    pub fn answer(
        &mut self,
        site: &Name,
        question: &Question,
        now: Instant,
        unix: Duration,
    ) -> Option<Answer> {
        let is_open = now.saturating_duration_since(self.begun) >= LEASE + ON_THE_WAY;
        let sector = self.sectors.get_mut(&question.sector)?;
        let member = (site.clone(), question.path.clone());
        sector.members.get_mut(&member)?.heard = Some(now);
        let turn = match question.wish {
            Wish::News => None,
            Wish::Done(turn) => {
                sector.holder.take_if(|holder| holder.turn == turn && holder.member == member);
                None
            }
            Wish::Turn => {
                sector.ask(&member, (is_open, self.last_turn + 1), now, unix).inspect(|turn| {
                    self.last_turn = self.last_turn.max(turn.number);
                })
            }
        };
        let (slot, siblings) = (sector.slot(&member), sector.siblings(&member, now));
        Some(Answer { turn, slot, siblings })
    }
}

impl Sector {
    /// The turn of a member that asks, if it is its own now: that of this number, if it is a new one.
    fn ask(
        &mut self,
        member: &Member,
        (is_open, next): (bool, u64),
        now: Instant,
        unix: Duration,
    ) -> Option<Turn> {
        let has_given_up = |asked: &Instant| now.saturating_duration_since(*asked) > GIVEN_UP;
        self.waiting.retain(|(other, asked)| other == member || !has_given_up(asked));
        self.holder.take_if(|holder| holder.until <= now);
        match self.waiting.iter_mut().find(|(other, _)| other == member) {
            Some((_, asked)) => *asked = now,
            // As many as there are members.
            None => self.waiting.push_back((member.clone(), now)),
        }
        if let Some(holder) = &self.holder {
            // Its answer was lost.
            let is_own = holder.member == *member;
            let left = holder.until.saturating_duration_since(now);
            return is_own.then(|| turn(holder.turn, left));
        }
        let is_first = self.waiting.front().is_some_and(|(first, _)| first == member);
        let lasts = LEASE.min(self.free(member, now, unix));
        if !is_open || !is_first || lasts < SHORTEST {
            return None;
        }
        self.waiting.pop_front();
        self.holder = Some(Holder { member: member.clone(), turn: next, until: now + lasts });
        Some(turn(next, lasts))
    }

    /// How long no slot begins of a member that is not heard, and may be in it.
    fn free(&self, member: &Member, now: Instant, unix: Duration) -> Duration {
        let is_silent = |known: &Known| {
            known.heard.is_none_or(|heard| now.saturating_duration_since(heard) >= SILENT_AFTER)
        };
        let silent = self.members.iter().filter(|(of, known)| *of != member && is_silent(known));
        let slots = silent.filter_map(|(of, _)| self.slot(of));
        // An owner whose clock is ahead begins before.
        let begins = slots.map(|slot| slot.begins(unix).saturating_sub(CLOCKS));
        begins.min().unwrap_or(LEASE)
    }

    fn slot(&self, member: &Member) -> Option<Slot> {
        let number = self.members.keys().position(|other| other == member)?;
        Some(Slot::new(number, self.members.len()))
    }

    fn siblings(&self, member: &Member, now: Instant) -> Siblings {
        let link = |of: &Use| of.ends.map(|(own, other)| (own.min(other), own.max(other)));
        let own = self.members.get(member).and_then(|known| link(&known.told));
        let mut all = BTreeSet::new();
        let mut busy = BTreeMap::<_, u64>::new();
        for (other, Known { told: of, at, .. }) in &self.members {
            let key = (link(of), link(of).is_none().then_some(other));
            if other == member || (own.is_some() && link(of) == own) {
                continue;
            }
            all.insert(key);
            // Who is not heard may be anywhere.
            let is_known = now.saturating_duration_since(*at) < ALONE_AFTER;
            if let Some(office) = of.office.filter(|_| is_known) {
                let used = busy.entry(key).or_default();
                *used = used.saturating_add(office);
            }
        }
        let count = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let used = busy.values().fold(0, |sum: u64, used| sum.saturating_add(*used));
        Siblings { links: count(all.len()), busy: count(busy.len()), used }
    }
}

fn turn(number: u64, left: Duration) -> Turn {
    Turn { number, millis: u64::try_from(left.as_millis()).unwrap_or(u64::MAX) }
}
