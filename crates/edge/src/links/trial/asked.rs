//! What a run asks the far resolvers, what was answered, and by which devices of this router questions and
//! answers passed. An answer counts if both went by the path that is tried: of any other it says nothing.
//!
//! Of each IP version one resolver has to know all names, as a host goes on to the next.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use hickory_proto::op::Query as Question;
use hickory_proto::rr::Name;
use link::carry::{Event, Place, Query, RunId, Witness};

use crate::links::dns;
use crate::links::settings::Resolvers;

/// The questions of one run.
#[derive(Debug)]
pub(super) struct Asked {
    resolvers: Vec<Resolver>,
}

/// One that is asked.
#[derive(Debug)]
struct Resolver {
    address: IpAddr,
    questions: Vec<Asking>,
    seen: Witness,
}

/// For a name.
#[derive(Debug)]
struct Asking {
    number: u16,
    question: Question,
    /// Whether the name was found, once there is an answer.
    is_found: Option<bool>,
}

impl Asked {
    /// The questions for these resolvers, with numbers that nobody can guess.
    pub(super) fn new(resolvers: &Resolvers, mut number: impl FnMut() -> u16) -> Self {
        let mut resolver =
            |address: &IpAddr| Resolver::new(*address, &resolvers.names, &mut number);
        Self { resolvers: resolvers.addresses.iter().map(&mut resolver).collect() }
    }

    /// Whom to ask, and what, as far as there is no answer yet.
    pub(super) fn questions(&self) -> Vec<(IpAddr, Vec<u8>)> {
        let of = |resolver: &Resolver| {
            let open = resolver.questions.iter().filter(|asking| asking.is_found.is_none());
            let address = resolver.address;
            // Who has a name can ask for it.
            let octets = |of: &Asking| dns::question(of.number, of.question.clone());
            open.map(|of| (address, octets(of).unwrap_or_default())).collect::<Vec<_>>()
        };
        self.resolvers.iter().flat_map(of).collect()
    }

    /// A packet from somebody came to this router by that way.
    pub(super) fn arrived(&mut self, other: SocketAddr, by: Place, now: Instant) {
        if let Some(resolver) = self.resolvers.iter_mut().find(|of| of.flow() == other) {
            resolver.seen.arrived(other, by, now);
        }
    }

    /// A packet to somebody left it by that way.
    pub(super) fn left(&mut self, other: SocketAddr, by: Place, now: Instant) {
        if let Some(resolver) = self.resolvers.iter_mut().find(|of| of.flow() == other) {
            resolver.seen.returned(other, by, now);
        }
    }

    /// Takes what a resolver said.
    pub(super) fn hear(&mut self, from: IpAddr, octets: &[u8]) {
        let number = octets.first_chunk().map(|number| u16::from_be_bytes(*number));
        let resolver = self.resolvers.iter_mut().find(|of| of.address == from);
        let mut asked = resolver.into_iter().flat_map(|of| &mut of.questions);
        if let Some(asking) = asked.find(|asking| Some(asking.number) == number) {
            asking.is_found = Some(dns::failure(octets, &asking.question).is_none());
        }
    }

    /// What came of it, as soon as that is known.
    pub(super) fn outcome(&mut self, now: Instant) -> Option<Event> {
        let outcomes: Vec<_> =
            self.resolvers.iter_mut().map(|of| (of.address.is_ipv4(), of.outcome(now))).collect();
        let mut is_open = false;
        for version in [true, false] {
            let of_version = || outcomes.iter().filter(|(of, _)| *of == version).map(|(_, of)| *of);
            let is_known = of_version().any(|of| of == Some(Event::Resolved));
            if of_version().any(|of| of.is_none()) && !is_known {
                is_open = true;
            } else if !is_known && let Some(failure) = of_version().flatten().next() {
                return Some(failure);
            }
        }
        (!is_open).then_some(Event::Resolved)
    }
}

impl Resolver {
    fn new(address: IpAddr, names: &[Name], number: &mut impl FnMut() -> u16) -> Self {
        let mut questions: Vec<Asking> = Vec::new();
        for name in names {
            // Of some billions of such numbers two are alike in a row.
            let mut free = number();
            while questions.iter().any(|asking| asking.number == free) {
                free = number();
            }
            let question = dns::addresses_of(name.clone());
            questions.push(Asking { number: free, question, is_found: None });
        }
        Self { address, questions, seen: Witness::default() }
    }

    fn outcome(&mut self, now: Instant) -> Option<Event> {
        let seen = self.seen.confirm(&Query { run: RunId([0; 16]), flow: self.flow() }, now);
        let all = || self.questions.iter().map(|asking| asking.is_found);
        let is_found = if all().any(|of| of == Some(false)) {
            false
        } else {
            all().collect::<Option<Vec<_>>>().map(|_| true)?
        };
        match (seen.returned, seen.arrived, is_found) {
            // The answer was faster here than the word by which device it came.
            (Place::Nowhere, ..) | (_, Place::Nowhere, _) => None,
            (Place::Elsewhere(_), ..) => Some(Event::NoRoute),
            (_, Place::Elsewhere(interface), _) => Some(Event::Strayed(interface)),
            (Place::OnPath, Place::OnPath, true) => Some(Event::Resolved),
            (Place::OnPath, Place::OnPath, false) => Some(Event::NotResolved),
        }
    }

    /// It as the witness knows it.
    const fn flow(&self) -> SocketAddr {
        SocketAddr::new(self.address, dns::PORT)
    }
}

#[cfg(test)]
mod tests {
    use link::carry::Interface;

    use super::*;

    const RESOLVER: &str = "10.2.0.53";
    const FOUND: u8 = 0;
    const UNKNOWN: u8 = 3;

    fn asked(resolvers: &[&str], names: &[&str]) -> Asked {
        let addresses = resolvers.iter().map(|of| of.parse().unwrap()).collect();
        let names = names.iter().map(|name| dns::host(name).unwrap()).collect();
        let mut number = 6;
        Asked::new(&Resolvers { addresses, names }, || {
            number += 1;
            // Twice the same in a row.
            number / 2
        })
    }

    /// What a resolver answers to a question.
    fn answer(question: &[u8], code: u8) -> Vec<u8> {
        let mut octets = question.to_vec();
        octets[2] |= 0x80;
        octets[3] = code;
        octets
    }

    fn place(asked: &mut Asked, resolver: &str, out: Place, back: Place) {
        let (flow, now) = (SocketAddr::new(resolver.parse().unwrap(), 53), Instant::now());
        asked.left(flow, out, now);
        asked.arrived(flow, back, now);
    }

    #[test]
    fn an_answer_counts_if_it_and_its_question_went_by_the_path() {
        let elsewhere = Place::Elsewhere(Interface::new("fib0").unwrap());
        let now = Instant::now();
        let strayed = Some(Event::Strayed(Interface::new("fib0").unwrap()));
        for resolver in [RESOLVER, "2001:db8:2::53"] {
            for (out, back, code, expected) in [
                (Place::OnPath, Place::OnPath, FOUND, Some(Event::Resolved)),
                (Place::OnPath, Place::OnPath, UNKNOWN, Some(Event::NotResolved)),
                (elsewhere, Place::OnPath, FOUND, Some(Event::NoRoute)),
                (Place::OnPath, elsewhere, FOUND, strayed),
            ] {
                let mut asked = asked(&[resolver], &["hofuf.example"]);
                let (whom, question) = asked.questions().remove(0);
                asked.hear(whom, &answer(&question, code));
                assert_eq!(asked.outcome(now), None, "nobody knows yet how it came");
                place(&mut asked, resolver, out, back);
                assert_eq!(asked.outcome(now), expected, "{out:?} {back:?} {code}");
                assert!(asked.questions().is_empty(), "nothing is asked twice");
            }
        }
    }

    #[test]
    fn of_each_ip_version_one_resolver_has_to_know_all_names() {
        let (first, second, third) = (RESOLVER, "10.2.0.54", "2001:db8:2::53");
        let (resolved, not) = (Some(Event::Resolved), Some(Event::NotResolved));
        // What each answers for each of two names, if it does.
        for (answers, expected) in [
            ([[Some(0), Some(0)], [Some(0), Some(0)], [Some(0), Some(0)]], resolved),
            ([[Some(3), Some(0)], [Some(0), Some(0)], [Some(0), Some(0)]], resolved),
            ([[None, None], [Some(0), Some(0)], [Some(0), Some(0)]], resolved),
            ([[Some(0), Some(0)], [Some(0), Some(0)], [Some(0), None]], None),
            ([[Some(0), Some(0)], [Some(0), Some(0)], [Some(0), Some(3)]], not),
            ([[Some(0), Some(0)], [Some(0), Some(0)], [None, Some(3)]], not),
            ([[Some(0), Some(3)], [Some(3), Some(0)], [Some(0), Some(0)]], not),
            ([[Some(0), Some(3)], [Some(0), None], [Some(0), Some(0)]], None),
            ([[Some(2), Some(2)], [Some(2), Some(2)], [None, None]], not),
        ] {
            let mut asked = asked(&[first, second, third], &["hofuf.example", "a.example"]);
            let questions = asked.questions();
            assert_eq!(questions.len(), 6);
            for resolver in [first, second, third] {
                place(&mut asked, resolver, Place::OnPath, Place::OnPath);
            }
            for ((whom, question), code) in questions.iter().zip(answers.into_iter().flatten()) {
                if let Some(code) = code {
                    asked.hear(*whom, &answer(question, code));
                }
            }
            assert_eq!(asked.outcome(Instant::now()), expected, "{answers:?}");
            let open = answers.iter().flatten().filter(|code| code.is_none()).count();
            assert_eq!(asked.questions().len(), open, "only those without an answer");
        }
    }

    #[test]
    fn what_others_say_is_no_answer() {
        let (mut asked, now) = (asked(&[RESOLVER], &["hofuf.example"]), Instant::now());
        place(&mut asked, RESOLVER, Place::OnPath, Place::OnPath);
        let (whom, question) = asked.questions().remove(0);
        let mut other = answer(&question, FOUND);
        asked.hear("10.2.0.54".parse().unwrap(), &other);
        other[1] ^= 0xff;
        asked.hear(whom, &other);
        asked.hear(whom, &[]);
        assert_eq!(asked.outcome(now), None);
    }
}
