//! The audit log as a chain: each link says what was done, and carries the hash of the link before
//! it. So nothing in it can be changed, left out or put in without breaking the chain from there
//! on. Who can rewrite all that follows is found by a head that is kept elsewhere.
//!
//! A hash is SHA-256 over [`VERSION`], and then the link's fields, each with its length (eight
//! octets, big-endian) before it: number and time (eight octets each, big-endian), actor, act,
//! subject, detail, and the hash of the link before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{HashOf, Timestamp};

/// What every hash begins with.
const VERSION: &str = "sabeel audit link 1";

/// What a [`LinkHash`] is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {}

/// The hash of a link.
pub type LinkHash = HashOf<Link>;

impl LinkHash {
    /// What stands for the hash before the first link.
    pub const NONE: Self = Self::from_bytes([0; 32]);
}

/// The last link of a chain, which stands for all of it; written `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The link's number; 0 is a chain without links.
    pub number: u64,
    /// Its hash.
    pub hash: LinkHash,
}

/// Why a text is not a [`ChainHead`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a head is written NUMBER:HASH, with a hash of 64 hexadecimal digits")]
pub struct ChainHeadError;

impl ChainHead {
    /// That of a chain without links.
    pub const EMPTY: Self = Self { number: 0, hash: LinkHash::NONE };
}

impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for ChainHead {
    type Err = ChainHeadError;

    fn from_str(text: &str) -> Result<Self, ChainHeadError> {
        let (number, hash) = text.split_once(':').ok_or(ChainHeadError)?;
        let number = number.parse().map_err(|_| ChainHeadError)?;
        Ok(Self { number, hash: hash.parse().map_err(|_| ChainHeadError)? })
    }
}

/// What was done, as it is hashed: texts as they are kept, also those that nobody of us wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLink {
    /// One more than that of the link before; the first is 1.
    pub number: u64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `account-erased`.
    pub act: String,
    /// To what or whom, such as `plan:visitor`; persons by account or keyed hash.
    pub subject: String,
    /// More about it, as a JSON object.
    pub detail: String,
    /// The hash of the link before.
    pub previous: LinkHash,
    /// The hash of this link.
    pub hash: LinkHash,
}

impl AuditLink {
    /// The act by which links themselves are destroyed once they are old enough.
    pub const SHORTENED: &'static str = "audit-shortened";

    /// This link with the hash that its fields give.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.hash = self.computed();
        self
    }

    /// The link as a head.
    #[must_use]
    pub const fn head(&self) -> ChainHead {
        ChainHead { number: self.number, hash: self.hash }
    }

    fn computed(&self) -> LinkHash {
        let mut hash = Sha256::new();
        let number = self.number.to_be_bytes();
        let at = self.at.as_millis().to_be_bytes();
        for part in [
            VERSION.as_bytes(),
            &number,
            &at,
            self.actor.as_bytes(),
            self.act.as_bytes(),
            self.subject.as_bytes(),
            self.detail.as_bytes(),
            &self.previous.to_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        LinkHash::from_bytes(hash.finalize().into())
    }
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// A link has other content than it was written with.
    #[error("link {0} was changed")]
    Changed(u64),
    /// A link is another one than the next was written after.
    #[error("link {0} was replaced: link {next} was written after another one", next = .0 + 1)]
    Replaced(u64),
    /// A link is not there.
    #[error("link {0} is missing")]
    Missing(u64),
    /// A number stands there twice, or later than a higher one.
    #[error("link {0} stands in the wrong place")]
    Misplaced(u64),
    /// The chain is good, but not the one whose head was kept.
    #[error("link {0} is not the one whose hash was kept: the chain was written anew")]
    Rewritten(u64),
    /// The head that was kept is of a link that was destroyed since, so nothing can be said.
    #[error("link {0}, whose hash was kept, was destroyed since: keep a newer one")]
    Outlived(u64),
}

/// Walks along a chain, link by link, from its beginning.
#[derive(Debug, Clone)]
pub struct ChainWalk {
    /// Where the chain begins: after this.
    before: Option<ChainHead>,
    head: ChainHead,
    /// Whether a shortening says that the chain begins there.
    is_shortened: bool,
    kept: Option<ChainHead>,
    links: u64,
}

impl ChainWalk {
    /// A walk along a chain in which a head that was kept elsewhere must be met, if there is one.
    #[must_use]
    pub const fn new(kept: Option<ChainHead>) -> Self {
        let head = ChainHead::EMPTY;
        Self { before: None, head, is_shortened: false, kept, links: 0 }
    }

    /// Takes the next link.
    ///
    /// # Errors
    /// [`BrokenChain`] if it does not follow the links before.
    pub fn take(&mut self, link: &AuditLink) -> Result<(), BrokenChain> {
        let Some(before) = link.number.checked_sub(1) else {
            return Err(BrokenChain::Misplaced(link.number));
        };
        if self.before.is_none() {
            // What is left of a chain that was shortened begins later.
            self.head = ChainHead { number: before, hash: link.previous };
            self.before = Some(self.head);
            self.meet(self.head)?;
        }
        if before > self.head.number {
            return Err(BrokenChain::Missing(self.head.number + 1));
        }
        if before < self.head.number {
            return Err(BrokenChain::Misplaced(link.number));
        }
        if link.computed() != link.hash {
            return Err(BrokenChain::Changed(link.number));
        }
        if link.previous != self.head.hash {
            return Err(BrokenChain::Replaced(before));
        }
        self.meet(link.head())?;
        if link.act == AuditLink::SHORTENED && Some(&link.subject) == self.shortened().as_ref() {
            self.is_shortened = true;
        }
        self.head = link.head();
        self.links += 1;
        Ok(())
    }

    /// Compares a link with the head that was kept, if it is that link.
    fn meet(&self, head: ChainHead) -> Result<(), BrokenChain> {
        match self.kept {
            Some(kept) if kept.number == head.number && kept.hash != head.hash => {
                Err(BrokenChain::Rewritten(head.number))
            }
            _ => Ok(()),
        }
    }

    /// The subject of a shortening that ends where this chain begins.
    fn shortened(&self) -> Option<String> {
        self.before.map(shortening_subject)
    }

    /// Ends the walk; returns the head and how many links there are.
    ///
    /// # Errors
    /// [`BrokenChain::Missing`] if the beginning is missing and nothing says that it was destroyed,
    /// or if the chain ends before the head that was kept, and [`BrokenChain::Outlived`] if it begins
    /// after it.
    pub fn finish(self) -> Result<(ChainHead, u64), BrokenChain> {
        let before = self.before.unwrap_or(ChainHead::EMPTY);
        if before != ChainHead::EMPTY && !self.is_shortened {
            return Err(BrokenChain::Missing(before.number));
        }
        match self.kept {
            Some(kept) if kept.number > self.head.number => {
                Err(BrokenChain::Missing(self.head.number + 1))
            }
            Some(kept) if kept.number < before.number => Err(BrokenChain::Outlived(kept.number)),
            _ => Ok((self.head, self.links)),
        }
    }
}

/// The subject of the link that says up to where links were destroyed.
#[must_use]
pub fn shortening_subject(last: ChainHead) -> String {
    format!("link:{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(after: ChainHead, act: &str, subject: &str) -> AuditLink {
        AuditLink {
            number: after.number + 1,
            at: Timestamp::from_secs(1_795_597_200),
            actor: "uid 1000 (ahmad)".into(),
            act: act.into(),
            subject: subject.into(),
            detail: "{}".into(),
            previous: after.hash,
            hash: LinkHash::NONE,
        }
        .sealed()
    }

    fn chain(length: u64) -> Vec<AuditLink> {
        let mut links: Vec<AuditLink> = Vec::new();
        for number in 1..=length {
            let head = links.last().map_or(ChainHead::EMPTY, AuditLink::head);
            links.push(link(head, "plan-added", &format!("plan:p{number}")));
        }
        links
    }

    fn walk(links: &[AuditLink], kept: Option<ChainHead>) -> Result<(ChainHead, u64), BrokenChain> {
        let mut walk = ChainWalk::new(kept);
        links.iter().try_for_each(|link| walk.take(link))?;
        walk.finish()
    }

    /// Gives every link from `from` on the hashes that follow from what is before.
    fn written_anew(links: &mut [AuditLink], from: usize) {
        for at in from..links.len() {
            links[at].previous = if at == 0 { LinkHash::NONE } else { links[at - 1].hash };
            links[at] = links[at].clone().sealed();
        }
    }

    #[test]
    fn a_whole_chain_has_the_head_of_its_last_link() {
        assert_eq!(walk(&[], None), Ok((ChainHead::EMPTY, 0)));
        let links = chain(5);
        assert_eq!(walk(&links, None), Ok((links[4].head(), 5)));
        let head = links[4].head();
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "5", "5:", "x:00", "5:0g"] {
            assert_eq!(text.parse::<ChainHead>(), Err(ChainHeadError), "{text}");
        }
    }

    #[test]
    fn a_changed_or_missing_link_is_found() {
        let good = chain(5);
        type Change = fn(&mut AuditLink);
        let changes: [Change; 8] = [
            |link| link.number += 100,
            |link| link.at = Timestamp::from_secs(1),
            |link| link.actor = "uid 0 (root)".into(),
            |link| link.act = "plan-removed".into(),
            |link| link.subject = "plan:p".into(),
            |link| link.detail = "{ }".into(),
            |link| link.previous = LinkHash::NONE,
            |link| link.hash = LinkHash::NONE,
        ];
        for (which, change) in changes.into_iter().enumerate() {
            let mut links = good.clone();
            change(&mut links[2]);
            let expected =
                if which == 0 { BrokenChain::Missing(3) } else { BrokenChain::Changed(3) };
            assert_eq!(walk(&links, None), Err(expected), "change {which}");
        }
        for at in 0..4 {
            let mut links = good.clone();
            let missing = links.remove(at).number;
            assert_eq!(walk(&links, None), Err(BrokenChain::Missing(missing)));
        }
        let mut links = good.clone();
        links.insert(2, links[0].clone());
        assert_eq!(walk(&links, None), Err(BrokenChain::Misplaced(1)));
    }

    #[test]
    fn who_moves_text_from_one_field_to_the_next_changes_the_link() {
        let mut links = chain(1);
        links[0].act.push_str("plan");
        links[0].subject = links[0].subject.trim_start_matches("plan").to_owned();
        assert_eq!(walk(&links, None), Err(BrokenChain::Changed(1)));
    }

    #[test]
    fn a_link_that_was_replaced_with_a_fitting_hash_is_found_by_the_next() {
        let mut links = chain(5);
        links[2].actor = "uid 0 (root)".into();
        links[2] = links[2].clone().sealed();
        assert_eq!(walk(&links, None), Err(BrokenChain::Replaced(3)));
    }

    #[test]
    fn a_chain_that_was_written_anew_or_cut_off_is_found_by_a_kept_head() {
        let good = chain(5);
        let kept = Some(good[3].head());
        assert_eq!(walk(&good, kept), Ok((good[4].head(), 5)));
        let mut links = good.clone();
        links[1].actor = "uid 0 (root)".into();
        written_anew(&mut links, 1);
        assert!(walk(&links, None).is_ok(), "the chain alone cannot tell");
        assert_eq!(walk(&links, kept), Err(BrokenChain::Rewritten(4)));
        assert_eq!(walk(&good[..3], kept), Err(BrokenChain::Missing(4)));
    }

    #[test]
    fn a_beginning_may_be_missing_only_where_a_link_says_so() {
        let mut links = chain(5);
        assert_eq!(walk(&links[2..], None), Err(BrokenChain::Missing(2)));
        let subject = shortening_subject(links[1].head());
        links.push(link(links[4].head(), AuditLink::SHORTENED, &subject));
        assert_eq!(walk(&links[2..], None), Ok((links[5].head(), 4)));
        assert_eq!(walk(&links[3..], None), Err(BrokenChain::Missing(3)));
        assert!(walk(&links, None).is_ok());
        let [oldest, last_destroyed] = [links[0].head(), links[1].head()];
        assert_eq!(walk(&links[2..], Some(oldest)), Err(BrokenChain::Outlived(1)));
        assert_eq!(walk(&links[2..], Some(last_destroyed)), Ok((links[5].head(), 4)));
        let another = ChainHead { number: 2, hash: oldest.hash };
        assert_eq!(walk(&links[2..], Some(another)), Err(BrokenChain::Rewritten(2)));
    }
}
