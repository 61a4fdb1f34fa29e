//! Aerohive (26928): HiveOS, now ExtremeCloud IQ.

use crate::dictionary::Kind;
use Kind::{Integer, Octets, Secret, Text};

attributes! {
    vendor 26928;
    USER_VLAN = 1 "Extreme-User-Vlan" Integer;
    USER_PROFILE_ATTRIBUTE = 6 "Extreme-User-Profile-Attribute" Integer;
    DATA_USAGE_LIMIT = 7 "Extreme-Data-Usage-Limit" Octets;
    AVPAIR = 8 "Extreme-AVPair" Text;
    RADIUS_CODE = 9 "Extreme-Radius-Code" Integer;
    PPSK_REQUEST = 201 "Extreme-PPSK-Request" Secret;
    IDM_MESSAGE = 203 "Extreme-IDM-Message" Integer;
    NT_IDENTITY = 204 "Extreme-NT-Identity" Integer;
    USER_LANGUAGE = 205 "Extreme-User-Language" Text;
    IDM_REDIRECT_URL = 211 "Extreme-IDM-Redirect-URL" Text;
    AUTH_SOURCE = 213 "Extreme-Auth-Source" Integer;
}
