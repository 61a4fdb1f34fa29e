//! Names of values that the code itself never asks for.
//!
//! From RFC 2865, RFC 2868 s3.1 and s3.2, RFC 3580 s3.31, RFC 2869, RFC 4675, RFC 5580, RFC 5607,
//! RFC 6677 and RFC 7499. Values that it does ask for are types in [`super::enumeration`].

/// The values of an attribute that have a name.
type Names = &'static [(u32, &'static str)];

pub(super) const FRAMED_PROTOCOL: Names = &[
    (1, "PPP"),
    (2, "SLIP"),
    (3, "ARAP"),
    (4, "Gandalf SLML"),
    (5, "Xylogics IPX/SLIP"),
    (6, "X.75 Synchronous"),
    (7, "GPRS PDP Context"),
];

pub(super) const FRAMED_ROUTING: Names =
    &[(0, "None"), (1, "Send"), (2, "Listen"), (3, "Send and Listen")];

pub(super) const FRAMED_COMPRESSION: Names =
    &[(0, "None"), (1, "VJ TCP/IP header"), (2, "IPX header"), (3, "Stac-LZS")];

pub(super) const LOGIN_SERVICE: Names = &[
    (0, "Telnet"),
    (1, "Rlogin"),
    (2, "TCP Clear"),
    (3, "PortMaster"),
    (4, "LAT"),
    (5, "X25-PAD"),
    (6, "X25-T3POS"),
    (8, "TCP Clear Quiet"),
];

pub(super) const PROMPT: Names = &[(0, "No Echo"), (1, "Echo")];

pub(super) const ARAP_ZONE_ACCESS: Names =
    &[(1, "Default Zone"), (2, "Zone Filter Inclusive"), (4, "Zone Filter Exclusive")];

pub(super) const TUNNEL_TYPE: Names = &[
    (1, "PPTP"),
    (2, "L2F"),
    (3, "L2TP"),
    (4, "ATMP"),
    (5, "VTP"),
    (6, "AH"),
    (7, "IP-IP"),
    (8, "MIN-IP-IP"),
    (9, "ESP"),
    (10, "GRE"),
    (11, "DVS"),
    (12, "IP-in-IP"),
    (13, "VLAN"),
];

pub(super) const TUNNEL_MEDIUM_TYPE: Names = &[
    (1, "IPv4"),
    (2, "IPv6"),
    (3, "NSAP"),
    (4, "HDLC"),
    (5, "BBN 1822"),
    (6, "802"),
    (7, "E.163"),
    (8, "E.164"),
    (9, "F.69"),
    (10, "X.121"),
    (11, "IPX"),
    (12, "Appletalk"),
    (13, "Decnet IV"),
    (14, "Banyan Vines"),
    (15, "E.164 with NSAP"),
];

pub(super) const INGRESS_FILTERS: Names = &[(1, "Enabled"), (2, "Disabled")];

pub(super) const LOCATION_CAPABLE: Names =
    &[(1, "Civic Location"), (2, "Geo Location"), (4, "Users Location"), (8, "NAS Location")];

pub(super) const FRAMED_MANAGEMENT: Names = &[
    (1, "SNMP"),
    (2, "Web-based"),
    (3, "NETCONF"),
    (4, "FTP"),
    (5, "TFTP"),
    (6, "SFTP"),
    (7, "RCP"),
    (8, "SCP"),
];

pub(super) const MANAGEMENT_TRANSPORT_PROTECTION: Names = &[
    (1, "No Protection"),
    (2, "Integrity Protection"),
    (3, "Integrity and Confidentiality Protection"),
];

pub(super) const EAP_LOWER_LAYER: Names = &[
    (1, "Wired IEEE 802.1X"),
    (2, "IEEE 802.1X without preauthentication"),
    (3, "IEEE 802.1X with preauthentication"),
    (4, "IEEE 802.16e"),
    (5, "IKEv2"),
    (6, "PPP"),
    (7, "PANA without preauthentication"),
    (8, "GSS-API"),
    (9, "PANA with preauthentication"),
];

pub(super) const FRAG_STATUS: Names = &[
    (0, "Reserved"),
    (1, "Fragmentation Supported"),
    (2, "More Data Pending"),
    (3, "More Data Request"),
];
