//! WISPr (14122): the Wi-Fi Alliance's WISPr 1.0; bandwidths in bit/s, times as ISO 8601.

use crate::dictionary::Kind;
use Kind::{Integer, Text};

attributes! {
    vendor 14122;
    LOCATION_ID = 1 "WISPr-Location-ID" Text;
    LOCATION_NAME = 2 "WISPr-Location-Name" Text;
    LOGOFF_URL = 3 "WISPr-Logoff-URL" Text;
    REDIRECTION_URL = 4 "WISPr-Redirection-URL" Text;
    BANDWIDTH_MIN_UP = 5 "WISPr-Bandwidth-Min-Up" Integer;
    BANDWIDTH_MIN_DOWN = 6 "WISPr-Bandwidth-Min-Down" Integer;
    BANDWIDTH_MAX_UP = 7 "WISPr-Bandwidth-Max-Up" Integer;
    BANDWIDTH_MAX_DOWN = 8 "WISPr-Bandwidth-Max-Down" Integer;
    SESSION_TERMINATE_TIME = 9 "WISPr-Session-Terminate-Time" Text;
    SESSION_TERMINATE_END_OF_DAY = 10 "WISPr-Session-Terminate-End-Of-Day" Integer;
    BILLING_CLASS_OF_SERVICE = 11 "WISPr-Billing-Class-Of-Service" Text;
}
