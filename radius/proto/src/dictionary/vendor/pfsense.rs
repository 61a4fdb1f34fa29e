//! pfSense (13644): pfSense and OPNsense captive portals; bandwidths in bit/s.

use crate::dictionary::Kind;
use Kind::Integer;

attributes! {
    vendor 13644;
    BANDWIDTH_MAX_UP = 1 "pfSense-Bandwidth-Max-Up" Integer;
    BANDWIDTH_MAX_DOWN = 2 "pfSense-Bandwidth-Max-Down" Integer;
    MAX_TOTAL_OCTETS = 3 "pfSense-Max-Total-Octets" Integer;
}
