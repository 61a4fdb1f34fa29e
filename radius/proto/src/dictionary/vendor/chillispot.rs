//! ChilliSpot (14559): CoovaChilli, uspot and their kin; bandwidths in kbit/s, octets with their
//! high words apart. The gigawords 21 to 23 are in CoovaChilli's own dictionary only.

use crate::dictionary::Kind;
use Kind::{Integer, Text};

attributes! {
    vendor 14559;
    MAX_INPUT_OCTETS = 1 "ChilliSpot-Max-Input-Octets" Integer;
    MAX_OUTPUT_OCTETS = 2 "ChilliSpot-Max-Output-Octets" Integer;
    MAX_TOTAL_OCTETS = 3 "ChilliSpot-Max-Total-Octets" Integer;
    BANDWIDTH_MAX_UP = 4 "ChilliSpot-Bandwidth-Max-Up" Integer;
    BANDWIDTH_MAX_DOWN = 5 "ChilliSpot-Bandwidth-Max-Down" Integer;
    CONFIG = 6 "ChilliSpot-Config" Text;
    LANG = 7 "ChilliSpot-Lang" Text;
    VERSION = 8 "ChilliSpot-Version" Text;
    ORIGINALURL = 9 "ChilliSpot-OriginalURL" Text;
    MAX_INPUT_GIGAWORDS = 21 "ChilliSpot-Max-Input-Gigawords" Integer;
    MAX_OUTPUT_GIGAWORDS = 22 "ChilliSpot-Max-Output-Gigawords" Integer;
    MAX_TOTAL_GIGAWORDS = 23 "ChilliSpot-Max-Total-Gigawords" Integer;
    UAM_ALLOWED = 100 "ChilliSpot-UAM-Allowed" Text;
    MAC_ALLOWED = 101 "ChilliSpot-MAC-Allowed" Text;
    INTERVAL = 102 "ChilliSpot-Interval" Integer;
}
