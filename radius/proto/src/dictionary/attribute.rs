//! The standard attributes, each as a constant and as an entry of the dictionary.
//!
//! The groups name the RFC that defines them; the numbers are those of IANA's registry "RADIUS
//! Types". EAP-Message counts as secret because some EAP methods carry a password in clear, a
//! digest because it can be guessed from.

use super::enumeration::{
    AcctAuthentic, AcctStatusType, AcctTerminateCause, ErrorCause, NasPortType, ServiceType,
    TerminationAction,
};
use super::{AttributeType, Kind, value_names};
use Kind::{
    Enumerated, Integer, Integer64, InterfaceId, Ipv4, Ipv4Prefix, Ipv6, Ipv6Prefix, Octets,
    Secret, Text, Time, Tlv,
};

attributes! {
    Standard, AttributeType, AttributeType;
    // RFC 2865: authentication.
    USER_NAME = 1 "User-Name" Text;
    USER_PASSWORD = 2 "User-Password" Secret => UserPassword;
    CHAP_PASSWORD = 3 "CHAP-Password" Secret;
    NAS_IP_ADDRESS = 4 "NAS-IP-Address" Ipv4;
    NAS_PORT = 5 "NAS-Port" Integer;
    SERVICE_TYPE = 6 "Service-Type" Enumerated(ServiceType::NAMES);
    FRAMED_PROTOCOL = 7 "Framed-Protocol" Enumerated(value_names::FRAMED_PROTOCOL);
    FRAMED_IP_ADDRESS = 8 "Framed-IP-Address" Ipv4;
    FRAMED_IP_NETMASK = 9 "Framed-IP-Netmask" Ipv4;
    FRAMED_ROUTING = 10 "Framed-Routing" Enumerated(value_names::FRAMED_ROUTING);
    FILTER_ID = 11 "Filter-Id" Text;
    FRAMED_MTU = 12 "Framed-MTU" Integer;
    FRAMED_COMPRESSION = 13 "Framed-Compression" Enumerated(value_names::FRAMED_COMPRESSION);
    LOGIN_IP_HOST = 14 "Login-IP-Host" Ipv4;
    LOGIN_SERVICE = 15 "Login-Service" Enumerated(value_names::LOGIN_SERVICE);
    LOGIN_TCP_PORT = 16 "Login-TCP-Port" Integer;
    REPLY_MESSAGE = 18 "Reply-Message" Text;
    CALLBACK_NUMBER = 19 "Callback-Number" Text;
    CALLBACK_ID = 20 "Callback-Id" Text;
    FRAMED_ROUTE = 22 "Framed-Route" Text;
    FRAMED_IPX_NETWORK = 23 "Framed-IPX-Network" Integer;
    STATE = 24 "State" Octets;
    CLASS = 25 "Class" Octets;
    VENDOR_SPECIFIC = 26 "Vendor-Specific" Octets;
    SESSION_TIMEOUT = 27 "Session-Timeout" Integer;
    IDLE_TIMEOUT = 28 "Idle-Timeout" Integer;
    TERMINATION_ACTION = 29 "Termination-Action" Enumerated(TerminationAction::NAMES);
    CALLED_STATION_ID = 30 "Called-Station-Id" Text;
    CALLING_STATION_ID = 31 "Calling-Station-Id" Text;
    NAS_IDENTIFIER = 32 "NAS-Identifier" Text;
    PROXY_STATE = 33 "Proxy-State" Octets;
    LOGIN_LAT_SERVICE = 34 "Login-LAT-Service" Text;
    LOGIN_LAT_NODE = 35 "Login-LAT-Node" Text;
    LOGIN_LAT_GROUP = 36 "Login-LAT-Group" Octets;
    FRAMED_APPLETALK_LINK = 37 "Framed-AppleTalk-Link" Integer;
    FRAMED_APPLETALK_NETWORK = 38 "Framed-AppleTalk-Network" Integer;
    FRAMED_APPLETALK_ZONE = 39 "Framed-AppleTalk-Zone" Text;
    CHAP_CHALLENGE = 60 "CHAP-Challenge" Octets;
    NAS_PORT_TYPE = 61 "NAS-Port-Type" Enumerated(NasPortType::NAMES);
    PORT_LIMIT = 62 "Port-Limit" Integer;
    LOGIN_LAT_PORT = 63 "Login-LAT-Port" Text;

    // RFC 2866: accounting.
    ACCT_STATUS_TYPE = 40 "Acct-Status-Type" Enumerated(AcctStatusType::NAMES);
    ACCT_DELAY_TIME = 41 "Acct-Delay-Time" Integer;
    ACCT_INPUT_OCTETS = 42 "Acct-Input-Octets" Integer;
    ACCT_OUTPUT_OCTETS = 43 "Acct-Output-Octets" Integer;
    ACCT_SESSION_ID = 44 "Acct-Session-Id" Text;
    ACCT_AUTHENTIC = 45 "Acct-Authentic" Enumerated(AcctAuthentic::NAMES);
    ACCT_SESSION_TIME = 46 "Acct-Session-Time" Integer;
    ACCT_INPUT_PACKETS = 47 "Acct-Input-Packets" Integer;
    ACCT_OUTPUT_PACKETS = 48 "Acct-Output-Packets" Integer;
    ACCT_TERMINATE_CAUSE = 49 "Acct-Terminate-Cause" Enumerated(AcctTerminateCause::NAMES);
    ACCT_MULTI_SESSION_ID = 50 "Acct-Multi-Session-Id" Text;
    ACCT_LINK_COUNT = 51 "Acct-Link-Count" Integer;

    // RFC 2867: accounting of tunnels.
    ACCT_TUNNEL_CONNECTION = 68 "Acct-Tunnel-Connection" Text;
    ACCT_TUNNEL_PACKETS_LOST = 86 "Acct-Tunnel-Packets-Lost" Integer;

    // RFC 2868: tunnels, and so VLANs (RFC 3580 s3.31).
    TUNNEL_TYPE = 64 "Tunnel-Type" Enumerated(value_names::TUNNEL_TYPE) => Tagged;
    TUNNEL_MEDIUM_TYPE = 65 "Tunnel-Medium-Type" Enumerated(value_names::TUNNEL_MEDIUM_TYPE) => Tagged;
    TUNNEL_CLIENT_ENDPOINT = 66 "Tunnel-Client-Endpoint" Text => Tagged;
    TUNNEL_SERVER_ENDPOINT = 67 "Tunnel-Server-Endpoint" Text => Tagged;
    TUNNEL_PASSWORD = 69 "Tunnel-Password" Secret => TaggedSalted;
    TUNNEL_PRIVATE_GROUP_ID = 81 "Tunnel-Private-Group-Id" Text => Tagged;
    TUNNEL_ASSIGNMENT_ID = 82 "Tunnel-Assignment-Id" Text => Tagged;
    TUNNEL_PREFERENCE = 83 "Tunnel-Preference" Integer => Tagged;
    TUNNEL_CLIENT_AUTH_ID = 90 "Tunnel-Client-Auth-Id" Text => Tagged;
    TUNNEL_SERVER_AUTH_ID = 91 "Tunnel-Server-Auth-Id" Text => Tagged;

    // RFC 2869: extensions.
    ACCT_INPUT_GIGAWORDS = 52 "Acct-Input-Gigawords" Integer;
    ACCT_OUTPUT_GIGAWORDS = 53 "Acct-Output-Gigawords" Integer;
    EVENT_TIMESTAMP = 55 "Event-Timestamp" Time;
    ARAP_PASSWORD = 70 "ARAP-Password" Secret;
    ARAP_FEATURES = 71 "ARAP-Features" Octets;
    ARAP_ZONE_ACCESS = 72 "ARAP-Zone-Access" Enumerated(value_names::ARAP_ZONE_ACCESS);
    ARAP_SECURITY = 73 "ARAP-Security" Integer;
    ARAP_SECURITY_DATA = 74 "ARAP-Security-Data" Secret;
    PASSWORD_RETRY = 75 "Password-Retry" Integer;
    PROMPT = 76 "Prompt" Enumerated(value_names::PROMPT);
    CONNECT_INFO = 77 "Connect-Info" Text;
    CONFIGURATION_TOKEN = 78 "Configuration-Token" Octets;
    EAP_MESSAGE = 79 "EAP-Message" Secret => Concatenated;
    MESSAGE_AUTHENTICATOR = 80 "Message-Authenticator" Octets;
    ARAP_CHALLENGE_RESPONSE = 84 "ARAP-Challenge-Response" Secret;
    ACCT_INTERIM_INTERVAL = 85 "Acct-Interim-Interval" Integer;
    NAS_PORT_ID = 87 "NAS-Port-Id" Text;
    FRAMED_POOL = 88 "Framed-Pool" Text;

    // RFC 3162: IPv6.
    NAS_IPV6_ADDRESS = 95 "NAS-IPv6-Address" Ipv6;
    FRAMED_INTERFACE_ID = 96 "Framed-Interface-Id" InterfaceId;
    FRAMED_IPV6_PREFIX = 97 "Framed-IPv6-Prefix" Ipv6Prefix;
    LOGIN_IPV6_HOST = 98 "Login-IPv6-Host" Ipv6;
    FRAMED_IPV6_ROUTE = 99 "Framed-IPv6-Route" Text;
    FRAMED_IPV6_POOL = 100 "Framed-IPv6-Pool" Text;

    // RFC 4072: names of EAP keys.
    EAP_KEY_NAME = 102 "EAP-Key-Name" Octets;

    // RFC 4372: chargeable user identity.
    CHARGEABLE_USER_IDENTITY = 89 "Chargeable-User-Identity" Octets;

    // RFC 4675: VLANs of a port.
    EGRESS_VLANID = 56 "Egress-VLANID" Integer;
    INGRESS_FILTERS = 57 "Ingress-Filters" Enumerated(value_names::INGRESS_FILTERS);
    EGRESS_VLAN_NAME = 58 "Egress-VLAN-Name" Text;
    USER_PRIORITY_TABLE = 59 "User-Priority-Table" Octets;

    // RFC 4818: delegated prefixes.
    DELEGATED_IPV6_PREFIX = 123 "Delegated-IPv6-Prefix" Ipv6Prefix;

    // RFC 4849: filter rules.
    NAS_FILTER_RULE = 92 "NAS-Filter-Rule" Text => Concatenated;

    // RFC 5090: digest authentication.
    DIGEST_RESPONSE = 103 "Digest-Response" Secret;
    DIGEST_REALM = 104 "Digest-Realm" Text;
    DIGEST_NONCE = 105 "Digest-Nonce" Text;
    DIGEST_RESPONSE_AUTH = 106 "Digest-Response-Auth" Secret;
    DIGEST_NEXTNONCE = 107 "Digest-Nextnonce" Text;
    DIGEST_METHOD = 108 "Digest-Method" Text;
    DIGEST_URI = 109 "Digest-URI" Text;
    DIGEST_QOP = 110 "Digest-Qop" Text;
    DIGEST_ALGORITHM = 111 "Digest-Algorithm" Text;
    DIGEST_ENTITY_BODY_HASH = 112 "Digest-Entity-Body-Hash" Text;
    DIGEST_CNONCE = 113 "Digest-CNonce" Text;
    DIGEST_NONCE_COUNT = 114 "Digest-Nonce-Count" Text;
    DIGEST_USERNAME = 115 "Digest-Username" Text;
    DIGEST_OPAQUE = 116 "Digest-Opaque" Text;
    DIGEST_AUTH_PARAM = 117 "Digest-Auth-Param" Text;
    DIGEST_AKA_AUTS = 118 "Digest-AKA-Auts" Text;
    DIGEST_DOMAIN = 119 "Digest-Domain" Text;
    DIGEST_STALE = 120 "Digest-Stale" Text;
    DIGEST_HA1 = 121 "Digest-HA1" Secret;
    SIP_AOR = 122 "SIP-AOR" Text;

    // RFC 5176: dynamic authorization.
    ERROR_CAUSE = 101 "Error-Cause" Enumerated(ErrorCause::NAMES);

    // RFC 5447: mobile IPv6.
    MIP6_FEATURE_VECTOR = 124 "MIP6-Feature-Vector" Integer64;
    MIP6_HOME_LINK_PREFIX = 125 "MIP6-Home-Link-Prefix" Octets;

    // RFC 5580: operator and location.
    OPERATOR_NAME = 126 "Operator-Name" Text;
    LOCATION_INFORMATION = 127 "Location-Information" Octets;
    LOCATION_DATA = 128 "Location-Data" Octets;
    BASIC_LOCATION_POLICY_RULES = 129 "Basic-Location-Policy-Rules" Octets;
    EXTENDED_LOCATION_POLICY_RULES = 130 "Extended-Location-Policy-Rules" Octets;
    LOCATION_CAPABLE = 131 "Location-Capable" Enumerated(value_names::LOCATION_CAPABLE);
    REQUESTED_LOCATION_INFO = 132 "Requested-Location-Info" Integer;

    // RFC 5607: management of the NAS.
    FRAMED_MANAGEMENT = 133 "Framed-Management" Enumerated(value_names::FRAMED_MANAGEMENT);
    MANAGEMENT_TRANSPORT_PROTECTION = 134 "Management-Transport-Protection" Enumerated(value_names::MANAGEMENT_TRANSPORT_PROTECTION);
    MANAGEMENT_POLICY_ID = 135 "Management-Policy-Id" Text;
    MANAGEMENT_PRIVILEGE_LEVEL = 136 "Management-Privilege-Level" Integer;

    // RFC 6572: proxy mobile IPv6.
    MOBILE_NODE_IDENTIFIER = 145 "Mobile-Node-Identifier" Octets;
    SERVICE_SELECTION = 146 "Service-Selection" Text;
    PMIP6_HOME_LMA_IPV6_ADDRESS = 147 "PMIP6-Home-LMA-IPv6-Address" Ipv6;
    PMIP6_VISITED_LMA_IPV6_ADDRESS = 148 "PMIP6-Visited-LMA-IPv6-Address" Ipv6;
    PMIP6_HOME_LMA_IPV4_ADDRESS = 149 "PMIP6-Home-LMA-IPv4-Address" Ipv4;
    PMIP6_VISITED_LMA_IPV4_ADDRESS = 150 "PMIP6-Visited-LMA-IPv4-Address" Ipv4;
    PMIP6_HOME_HN_PREFIX = 151 "PMIP6-Home-HN-Prefix" Ipv6Prefix;
    PMIP6_VISITED_HN_PREFIX = 152 "PMIP6-Visited-HN-Prefix" Ipv6Prefix;
    PMIP6_HOME_INTERFACE_ID = 153 "PMIP6-Home-Interface-ID" InterfaceId;
    PMIP6_VISITED_INTERFACE_ID = 154 "PMIP6-Visited-Interface-ID" InterfaceId;
    PMIP6_HOME_IPV4_HOA = 155 "PMIP6-Home-IPv4-HoA" Ipv4Prefix;
    PMIP6_VISITED_IPV4_HOA = 156 "PMIP6-Visited-IPv4-HoA" Ipv4Prefix;
    PMIP6_HOME_DHCP4_SERVER_ADDRESS = 157 "PMIP6-Home-DHCP4-Server-Address" Ipv4;
    PMIP6_VISITED_DHCP4_SERVER_ADDRESS = 158 "PMIP6-Visited-DHCP4-Server-Address" Ipv4;
    PMIP6_HOME_DHCP6_SERVER_ADDRESS = 159 "PMIP6-Home-DHCP6-Server-Address" Ipv6;
    PMIP6_VISITED_DHCP6_SERVER_ADDRESS = 160 "PMIP6-Visited-DHCP6-Server-Address" Ipv6;
    PMIP6_HOME_IPV4_GATEWAY = 161 "PMIP6-Home-IPv4-Gateway" Ipv4;
    PMIP6_VISITED_IPV4_GATEWAY = 162 "PMIP6-Visited-IPv4-Gateway" Ipv4;

    // RFC 6677: channel binding.
    EAP_LOWER_LAYER = 163 "EAP-Lower-Layer" Enumerated(value_names::EAP_LOWER_LAYER);

    // RFC 6911: IPv6 of hosts.
    FRAMED_IPV6_ADDRESS = 168 "Framed-IPv6-Address" Ipv6;
    DNS_SERVER_IPV6_ADDRESS = 169 "DNS-Server-IPv6-Address" Ipv6;
    ROUTE_IPV6_INFORMATION = 170 "Route-IPv6-Information" Ipv6Prefix;
    DELEGATED_IPV6_PREFIX_POOL = 171 "Delegated-IPv6-Prefix-Pool" Text;
    STATEFUL_IPV6_ADDRESS_POOL = 172 "Stateful-IPv6-Address-Pool" Text;

    // RFC 6930: IPv6 rapid deployment.
    IPV6_6RD_CONFIGURATION = 173 "IPv6-6rd-Configuration" Tlv;

    // RFC 7055: GSS-EAP.
    GSS_ACCEPTOR_SERVICE_NAME = 164 "GSS-Acceptor-Service-Name" Text;
    GSS_ACCEPTOR_HOST_NAME = 165 "GSS-Acceptor-Host-Name" Text;
    GSS_ACCEPTOR_SERVICE_SPECIFICS = 166 "GSS-Acceptor-Service-Specifics" Text;
    GSS_ACCEPTOR_REALM_NAME = 167 "GSS-Acceptor-Realm-Name" Text;

    // RFC 7155: calling line.
    ORIGINATING_LINE_INFO = 94 "Originating-Line-Info" Octets;

    // RFC 7268: IEEE 802 networks.
    ALLOWED_CALLED_STATION_ID = 174 "Allowed-Called-Station-Id" Text;
    EAP_PEER_ID = 175 "EAP-Peer-Id" Octets;
    EAP_SERVER_ID = 176 "EAP-Server-Id" Octets;
    MOBILITY_DOMAIN_ID = 177 "Mobility-Domain-Id" Integer;
    PREAUTH_TIMEOUT = 178 "Preauth-Timeout" Integer;
    NETWORK_ID_NAME = 179 "Network-Id-Name" Octets;
    EAPOL_ANNOUNCEMENT = 180 "EAPoL-Announcement" Octets => Concatenated;
    WLAN_HESSID = 181 "WLAN-HESSID" Text;
    WLAN_VENUE_INFO = 182 "WLAN-Venue-Info" Integer;
    WLAN_VENUE_LANGUAGE = 183 "WLAN-Venue-Language" Octets;
    WLAN_VENUE_NAME = 184 "WLAN-Venue-Name" Text;
    WLAN_REASON_CODE = 185 "WLAN-Reason-Code" Integer;
    WLAN_PAIRWISE_CIPHER = 186 "WLAN-Pairwise-Cipher" Integer;
    WLAN_GROUP_CIPHER = 187 "WLAN-Group-Cipher" Integer;
    WLAN_AKM_SUITE = 188 "WLAN-AKM-Suite" Integer;
    WLAN_GROUP_MGMT_CIPHER = 189 "WLAN-Group-Mgmt-Cipher" Integer;
    WLAN_RF_BAND = 190 "WLAN-RF-Band" Integer;
}
