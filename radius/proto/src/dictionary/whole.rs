//! The dictionary as it is at run time: the table of this crate, and what an admin brought.
//!
//! What was brought goes first, but never lifts a secret: an attribute that this crate knows to
//! hold a password stays one, whatever a file says.

use std::collections::BTreeMap;

use super::{Coding, Kind, Oid, VendorFormat, VendorId, find, vendor};

/// An attribute as the dictionary defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'d> {
    /// Its name.
    pub name: &'d str,
    /// How to read its value.
    pub kind: Kind,
    /// What stands around its value.
    pub coding: Coding,
}

/// An attribute that was brought.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) coding: Coding,
}

/// This crate's table, and attributes that were brought ([`super::import`]).
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    pub(super) vendors: BTreeMap<VendorId, (String, VendorFormat)>,
    pub(super) attributes: BTreeMap<Oid, Brought>,
    pub(super) values: BTreeMap<Oid, BTreeMap<u64, String>>,
}

impl Dictionary {
    /// What is known about an attribute.
    pub fn definition(&self, oid: &Oid) -> Option<Definition<'_>> {
        let built_in = oid.attribute().and_then(find).map(|entry| Definition {
            name: entry.name,
            kind: entry.kind,
            coding: entry.coding,
        });
        if built_in.is_some_and(|definition| definition.kind == Kind::Secret) {
            return built_in;
        }
        let brought = self.attributes.get(oid).map(|brought| Definition {
            name: &brought.name,
            kind: brought.kind,
            coding: brought.coding,
        });
        brought.or(built_in)
    }

    /// The name of a value of an attribute.
    pub fn value_name(&self, oid: &Oid, number: u64) -> Option<&str> {
        let brought = self.values.get(oid).and_then(|names| names.get(&number));
        brought.map(String::as_str).or_else(|| {
            let Kind::Enumerated(names) = oid.attribute().and_then(find)?.kind else { return None };
            let named = names.iter().find(|(value, _)| u64::from(*value) == number);
            named.map(|(_, name)| *name)
        })
    }

    /// How a vendor's sub-attributes begin.
    pub fn format(&self, vendor: VendorId) -> VendorFormat {
        self.vendors.get(&vendor).map_or_else(|| VendorFormat::of(vendor), |(_, format)| *format)
    }

    /// A vendor's name.
    pub fn vendor_name(&self, id: VendorId) -> Option<&str> {
        let brought = self.vendors.get(&id).map(|(name, _)| name.as_str());
        brought.or_else(|| {
            vendor::VENDORS.iter().find(|vendor| vendor.id == id).map(|vendor| vendor.name)
        })
    }

    /// How many vendors were brought.
    pub fn brought_vendors(&self) -> usize {
        self.vendors.len()
    }

    /// How many attributes were brought.
    pub fn brought_attributes(&self) -> usize {
        self.attributes.len()
    }

    /// How many names of values were brought.
    pub fn brought_values(&self) -> usize {
        self.values.values().map(BTreeMap::len).sum()
    }

    /// The attributes that were brought, with their numbers.
    pub fn brought(&self) -> impl Iterator<Item = (&Oid, Definition<'_>)> {
        self.attributes.iter().map(|(oid, Brought { name, kind, coding })| {
            (oid, Definition { name, kind: *kind, coding: *coding })
        })
    }
}
