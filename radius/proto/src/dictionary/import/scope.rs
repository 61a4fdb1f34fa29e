//! Where in the tree of numbers the lines of a file are: at its root, in a vendor, in an attribute.

use super::Problem;
use crate::dictionary::{AttributeType, ExtendedAttribute, ExtendedSpace, Oid};
use crate::extended::VENDOR_SPECIFIC;

/// What was begun and not yet ended, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope(Vec<(String, Oid)>);

impl Scope {
    /// Attributes from now on are numbered inside `oid`.
    pub(super) fn begin(&mut self, name: &str, oid: Oid) {
        self.0.push((name.to_owned(), oid));
    }

    /// Ends what was begun last, if it has that name.
    pub(super) fn end(&mut self, name: &str) -> Result<(), Problem> {
        match self.0.pop() {
            Some((begun, _)) if begun.eq_ignore_ascii_case(name) => Ok(()),
            _ => Err(Problem::NotBegun(name.to_owned())),
        }
    }

    /// The names of what was begun.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The path of a number here.
    pub(super) fn oid(&self, number: &[u32]) -> Option<Oid> {
        let outer = self.0.last().map_or(&[][..], |(_, oid)| oid.parts());
        Oid::new([outer, number].concat())
    }
}

/// The path of `Extended-Vendor-Specific-1` to `-6`, whether or not a file defines them.
pub(super) fn extended_vendor_specific(name: &str) -> Option<Oid> {
    let number: u8 = name.strip_prefix("Extended-Vendor-Specific-")?.parse().ok()?;
    let space = ExtendedSpace::of(AttributeType(number.checked_add(240)?))?;
    let attribute = ExtendedAttribute { space, number: VENDOR_SPECIFIC };
    Some(crate::dictionary::AttributeId::from(attribute).oid())
}
