//! One line of a dictionary in the syntax of FreeRADIUS.
//!
//! Words stand between blanks, a word that begins with `#` begins a comment, numbers are decimal,
//! hexadecimal after `0x` or octal after `0`. Keywords are read in any letter case.

use super::{Problem, Reason};
use crate::dictionary::{Coding, Kind, VendorFormat};

/// What a line says.
pub(super) enum Line<'a> {
    /// A comment or nothing.
    Nothing,
    /// A keyword that has no meaning here.
    Other(&'a str),
    /// Read another file.
    Include(&'a str),
    /// Read another file, if there is one.
    IncludeIfThere(&'a str),
    /// A vendor has this number.
    Vendor(Named<'a, u32>, VendorFormat),
    /// From now on attributes are this vendor's.
    BeginVendor(&'a str, Outside<'a>),
    /// From now on attributes are inside this one.
    BeginTlv(&'a str),
    /// Attributes are not this vendor's, or inside this one, any more.
    End(&'a str),
    /// An attribute has this number.
    Attribute(Attribute<'a>),
    /// A value of the attribute has this name.
    Value(&'a str, Named<'a, u64>),
}

/// A name for a number.
pub(super) struct Named<'a, N> {
    pub(super) name: &'a str,
    pub(super) number: N,
}

/// Where a vendor's attributes stand.
pub(super) enum Outside<'a> {
    /// In Vendor-Specific.
    VendorSpecific,
    /// In the attribute of this name.
    Named(&'a str),
}

/// An attribute as its line has it.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    /// Its number, and the way into it if it is inside another.
    pub(super) number: Vec<u32>,
    pub(super) kind: Kind,
    pub(super) coding: Coding,
    /// What of the line has no meaning here.
    pub(super) unused: Vec<Reason>,
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Line<'_>, Problem> {
    let words: Vec<&str> =
        line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    let Some((keyword, rest)) = words.split_first() else { return Ok(Line::Nothing) };
    match (keyword.to_ascii_uppercase().as_str(), rest) {
        ("$INCLUDE", [file, ..]) => Ok(Line::Include(file)),
        ("$INCLUDE-", [file, ..]) => Ok(Line::IncludeIfThere(file)),
        ("$INCLUDE" | "$INCLUDE-", []) => incomplete("$INCLUDE", "a file"),
        ("VENDOR", [name, number, options @ ..]) => {
            let named = Named { name, number: small_number(number)? };
            Ok(Line::Vendor(named, format_of(options)?))
        }
        ("VENDOR", _) => incomplete("VENDOR", "a name and a number"),
        ("BEGIN-VENDOR", [name, options @ ..]) => {
            let outside = options.iter().find_map(|option| {
                option.strip_prefix("format=").or_else(|| option.strip_prefix("parent="))
            });
            Ok(Line::BeginVendor(name, outside.map_or(Outside::VendorSpecific, Outside::Named)))
        }
        ("BEGIN-TLV", [name, ..]) => Ok(Line::BeginTlv(name)),
        ("END-VENDOR" | "END-TLV", [name, ..]) => Ok(Line::End(name)),
        ("BEGIN-VENDOR", []) => incomplete("BEGIN-VENDOR", "a vendor"),
        ("BEGIN-TLV", []) => incomplete("BEGIN-TLV", "an attribute"),
        ("END-VENDOR", []) => incomplete("END-VENDOR", "a vendor"),
        ("END-TLV", []) => incomplete("END-TLV", "an attribute"),
        ("ATTRIBUTE", [name, number, kind, flags @ ..]) => {
            attribute(name, number, kind, flags).map(Line::Attribute)
        }
        ("ATTRIBUTE", _) => incomplete("ATTRIBUTE", "a name, a number and a type"),
        ("VALUE", [attribute, name, number, ..]) => {
            Ok(Line::Value(attribute, Named { name, number: parse_number(number)? }))
        }
        ("VALUE", _) => incomplete("VALUE", "an attribute, a name and a number"),
        _ => Ok(Line::Other(keyword)),
    }
}

fn incomplete<'a>(keyword: &'static str, needs: &'static str) -> Result<Line<'a>, Problem> {
    Err(Problem::Incomplete { keyword, needs })
}

/// `format=T,L` or `format=T,L,c` among the options of a vendor.
fn format_of(options: &[&str]) -> Result<VendorFormat, Problem> {
    let Some(text) = options.iter().find_map(|option| option.strip_prefix("format=")) else {
        return Ok(VendorFormat::RECOMMENDED);
    };
    let sizes: Vec<&str> = text.split(',').collect();
    let octets = |size: &str| size.parse::<u8>().ok();
    let format = match *sizes.as_slice() {
        [number, length] => octets(number).zip(octets(length)),
        [number, length, "c"] => octets(number).zip(octets(length)),
        _ => None,
    };
    let format = format.and_then(|(number, length)| VendorFormat::new(number, length));
    let format = format.ok_or_else(|| Problem::Format(text.to_owned()))?;
    Ok(if sizes.len() == 3 { format.with_continuation() } else { format })
}

fn attribute<'a>(
    name: &'a str,
    number: &str,
    kind: &str,
    flags: &[&str],
) -> Result<Attribute<'a>, Problem> {
    let number = number.split('.').map(small_number).collect::<Result<Vec<_>, _>>()?;
    let mut unused = Vec::new();
    let sized = kind.split_once('[').map_or(kind, |(kind, _)| kind).to_ascii_lowercase();
    let kind = kind_of(&sized).unwrap_or_else(|| {
        unused.push(Reason::Type(kind.to_owned()));
        Kind::Octets
    });
    let mut attribute = Attribute { name, number, kind, coding: Coding::Plain, unused };
    for flag in flags.iter().flat_map(|flags| flags.split(',')).filter(|flag| !flag.is_empty()) {
        attribute.apply(flag);
    }
    Ok(attribute)
}

impl Attribute<'_> {
    fn apply(&mut self, flag: &str) {
        match (flag, self.coding) {
            ("has_tag", Coding::Salted) => self.coding = Coding::TaggedSalted,
            ("has_tag", _) => self.coding = Coding::Tagged,
            ("encrypt=1", _) => self.coding = Coding::UserPassword,
            ("encrypt=2", Coding::Tagged) => self.coding = Coding::TaggedSalted,
            ("encrypt=2", _) => self.coding = Coding::Salted,
            ("encrypt=3", _) => self.coding = Coding::Opaque,
            ("concat", _) => self.coding = Coding::Concatenated,
            ("secret", _) => self.kind = Kind::Secret,
            ("array", _) => {
                self.kind = Kind::Octets;
                self.unused.push(Reason::Flag(flag.to_owned()));
            }
            _ => self.unused.push(Reason::Flag(flag.to_owned())),
        }
    }
}

/// The types of FreeRADIUS 2, 3 and 4 that a RADIUS packet can hold.
fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "string" | "text" => Kind::Text,
        "octets" | "abinary" | "extended" | "long-extended" | "evs" | "vsa" => Kind::Octets,
        "byte" | "uint8" => Kind::Byte,
        "short" | "uint16" => Kind::Short,
        "integer" | "uint32" => Kind::Integer,
        "signed" | "int32" => Kind::Signed,
        "integer64" | "uint64" => Kind::Integer64,
        "ipaddr" => Kind::Ipv4,
        "ipv6addr" => Kind::Ipv6,
        "combo-ip" => Kind::Ip,
        "ipv4prefix" => Kind::Ipv4Prefix,
        "ipv6prefix" => Kind::Ipv6Prefix,
        "ifid" => Kind::InterfaceId,
        "ether" => Kind::Ethernet,
        "date" => Kind::Time,
        "tlv" => Kind::Tlv,
        _ => return None,
    })
}

fn small_number(text: &str) -> Result<u32, Problem> {
    parse_number(text)?.try_into().map_err(|_| Problem::Number(text.to_owned()))
}

fn parse_number(text: &str) -> Result<u64, Problem> {
    let number = match (text.strip_prefix("0x").or(text.strip_prefix("0X")), text.strip_prefix('0'))
    {
        (Some(digits), _) => u64::from_str_radix(digits, 16),
        (None, Some(digits)) if !digits.is_empty() => u64::from_str_radix(digits, 8),
        (None, _) => text.parse(),
    };
    number.map_err(|_| Problem::Number(text.to_owned()))
}
