//! HP (11): ProCurve and ArubaOS-Switch.

use crate::dictionary::Kind;
use Kind::{Integer, Octets, Text};

attributes! {
    vendor 11;
    PRIVILEGE_LEVEL = 1 "HP-Privilege-Level" Integer;
    COMMAND_STRING = 2 "HP-Command-String" Text;
    COMMAND_EXCEPTION = 3 "HP-Command-Exception" Integer;
    PORT_CLIENT_LIMIT_DOT1X = 10 "HP-Port-Client-Limit-Dot1x" Integer;
    PORT_CLIENT_LIMIT_MA = 11 "HP-Port-Client-Limit-MA" Integer;
    PORT_CLIENT_LIMIT_WA = 12 "HP-Port-Client-Limit-WA" Integer;
    PORT_AUTH_MODE_DOT1X = 13 "HP-Port-Auth-Mode-Dot1x" Integer;
    PORT_MA_PORT_MODE = 14 "HP-Port-MA-Port-Mode" Integer;
    PORT_BOUNCE_HOST = 23 "HP-Port-Bounce-Host" Integer;
    CAPTIVE_PORTAL_URL = 24 "HP-Captive-Portal-URL" Text;
    USER_ROLE = 25 "HP-User-Role" Text;
    MANAGEMENT_PROTOCOL = 26 "HP-Management-Protocol" Integer;
    CPPM_ROLE = 27 "HP-CPPM-Role" Text;
    CPPM_SECONDARY_ROLE = 28 "HP-CPPM-Secondary-Role" Text;
    COS = 40 "HP-Cos" Text;
    BANDWIDTH_MAX_INGRESS = 46 "HP-Bandwidth-Max-Ingress" Integer;
    BANDWIDTH_MAX_EGRESS = 48 "HP-Bandwidth-Max-Egress" Integer;
    NAS_FILTER_RULE = 61 "HP-Nas-Filter-Rule" Text;
    ACCESS_PROFILE = 62 "HP-Access-Profile" Text;
    NAS_RULES_IPV6 = 63 "HP-Nas-Rules-IPv6" Integer;
    EGRESS_VLANID = 64 "HP-Egress-VLANID" Integer;
    EGRESS_VLAN_NAME = 65 "HP-Egress-VLAN-Name" Text;
    URI_STRING = 80 "HP-URI-String" Text;
    URI_ACCESS = 82 "HP-URI-Access" Text;
    CAPABILITY_ADVERT = 255 "HP-Capability-Advert" Octets;
}
