//! Dictionaries in the syntax of FreeRADIUS, brought by an admin for makers that are not here.
//!
//! Files are read through the caller. What RADIUS packets cannot carry, and words that are not
//! understood, are ignored and told; only a line that cannot be what its keyword says stops the
//! import, with its file and line. Includes, lines and depth are bounded, so that files that
//! include each other come to an end.

mod line;
mod scope;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::whole::Brought;
use super::{AttributeId, Coding, Dictionary, Kind, Oid, VendorId, find_by_name, vendor};
use line::{Attribute, Line, Named, Outside};
use scope::Scope;

/// How deep files may include one another.
pub const MAX_DEPTH: usize = 10;
/// How many files are read at most.
pub const MAX_FILES: usize = 1_000;
/// How many lines are read at most, of all files.
pub const MAX_LINES: usize = 500_000;

/// What files brought.
#[derive(Debug, Default)]
pub struct Import {
    /// The dictionary with everything that could be used.
    pub dictionary: Dictionary,
    /// What could not, in the order met.
    pub ignored: Vec<Ignored>,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Where it stands.
    pub place: Place,
    /// Why it was left out.
    pub reason: Reason,
}

/// Why something is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
pub enum Reason {
    /// A keyword without a meaning here.
    #[error("the keyword {0} is not used here")]
    Keyword(String),
    /// An attribute whose number fits no packet: the server's own.
    #[error("an attribute that no packet can carry")]
    NotInPackets,
    /// A type without a meaning here; the attribute is read as octets.
    #[error("the type {0} is read as octets")]
    Type(String),
    /// A flag without a meaning here; the attribute is there without it.
    #[error("the flag {0} is not used here")]
    Flag(String),
    /// A value of an attribute that is not in the dictionary.
    #[error("a value of an attribute that is not in the dictionary")]
    ValueOfUnknown,
    /// A vendor or attribute that is begun, but not ended in its file.
    #[error("{0} is not ended in its file")]
    NotEnded(String),
    /// An optional file that is not there.
    #[error("the optional file is not there")]
    OptionalFile,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 is the file as a whole.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Why an import stopped.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct ImportError {
    /// Where it stopped.
    pub place: Place,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Error)]
pub enum Problem {
    /// Words are missing.
    #[error("{keyword} needs {needs}")]
    Incomplete {
        /// The keyword.
        keyword: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// Something that must be a number is none.
    #[error("{0:?} is no number that fits here")]
    Number(String),
    /// A format that no vendor has.
    #[error("{0:?} is no format of a vendor")]
    Format(String),
    /// A vendor that no line before has named.
    #[error("the vendor {0} is not known yet")]
    UnknownVendor(String),
    /// An attribute that no line before has named.
    #[error("the attribute {0} is not known yet")]
    UnknownAttribute(String),
    /// An end without its begin.
    #[error("{0} is ended, but was not begun")]
    NotBegun(String),
    /// A file cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Files include one another too deep.
    #[error("files include one another more than {MAX_DEPTH} deep")]
    TooDeep,
    /// There is too much to read.
    #[error("there are more than {MAX_FILES} files or {MAX_LINES} lines")]
    TooMuch,
}

/// How a file is read.
pub type Load<'l> = &'l mut dyn FnMut(&Path) -> io::Result<String>;

/// Imports files one after the other, with all that they include.
pub fn import(files: &[PathBuf], load: Load<'_>) -> Result<Import, ImportError> {
    let mut importer = Importer::new(load);
    for file in files {
        let place = Place { file: file.clone(), line: 0 };
        importer.file(file, 0).map_err(|problem| problem.at(&place))?;
    }
    importer.name_values();
    Ok(importer.import)
}

/// A problem that has its place already, or gets that of the line being read.
enum Stop {
    Here(Problem),
    There(ImportError),
}

impl Stop {
    fn at(self, place: &Place) -> ImportError {
        match self {
            Self::Here(problem) => ImportError { place: place.clone(), problem },
            Self::There(error) => error,
        }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

/// A value whose attribute may still come.
struct PendingValue {
    place: Place,
    attribute: String,
    name: String,
    number: u64,
}

struct Importer<'l> {
    load: Load<'l>,
    import: Import,
    /// Attributes that were brought, by name in lower case.
    names: BTreeMap<String, Oid>,
    values: Vec<PendingValue>,
    files: usize,
    lines: usize,
}

impl<'l> Importer<'l> {
    fn new(load: Load<'l>) -> Self {
        let (import, names) = (Import::default(), BTreeMap::new());
        Self { load, import, names, values: Vec::new(), files: 0, lines: 0 }
    }

    fn file(&mut self, file: &Path, depth: usize) -> Result<(), Stop> {
        self.files += 1;
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep.into());
        }
        if self.files > MAX_FILES {
            return Err(Problem::TooMuch.into());
        }
        let text = (self.load)(file)
            .map_err(|error| Problem::Unreadable { file: file.to_owned(), error })?;
        let mut scope = Scope::default();
        let mut place = Place { file: file.to_owned(), line: 0 };
        for line in text.lines() {
            place.line += 1;
            self.lines += 1;
            if self.lines > MAX_LINES {
                return Err(Problem::TooMuch.into());
            }
            self.line(line, &mut scope, &place, depth)
                .map_err(|stop| Stop::There(stop.at(&place)))?;
        }
        for name in scope.open() {
            self.ignore(&place, Reason::NotEnded(name.to_owned()));
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &str,
        scope: &mut Scope,
        place: &Place,
        depth: usize,
    ) -> Result<(), Stop> {
        match line::parse(line)? {
            Line::Nothing => {}
            Line::Other(keyword) => self.ignore(place, Reason::Keyword(keyword.to_owned())),
            Line::Include(file) => self.file(&beside(&place.file, file), depth + 1)?,
            Line::IncludeIfThere(file) => self.include_if_there(file, place, depth)?,
            Line::Vendor(Named { name, number }, format) => {
                let id = VendorId(number);
                self.import.dictionary.vendors.insert(id, (name.to_owned(), format));
            }
            Line::BeginVendor(name, outside) => {
                let vendor =
                    self.vendor(name).ok_or_else(|| Problem::UnknownVendor(name.to_owned()))?;
                scope.begin(name, self.outside(outside)?.child(vendor.0));
            }
            Line::BeginTlv(name) => scope.begin(name, self.attribute_named(name)?),
            Line::End(name) => scope.end(name)?,
            Line::Attribute(attribute) => self.attribute(attribute, scope, place),
            Line::Value(attribute, Named { name, number }) => self.values.push(PendingValue {
                place: place.clone(),
                attribute: attribute.to_owned(),
                name: name.to_owned(),
                number,
            }),
        }
        Ok(())
    }

    fn include_if_there(&mut self, file: &str, place: &Place, depth: usize) -> Result<(), Stop> {
        match self.file(&beside(&place.file, file), depth + 1) {
            Err(Stop::Here(Problem::Unreadable { error, .. }))
                if error.kind() == io::ErrorKind::NotFound =>
            {
                self.ignore(place, Reason::OptionalFile);
                Ok(())
            }
            read => read,
        }
    }

    fn attribute(&mut self, attribute: Attribute<'_>, scope: &Scope, place: &Place) {
        let Some(oid) = scope.oid(&attribute.number).filter(in_packets) else {
            return self.ignore(place, Reason::NotInPackets);
        };
        let Attribute { name, mut kind, coding, unused, .. } = attribute;
        for reason in unused {
            self.ignore(place, reason);
        }
        if coding == Coding::Tagged && matches!(kind, Kind::Byte | Kind::Short) {
            kind = Kind::Octets;
        }
        self.names.insert(name.to_ascii_lowercase(), oid.clone());
        let brought = Brought { name: name.to_owned(), kind, coding };
        self.import.dictionary.attributes.insert(oid, brought);
    }

    /// Where a vendor's attributes stand: in Vendor-Specific, or in the extended attribute named.
    fn outside(&self, outside: Outside<'_>) -> Result<Oid, Problem> {
        match outside {
            Outside::VendorSpecific => {
                Ok(AttributeId::from(super::attribute::VENDOR_SPECIFIC).oid())
            }
            Outside::Named(name) => {
                scope::extended_vendor_specific(name).map_or_else(|| self.attribute_named(name), Ok)
            }
        }
    }

    fn vendor(&self, name: &str) -> Option<VendorId> {
        let mut brought = self.import.dictionary.vendors.iter();
        let found = brought.find(|(_, (brought, _))| brought.eq_ignore_ascii_case(name));
        found.map(|(id, _)| *id).or_else(|| {
            let mut built_in = vendor::VENDORS.iter();
            built_in.find(|vendor| vendor.name.eq_ignore_ascii_case(name)).map(|vendor| vendor.id)
        })
    }

    fn attribute_named(&self, name: &str) -> Result<Oid, Problem> {
        self.find(name).ok_or_else(|| Problem::UnknownAttribute(name.to_owned()))
    }

    fn find(&self, name: &str) -> Option<Oid> {
        let brought = self.names.get(&name.to_ascii_lowercase()).cloned();
        brought.or_else(|| find_by_name(name).map(|entry| entry.id.oid()))
    }

    /// Gives values to their attributes, once all of those are known.
    fn name_values(&mut self) {
        for PendingValue { place, attribute, name, number } in std::mem::take(&mut self.values) {
            match self.find(&attribute) {
                Some(oid) => {
                    let names = self.import.dictionary.values.entry(oid).or_default();
                    names.entry(number).or_insert(name);
                }
                None => self.ignore(&place, Reason::ValueOfUnknown),
            }
        }
    }

    fn ignore(&mut self, place: &Place, reason: Reason) {
        self.import.ignored.push(Ignored { place: place.clone(), reason });
    }
}

/// A file as another names it: absolute, or from that one's folder.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
}

/// Whether a packet can carry an attribute; a dictionary also numbers the server's own.
fn in_packets(oid: &Oid) -> bool {
    matches!(oid.parts(), [1..=255, ..])
}

#[cfg(test)]
mod tests;
