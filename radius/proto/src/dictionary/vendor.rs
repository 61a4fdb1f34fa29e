//! Vendors' attributes, each as a constant and as an entry of the dictionary.
//!
//! Only what we send or read is listed. Units and direction differ per vendor and stand in the
//! module docs; translating a plan into them is not this crate's business.

use super::{AttributeId, Entry, Kind, VendorAttribute, VendorId};
use Kind::{Integer, Ipv4, Text};

/// WISPr (14122): the Wi-Fi Alliance's WISPr 1.0; bandwidths in bit/s.
pub mod wispr {
    use super::{VendorAttribute, VendorId};

    /// WISPr's enterprise number.
    pub const VENDOR: VendorId = VendorId(14122);
    /// WISPr-Location-ID.
    pub const LOCATION_ID: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// WISPr-Location-Name.
    pub const LOCATION_NAME: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// WISPr-Logoff-URL.
    pub const LOGOFF_URL: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 3 };
    /// WISPr-Redirection-URL.
    pub const REDIRECTION_URL: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 4 };
    /// WISPr-Bandwidth-Min-Up.
    pub const BANDWIDTH_MIN_UP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 5 };
    /// WISPr-Bandwidth-Min-Down.
    pub const BANDWIDTH_MIN_DOWN: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 6 };
    /// WISPr-Bandwidth-Max-Up.
    pub const BANDWIDTH_MAX_UP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 7 };
    /// WISPr-Bandwidth-Max-Down.
    pub const BANDWIDTH_MAX_DOWN: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 8 };
    /// WISPr-Session-Terminate-Time.
    pub const SESSION_TERMINATE_TIME: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 9 };
    /// WISPr-Session-Terminate-End-Of-Day.
    pub const SESSION_TERMINATE_END_OF_DAY: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 10 };
    /// WISPr-Billing-Class-Of-Service.
    pub const BILLING_CLASS_OF_SERVICE: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 11 };
}

/// ChilliSpot (14559): CoovaChilli, uspot and their kin; bandwidths in kbit/s, octets with their high words apart.
pub mod chillispot {
    use super::{VendorAttribute, VendorId};

    /// ChilliSpot's enterprise number.
    pub const VENDOR: VendorId = VendorId(14559);
    /// ChilliSpot-Max-Input-Octets.
    pub const MAX_INPUT_OCTETS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// ChilliSpot-Max-Output-Octets.
    pub const MAX_OUTPUT_OCTETS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// ChilliSpot-Max-Total-Octets.
    pub const MAX_TOTAL_OCTETS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 3 };
    /// ChilliSpot-Bandwidth-Max-Up.
    pub const BANDWIDTH_MAX_UP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 4 };
    /// ChilliSpot-Bandwidth-Max-Down.
    pub const BANDWIDTH_MAX_DOWN: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 5 };
    /// ChilliSpot-Config.
    pub const CONFIG: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 6 };
    /// ChilliSpot-Lang.
    pub const LANG: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 7 };
    /// ChilliSpot-OriginalURL.
    pub const ORIGINALURL: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 9 };
    /// ChilliSpot-Max-Input-Gigawords.
    pub const MAX_INPUT_GIGAWORDS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 21 };
    /// ChilliSpot-Max-Output-Gigawords.
    pub const MAX_OUTPUT_GIGAWORDS: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 22 };
    /// ChilliSpot-Max-Total-Gigawords.
    pub const MAX_TOTAL_GIGAWORDS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 23 };
}

/// MikroTik (14988): RouterOS; Recv is from the visitor, Xmit to the visitor.
pub mod mikrotik {
    use super::{VendorAttribute, VendorId};

    /// MikroTik's enterprise number.
    pub const VENDOR: VendorId = VendorId(14988);
    /// Mikrotik-Recv-Limit.
    pub const RECV_LIMIT: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// Mikrotik-Xmit-Limit.
    pub const XMIT_LIMIT: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// Mikrotik-Group.
    pub const GROUP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 3 };
    /// Mikrotik-Rate-Limit.
    pub const RATE_LIMIT: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 8 };
    /// Mikrotik-Realm.
    pub const REALM: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 9 };
    /// Mikrotik-Host-IP.
    pub const HOST_IP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 10 };
    /// Mikrotik-Recv-Limit-Gigawords.
    pub const RECV_LIMIT_GIGAWORDS: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 14 };
    /// Mikrotik-Xmit-Limit-Gigawords.
    pub const XMIT_LIMIT_GIGAWORDS: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 15 };
    /// Mikrotik-Total-Limit.
    pub const TOTAL_LIMIT: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 17 };
    /// Mikrotik-Total-Limit-Gigawords.
    pub const TOTAL_LIMIT_GIGAWORDS: VendorAttribute =
        VendorAttribute { vendor: VENDOR, number: 18 };
    /// Mikrotik-Address-List.
    pub const ADDRESS_LIST: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 19 };
}

/// Cisco (9): IOS and its controllers.
pub mod cisco {
    use super::{VendorAttribute, VendorId};

    /// Cisco's enterprise number.
    pub const VENDOR: VendorId = VendorId(9);
    /// Cisco-AVPair.
    pub const AVPAIR: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
}

/// Airespace (14179): Cisco's AireOS controllers.
pub mod airespace {
    use super::{VendorAttribute, VendorId};

    /// Airespace's enterprise number.
    pub const VENDOR: VendorId = VendorId(14179);
    /// Airespace-ACL-Name.
    pub const ACL_NAME: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 6 };
}

/// Aruba (14823): ArubaOS and Instant.
pub mod aruba {
    use super::{VendorAttribute, VendorId};

    /// Aruba's enterprise number.
    pub const VENDOR: VendorId = VendorId(14823);
    /// Aruba-User-Role.
    pub const USER_ROLE: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// Aruba-User-Vlan.
    pub const USER_VLAN: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// Aruba-Essid-Name.
    pub const ESSID_NAME: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 5 };
    /// Aruba-AP-Group.
    pub const AP_GROUP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 10 };
}

/// Ruckus (25053): ZoneDirector, SmartZone and Unleashed.
pub mod ruckus {
    use super::{VendorAttribute, VendorId};

    /// Ruckus's enterprise number.
    pub const VENDOR: VendorId = VendorId(25053);
    /// Ruckus-User-Groups.
    pub const USER_GROUPS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// Ruckus-Sta-RSSI.
    pub const STA_RSSI: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// Ruckus-SSID.
    pub const SSID: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 3 };
    /// Ruckus-Grace-Period.
    pub const GRACE_PERIOD: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 6 };
}

/// pfSense (13644): pfSense; bandwidths in bit/s.
pub mod pfsense {
    use super::{VendorAttribute, VendorId};

    /// pfSense's enterprise number.
    pub const VENDOR: VendorId = VendorId(13644);
    /// pfSense-Bandwidth-Max-Up.
    pub const BANDWIDTH_MAX_UP: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 1 };
    /// pfSense-Bandwidth-Max-Down.
    pub const BANDWIDTH_MAX_DOWN: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 2 };
    /// pfSense-Max-Total-Octets.
    pub const MAX_TOTAL_OCTETS: VendorAttribute = VendorAttribute { vendor: VENDOR, number: 3 };
}

/// Microsoft's number, under which passwords and keys travel (RFC 2548); never shown.
pub const MICROSOFT: VendorId = VendorId(311);

pub(super) const ENTRIES: &[Entry] = &[
    entry(wispr::LOCATION_ID, "WISPr-Location-ID", Text),
    entry(wispr::LOCATION_NAME, "WISPr-Location-Name", Text),
    entry(wispr::LOGOFF_URL, "WISPr-Logoff-URL", Text),
    entry(wispr::REDIRECTION_URL, "WISPr-Redirection-URL", Text),
    entry(wispr::BANDWIDTH_MIN_UP, "WISPr-Bandwidth-Min-Up", Integer),
    entry(wispr::BANDWIDTH_MIN_DOWN, "WISPr-Bandwidth-Min-Down", Integer),
    entry(wispr::BANDWIDTH_MAX_UP, "WISPr-Bandwidth-Max-Up", Integer),
    entry(wispr::BANDWIDTH_MAX_DOWN, "WISPr-Bandwidth-Max-Down", Integer),
    entry(wispr::SESSION_TERMINATE_TIME, "WISPr-Session-Terminate-Time", Text),
    entry(wispr::SESSION_TERMINATE_END_OF_DAY, "WISPr-Session-Terminate-End-Of-Day", Integer),
    entry(wispr::BILLING_CLASS_OF_SERVICE, "WISPr-Billing-Class-Of-Service", Text),
    entry(chillispot::MAX_INPUT_OCTETS, "ChilliSpot-Max-Input-Octets", Integer),
    entry(chillispot::MAX_OUTPUT_OCTETS, "ChilliSpot-Max-Output-Octets", Integer),
    entry(chillispot::MAX_TOTAL_OCTETS, "ChilliSpot-Max-Total-Octets", Integer),
    entry(chillispot::BANDWIDTH_MAX_UP, "ChilliSpot-Bandwidth-Max-Up", Integer),
    entry(chillispot::BANDWIDTH_MAX_DOWN, "ChilliSpot-Bandwidth-Max-Down", Integer),
    entry(chillispot::CONFIG, "ChilliSpot-Config", Text),
    entry(chillispot::LANG, "ChilliSpot-Lang", Text),
    entry(chillispot::ORIGINALURL, "ChilliSpot-OriginalURL", Text),
    entry(chillispot::MAX_INPUT_GIGAWORDS, "ChilliSpot-Max-Input-Gigawords", Integer),
    entry(chillispot::MAX_OUTPUT_GIGAWORDS, "ChilliSpot-Max-Output-Gigawords", Integer),
    entry(chillispot::MAX_TOTAL_GIGAWORDS, "ChilliSpot-Max-Total-Gigawords", Integer),
    entry(mikrotik::RECV_LIMIT, "Mikrotik-Recv-Limit", Integer),
    entry(mikrotik::XMIT_LIMIT, "Mikrotik-Xmit-Limit", Integer),
    entry(mikrotik::GROUP, "Mikrotik-Group", Text),
    entry(mikrotik::RATE_LIMIT, "Mikrotik-Rate-Limit", Text),
    entry(mikrotik::REALM, "Mikrotik-Realm", Text),
    entry(mikrotik::HOST_IP, "Mikrotik-Host-IP", Ipv4),
    entry(mikrotik::RECV_LIMIT_GIGAWORDS, "Mikrotik-Recv-Limit-Gigawords", Integer),
    entry(mikrotik::XMIT_LIMIT_GIGAWORDS, "Mikrotik-Xmit-Limit-Gigawords", Integer),
    entry(mikrotik::TOTAL_LIMIT, "Mikrotik-Total-Limit", Integer),
    entry(mikrotik::TOTAL_LIMIT_GIGAWORDS, "Mikrotik-Total-Limit-Gigawords", Integer),
    entry(mikrotik::ADDRESS_LIST, "Mikrotik-Address-List", Text),
    entry(cisco::AVPAIR, "Cisco-AVPair", Text),
    entry(airespace::ACL_NAME, "Airespace-ACL-Name", Text),
    entry(aruba::USER_ROLE, "Aruba-User-Role", Text),
    entry(aruba::USER_VLAN, "Aruba-User-Vlan", Integer),
    entry(aruba::ESSID_NAME, "Aruba-Essid-Name", Text),
    entry(aruba::AP_GROUP, "Aruba-AP-Group", Text),
    entry(ruckus::USER_GROUPS, "Ruckus-User-Groups", Text),
    entry(ruckus::STA_RSSI, "Ruckus-Sta-RSSI", Integer),
    entry(ruckus::SSID, "Ruckus-SSID", Text),
    entry(ruckus::GRACE_PERIOD, "Ruckus-Grace-Period", Integer),
    entry(pfsense::BANDWIDTH_MAX_UP, "pfSense-Bandwidth-Max-Up", Integer),
    entry(pfsense::BANDWIDTH_MAX_DOWN, "pfSense-Bandwidth-Max-Down", Integer),
    entry(pfsense::MAX_TOTAL_OCTETS, "pfSense-Max-Total-Octets", Integer),
];

const fn entry(attribute: VendorAttribute, name: &'static str, kind: Kind) -> Entry {
    Entry { id: AttributeId::Vendor(attribute), name, kind }
}
