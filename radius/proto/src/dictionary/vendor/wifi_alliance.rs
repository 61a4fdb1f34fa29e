//! WiFi-Alliance (40808): Hotspot 2.0, as hostapd sends and takes it.

use crate::dictionary::Kind;
use Kind::{Byte, Octets};

attributes! {
    vendor 40808;
    SUBSCRIPTION_REMEDIATION_NEEDED = 1 "HS20-Subscription-Remediation-Needed" Octets;
    AP_VERSION = 2 "HS20-AP-Version" Byte;
    MOBILE_DEVICE_VERSION = 3 "HS20-Mobile-Device-Version" Octets;
    DEAUTHENTICATION_REQUEST = 4 "HS20-Deauthentication-Request" Octets;
    SESSION_INFORMATION_URL = 5 "HS20-Session-Information-URL" Octets;
}
