//! What a run asks the far resolver, what was answered, and by which devices of this router question and
//! answer passed. An answer counts if both went by the path that is tried: of any other it says nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use hickory_proto::op::Query as Question;
use link::carry::{Event, Place, Query, RunId, Witness};

use crate::links::dns;
use crate::links::settings::Resolver;

/// A question of one run.
#[derive(Debug)]
pub(super) struct Asked {
    resolver: Ipv4Addr,
    number: u16,
    question: Question,
    seen: Witness,
    /// Whether the name was found, once there is an answer.
    is_found: Option<bool>,
}

impl Asked {
    /// The question for a resolver, with a number that nobody can guess.
    pub(super) fn new(resolver: &Resolver, number: u16) -> Self {
        let question = dns::addresses_of(resolver.name.clone());
        let seen = Witness::default();
        Self { resolver: resolver.address, number, question, seen, is_found: None }
    }

    /// Whom to ask, and what.
    pub(super) fn question(&self) -> (Ipv4Addr, Vec<u8>) {
        // Who has a name can ask for it.
        let octets = dns::question(self.number, self.question.clone()).unwrap_or_default();
        (self.resolver, octets)
    }

    /// A packet from somebody came to this router by that way.
    pub(super) fn arrived(&mut self, other: SocketAddr, by: Place, now: Instant) {
        if other == self.flow() {
            self.seen.arrived(other, by, now);
        }
    }

    /// A packet to somebody left it by that way.
    pub(super) fn left(&mut self, other: SocketAddr, by: Place, now: Instant) {
        if other == self.flow() {
            self.seen.returned(other, by, now);
        }
    }

    /// Takes what a resolver said.
    pub(super) fn hear(&mut self, from: Ipv4Addr, octets: &[u8]) {
        let number = octets.first_chunk().map(|number| u16::from_be_bytes(*number));
        if from == self.resolver && number == Some(self.number) {
            self.is_found = Some(dns::failure(octets, &self.question).is_none());
        }
    }

    /// What came of it, as soon as that is known.
    pub(super) fn outcome(&mut self, now: Instant) -> Option<Event> {
        let seen = self.seen.confirm(&Query { run: RunId([0; 16]), flow: self.flow() }, now);
        match (seen.returned, seen.arrived, self.is_found?) {
            // The answer was faster here than the word by which device it came.
            (Place::Nowhere, ..) | (_, Place::Nowhere, _) => None,
            (Place::Elsewhere(_), ..) => Some(Event::NoRoute),
            (_, Place::Elsewhere(interface), _) => Some(Event::Strayed(interface)),
            (Place::OnPath, Place::OnPath, true) => Some(Event::Resolved),
            (Place::OnPath, Place::OnPath, false) => Some(Event::NotResolved),
        }
    }

    const fn flow(&self) -> SocketAddr {
        flow_of(self.resolver, dns::PORT)
    }
}

/// An address as the witness knows it.
const fn flow_of(address: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), port)
}

#[cfg(test)]
mod tests {
    use link::carry::Interface;

    use super::*;

    const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 53);

    fn asked() -> Asked {
        let name = dns::host("hofuf.example").unwrap();
        Asked::new(&Resolver { address: RESOLVER, name }, 7)
    }

    fn answer(asked: &Asked, code: u8) -> Vec<u8> {
        let (_, mut octets) = asked.question();
        octets[2] |= 0x80;
        octets[3] = code;
        octets
    }

    #[test]
    fn an_answer_counts_if_it_and_its_question_went_by_the_path() {
        let elsewhere = Place::Elsewhere(Interface::new("fib0").unwrap());
        let now = Instant::now();
        let strayed = Some(Event::Strayed(Interface::new("fib0").unwrap()));
        for (out, back, code, expected) in [
            (Place::OnPath, Place::OnPath, 0, Some(Event::Resolved)),
            (Place::OnPath, Place::OnPath, 3, Some(Event::NotResolved)),
            (elsewhere, Place::OnPath, 0, Some(Event::NoRoute)),
            (Place::OnPath, elsewhere, 0, strayed),
        ] {
            let mut asked = asked();
            asked.left(flow_of(RESOLVER, 53), out, now);
            asked.hear(RESOLVER, &answer(&asked, code));
            assert_eq!(asked.outcome(now), None, "nobody knows yet how it came");
            asked.arrived(flow_of(RESOLVER, 53), back, now);
            assert_eq!(asked.outcome(now), expected, "{out:?} {back:?} {code}");
        }
    }

    #[test]
    fn what_others_say_is_no_answer() {
        let (mut asked, now) = (asked(), Instant::now());
        asked.left(flow_of(RESOLVER, 53), Place::OnPath, now);
        asked.arrived(flow_of(RESOLVER, 53), Place::OnPath, now);
        let mut other = answer(&asked, 0);
        asked.hear(Ipv4Addr::new(10, 2, 0, 54), &other);
        other[1] = 8;
        asked.hear(RESOLVER, &other);
        asked.hear(RESOLVER, &[]);
        assert_eq!(asked.outcome(now), None);
    }
}
