//! Meraki (29671): Cisco Meraki; they name what asks.

use crate::dictionary::Kind;
use Kind::Text;

attributes! {
    vendor 29671;
    DEVICE_NAME = 1 "Meraki-Device-Name" Text;
    NETWORK_NAME = 2 "Meraki-Network-Name" Text;
    AP_NAME = 3 "Meraki-Ap-Name" Text;
    AP_TAGS = 4 "Meraki-Ap-Tags" Text;
}
