//! The attributes of the extended spaces that RFCs define, each as a constant and as an entry.
//!
//! RFC 7499 (fragmented packets), RFC 7930 (larger packets over TCP), RFC 8045 (ports behind a
//! shared address) and RFC 8559 (routing of CoA back through proxies).

use super::{ExtendedAttribute, ExtendedSpace, Kind, value_names};
use Kind::{Enumerated, Integer, Octets, Tlv};

/// An attribute of space 241, which has all that are defined so far.
const fn number(number: u8) -> ExtendedAttribute {
    ExtendedAttribute { space: ExtendedSpace::E241, number }
}

attributes! {
    Extended, ExtendedAttribute, number;
    FRAG_STATUS = 1 "Frag-Status" Enumerated(value_names::FRAG_STATUS);
    PROXY_STATE_LENGTH = 2 "Proxy-State-Length" Integer;
    RESPONSE_LENGTH = 3 "Response-Length" Integer;
    ORIGINAL_PACKET_CODE = 4 "Original-Packet-Code" Integer;
    IP_PORT_LIMIT_INFO = 5 "IP-Port-Limit-Info" Tlv;
    IP_PORT_RANGE = 6 "IP-Port-Range" Tlv;
    IP_PORT_FORWARDING_MAP = 7 "IP-Port-Forwarding-Map" Tlv;
    OPERATOR_NAS_IDENTIFIER = 8 "Operator-NAS-Identifier" Octets;
}
