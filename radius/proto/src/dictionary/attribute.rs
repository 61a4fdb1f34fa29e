//! The standard attributes, each as a constant and as an entry of the dictionary.
//!
//! The groups name the RFC that defines them. EAP-Message counts as secret because some EAP
//! methods carry a password in clear.

use super::enumeration::{
    AcctAuthentic, AcctStatusType, AcctTerminateCause, ErrorCause, NasPortType, ServiceType,
    TerminationAction,
};
use super::{AttributeId, AttributeType, Entry, Kind};
use Kind::{Enumerated, Integer, Ipv4, Ipv6, Ipv6Prefix, Octets, Secret, Text, Time};

/// User-Name, RFC 2865 s5.
pub const USER_NAME: AttributeType = AttributeType(1);
/// User-Password, RFC 2865 s5.
pub const USER_PASSWORD: AttributeType = AttributeType(2);
/// CHAP-Password, RFC 2865 s5.
pub const CHAP_PASSWORD: AttributeType = AttributeType(3);
/// NAS-IP-Address, RFC 2865 s5.
pub const NAS_IP_ADDRESS: AttributeType = AttributeType(4);
/// NAS-Port, RFC 2865 s5.
pub const NAS_PORT: AttributeType = AttributeType(5);
/// Service-Type, RFC 2865 s5.
pub const SERVICE_TYPE: AttributeType = AttributeType(6);
/// Framed-Protocol, RFC 2865 s5.
pub const FRAMED_PROTOCOL: AttributeType = AttributeType(7);
/// Framed-IP-Address, RFC 2865 s5.
pub const FRAMED_IP_ADDRESS: AttributeType = AttributeType(8);
/// Framed-IP-Netmask, RFC 2865 s5.
pub const FRAMED_IP_NETMASK: AttributeType = AttributeType(9);
/// Framed-Routing, RFC 2865 s5.
pub const FRAMED_ROUTING: AttributeType = AttributeType(10);
/// Filter-Id, RFC 2865 s5.
pub const FILTER_ID: AttributeType = AttributeType(11);
/// Framed-MTU, RFC 2865 s5.
pub const FRAMED_MTU: AttributeType = AttributeType(12);
/// Framed-Compression, RFC 2865 s5.
pub const FRAMED_COMPRESSION: AttributeType = AttributeType(13);
/// Login-IP-Host, RFC 2865 s5.
pub const LOGIN_IP_HOST: AttributeType = AttributeType(14);
/// Login-Service, RFC 2865 s5.
pub const LOGIN_SERVICE: AttributeType = AttributeType(15);
/// Login-TCP-Port, RFC 2865 s5.
pub const LOGIN_TCP_PORT: AttributeType = AttributeType(16);
/// Reply-Message, RFC 2865 s5.
pub const REPLY_MESSAGE: AttributeType = AttributeType(18);
/// Callback-Number, RFC 2865 s5.
pub const CALLBACK_NUMBER: AttributeType = AttributeType(19);
/// Callback-Id, RFC 2865 s5.
pub const CALLBACK_ID: AttributeType = AttributeType(20);
/// Framed-Route, RFC 2865 s5.
pub const FRAMED_ROUTE: AttributeType = AttributeType(22);
/// Framed-IPX-Network, RFC 2865 s5.
pub const FRAMED_IPX_NETWORK: AttributeType = AttributeType(23);
/// State, RFC 2865 s5.
pub const STATE: AttributeType = AttributeType(24);
/// Class, RFC 2865 s5.
pub const CLASS: AttributeType = AttributeType(25);
/// Vendor-Specific, RFC 2865 s5.
pub const VENDOR_SPECIFIC: AttributeType = AttributeType(26);
/// Session-Timeout, RFC 2865 s5.
pub const SESSION_TIMEOUT: AttributeType = AttributeType(27);
/// Idle-Timeout, RFC 2865 s5.
pub const IDLE_TIMEOUT: AttributeType = AttributeType(28);
/// Termination-Action, RFC 2865 s5.
pub const TERMINATION_ACTION: AttributeType = AttributeType(29);
/// Called-Station-Id, RFC 2865 s5.
pub const CALLED_STATION_ID: AttributeType = AttributeType(30);
/// Calling-Station-Id, RFC 2865 s5.
pub const CALLING_STATION_ID: AttributeType = AttributeType(31);
/// NAS-Identifier, RFC 2865 s5.
pub const NAS_IDENTIFIER: AttributeType = AttributeType(32);
/// Proxy-State, RFC 2865 s5.
pub const PROXY_STATE: AttributeType = AttributeType(33);
/// Login-LAT-Service, RFC 2865 s5.
pub const LOGIN_LAT_SERVICE: AttributeType = AttributeType(34);
/// Login-LAT-Node, RFC 2865 s5.
pub const LOGIN_LAT_NODE: AttributeType = AttributeType(35);
/// Login-LAT-Group, RFC 2865 s5.
pub const LOGIN_LAT_GROUP: AttributeType = AttributeType(36);
/// Framed-AppleTalk-Link, RFC 2865 s5.
pub const FRAMED_APPLETALK_LINK: AttributeType = AttributeType(37);
/// Framed-AppleTalk-Network, RFC 2865 s5.
pub const FRAMED_APPLETALK_NETWORK: AttributeType = AttributeType(38);
/// Framed-AppleTalk-Zone, RFC 2865 s5.
pub const FRAMED_APPLETALK_ZONE: AttributeType = AttributeType(39);
/// CHAP-Challenge, RFC 2865 s5.
pub const CHAP_CHALLENGE: AttributeType = AttributeType(60);
/// NAS-Port-Type, RFC 2865 s5.
pub const NAS_PORT_TYPE: AttributeType = AttributeType(61);
/// Port-Limit, RFC 2865 s5.
pub const PORT_LIMIT: AttributeType = AttributeType(62);
/// Login-LAT-Port, RFC 2865 s5.
pub const LOGIN_LAT_PORT: AttributeType = AttributeType(63);

/// Acct-Status-Type, RFC 2866 s5.
pub const ACCT_STATUS_TYPE: AttributeType = AttributeType(40);
/// Acct-Delay-Time, RFC 2866 s5.
pub const ACCT_DELAY_TIME: AttributeType = AttributeType(41);
/// Acct-Input-Octets, RFC 2866 s5.
pub const ACCT_INPUT_OCTETS: AttributeType = AttributeType(42);
/// Acct-Output-Octets, RFC 2866 s5.
pub const ACCT_OUTPUT_OCTETS: AttributeType = AttributeType(43);
/// Acct-Session-Id, RFC 2866 s5.
pub const ACCT_SESSION_ID: AttributeType = AttributeType(44);
/// Acct-Authentic, RFC 2866 s5.
pub const ACCT_AUTHENTIC: AttributeType = AttributeType(45);
/// Acct-Session-Time, RFC 2866 s5.
pub const ACCT_SESSION_TIME: AttributeType = AttributeType(46);
/// Acct-Input-Packets, RFC 2866 s5.
pub const ACCT_INPUT_PACKETS: AttributeType = AttributeType(47);
/// Acct-Output-Packets, RFC 2866 s5.
pub const ACCT_OUTPUT_PACKETS: AttributeType = AttributeType(48);
/// Acct-Terminate-Cause, RFC 2866 s5.
pub const ACCT_TERMINATE_CAUSE: AttributeType = AttributeType(49);
/// Acct-Multi-Session-Id, RFC 2866 s5.
pub const ACCT_MULTI_SESSION_ID: AttributeType = AttributeType(50);
/// Acct-Link-Count, RFC 2866 s5.
pub const ACCT_LINK_COUNT: AttributeType = AttributeType(51);

/// Acct-Input-Gigawords, RFC 2869 s5.
pub const ACCT_INPUT_GIGAWORDS: AttributeType = AttributeType(52);
/// Acct-Output-Gigawords, RFC 2869 s5.
pub const ACCT_OUTPUT_GIGAWORDS: AttributeType = AttributeType(53);
/// Event-Timestamp, RFC 2869 s5.
pub const EVENT_TIMESTAMP: AttributeType = AttributeType(55);
/// ARAP-Password, RFC 2869 s5.
pub const ARAP_PASSWORD: AttributeType = AttributeType(70);
/// ARAP-Features, RFC 2869 s5.
pub const ARAP_FEATURES: AttributeType = AttributeType(71);
/// ARAP-Zone-Access, RFC 2869 s5.
pub const ARAP_ZONE_ACCESS: AttributeType = AttributeType(72);
/// ARAP-Security, RFC 2869 s5.
pub const ARAP_SECURITY: AttributeType = AttributeType(73);
/// ARAP-Security-Data, RFC 2869 s5.
pub const ARAP_SECURITY_DATA: AttributeType = AttributeType(74);
/// Password-Retry, RFC 2869 s5.
pub const PASSWORD_RETRY: AttributeType = AttributeType(75);
/// Prompt, RFC 2869 s5.
pub const PROMPT: AttributeType = AttributeType(76);
/// Connect-Info, RFC 2869 s5.
pub const CONNECT_INFO: AttributeType = AttributeType(77);
/// Configuration-Token, RFC 2869 s5.
pub const CONFIGURATION_TOKEN: AttributeType = AttributeType(78);
/// EAP-Message, RFC 2869 s5.
pub const EAP_MESSAGE: AttributeType = AttributeType(79);
/// Message-Authenticator, RFC 2869 s5.
pub const MESSAGE_AUTHENTICATOR: AttributeType = AttributeType(80);
/// ARAP-Challenge-Response, RFC 2869 s5.
pub const ARAP_CHALLENGE_RESPONSE: AttributeType = AttributeType(84);
/// Acct-Interim-Interval, RFC 2869 s5.
pub const ACCT_INTERIM_INTERVAL: AttributeType = AttributeType(85);
/// NAS-Port-Id, RFC 2869 s5.
pub const NAS_PORT_ID: AttributeType = AttributeType(87);
/// Framed-Pool, RFC 2869 s5.
pub const FRAMED_POOL: AttributeType = AttributeType(88);

/// NAS-IPv6-Address, RFC 3162 s2.
pub const NAS_IPV6_ADDRESS: AttributeType = AttributeType(95);
/// Framed-Interface-Id, RFC 3162 s2.
pub const FRAMED_INTERFACE_ID: AttributeType = AttributeType(96);
/// Framed-IPv6-Prefix, RFC 3162 s2.
pub const FRAMED_IPV6_PREFIX: AttributeType = AttributeType(97);
/// Login-IPv6-Host, RFC 3162 s2.
pub const LOGIN_IPV6_HOST: AttributeType = AttributeType(98);
/// Framed-IPv6-Route, RFC 3162 s2.
pub const FRAMED_IPV6_ROUTE: AttributeType = AttributeType(99);
/// Framed-IPv6-Pool, RFC 3162 s2.
pub const FRAMED_IPV6_POOL: AttributeType = AttributeType(100);

/// Chargeable-User-Identity, RFC 4372 s2.1.
pub const CHARGEABLE_USER_IDENTITY: AttributeType = AttributeType(89);

/// Error-Cause, RFC 5176 s3.5.
pub const ERROR_CAUSE: AttributeType = AttributeType(101);

/// Operator-Name, RFC 5580 s4.1.
pub const OPERATOR_NAME: AttributeType = AttributeType(126);

/// Framed-IPv6-Address, RFC 6911 s3.1.
pub const FRAMED_IPV6_ADDRESS: AttributeType = AttributeType(168);

pub(super) const ENTRIES: &[Entry] = &[
    entry(USER_NAME, "User-Name", Text),
    entry(USER_PASSWORD, "User-Password", Secret),
    entry(CHAP_PASSWORD, "CHAP-Password", Secret),
    entry(NAS_IP_ADDRESS, "NAS-IP-Address", Ipv4),
    entry(NAS_PORT, "NAS-Port", Integer),
    entry(SERVICE_TYPE, "Service-Type", Enumerated(ServiceType::NAMES)),
    entry(FRAMED_PROTOCOL, "Framed-Protocol", Integer),
    entry(FRAMED_IP_ADDRESS, "Framed-IP-Address", Ipv4),
    entry(FRAMED_IP_NETMASK, "Framed-IP-Netmask", Ipv4),
    entry(FRAMED_ROUTING, "Framed-Routing", Integer),
    entry(FILTER_ID, "Filter-Id", Text),
    entry(FRAMED_MTU, "Framed-MTU", Integer),
    entry(FRAMED_COMPRESSION, "Framed-Compression", Integer),
    entry(LOGIN_IP_HOST, "Login-IP-Host", Ipv4),
    entry(LOGIN_SERVICE, "Login-Service", Integer),
    entry(LOGIN_TCP_PORT, "Login-TCP-Port", Integer),
    entry(REPLY_MESSAGE, "Reply-Message", Text),
    entry(CALLBACK_NUMBER, "Callback-Number", Text),
    entry(CALLBACK_ID, "Callback-Id", Text),
    entry(FRAMED_ROUTE, "Framed-Route", Text),
    entry(FRAMED_IPX_NETWORK, "Framed-IPX-Network", Integer),
    entry(STATE, "State", Octets),
    entry(CLASS, "Class", Octets),
    entry(VENDOR_SPECIFIC, "Vendor-Specific", Octets),
    entry(SESSION_TIMEOUT, "Session-Timeout", Integer),
    entry(IDLE_TIMEOUT, "Idle-Timeout", Integer),
    entry(TERMINATION_ACTION, "Termination-Action", Enumerated(TerminationAction::NAMES)),
    entry(CALLED_STATION_ID, "Called-Station-Id", Text),
    entry(CALLING_STATION_ID, "Calling-Station-Id", Text),
    entry(NAS_IDENTIFIER, "NAS-Identifier", Text),
    entry(PROXY_STATE, "Proxy-State", Octets),
    entry(LOGIN_LAT_SERVICE, "Login-LAT-Service", Text),
    entry(LOGIN_LAT_NODE, "Login-LAT-Node", Text),
    entry(LOGIN_LAT_GROUP, "Login-LAT-Group", Octets),
    entry(FRAMED_APPLETALK_LINK, "Framed-AppleTalk-Link", Integer),
    entry(FRAMED_APPLETALK_NETWORK, "Framed-AppleTalk-Network", Integer),
    entry(FRAMED_APPLETALK_ZONE, "Framed-AppleTalk-Zone", Text),
    entry(CHAP_CHALLENGE, "CHAP-Challenge", Octets),
    entry(NAS_PORT_TYPE, "NAS-Port-Type", Enumerated(NasPortType::NAMES)),
    entry(PORT_LIMIT, "Port-Limit", Integer),
    entry(LOGIN_LAT_PORT, "Login-LAT-Port", Text),
    entry(ACCT_STATUS_TYPE, "Acct-Status-Type", Enumerated(AcctStatusType::NAMES)),
    entry(ACCT_DELAY_TIME, "Acct-Delay-Time", Integer),
    entry(ACCT_INPUT_OCTETS, "Acct-Input-Octets", Integer),
    entry(ACCT_OUTPUT_OCTETS, "Acct-Output-Octets", Integer),
    entry(ACCT_SESSION_ID, "Acct-Session-Id", Text),
    entry(ACCT_AUTHENTIC, "Acct-Authentic", Enumerated(AcctAuthentic::NAMES)),
    entry(ACCT_SESSION_TIME, "Acct-Session-Time", Integer),
    entry(ACCT_INPUT_PACKETS, "Acct-Input-Packets", Integer),
    entry(ACCT_OUTPUT_PACKETS, "Acct-Output-Packets", Integer),
    entry(ACCT_TERMINATE_CAUSE, "Acct-Terminate-Cause", Enumerated(AcctTerminateCause::NAMES)),
    entry(ACCT_MULTI_SESSION_ID, "Acct-Multi-Session-Id", Text),
    entry(ACCT_LINK_COUNT, "Acct-Link-Count", Integer),
    entry(ACCT_INPUT_GIGAWORDS, "Acct-Input-Gigawords", Integer),
    entry(ACCT_OUTPUT_GIGAWORDS, "Acct-Output-Gigawords", Integer),
    entry(EVENT_TIMESTAMP, "Event-Timestamp", Time),
    entry(ARAP_PASSWORD, "ARAP-Password", Secret),
    entry(ARAP_FEATURES, "ARAP-Features", Octets),
    entry(ARAP_ZONE_ACCESS, "ARAP-Zone-Access", Integer),
    entry(ARAP_SECURITY, "ARAP-Security", Integer),
    entry(ARAP_SECURITY_DATA, "ARAP-Security-Data", Secret),
    entry(PASSWORD_RETRY, "Password-Retry", Integer),
    entry(PROMPT, "Prompt", Integer),
    entry(CONNECT_INFO, "Connect-Info", Text),
    entry(CONFIGURATION_TOKEN, "Configuration-Token", Octets),
    entry(EAP_MESSAGE, "EAP-Message", Secret),
    entry(MESSAGE_AUTHENTICATOR, "Message-Authenticator", Octets),
    entry(ARAP_CHALLENGE_RESPONSE, "ARAP-Challenge-Response", Secret),
    entry(ACCT_INTERIM_INTERVAL, "Acct-Interim-Interval", Integer),
    entry(NAS_PORT_ID, "NAS-Port-Id", Text),
    entry(FRAMED_POOL, "Framed-Pool", Text),
    entry(NAS_IPV6_ADDRESS, "NAS-IPv6-Address", Ipv6),
    entry(FRAMED_INTERFACE_ID, "Framed-Interface-Id", Octets),
    entry(FRAMED_IPV6_PREFIX, "Framed-IPv6-Prefix", Ipv6Prefix),
    entry(LOGIN_IPV6_HOST, "Login-IPv6-Host", Ipv6),
    entry(FRAMED_IPV6_ROUTE, "Framed-IPv6-Route", Text),
    entry(FRAMED_IPV6_POOL, "Framed-IPv6-Pool", Text),
    entry(CHARGEABLE_USER_IDENTITY, "Chargeable-User-Identity", Octets),
    entry(ERROR_CAUSE, "Error-Cause", Enumerated(ErrorCause::NAMES)),
    entry(OPERATOR_NAME, "Operator-Name", Text),
    entry(FRAMED_IPV6_ADDRESS, "Framed-IPv6-Address", Ipv6),
];

const fn entry(number: AttributeType, name: &'static str, kind: Kind) -> Entry {
    Entry { id: AttributeId::Standard(number), name, kind }
}
