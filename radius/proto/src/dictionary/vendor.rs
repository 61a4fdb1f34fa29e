//! Vendors: their numbers, how their attributes stand in a packet, and the attributes.
//!
//! A maker has one file, with what wireless access points and gateways send and take. Numbers
//! and names are those of the makers' manuals and of RFC 2548, compared by a test with the
//! dictionaries that FreeRADIUS collects. Units and direction differ per vendor and stand in the
//! files; translating a plan into them is not this crate's business. UniFi and TP-Link have
//! published no attributes of their own: they take standard and WISPr ones.

use super::{Entry, VendorId};

pub mod aerohive;
pub mod airespace;
pub mod aruba;
pub mod cambium;
pub mod chillispot;
pub mod cisco;
pub mod fortinet;
pub mod h3c;
pub mod hp;
pub mod huawei;
pub mod meraki;
pub mod microsoft;
pub mod mikrotik;
pub mod nomadix;
pub mod pfsense;
pub mod ruckus;
pub mod wifi_alliance;
pub mod wispr;

/// How the sub-attributes of a Vendor-Specific attribute begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorFormat {
    number_octets: u8,
    length_octets: u8,
    continuation_octets: u8,
}

impl VendorFormat {
    /// A number and a length of one octet each, as RFC 2865 s5.26 recommends.
    pub const RECOMMENDED: Self = Self::known(1, 1);

    /// A number of 1, 2 or 4 octets, and a length of 2, 1 or none: then one value fills the rest.
    /// Absent for other sizes.
    pub const fn new(number_octets: u8, length_octets: u8) -> Option<Self> {
        match (number_octets, length_octets) {
            (1 | 2 | 4, 0..=2) => Some(Self::known(number_octets, length_octets)),
            _ => None,
        }
    }

    const fn known(number_octets: u8, length_octets: u8) -> Self {
        Self { number_octets, length_octets, continuation_octets: 0 }
    }

    /// The same, with one more octet before the value, that tells whether the value goes on in
    /// the next attribute (WiMAX).
    pub const fn with_continuation(self) -> Self {
        Self { continuation_octets: 1, ..self }
    }

    /// The format of a vendor.
    pub fn of(vendor: VendorId) -> Self {
        let odd = ODD_FORMATS.iter().find(|(id, _)| *id == vendor);
        odd.map_or(Self::RECOMMENDED, |(_, format)| *format)
    }

    /// Octets of the number.
    pub const fn number_octets(self) -> usize {
        self.number_octets as usize
    }

    /// Octets of the length, which counts the whole sub-attribute.
    pub const fn length_octets(self) -> usize {
        self.length_octets as usize
    }

    /// Octets before the value.
    pub const fn header_octets(self) -> usize {
        (self.number_octets + self.length_octets + self.continuation_octets) as usize
    }
}

/// Vendors that do not follow RFC 2865 s5.26: Alcatel ESAM, USR, Lucent, Telrad, Starent, Kineto
/// and WiMAX (WiMAX Forum NWG stage 3, annex of RADIUS attributes).
const ODD_FORMATS: &[(VendorId, VendorFormat)] = &[
    (VendorId(429), VendorFormat::known(4, 0)),
    (VendorId(637), VendorFormat::known(2, 1)),
    (VendorId(4846), VendorFormat::known(2, 1)),
    (VendorId(5323), VendorFormat::known(1, 1).with_continuation()),
    (VendorId(8164), VendorFormat::known(2, 2)),
    (VendorId(16445), VendorFormat::known(2, 1)),
    (VendorId(24757), VendorFormat::known(1, 1).with_continuation()),
];

/// A vendor of the dictionary.
#[derive(Clone, Copy, Debug)]
pub struct Vendor {
    /// Its number.
    pub id: VendorId,
    /// Its name.
    pub name: &'static str,
    pub(super) entries: &'static [Entry],
}

/// Every vendor with attributes here.
pub const VENDORS: &[Vendor] = &[
    vendor(aerohive::VENDOR, "Aerohive", aerohive::ENTRIES),
    vendor(airespace::VENDOR, "Airespace", airespace::ENTRIES),
    vendor(aruba::VENDOR, "Aruba", aruba::ENTRIES),
    vendor(cambium::VENDOR, "Cambium", cambium::ENTRIES),
    vendor(chillispot::VENDOR, "ChilliSpot", chillispot::ENTRIES),
    vendor(cisco::VENDOR, "Cisco", cisco::ENTRIES),
    vendor(fortinet::VENDOR, "Fortinet", fortinet::ENTRIES),
    vendor(h3c::VENDOR, "H3C", h3c::ENTRIES),
    vendor(hp::VENDOR, "HP", hp::ENTRIES),
    vendor(huawei::VENDOR, "Huawei", huawei::ENTRIES),
    vendor(meraki::VENDOR, "Meraki", meraki::ENTRIES),
    vendor(microsoft::VENDOR, "Microsoft", microsoft::ENTRIES),
    vendor(mikrotik::VENDOR, "MikroTik", mikrotik::ENTRIES),
    vendor(nomadix::VENDOR, "Nomadix", nomadix::ENTRIES),
    vendor(pfsense::VENDOR, "pfSense", pfsense::ENTRIES),
    vendor(ruckus::VENDOR, "Ruckus", ruckus::ENTRIES),
    vendor(wifi_alliance::VENDOR, "WiFi-Alliance", wifi_alliance::ENTRIES),
    vendor(wispr::VENDOR, "WISPr", wispr::ENTRIES),
];

const fn vendor(id: VendorId, name: &'static str, entries: &'static [Entry]) -> Vendor {
    Vendor { id, name, entries }
}
